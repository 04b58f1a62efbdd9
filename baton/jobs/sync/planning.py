"""From people and links to intended writes: level-triggered, always measured against what is proven to be there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time

from baton.jobs.sync.lifecycle import Desired, desired_timeline
from baton.mapping.employees import employee_frame
from baton.mapping.result import Mapped
from baton.mapping.schema import FieldMapping
from baton.model.account import AccountState, Action, FieldSpec, FieldType, Scalar
from baton.model.effect import Intention, Link
from baton.store.people import PersonVersion, planned_digest

Digester = Callable[[Scalar, str], str]
"""(value, context) -> keyed digest in hex: how a value is compared without being kept."""


Living = Callable[[Collection[str]], Collection[str]]
"""(numbers) -> those of them who have an account there that others can refer to."""


@dataclass(frozen=True, slots=True)
class TargetRules:
    """All that planning needs to know of one target."""

    system: str
    mapping: FieldMapping
    fields: Mapping[str, FieldSpec]
    removable: bool
    protected: frozenset[str] = frozenset()
    """Numbers of people whose accounts are never disabled or removed by a run."""
    barred: frozenset[str] = frozenset()
    """Numbers of people who must not log in although HR's dates would let them: emergency leavers, none protected."""


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """What one person needs in one system. ``link`` is to be stored with the intentions."""

    link: Link
    intentions: Sequence[tuple[Intention, Mapping[str, str]]]
    """Each with the keyed digests of its fields."""
    faults: Sequence[tuple[str, str, str]] = field(default=())
    """(field, rule, message) of cells that could not be mapped; what they travel with is then not intended."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person to be planned for one target."""

    version: int
    timeline: Sequence[PersonVersion]
    link: Link
    rank: int = 0
    """How far below the top of the company; managers are provisioned first."""


class Planner:
    """Plans people for one target: works out every date of every person, maps all of them at once, compares."""

    def __init__(self, rules: TargetRules, digest: Digester, now: datetime) -> None:
        if rules.mapping.lifecycle is None:
            raise ValueError(f"{rules.mapping.file} is not a mapping for accounts")
        self.rules = rules
        self.lifecycle = rules.mapping.lifecycle
        self.digest = digest
        self.now = now

    def plan(self, people: Sequence[Person], living: Living) -> list[PersonPlan]:
        """The intentions that take each account from what is proven to what is wanted, now and later.

        A reference to anybody who has no account there is left for a later plan.
        """
        timelines = [desired_timeline(person.timeline, self.lifecycle, self.now) for person in people]
        flat = [desired.employee for timeline in timelines for desired in timeline]
        if not flat:
            return [self._planned(person, [], waiting=False) for person in people]
        mapped = self.rules.mapping.apply(employee_frame(flat))
        there = living(self._referred(mapped))
        rows = iter(range(len(flat)))
        return [
            self._plan_one(person, [(desired, next(rows)) for desired in timeline], mapped, there)
            for person, timeline in zip(people, timelines, strict=True)
        ]

    def still_takes_away(self, person: Person, action: Action, due_at: datetime) -> bool:
        """Whether what is known now calls for this disabling or removing at its moment as well; False for any other.

        What is due by now is judged by now. Where an account is to be removed, disabling it is right, too.
        """
        moment = max(due_at, self.now)
        until = [each for each in desired_timeline(person.timeline, self.lifecycle, self.now) if each.at <= moment]
        if not until or not action.destructive:
            return False
        # Judged by an account that is open: who is protected keeps also the one that a write in doubt may have opened.
        called = _action(AccountState.ENABLED, self._allowed(until[-1], person, AccountState.ENABLED))
        return called is action or (called is Action.REMOVE and action is Action.DISABLE)

    def _plan_one(
        self, person: Person, wanted: Sequence[tuple[Desired, int]], mapped: Mapped, living: Collection[str]
    ) -> PersonPlan:
        link = person.link
        state, applied, waiting = link.state, dict(link.applied), False
        rejected = self._rejected(person) and link.number not in self.rules.barred
        intentions: list[tuple[Intention, Mapping[str, str]]] = []
        faults: list[tuple[str, str, str]] = []
        for desired, row in wanted:
            # Whom the mapping is not for is looked after only in an account that the hub has had to do with.
            ours = state is not AccountState.ABSENT and (link.generation > 0 or bool(intentions))
            if not mapped.in_scope[row] and not ours:
                continue
            action = _action(state, self._allowed(desired, person, state))
            if action is None or (action.destructive and rejected):
                continue
            if row in mapped.refused_on(action):
                # Only this is left out: a cell that does not fit must neither keep a leaver in nor a retraction away.
                faults += self._faults(mapped, row, action)
                continue
            fields = self._fields(mapped, row, action)
            if action in (Action.UPDATE, Action.ENABLE):
                unborn = self._unborn(fields, living)
                waiting = waiting or bool(unborn)
                fields = {name: value for name, value in fields.items() if name not in unborn}
            digests = {name: self._field_digest(link.number, name, value) for name, value in fields.items()}
            if action in (Action.UPDATE, Action.ENABLE):
                digests = {
                    name: mark
                    for name, mark in digests.items()
                    # What was never written needs no clearing.
                    if applied.get(name) != mark and (name in applied or fields[name] is not None)
                }
                fields = {name: fields[name] for name in digests}
                if action is Action.UPDATE and not fields:
                    continue
            intentions.append((self._intention(desired, link.number, action, fields, person.rank), digests))
            state = action.leaves
            applied = {} if action is Action.REMOVE else {**applied, **digests}
        made = self._planned(person, intentions, waiting=waiting or bool(faults))
        return replace(made, faults=tuple(dict.fromkeys(faults)))

    def _planned(
        self, person: Person, intentions: Sequence[tuple[Intention, Mapping[str, str]]], *, waiting: bool
    ) -> PersonPlan:
        link = replace(
            person.link,
            planned_version=person.version,
            mapping_digest=self._digest_of(person.link.number),
            dirty=waiting,
            rejected_version=person.version if self._rejected(person) else 0,
        )
        return PersonPlan(link, intentions)

    def _digest_of(self, number: str) -> str:
        return planned_digest(self.rules.mapping.digest, protected=number in self.rules.protected)

    def _rejected(self, person: Person) -> bool:
        """Whether somebody has rejected what this version of the person would take away, by the same mapping.

        Whether the person was protected then is the same: to be put on that list, or taken off it, is no news from HR.
        """
        link, mapping = person.link, self.rules.mapping.digest
        same = link.mapping_digest in {planned_digest(mapping, protected=guarded) for guarded in (False, True)}
        return same and link.rejected_version == person.version

    def _allowed(self, desired: Desired, person: Person, state: AccountState) -> AccountState:
        """What is wanted, within what may be: who is protected keeps what there is, who is barred is out.

        Who is barred is closed even where what HR says of them was rejected; only its removal is not carried out then.
        """
        number = person.link.number
        if number in self.rules.protected and desired.state is not AccountState.ENABLED:
            return state
        if number in self.rules.barred and (desired.state is AccountState.ENABLED or self._rejected(person)):
            return AccountState.DISABLED
        if desired.state is AccountState.REMOVED and not self.rules.removable:
            return AccountState.DISABLED
        return desired.state

    def _faults(self, mapped: Mapped, row: int, action: Action) -> list[tuple[str, str, str]]:
        names = self.rules.mapping.fields_on(action)
        return [
            (fault.field, fault.rule, fault.message)
            for fault in mapped.faults
            if fault.row == row and fault.field in names
        ]

    def _fields(self, mapped: Mapped, row: int, action: Action) -> dict[str, Scalar]:
        """What travels with the action. Only an update or an enable can clear a field."""
        clears = action in (Action.UPDATE, Action.ENABLE)
        return {
            name: value.isoformat() if isinstance(value, time) else value  # targets know no bare time of day
            for name, value in mapped.record(row, action).items()
            if clears or value is not None
        }

    def _referred(self, mapped: Mapped) -> set[str]:
        """Everybody to whom any of the mapped people refers."""
        names = [name for name in mapped.rows.columns if self.rules.fields[name].type is FieldType.REFERENCE]
        return {number for name in names for number in mapped.rows[name].drop_nulls().unique()}

    def _unborn(self, fields: Mapping[str, Scalar], living: Collection[str]) -> set[str]:
        return {
            name
            for name, value in fields.items()
            if self.rules.fields[name].type is FieldType.REFERENCE and value is not None and value not in living
        }

    def _field_digest(self, number: str, name: str, value: Scalar) -> str:
        return self.digest(value, field_context(self.rules.system, number, name))

    def _intention(
        self, desired: Desired, number: str, action: Action, fields: Mapping[str, Scalar], rank: int
    ) -> Intention:
        plain: dict[str, Scalar] = {}
        references: dict[str, str] = {}
        for name, value in fields.items():
            if self.rules.fields[name].type is FieldType.REFERENCE and isinstance(value, str):
                references[name] = value
            else:
                plain[name] = value
        return Intention(
            system=self.rules.system,
            number=number,
            action=action,
            due_at=max(desired.at, self.now),
            fields=plain,
            references=references,
            rank=rank if action is Action.PROVISION else 0,
        )


def _action(state: AccountState, wanted: AccountState) -> Action | None:
    """The action that leads from one account state to another; UPDATE when only fields can differ."""
    if wanted is AccountState.ENABLED:
        return {AccountState.ABSENT: Action.PROVISION, AccountState.ENABLED: Action.UPDATE}.get(state, Action.ENABLE)
    if state is AccountState.ABSENT or state is wanted or wanted is AccountState.ABSENT:
        return None if state is not AccountState.ENABLED else Action.DISABLE
    if wanted is AccountState.REMOVED:
        return Action.REMOVE
    return Action.DISABLE if state is AccountState.ENABLED else None


def field_context(system: str, number: str, name: str) -> str:
    """What a field digest is bound to: the same value must not look alike for two people."""
    return f"{system}|{number}|{name}"


def ranks(managers: Mapping[str, str | None], numbers: Iterable[str], *, deepest: int = 50) -> dict[str, int]:
    """How far below the top each person stands, so that managers are provisioned first. Cycles end at ``deepest``."""
    found: dict[str, int] = {}
    for number in numbers:
        depth, above = 0, managers.get(number)
        while above is not None and depth < deepest:
            depth += 1
            above = managers.get(above)
        found[number] = depth
    return found
