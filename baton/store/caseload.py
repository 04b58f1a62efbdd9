"""All cases at once: what the schedule has to know of them, in as many statements for a hundred cases as for ten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import sqlalchemy as sa

from baton.model.case import NEW_MANAGER, WITH_A_SUCCESSOR, Act, CaseState, Cause, Item, ItemState, Statement
from baton.model.effect import EffectState
from baton.model.handover import HoldingKind, HoldingRef
from baton.model.people import EmploymentStatus
from baton.model.persons import NO_PERSONS
from baton.store.case_rows import CaseRows
from baton.store.effects import chunked
from baton.store.erasures import leaver_is_erased
from baton.store.held_back import has_passed
from baton.store.people import PeopleStore
from baton.store.personal import Keyring
from baton.store.rights import Place, listings, rights_given, says, shown_needed, speaking, takings
from baton.store.tables import case_items, cases, effects, people, person_versions, statements

Version = tuple[str, int]
"""An employee number, and which version of what HR has told of them."""
_PAGE_ROWS = 1_000
"""Rows that are in memory at once: the lists of a hundred cases may be long."""
# Made once: naming each column of another alias takes longer than the rest of a statement.
_TOLD, _LATER = person_versions.alias("told"), person_versions.alias("later")
_FOLLOWING = cases.alias("following")
_CASE_ID = attrgetter("case_id")


class Entrusted(NamedTuple):
    """A client on the list of a case. Thousands are made each hour: a plain tuple of what stands in the clear."""

    case_id: str
    system: str
    ref: HoldingRef
    successor: str


class Told(NamedTuple):
    """What HR calls somebody, and whether they are out whatever that is."""

    status: EmploymentStatus
    out: bool


class CaseloadStore:
    """Reads the lists of many cases; writes nothing.

    ``job``, ``systems``: by which people's accounts are written, and where; its gate lets go what HR says, or does not.
    """

    def __init__(self, keyring: Keyring, job: str, systems: Sequence[str]) -> None:
        self.rows = CaseRows(keyring)
        self.people = PeopleStore(keyring)
        self.passed = has_passed(job, systems)

    def entrusted(self, connection: sa.Connection, case_ids: Sequence[str]) -> list[Entrusted]:
        """Every client on the lists of these cases."""
        columns = case_items.c
        wanted = (columns.case_id, columns.system, columns.external_id, columns.successor)
        return [
            Entrusted(case_id, system, HoldingRef(HoldingKind.CLIENT, external_id), successor)
            for chunk in chunked(case_ids)
            for case_id, system, external_id, successor in connection.execute(
                sa.select(*wanted).where(columns.case_id.in_(chunk), columns.kind == HoldingKind.CLIENT.value)
            )
        ]

    def held_by(
        self, connection: sa.Connection, numbers: Sequence[str]
    ) -> dict[tuple[str, str], dict[str, set[HoldingKind]]]:
        """(leaver, system) -> by which ids they held what is still open on their lists there, and of which kinds."""
        columns = case_items.c
        closed = [state.value for state in ItemState if state.closed]
        where = (columns.holder_id != "", columns.state.not_in(closed))
        wanted = (cases.c.number, columns.system, columns.holder_id, columns.kind)
        listed = sa.select(*wanted).join(cases, cases.c.id == columns.case_id)
        found: dict[tuple[str, str], dict[str, set[HoldingKind]]] = {}
        for chunk in chunked(numbers):
            query = listed.where(cases.c.number.in_(chunk), cases.c.state != CaseState.RETRACTED.value, *where)
            for number, system, holder, kind in connection.execute(query.distinct()):
                found.setdefault((number, system), {}).setdefault(holder, set()).add(HoldingKind(kind))
        return found

    def with_code(self, connection: sa.Connection, code: str, case_ids: Sequence[str]) -> list[Item]:
        """The items of these cases of which this is noted."""
        return [
            self.rows.item(row)
            for chunk in chunked(case_ids)
            for row in connection.execute(
                sa.select(case_items).where(case_items.c.case_id.in_(chunk), case_items.c.code == code)
            )
        ]

    def lists(
        self,
        connection: sa.Connection,
        case_ids: Sequence[str],
        states: Iterable[ItemState],
        kinds: Iterable[HoldingKind] = HoldingKind,
    ) -> Iterator[tuple[str, list[Item]]]:
        """The items of these kinds and states of each of these cases that has any: one list in memory at a time."""
        where = (
            case_items.c.state.in_([state.value for state in states]),
            case_items.c.kind.in_([kind.value for kind in kinds]),
        )
        for chunk in chunked(case_ids):
            query = (
                sa.select(case_items)
                .where(case_items.c.case_id.in_(chunk), *where)
                .order_by(case_items.c.case_id, case_items.c.item)
            )
            rows = connection.execute(query, execution_options={"yield_per": _PAGE_ROWS})
            for case_id, some in groupby(map(self.rows.item, rows), key=lambda item: item.case_id):
                yield case_id, list(some)

    def half_agreed(self, connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, list[Item]]:
        """The rights of each of these cases about which one person has said a word, and no second one."""
        columns = case_items.c
        half = (columns.kind == HoldingKind.GRANT.value, columns.accepted_by != "", columns.approved_by == "")
        found: dict[str, list[Item]] = {}
        for chunk in chunked(case_ids):
            query = (
                sa.select(case_items).where(columns.case_id.in_(chunk), *half).order_by(columns.case_id, columns.item)
            )
            for item in map(self.rows.item, connection.execute(query)):
                found.setdefault(item.case_id, []).append(item)
        return found

    def changed(self, connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, datetime]:
        """When an item of each of these cases went a step last; cases without items are left out."""
        columns = case_items.c
        newest = sa.select(columns.case_id, sa.func.max(columns.changed_at)).group_by(columns.case_id)
        return {
            case_id: at
            for chunk in chunked(case_ids)
            for case_id, at in connection.execute(newest.where(columns.case_id.in_(chunk)))
        }

    def reopened(self, connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, datetime]:
        """When each of these cases was reopened last; those that never were are left out."""
        columns = statements.c
        newest = sa.select(columns.case_id, sa.func.max(columns.at)).group_by(columns.case_id)
        of = newest.where(columns.act == Act.REOPEN.value)
        return {
            case_id: at
            for chunk in chunked(case_ids)
            for case_id, at in connection.execute(of.where(columns.case_id.in_(chunk)))
        }

    def asked(self, connection: sa.Connection, case_ids: Sequence[str]) -> set[tuple[str, str]]:
        """(case, person) for everybody to whom something in these cases is offered, or who is to get it."""
        columns, states = case_items.c, [state.value for state in WITH_A_SUCCESSOR]
        wanted = sa.select(columns.case_id, columns.successor).where(columns.state.in_(states)).distinct()
        return {
            (case_id, successor)
            for chunk in chunked(case_ids)
            for case_id, successor in connection.execute(wanted.where(columns.case_id.in_(chunk)))
        }

    def followed(self, connection: sa.Connection, case_ids: Sequence[str]) -> frozenset[str]:
        """Those of these cases after which another one of the same person was opened that is not retracted."""
        found: set[str] = set()
        for chunk in chunked(case_ids):
            found.update(connection.execute(sa.select(cases.c.id).where(cases.c.id.in_(chunk), followed())).scalars())
        return frozenset(found)

    def rights_given(
        self, connection: sa.Connection, job: str, case_ids: Sequence[str], state: EffectState = EffectState.DONE
    ) -> list[tuple[str, str]]:
        """(case, effect key): the rights that these cases have given, or are to give, to successors who have them."""
        query = rights_given(job, state)
        return [
            (row[0], row[1])
            for chunk in chunked(case_ids)
            for row in connection.execute(query.where(cases.c.id.in_(chunk)))
        ]

    def rights_in_question(
        self, connection: sa.Connection, job: str, states: Sequence[CaseState]
    ) -> dict[str, CaseState]:
        """The cases in these states whose own lists do not show who needs a right that they gave; one statement.

        Those of erased leavers are left out.
        """
        given = rights_given(job, EffectState.DONE).add_columns(cases.c.state)
        query = given.where(cases.c.state.in_([state.value for state in states]), ~shown_needed(), ~leaver_is_erased())
        return {case_id: CaseState(state) for case_id, _, state in connection.execute(query)}

    def takings_unsent(self, connection: sa.Connection, job: str) -> list[tuple[str, str]]:
        """(case, effect key): takings of successors' rights that can be called back; one statement.

        Those of erased leavers are left out.
        """
        unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
        query = takings(job).where(unsent, effects.c.doubted.is_(False), ~leaver_is_erased())
        return [(row[0], row[1]) for row in connection.execute(query)]

    def being_taken(self, connection: sa.Connection, job: str, systems: Collection[str]) -> set[tuple[str, str]]:
        """(system, what the effect is about) of the takings of successors' rights that are under way in these systems.

        Not of those whom their own case takes the right from: they are not to have it again.
        """
        query = takings(job).with_only_columns(effects.c.system, effects.c.number)
        return {(row[0], row[1]) for row in connection.execute(query.where(effects.c.system.in_(sorted(systems))))}

    def relied_on(self, connection: sa.Connection, places: Collection[Place]) -> set[tuple[str, Place]]:
        """(case, place) for those of these places at which a case says that somebody needs a right.

        Of what is to go, the case says it; of what has gone, or has stayed with its leaver, only the newest one that
        lists it: the word of an older one is about the time before.
        """
        rows = [
            row
            for numbers in chunked(sorted({number for _, _, number in places}))
            for objects in chunked(sorted({thing for _, thing, _ in places}))
            for row in connection.execute(speaking(numbers, objects))
        ]
        newest: dict[tuple[str, str], tuple[datetime, str]] = {}
        for ids in chunked(sorted({row.external_id for row in rows})):
            for system, ref, at, case_id in connection.execute(listings(ids)):
                newest[system, ref] = max((at, case_id), newest.get((system, ref), (at, case_id)))
        told = [row for row in rows if row.to_go or newest[row.system, row.ref] == (row.opened_at, row.case_id)]
        return {(row.case_id, place) for row in told for place in places if says(row, place)}

    def barred(self, connection: sa.Connection) -> frozenset[str]:
        """Who may not log in whatever HR has said so far: the leavers of emergency cases.

        A retracted case bars nobody. A completed one does until HR has entered a departure that was not over when the
        case began (no slip that the gate has held): from then on HR's dates hold, and who is hired again is somebody as
        any other.
        """
        query = sa.select(cases.c.number, _had_to_come(cases.c.number)).where(_barring(self.passed))
        found: dict[str, bool] = dict(connection.execute(query).all())
        barred = set(found)
        for chunk, void in self._void(connection, [number for number, unsure in found.items() if unsure]):
            exactly = sa.select(cases.c.number).where(_barring(self.passed, void), cases.c.number.in_(chunk))
            barred = barred.difference(chunk).union(connection.execute(exactly).scalars())
        return frozenset(barred)

    def by_persons(self, connection: sa.Connection, numbers: Sequence[str]) -> set[str]:
        """Those of these people who have a case under way that a person has opened (again), or made an emergency.

        Naming another manager is no such word; to open a retracted case again is.
        """
        first = sa.or_(cases.c.opened_by.not_in(sorted(NO_PERSONS)), cases.c.cause == Cause.EMERGENCY.value)
        going: dict[str, str] = {}
        found: set[str] = set()
        for chunk in chunked(numbers):
            query = sa.select(cases.c.id, cases.c.number, first).where(cases.c.number.in_(chunk), _going())
            for case_id, number, decided in connection.execute(query):
                going[case_id] = number
                found |= {number} if decided else set()
        acts = statements.c.act.in_([Act.OPEN.value, Act.RETRACT.value, Act.REOPEN.value])
        for chunk in chunked([case_id for case_id, number in going.items() if number not in found]):
            of = sa.select(statements).where(statements.c.case_id.in_(chunk), acts).order_by(statements.c.key)
            said = map(self.rows.statement, connection.execute(of))
            found |= {going[case_id] for case_id, some in groupby(said, key=_CASE_ID) if _leaves_by(list(some))}
        return found

    def told(self, connection: sa.Connection, numbers: Sequence[str], now: datetime) -> dict[str, Told]:
        """What HR calls each of these people, and whether they are out by a case of theirs all the same.

        They are where it bars them, or where its last working moment is over and HR has entered no departure since:
        from then on HR's word holds. It holds, too, where a case is completed that HR's own dates had opened, or that
        another one has followed, and of whom it calls hired again: their case is about the time before.
        """
        out = _out(now, self.passed)
        query = sa.select(people.c.number, people.c.status, out, sa.and_(out, _had_to_come(people.c.number)))
        told: dict[str, Told] = {}
        unsure: list[str] = []
        for chunk in chunked(numbers):
            for number, status, is_out, is_unsure in connection.execute(query.where(people.c.number.in_(chunk))):
                told[number] = Told(EmploymentStatus(status), bool(is_out))
                unsure += [number] if is_unsure else []
        for group, void in self._void(connection, unsure):
            exactly = sa.select(people.c.number, _out(now, self.passed, void)).where(people.c.number.in_(group))
            for number, is_out in connection.execute(exactly):
                told[number] = told[number]._replace(out=bool(is_out))
        return told

    def _void(self, connection: sa.Connection, numbers: Sequence[str]) -> Iterator[tuple[Sequence[str], list[Version]]]:
        """These people in portions, with the versions of theirs that never took effect; portions without any left out.

        Whether one was put off stands in what is sealed: no statement can tell it.
        """
        for chunk in chunked(numbers):
            if void := self.people.given_way(connection, chunk):
                yield chunk, void

    def arrived(self, connection: sa.Connection) -> list[str]:
        """The cases in which something is on its way whose effect has ended: where it is now can be said."""
        ended = [state.value for state in EffectState if not state.open]
        query = (
            sa.select(case_items.c.case_id)
            .join(effects, effects.c.key == case_items.c.effect_key)
            .where(case_items.c.state == ItemState.MOVING.value, effects.c.state.in_(ended))
        )
        return sorted(connection.execute(query.distinct()).scalars())


def _leaves_by(said: Sequence[Statement]) -> bool:
    """Whether a person has said that the leaver of a case leaves: what was said of it as a whole, oldest first."""
    return any(
        each.person not in NO_PERSONS
        and (
            (each.act is Act.OPEN and not each.text.startswith(NEW_MANAGER))
            or (each.act is Act.REOPEN and before is not None and before.act is Act.RETRACT)
        )
        for before, each in zip([None, *said], said, strict=False)
    )


def _going() -> sa.ColumnElement[bool]:
    """A case that is under way."""
    return cases.c.state.in_([CaseState.OPEN.value, CaseState.PAUSED.value])


def _barring(passed: sa.ColumnElement[bool], void: Sequence[Version] = ()) -> sa.ColumnElement[bool]:
    """A case by which its leaver may not log in whatever HR has said so far."""
    completed = sa.and_(cases.c.state == CaseState.COMPLETED.value, ~_entered(passed, void))
    return sa.and_(cases.c.cause == Cause.EMERGENCY.value, sa.or_(_going(), completed))


def _out(now: datetime, passed: sa.ColumnElement[bool], void: Sequence[Version] = ()) -> sa.ColumnElement[bool]:
    """A person who is out by a case of theirs, see `CaseloadStore.told`."""
    by_hand = cases.c.cause == Cause.BY_HAND.value
    completed = sa.and_(cases.c.state == CaseState.COMPLETED.value, by_hand, ~followed())
    again = people.c.status == EmploymentStatus.REHIRED.value
    over = sa.and_(cases.c.last_working_at <= now, ~again, sa.or_(_going(), completed), ~_entered(passed, void))
    return sa.exists().where(cases.c.number == people.c.number, sa.or_(_barring(passed, void), over))


def _had_to_come(number: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """A person of whom HR has told something before it took effect: only that can have been called off or put off."""
    return sa.exists().where(_TOLD.c.number == number, _TOLD.c.effective_at > _TOLD.c.recorded_at)


def followed() -> sa.ColumnElement[bool]:
    """A case after which another one of the same person was opened that is not retracted."""
    return sa.exists().where(
        _FOLLOWING.c.number == cases.c.number,
        _FOLLOWING.c.opened_at > cases.c.opened_at,
        _FOLLOWING.c.state != CaseState.RETRACTED.value,
    )


def _entered(passed: sa.ColumnElement[bool], void: Sequence[Version]) -> sa.ColumnElement[bool]:
    """A case of whose leaver HR has entered a departure that was not over when it began, and that has ``passed``.

    What the gate held and nobody let go, a slip that was rejected or corrected, is no departure. Nothing is over by a
    ``void`` version. Without naming them a departure may look over that was not.
    """
    over = sa.exists().where(
        _LATER.c.number == person_versions.c.number,
        _LATER.c.version > person_versions.c.version,
        _LATER.c.effective_at <= cases.c.opened_at,
        sa.tuple_(_LATER.c.number, _LATER.c.version).not_in(void) if void else sa.true(),
    )
    # By itself it is tied to the SELECT just around it only: "this case" would be any case of anybody.
    over = over.correlate(person_versions, cases)
    return sa.exists().where(
        person_versions.c.number == cases.c.number,
        person_versions.c.status == EmploymentStatus.DEPARTED.value,
        ~over,
        passed,
    )
