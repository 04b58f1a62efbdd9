"""Rules over what was done in the systems: pure, so that they can be replayed over any stretch of history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from baton.jobs.offboarding.policy import Watch
from baton.model.alert import Alert, Rule
from baton.model.case import Case, Item
from baton.model.handover import Activity, ActivityKind, HoldingRef

_ATTEMPT_DIGITS: Final = 16
"""So much of an effect's key names one attempt to pass something on."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the rules have to know of one system in one case."""

    case: Case
    since: datetime
    until: datetime
    """What was done in ``[since, until)`` is looked at."""
    system: str
    leaver: str
    """The leaver's external id there; empty for who has no account."""
    entitled: Mapping[HoldingRef, str]
    """Each of the clients, with the external id of who may act for them: the successor once there is one."""
    watch: Watch

    def covers(self, moment: datetime) -> bool:
        """Whether what was done at a moment is looked at."""
        return self.since <= moment < self.until


def remarkable(scenes: Sequence[Scene], activities: Iterable[Activity]) -> list[Alert]:
    """The alerts of one system's activities, in their order, in every case that one of them is about.

    The work grows with the activities and not with the cases: each is judged only where it is about a client of the
    case, or where the leaver has done it or was given something by it.
    """
    by_client: dict[HoldingRef, list[Scene]] = {}
    by_leaver: dict[str, list[Scene]] = {}
    for scene in scenes:
        if scene.leaver:
            by_leaver.setdefault(scene.leaver, []).append(scene)
        for client in scene.entitled:
            by_client.setdefault(client, []).append(scene)
    found = []
    for activity in activities:
        theirs = (scene for ref in activity.concerns for scene in by_client.get(ref, []))
        concerned = [*theirs, *by_leaver.get(activity.actor, []), *by_leaver.get(activity.after, [])]
        for scene in {scene.case.id: scene for scene in concerned}.values():
            rule = _rule(scene, activity) if scene.covers(activity.at) else None
            if rule is not None:
                found.append(_alert(scene, activity, rule))
    return found


def refusals(case: Case, items: Iterable[Item]) -> list[Alert]:
    """An alert for every client that has refused to be passed on: one each time they have been asked and refused."""
    return [
        Alert(
            case.id,
            Rule.CLIENT_REFUSED,
            f"{item.system}/{item.ref}/{item.effect_key[:_ATTEMPT_DIGITS]}",
            item.system,
            item.holder_id,
            str(item.ref),
            item.changed_at or case.opened_at,
            item.title,
        )
        for item in items
        if item.code == Rule.CLIENT_REFUSED
    ]


def rights_gone(case: Case, taken: Iterable[Item], now: datetime) -> list[Alert]:
    """An alert for every system that has taken rights (``taken``) away by a last day that HR has put off since.

    One for each day that it is put off to.
    """
    until = case.dates.last_working_at
    by_system: dict[str, list[Item]] = {}
    for item in taken:
        by_system.setdefault(item.system, []).append(item)
    return [
        Alert(
            case.id,
            Rule.RIGHTS_GONE,
            f"{system}/{until.isoformat() if until else 'open'}",
            system,
            items[0].holder_id,
            "",
            now,
            ", ".join(item.title for item in items),
        )
        for system, items in by_system.items()
    ]


def _rule(scene: Scene, activity: Activity) -> Rule | None:
    by_leaver = bool(scene.leaver) and activity.actor == scene.leaver
    theirs = [ref for ref in activity.concerns if ref in scene.entitled]
    if activity.kind is ActivityKind.ORDER:
        if by_leaver:
            return Rule.ORDER_BY_LEAVER
        entitled = {scene.entitled[ref] for ref in theirs}
        return Rule.ORDER_IN_WINDOW if theirs and activity.actor not in entitled else None
    if activity.kind is ActivityKind.EXPORT:
        # Of how many records nobody knows: that alone is worth a look.
        many = activity.count is None or activity.count >= scene.watch.export_records
        return Rule.BULK_EXPORT if by_leaver and many else None
    if activity.kind is ActivityKind.DISCOUNT:
        return Rule.DISCOUNT if (theirs or by_leaver) and _grown(activity) >= scene.watch.discount_points else None
    # Who has no account there is not who has what nobody has any more.
    back = bool(scene.leaver) and activity.after == scene.leaver and activity.before != scene.leaver
    return Rule.REASSIGNED_BACK if back else None


def _grown(activity: Activity) -> Decimal:
    """By how many percentage points a discount has grown; none where the values are no numbers."""
    try:
        grown = Decimal(activity.after or 0) - Decimal(activity.before or 0)
    except InvalidOperation:
        return Decimal(0)
    return Decimal(0) if grown.is_nan() else grown  # which nothing can be compared with


def _alert(scene: Scene, activity: Activity, rule: Rule) -> Alert:
    about = str(activity.about) if activity.about else ""
    amount = "" if activity.amount is None else f" {activity.amount} {activity.currency}".rstrip()
    change = f" {activity.before} → {activity.after}" if activity.kind is ActivityKind.DISCOUNT else ""
    count = f" ({activity.count})" if activity.count else ""
    return Alert(
        scene.case.id,
        rule,
        f"{scene.system}/{activity.id}",
        scene.system,
        activity.actor,
        about,
        activity.at,
        f"{activity.title}{amount}{change}{count}".strip(),
    )
