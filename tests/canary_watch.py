"""Canaries through the whole suite: the rigs' people have names and cards that nothing else has; here they are looked for.

Loaded by ``-p tests.canary_watch`` (pyproject.toml). After each test: what Baton's loggers have said, what its errors
have said, and the hub's database files with their logs. A hit is an error of the test in which it happened. What a test
hands in (feeds, payroll files, what simulators remember) is where such values belong and is not searched.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from baton import errors

NAME: Final = re.compile("测试[0-9]{4}(?![0-9])")
"""Whoever `tests.rig.company.row` and `tests.rig.payroll.person` make."""
CARD: Final = re.compile(r"(?<![0-9])62220000000[0-9]{8}(?![0-9])")
"""`tests.rig.payroll.card`."""
_FILES: Final = ("hub.sqlite3", "hub.sqlite3-wal", "baton.sqlite3", "baton.sqlite3-wal")
"""The hub's own databases, by the names that tests give them."""
_NAME_PREFIX: Final = "测试"
_WRITINGS: Final = ("utf-8", "gb18030", "utf-16-le")


def _in_bytes() -> re.Pattern[bytes]:
    """Both kinds, in every way a database file could hold them."""
    digits = dict.fromkeys(("utf-8", "gb18030"), b"[0-9]") | {"utf-16-le": b"[0-9]\\x00"}
    names = [re.escape(_NAME_PREFIX.encode(writing)) + digits[writing] * 4 for writing in _WRITINGS]
    escaped = re.escape(json.dumps(_NAME_PREFIX).strip('"').encode()) + digits["utf-8"] * 4
    card = rb"(?<![0-9])62220000000[0-9]{8}(?![0-9])"
    return re.compile(b"|".join([*names, escaped, card]))


BYTES: Final = _in_bytes()


def in_text(text: str) -> list[str]:
    """Which kinds of canary a text holds; never the canary itself."""
    return [kind for kind, pattern in (("name", NAME), ("card", CARD)) if pattern.search(text)]


@dataclass
class Watch(logging.Handler):
    """What was found during the test that runs now."""

    hits: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    __hash__ = object.__hash__  # logging keeps its handlers in sets

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a log line of ours."""
        if record.name.partition(".")[0] in ("baton", "connectors"):
            self.look("log", f"{record.name}:{record.lineno}", record.getMessage())

    def look(self, what: str, place: str, text: str) -> None:
        """Note what a text must not hold."""
        self.hits += [f"{kind} in {what} {place}" for kind in in_text(text)]

    def look_at_files(self, folder: Path) -> None:
        """The hub's databases below a test's own folder, with their logs."""
        for path in _databases(folder):
            if BYTES.search(path.read_bytes()):
                self.hits.append(f"canary in {path.name}")


def _databases(folder: Path) -> Iterator[Path]:
    for name in _FILES:
        yield from folder.glob(name)
        yield from folder.glob(f"*/{name}")


_WATCH = Watch()


def pytest_configure(config: pytest.Config) -> None:
    """Hear every logger, and every error of ours as it is made."""
    logging.root.addHandler(_WATCH)
    make = errors.BatonError.__init__

    def heard(self: errors.BatonError, message: str, *args: Any, **more: Any) -> None:
        make(self, message, *args, **more)
        _WATCH.look("error", type(self).__name__, str(self))

    errors.BatonError.__init__ = heard  # type: ignore[method-assign]


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Each test answers for itself."""
    _WATCH.hits.clear()
    if _WATCH not in logging.root.handlers:  # Airflow replaces them
        logging.root.addHandler(_WATCH)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Look, before fixtures delete what there is to look at."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if isinstance(folder, Path) and item.get_closest_marker("canaries_allowed") is None:
        _WATCH.look_at_files(folder)
    found, _WATCH.hits[:] = sorted(set(_WATCH.hits)), []
    if found and item.get_closest_marker("canaries_allowed") is None:
        raise AssertionError(f"personal data where none may be: {'; '.join(found[:5])}")
