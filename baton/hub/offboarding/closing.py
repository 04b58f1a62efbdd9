"""Closed months of commission as the hub remembers them: whoever forgets that a month was closed changes nothing in it.

The lines of a book lie sealed beside the database; which they are (their digest) stands in the audit log, with who
closed the month. So they can be neither altered, nor left out, nor put back to an earlier closing without being found.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.errors import ConfigurationError, Fault, TamperedError
from baton.hub.core import Hub
from baton.hub.offboarding.commission import closed_bytes, closed_of, parse_closed
from baton.jobs.offboarding.commission import Closed, Line, month_of
from baton.store.trail import Entry, append, newest_entries

BOOK: Final = "commission"
"""The book where none is named. Another one is for orders that are settled apart, such as those of another company."""
_KIND: Final = "commission_closed"
_FOLDER: Final = "commission"
_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_LOOKED_BACK: Final = 10_000
"""Closings of all books together: twelve a year each."""


def remembered(hub: Hub, book: str = BOOK) -> Closed:
    """Every month of a book that is closed, as it was stated; nothing before the first closing.

    Raises `TamperedError` where what is kept is gone or is not what was closed.
    """
    _require_name(book)
    with hub.database.read() as connection:
        entry = _newest(connection, book)
    return Closed() if entry is None else _kept(hub, book, entry)


def close(hub: Hub, book: str, through: str, lines: Sequence[Line], person: str) -> Closed:
    """Close every month of a book up to ``through``, for good; the closed months as they are from now on.

    ``lines`` is a statement over what is remembered. Closing again what was closed last changes nothing. Raises
    `ConfigurationError` (``month``, ``not_over``, ``closed_already``), and ``overtaken`` where somebody else has closed
    a month since the statement was made.
    """
    known = remembered(hub, book)
    _require_closable(hub, through, known)
    if through == known.through:
        return known
    closed = closed_of(through, lines)
    if not _same(closed_of(known.through, lines), known):
        raise _refused("overtaken", "months were closed since this statement was made; make it again")
    _remember(hub, book, closed, known, person)
    return closed


def adopt(hub: Hub, book: str, given: Closed, person: str) -> Closed:
    """Take over months that were closed elsewhere, or before the hub remembered them, where it remembers none.

    Where it does, they must be the same: `ConfigurationError` (``differs``) otherwise.
    """
    known = remembered(hub, book)
    if not known.through:
        _require_closable(hub, given.through, known)
        _remember(hub, book, given, known, person)
        return given
    if given.through > known.through or not _same(closed_of(given.through, known.lines), given):
        raise _refused("differs", f"the hub remembers other lines through {known.through}: the file was altered")
    return known


def lines_of(hub: Hub, number: str) -> Iterator[tuple[str, Line]]:
    """Every closed line of one person, by its book. Raises `TamperedError` as `remembered` does."""
    with hub.database.read() as connection:
        books = sorted({body["book"] for _, body in newest_entries(connection, _KIND, _LOOKED_BACK)})
    for book in books:
        yield from ((book, line) for line in remembered(hub, book).lines if line.person == number)


def _same(one: Closed, other: Closed) -> bool:
    """Whether both say the same, in whatever order."""
    return one.through == other.through and Counter(one.lines) == Counter(other.lines)


def _remember(hub: Hub, book: str, closed: Closed, known: Closed, person: str) -> None:
    content = closed_bytes(closed)
    digest = hashlib.sha256(content).hexdigest()
    hub.kept_files.put(_place(book, closed.through, digest), content)
    hub.crash_point("closing")
    body: dict[str, Json] = {"book": book, "through": closed.through, "lines": len(closed.lines)}
    with hub.database.write() as connection:
        hub.database.alone(connection, _KIND)
        newest = _newest(connection, book)
        if (newest["through"] if newest else "") != known.through:
            raise _refused("overtaken", "somebody else has closed a month just now; make the statement again")
        append(connection, [Entry(hub.clock.now(), _KIND, body | {"digest": digest, "person": person})])
    hub.crash_point("closed")


def _newest(connection: sa.Connection, book: str) -> dict[str, Any] | None:
    entries = newest_entries(connection, _KIND, _LOOKED_BACK)
    return next((body for _, body in entries if body["book"] == book), None)


def _kept(hub: Hub, book: str, entry: dict[str, Any]) -> Closed:
    content = hub.kept_files.get(_place(book, entry["through"], entry["digest"]))
    if hashlib.sha256(content).hexdigest() != entry["digest"]:
        raise TamperedError("the closed months kept are not those that were closed", code="kept_file")
    return parse_closed(content, f"{book} through {entry['through']}")


def _place(book: str, through: str, digest: str) -> str:
    return f"{_FOLDER}/{book}/{through}-{digest}"


def _require_name(book: str) -> None:
    if not _NAME.fullmatch(book):
        raise _refused("book", "a book is called by letters, digits, - and _")


def _require_closable(hub: Hub, through: str, known: Closed) -> None:
    if not _MONTH.fullmatch(through):
        raise _refused("month", "a month is written like 2026-10")
    today = hub.clock.now().astimezone(ZoneInfo(hub.settings.hub.time_zone)).date()
    if through >= month_of(today):
        raise _refused("not_over", f"{through} is not over: what is closed stays closed")
    if through < known.through:
        raise _refused("closed_already", f"months are closed through {known.through} already; name this or a later one")


def _refused(rule: str, message: str) -> ConfigurationError:
    return ConfigurationError([Fault("commission", rule, message)])
