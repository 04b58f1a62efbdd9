"""Planning a sync: read, guard, record, plan, gate, in one transaction that leaves either all of it or nothing."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from baton import telemetry
from baton.contracts import RemovalTarget
from baton.engine import gate
from baton.engine.plan import Planned, plan_hash, save_plan
from baton.errors import BatonError, ConfigurationError, Fault, FeedRefusedError
from baton.hub import overtaken, protecting
from baton.hub.asked_for import require_people, require_targets
from baton.hub.core import PLANNING, SYNC_JOB, Hub
from baton.hub.feeds import Readings, read_sources, record_refusal
from baton.hub.keeping.erasing import replay
from baton.hub.keeping.restoring import require_read_back
from baton.hub.unforeseen import told_by_place
from baton.jobs.sync.planning import Person, PersonPlan, Planner, TargetRules, ranks
from baton.jobs.sync.reading import Reading, belongs_elsewhere, managers_of
from baton.model.account import AccountState
from baton.model.effect import UNSETTLED_STATES, Link
from baton.model.people import EmploymentStatus
from baton.settings import SystemSettings
from baton.store.effects import Drafted, chunked
from baton.store.runs import ApprovedFeed, Run, RunFault, RunState

JOB: Final = SYNC_JOB
DECIDE_WITHIN: Final = timedelta(hours=72)
"""A held plan that is older than this no longer says enough about the world; a new run plans anew."""
_PEOPLE_AT_ONCE = 2000
_OVERTAKEN = 5
Managers = Callable[[], Mapping[str, str | None]]
"""Everybody's manager: worked out when somebody needs it."""


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What is to be synced, and who asks."""

    requested_by: str = "schedule"
    systems: Sequence[str] = ()
    """Only these targets; empty means all."""
    employees: Sequence[str] = ()
    """Only these people; empty means all."""
    accept_feed: str = ""
    """Digest of a feed that a person has looked at and wants used although the guards refuse it."""

    @property
    def limits(self) -> dict[str, int]:
        """How many people, or systems, it is limited to, as the run keeps it; empty for everybody and everything."""
        asked = {"limited": set(self.employees), "limited_systems": set(self.systems)}
        return {name: len(only) for name, only in asked.items() if only}


@dataclass
class SyncPlan:
    """A planned sync: the run and, for people to read, what it intends."""

    run: Run
    drafted: Sequence[Drafted]
    faults: Sequence[RunFault]
    notes: list[str] = field(default_factory=list)


class _Abandoned(Exception):  # noqa: N818 - not an error: how a dry run ends its transaction
    def __init__(self, plan: SyncPlan) -> None:
        super().__init__()
        self.plan = plan


def plan_sync(hub: Hub, request: SyncRequest) -> SyncPlan:
    """Plan and save. Raises `FeedRefusedError` (recorded as a run) when a guard refuses the feed."""

    def keep(plan: SyncPlan) -> SyncPlan:
        hub.crash_point("planning")
        return plan

    require_read_back(hub, request.systems)
    try:
        with telemetry.span("plan", job=JOB) as opened:
            plan = _planned(hub, request, keep)
            telemetry.note(opened, run=plan.run.id, state=plan.run.state.value)
        hub.crash_point("planned")
        return plan
    except FeedRefusedError as error:
        record_refusal(hub, JOB, request.requested_by, error, request.limits)
        raise


def preview_sync(hub: Hub, request: SyncRequest) -> SyncPlan:
    """The same plan, with the same hash, of which nothing is kept."""

    def abandon(plan: SyncPlan) -> SyncPlan:
        raise _Abandoned(plan)

    try:
        return _planned(hub, request, keep=abandon)
    except _Abandoned as abandoned:
        return abandoned.plan


def _planned(hub: Hub, request: SyncRequest, keep: Callable[[SyncPlan], SyncPlan]) -> SyncPlan:
    """Read, then plan in one transaction, which ``keep`` can still end.

    Sources are read outside the transaction: it may take minutes. A plan that was saved meanwhile may come from a newer
    feed than ours; then ours must not be put on top of it, and everything is read again.
    """
    sources = _checked(hub, request)
    replayed = replay(hub)
    for _ in range(_OVERTAKEN):
        with hub.database.read() as connection:
            before = hub.runs.count(connection, JOB)
            heard = hub.runs.heard(connection)
        readings = read_sources(hub, sources, request.accept_feed)
        with hub.database.write() as connection:
            hub.database.alone(connection, PLANNING)
            if hub.runs.count(connection, JOB) == before and readings.hold(hub, connection):
                return keep(_Planning(hub, request, connection, heard).carry_out(readings, replayed.notes))
    message = "other plans were saved, or people recorded, every time this one had read its sources"
    raise BatonError(message, code="overtaken", remedy="run it again")


def _checked(hub: Hub, request: SyncRequest) -> list[SystemSettings]:
    """The sources, when everything is fit to start: all faults of all mappings show before anything is read."""
    sources = hub.sources()
    if not sources:
        fault = Fault(str(hub.settings.file), "no_source", "no enabled system is an HR source")
        raise ConfigurationError([fault])
    require_targets(hub, request.systems)
    _ = hub.mappings
    return sources


class _Planning:
    """One planning, inside one transaction."""

    def __init__(
        self, hub: Hub, request: SyncRequest, connection: sa.Connection, heard: Sequence[tuple[str, str]]
    ) -> None:
        self.hub = hub
        self.request = request
        self.connection = connection
        self.heard = heard
        """What had been called in before the sources were read: only that has been answered by reading them."""
        self.run_id = hub.new_run_id(JOB)
        self.now = hub.clock.now()
        self.counts: Counter[str] = Counter(request.limits)
        self.faults: list[RunFault] = []
        self.notes: list[str] = []

    def carry_out(self, read: Readings, notes: Sequence[str]) -> SyncPlan:
        readings = read.of
        self.notes += notes
        self.hub.effects.freeze(self.connection, JOB)
        self._start_run(readings)
        read.record_acceptance(self.hub, self.connection, self.run_id, self.request.requested_by)
        read.note_origins(self.hub, self.connection, self.request.employees)
        recorded = {name: self._record(name, reading) for name, reading in readings.items()}
        self._note_lines(readings, recorded)
        wanted = list(dict.fromkeys(self.request.employees))
        require_people(self.hub, self.connection, wanted)
        self.counts["limited"] = len(wanted)
        systems = [s for s in self.hub.targets() if not self.request.systems or s.name in self.request.systems]
        self._replace_held_runs(systems)
        overtaken.give_up_unreachable(self.hub, self.connection)
        managers = functools.cache(lambda: managers_of(readings.values()))
        planned: list[Planned] = []
        for system in systems:
            with told_by_place(system.name, sa.exc.SQLAlchemyError):  # that is our own database
                planned += self._plan_system(system, managers)
        drafted = save_plan(self.connection, JOB, self.run_id, planned, self.hub.effects, self.hub.links)
        self.counts["effects"] = len(drafted)
        self.counts["scheduled"] = sum(draft.intention.due_at > self.now for draft in drafted)
        run = self._conclude(readings, drafted)
        self.notes += protecting.notes(self.hub, self.connection)  # once approved: the first run tells it, too
        return SyncPlan(run, drafted, self.faults, self.notes)

    def _start_run(self, readings: Mapping[str, Reading]) -> None:
        """The run's row comes first: effects refer to it."""
        digests = [reading.origin.digest for reading in readings.values()]
        self.run = Run(
            id=self.run_id,
            job=JOB,
            state=RunState.READY,
            requested_by=self.request.requested_by,
            plan_hash="",
            feed_digest=digests[0] if len(digests) == 1 else "+".join(digest[:16] for digest in digests),
            created_at=self.now,
        )
        for reading in readings.values():
            self.faults += reading.faults
        self.hub.runs.insert(self.connection, self.run, self.faults)

    def _record(self, source: str, reading: Reading) -> set[str]:
        """Store a new version of everyone about whom the feed says something new; of whom it says what is stored."""
        numbers = reading.numbers
        told = self.hub.people.told(self.connection, source, numbers)
        before = self.hub.people.count_told(self.connection, source)
        foreign = self.hub.people.elsewhere(self.connection, source, [each for each in numbers if each not in told])
        forgotten = self._forgotten(reading, told)
        wanted = set(self.request.employees)
        news = [
            position
            for position, (number, digest) in enumerate(zip(numbers, reading.digests, strict=True))
            if number not in told or told[number].digest != digest
        ]
        changed = [
            position
            for position in news
            if (not wanted or numbers[position] in wanted)
            and numbers[position] not in foreign
            and numbers[position] not in forgotten
        ]
        self._note(belongs_elsewhere(source, number, owner) for number, owner in foreign.items())
        marks = [reading.digests[position] for position in changed]
        pairs = list(zip(reading.employees(changed), marks, strict=True))
        self.hub.people.record(self.connection, source, self.run_id, pairs, told, self.now)
        self.counts["rows"] += reading.facts.rows
        if forgotten:
            self.counts["erased"] += len(forgotten)
        self.counts["rejected"] += reading.facts.unparseable
        self.counts["changed"] += len(changed)
        absent = before - reading.standing.height - len(told.keys() & set(numbers))
        if absent:
            self.counts["absent"] += absent
            self.notes.append(f"{absent} known people are not in {source}: absence is not leaving, nothing follows")
        return set(numbers) - {numbers[position] for position in set(news) - set(changed)}

    def _note_lines(self, readings: Mapping[str, Reading], recorded: Mapping[str, Collection[str]]) -> None:
        """Keep what is known of the lines now, so that the next reading can leave them out.

        Recording anybody has dropped it for all sources.
        """
        for name, reading in readings.items():
            known = reading.told_after(recorded[name])
            if known is not None and (known is not reading.told or self.counts["changed"]):
                self.hub.told_lines.save(self.connection, name, known)

    def _forgotten(self, reading: Reading, told: Collection[str]) -> set[str]:
        """Whom the feed still tells of as gone although they were erased. Who is hired again is somebody new."""
        erased = self.hub.erasures.erased(self.connection).difference(told)
        rows = zip(reading.rows["number"], reading.rows["status"], strict=True)
        return {number for number, status in rows if number in erased and status == EmploymentStatus.DEPARTED.value}

    def _candidates(self, system: SystemSettings, *, dirty: bool = True) -> list[tuple[str, int]]:
        digest = self.hub.mappings[system.name].digest
        only = self.request.employees or None
        protected = self.hub.settings.hub.protected
        return list(self.hub.people.candidates(self.connection, system.name, digest, only, protected, dirty=dirty))

    def _replace_held_runs(self, systems: Sequence[SystemSettings]) -> None:
        """A held run whose people have news is planned anew as a whole: nobody decides on half a picture.

        So is one on which nobody may decide any more, or with a system out of use, by a run for all: else they are left
        as they are for good. A dirty link is none (of a manager without an account): no run could be decided on.
        A run for a few replaces what is held of them alone: it plans nobody else, who would not be held any more.
        """
        held = self.hub.effects.held_by_run(self.connection, JOB)
        if not held:
            return
        news = {(system.name, number) for system in systems for number, _ in self._candidates(system, dirty=False)}
        found = {} if self._restricted else self.hub.runs.several(self.connection, list(held))
        late = {run_id for run_id, run in found.items() if self.now - run.created_at > DECIDE_WITHIN}
        late |= overtaken.unreachable(self.hub, {run_id: held[run_id] for run_id in found})
        for run_id, pairs in held.items():
            if run_id not in late and not pairs & news:
                continue
            if self._restricted and overtaken.take_out(self.hub, self.connection, run_id, pairs & news):
                self.notes.append(f"{run_id} stays held, without those whom this run plans")
                continue
            self.hub.effects.replace_held(self.connection, run_id)
            for name in {system for system, _ in pairs}:
                numbers = [number for system, number in pairs if system == name]
                self.hub.links.mark_dirty(self.connection, name, numbers)
            self.hub.runs.replace(self.connection, run_id, by=None if self._restricted else self.run_id)
            self.notes.append(f"{run_id} was held and is replaced by this run")

    def _plan_system(self, system: SystemSettings, managers: Managers) -> Iterable[Planned]:
        candidates = self._candidates(system)
        if not candidates:
            return
        connector = self.hub.registry.load(system.connector)
        rules = TargetRules(
            system=system.name,
            mapping=self.hub.mappings[system.name],
            fields=connector.fields,  # type: ignore[attr-defined]
            removable=issubclass(connector, RemovalTarget),
            protected=frozenset(self.hub.settings.hub.protected),
            barred=self.hub.barred(self.connection),
        )
        planner = Planner(rules, lambda value, context: self.hub.keyring.field_digest(value, context).hex(), self.now)
        busy = self.hub.effects.numbers_in(self.connection, system.name, UNSETTLED_STATES)
        busy |= self.hub.effects.undecided(self.connection, system.name)
        news = [pair for pair in self._candidates(system, dirty=False) if pair[0] in busy] if busy else []
        overtaken.withdraw(self.hub, self.connection, planner, self._people(system.name, news, managers))
        held = self.hub.effects.held_by_run(self.connection, JOB).values()
        busy |= {number for pairs in held for name, number in pairs if name == system.name}

        def living(numbers: Collection[str]) -> Collection[str]:
            return self.hub.links.external_ids(self.connection, system.name, sorted(numbers)).keys()

        for chunk in chunked(candidates, _PEOPLE_AT_ONCE):
            people = self._people(system.name, [pair for pair in chunk if pair[0] not in busy], managers)
            self.counts["waiting"] += len(chunk) - len(people)
            for plan in planner.plan(people, living):
                if plan.faults:
                    self._note_faults(system.name, plan)
                yield Planned(plan.link, plan.intentions)

    def _people(self, system: str, chunk: Sequence[tuple[str, int]], managers: Managers) -> list[Person]:
        numbers = [number for number, _ in chunk]
        links = self.hub.links.of(self.connection, system, numbers)
        timelines = self.hub.people.timelines(self.connection, numbers, self.now)
        # How deep somebody stands matters only where there is no account yet.
        absent = [number for number in numbers if number not in links or links[number].state is AccountState.ABSENT]
        depth = ranks(managers(), absent) if absent else {}
        return [
            Person(version, timelines[number], links.get(number, Link(system, number)), depth.get(number, 0))
            for number, version in chunk
        ]

    def _note_faults(self, system: str, plan: PersonPlan) -> None:
        self.counts["unmapped"] += 1
        place = f"{system}:{plan.link.number}"
        self._note(RunFault(place, name, rule, message) for name, rule, message in plan.faults)

    def _note(self, faults: Iterable[RunFault]) -> None:
        found = list(faults)
        self.faults += found
        self.hub.runs.add_faults(self.connection, self.run_id, found)

    def _conclude(self, readings: Mapping[str, Reading], drafted: Sequence[Drafted]) -> Run:
        """Judge the plan at the gate and write the run's final row."""
        population = 0
        for name, reading in readings.items():
            employed = reading.employed
            last = self.hub.runs.approved_feed(self.connection, name)
            population += employed if last is None else last.population
            self.counts["population"] += employed
            self.counts["present"] += reading.present
        trips = gate.trips(self.connection, self.run_id, population, self.hub.gate_policy)
        state = RunState.READY
        if trips:
            state = RunState.HELD
            self.hub.effects.hold(self.connection, self.run_id)
        else:
            self._approve(readings)
        if not self._restricted:
            self.counts["hints"] = self.hub.runs.take_hints(self.connection, self.run_id, self.heard)
        run = replace(
            self.run,
            state=state,
            plan_hash=plan_hash(JOB, drafted, self.now),
            counts=dict(self.counts),
            reasons=[str(trip) for trip in trips],
            verdict="held" if trips else "",
        )
        self.hub.runs.change(
            self.connection,
            run.id,
            state,
            plan_hash=run.plan_hash,
            counts=run.counts,
            reasons=run.reasons,
            verdict=run.verdict,
        )
        return run

    @property
    def _restricted(self) -> bool:
        """True for a run over some people or systems only: it says nothing about the rest."""
        return bool(self.request.limits)

    def _approve(self, readings: Mapping[str, Reading]) -> None:
        if self.request.employees:
            return
        undecided = bool(self.hub.effects.held_by_run(self.connection, JOB))
        for name, reading in readings.items():
            population = reading.employed
            last = self.hub.runs.approved_feed(self.connection, name)
            if undecided and last is not None:
                population = last.population  # nobody has agreed yet to what the held run makes of it
            given, facts = reading.origin.digest, reading.facts
            feed = ApprovedFeed(given, facts.rows, facts.columns, population, reading.present)
            self.hub.runs.approve_feed(self.connection, name, feed)
