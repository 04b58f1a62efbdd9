"""A report's files: one page and one workbook per language, and the data itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import orjson

from baton.errors import BatonError
from baton.hub.migration.report.page import render_page
from baton.hub.migration.report.workbook import render_workbook
from baton.languages import LANGUAGES
from baton.store.staging import write_whole

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")


def write_report(document: Mapping[str, Any], folder: Path, languages: Sequence[str]) -> list[Path]:
    """Write ``<run>.<language>.html``, ``<run>.<language>.xlsx`` and ``<run>.json``; gives their paths in that order.

    ``document`` is what `report_document` or `plan_document` gives, or what such a JSON file holds. Each file is
    written whole and only its owner may read it; one that is there is replaced. A language named twice counts once.
    Raises `BatonError` for a language that there is none of, and `StorageFullError` without room.
    """
    unknown = [language for language in languages if language not in LANGUAGES]
    if unknown:
        raise BatonError(
            f"there is no report in {', '.join(unknown)}", code="language", remedy=f"choose of {', '.join(LANGUAGES)}"
        )
    data = plain(document)
    name = data["run"]["id"]
    if not _FILE_NAME.fullmatch(name):
        raise BatonError(f"the run's name {name!r} cannot be the name of a file", code="run_name")
    files: list[tuple[Path, bytes]] = []
    for language in dict.fromkeys(languages):
        files.append((folder / f"{name}.{language}.html", render_page(data, language).encode()))
        files.append((folder / f"{name}.{language}.xlsx", render_workbook(data, language)))
    files.append((folder / f"{name}.json", orjson.dumps(data, option=orjson.OPT_INDENT_2)))
    for path, content in files:
        write_whole(path, content, again=f"baton migrate report {name} --out FOLDER")
    return [path for path, _ in files]


def plain(value: Any) -> Any:
    """Data as JSON has it: instants and days in ISO form, decimals as text. What is so already stays the same."""
    if isinstance(value, Mapping):
        return {plain(str(name)): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    # Half a surrogate pair (a file name in another encoding) is no text that a file could hold.
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
