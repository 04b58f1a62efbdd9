"""One history judged for several cases at once: each activity where it belongs, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from baton.jobs.offboarding.policy import DEFAULT
from baton.jobs.offboarding.watch import Scene, remarkable
from baton.model.alert import Rule
from baton.model.case import Case, CaseState, Cause, LeaverDates
from baton.model.handover import Activity, ActivityKind, HoldingKind, HoldingRef

OPENED = datetime(2026, 11, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def client(n: int) -> HoldingRef:
    return HoldingRef(HoldingKind.CLIENT, f"c{n}")


def scene(name: str, *clients: int, leaver: str = "", since: datetime = OPENED) -> Scene:
    """A case whose clients go to ``heir``."""
    case = Case(name, name, CaseState.OPEN, Cause.RESIGNATION, "default", "0001", "hr", OPENED, LeaverDates())
    entitled = dict.fromkeys(map(client, clients), "heir")
    return Scene(case, since, OPENED + 9 * HOUR, "crm", leaver or f"{name}-id", entitled, DEFAULT.of("default").watch)


def activity(kind: ActivityKind, actor: str, about: int | None = None, hours: float = 1, **more: object) -> Activity:
    ref = None if about is None else client(about)
    return Activity(f"{kind}-{actor}-{hours}", kind, OPENED + hours * HOUR, actor, ref, "测试", **more)  # type: ignore[arg-type]


def raised(scenes: list[Scene], *activities: Activity) -> list[tuple[str, Rule]]:
    return [(alert.case_id, alert.rule) for alert in remarkable(scenes, activities)]


def test_an_activity_raises_where_it_is_about_a_client_or_by_the_leaver_and_nowhere_else() -> None:
    scenes = [scene("a", 1, 2), scene("b", 3)]
    done = [
        activity(ActivityKind.ORDER, "stranger", 1),
        activity(ActivityKind.ORDER, "heir", 2),
        activity(ActivityKind.ORDER, "stranger", 9),
        activity(ActivityKind.EXPORT, "b-id", count=100_000),
        activity(ActivityKind.REASSIGNED, "stranger", 9, before="heir", after="a-id"),
    ]
    expected = [("a", Rule.ORDER_IN_WINDOW), ("b", Rule.BULK_EXPORT), ("a", Rule.REASSIGNED_BACK)]
    assert raised(scenes, *done) == expected
    alone = [alert for each in scenes for alert in raised([each], *done)]
    assert sorted(alone) == sorted(expected), "judged together they are told what each is told alone"


def test_what_one_leaver_does_to_anothers_client_raises_in_both_cases_once() -> None:
    order = activity(ActivityKind.ORDER, "a-id", 3)
    assert sorted(raised([scene("a", 1), scene("b", 3)], order)) == [
        ("a", Rule.ORDER_BY_LEAVER),
        ("b", Rule.ORDER_IN_WINDOW),
    ]
    assert raised([scene("b", 3, leaver="a-id")], order) == [("b", Rule.ORDER_BY_LEAVER)]


def test_a_discount_on_what_belongs_to_a_client_is_the_clients_whoever_gave_it() -> None:
    quote, change = HoldingRef(HoldingKind.QUOTE, "q1"), {"before": "5", "after": "40"}
    given = [
        replace(activity(ActivityKind.DISCOUNT, "stranger", hours=n, **change), about=quote, client=client(n))
        for n in (1, 9)
    ]
    assert raised([scene("a", 1), scene("b", 3)], *given) == [("a", Rule.DISCOUNT)]
    (alert,) = remarkable([scene("a", 1)], given)
    assert alert.about == str(quote)


def test_an_order_told_by_its_record_is_for_its_client() -> None:
    order = HoldingRef(HoldingKind.ORDER, "o1")
    placed = [
        replace(activity(ActivityKind.ORDER, actor, hours=n), about=order, client=client(1))
        for n, actor in enumerate(("stranger", "heir"), 1)
    ]
    assert raised([scene("a", 1)], *placed) == [("a", Rule.ORDER_IN_WINDOW)]


def test_an_export_of_nobody_knows_how_much_is_remarkable_and_a_small_one_is_not() -> None:
    unknown, small = (activity(ActivityKind.EXPORT, "a-id", hours=n, count=count) for n, count in ((1, None), (2, 199)))
    assert raised([scene("a")], unknown, small) == [("a", Rule.BULK_EXPORT)]


def test_every_case_has_its_own_stretch_of_history() -> None:
    early, late = scene("a", 1), scene("b", 1, since=OPENED + 2 * HOUR)
    times = [activity(ActivityKind.ORDER, "stranger", 1, hours) for hours in (-1, 1, 2, 9)]
    assert raised([early, late], *times) == [("a", Rule.ORDER_IN_WINDOW)] * 2 + [("b", Rule.ORDER_IN_WINDOW)]


def test_who_has_no_account_there_does_nothing_there() -> None:
    nobody = Scene(scene("a").case, OPENED, OPENED + HOUR * 9, "crm", "", {}, DEFAULT.of("default").watch)
    assert raised([nobody], activity(ActivityKind.ORDER, "", 1), activity(ActivityKind.REASSIGNED, "x", 1)) == []


def test_what_nobody_has_any_more_is_not_back_with_who_has_no_account() -> None:
    gone = replace(scene("a", 1), leaver="")
    freed = activity(ActivityKind.REASSIGNED, "stranger", 1, before="heir", after="")
    by_nobody = activity(ActivityKind.ORDER, "", 1)
    assert raised([gone], freed) == []
    assert raised([gone], by_nobody) == [("a", Rule.ORDER_IN_WINDOW)]


def test_a_discount_that_is_no_number_keeps_no_other_from_being_seen() -> None:
    odd = activity(ActivityKind.DISCOUNT, "stranger", 1, before="5", after="NaN")
    plain = activity(ActivityKind.DISCOUNT, "stranger", 1, hours=2, before="5", after="40")
    assert raised([scene("a", 1)], odd, plain) == [("a", Rule.DISCOUNT)]
