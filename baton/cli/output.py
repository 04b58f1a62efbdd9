"""How commands speak: people get words in their language on stdout, machines get one JSON document and nothing else."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import click
import orjson

from baton.cli.language import CHINESE


class Voice:
    """One command's way of speaking."""

    def __init__(self, language: str, form: str) -> None:
        self.language = language
        self.json = form == "json"

    def say(self, message: str, **values: Any) -> None:
        """A line for people; nothing with ``--json``."""
        if not self.json:
            click.echo(self.words(message, **values))

    def text(self, text: str) -> None:
        """A file's content for people, as it is; nothing with ``--json``."""
        if not self.json:
            click.echo(text, nl=not text.endswith("\n"))

    def content(self, text: str) -> None:
        """What is to become a file (a page, a draft): UTF-8 as in any file of ours, unless a terminal is to show it."""
        if not self.json:
            click.echo(text if sys.stdout.isatty() else text.encode(), nl=not text.endswith("\n"))

    def words(self, message: str, **values: Any) -> str:
        """A message in the language of this command; messages are written in English and looked up."""
        template = CHINESE.get(message, message) if self.language == "zh" else message
        return template.format(**values) if values else template

    def document(self, value: Any) -> None:
        """The result for machines; nothing without ``--json``."""
        if self.json:
            # Bytes: JSON is UTF-8 whatever the terminal is.
            click.echo(orjson.dumps(plain(value), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table for people."""
        if self.json:
            return
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, header_style="bold")
        for heading in headings:
            table.add_column(self.words(heading), overflow="fold")
        for row in rows:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        width = None if sys.stdout.isatty() else 160
        Console(file=sys.stdout, width=width, markup=False, highlight=False).print(table)


@contextmanager
def working(voice: Voice, what: str) -> Iterator[None]:
    """A spinner with the time passed, on a terminal and for people only."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if voice.json or not console.is_terminal:
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        progress.add_task(voice.words(what), total=None)
        yield


def plain(value: Any) -> Any:
    """Dataclasses, enums, paths and instants as JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = (f.name for f in dataclasses.fields(value) if not f.name.startswith("_"))
        return {name: plain(getattr(value, name)) for name in shown}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value


def language_of(choice: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """``zh`` or ``en``: what was asked for, else what the locale says."""
    if choice:
        return choice
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"
