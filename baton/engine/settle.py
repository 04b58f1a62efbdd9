"""Proving a run: read back what was written, compare, and give the verdict. Nothing compared is never a success."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import sqlalchemy as sa

from baton.contracts import AccountTarget, Promise, ResultSource
from baton.engine import calls
from baton.errors import ConfigurationError, ConnectorError
from baton.model.account import Account, AccountState, AccountWrite, Outcome
from baton.model.effect import Effect, EffectState, Link
from baton.store import tallies
from baton.store.database import Database
from baton.store.effects import EffectStore, chunked
from baton.store.links import LinkStore, Seen
from baton.store.tables import effects

_FIGURES = (
    "done",
    "scheduled",
    "due",
    "held",
    "accepted",
    "in_doubt",
    "sent",
    "refused",
    "superseded",
    "different",
    "outstanding",
)


class Verdict(StrEnum):
    """How a run ended."""

    CLEAN = "clean"
    INCOMPLETE = "incomplete"
    HELD = "held"
    BROKEN = "broken"

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this verdict."""
        return {"clean": 0, "incomplete": 1, "broken": 2, "held": 3}[self.value]


@dataclass(frozen=True, slots=True)
class Difference:
    """A write that its system said was done and whose read-back says otherwise."""

    system: str
    number: str
    fields: Sequence[str]
    seen: Seen | None = None
    """What the account is, where it was read (and not an answer about it)."""


@dataclass
class Settlement:
    """What a run came to. ``counts`` are effects by state, plus ``compared``, ``scheduled`` and ``different``."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Clean only when everything that was due is done and everything done was compared and found alike."""
        count = self.counts
        if count[EffectState.HELD]:
            return Verdict.HELD
        open_now = count["due"] + count[EffectState.SENT] + count[EffectState.ACCEPTED] + count[EffectState.IN_DOUBT]
        compared_all = count["compared"] == count["comparable"]
        if open_now or count[EffectState.REFUSED] or self.differences or self.unreadable or not compared_all:
            return Verdict.INCOMPLETE
        return Verdict.CLEAN


TargetOpener = Callable[[str], AccountTarget]


def settle(
    run_id: str, database: Database, store: EffectStore, links: LinkStore, open_target: TargetOpener, planning: str
) -> Settlement:
    """Count a run's effects by state and read back those that are done and still the newest of their entity.

    ``planning`` names the task of those who plan: what is disproved is stored before or after a plan, never beside it.
    """
    now = store.clock.now()
    settlement = Settlement()
    with database.read() as connection:
        query = (
            sa.select(effects.c.state, sa.func.count(), sa.func.sum(sa.case((effects.c.due_at <= now, 1), else_=0)))
            .where(effects.c.run_id == run_id)
            .group_by(effects.c.state)
        )
        for state, count, due in connection.execute(query):
            settlement.counts[state] += count
            if state == EffectState.PLANNED:
                settlement.counts["due"] += int(due)
                settlement.counts["scheduled"] += count - int(due)
        done = store.read(connection, effects.c.run_id == run_id, effects.c.state == EffectState.DONE.value)
        newest = _newest(connection, done)
    comparable = [effect for effect in done if newest[effect.system, effect.number] == effect.version]
    settlement.counts["comparable"] = len(comparable)
    settlement.counts["outstanding"] = _outstanding(database, store)
    by_system: dict[str, list[Effect]] = {}
    for effect in comparable:
        by_system.setdefault(effect.system, []).append(effect)
    for system, written in by_system.items():
        try:
            target = open_target(system)
            if target.promise is Promise.BLIND and not isinstance(target, ResultSource):
                settlement.unreadable[system] = "it shows nothing: its receipts are all the proof there is"
                continue
            _compare(system, written, target, database, links, settlement)
        except (ConnectorError, ConfigurationError) as error:  # the latter: a system that is no longer configured
            settlement.unreadable[system] = str(error)
    _plan_again(database, links, settlement.differences, planning)
    return settlement


def _outstanding(database: Database, store: EffectStore) -> int:
    """How many people, over all systems and runs, are not as they should be because their last write was refused."""
    with database.read() as connection:
        return sum(len(store.refused(connection, system)) for system in tallies.systems(connection))


def _newest(connection: sa.Connection, done: Sequence[Effect]) -> dict[tuple[str, str], int]:
    """The highest version per entity that has reached its system: older ones can no longer be read back."""
    newest: dict[tuple[str, str], int] = {}
    for chunk in chunked(sorted({effect.number for effect in done})):
        query = (
            sa.select(effects.c.system, effects.c.number, sa.func.max(effects.c.version))
            .where(
                effects.c.number.in_(chunk),
                effects.c.state.not_in(
                    [
                        EffectState.PLANNED.value,
                        EffectState.HELD.value,
                        EffectState.SUPERSEDED.value,
                        EffectState.REFUSED.value,
                    ]
                ),
            )
            .group_by(effects.c.system, effects.c.number)
        )
        newest.update(((row[0], row[1]), row[2]) for row in connection.execute(query))
    return newest


def _compare(
    system: str,
    written: Sequence[Effect],
    target: AccountTarget,
    database: Database,
    links: LinkStore,
    settlement: Settlement,
) -> None:
    for chunk in chunked(written):
        with database.read() as connection:
            known = links.of(connection, system, [effect.number for effect in chunk])
            referred = sorted({number for effect in chunk for number in effect.references.values()})
            references = links.external_ids(connection, system, referred)
        writes = [
            calls.as_write(effect, known.get(effect.number, Link(system, effect.number)), references)
            for effect in chunk
        ]
        proven = [_proven(effect, known.get(effect.number)) for effect in chunk]
        sent = [
            replace(write, fields={name: value for name, value in write.fields.items() if name in names})
            for write, names in zip(writes, proven, strict=True)
        ]
        believed = [known.get(effect.number, Link(system, effect.number)).state for effect in chunk]
        for write, (differing, seen) in zip(sent, _read_back(target, sent, believed), strict=True):
            settlement.counts["compared"] += 1
            if differing:
                settlement.differences.append(Difference(system, write.ref.number, differing, seen))
    settlement.counts["different"] = len(settlement.differences)


def _read_back(
    target: AccountTarget, sent: Sequence[AccountWrite], believed: Sequence[AccountState]
) -> list[tuple[list[str], Seen | None]]:
    """For each write the names of what differs at the target, and what the account is that was read.

    Where the target proves writes by a later answer, that answer is read again: its listing of accounts may be older.
    """
    if isinstance(target, ResultSource):
        answers = calls.results(target, sent)
        return [([] if r.outcome is Outcome.DONE else [f"answer: {r.outcome}"], None) for r in answers]
    return [
        (calls.differences(write, account, target), _seen(account, state))
        for write, account, state in zip(sent, calls.found(target, sent), believed, strict=True)
    ]


def _seen(account: Account | None, believed: AccountState) -> Seen:
    if account is None:
        return Seen(believed, AccountState.ABSENT)
    return Seen(believed, account.state, account.external_id)


def _proven(effect: Effect, link: Link | None) -> set[str]:
    """The fields that this effect, as it was sent, is said to have written (a reference may have been left out)."""
    applied = {} if link is None else link.applied
    return {name for name, mark in effect.digests.items() if applied.get(name) == mark}


def _plan_again(database: Database, links: LinkStore, differences: Sequence[Difference], planning: str) -> None:
    """What the read-back disproves is no longer taken for applied: the next plan writes it again."""
    by_system: dict[str, list[Difference]] = {}
    for difference in differences:
        by_system.setdefault(difference.system, []).append(difference)
    if not by_system:
        return
    with database.write() as connection:
        # A plan that has read the links already would say that these people are planned.
        database.alone(connection, planning)
        for system, found in by_system.items():
            wrong = {item.number: item.fields for item in found}
            seen = {item.number: item.seen for item in found if item.seen is not None}
            links.disprove(connection, system, wrong, seen)


def summarise(counts: Mapping[str, int]) -> Iterator[str]:
    """The non-zero figures, in a fixed order, as ``name=value``."""
    return (f"{name}={counts[name]}" for name in _FIGURES if counts.get(name))
