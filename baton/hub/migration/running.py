"""Carrying a planned migration (or rollback) out: wave by wave, each proved before the next; at the end the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from baton.engine.plan import stored_plan_hash
from baton.engine.settle import Verdict
from baton.errors import ConfigurationError, ConnectorError, Fault, HaltError
from baton.hub import execution
from baton.hub.core import PLANNING, Hub
from baton.hub.migration.extraction import Phase, Progress, unwatched
from baton.hub.migration.late import waiting_until
from baton.hub.migration.left_over import TAKEN_BACK
from baton.hub.migration.performer import LEASE_S, SegmentPerformer
from baton.hub.migration.proving import Proven, prove
from baton.hub.migration.since import brought_since, still_there
from baton.hub.migration.undoing import close_loads
from baton.jobs.migration.planning import Need
from baton.jobs.migration.proof import RESULT
from baton.jobs.migration.transform import ROW
from baton.jobs.migration.waves import DEPTHS_PER_WAVE, wave_of
from baton.model.effect import UNSETTLED_STATES, EffectState, RecordAction
from baton.records.compare import Cause
from baton.records.digest import root_of_roots
from baton.store.claims import Scope
from baton.store.moves import Move
from baton.store.runs import Run, RunState
from baton.store.staging import Stage, Staged
from baton.store.tables import effects
from baton.store.trail import Entry, append

STOP_SHARE: Final = 0.05
"""A wave of which a larger share was refused or read back otherwise holds the waves after it."""
_LOOK_AGAIN_S: Final = 2.0
_PLANNED: Final = ("quarantined", "out_of_scope", TAKEN_BACK)
"""What a plan has counted of the rows that it leaves out."""
_CLOSED: Final = (EffectState.DONE.value, EffectState.REFUSED.value)


@dataclass
class Migrated:
    """Where a migration stands after working on it."""

    run: Run
    move: Move
    verdict: Verdict
    counts: Counter[str] = field(default_factory=Counter)
    """``compared alike different refused found quarantined out_of_scope taken_back open``; differing cells by cause."""
    reasons: list[str] = field(default_factory=list)
    """Why it is not clean, in words."""
    undone_by: str = ""
    """The rollback that has taken it back: nothing was looked at then, and nothing is counted."""


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

    A run that is held or rejected is only judged; of one that was taken back it is only said by which rollback.
    """
    running = Running(hub, run_id, progress)
    for wave in running.waves if running.open_to_work else ():
        if running.send(wave) or not running.close(wave):
            break
    return running.conclude()


class Running:
    """The steps of a run. Each may be taken again, by another process, after any interruption."""

    def __init__(self, hub: Hub, run_id: str, progress: Progress = unwatched) -> None:
        self.hub = hub
        self.run, self.move = find_move(hub, run_id)
        self.move.require_kept()
        self.progress = progress
        self.performer = SegmentPerformer(hub, self.move)
        with hub.database.read() as connection:
            self.segments: dict[int, Staged] = hub.staging.of(connection, self.performer.planned_by, Stage.PLAN)
        self.halted = ""
        self.needs_person = False
        """Whether what stopped it does not pass by itself."""

    @property
    def open_to_work(self) -> bool:
        """False while a person has to decide, after one has said no, and once it was taken back."""
        return self.run.state not in (RunState.HELD, RunState.REJECTED) and not self.undone_by

    @property
    def undone_by(self) -> str:
        """The newest rollback of the run; empty where there is none."""
        with self.hub.database.read() as connection:
            return self.hub.moves.undone_by(connection, self.run.id)

    @property
    def waves(self) -> list[int]:
        """The waves there are, in order."""
        return sorted({self._wave(segment) for segment in self.segments.values()})

    def _wave(self, segment: Staged) -> int:
        """A rollback is one wave: what is right about it was decided when it was asked for."""
        return 1 if self.move.undoes else wave_of(segment.facts["rank"])

    def segments_of(self, wave: int) -> list[int]:
        """The numbers of a wave's segments."""
        return [number for number, segment in self.segments.items() if self._wave(segment) == wave]

    def send(self, wave: int) -> str:
        """Perform what the wave (and those before it) has left; why it was not all, or nothing.

        Any number of workers may send one wave at the same time: each takes what nobody holds, and waits for the rest.
        """
        if not self._open() & set(self.segments_of(wave)):
            return ""
        started = self.hub.clock.now()
        if self.move.undoes:
            self._await_others()
            close_loads(self.hub, self.move)
        self._perform(wave)
        while not self.halted and self._leased_until() is not None:  # somebody else has taken some of it meanwhile
            self._await_others()
            self._perform(wave)
        closed = self.segments.keys() - self._open()
        self.progress(Phase.WRITING, sum(self.segments[number].row_count for number in closed))
        self._spend("sent_in_s", started)
        return self.halted

    def _perform(self, wave: int) -> None:
        action = RecordAction.RESTORE if self.move.undoes else RecordAction.LOAD
        below = None if self.move.undoes else (wave + 1) * DEPTHS_PER_WAVE
        scope = Scope(frozenset({action.value}), self.run.id, below)
        report = execution.perform(self.hub, self.performer.system, self.performer, scope, LEASE_S)
        self.halted, self.needs_person = report.halted, report.needs_person

    def close(self, wave: int) -> bool:
        """Prove the wave; whether the next one may go. One that went wrong holds those after it for a person."""
        started = self.hub.clock.now()
        numbers = self.segments_of(wave)
        closed = [number for number in numbers if number not in self._open()]
        try:
            part = prove(self.hub, self.performer, closed)
        except ConnectorError as error:
            self.halted, self.needs_person = str(error), isinstance(error, HaltError)
            return False
        self.progress(Phase.PROVING, part.counts["compared"])
        self._spend("proven_in_s", started)
        return len(closed) == len(numbers) and not self._stops(wave, part)

    def _spend(self, name: str, started: datetime) -> None:
        """Add to the time that all workers together have taken."""
        took = (self.hub.clock.now() - started).total_seconds()
        with self.hub.database.write() as connection:
            known = self.hub.moves.get(connection, self.run.id) or self.move
            self.move = self.hub.moves.note(connection, self.run.id, **{name: known.facts.get(name, 0.0) + took})

    def _await_others(self) -> None:
        """Wait for segments that another worker holds (to write them, or to find out what became of a write).

        It finishes them, or it was killed and its lease runs out.
        """
        while (until := self._leased_until()) is not None:
            self.hub.clock.sleep(min((until - self.hub.clock.now()).total_seconds() + 0.1, _LOOK_AGAIN_S))

    def _leased_until(self) -> datetime | None:
        """How long a living worker holds something of this run (or of the one it undoes); None where nobody does."""
        runs = [self.run.id, *filter(None, [self.move.undoes])]
        held = sa.select(sa.func.max(effects.c.lease_until)).where(
            effects.c.run_id.in_(runs),
            effects.c.state.in_(UNSETTLED_STATES),
            effects.c.lease_until >= self.hub.clock.now(),
        )
        with self.hub.database.read() as connection:
            until: datetime | None = connection.execute(held).scalar_one()
        return until

    def _open(self) -> set[int]:
        """Segments whose effect of this run has not ended."""
        query = sa.select(effects.c.number).where(effects.c.run_id == self.run.id, effects.c.state.not_in(_CLOSED))
        with self.hub.database.read() as connection:
            return {int(name.rpartition("/")[2]) for name in connection.execute(query).scalars()}

    # --- stop rules

    def _stops(self, wave: int, part: Proven) -> bool:
        """Hold what comes after a wave that went wrong; a release lets the next wave go, and no further."""
        bad = part.counts["different"] + part.counts["refused"]
        seen = part.counts["compared"] + part.counts["refused"]
        if self.move.undoes or bad <= STOP_SHARE * seen:
            return False
        refused, different = part.counts["refused"], part.counts["different"]
        why = f"wave {wave}: of {seen} records {refused} were refused and {different} read back otherwise"
        waiting = sa.select(sa.func.count()).where(
            effects.c.run_id == self.run.id, effects.c.state == EffectState.PLANNED.value
        )
        with self.hub.database.write() as connection:
            self.hub.database.alone(connection, PLANNING)
            known = self.hub.moves.get(connection, self.run.id) or self.move
            stopped = known.facts.get("stopped_at", [])
            if wave in stopped or not connection.execute(waiting).scalar_one():
                return False  # a person has looked at this wave and let the next one go, or there is none
            self.hub.effects.hold(connection, self.run.id)
            plan_hash = stored_plan_hash(connection, self.run.id, self.run.created_at)
            values: dict[str, Any] = {"plan_hash": plan_hash, "reasons": [why], "verdict": Verdict.HELD.value}
            values["settled_at"] = self.hub.clock.now()
            self.hub.runs.change(connection, self.run.id, RunState.HELD, **values)
            self.move = self.hub.moves.note(connection, self.run.id, stopped_at=[*stopped, wave])
        return True

    # --- the verdict

    def conclude(self) -> Migrated:
        """Count, compare the totals, give the verdict, and write it into the audit log.

        Not of a run that was taken back: what was settled of it stands as the past, and the rollback has its own.
        """
        done = None if self.undone_by else self._concluded()
        undone_by = self.undone_by
        if done is None or undone_by:
            run = execution.find_run(self.hub, self.run.id)
            reasons = [f"taken back by {undone_by}"]
            done = Migrated(run, self.move, Verdict.INCOMPLETE, reasons=reasons, undone_by=undone_by)
        return done

    def _concluded(self) -> Migrated:
        with self.hub.database.read() as connection:
            known = self.hub.staging.of(connection, self.run.id, Stage.RESULT)
        proven = prove(self.hub, self.performer, list(known))
        run = execution.find_run(self.hub, self.run.id)
        counts = Counter({**proven.counts, **{name: run.counts.get(name, 0) for name in _PLANNED}})
        counts["open"] = len(self._open())
        counts["unproven"] = len(self.segments.keys() - known.keys()) - counts["open"] if not self.move.undoes else 0
        counts["extra"] = self._extra(counts)
        reasons = self._reasons(counts, proven)
        verdict = self._verdict(run, counts, reasons)
        if run.state in (RunState.READY, RunState.SETTLED):
            self._settle(run, proven, counts, verdict, reasons)
        return Migrated(execution.find_run(self.hub, run.id), self.move, verdict, counts, reasons)

    def _reasons(self, counts: Counter[str], proven: Proven) -> list[str]:
        shown = {
            "open": f"{counts['open']} segments are not finished",
            "unproven": f"{counts['unproven']} segments have not been read back",
            "refused": f"{counts['refused']} records were refused by the target",
            "different": self._unlike(counts["different"]),
            "quarantined": f"{counts['quarantined']} source rows are in quarantine",
            "extra": f"the target has {counts['extra']} records more than it should",
        }
        reasons = [text for name, text in shown.items() if counts[name]]
        unread = ", ".join(name for name, spec in self.move.fields.items() if not spec.readable)
        if self.move.undoes and unread and (changed := self.run.counts.get(Need.UPDATE.value, 0)):
            reasons.append(f"what {changed} records held before in {unread} is not known: ours is left there")
        differing = proven.expected.differing(proven.found)
        if differing:
            reasons.append(f"control totals differ: {', '.join(differing)}")
        if self.halted:
            reasons.append(f"stopped: {self.halted}")
        with self.hub.database.read() as connection:
            until = waiting_until(connection, self.run.id, self.hub.clock.now()) if counts["open"] else None
        if until is not None:
            reasons.append(f"what may still arrive of lost requests is waited for until {until:%Y-%m-%d %H:%M} UTC")
        return reasons

    def _unlike(self, count: int) -> str:
        """What to say of records that were read back otherwise, and of a rollback also what is to be done."""
        if not self.move.undoes:
            return f"{count} records were read back otherwise than planned"
        told = f"{count} records are not as they were before the migration (baton migrate report {self.run.id}"
        back = f"{told}): baton migrate rollback {self.move.undoes}"
        return f"{back} --again takes back what is still as migrated, whoever has entered it"

    def _verdict(self, run: Run, counts: Counter[str], reasons: Sequence[str]) -> Verdict:
        if run.state is RunState.HELD:
            return Verdict.HELD
        if not counts["compared"] and not (counts[TAKEN_BACK] and reasons):
            return Verdict.BROKEN  # a check that compared nothing has shown nothing
        return Verdict.INCOMPLETE if reasons else Verdict.CLEAN

    def _extra(self, counts: Counter[str]) -> int:
        """Records that nobody planned, where that can be told: in a collection that was empty before.

        What later runs have brought was planned as well, such as rows of the quarantine that were fed back. But where
        one has brought back a record of this run, it is not left out of what is there: it is one of those wanted.
        """
        if counts["open"] or self.move.undoes or self.move.facts["count_before"]:
            return 0
        since = brought_since(self.hub, self.move, self.run.created_at)
        if since is None:
            return 0
        target, collection = self.performer.target, self.performer.collection
        there = target.count(collection) - still_there(target, collection, self._without_own(since))
        wanted = self.run.counts.get("insert", 0) - counts["refused"] - counts[Cause.MISSING.value]
        return max(there - wanted, 0)

    def _without_own(self, keys: pl.DataFrame) -> pl.DataFrame:
        """These keys but for records of this run that were there when it was proven, and are counted as its own."""
        with self.hub.database.read() as connection:
            proven = self.hub.staging.of(connection, self.run.id, Stage.RESULT)
        for number, record in proven.items():
            if keys.is_empty():
                break
            there = self.hub.staging.read(record, [ROW, RESULT]).filter(pl.col(RESULT).is_not_null())
            own = self.hub.staging.read(self.segments[number], [ROW, *keys.columns]).join(there, on=ROW, how="semi")
            keys = keys.join(own, on=keys.columns, how="anti", maintain_order="left")
        return keys

    def _settle(self, run: Run, proven: Proven, counts: Counter[str], verdict: Verdict, reasons: Sequence[str]) -> None:
        result = root_of_roots(proven.roots[number] for number in sorted(proven.roots))
        roots = {**self.move.facts["roots"], "result": result.hex()}
        totals = {**self.move.facts["totals"], "result": proven.found.to_document()}
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
            self.hub.database.alone(connection, PLANNING)
            now_is = self.hub.runs.get(connection, run.id)
            if now_is is None or now_is.state not in (RunState.READY, RunState.SETTLED):
                return  # somebody has held or rejected it meanwhile: that stays as it is
            if self.hub.moves.undone_by(connection, run.id):
                return  # what was read back is there no more
            self.move = self.hub.moves.note(connection, run.id, roots=roots, totals=totals)
            values: dict[str, Any] = {"counts": {**run.counts, **counts}, "reasons": list(reasons)}
            self.hub.runs.change(connection, run.id, RunState.SETTLED, verdict=verdict.value, settled_at=now, **values)
            append(connection, [Entry(kind="migration", at=now, body=body)])
        self.hub.crash_point("settled")
