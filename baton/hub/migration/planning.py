"""Planning a migration: read, transform, compare with the target, save everything as effects; or only look."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from baton import telemetry
from baton.errors import BatonError, FeedRefusedError, GuardBreach
from baton.hub.core import PLANNING, Hub
from baton.hub.migration.extraction import Extracted, Phase, Progress, extract, unwatched
from baton.hub.migration.late import undone_until
from baton.hub.migration.route import MigrationRequest, Route, open_route
from baton.hub.migration.segments import Segments, unread_digester
from baton.hub.migration.succession import Subject, require_turn, take_turn
from baton.jobs.migration.planning import ACTION, Need, Planned, Planner
from baton.jobs.migration.source_totals import SourceColumn, agree, comparable_fields, source_totals
from baton.jobs.migration.survey import Standing
from baton.jobs.migration.transform import ROW, SOURCE_DIGEST, transform
from baton.mapping.schema import Unfit
from baton.model.effect import Intention, RecordAction
from baton.records.digest import root_of_roots
from baton.records.totals import Totals
from baton.store.effects import Drafted
from baton.store.moves import Move
from baton.store.runs import Run, RunFault, RunState
from baton.store.staging import Stage, Staged, StagingLine

JOB = "migration"
FAULTS_KEPT = 200
"""So many cells are named in the run itself; all of them are in the quarantine."""


@dataclass
class MigrationPlan:
    """A planned migration and what is known about it before anything is written."""

    run: Run
    move: Move
    route: Route
    segments: list[Staged] = field(default_factory=list)
    drafted: list[Drafted] = field(default_factory=list)
    faults: list[RunFault] = field(default_factory=list)
    """The first `FAULTS_KEPT` cells that cannot be used."""


def plan_migration(hub: Hub, request: MigrationRequest, progress: Progress = unwatched) -> MigrationPlan:
    """Plan and save: from here on the run can be applied, resumed and rolled back, whatever happens to this process.

    `BatonError` (``unfinished``) while another run into the same collection is; nothing is read then.
    """
    planning = _Planning(hub, request, progress)
    planning.require_turn()
    try:
        with telemetry.span("plan", job=JOB, run=planning.run_id) as opened:
            plan = planning.carry_out()
            planning.save(plan)
            telemetry.note(opened, state=plan.run.state.value)
    except BaseException:
        with hub.database.read() as connection:
            saved = hub.runs.get(connection, planning.run_id)
        if saved is None:  # a commit whose answer was lost has saved it all the same
            _drop(hub, planning.run_id)
        raise
    hub.crash_point("planned")
    return plan


def preview_migration(hub: Hub, request: MigrationRequest, progress: Progress = unwatched) -> MigrationPlan:
    """The same plan, with the same hash, of which nothing is kept; the target is only read."""
    planning = _Planning(hub, request, progress)
    try:
        return planning.carry_out()
    finally:
        _drop(hub, planning.run_id)


def _drop(hub: Hub, run_id: str) -> None:
    """Delete what was staged; what cannot be deleted now is left to the nightly purge, which tells of it."""
    with suppress(OSError):
        hub.staging.drop(run_id)


class _Planning:
    """One planning."""

    def __init__(self, hub: Hub, request: MigrationRequest, progress: Progress) -> None:
        self.hub = hub
        self.request = request
        self.progress = progress
        self.route = open_route(hub, request)
        self.run_id = hub.new_run_id(JOB)
        self.now = hub.clock.now()
        self.counts: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.fixed: Counter[str] = Counter()
        self.faults: list[RunFault] = []
        self.staged: list[Staged] = []
        self.totals = {"source": Totals(), "quarantined": Totals(), "planned": Totals()}

    def require_turn(self) -> None:
        """Before a source is read for hours. Asked again when the plan is saved."""
        route = self.route
        ends = (route.source_name, route.rules.read, route.target_name, route.collection.name)
        with self.hub.database.read() as connection:
            require_turn(self.hub, connection, Subject(*ends, route.mapping.digest, self.request.corrects))

    def carry_out(self) -> MigrationPlan:
        """Everything but saving."""
        route = self.route
        place = f"{route.source_name}/{route.rules.read}/{route.target_name}/{route.collection.name}"
        # The same for the same route and mapping, so that the same input gives the same plan; a secret all the same.
        salt = self.hub.keyring.field_digest(route.mapping.digest, f"migration/{place}")
        self.digester = route.digester(salt)
        before = route.target.count(route.collection)
        with StagingLine(self.hub.staging) as self.line:
            self.segments = Segments(
                self.hub, route, self.run_id, self.line, self.digester, unread_digester(route, salt)
            )
            extracted = extract(self.hub, route, self.run_id, salt, self.line, self.progress)
            self._note_unreadable(extracted.unreadable)
            self._refuse_duplicates(extracted)
            self._plan_pages(extracted, salt, target_is_empty=before == 0)
            planned = self.segments.in_waves(self.line.written(), self.request.waves)
        self.staged = [*extracted.pages, *planned]
        segments = [record for record in planned if record.stage is Stage.PLAN]
        self._check_carried()
        drafted = [self._drafted(segment) for segment in segments if segment.facts["writes"]]
        self.counts["effects"] = len(drafted)
        self.counts["read"] = extracted.row_count + extracted.unreadable.height
        run = Run(
            id=self.run_id,
            job=JOB,
            state=RunState.READY,
            requested_by=self.request.requested_by,
            plan_hash=self._plan_hash(planned),
            feed_digest=extracted.origin.digest or extracted.root.hex(),
            created_at=self.now,
            counts=dict(self.counts),
        )
        move = self._move(extracted, segments, salt, before)
        return MigrationPlan(run, move, route, segments, drafted, self.faults)

    def save(self, plan: MigrationPlan) -> None:
        """One transaction: the run, where it stands, what is staged, and its effects."""
        hub = self.hub
        hub.crash_point("planning")
        with hub.database.write() as connection:
            hub.database.alone(connection, PLANNING)
            take_turn(hub, connection, Subject.of(plan.move), self.now)
            hub.runs.insert(connection, plan.run, plan.faults)
            hub.moves.insert(connection, plan.move)
            hub.staging.keep(connection, self.staged)
            until = undone_until(connection, plan.move.target, plan.move.collection)
            hub.effects.insert(connection, JOB, plan.run.id, [_not_before(until, each) for each in plan.drafted])

    # --- pages

    def _plan_pages(self, extracted: Extracted, salt: bytes, *, target_is_empty: bool) -> None:
        route, standing = self.route, extracted.standing
        assert standing is not None
        own = frozenset(route.parents)
        planner = Planner(
            route.target, route.collection, route.readable, route.rules.key, self.digester, target_is_empty, own
        )
        comparable = comparable_fields(route.mapping, route.readable)
        for page in extracted.pages:
            source = self.hub.staging.read(page)
            numbers = source.get_column(ROW)
            done = transform(source.drop(ROW, SOURCE_DIGEST), numbers, route.mapping, route.fields)
            self.fixed.update(done.fixed)
            self.counts["out_of_scope"] += done.outside.len()
            standing_out = standing.unusable.filter(pl.col("row").is_in(numbers.implode()))
            usable = done.records.filter(~pl.col(ROW).is_in(standing_out.get_column("row").implode()))
            planned = planner.plan(usable)
            unfit = pl.concat([done.unfit, standing_out, planned.unfit])
            self._quarantine(page, unfit, source, comparable)
            used = self._used(source, unfit.get_column("row"), done.outside, planned)
            self.totals["source"].add(source_totals(used, comparable, route.fields))
            self._stage(planned, used, standing)
            self.hub.crash_point("planning_page")
            self.progress(Phase.PLANNING, self.counts["planned"])

    def _used(self, source: pl.DataFrame, unfit: pl.Series, outside: pl.Series, planned: Planned) -> pl.DataFrame:
        """The source rows that were planned: all but those named as unfit or outside. None may just be gone."""
        gone = pl.concat([unfit, outside])
        used = source.filter(~pl.col(ROW).is_in(gone.implode()))
        rows = planned.records.get_column(ROW)
        if not rows.sort().equals(used.get_column(ROW).sort()):
            lost = used.get_column(ROW).filter(~used.get_column(ROW).is_in(rows.implode()))
            first = f"the first of them {lost[0]}" if lost.len() else f"{rows.len()} records came of {used.height} rows"
            raise BatonError(
                f"{lost.len()} rows were lost on the way through the mapping, {first}",
                code="rows_lost",
                remedy="this is a fault of a transform or of the hub; nothing was written",
            )
        return used

    def _quarantine(
        self, page: Staged, unfit: pl.DataFrame, source: pl.DataFrame, comparable: Mapping[str, SourceColumn]
    ) -> None:
        if unfit.is_empty():
            return
        rows = unfit.get_column("row").unique()
        aside = source.filter(pl.col(ROW).is_in(rows.implode()))
        self.totals["quarantined"].add(source_totals(aside, comparable, self.route.fields))
        self.line.write((self.run_id, Stage.QUARANTINE, page.number), unfit)
        self._note_unfit(unfit)

    def _refuse_duplicates(self, extracted: Extracted) -> None:
        assert extracted.standing is not None
        doubled = extracted.standing.unusable.filter(pl.col("rule") == "duplicate_key")
        if self.route.rules.duplicates is Unfit.REFUSE and doubled.height:
            first = (
                f"{doubled.height} rows share their key with another; the first is row {doubled.get_column('row')[0]}"
            )
            refusal = FeedRefusedError([GuardBreach("duplicates", first)], feed_digest=extracted.origin.digest)
            refusal.remedy = "have the source corrected, or let duplicates go into quarantine"
            raise refusal

    def _note_unreadable(self, unreadable: pl.DataFrame) -> None:
        if unreadable.height:
            self.line.write((self.run_id, Stage.UNREADABLE, 0), unreadable)
            self._note_unfit(unreadable)

    def _note_unfit(self, unfit: pl.DataFrame) -> None:
        self.counts["quarantined"] += unfit.get_column("row").n_unique()
        self.rules.update(dict(unfit.group_by("rule").len().rows()))
        room = FAULTS_KEPT - len(self.faults)
        for row, column, rule, message in unfit.sort("row", maintain_order=True).head(max(room, 0)).rows():
            self.faults.append(RunFault(f"{self.route.rules.read}:{row}", column, rule, message))

    def _stage(self, planned: Planned, source: pl.DataFrame, standing: Standing) -> None:
        digests = source.select(ROW, SOURCE_DIGEST)
        records = planned.records.join(digests, on=ROW, how="left", maintain_order="left")
        self.totals["planned"].add(Totals.of(records, self.route.readable))
        self.counts.update({str(need): count for need, count in records.group_by(ACTION).len().rows()})
        self.counts["planned"] += records.height
        self.segments.add(records, standing.depth_of(records.get_column(ROW)), planned.before)

    # --- what is kept of it

    def _check_carried(self) -> None:
        """The transform proof: what was planned must add up to what was read, by a second path."""
        differing = agree(self.totals["source"], self.totals["planned"])
        if differing:
            raise BatonError(
                f"the totals of {', '.join(differing)} are not the same before and after the mapping",
                code="totals",
                remedy="compare the mapping's transforms of these fields with the source; nothing was written",
            )

    def _drafted(self, segment: Staged) -> Drafted:
        intention = Intention(
            system=self.route.target_name,
            number=f"{self.run_id}/{segment.number:06d}",
            action=RecordAction.LOAD,
            due_at=self.now,
            fields={"segment": segment.number},
            rank=segment.facts["rank"],
        )
        return Drafted(intention, 1, self.route.mapping.digest, {"plan": segment.root.hex()})

    def _plan_hash(self, planned: Sequence[Staged]) -> str:
        """The same input gives the same hash, whoever asks and whenever: over what is written, and over what."""
        bound = (record for record in planned if record.stage in (Stage.PLAN, Stage.BEFORE))
        root = root_of_roots([*(record.root for record in bound), *self.segments.unread_roots])
        needs = ",".join(f"{need}={self.counts[need]}" for need in Need)
        route = self.route
        said = f"{route.mapping.digest}|{route.target_name}|{route.collection.name}|{needs}"
        return hashlib.sha256(said.encode() + root).hexdigest()

    def _move(self, extracted: Extracted, segments: Sequence[Staged], salt: bytes, before: int) -> Move:
        route = self.route
        return Move(
            run_id=self.run_id,
            source=route.source_name,
            source_collection=route.rules.read,
            target=route.target_name,
            collection=route.collection.name,
            mapping_file=str(self.request.mapping.resolve()),  # to be found again from any folder
            mapping_digest=route.mapping.digest,
            fields=route.fields,
            key=route.rules.key,
            waves=_wave_sizes(segments),
            retain_until=_days_later(self.now, self.request.retention_days),
            facts={
                "salt": salt.hex(),
                "origin": {"name": extracted.origin.name, "digest": extracted.origin.digest},
                "detail": dict(extracted.origin.detail),
                "as_of": extracted.origin.as_of.isoformat(),
                "columns": list(extracted.columns),
                "roots": {
                    "source": extracted.root.hex(),
                    "planned": root_of_roots(segment.root for segment in segments).hex(),
                },
                "totals": {stage: totals.to_document() for stage, totals in self.totals.items()},
                "rules": dict(self.rules),
                "fixed": dict(self.fixed),
                "count_before": before,
                "planned_in_s": (self.hub.clock.now() - self.now).total_seconds(),
            },
        )


def _not_before(until: datetime | None, drafted: Drafted) -> Drafted:
    """What is written while a late copy may still take it back would be gone, and nobody would know."""
    what = drafted.intention
    if until is None or what.due_at >= until:
        return drafted
    return replace(drafted, intention=replace(what, due_at=until))


def _wave_sizes(segments: Sequence[Staged]) -> tuple[int, ...]:
    sizes: Counter[int] = Counter()
    for segment in segments:
        sizes[segment.facts["rank"] // 1000] += segment.row_count
    return tuple(sizes[wave] for wave in sorted(sizes))


def _days_later(moment: datetime, days: int) -> datetime:
    return moment + timedelta(days=days)
