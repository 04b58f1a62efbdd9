"""Watching what is done to a leaver's clients: during the handover, and for the protection period after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from baton.contracts import ActivitySource
from baton.errors import ApprovalError, ConfigurationError, Fault, RejectedError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.intentions import FROZEN, JOB, grant_change
from baton.hub.offboarding.moving import log_out, save_moves
from baton.hub.offboarding.people import refs
from baton.hub.offboarding.policies import policies
from baton.hub.offboarding.standing import require_standing
from baton.hub.offboarding.unread import noted
from baton.jobs.offboarding.watch import Scene, refusals, remarkable
from baton.model.account import AccountRef
from baton.model.alert import UNDECIDED, Alert, AlertState, Decision, Rule
from baton.model.case import READ_BACK, Case, CaseState, Item, ItemState, Role
from baton.model.effect import Effect, EffectState
from baton.model.handover import HandoverAction, HoldingKind, HoldingRef
from baton.model.persons import alike
from baton.store.caseload import Entrusted
from baton.store.cases import ItemChange
from baton.store.tables import effects

_TO_SPARE: Final = timedelta(days=1)


@dataclass
class Watched:
    """What a look at what was done has shown."""

    case: Case
    alerts: list[Alert] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of history that is looked at for one case: ``[since, until)``."""

    case: Case
    since: datetime
    """Up to where was looked the last time. After ``until`` where the protection is over: only what is told late."""
    until: datetime
    earliest: datetime
    """What is told late is looked for from here on at the most."""
    now: datetime

    def begins(self, late: timedelta) -> datetime:
        """From where to ask a system that tells things so late: on a new day (UTC) from before what was seen."""
        same_day = self.since.astimezone(UTC).date() == self.now.astimezone(UTC).date()
        return self.since if same_day else min(self.since, max(self.earliest, self.since - late))


def watch(hub: Hub, case_id: str) -> Watched:
    """Look at what was done since the last look, and raise what is new. A system that cannot be read is read again."""
    case = find_case(hub, case_id)
    return watch_all(hub, [case])[case.id]


def watch_all(hub: Hub, listed: Sequence[Case]) -> dict[str, Watched]:
    """The same for several cases, by id: every system's history is read once for all of them."""
    now = hub.clock.now()
    watched = {case.id: Watched(case) for case in listed}
    asked = _worth_watching(hub, still_watched(hub, listed))
    stretches = [
        Stretch(case, case.watched_until or case.opened_at, min(now, case.protected_until or now), case.opened_at, now)
        for case in asked
    ]
    found = _seen(hub, stretches)
    if not found:
        return watched
    with hub.database.write() as connection:
        cases = hub.cases.locked(connection, list(found))
        raised = hub.alerts.raise_new(connection, [alert for one in found.values() for alert in one.alerts])
        # What could not be read is looked at again from where we were.
        whole = [case for case_id, case in cases.items() if not found[case_id].unread]
        hub.cases.note_watched(connection, whole, now)
    for case_id, one in found.items():
        until = cases[case_id].watched_until if one.unread else now
        one.case = replace(cases[case_id], watched_until=until)
        one.alerts = [alert for alert in raised if alert.case_id == case_id]
    return watched | found


def still_watched(hub: Hub, listed: Sequence[Case]) -> list[Case]:
    """Those of these cases of which something may still be told that was done while their clients were protected.

    So for as long after the protection as the systems tell things late; who was erased since is watched no more.
    """
    now, late = hub.clock.now(), _longest_told_late(hub)
    watched = [case for case in listed if _is_watched(case, now, late)]
    over = [case.id for case in watched if case.protected_until is not None and case.protected_until < now]
    if not over:
        return watched
    with hub.database.read() as connection:
        erased = hub.erasures.of_erased(connection, over)
    return [case for case in watched if case.id not in erased]


def _is_watched(case: Case, now: datetime, late: timedelta) -> bool:
    """Whether what was done up to the end of the protection may not all have been seen: ``late`` is told that late."""
    end = case.protected_until
    if case.state is CaseState.RETRACTED or end is None or now <= end:
        return case.state is not CaseState.RETRACTED
    # A system that cannot be read then is waited for as long again, and a day.
    seen = case.watched_until is not None and case.watched_until >= end + late
    return not seen and now < end + 2 * late + _TO_SPARE


def _longest_told_late(hub: Hub) -> timedelta:
    return max((_source(hub, name).told_late for name in _with_history(hub)), default=timedelta(0))


def _worth_watching(hub: Hub, listed: Sequence[Case]) -> list[Case]:
    """The cases in which something can be seen: all where a system keeps a history, else where a client has refused."""
    if not listed or _with_history(hub):
        return list(listed)
    with hub.database.read() as connection:
        refused = hub.caseload.with_code(connection, Rule.CLIENT_REFUSED.value, [case.id for case in listed])
    ids = {item.case_id for item in refused}
    return [case for case in listed if case.id in ids]


def _with_history(hub: Hub) -> list[str]:
    """The systems that keep a history of who did what."""
    systems = hub.settings.enabled.values()
    return [system.name for system in systems if issubclass(hub.registry.load(system.connector), ActivitySource)]


def _source(hub: Hub, system: str) -> type[ActivitySource]:
    kind = hub.registry.load(hub.settings.system(system).connector)
    assert issubclass(kind, ActivitySource)
    return kind


def replay(hub: Hub, case_id: str, since: datetime, until: datetime) -> Watched:
    """What the rules say about a stretch of history, as far back as is asked for; nothing is stored.

    Whose a client is, and who is to have them, is what the list says today.
    """
    case = find_case(hub, case_id)
    return _seen(hub, [Stretch(case, since, until, earliest=since, now=until)])[case.id]


def _seen(hub: Hub, stretches: Sequence[Stretch]) -> dict[str, Watched]:
    """What the rules say about a stretch of history of each of these cases, by id."""
    ids = [stretch.case.id for stretch in stretches]
    with hub.database.read() as connection:
        refused = hub.caseload.with_code(connection, Rule.CLIENT_REFUSED.value, ids)
        entrusted = hub.caseload.entrusted(connection, ids)
    found = {stretch.case.id: Watched(stretch.case) for stretch in stretches}
    for item in refused:
        found[item.case_id].alerts += refusals(found[item.case_id].case, [item])
    for system in _with_history(hub) if stretches else ():
        clients = [each for each in entrusted if each.system == system]
        for alert in _in_history(hub, system, stretches, clients, found):
            found[alert.case_id].alerts.append(alert)
    return found


def _in_history(
    hub: Hub,
    system: str,
    stretches: Sequence[Stretch],
    clients: Sequence[Entrusted],
    found: Mapping[str, Watched],
) -> list[Alert]:
    """What is remarkable in one system's history. Where it cannot be read, that is noted for these cases."""

    def note(why: str) -> None:
        for stretch in stretches:
            found[stretch.case.id].unread[system] = why

    with noted(system, note):
        try:
            return _remarkable(hub, system, stretches, clients)
        except RejectedError:
            if len(stretches) == 1:
                raise
            # It is about somebody: each case is asked for, and it stays with the one it is about.
            each_alone = (_in_history(hub, system, [each], _of(each, clients), found) for each in stretches)
            return [alert for alerts in each_alone for alert in alerts]
    return []


def _of(stretch: Stretch, clients: Sequence[Entrusted]) -> list[Entrusted]:
    return [each for each in clients if each.case_id == stretch.case.id]


def _remarkable(hub: Hub, system: str, stretches: Sequence[Stretch], clients: Sequence[Entrusted]) -> list[Alert]:
    """One question for all cases: the rules tell which of them an answer is about."""
    connector, chosen = hub.connector(system), policies(hub)
    assert isinstance(connector, ActivitySource)
    stretches = [each for each in stretches if each.begins(connector.told_late) <= each.until]
    if not stretches:
        return []  # the protection is over, and it is not the time of day to look for what is told late
    leavers = sorted({stretch.case.number for stretch in stretches})
    known = refs(hub, system, sorted({*leavers, *(each.successor for each in clients if each.successor)}))
    entitled: dict[str, dict[HoldingRef, str]] = {stretch.case.id: {} for stretch in stretches}
    for each in clients:
        entitled[each.case_id][each.ref] = known[each.successor].external_id or "" if each.successor else ""
    scenes = [
        Scene(
            stretch.case,
            stretch.begins(connector.told_late),
            stretch.until,
            system,
            known[stretch.case.number].external_id or "",
            entitled[stretch.case.id],
            chosen.of(stretch.case.policy).watch,
        )
        for stretch in stretches
    ]
    since, until = min(each.since for each in scenes), max(each.until for each in scenes)
    people = [known[number] for number in leavers if known[number].external_id]
    pages = connector.activities(since, until, list(dict.fromkeys(each.ref for each in clients)), people)
    return remarkable(scenes, (activity for page in pages for activity in page))


# --- decisions

_FROM: Final[Mapping[Decision, tuple[AlertState, ...]]] = {
    Decision.FREEZE: (AlertState.FREEZE_ASKED,),
    Decision.ASK_FREEZE: (AlertState.RAISED,),
    Decision.DISMISS: UNDECIDED,
}
"""Where an alert must stand for a decision."""


def decisions(alert: Alert, person: str) -> list[Decision]:
    """What somebody who may decide can say about an alert as it stands."""
    second = alike(person) != alike(alert.asked_by)
    return [each for each, states in _FROM.items() if alert.state in states and (second or each is not Decision.FREEZE)]


def dismiss(hub: Hub, key: str, person: str, why: str) -> Alert:
    """Say that there is nothing wrong."""
    return _decided(hub, key, Decision.DISMISS, AlertState.DISMISSED, person, why)


def ask_freeze(hub: Hub, key: str, person: str, why: str) -> Alert:
    """Want the leaver stopped in the system of an alert, at once. A second person must agree: `freeze`."""
    return _decided(hub, key, Decision.ASK_FREEZE, AlertState.FREEZE_ASKED, person, why)


def freeze(hub: Hub, key: str, person: str, why: str) -> str:
    """Agree: every right of the leaver there is taken away and every session ended; the run's id."""
    _require(person, why)
    with hub.database.write() as connection:
        alert, case = _locked(hub, connection, key, person, _FROM[Decision.FREEZE])
        if alike(person) == alike(alert.asked_by):
            raise ApprovalError("a second person must agree", code="maker")
        if case.state is CaseState.RETRACTED:
            raise ApprovalError("the case is retracted: who stays keeps their rights", code="case")
        now = hub.clock.now()
        rights = [
            (item, grant_change(item, HandoverAction.REVOKE, AccountRef(case.number, item.holder_id), now))
            for item in _to_freeze(hub, connection, case, alert.system)
        ]
        out = log_out(hub, connection, case, alert.system)
        # Named for itself: the log-out at the last working moment is still to come.
        others = [replace(out, number=f"{out.number}/frozen")] if out else []
        run_id = save_moves(hub, connection, case, rights, [(what, {}) for what in others], {FROZEN: "yes"})
        hub.alerts.decide(connection, alert, AlertState.FROZEN, person, why)
    return run_id


def _to_freeze(hub: Hub, connection: sa.Connection, case: Case, system: str) -> list[Item]:
    """The rights of the leaver in a system that a freeze has to take away, as they stand now.

    What two people have left until the last working moment is among them: it may be what the alert is about. What was
    just to come back to the leaver stays away. What is to go by the policy or the last day goes by the freeze from now
    on, since whatever puts that off would keep it.
    """
    states = [ItemState.OPEN, ItemState.STUCK, ItemState.LEFT, ItemState.MOVING]
    items = hub.cases.items(connection, case.id, states=states, kinds=[HoldingKind.GRANT])
    rights = [item for item in items if item.system == system and not item.by_hand]
    moves = hub.effects.by_key(connection, [item.effect_key for item in rights if item.state is ItemState.MOVING])
    unsent = hub.effects.cancel_keys(connection, list(moves), why=FROZEN)
    unsent |= {key for key, effect in moves.items() if effect.state is EffectState.SUPERSEDED}
    taken = _taken_before(hub, connection, [moves[key] for key in unsent])
    away, again = [], []
    for item in rights:
        effect = moves.get(item.effect_key) if item.state is ItemState.MOVING else None
        if effect is None:
            continue
        if effect.action is HandoverAction.ENTITLE and effect.key in unsent and effect.number in taken:
            known = {"effect_key": taken[effect.number], "code": READ_BACK, "message": "", "due_at": None}
            away.append(ItemChange(item, ItemState.DONE, known))
        elif _leaves_it_there(effect, unsent):
            again.append(ItemChange(item, ItemState.OPEN, {"code": FROZEN}))
    hub.cases.move_items(connection, away)
    stopped = hub.cases.move_items(connection, again)
    return [*(item for item in rights if item.state is not ItemState.MOVING), *stopped]


def _taken_before(hub: Hub, connection: sa.Connection, ways_back: Sequence[Effect]) -> dict[str, str]:
    """Entity -> key of the effect that had taken a right away, for rights that were to come back by these effects."""
    found: dict[str, str] = {}
    ended = [EffectState.DONE.value, EffectState.REFUSED.value]  # refused, and gone all the same: read back
    for way_back in ways_back:
        of_it = (effects.c.job == JOB, effects.c.system == way_back.system, effects.c.number == way_back.number)
        away = (effects.c.action == HandoverAction.REVOKE.value, effects.c.state.in_(ended))
        known = hub.effects.read(connection, *of_it, *away)
        if known:
            found[way_back.number] = max(known, key=lambda effect: effect.version).key
    return found


def _leaves_it_there(effect: Effect, unsent: Collection[str]) -> bool:
    """Whether a right is, or may be, with the leaver once an effect on it has ended, or never will (``unsent``)."""
    if effect.action is HandoverAction.ENTITLE:
        return effect.state is not EffectState.REFUSED
    return effect.key in unsent or effect.state is EffectState.REFUSED


def _decided(hub: Hub, key: str, decision: Decision, state: AlertState, person: str, why: str) -> Alert:
    _require(person, why)
    with hub.database.write() as connection:
        alert, _ = _locked(hub, connection, key, person, _FROM[decision])
        return hub.alerts.decide(connection, alert, state, person, why)


def _locked(
    hub: Hub, connection: sa.Connection, key: str, person: str, allowed: tuple[AlertState, ...]
) -> tuple[Alert, Case]:
    alert = hub.alerts.get(connection, key)
    if alert is None:
        raise ConfigurationError([Fault("ALERT", "unknown_alert", f"there is no alert {key[:120]!r}")])
    case = locked(hub, connection, alert.case_id)
    require_standing(hub, connection, case, person, Role.MANAGER, Role.HR)
    if alert.state not in allowed:
        raise ApprovalError(f"this alert is {alert.state}", code="state")
    return alert, case


def _require(person: str, why: str) -> None:
    if not person.strip() or not why.strip():
        raise ApprovalError("a decision needs a person and a reason", code="reason", remedy="give --as and --why")
