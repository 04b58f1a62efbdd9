"""Reading a feed: pages to canonical people, with every unusable row named and the figures the source guards judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from baton.contracts import Feed
from baton.jobs.contradictions import contradictions
from baton.jobs.source_guards import FeedFacts, unparseable_rows
from baton.mapping.employees import employee_of
from baton.mapping.result import Mapped
from baton.mapping.schema import FieldMapping
from baton.model.people import Employee, EmploymentStatus
from baton.model.source_rows import Origin, RejectedRow
from baton.model.told_lines import OtherLines
from baton.store.runs import RunFault
from baton.store.told_lines import ToldLines, no_lines

if TYPE_CHECKING:
    import polars as pl

RowDigester = Callable[[Iterable[str]], list[bytes]]
"""The canonical text of each row -> its keyed digest."""


@dataclass(frozen=True)
class Reading:
    """A whole feed, mapped. ``rows`` are the usable ones, typed; ``digests`` go with them, in order.

    Where the source has left out lines that it was known to repeat, ``rows`` are the others, and ``standing`` says who
    stands in those left out.
    """

    origin: Origin
    facts: FeedFacts
    rows: pl.DataFrame
    digests: Sequence[bytes]
    faults: Sequence[RunFault]
    told: ToldLines | None = None
    """What was known of the lines; None where the source was read without looking at lines."""
    standing: pl.DataFrame = field(default_factory=no_lines)
    """Of the lines that stand again those the mapping is for, as `no_lines` has its columns."""
    lines: OtherLines | None = None
    claims: pl.DataFrame = field(default_factory=no_lines)
    """The lines that were read, in the same columns, those that claim one number together among them."""

    def employees(self, positions: Sequence[int]) -> Iterator[Employee]:
        """The people at these positions."""
        return map(employee_of, self.rows[list(positions)].iter_rows(named=True))

    @property
    def numbers(self) -> list[str]:
        """The employee number of each of the rows."""
        found: list[str] = self.rows["number"].to_list()
        return found

    @property
    def employed(self) -> int:
        """How many people in the feed work here."""
        gone = [EmploymentStatus.DEPARTED.value, EmploymentStatus.PENDING_HIRE.value]
        return sum(int((~each["status"].is_in(gone)).sum()) for each in (self.rows, self.standing))

    @property
    def present(self) -> int:
        """How many people in the feed have not departed."""
        return int((self.rows["status"] != EmploymentStatus.DEPARTED.value).sum()) + self.standing_present

    @property
    def standing_present(self) -> int:
        """How many of those who stand there as before have not departed."""
        return int((self.standing["status"] != EmploymentStatus.DEPARTED.value).sum())

    def managers(self) -> dict[str, str | None]:
        """Each person's manager, where the feed names one."""
        both = (self.standing, self.rows)
        named = [each.select("number", "manager_number").rows() for each in both if "manager_number" in each.columns]
        return {number: manager for rows in named for number, manager in rows}

    def told_after(self, recorded: Collection[str]) -> ToldLines | None:
        """What is known of the lines once these people are recorded as the rows say; `told` itself for nothing new."""
        import polars as pl  # half a second that most commands can do without

        if self.told is None or self.lines is None:
            return None
        stored = pl.col("number").is_in(pl.Series(list(recorded), dtype=pl.String).implode())
        learnt = self.claims.filter((stored | ~pl.col("in_scope")) & pl.col("number").is_unique())
        if not learnt.height and self.told.context == self.lines.context:
            return self.told
        return self.told.learning(self.lines.context, learnt)


def belongs_elsewhere(source: str, number: str, owner: str) -> RunFault:
    """That a person of whom one source tells belongs to another, by the names of both."""
    message = f"the person belongs to the source {owner}; a source that is to go on keeps its name in systems.yaml"
    return RunFault(f"{source}:{number}", "number", "other_source", message)


def managers_of(readings: Iterable[Reading]) -> dict[str, str | None]:
    """The manager of everybody whom any of these feeds tells of; None for who has none."""
    return {number: manager for reading in readings for number, manager in reading.managers().items()}


def read_feed(feed: Feed, mapping: FieldMapping, digest: RowDigester, now: datetime) -> Reading:
    """Walk the feed once and map it. Raises what the source raises; bad rows become faults, not exceptions."""
    import polars as pl  # half a second that most commands can do without

    frames: list[pl.DataFrame] = []
    places: list[int] = []
    rejected: list[RejectedRow] = []
    for page in feed.pages:
        frames.append(page.rows)
        places.extend(range(page.first_row, page.first_row + page.rows.height))
        rejected += page.rejected
    raw = pl.concat(frames, how="vertical") if frames else pl.DataFrame()
    found = _Rows(feed.origin, raw, places, rejected)
    return found.reading(mapping, digest, now) if raw.height else found.nothing(now)


def read_others(
    lines: OtherLines, told: ToldLines, mapping: FieldMapping, digest: RowDigester, now: datetime
) -> Reading | None:
    """Map the lines that are not as they were. None when one has the number of a line that is: neither is right then.

    The reading is as `read_feed` gives it of the whole feed, but for the lines left out.
    """
    again = told.lines[lines.standing]
    found = _Rows(lines.origin, lines.rows, lines.row_numbers.to_list(), lines.rejected)
    reading = found.reading(mapping, digest, now, lines) if lines.rows.height else found.nothing(now)
    if reading.claims["number"].is_in(again["number"].implode()).any():
        return None
    facts = replace(reading.facts, rows=reading.facts.rows + again.height)
    return replace(reading, facts=facts, told=told, standing=again.filter(again["in_scope"]), lines=lines)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows as a source gave them, and where each of them is."""

    origin: Origin
    raw: pl.DataFrame
    places: Sequence[int]
    rejected: Sequence[RejectedRow]

    def nothing(self, now: datetime) -> Reading:
        """The reading where there is no row."""
        import polars as pl  # half a second that most commands can do without

        rows = pl.DataFrame(schema=dict.fromkeys(("number", "manager_number", "status"), pl.String()))
        return Reading(self.origin, self._facts(0, now, [], 0), rows, [], self._rejections())

    def reading(
        self, mapping: FieldMapping, digest: RowDigester, now: datetime, lines: OtherLines | None = None
    ) -> Reading:
        """The rows mapped, each unusable one named."""
        mapped = mapping.apply(self.raw)
        faults = self._rejections()
        bad: set[int] = set()
        for fault in mapped.faults:
            bad.add(fault.row)
            faults.append(self._fault(fault.row, fault.field, fault.rule, fault.message))
        outside = set((~mapped.in_scope).arg_true())
        for position, name, rule, message in contradictions(mapped.rows):
            if position in outside:
                continue  # the mapping is not meant for this row: nothing in it is a fault
            if position not in bad:
                faults.append(self._fault(position, name, rule, message))
            bad.add(position)
        doubled = _doubled(mapped.rows, bad)
        repeats = len(doubled) - len({mapped.rows["number"][position] for position in doubled})
        faults.extend(
            self._fault(position, "number", "duplicate_number", "the number is in several rows") for position in doubled
        )
        sound = _all_but(bad, self.raw.height)
        usable = mapped.rows.filter(sound & _all_but(doubled, self.raw.height) & mapped.in_scope)
        claims = no_lines() if lines is None else _claims(lines, mapped).filter(sound)
        return Reading(
            self.origin,
            self._facts(self.raw.height - len(bad), now, bad, repeats),
            usable,
            _digests(usable, digest),
            faults,
            claims=claims,
        )

    def _facts(self, rows: int, now: datetime, bad: Collection[int], repeats: int) -> FeedFacts:
        unparseable = unparseable_rows({each.row: each for each in self.rejected}.values()) + len(bad)
        return FeedFacts(rows, unparseable, repeats, tuple(self.raw.columns), self.origin.as_of, now)

    def _rejections(self) -> list[RunFault]:
        return [RunFault(_place(self.origin, each.row), each.column, each.rule, each.message) for each in self.rejected]

    def _fault(self, position: int, name: str, rule: str, message: str) -> RunFault:
        return RunFault(_place(self.origin, self.places[position]), name, rule, message)


def _all_but(positions: Collection[int], rows: int) -> pl.Series:
    """A mask that is false at these positions."""
    import polars as pl  # half a second that most commands can do without

    return pl.repeat(True, rows, eager=True).scatter(sorted(positions), False)


def _claims(lines: OtherLines, mapped: Mapped) -> pl.DataFrame:
    """The lines with who stands in them."""
    import polars as pl  # half a second that most commands can do without

    given = mapped.rows.columns
    who = [
        pl.col(name) if name in given else pl.lit(None, pl.String()).alias(name)
        for name in ("number", "manager_number", "status")
    ]
    return lines.marks.hstack(mapped.rows.select(who)).with_columns(mapped.in_scope.alias("in_scope"))


def _place(origin: Origin, row: int) -> str:
    return f"{origin.name}:{row}"


def _doubled(rows: pl.DataFrame, bad: set[int]) -> list[int]:
    """Every row whose number occurs more than once: which of them is right, only HR can say.

    Rows without a number, which only those out of scope can be, are nobody's twice.
    """
    numbers = rows["number"].to_list()
    if not bad and len(set(numbers)) == len(numbers):
        return []
    known = {position: number for position, number in enumerate(numbers) if position not in bad and number is not None}
    counted = Counter(known.values())
    return [position for position, number in known.items() if counted[number] > 1]


def _digests(rows: pl.DataFrame, digest: RowDigester) -> list[bytes]:
    """One keyed digest a row, over all its columns in alphabetical order, nulls and types kept apart."""
    import polars as pl  # half a second that most commands can do without

    canonical = rows.select(pl.struct(sorted(rows.columns)).struct.json_encode()).to_series()
    return digest(canonical.to_list())
