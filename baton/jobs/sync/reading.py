"""Reading a feed: pages to canonical people, with every unusable row named and the figures the source guards judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from baton.contracts import Feed
from baton.jobs.contradictions import contradictions
from baton.jobs.source_guards import FeedFacts, unparseable_rows
from baton.mapping.employees import employee_of
from baton.mapping.schema import FieldMapping
from baton.model.people import Employee
from baton.model.source_rows import Origin, RejectedRow
from baton.store.runs import RunFault

if TYPE_CHECKING:
    import polars as pl

RowDigester = Callable[[Iterable[str]], list[bytes]]
"""The canonical text of each row -> its keyed digest."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole feed, mapped. ``rows`` are the usable ones, typed; ``digests`` go with them, in order."""

    origin: Origin
    facts: FeedFacts
    rows: pl.DataFrame
    digests: Sequence[bytes]
    faults: Sequence[RunFault]

    def employees(self, positions: Sequence[int]) -> Iterator[Employee]:
        """The people at these positions."""
        return map(employee_of, self.rows[list(positions)].iter_rows(named=True))


def read_feed(feed: Feed, mapping: FieldMapping, digest: RowDigester, now: datetime) -> Reading:
    """Walk the feed once and map it. Raises what the source raises; bad rows become faults, not exceptions."""
    import polars as pl  # half a second that most commands can do without

    frames: list[pl.DataFrame] = []
    faults: list[RunFault] = []
    places: list[int] = []
    rejected: dict[int, RejectedRow] = {}
    for page in feed.pages:
        frames.append(page.rows)
        places.extend(range(page.first_row, page.first_row + page.rows.height))
        for row in page.rejected:
            rejected[row.row] = row
            faults.append(RunFault(_place(feed.origin, row.row), row.column, row.rule, row.message))
    raw = pl.concat(frames, how="vertical") if frames else pl.DataFrame()
    unparseable = unparseable_rows(rejected.values())
    if raw.height == 0:
        facts = FeedFacts(0, unparseable, 0, tuple(raw.columns), feed.origin.as_of, now)
        return Reading(feed.origin, facts, pl.DataFrame(), [], faults)
    mapped = mapping.apply(raw)
    bad: set[int] = set()
    for fault in mapped.faults:
        bad.add(fault.row)
        faults.append(RunFault(_place(feed.origin, places[fault.row]), fault.field, fault.rule, fault.message))
    for position, field, rule, message in contradictions(mapped.rows):
        if position not in bad:
            faults.append(RunFault(_place(feed.origin, places[position]), field, rule, message))
        bad.add(position)
    doubled = _doubled(mapped.rows, bad)
    repeats = len(doubled) - len({mapped.rows["number"][position] for position in doubled})
    faults.extend(
        RunFault(_place(feed.origin, places[position]), "number", "duplicate_number", "the number is in several rows")
        for position in doubled
    )
    facts = FeedFacts(
        raw.height - len(bad), unparseable + len(bad), repeats, tuple(raw.columns), feed.origin.as_of, now
    )
    unusable = bad | set(doubled)
    fit = pl.Series([position not in unusable for position in range(raw.height)])
    usable = mapped.rows.filter(fit & mapped.in_scope)
    return Reading(feed.origin, facts, usable, _digests(usable, digest), faults)


def _place(origin: Origin, row: int) -> str:
    return f"{origin.name}:{row}"


def _doubled(rows: pl.DataFrame, bad: set[int]) -> list[int]:
    """Every row whose number occurs more than once: which of them is right, only HR can say."""
    numbers = rows["number"].to_list()
    if not bad and len(set(numbers)) == len(numbers):
        return []
    counted = Counter(number for position, number in enumerate(numbers) if position not in bad)
    return [position for position, number in enumerate(numbers) if position not in bad and counted[number] > 1]


def _digests(rows: pl.DataFrame, digest: RowDigester) -> list[bytes]:
    """One keyed digest a row, over all its columns in alphabetical order, nulls and types kept apart."""
    import polars as pl  # half a second that most commands can do without

    canonical = rows.select(pl.struct(sorted(rows.columns)).struct.json_encode()).to_series()
    return digest(canonical.to_list())
