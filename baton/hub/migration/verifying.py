"""Looking again, from the beginning: the source read anew, mapped anew, the target read anew; what differs is placed.

Each stage is judged against what the run has kept of it, so a difference is of exactly one stage: the source says
something else than it did (or was read otherwise), the mapping makes something else of it than was planned, or the
target holds something else than was written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import polars as pl

from baton.errors import BatonError, ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.migration.extraction import Phase, Progress, gathered, unwatched
from baton.hub.migration.performer import SegmentPerformer
from baton.hub.migration.proving import sides
from baton.hub.migration.route import MigrationRequest, Route, open_route, text_fields
from baton.hub.migration.running import find_move
from baton.hub.migration.since import brought_since, still_there
from baton.jobs.migration.cells import UnfitCell
from baton.jobs.migration.planning import DIGEST
from baton.jobs.migration.proof import DIFFERENCE_SCHEMA, Comparer, whole_records
from baton.jobs.migration.surplus import Surplus
from baton.jobs.migration.transform import KEPT, ROW, SOURCE_DIGEST, key_mapping, transform
from baton.model.account import FieldSpec
from baton.records.compare import Cause, Difference, differing_cells
from baton.records.digest import Digester
from baton.store.moves import Move
from baton.store.runs import Run
from baton.store.staging import Stage, Staged

_KEY: Final = "#key"
_SEED: Final = 0x7665726966
_NOTHING_PLANNED: Final = pl.DataFrame(schema={ROW: pl.Int64(), DIGEST: pl.Binary(), "segment": pl.Int64()})


class Proof(StrEnum):
    """Where a difference lies."""

    SOURCE = "source"
    TRANSFORM = "mapping"
    RESULT = "result"


class Untold(StrEnum):
    """Why nobody can say whether the target holds records that nobody planned."""

    NOT_EMPTY = "not_empty"
    """They may have been there before the run."""
    DELETED = "deleted"
    """A later run's may be among them, whose staged records are deleted."""


@dataclass
class Verified:
    """What a second look found, stage by stage."""

    differences: dict[Proof, pl.DataFrame] = field(default_factory=dict)
    """Stage -> `DIFFERENCE_SCHEMA`; ``row`` is the row in the source, `NO_ROW` for a record of the target's own."""
    compared: Counter[str] = field(default_factory=Counter)
    """Stage -> how many records were compared."""
    untold: Untold | None = None
    """Why surplus was not looked for; None where it was."""

    @property
    def alike(self) -> bool:
        """Whether something was compared at every stage that can be, and nothing differs."""
        found = any(frame.height for frame in self.differences.values())
        return not found and all(self.compared[stage] for stage in self.differences)


def verify(hub: Hub, run_id: str, progress: Progress = unwatched) -> Verified:
    """Look again at a migration. Raises `ConfigurationError` when the mapping is no longer the one that was used."""
    run, move = find_move(hub, run_id)
    move.require_kept()
    if move.undoes:
        raise BatonError(
            f"{run_id} is a rollback: it has proved itself",
            code="verify",
            remedy=f"look again at the migration: baton migrate verify {move.undoes}",
        )
    route = open_route(hub, MigrationRequest(Path(move.mapping_file), move.source, move.target))
    if route.mapping.digest != move.mapping_digest:
        message = f"has changed since {run_id} was planned: verify with the mapping of that time"
        raise ConfigurationError([Fault(move.mapping_file, "mapping_changed", message)])
    looking = _Looking(hub, route, run, move, progress)
    # The corrected file was the source of what was fed back, and is no part of the system.
    again = {} if move.facts["detail"].get("corrects") else {Proof.SOURCE: looking.source()}
    differences = {**again, Proof.TRANSFORM: looking.transform(), Proof.RESULT: looking.result()}
    return Verified(differences, looking.compared, looking.untold)


class _Looking:
    """One second look."""

    def __init__(self, hub: Hub, route: Route, run: Run, move: Move, progress: Progress) -> None:
        self.hub = hub
        self.route = route
        self.run = run
        self.move = move
        self.progress = progress
        self.compared: Counter[str] = Counter()
        self.untold: Untold | None = None
        with hub.database.read() as connection:
            self.pages = hub.staging.of(connection, move.run_id, Stage.SOURCE)
            self.segments = hub.staging.of(connection, move.run_id, Stage.PLAN)
        self.columns = tuple(move.facts["columns"])
        self.salt = bytes.fromhex(move.facts["salt"])

    # --- source

    def source(self) -> pl.DataFrame:
        """The source as it is now against the rows that were read then; records are found again by their key."""
        digester = Digester(text_fields(self.columns), self.salt)
        kept = pl.concat([self._kept_index(record) for record in self.pages.values()])
        seen: list[pl.DataFrame] = []
        other: list[pl.DataFrame] = []
        rejected: list[UnfitCell] = []
        for page in gathered(self.route.read().pages, rejected):
            now = _with_all(page, self.columns).select(ROW, *self.columns)
            now = now.with_columns(digester.rows(now).alias(SOURCE_DIGEST))
            now = self._keyed(now)
            seen.append(now.select(ROW, _KEY, SOURCE_DIGEST))
            alike = now.join(kept, on=[_KEY, SOURCE_DIGEST], how="semi").get_column(ROW)
            other.append(now.filter(~pl.col(ROW).is_in(alike.implode())))
            self.progress(Phase.READING, sum(part.height for part in seen))
        there = pl.concat([kept.select(ROW, _KEY, SOURCE_DIGEST).clear(), *seen])
        self.compared[Proof.SOURCE] = kept.height
        differences = self._source_differences(kept, there, pl.concat(other) if other else None)
        return pl.concat([differences, self._no_longer_readable(rejected)])

    def _no_longer_readable(self, rejected: Sequence[UnfitCell]) -> pl.DataFrame:
        """Rows that the reader rejects now, where they are more than then: nobody knows their keys."""
        with self.hub.database.read() as connection:
            records = self.hub.staging.of(connection, self.move.run_id, Stage.UNREADABLE)
        then = {row for record in records.values() for row in self.hub.staging.read(record).get_column("row")}
        now = {each.row for each in rejected}
        more = max(len(now) - len(then), 0)
        others = sorted(now - then)  # rows that have moved up or down are among them
        return whole_records(pl.Series(others[len(others) - more :], dtype=pl.Int64), Cause.EXTRA)

    def _source_differences(self, kept: pl.DataFrame, there: pl.DataFrame, other: pl.DataFrame | None) -> pl.DataFrame:
        missing = kept.join(there, on=_KEY, how="anti").get_column(ROW)
        extra = there.join(kept, on=_KEY, how="anti")
        doubled = there.filter(there.get_column(_KEY).is_duplicated())
        before = kept.join(doubled, on=_KEY, how="semi")
        doubled_now = before.filter(~before.get_column(_KEY).is_duplicated()).get_column(ROW)
        parts = [
            whole_records(missing, Cause.MISSING),
            whole_records(extra.get_column(ROW), Cause.EXTRA),
            whole_records(doubled_now, Cause.DUPLICATE),
            *_of_one_key(kept if other is None else kept.join(other, on=_KEY, how="anti"), there),
        ]
        if other is not None and other.height:
            changed = other.join(kept.select(_KEY, pl.col(ROW).alias("#then")), on=_KEY, how="inner")
            changed = changed.unique(subset="#then", keep="first", maintain_order=True).sort("#then")
            parts.append(self._cells_of_source(changed))
        return pl.concat(parts)

    def _cells_of_source(self, changed: pl.DataFrame) -> pl.DataFrame:
        # Every source column may be personal: nothing says which of them are.
        fields = dict.fromkeys(self.columns, FieldSpec(personal=True))
        found: list[Difference] = []
        for record in self.pages.values():
            page = self.hub.staging.read(record)
            pairs = page.join(changed, left_on=ROW, right_on="#then", how="inner", suffix="#now", maintain_order="left")
            then = pairs.select(self.columns)
            now = pairs.select(pl.col(f"{name}#now").alias(name) for name in self.columns)
            found += differing_cells(then, now, fields, pairs.get_column(ROW).to_list())
        return _frame(found)

    def _kept_index(self, record: Staged) -> pl.DataFrame:
        page = self.hub.staging.read(record)
        return self._keyed(page).select(ROW, SOURCE_DIGEST, _KEY)

    def _keyed(self, page: pl.DataFrame) -> pl.DataFrame:
        """The rows within the mapping's scope, each with a hash of its key (`_KEY`), as the mapping makes it.

        One without a key is known by what it says: it may stand in another place now. Nothing was made of the rows
        outside, which need no key of their own either: whatever becomes of them is none of this run's business.
        """
        rules = self.route.rules
        narrowed = key_mapping(self.route.mapping, rules.key)
        rows = page.get_column(ROW)
        keyed = transform(
            page.select(self.columns), rows, narrowed, {name: self.route.fields[name] for name in rules.key}
        )
        hashes = keyed.records.select(ROW).with_columns(keyed.records.select(rules.key).hash_rows(_SEED).alias(_KEY))
        joined = pl.DataFrame({ROW: rows}).join(hashes, on=ROW, how="left", maintain_order="left")
        nameless = page.select(SOURCE_DIGEST).hash_rows(_SEED)
        keys = joined.get_column(_KEY).fill_null(nameless).alias(_KEY)
        return page.with_columns(keys).filter(~pl.col(ROW).is_in(keyed.outside.implode()))

    # --- transform

    def transform(self) -> pl.DataFrame:
        """The rows that were read then, mapped again, against the records that were planned."""
        digester = self.route.digester(self.salt)
        where = pl.concat([_NOTHING_PLANNED, *(self._planned_rows(number) for number in self.segments)])
        aside = self._quarantined()
        parts = self._out_of_place(where)
        for record in self.pages.values():
            page = self.hub.staging.read(record)
            rows = page.get_column(ROW)
            again = transform(page.select(self.columns), rows, self.route.mapping, self.route.fields).records
            planned = where.filter(pl.col(ROW).is_in(rows.implode()))
            usable = again.get_column(ROW).filter(~again.get_column(ROW).is_in(aside.implode()))
            lost = usable.filter(~usable.is_in(planned.get_column(ROW).implode()))
            made = planned.get_column(ROW).filter(~planned.get_column(ROW).is_in(again.get_column(ROW).implode()))
            parts += [whole_records(lost, Cause.MISSING), whole_records(made, Cause.EXTRA)]
            again = again.filter(pl.col(KEPT).is_null())
            again = again.with_columns(digester.rows(again).alias("#again"))
            both = again.join(planned, on=ROW, how="inner", maintain_order="left")
            parts.append(_frame(self._cells_of_plan(both.filter(pl.col("#again") != pl.col(DIGEST)))))
            self.compared[Proof.TRANSFORM] += again.height
            self.progress(Phase.MAPPING, self.compared[Proof.TRANSFORM])
        return pl.concat(parts)

    def _out_of_place(self, planned: pl.DataFrame) -> list[pl.DataFrame]:
        """Planned records that stand twice, or that come from no row that was read."""
        rows = planned.get_column(ROW)
        read = pl.concat([self.hub.staging.read(page, [ROW]).get_column(ROW) for page in self.pages.values()])
        doubled = rows.filter(rows.is_duplicated()).unique(maintain_order=True)
        return [
            whole_records(rows.filter(~rows.is_in(read.implode())), Cause.EXTRA),
            whole_records(doubled, Cause.DUPLICATE),
        ]

    def _quarantined(self) -> pl.Series:
        with self.hub.database.read() as connection:
            records = self.hub.staging.of(connection, self.move.run_id, Stage.QUARANTINE)
        parts = [self.hub.staging.read(record, ["row"]).get_column("row") for record in records.values()]
        return pl.concat([pl.Series("row", [], dtype=pl.Int64), *parts])

    def _planned_rows(self, number: int) -> pl.DataFrame:
        rows = self.hub.staging.read(self.segments[number], [ROW, DIGEST])
        return rows.with_columns(pl.lit(number, pl.Int64()).alias("segment"))

    def _cells_of_plan(self, unlike: pl.DataFrame) -> list[Difference]:
        found: list[Difference] = []
        fields = self.route.readable
        for number in unlike.get_column("segment").unique(maintain_order=True).to_list():
            wanted = unlike.filter(pl.col("segment") == number)
            planned = self.hub.staging.read(self.segments[number])
            rows = wanted.select(ROW).join(planned, on=ROW, how="left", maintain_order="left")
            found += differing_cells(wanted, rows, fields, wanted.get_column(ROW).to_list())
        return found

    # --- result

    def result(self) -> pl.DataFrame:
        """The target as it is now against what was planned, records that nobody planned included.

        Those can be told only in a collection that was empty before: in any other they may have been there. What later
        runs have brought there was planned by them, also where this one was refused it.
        """
        performer = SegmentPerformer(self.hub, self.move)
        target, collection, key = performer.target, performer.collection, self.route.rules.key
        digester = self.route.digester(self.salt)
        comparer = Comparer(target, collection, self.route.readable, key, digester, performer.whole())
        surplus = Surplus(target, collection, {name: self.route.fields[name] for name in key})
        parts = [pl.DataFrame(schema=DIFFERENCE_SCHEMA)]
        planned, looked_for = [pl.Series([], dtype=pl.UInt64)], [pl.Series([], dtype=pl.UInt64)]
        there = 0
        for number, segment in self.segments.items():
            expected, absent, _ = sides(performer, number)
            compared = comparer.compare(expected, absent=absent)
            rows = self.hub.staging.read(segment, [ROW]).get_column(ROW)
            never = rows.filter(~rows.is_in(expected.get_column(ROW).implode()))
            parts += [compared.differences, whole_records(never, Cause.MISSING)]
            planned.append(surplus.hashes(self.hub.staging.read(segment, key)))
            looked_for.append(surplus.hashes(expected))
            there += compared.there
            self.compared[Proof.RESULT] += compared.counts["compared"]
            self.progress(Phase.COMPARING, self.compared[Proof.RESULT])
        not_empty = bool(self.move.facts["count_before"])
        since = None if not_empty else brought_since(self.hub, self.move, self.run.created_at)
        if since is None:
            self.untold = Untold.NOT_EMPTY if not_empty else Untold.DELETED
        else:
            later = since.filter(~surplus.hashes(since).is_in(pl.concat(looked_for).implode()))
            there += still_there(target, collection, later)
            parts.append(surplus.find(pl.concat([*planned, surplus.hashes(later)]), there))
        return pl.concat(parts)


def _with_all(page: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The page with all columns that were read then: one that the source has lost since holds no value in any row."""
    lost = [pl.lit(None, pl.String).alias(name) for name in columns if name not in page.columns]
    return page.with_columns(lost)


def _of_one_key(kept: pl.DataFrame, there: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows that shared their key: which are there no more, and which stand there once more. None has other content."""
    shared = kept.filter(kept.get_column(_KEY).is_duplicated())
    now = there.join(shared, on=_KEY, how="semi")
    count = pl.int_range(pl.len()).over(_KEY, SOURCE_DIGEST).alias("#time")
    then, now = shared.with_columns(count), now.with_columns(count)
    same = [_KEY, SOURCE_DIGEST, "#time"]
    gone, new = then.join(now, on=same, how="anti"), now.join(then, on=same, how="anti")
    gone = gone.join(there, on=_KEY, how="semi")  # those without any row of their key are named already
    return [whole_records(gone.get_column(ROW), Cause.MISSING), whole_records(new.get_column(ROW), Cause.EXTRA)]


def _frame(found: list[Difference]) -> pl.DataFrame:
    rows = [(each.position, each.column, each.cause.value, each.expected, each.found) for each in found]
    return pl.DataFrame(rows, schema=DIFFERENCE_SCHEMA, orient="row")
