"""Reconcile: compare every account of a target with what is proven to be there, report drift, plan the repair.

Repair touches only fields the hub owns (those it has written). It goes through plan, gate and apply like everything
else: reconcile itself writes to no target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from baton.audit.canonical import Json
from baton.contracts import AccountTarget
from baton.errors import HaltError, InDoubtError
from baton.hub.core import PLANNING, Hub
from baton.jobs.sync.planning import field_context
from baton.model.account import Account, AccountState, FieldType
from baton.model.effect import UNSETTLED_STATES, Link
from baton.store.trail import Entry, append


@dataclass(frozen=True, slots=True)
class Drift:
    """One account that is not as the hub left it."""

    system: str
    number: str
    kind: str
    """``missing``, ``number_gone``, ``state``, ``relinked``, ``fields``, ``refused`` or ``unknown_account``."""
    fields: Sequence[str] = ()
    detail: str = ""


@dataclass
class Reconciled:
    """What one target's scan showed. ``counts``: scanned, alike, drifted, unknown, busy."""

    system: str
    counts: Counter[str] = field(default_factory=Counter)
    drifts: list[Drift] = field(default_factory=list)


def reconcile(hub: Hub, system: str) -> Reconciled:
    """Scan one target. What drifted is marked to be planned again; accounts nobody knows are only reported."""
    target = hub.target(system)
    found = Reconciled(system)
    # What the hub knows is read before the scan: what it writes itself in the meantime is then no drift.
    with hub.database.read() as connection:
        links = list(hub.links.in_system(connection, system))
        busy = hub.effects.numbers_in(connection, system, UNSETTLED_STATES)
        refused = hub.effects.refused(connection, system)
    accounts = scanned(target, system, found, links)
    require_whole(system, links, accounts)
    owners = {link.external_id: link.number for link in links if link.external_id is not None}
    owners |= {account.external_id: number for number, account in accounts.items()}  # whose an id is by now
    news: dict[str, tuple[Link, Drift | None, Link]] = {}
    for link in links:
        account = accounts.get(link.number)
        drift, seen = _compare(hub, target, link, account, owners)
        if drift is None and link.number in refused:
            drift, seen = Drift(system, link.number, "refused", detail=_AGAIN), replace(seen, dirty=True)
        nameless = account is not None and account.number is None and account.state not in _GONE
        if nameless:
            drift = _number_gone(link, drift)
        # A number that is gone is told every time until somebody has put it back: no run does that.
        if (seen != link or nameless) and link.number not in busy:
            news[link.number] = (link, drift, seen)
    with hub.database.write() as connection:
        # Not beside a planning, which holds the audit log when it comes to the links: each would wait for the other.
        hub.database.alone(connection, PLANNING)
        current = hub.links.locked(connection, system, sorted(news))
        busy |= hub.effects.numbers_in(connection, system, UNSETTLED_STATES)
        busy |= {number for number, (link, _, _) in news.items() if current.get(number) != link}
        kept = [(drift, seen) for number, (_, drift, seen) in news.items() if number not in busy]
        hub.links.observe(connection, [seen for _, seen in kept])
        drifted = sum(drift is not None for drift, _ in kept)
        body: dict[str, Json] = {"system": system, "scanned": found.counts["scanned"], "drifted": drifted}
        append(connection, [Entry(kind="reconcile", at=hub.clock.now(), body=body)])
    found.drifts = [drift for drift, _ in kept if drift is not None]
    known = {link.number for link in links}
    strangers = [number for number in accounts if number not in known]
    found.drifts += [Drift(system, number, UNKNOWN, detail="not an employee we know") for number in strangers]
    found.counts["unknown"] += len(strangers)
    found.counts["busy"] = len(busy & known)
    found.counts["drifted"] = drifted
    found.counts["alike"] = len(links) - found.counts["busy"] - found.counts["drifted"]
    return found


NUMBER_GONE: Final = "number_gone"
"""The kind of a drift that no run repairs: the account is there under its id, and carries no employee number."""
UNKNOWN: Final = "unknown_account"
"""The kind of what is told of an account with the number of nobody we know."""
_PUT_BACK = "the account {id} is there and carries no employee number any more; put {number} back into it there"
_AGAIN = "its last write was refused; the next run tries it again"
_ANEW = "has another account than the one that was linked; it is linked now"


_GONE: Final = (AccountState.ABSENT, AccountState.REMOVED)
_MISSING_AT_LEAST = 5
_MISSING_SHARE = 0.2


def require_whole(system: str, links: Sequence[Link], accounts: Mapping[str, Account]) -> None:
    """A scan without a good part of the accounts says something about the scan, not about the accounts.

    Believing it would have all of them made again.
    """
    living = [link for link in links if link.state not in _GONE]
    missing = sum(link.number not in accounts for link in living)
    if missing > max(_MISSING_AT_LEAST, _MISSING_SHARE * len(living)):
        raise HaltError(
            f"{system} shows {len(living) - missing} of {len(living)} accounts that are proven to be there",
            code="scan_shrunken",
            remedy="look at the system and at what the hub's user may see there; nothing was taken from this scan",
        )


def scanned(target: AccountTarget, system: str, found: Reconciled, links: Iterable[Link]) -> dict[str, Account]:
    """Every account that can be told whose it is, by employee number.

    One that carries no number is its linked person's, as long as no account carries theirs: ``number`` stays None.
    """
    accounts: dict[str, Account] = {}
    owners = {link.external_id: link.number for link in links if link.external_id and link.state not in _GONE}
    nameless: dict[str, Account] = {}
    for account in target.scan():
        found.counts["scanned"] += 1
        if account.number is None:
            found.counts["unknown"] += 1
            if account.external_id in owners:
                nameless[owners[account.external_id]] = account
        elif account.number in accounts:
            raise InDoubtError(f"{system} lists the same person twice in one scan", code="scan_repeats")
        else:
            accounts[account.number] = account
    lost = {number: account for number, account in nameless.items() if number not in accounts}
    found.counts["unknown"] -= len(lost)
    return accounts | lost


def _compare(
    hub: Hub, target: AccountTarget, link: Link, account: Account | None, owners: Mapping[str, str]
) -> tuple[Drift | None, Link]:
    if account is None:
        if link.state in _GONE:
            return None, link
        absent = replace(link, state=AccountState.ABSENT, external_id=None, applied={}, dirty=True)
        return Drift(link.system, link.number, "missing", detail=f"was {link.state}"), absent
    if link.state in _GONE and account.state in _GONE:
        return None, link
    wrong = [
        name
        for name, mark in link.applied.items()
        if target.fields[name].readable and mark_of(hub, target, link, account, name, owners) != mark
    ]
    # Without an id: somebody else may have found out that a write arrived, without learning the account's id.
    anew = link.external_id not in (None, account.external_id)
    at = _anew(link, account, target) if anew else replace(link, external_id=account.external_id)
    if account.state is not link.state:
        detail = f"is {account.state}, should be {link.state}"
        seen = replace(at, state=account.state, dirty=True)
        return Drift(link.system, link.number, "state", tuple(wrong), detail), _without(seen, wrong)
    if anew:
        return Drift(link.system, link.number, "relinked", tuple(wrong), _ANEW), _without(at, wrong)
    if wrong and link.state is AccountState.ENABLED:
        return Drift(link.system, link.number, "fields", tuple(wrong)), _without(replace(at, dirty=True), wrong)
    return None, at


def _number_gone(link: Link, besides: Drift | None) -> Drift:
    """What is told of an account that is known by its id alone, and what else is not as it was."""
    told = _PUT_BACK.format(id=link.external_id, number=link.number)
    if besides is None:
        return Drift(link.system, link.number, NUMBER_GONE, detail=told)
    return replace(besides, kind=NUMBER_GONE, detail="; ".join(filter(None, (told, besides.detail))))


def _anew(link: Link, account: Account, target: AccountTarget) -> Link:
    """The link to another account than before, of which nothing is proven but what was read there."""
    unread = [name for name in link.applied if not target.fields[name].readable]
    return _without(replace(link, external_id=account.external_id, dirty=True), unread)


def mark_of(hub: Hub, target: AccountTarget, link: Link, account: Account, name: str, owners: Mapping[str, str]) -> str:
    """The digest of what is there now, made as it was made when the field was written."""
    value = account.fields.get(name)
    if target.fields[name].type is FieldType.REFERENCE and value is not None:
        value = owners.get(str(value), value)
    if value == "":
        value = None
    return hub.keyring.field_digest(value, field_context(link.system, link.number, name)).hex()


def _without(link: Link, wrong: Sequence[str]) -> Link:
    return replace(link, applied={name: mark for name, mark in link.applied.items() if name not in wrong})
