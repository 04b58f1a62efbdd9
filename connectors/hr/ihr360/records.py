"""The organisation in i人事 as records: departments page by page, positions in one list."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import orjson
import polars as pl

from baton.sdk import (
    ConfigurationError,
    Fault,
    Feed,
    HaltError,
    Origin,
    RejectedRow,
    Response,
    RetryableError,
    SourcePage,
)

from . import wire

EMPLOYEES: Final = "employees"
DEPARTMENTS: Final = "departments"
POSITIONS: Final = "positions"
NAMES: Final = (EMPLOYEES, DEPARTMENTS, POSITIONS)
_KEY: Final = "uuid"


class Call(Protocol):
    """One signed-in reading call."""

    def __call__(self, method: str, path: str, *, content: bytes | None = None) -> Response:
        """The answer."""
        ...


class Organisation:
    """Departments and positions, read whole before anything is given."""

    def __init__(self, call: Call, *, max_pages: int) -> None:
        self._call = call
        self._max_pages = max_pages
        self._readers: Mapping[str, tuple[Sequence[str], Callable[[], list[Mapping[str, Any]]]]] = {
            DEPARTMENTS: (wire.DEPARTMENT_FIELDS, self._departments),
            POSITIONS: (wire.POSITION_FIELDS, self._positions),
        }

    def read(self, name: str) -> tuple[Sequence[str], list[Mapping[str, Any]]]:
        """The columns and the records of one collection. Raises `ConfigurationError` when there is none."""
        if name not in self._readers:
            message = f"i人事 has no collection {name[:80]!r} here; there are {', '.join(NAMES)}"
            raise ConfigurationError([Fault("collection", "unknown_collection", message)])
        columns, reader = self._readers[name]
        records = reader()
        if len({str(record.get(_KEY)) for record in records}) != len(records):
            raise RetryableError(f"i人事: the {name} name one of them twice", code=wire.WALK_CHANGED)
        return columns, records

    def _departments(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        number, page = 0, None
        while page is None or number < page.total_pages:
            body = {"page": number, "size": wire.DEPARTMENT_PAGE, "searchArgsList": []}
            answer = self._call("POST", wire.DEPARTMENTS_PATH, content=orjson.dumps(body))
            following = wire.department_page_of(wire.data_of(answer))
            if following.total_pages > self._max_pages:
                raise HaltError(
                    f"i人事: {following.total_pages} pages of departments, at most {self._max_pages} are read",
                    code="too_many_pages",
                    remedy="raise max_pages if the company is this large",
                )
            if page is not None and following.total != page.total:
                raise RetryableError("i人事: the departments changed during the reading", code=wire.WALK_CHANGED)
            page = following
            found += page.records
            number += 1
        if len(found) != page.total:
            raise RetryableError(f"i人事 gave {len(found)} of {page.total} departments", code=wire.WALK_CHANGED)
        return found

    def _positions(self) -> list[Mapping[str, Any]]:
        return wire.records_of(wire.data_of(self._call("GET", wire.POSITIONS_PATH)), "positions")


def feed_of(name: str, columns: Sequence[str], records: Sequence[Mapping[str, Any]], clock: Any, rows: int) -> Feed:
    """Records as text pages, in the order they came."""
    texts = [wire.texts_of(record, columns, number, key=_KEY) for number, record in enumerate(records, start=1)]
    return Feed(Origin(f"i人事 {name}", digest_of(records, columns), clock.now()), pages_of(texts, columns, rows))


def digest_of(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """SHA-256 of the records' fields, whatever their order."""
    canonical = sorted(orjson.dumps([record.get(name) for name in columns], default=str) for record in records)
    return hashlib.sha256(b"\n".join(canonical)).hexdigest()


def pages_of(
    rows: Sequence[dict[str, str | None] | RejectedRow], columns: Sequence[str], page_rows: int
) -> Iterator[SourcePage]:
    """Pages of consecutive good rows, so that ``first_row`` plus the position is the record's place in the census."""
    schema = dict.fromkeys(columns, pl.String)
    rejected: list[RejectedRow] = []
    good: list[dict[str, str | None]] = []
    first = 1
    for number, row in enumerate(rows, start=1):
        if good and (isinstance(row, RejectedRow) or len(good) == page_rows):
            yield SourcePage(pl.DataFrame(good, schema=schema), first, tuple(rejected), f"row:{number}")
            good, rejected = [], []
        if isinstance(row, RejectedRow):
            rejected.append(row)
            continue
        if not good:
            first = number
        good.append(row)
    yield SourcePage(pl.DataFrame(good, schema=schema), first, tuple(rejected))
