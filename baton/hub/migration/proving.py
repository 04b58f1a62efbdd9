"""Proving segments: read back, compared, and kept, so that a proof too can be interrupted and goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import polars as pl

from baton.hub.core import Hub
from baton.hub.migration.guarding import WHOLE_FIELDS
from baton.hub.migration.outcomes import found_rows, refused_rows
from baton.hub.migration.performer import SegmentPerformer
from baton.jobs.migration.planning import ACTION, DIGEST, Need
from baton.jobs.migration.proof import RESULT, Compared, Comparer
from baton.jobs.migration.transform import ROW
from baton.records.digest import tree_root
from baton.records.totals import Totals
from baton.store.moves import Move
from baton.store.staging import TOTALS, Stage, Staged


@dataclass
class Proven:
    """What the proofs of some segments came to."""

    counts: Counter[str] = field(default_factory=Counter)
    """``compared``, ``alike``, ``different``, ``refused``, ``found``, and differing cells by cause."""
    expected: Totals = field(default_factory=Totals)
    found: Totals = field(default_factory=Totals)
    roots: dict[int, bytes] = field(default_factory=dict)

    def add(self, hub: Hub, record: Staged) -> None:
        """Take one segment's kept proof in."""
        totals = hub.staging.open_facts(record, TOTALS)
        self.counts.update({name: count for name, count in record.facts.items() if isinstance(count, int)})
        self.expected.add(Totals.from_document(totals["expected"]))
        self.found.add(Totals.from_document(totals["found"]))
        self.roots[record.number] = record.root


def prove(hub: Hub, performer: SegmentPerformer, numbers: Sequence[int]) -> Proven:
    """The proof of these segments; those proven before are not read again."""
    move = performer.move
    with hub.database.read() as connection:
        known = hub.staging.of(connection, move.run_id, Stage.RESULT)
    proven = Proven()
    fresh = [number for number in numbers if number not in known]
    threads = performer.system.threads
    with ThreadPoolExecutor(threads, thread_name_prefix="baton-prove") as pool:
        found = pool.map(lambda number: (number, _prove_one(hub, performer, number)), fresh)
        known |= dict(found)
    for number in numbers:
        proven.add(hub, known[number])
    return proven


def proven_so_far(hub: Hub, run_id: str) -> Proven:
    """What the kept proofs of a run came to; no system is asked anything."""
    with hub.database.read() as connection:
        known = hub.staging.of(connection, run_id, Stage.RESULT)
    proven = Proven()
    for record in known.values():
        proven.add(hub, record)
    return proven


def _prove_one(hub: Hub, performer: SegmentPerformer, number: int) -> Staged:
    expected, absent, refused = sides(performer, number)
    move, exchange = performer.move, performer.exchange
    whole = performer.whole()
    comparer = Comparer(
        performer.target, performer.collection, performer.readable, tuple(move.key), exchange.digester, whole
    )
    compared = comparer.compare(expected, absent=absent)
    totals = {"expected": Totals.of(expected, performer.readable).to_document(), "found": compared.totals.to_document()}
    found = 0 if move.undoes else found_rows(performer.staged(Stage.OUTCOME, number)).len()
    facts = {**compared.counts, "refused": refused, "found": found, WHOLE_FIELDS: list(whole.names)}
    records = _staged(hub, move, number, compared, facts, totals)
    with hub.database.write() as connection:
        hub.staging.keep(connection, records)
    hub.crash_point("proven")
    return records[0]


def _staged(
    hub: Hub, move: Move, number: int, compared: Compared, facts: Mapping[str, object], totals: Mapping[str, object]
) -> list[Staged]:
    place = (move.run_id, Stage.RESULT, number)
    sealed = {**facts, TOTALS: hub.staging.seal_facts(place, totals)}
    root = tree_root(compared.digests.get_column(RESULT))
    records = [hub.staging.write(place, compared.digests, root=root, facts=sealed)]
    if compared.found.height:
        records.append(hub.staging.write((move.run_id, Stage.FOUND, number), compared.found))
    if compared.differences.height:
        records.append(hub.staging.write((move.run_id, Stage.DIFFERENCES, number), compared.differences))
    return records


def sides(performer: SegmentPerformer, number: int) -> tuple[pl.DataFrame, pl.DataFrame | None, int]:
    """Which records should be there now, which should not, and how many were left out because the target refused.

    A further rollback answers for what earlier ones had taken back too, which it has not written: nobody knows but by
    reading it whether that is so (the target may not have done it, or was restored from a backup since).
    """
    records, before = performer.ours(number)
    with performer.hub.database.read() as connection:
        record = performer.hub.staging.one(connection, performer.move.run_id, Stage.OUTCOME, number)
    refused = refused_rows(None if record is None else performer.hub.staging.read(record))
    written = records.filter(~pl.col(ROW).is_in(refused.implode()))
    if performer.move.undoes is None:
        return written, None, refused.len()
    was = before.filter(~pl.col(ROW).is_in(refused.implode()))
    was = was.with_columns(performer.exchange.digester.rows(was).alias(DIGEST))
    return was, written.filter(pl.col(ACTION) == Need.INSERT), refused.len()
