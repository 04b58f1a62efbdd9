"""Canaries through the whole suite: what tells who somebody is, and secrets, are looked for after each test.

Loaded by ``-p tests.canaries.watch`` (pyproject.toml). Looked at: what any logger has said; every error of ours as it is
made and every error that a test catches and that has come through our code; the hub's SQLite databases with their logs;
its databases on PostgreSQL servers of the tests' own, row by row, with the server's write-ahead log and messages
(`servers`); each file that Baton's own code has written, temporary ones before they go, workbooks and PDFs unpacked; the
hub's state folders; Airflow's database and logs; what commands say, what Python children answer and what pytest captures
(`said`). A hit is an error of the test in which it happened.

What a test hands in (feeds, payroll files, what simulators remember, the company's own databases) is where such values
belong and is not searched. What Baton hands to a person on purpose (`written.MEANT`) is not searched either, and must be
for its owner only; neither is what a command shows to whoever asks for it (`said.MEANT`).

Not seen: what a child says through a pipe that a test reads by itself; what an UPDATE in PostgreSQL has left as it was
(its log has the changed part only; the old row was logged before); a value that lies across two pieces of a long one that
is no row any more; what fixtures write or say while they are taken down.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr

from baton import errors
from baton.vault import Vault
from tests.canaries.files import Pages, databases_below, of_database, parts, state_below
from tests.canaries.said import Said
from tests.canaries.servers import Servers
from tests.canaries.shapes import Secrets, in_bytes, in_text
from tests.canaries.written import ROOT, Written, for_others

_LOUD: Final = ("baton", "connectors")
"""Loggers that are heard from the lowest level on."""
_PUBLIC: Final = ".pub"
"""Ends the name of a file that is for everybody, though what writes it also writes secrets."""
_CHAIN: Final = 8
"""So many causes of an error are looked at."""


class Watch(logging.Handler):
    """What was found during the test that runs now."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.hits: list[str] = []
        self.secrets = Secrets()
        self.written = Written(self.look_at_file)
        self.servers = Servers(self._kinds, self._note)
        self.said = Said(lambda what, place, data: self._note(what, place, self._kinds(data)))
        self._pages = Pages()
        self._logs: dict[Path, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a log line: its message, what was handed in beside it, what was raised."""
        place = f"{record.name}:{record.lineno}"
        said = [_message(record), *(value for value in vars(record).values() if isinstance(value, str))]
        self.look("log", place, "\n".join(said))
        if record.exc_info and record.exc_info[1] is not None:
            self.look_at_error(record.exc_info[1])

    def look(self, what: str, place: str, text: str) -> None:
        """Note what a text must not hold."""
        self._note(what, place, [*in_text(text), *(["secret"] if self.secrets.in_text(text) else [])])

    def look_at_error(self, error: BaseException) -> None:
        """What an error and those that led to it say, where they have come through our code."""
        seen = 0
        while error is not None and seen < _CHAIN:
            if _ours(error):
                self.look("error", type(error).__name__, f"{error}")
            following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            error, seen = following, seen + 1  # type: ignore[assignment]

    def look_at_file(self, path: Path) -> None:
        """A file that Baton has written, whole."""
        for part in parts(path):
            self.look_at_bytes(path.name, part)

    def look_at_bytes(self, place: str, data: bytes) -> None:
        """Note what a file must not hold."""
        self._note("file", place, self._kinds(data))

    def look_at_files(self, folder: Path | None) -> None:
        """Everything that Baton has written, and what other processes may have left in the test's own folder."""
        files = set(map(Path, list(self.written.files)))  # a copy: threads of a test may still be at work
        databases = set(map(Path, list(self.written.databases)))
        if folder is not None:
            databases |= set(databases_below(folder))
            files |= set(state_below(folder))
        for database in databases:
            for path in of_database(database):
                self.look_at_bytes(path.name, self._pages.unseen(path))
        for path in files - databases:
            self.look_at_file(path)
        for path in map(Path, list(self.written.handed_out)):
            if path.suffix == _PUBLIC:
                self.look_at_file(path)
            elif for_others(path):
                self.hits.append(f"other people's eyes on file {path.name}")
        self._forget(folder)

    def look_at_airflow(self, home: Path) -> None:
        """Airflow's database, and what was logged since the last look."""
        for path in of_database(home / "airflow.db"):
            self.look_at_bytes(path.name, self._pages.unseen(path))
        for path in (home / "logs").rglob("*"):
            if path.is_file():
                with path.open("rb") as log:
                    log.seek(self._logs.get(path, 0))
                    self.look_at_bytes(path.name, log.read())
                    self._logs[path] = log.tell()

    def _forget(self, folder: Path | None) -> None:
        """What lies in the test's own folder, or is gone, is not looked at again."""
        self.written.files.clear()
        self.written.handed_out.clear()
        kept = {path for path in list(self.written.databases) if Path(path).exists()}
        self.written.databases = kept if folder is None else {path for path in kept if folder not in Path(path).parents}
        if folder is not None:
            self._pages.forget(folder)

    def _kinds(self, data: bytes) -> list[str]:
        if not data:
            return []
        return [*in_bytes(data), *(["secret"] if self.secrets.in_bytes(data) else [])]

    def _note(self, what: str, place: str, kinds: list[str]) -> None:
        self.hits += [f"{kind} in {what} {place}" for kind in kinds]


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return str(record.msg)


def _ours(error: BaseException) -> bool:
    """Whether an error has passed through Baton's code or a connector's."""
    frames: Iterator[Any] = (frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(name.startswith((f"{ROOT}baton/", f"{ROOT}connectors/")) for name in frames)


WATCH: Final = Watch()


def pytest_configure(config: pytest.Config) -> None:
    """Hear every logger, every error of ours as it is made, every error that is caught, every file that is opened."""
    logging.root.addHandler(WATCH)
    WATCH.written.listen()
    WATCH.servers.listen()
    WATCH.said.listen()
    _hear_errors()
    _learn_secrets()


def _hear_errors() -> None:
    make, leave = errors.BatonError.__init__, pytest.RaisesExc.__exit__

    def made(self: errors.BatonError, message: str, *args: Any, **more: Any) -> None:
        make(self, message, *args, **more)
        WATCH.look("error", type(self).__name__, str(self))

    def caught(self: pytest.RaisesExc[BaseException], kind: Any, error: BaseException | None, *rest: Any) -> bool:
        if error is not None:
            WATCH.look_at_error(error)
        return leave(self, kind, error, *rest)

    errors.BatonError.__init__ = made  # type: ignore[method-assign]
    pytest.RaisesExc.__exit__ = caught  # type: ignore[method-assign,assignment]


def _learn_secrets() -> None:
    make, find = SecretStr.__init__, Vault.find

    def made(self: SecretStr, value: str) -> None:
        make(self, value)
        WATCH.secrets.learn(value)

    def found(self: Vault, system: str, name: str) -> str | None:
        value = find(self, system, name)
        WATCH.secrets.learn(value or "")
        return value

    SecretStr.__init__ = made  # type: ignore[method-assign]
    Vault.find = found  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Each test answers for itself and for the fixtures that are made for it."""
    WATCH.hits.clear()
    yield
    if WATCH not in logging.root.handlers:  # Airflow replaces them
        logging.root.addHandler(WATCH)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.DEBUG)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Look, before fixtures delete what there is to look at; say it when they have."""
    given = getattr(item, "funcargs", {})
    folder, home = given.get("tmp_path"), given.get("airflow_home")
    WATCH.look_at_files(folder if isinstance(folder, Path) else None)
    WATCH.servers.look()
    if isinstance(home, Path):
        WATCH.look_at_airflow(home)
    found, WATCH.hits[:] = sorted(set(WATCH.hits)), []
    yield
    if found and item.get_closest_marker("canaries_allowed") is None:
        raise AssertionError(f"personal data or a secret where none may be: {'; '.join(found[:5])}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was printed is known when a phase of the test is over."""
    report = yield
    WATCH.said.captured(report)
    return report
