"""What is proven to be in each system: one link per person and system, changed only by evidence."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from baton.model.account import AccountState, Action
from baton.model.effect import Effect, Link
from baton.store.effects import chunked
from baton.store.tables import links, people
from baton.store.upserts import insert_into


@dataclass(frozen=True, slots=True)
class Seen:
    """What reading an account has shown, and what its link said then: once that has changed, this is out of date."""

    believed: AccountState
    state: AccountState
    external_id: str | None = None


LAST_PLANNED = sa.func.abs(links.c.planned_version)
"""The version of the person that was planned last, forgotten since (`LinkStore.forget_plan`) or not."""


class LinkStore:
    """Reads and changes links, inside the caller's transaction."""

    def of(self, connection: sa.Connection, system: str, numbers: Sequence[str]) -> dict[str, Link]:
        """The links of these people in one system; people without one are left out."""
        found: dict[str, Link] = {}
        for chunk in chunked(numbers):
            query = sa.select(links).where(links.c.system == system, links.c.number.in_(chunk))
            found.update((row.number, _link(row)) for row in connection.execute(query))
        return found

    def named(self, connection: sa.Connection, system: str, external_ids: Sequence[str]) -> dict[str, str]:
        """Whose (employee numbers) these ids of one system are now; those that nobody has are left out."""
        found: dict[str, str] = {}
        for chunk in chunked(external_ids):
            query = sa.select(links.c.external_id, links.c.number).where(
                links.c.system == system, links.c.external_id.in_(chunk)
            )
            found.update((row.external_id, row.number) for row in connection.execute(query))
        return found

    def of_person(self, connection: sa.Connection, number: str) -> list[Link]:
        """One person's links in every system there ever was, by the system's name."""
        query = sa.select(links).where(links.c.number == number).order_by(links.c.system)
        return [_link(row) for row in connection.execute(query)]

    def enabled(
        self, connection: sa.Connection, systems: Sequence[str], numbers: Sequence[str]
    ) -> dict[str, list[str]]:
        """In which of these systems these people have an enabled account; people without any are left out."""
        found: dict[str, list[str]] = {}
        there = (links.c.system.in_(systems), links.c.state == AccountState.ENABLED.value)
        for chunk in chunked(numbers):
            query = sa.select(links.c.number, links.c.system).where(*there, links.c.number.in_(chunk))
            for number, system in connection.execute(query.order_by(links.c.number, links.c.system)):
                found.setdefault(number, []).append(system)
        return found

    def locked(self, connection: sa.Connection, system: str, numbers: Sequence[str]) -> dict[str, Link]:
        """The same as `of`; nobody else changes these links until the transaction ends."""
        found: dict[str, Link] = {}
        for chunk in chunked(numbers):
            query = sa.select(links).where(links.c.system == system, links.c.number.in_(chunk)).order_by(links.c.number)
            found.update((row.number, _link(row)) for row in connection.execute(query.with_for_update()))
        return found

    def in_system(self, connection: sa.Connection, system: str) -> Iterable[Link]:
        """All links of one system."""
        for row in connection.execute(sa.select(links).where(links.c.system == system)):
            yield _link(row)

    def save_plan(self, connection: sa.Connection, planned: Sequence[Link]) -> None:
        """Store that these people were planned up to a version; what is proven about them stays as it is."""
        changed = ("planned_version", "generation", "mapping_digest", "dirty", "rejected_version")
        self._upsert(connection, planned, changed)

    def observe(self, connection: sa.Connection, observed: Sequence[Link]) -> None:
        """Store what a scan has seen, for planning the repair."""
        self._upsert(connection, observed, ("external_id", "state", "applied", "dirty"))

    def _upsert(self, connection: sa.Connection, given: Sequence[Link], changed: tuple[str, ...]) -> None:
        """Insert, or change only these columns."""
        if not given:
            return
        names = [each.name for each in dataclasses.fields(Link)]
        rows = [{**{name: getattr(link, name) for name in names}, "state": link.state.value} for link in given]
        statement = insert_into(connection, links)
        statement = statement.on_conflict_do_update(
            index_elements=["system", "number"], set_={name: statement.excluded[name] for name in changed}
        )
        connection.execute(statement, rows)

    def confirm(self, connection: sa.Connection, proven: Sequence[tuple[Effect, str | None]]) -> None:
        """These effects (all of one system, one per person; with external ids) are proven: what they wrote is there."""
        if not proven:
            return
        system = proven[0][0].system
        known = self.locked(connection, system, [effect.number for effect, _ in proven])
        rows = []
        for effect, external_id in proven:
            link = known[effect.number]
            # What is removed has no fields: should the person return, all of them are written again.
            applied = {} if effect.action is Action.REMOVE else {**link.applied, **effect.digests}
            rows.append(
                {
                    "of_system": system,
                    "of_number": effect.number,
                    "state": Action(effect.action).leaves.value,
                    "applied": applied,
                    "external_id": external_id if external_id is not None else link.external_id,
                }
            )
        values = {name: sa.bindparam(name, type_=links.c[name].type) for name in ("state", "applied", "external_id")}
        confirming = sa.update(links).where(
            links.c.system == sa.bindparam("of_system"), links.c.number == sa.bindparam("of_number")
        )
        connection.execute(confirming.values(**values), rows)

    def note_external_id(self, connection: sa.Connection, effect: Effect, external_id: str) -> None:
        """The target named the account before proving it."""
        self._set(connection, effect, {"external_id": external_id})

    def mark_dirty(self, connection: sa.Connection, system: str, numbers: Sequence[str]) -> None:
        """Have these people planned again at the next run."""
        for chunk in chunked(numbers):
            connection.execute(
                sa.update(links).where(links.c.system == system, links.c.number.in_(chunk)).values(dirty=True)
            )

    def forget_plan(self, connection: sa.Connection, system: str, numbers: Sequence[str]) -> None:
        """Have these people planned again as if the source had said something new.

        What was rejected stays rejected: the source has said nothing. Which version was planned is kept below zero, so
        that what a run holds of it can still be rejected.
        """
        anew = {"dirty": True, "planned_version": -LAST_PLANNED}
        for chunk in chunked(numbers):
            theirs = (links.c.system == system, links.c.number.in_(chunk))
            connection.execute(sa.update(links).where(*theirs).values(**anew))

    def forgotten(self, connection: sa.Connection, system: str, numbers: Sequence[str]) -> set[str]:
        """Those of these people whose plan was forgotten (`forget_plan`), and who were not planned again since."""
        found: set[str] = set()
        for chunk in chunked(numbers):
            theirs = (links.c.system == system, links.c.number.in_(chunk), links.c.planned_version <= 0)
            found.update(connection.execute(sa.select(links.c.number).where(*theirs)).scalars())
        return found

    def behind(self, connection: sa.Connection, system: str, numbers: Sequence[str]) -> set[str]:
        """Those of these people of whom something newer is told than what was planned there last."""
        found: set[str] = set()
        for chunk in chunked(numbers):
            query = sa.select(links.c.number).join(people, people.c.number == links.c.number)
            theirs = (links.c.system == system, links.c.number.in_(chunk), people.c.version != LAST_PLANNED)
            found.update(connection.execute(query.where(*theirs)).scalars())
        return found

    def note_rejected(self, connection: sa.Connection, pairs: Iterable[tuple[str, str]]) -> None:
        """What was planned last about these people (system, number) takes nothing away, until there is news of them."""
        by_system: dict[str, list[str]] = {}
        for system, number in sorted(pairs):
            by_system.setdefault(system, []).append(number)
        for system, numbers in by_system.items():
            for chunk in chunked(numbers):
                theirs = (links.c.system == system, links.c.number.in_(chunk))
                connection.execute(sa.update(links).where(*theirs).values(rejected_version=LAST_PLANNED))

    def disprove(
        self,
        connection: sa.Connection,
        system: str,
        wrong: Mapping[str, Sequence[str]],
        seen: Mapping[str, Seen] | None = None,
    ) -> None:
        """Forget these fields as applied (person -> field names) and have the people planned again.

        Where the account was ``seen``, its state is stored too: the next plan is measured against it. Locked before
        they are read: what a worker proves meanwhile is not written over with what was there before.
        """
        for number, link in self.locked(connection, system, sorted(wrong)).items():
            kept = {name: mark for name, mark in link.applied.items() if name not in wrong[number]}
            values: dict[str, Any] = {"applied": kept, "dirty": True}
            found = None if seen is None else seen.get(number)
            if found is not None and found.believed is link.state:
                values |= {"state": found.state.value, "external_id": found.external_id}
                if found.state is AccountState.ABSENT:
                    values["applied"] = {}
            connection.execute(
                sa.update(links).where(links.c.system == system, links.c.number == number).values(**values)
            )

    def external_ids(self, connection: sa.Connection, system: str, numbers: Sequence[str]) -> dict[str, str]:
        """The external ids of these people's living accounts, for references."""
        gone = (AccountState.ABSENT.value, AccountState.REMOVED.value)
        found: dict[str, str] = {}
        for chunk in chunked(numbers):
            query = sa.select(links.c.number, links.c.external_id).where(
                links.c.system == system,
                links.c.number.in_(chunk),
                links.c.external_id.is_not(None),
                links.c.state.not_in(gone),
            )
            found.update((row.number, row.external_id) for row in connection.execute(query))
        return found

    def _set(self, connection: sa.Connection, effect: Effect, values: dict[str, Any]) -> None:
        connection.execute(
            sa.update(links).where(links.c.system == effect.system, links.c.number == effect.number).values(**values)
        )


def _link(row: sa.Row[Any]) -> Link:
    return Link(
        system=row.system,
        number=row.number,
        external_id=row.external_id,
        state=AccountState(row.state),
        applied=row.applied,
        planned_version=row.planned_version,
        generation=row.generation,
        mapping_digest=row.mapping_digest,
        dirty=row.dirty,
        rejected_version=row.rejected_version,
    )
