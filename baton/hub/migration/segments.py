"""The records of a plan as segments: some calls' worth each, of one depth, in waves over what is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from baton.hub.core import Hub
from baton.hub.migration.extraction import PAGE_ROWS
from baton.hub.migration.route import Route
from baton.jobs.migration.planning import ACTION, DIGEST, Need
from baton.jobs.migration.transform import ROW
from baton.jobs.migration.waves import WavePlan, cut, rank
from baton.records.digest import Digester, tree_root
from baton.store.staging import Stage, Staged, StagingLine

SMALLEST_SEGMENT: Final = 2_000


def unread_digester(route: Route, salt: bytes) -> Digester | None:
    """Over the fields that are written and that nobody can read back; None where there are none."""
    unread = {name: spec for name, spec in route.fields.items() if not spec.readable}
    return Digester(unread, salt) if unread else None


class Segments:
    """Stages the segments of one plan, page by page."""

    def __init__(
        self, hub: Hub, route: Route, run_id: str, line: StagingLine, digester: Digester, unread: Digester | None
    ) -> None:
        self.hub = hub
        self.route = route
        self.run_id = run_id
        self.line = line
        self.digester = digester
        self.unread = unread
        self.unread_roots: list[bytes] = []
        """Per segment, over the fields of what is written that nobody can read back."""
        self._count = 0

    def add(self, records: pl.DataFrame, depths: pl.Series, before: pl.DataFrame) -> None:
        """A page's records: what is written apart from what needs nothing, one depth in each segment."""
        for depth, part in _parts(records, depths):
            for start in range(0, part.height, self._rows):
                self._write(self._count, part.slice(start, self._rows), before, {"depth": depth})
                self._count += 1

    @property
    def _rows(self) -> int:
        """Some calls' worth: small enough to be done within a lease, large enough to cost the ledger little."""
        return min(PAGE_ROWS, max(SMALLEST_SEGMENT, self.route.target.record_batch_limit))

    def _write(self, number: int, records: pl.DataFrame, before: pl.DataFrame, facts: Mapping[str, int]) -> None:
        needs = dict(records.group_by(ACTION).len().rows())
        writes = records.height - needs.get(Need.NOTHING.value, 0)
        root = tree_root(records.get_column(DIGEST))
        self.line.write(
            (self.run_id, Stage.PLAN, number), records, root=root, facts={**facts, "writes": writes, **needs}
        )
        if self.unread is not None:
            self.unread_roots.append(tree_root(self.unread.rows(records.filter(pl.col(ACTION) != Need.NOTHING))))
        if Need.UPDATE.value in needs:
            changed = records.filter(pl.col(ACTION) == Need.UPDATE).select(ROW, *self.route.rules.key)
            mine = changed.join(before, on=self.route.rules.key, how="left", maintain_order="left")
            root = tree_root(self.digester.rows(mine))
            self.line.write((self.run_id, Stage.BEFORE, number), mine, root=root)

    def in_waves(self, staged: Sequence[Staged], plan: WavePlan) -> list[Staged]:
        """The staged frames, each segment ranked by its wave and depth: which is which is known when all is planned.

        Waves are cut over what is written, lower depths first, so that parents never come later than their children.
        What needs nothing is in the last one: it would only fill the waves that are there to try the target.
        """
        segments = [record for record in staged if record.stage is Stage.PLAN]
        written = sorted((each for each in segments if each.facts["writes"]), key=lambda each: each.facts["depth"])
        sizes = plan.sizes(sum(segment.row_count for segment in written))
        waves = {segment.number: max(len(sizes), 1) for segment in segments}
        gone: list[Staged] = []
        for segment, pieces in zip(written, cut([each.row_count for each in written], sizes), strict=True):
            waves[segment.number] = pieces[0][0]
            if len(pieces) > 1:
                known = [each for each in staged if (each.stage, each.number) == (Stage.BEFORE, segment.number)]
                waves |= self._cut_apart(segment, known, pieces)
                gone += [segment, *known]
        kept = [*(each for each in staged if each not in gone), *self.line.written()]
        for each in gone:
            self.hub.staging.discard(each)
        return [_ranked(each, waves) for each in sorted(kept, key=lambda each: (each.number, each.stage))]

    def _cut_apart(self, segment: Staged, known: Sequence[Staged], pieces: Sequence[tuple[int, int]]) -> dict[int, int]:
        """Stage a segment on the border of waves again, piece by piece; the waves of the pieces by their numbers."""
        records = self.hub.staging.read(segment)
        before = self.hub.staging.read(known[0]).drop(ROW) if known else records.clear()
        facts, start, waves = {"depth": segment.facts["depth"]}, 0, {}
        for wave, rows in pieces:
            number = self._count if start else segment.number
            self._write(number, records.slice(start, rows), before, facts)
            self._count += 1 if start else 0
            start += rows
            waves[number] = wave
        return waves


def _parts(records: pl.DataFrame, depths: pl.Series) -> Iterator[tuple[int, pl.DataFrame]]:
    """The records by depth, and of each depth those that are written and those that need nothing."""
    nothing = records.get_column(ACTION) == Need.NOTHING.value
    places = pl.DataFrame({"depth": depths, "nothing": nothing}).unique().sort("depth", "nothing")
    if places.height == 1:  # mostly so
        yield places.item(0, "depth"), records
        return
    for depth, idle in places.rows():
        yield depth, records.filter((depths == depth) & (nothing == idle))


def _ranked(record: Staged, waves: Mapping[int, int]) -> Staged:
    if record.stage is not Stage.PLAN:
        return record
    facts = dict(record.facts)
    return replace(record, facts={"rank": rank(waves[record.number], facts.pop("depth")), **facts})
