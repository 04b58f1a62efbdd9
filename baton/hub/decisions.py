"""What only a person may decide: releasing or rejecting a held run, resolving an effect nobody can look up."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from baton.engine.plan import stored_plan_hash
from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.execution import find_run
from baton.hub.payment.untold import by_two
from baton.hub.sync import DECIDE_WITHIN
from baton.hub.sync import JOB as SYNC
from baton.model.account import Action, Receipt
from baton.model.effect import EVERY_ACTION, EffectState, PaymentAction
from baton.model.pay_run import JOB as PAYMENT
from baton.model.persons import alike, require_reason
from baton.settings_shape import OWN
from baton.store.held_back import let_go
from baton.store.leases import Settlement
from baton.store.restores import FENCES
from baton.store.runs import RELEASE, ApprovedFeed, Run, RunState
from baton.store.tables import effects

_ANEW: Final = "the next run plans it anew: baton run sync"
_TAKES_AWAY: Final = effects.c.destructive
_LETS_IN: Final = effects.c.action.in_([Action.ENABLE.value, Action.PROVISION.value])
_BY_PAY: Final = "see: baton pay show RUN; it needs signatures (baton pay sign) before baton pay release"


class Resolution(StrEnum):
    """What a person found out about an effect in doubt."""

    DONE = "done"
    RESEND = "resend"
    GIVE_UP = "give-up"


def release(hub: Hub, run_id: str, person: str, why: str, seen: str = "") -> int:
    """Let a held run go; returns the number of effects. The next apply takes them.

    ``seen`` begins the hash of the plan that the person was shown. A migration may be held several times, for something
    else each time: on what was not shown nobody decides (``other_plan``). Empty: on whatever it holds now.
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        run = _decidable(hub, connection, run_id, person, why, seen)
        held_since = run.created_at if run.job == SYNC else run.settled_at or run.created_at
        if hub.clock.now() - held_since > DECIDE_WITHIN:
            raise ApprovalError(
                f"{run_id} was planned more than {DECIDE_WITHIN.days} days ago",
                code="expired",
                remedy=_ANEW if run.job == SYNC else "reject it and let the next run plan anew",
            )
        held = hub.effects.held_by_run(connection, run.job).get(run_id)
        if not held:
            raise ApprovalError(f"{run_id} holds nothing any more", code="not_held", remedy="look at the newest run")
        if stored_plan_hash(connection, run_id, run.created_at) != run.plan_hash:
            raise ApprovalError(
                f"{run_id} no longer holds what was planned",
                code="changed",
                remedy="reject it, find out who changed the database (baton audit verify), and run again",
            )
        _require_still_meant(hub, connection, run)
        released = hub.effects.release(connection, run_id)
        hub.runs.decide(connection, run, RELEASE, person, why)
        hub.runs.change(connection, run_id, RunState.READY, verdict="")
        _accept_population(hub, connection, run)
    return released


def reject(hub: Hub, run_id: str, person: str, why: str, seen: str = "") -> int:
    """Discard a held run; returns the number of effects. Its people stay as they are until the source changes.

    But for emergency leavers: it is their case that has them out, not the source, and only its retraction lets them in.
    What the source had said of them, and was let go before, holds from then on.
    ``seen`` is as for `release`.
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        run = _decidable(hub, connection, run_id, person, why, seen)
        pairs = _held(connection, run_id, _TAKES_AWAY)
        discarded = hub.effects.reject(connection, run_id)
        out = hub.barred(connection)
        for system, numbers in pairs.items():
            by_cases = out.intersection(numbers)
            # Their case took them into this run, not the source: a departure that was approved before is not rejected.
            retracted = hub.links.forgotten(connection, system, numbers)
            approved = let_go(connection, SYNC, system, sorted(by_cases | retracted))
            hub.links.note_rejected(connection, [(system, number) for number in numbers if number not in approved])
            hub.links.mark_dirty(connection, system, sorted(by_cases))
        hub.runs.decide(connection, run, "reject", person, why)
        hub.runs.change(connection, run_id, RunState.REJECTED, verdict="held")
    return discarded


def resolve(hub: Hub, key_prefix: str, resolution: Resolution, person: str, why: str) -> str:
    """Settle one effect in doubt by what a person found out at the target; returns its key."""
    require_reason(person, why)
    with hub.database.write() as connection:
        found = hub.effects.read(connection, effects.c.key.startswith(key_prefix, autoescape=True), limit=2)
        if len(found) != 1 or len(key_prefix) < 8:
            raise ApprovalError(
                "name exactly one effect by at least 8 digits of its key",
                code="effect",
                remedy="see: baton effects RUN",
            )
        effect = found[0]
        if effect.action in tuple(PaymentAction) and resolution is not Resolution.GIVE_UP:
            what = "sent again" if resolution is Resolution.RESEND else "called delivered"
            raise ApprovalError(
                f"a payment file is never {what} on one person's word",
                code="pay_run",
                remedy="what the bank says settles it: baton pay deliver looks for the file there, baton pay answers "
                f"takes in its answers and statements; {by_two(effect.number)}",
            )
        if effect.state is not EffectState.IN_DOUBT:
            raise ApprovalError(f"effect {effect.key[:12]} is {effect.state}, not in doubt", code="not_in_doubt")
        receipt = {
            Resolution.DONE: Receipt.done(proof="person"),
            Resolution.RESEND: Receipt.not_performed("resend", "a person found that it did not arrive"),
            Resolution.GIVE_UP: Receipt.refused("given_up", "a person gave it up"),
        }[resolution]
        if hub.leases.settle(connection, [Settlement(effect, receipt)]) == [None]:
            raise ApprovalError(f"effect {effect.key[:12]} has just been settled by a worker", code="not_in_doubt")
        run = hub.runs.get(connection, effect.run_id)
        assert run is not None
        hub.runs.decide(connection, run, f"resolve {effect.key[:12]} {resolution}", person, why)
    return effect.key


def _decidable(hub: Hub, connection: sa.Connection, run_id: str, person: str, why: str, seen: str) -> Run:
    require_reason(person, why)
    run = hub.runs.get(connection, run_id) or find_run(hub, run_id)
    if run.job == PAYMENT:
        raise ApprovalError(f"{run_id} is a pay run: one person's word is not enough", code="pay_run", remedy=_BY_PAY)
    if run.state is not RunState.HELD:
        raise ApprovalError(f"{run_id} is {run.state}, not held", code="not_held", remedy="see: baton runs")
    if alike(person) == alike(run.requested_by):
        raise ApprovalError(
            f"{person} asked for this run and cannot decide on it", code="maker", remedy="a second person must decide"
        )
    if not run.plan_hash.startswith(seen):
        raise ApprovalError(
            f"{run_id} is held for something else than what was shown", code="other_plan", remedy="look at it again"
        )
    return run


def _held(connection: sa.Connection, run_id: str, *which: sa.ColumnElement[bool]) -> dict[str, list[str]]:
    """To whom a held run would do something, or something of this kind: system -> numbers."""
    waits = (effects.c.run_id == run_id, effects.c.state == EffectState.HELD.value, *which)
    found: dict[str, list[str]] = {}
    for row in connection.execute(sa.select(effects.c.system, effects.c.number).where(*waits).distinct()):
        found.setdefault(row.system, []).append(row.number)
    return found


def _require_still_meant(hub: Hub, connection: sa.Connection, run: Run) -> None:
    """What is held is still meant to be: HR has said nothing else of anybody in it, and no emergency changes it.

    A run for a few may have heard that, and left the others of it held. What would be taken away: nobody was protected
    since, no emergency of theirs retracted. Who would be let in: nobody must be out by an emergency since. The plan is
    decided on as a whole; the next run replaces it, since there is news of these people.
    """
    if run.job != SYNC:
        return
    everybody = _held(connection, run.id).items()
    news = {number for system, numbers in everybody for number in hub.links.behind(connection, system, numbers)}
    if news:
        who = ", ".join(sorted(news)[:10])
        message = f"HR has said something else of {len(news)} in {run.id} since it was planned: {who}"
        raise ApprovalError(message, code="news", remedy=_ANEW)
    pairs = _held(connection, run.id, _TAKES_AWAY)
    protected = {number for numbers in pairs.values() for number in numbers}.intersection(hub.settings.hub.protected)
    if protected:
        who = ", ".join(sorted(protected)[:10])
        message = f"{run.id} would take accounts from {len(protected)} on hub.protected: {who}"
        raise ApprovalError(message, code="protected", remedy=_ANEW)
    out = hub.barred(connection)
    forgotten = {
        number for system, numbers in pairs.items() for number in hub.links.forgotten(connection, system, numbers)
    }
    if forgotten - out:
        message = f"{run.id} would close accounts of {len(forgotten - out)} whose emergency was retracted since"
        raise ApprovalError(message, code="retracted", remedy=_ANEW)
    let_in = out.intersection(number for numbers in _held(connection, run.id, _LETS_IN).values() for number in numbers)
    if let_in:
        who = ", ".join(sorted(let_in)[:10])
        message = f"{run.id} would open accounts of {len(let_in)} who must be out by an emergency: {who}"
        raise ApprovalError(message, code="emergency", remedy=_ANEW)


def _accept_population(hub: Hub, connection: sa.Connection, run: Run) -> None:
    """The released feed is approved: from now on the next one is measured against it (not after a look at a few)."""
    if run.job != SYNC or run.counts.get("limited"):
        return
    for system in hub.sources():
        last = hub.runs.approved_feed(connection, system.name)
        if last is not None and len(hub.sources()) == 1:
            rows, population = run.counts["rows"], run.counts["population"]
            present = run.counts.get("present", rows)  # a run that was held before they were counted has it not
            accepted = ApprovedFeed(run.feed_digest, rows, last.columns, population, present)
            hub.runs.approve_feed(connection, system.name, accepted)


def kill_switch(hub: Hub, scope: str, position: str, person: str, why: str) -> None:
    """Throw a switch (``on``) or take it back (``off``)."""
    require_reason(person, why)
    systems = (*hub.settings.enabled, OWN)
    names = {"all", *(f"system:{name}" for name in systems), *(f"action:{action}" for action in EVERY_ACTION)}
    with hub.database.write() as connection:
        if position == "off":
            # Also that of a system which is no longer in use; what a restore has fenced opens in its own way.
            names = {name for name in hub.runs.engaged(connection) if not name.startswith(FENCES)}
        if scope not in names:
            raise ApprovalError(
                f"there is no switch {scope[:60]!r} to turn {position}",
                code="scope",
                remedy=f"one of: {', '.join(sorted(names)) or 'none is on'}",
            )
        change = hub.runs.engage if position == "on" else hub.runs.disengage
        change(connection, scope, person, why)
