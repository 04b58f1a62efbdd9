"""After a restore: finding out what was done since the backup, by reading the systems back. Nothing is sent here.

*Accounts*: every account is read and becomes what is proven to be there, also those of people whom the backup does not
know yet; so the next plan holds only what differs. *Banks*: files that the backup believes unsent are traced, and every
answer the bank still offers is taken in again, so that a payable which was paid since is known as paid. *Blind
systems* (mail, chat) can say nothing: messages that may have been sent wait for a person, one by one, and of accounts
a dry run shows what would be sent again.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from baton.contracts import AccountTarget, Promise
from baton.contracts.payments import PaymentChannel
from baton.errors import BatonError, ConfigurationError, Fault, InDoubtError
from baton.hub import reconcile
from baton.hub.core import PLANNING, Hub
from baton.hub.feeds import read_sources
from baton.hub.keeping.restoring import require_known
from baton.hub.keys import require_keyring
from baton.hub.payment import found_at_bank
from baton.hub.reconcile import Reconciled
from baton.model.account import Account, AccountState
from baton.model.effect import UNSETTLED_STATES, EffectState, Link, PaymentAction
from baton.model.people import EmploymentStatus
from baton.store.restores import READ, UNREAD, UNREAD_WHY, fenced
from baton.store.tables import effects

_GONE = (AccountState.ABSENT, AccountState.REMOVED)


@dataclass
class ReadBack:
    """What reading one system back has shown."""

    system: str
    counts: Counter[str] = field(default_factory=Counter)
    """``accounts`` read, ``adopted`` (made since the backup), ``changed`` (since), ``gone``; at banks ``delivered``
    (files sent since), ``answers`` taken, ``paid`` (payables in no run here that the bank speaks of)."""
    look_at: list[str] = field(default_factory=list)
    """What the second person has to look at before opening: ids and kinds, never names or amounts."""
    trouble: str = ""
    """Why it could not be read: it stays fenced."""


def read_back(hub: Hub, only: Sequence[str] = ()) -> list[ReadBack]:
    """Read every system back that has not been since the restore (or only these). One in trouble keeps no other.

    What is not in use is not tried unless it is named: it stays fenced until it is in use again.

    Raises `ConfigurationError`, and reads nothing, where the keyring in use is not the one of this store: the marks of
    what is there are made with its digest key, and by another everybody would seem changed and be written again.
    The same for a system that there is not.
    """
    require_keyring(hub)
    with hub.database.read() as connection:
        engaged = list(hub.runs.engaged(connection))
    require_known(hub, engaged, only)
    unread = fenced(engaged, UNREAD)
    found = []
    people = functools.cache(lambda: _people(hub))
    for name in unread:
        if name not in (only or hub.settings.enabled):
            continue
        report = ReadBack(name)
        try:
            _read_system(hub, report, people)
        except BatonError as error:
            report.trouble = str(error)
            _tell(hub, report)
        else:
            _move_fence(hub, report)
        found.append(report)
    return found


@dataclass(frozen=True, slots=True)
class _People:
    """Employee numbers."""

    known: frozenset[str]
    """Everybody who is known here or whom HR knows by now."""
    working: frozenset[str]
    """Whom HR tells of now, and not as departed; of who is known here only those of whom it says something new."""


def _people(hub: Hub) -> _People:
    with hub.database.read() as connection:
        known = {number for system in hub.sources() for number in hub.people.digests(connection, system.name)}
    working: set[str] = set()
    for reading in read_sources(hub, hub.sources(), "").of.values():
        told = dict(zip(reading.rows["number"], reading.rows["status"], strict=True))
        known |= told.keys()
        working |= {number for number, status in told.items() if status != EmploymentStatus.DEPARTED.value}
    return _People(frozenset(known), frozenset(working))


def _read_system(hub: Hub, report: ReadBack, people: Callable[[], _People]) -> None:
    if report.system not in hub.settings.enabled:
        message = f"{report.system} is not in use; it stays fenced until it is enabled and read back"
        raise ConfigurationError([Fault(str(hub.settings.file), "not_in_use", message)])
    connector = hub.connector(report.system)
    if isinstance(connector, AccountTarget):
        if connector.promise is Promise.BLIND:
            report.look_at.append(f"blind baton plan sync --system {report.system}")
        else:
            _adopt(hub, report, connector, people)
    if isinstance(connector, PaymentChannel):
        traced = found_at_bank.trace_files(hub, report.system)
        report.counts.update(traced.counts)
        report.look_at += traced.look_at
        told = found_at_bank.take_again(hub, report.system)
        report.counts.update({"answers": told.files, "paid": told.paid})
        report.look_at += told.look_at
    with hub.database.read() as connection:
        report.look_at += list(_unsettled(connection, report.system))


def _unsettled(connection: sa.Connection, system: str) -> Iterator[str]:
    """What is still not known here: it is looked up where that can be done, and else waits for a person.

    A payment file that is at the bank is known; what becomes of it the bank tells in its time.
    """
    delivered = sa.and_(effects.c.action == PaymentAction.DELIVER.value, effects.c.state == EffectState.ACCEPTED.value)
    query = sa.select(effects.c.key, effects.c.action).where(
        effects.c.system == system, effects.c.state.in_(UNSETTLED_STATES), sa.not_(delivered)
    )
    for row in connection.execute(query.order_by(effects.c.id)):
        yield f"in_doubt {row.action} {row.key[:12]}"


def _move_fence(hub: Hub, report: ReadBack) -> None:
    figures = ", ".join(f"{name} {count}" for name, count in sorted(report.counts.items())) or "nothing to read"
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        latest = hub.restores.latest(connection)
        person = latest.person if latest is not None else ""
        hub.runs.disengage(connection, f"{UNREAD}{report.system}", person, "read back")
        hub.runs.engage(connection, f"{READ}{report.system}", person, f"read back after a restore: {figures}")


def _tell(hub: Hub, report: ReadBack) -> None:
    """Let the fence say why it stands, and what opens it: whoever runs into it reads no report."""
    scope, why = f"{UNREAD}{report.system}", f"{UNREAD_WHY}: {report.trouble}"
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        latest, standing = hub.restores.latest(connection), hub.runs.engaged(connection).get(scope)
        if standing not in (None, why):
            hub.runs.engage(connection, scope, latest.person if latest is not None else "", why)


def _adopt(hub: Hub, report: ReadBack, target: AccountTarget, people: Callable[[], _People]) -> None:
    """Make what is there now what is proven to be there."""
    system = report.system
    with hub.database.read() as connection:
        links = {link.number: link for link in hub.links.in_system(connection, system)}
    accounts = reconcile.scanned(target, system, Reconciled(system), links.values())
    with hub.database.read() as connection:
        erased = sorted(hub.erasures.erased(connection))
        forgotten = set(erased) - hub.people.statuses(connection, erased).keys()
    reconcile.require_whole(system, list(links.values()), accounts)
    owners = {account.external_id: number for number, account in accounts.items()}
    seen: list[Link] = []
    for number, account in accounts.items():
        link = links.get(number)
        if number in forgotten and not _is_of_somebody_new(report, number, account, people):
            continue  # erased: that there still is something of theirs is for that system to end
        if link is None and number not in people().known:
            report.counts["strangers"] += 1
            continue
        report.counts["accounts"] += 1
        now = _as_seen(hub, target, link or Link(system, number), account, owners)
        if (link is None or link.state in _GONE) and account.state not in _GONE:
            report.counts["adopted"] += 1
        elif link is not None and (link.state, link.applied) != (now.state, now.applied):
            report.counts["changed"] += 1
        seen.append(now)
    for number, link in links.items():
        if number not in accounts and link.state not in _GONE:
            report.counts["gone"] += 1
            seen.append(replace(link, state=AccountState.ABSENT, external_id=None, applied={}, dirty=True))
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        hub.links.observe(connection, seen)
        report.counts["overtaken"] = hub.restores.overtaken(connection, system)


def _is_of_somebody_new(report: ReadBack, number: str, account: Account, people: Callable[[], _People]) -> bool:
    """Whether the account under the number of somebody erased is that of who was hired under it since.

    One in use without anybody whom HR tells of is for the second person: they are not taken in again by any sync (they
    may have left once more, or somebody has let them in again there), so that none would ever end it.
    """
    if account.state is not AccountState.ENABLED:
        return False
    if number in people().working:
        return True
    report.look_at.append(f"erased_in_use {number}")
    return False


def _as_seen(hub: Hub, target: AccountTarget, link: Link, account: Account, owners: Mapping[str, str]) -> Link:
    """The link as the account shows it. What cannot be read keeps the mark it had."""
    if account.external_id is None:
        raise InDoubtError(f"{link.system} lists an account without its id", code="scan_without_id")
    applied = {
        name: mark for name, mark in link.applied.items() if name in target.fields and not target.fields[name].readable
    }
    for name, spec in target.fields.items():
        written = name in link.applied or account.fields.get(name) not in (None, "")
        if spec.readable and written:
            applied[name] = reconcile.mark_of(hub, target, link, account, name, owners)
    return replace(link, state=account.state, external_id=account.external_id, applied=applied, dirty=True)
