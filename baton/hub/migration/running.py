"""Carrying a planned migration (or rollback) out: wave by wave, each proved before the next; at the end the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from baton.contracts import RecordSource
from baton.engine.plan import stored_plan_hash
from baton.engine.settle import Verdict
from baton.errors import BatonError, ConfigurationError, Fault
from baton.hub import execution
from baton.hub.core import PLANNING, Hub
from baton.hub.migration.extraction import Phase, Progress, unwatched
from baton.hub.migration.performer import LEASE_S, SegmentPerformer
from baton.hub.migration.proving import Proven, prove
from baton.hub.migration.undoing import close_loads
from baton.jobs.migration.waves import DEPTHS_PER_WAVE, wave_of
from baton.model.effect import EffectState, RecordAction
from baton.records.compare import Cause
from baton.records.digest import root_of_roots
from baton.store.leases import Scope
from baton.store.moves import Move
from baton.store.runs import Run, RunState
from baton.store.staging import Stage, Staged
from baton.store.tables import effects
from baton.store.trail import Entry, append

STOP_SHARE: Final = 0.05
"""A wave of which a larger share was refused or read back otherwise holds the waves after it."""
_LOOK_AGAIN_S: Final = 2.0
_CLOSED: Final = (EffectState.DONE.value, EffectState.REFUSED.value)
_REPRESENTATION: Final = tuple(cause.value for cause in Cause if cause.representation)


@dataclass
class Migrated:
    """Where a migration stands after working on it."""

    run: Run
    move: Move
    verdict: Verdict
    counts: Counter[str] = field(default_factory=Counter)
    """``compared alike different refused quarantined open`` and differing cells by cause."""
    reasons: list[str] = field(default_factory=list)
    """Why it is not clean, in words."""


def find_move(hub: Hub, run_id: str) -> tuple[Run, Move]:
    """A migration by its run; `ConfigurationError` when the run is none."""
    run = execution.find_run(hub, run_id)
    with hub.database.read() as connection:
        move = hub.moves.get(connection, run_id)
    if move is None:
        raise ConfigurationError([Fault("RUN", "no_migration", f"{run_id} is a {run.job}, not a migration")])
    return run, move


def carry_on(hub: Hub, run_id: str, progress: Progress = unwatched) -> Migrated:
    """Do what is left of a run: after any interruption it goes on where it stopped, and a finished run stays as it is.

    A run that is held, rejected or rolled back is only judged.
    """
    run, move = find_move(hub, run_id)
    if move.purged_at is not None:
        raise BatonError(f"the staged records of {run_id} were deleted at {move.purged_at:%Y-%m-%d}", code="purged")
    if run.state is RunState.HELD or run.state is RunState.REJECTED:
        return _Running(hub, run, move, progress).judge()
    return _Running(hub, run, move, progress).through()


class _Running:
    """One go at a run."""

    def __init__(self, hub: Hub, run: Run, move: Move, progress: Progress) -> None:
        self.hub = hub
        self.run = run
        self.move = move
        self.progress = progress
        self.performer = SegmentPerformer(hub, move)
        with hub.database.read() as connection:
            planned = hub.staging.of(connection, self.performer.planned_by, Stage.PLAN)
        self.segments: dict[int, Staged] = planned
        self.proven = Proven()
        self.halted = ""

    def through(self) -> Migrated:
        """All waves, until one stops it."""
        started = self.hub.clock.now()
        for wave in sorted({self._wave(segment) for segment in self.segments.values()}):
            numbers = [number for number, segment in self.segments.items() if self._wave(segment) == wave]
            fresh = self._send(wave)
            closed = [number for number in numbers if number not in self._open()]
            part = prove(self.hub, self.performer, closed)
            self._take(part)
            self.progress(Phase.PROVING, self.proven.counts["compared"])
            if self.halted or (fresh and self._stops(wave, part, len(numbers) == len(closed))):
                break
        took = (self.hub.clock.now() - started).total_seconds()
        with self.hub.database.write() as connection:
            spent = self.move.facts.get("carried_out_in_s", 0.0) + took
            self.move = self.hub.moves.note(connection, self.run.id, carried_out_in_s=spent)
        return self.judge()

    def _wave(self, segment: Staged) -> int:
        """A rollback is one wave: what is right about it was decided when it was asked for."""
        return 1 if self.move.undoes else wave_of(segment.facts["rank"])

    def _send(self, wave: int) -> bool:
        """Perform what the wave has left; whether there was anything."""
        action = RecordAction.RESTORE if self.move.undoes else RecordAction.LOAD
        below = None if self.move.undoes else (wave + 1) * DEPTHS_PER_WAVE
        scope = Scope(frozenset({action.value}), self.run.id, below)
        left = self._open()
        if not any(self._wave(self.segments[number]) == wave for number in left):
            return False
        self._await_others()
        if self.move.undoes:
            close_loads(self.hub, self.move)
        settings = self.hub.settings.system(self.move.target)
        report = execution.perform(self.hub, settings, self.performer, scope, LEASE_S)
        self.halted = report.halted
        self.progress(
            Phase.WRITING, sum(self.segments[number].row_count for number in self.segments.keys() - self._open())
        )
        return True

    def _await_others(self) -> None:
        """Wait for segments that another worker holds: it finishes them, or it was killed and its lease runs out."""
        runs = [self.run.id, *filter(None, [self.move.undoes])]
        held = sa.select(sa.func.min(effects.c.lease_until)).where(
            effects.c.run_id.in_(runs), effects.c.state == EffectState.SENT.value
        )
        while True:
            with self.hub.database.read() as connection:
                until = connection.execute(held).scalar_one()
            if until is None or until < self.hub.clock.now():
                return
            self.hub.clock.sleep(min((until - self.hub.clock.now()).total_seconds() + 0.1, _LOOK_AGAIN_S))

    def _open(self) -> set[int]:
        """Segments whose effect of this run has not ended."""
        query = sa.select(effects.c.number).where(effects.c.run_id == self.run.id, effects.c.state.not_in(_CLOSED))
        with self.hub.database.read() as connection:
            return {int(name.rpartition("/")[2]) for name in connection.execute(query).scalars()}

    def _take(self, part: Proven) -> None:
        self.proven.counts.update(part.counts)
        self.proven.expected.add(part.expected)
        self.proven.found.add(part.found)
        self.proven.roots.update(part.roots)

    # --- stop rules

    def _stops(self, wave: int, part: Proven, finished: bool) -> bool:
        """Hold what comes after a wave that went wrong; whether there is anything to hold."""
        if self.move.undoes:
            return False
        bad = part.counts["different"] + part.counts["refused"]
        seen = part.counts["compared"] + part.counts["refused"]
        if finished and bad <= STOP_SHARE * seen:
            return False
        refused, different = part.counts["refused"], part.counts["different"]
        why = f"wave {wave}: of {seen} records {refused} were refused and {different} read back otherwise"
        if not finished:
            why = f"wave {wave} is not finished"
        with self.hub.database.write() as connection:
            self.hub.database.alone(connection, PLANNING)
            later = self.hub.effects.hold(connection, self.run.id)
            if not later:
                return True
            plan_hash = stored_plan_hash(connection, self.run.id, self.run.created_at)
            values: dict[str, Any] = {"plan_hash": plan_hash, "reasons": [why], "verdict": Verdict.HELD.value}
            self.hub.runs.change(connection, self.run.id, RunState.HELD, **values)
        return True

    # --- the verdict

    def judge(self) -> Migrated:
        """Count, compare the totals, give the verdict, and write it into the audit log."""
        if not self.proven.roots:
            closed = [number for number in self.segments if number not in self._open()]
            self._take(prove(self.hub, self.performer, [number for number in closed if self._has_result(number)]))
        run = execution.find_run(self.hub, self.run.id)
        counts = Counter({**self.proven.counts, "quarantined": run.counts.get("quarantined", 0)})
        counts["open"] = len(self._open())
        extra, notes = self._extra(counts)
        counts["extra"] += extra
        reasons = [*self._reasons(counts), *notes]
        verdict = self._verdict(run, counts, reasons)
        if run.state in (RunState.READY, RunState.SETTLED):
            self._settle(run, counts, verdict, reasons)
        return Migrated(execution.find_run(self.hub, run.id), self.move, verdict, counts, reasons)

    def _has_result(self, number: int) -> bool:
        with self.hub.database.read() as connection:
            return self.hub.staging.one(connection, self.run.id, Stage.RESULT, number) is not None

    def _reasons(self, counts: Counter[str]) -> list[str]:
        differing = self.proven.expected.differing(self.proven.found)
        shown = {
            "open": f"{counts['open']} segments are not finished",
            "refused": f"{counts['refused']} records were refused by the target",
            "different": f"{counts['different']} records were read back otherwise than planned",
            "quarantined": f"{counts['quarantined']} source rows are in quarantine",
            "extra": f"the target has {counts['extra']} records more than it should",
        }
        reasons = [text for name, text in shown.items() if counts[name]]
        if differing:
            reasons.append(f"control totals differ: {', '.join(differing)}")
        if self.halted:
            reasons.append(f"stopped: {self.halted}")
        return reasons

    def _verdict(self, run: Run, counts: Counter[str], reasons: Sequence[str]) -> Verdict:
        if run.state is RunState.HELD:
            return Verdict.HELD
        if not counts["compared"]:
            return Verdict.BROKEN  # a check that compared nothing has shown nothing
        return Verdict.INCOMPLETE if reasons else Verdict.CLEAN

    def _extra(self, counts: Counter[str]) -> tuple[int, list[str]]:
        """Records that nobody planned: provable where the target was empty before, else only worth a note."""
        if counts["open"] or self.move.undoes or self.run.state is RunState.HELD:
            return 0, []
        there = self.performer.target.count(self.performer.collection)
        before = int(self.move.facts["count_before"])
        gone = sum(counts[cause] for cause in (Cause.MISSING.value,))
        wanted = before + self.run.counts.get("insert", 0) - counts["refused"] - gone
        if there == wanted:
            return 0, []
        if before == 0 and there > wanted and isinstance(self.performer.target, RecordSource):
            return there - wanted, []
        return 0, []

    def _settle(self, run: Run, counts: Counter[str], verdict: Verdict, reasons: Sequence[str]) -> None:
        roots = {**self.move.facts["roots"], "result": self._root()}
        totals = {**self.move.facts["totals"], "result": self.proven.found.to_document()}
        body = {
            "run": run.id,
            "undoes": self.move.undoes or "",
            "target": f"{self.move.target}/{self.move.collection}",
            "mapping": self.move.mapping_digest,
            "plan": run.plan_hash,
            "verdict": verdict.value,
            **{f"root_{name}": root for name, root in roots.items()},
            **{name: str(counts[name]) for name in ("compared", "alike", "different", "refused", "quarantined")},
        }
        now = self.hub.clock.now()
        with self.hub.database.write() as connection:
            self.move = self.hub.moves.note(connection, run.id, roots=roots, totals=totals)
            values: dict[str, Any] = {"counts": {**run.counts, **counts}, "reasons": list(reasons)}
            self.hub.runs.change(connection, run.id, RunState.SETTLED, verdict=verdict.value, settled_at=now, **values)
            append(connection, [Entry(kind="migration", at=now, body=body)])
        self.hub.crash_point("settled")

    def _root(self) -> str:
        return root_of_roots(self.proven.roots[number] for number in sorted(self.proven.roots)).hex()


def representation_only(counts: Counter[str]) -> bool:
    """Whether everything that differs says the same in another form (padding, Unicode form, scale, zone)."""
    causes = {cause.value for cause in Cause}
    differing = [name for name in counts if name in causes and counts[name]]
    return bool(differing) and all(name in _REPRESENTATION for name in differing)
