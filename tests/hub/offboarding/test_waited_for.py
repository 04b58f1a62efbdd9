"""Who is waited for is a person who may decide, hears of it, and is told upon when they let it wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.console.handover import reading
from baton.console.handover.listing import Asked
from baton.console.handover.visitors import by_link
from baton.hub.offboarding import casework, completing, watching
from baton.hub.offboarding import links as personal_links
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountRef
from baton.model.case import Act, Case, CaseState, Cause, ItemState, Role
from baton.model.handover import Activity, ActivityKind, Grant, HoldingKind, HoldingRef
from baton.settings_shape import OffboardingPart
from baton.store.tables import links
from tests.hub.offboarding.conftest import LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.rig.belongings import RecordingTarget, TalkingTarget
from tests.rig.company import row

# What is asked here is who is told: the same on every database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., Desk]
CLIENT = HoldingKind.CLIENT
HOUR_S = 3600.0
SALES = "销售部"


def resigned(desk: Make, kind: type[TalkingTarget] = TalkingTarget, **more: object) -> tuple[Desk, Case]:
    """HR says that the leaver leaves on 2026-12-20; the schedule opens the case, and no person has."""
    d = desk(kind, offboarding=OffboardingPart(notifiers=("crm",), address="https://hub.example", **more))  # type: ignore[arg-type]
    d.plant(CLIENT, 1)
    d.company.rows[1] = row(LEAVER, status="notice", manager=MANAGER, last_day="2026-12-20", department=SALES)
    plan_sync(d.hub, SyncRequest())
    assert not d.tick().troubles
    case = casework.find_case(d.hub, LEAVER)
    assert (case.cause, case.opened_by) == (Cause.RESIGNATION, "schedule")
    return d, case


def policy(folder: Path, text: str) -> Path:
    file = folder / "policies.yaml"
    file.write_text(f"policies:\n  all: {{{text}}}\n", "utf-8")
    return file


def accepted_by_the_manager(d: Desk, case: Case) -> None:
    for item in d.items(case, ItemState.OFFERED):
        d.say(case, [item], Act.ACCEPT, MANAGER, Role.SUCCESSOR)
    d.things.outbox.clear()


def told(d: Desk, number: str) -> list[str]:
    """The subjects of what somebody was told."""
    return [subject for to, subject, _ in d.things.outbox if to == number]


def admitted(d: Desk, number: str) -> personal_links.Admitted:
    """Where the newest link leads that somebody was sent."""
    return personal_links.admit(d.hub, token(d, number))


def token(d: Desk, number: str) -> str:
    text = [text for to, _, text in d.things.outbox if to == number][-1]
    return text.rpartition("/")[2]


def sleep(d: Desk, hours: float) -> None:
    d.company.clock.sleep(hours * HOUR_S)


def test_what_the_manager_has_accepted_waits_for_hr_as_the_settings_name_it(desk: Make) -> None:
    d, case = resigned(desk, hr=(OTHER, "hr-li"))
    accepted_by_the_manager(d, case)
    assert not d.tick().troubles
    assert ["待您批准" in subject for subject in told(d, OTHER)] == [True]
    assert told(d, MANAGER) == []
    link = admitted(d, OTHER).link
    assert (link.person, link.role) == (OTHER, Role.HR)
    d.say(case, d.items(case, ItemState.ACCEPTED), Act.APPROVE, OTHER, Role.HR)


def test_the_deputies_of_the_policy_come_before_hr_and_each_of_them_hears(desk: Make, tmp_path: Path) -> None:
    file = policy(tmp_path, 'deputies: ["0003", "0004"]')
    d, case = resigned(desk, policies=file, hr=("hr-li",))
    accepted_by_the_manager(d, case)
    d.tick()
    assert [len(told(d, number)) for number in (SUCCESSOR, OTHER, MANAGER)] == [1, 1, 0]
    assert admitted(d, SUCCESSOR).link.role is Role.MANAGER
    d.say(case, d.items(case, ItemState.ACCEPTED), Act.APPROVE, OTHER, Role.MANAGER)
    d.things.outbox.clear()
    sleep(d, 30)
    d.tick()
    assert told(d, SUCCESSOR) == told(d, OTHER) == [], "what one of them has decided waits for none of them"


def test_where_nobody_is_named_the_run_says_so_and_the_manager_hears_when_it_is_late(desk: Make) -> None:
    d, case = resigned(desk)
    accepted_by_the_manager(d, case)
    hour = d.tick()
    assert [(what, "offboarding.hr" in why) for what, why in hour.troubles.items()] == [(f"{case.id} hr", True)]
    assert d.things.outbox == []
    sleep(d, 24 + 72 + 1)
    assert d.tick().escalations == 1
    ((to, subject, text),) = d.things.outbox
    assert to == MANAGER
    assert "逾期" in subject
    assert "waiting for: HR" in text


def test_what_hr_lets_wait_is_told_to_the_manager_once_for_all_of_them(desk: Make) -> None:
    d, case = resigned(desk, hr=("hr-li", "hr-wu"))
    accepted_by_the_manager(d, case)
    sleep(d, 24 + 72 + 1)
    assert d.tick().escalations == 1
    assert len(told(d, MANAGER)) == 1
    d.tick()
    assert len(told(d, MANAGER)) == 1, "and not every hour again"


def test_what_was_the_managers_turn_is_a_deputys_once_the_manager_has_left(desk: Make, tmp_path: Path) -> None:
    d, case = resigned(desk, policies=policy(tmp_path, 'deputies: ["0003"], successors: [{to: "0004"}]'))
    for item in d.items(case, ItemState.OFFERED):
        d.say(case, [item], Act.REFUSE, OTHER, Role.SUCCESSOR, "no time")
    d.company.rows[0] = row(MANAGER, status="departed", last_day="2026-11-01", department=SALES, title="经理")
    plan_sync(d.hub, SyncRequest())
    d.things.outbox.clear()
    d.tick()
    assert ["待您指定" in subject for subject in told(d, SUCCESSOR)] == [True]
    assert told(d, MANAGER) == []


# --- rights that only a person can take away


class HandmadeRights(TalkingTarget):
    """Shows that somebody is an administrator, and offers no way to end it."""

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        shown = super().grants(person)
        return [replace(each, by_hand="in the console only") if each.id == "admin" else each for each in shown]


def with_rights(desk: Make, **more: object) -> tuple[Desk, Case]:
    """The leaver, whose client is settled, is an administrator, and may export; the last working moment is over."""
    d, case = resigned(desk, HandmadeRights, **more)
    d.say(case, d.items(case, ItemState.OFFERED), Act.LEAVE, MANAGER, Role.MANAGER, "closed business stays")
    d.things.grants[d.id_of(LEAVER)] = {"admin", "exports"}
    d.things.outbox.clear()
    return d, case


def test_a_right_to_be_ended_by_hand_is_the_managers_from_the_last_working_moment_on(desk: Make) -> None:
    d, _ = with_rights(desk)
    d.tick()
    assert d.things.outbox == [], "while the leaver works there, they have their rights"
    sleep(d, 60 * 24)
    d.tick()
    (subject,) = told(d, MANAGER)
    assert "1 项离职人权限需您手工收回" in subject
    assert "crm: 权限admin" in d.things.outbox[-1][2]
    assert admitted(d, MANAGER).link.role is Role.MANAGER
    assert d.things.grants[d.id_of(LEAVER)] == {"admin"}, "the other one has gone by itself"
    page = reading.case_document(by_link(d.hub, token(d, MANAGER), ""), Asked())
    (line,) = [line for group in page["groups"] for line in group["items"]]
    assert (page["show"], line["title"], line["overdue"]) == ("mine", "权限admin", True)
    assert line["due_at"] is not None
    assert "confirm" in line["may"]
    sleep(d, 25)
    d.tick()
    assert len(told(d, MANAGER)) == 2, "they are reminded"


def test_who_says_that_a_right_has_ended_is_believed_when_the_system_shows_it(desk: Make) -> None:
    d, case = with_rights(desk)
    sleep(d, 60 * 24)
    d.tick()
    (admin,) = [item for item in d.items(case, ItemState.OPEN) if item.by_hand]
    d.say(case, [admin], Act.CONFIRM, MANAGER, Role.MANAGER, "taken away in the console")
    d.tick()
    (again,) = [item for item in d.items(case) if item.by_hand]
    assert (again.state, again.code) == (ItemState.OPEN, "returned")
    d.things.grants[d.id_of(LEAVER)].discard("admin")
    d.tick()
    (ended,) = [item for item in d.items(case) if item.by_hand]
    assert (ended.state, ended.code) == (ItemState.DONE, "read_back")


def test_a_right_that_the_policy_takes_early_is_a_task_early_and_told_upon_when_it_is_late(
    desk: Make, tmp_path: Path
) -> None:
    file = policy(tmp_path, "restrict: {crm: [admin]}, deadlines: {by_hand_h: 10, escalate_after_h: 5}")
    d, _ = with_rights(desk, policies=file)
    d.company.rows[0] = row(MANAGER, department=SALES, title="经理", manager=OTHER)
    plan_sync(d.hub, SyncRequest())
    d.tick()
    assert len(told(d, MANAGER)) == 1
    sleep(d, 16)
    assert d.tick().escalations == 1
    ((subject, text),) = [(subject, text) for to, subject, text in d.things.outbox if to == OTHER]
    assert "逾期" in subject
    assert f"waiting for: {MANAGER}" in text


# --- after the end


def completed(desk: Make) -> tuple[Desk, Case, HoldingRef]:
    """A completed case whose client is still watched; OTHER is HR."""
    d = desk(RecordingTarget, offboarding=OffboardingPart(notifiers=("crm",), hr=(OTHER,)))
    client = d.plant(CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, d.items(case, ItemState.OFFERED), Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    d.say(case, d.items(case, ItemState.ACCEPTED), Act.APPROVE, MANAGER, Role.MANAGER)
    d.tick()
    d.close_account()
    completing.complete(d.hub, case.id, OTHER, "handed over")
    d.things.outbox.clear()
    return d, case, client


def test_an_alert_in_a_completed_case_is_told_to_the_manager_and_to_hr_once(desk: Make) -> None:
    d, case, client = completed(desk)
    sleep(d, 1)
    order = Activity("e1", ActivityKind.ORDER, d.company.clock.now(), d.id_of(OTHER), client, "测试订单")
    d.things.activities.append(order)
    d.company.clock.sleep(60)
    assert d.tick().alerts == 1
    assert d.case(case).state is CaseState.COMPLETED
    assert sorted(to for to, subject, _ in d.things.outbox if "警报" in subject) == [MANAGER, OTHER]
    d.tick()
    assert len(d.things.outbox) == 2
    with d.hub.database.read() as connection:
        (alert,) = d.hub.alerts.of(connection, case.id)
    watching.dismiss(d.hub, alert.key, OTHER, "a repeat order, agreed")
    d.tick()
    assert len(d.things.outbox) == 2


# --- the leaver, questions, the end


def test_who_has_resigned_gets_their_page_at_the_opening_once_and_anew_when_the_link_runs_out(desk: Make) -> None:
    d, case = resigned(desk)
    assert ["交接已开始" in subject for subject in told(d, LEAVER)] == [True]
    link = admitted(d, LEAVER).link
    assert (link.person, link.role) == (LEAVER, Role.LEAVER)
    sleep(d, 30)
    d.tick()
    assert len(told(d, LEAVER)) == 1
    sleep(d, 14 * 24)
    d.tick()
    assert len(told(d, LEAVER)) == 2
    assert d.case(case).dates.last_working_at is not None
    sleep(d, 60 * 24)
    d.tick()
    assert len(told(d, LEAVER)) == 2, "who has left is let in nowhere and told nothing"


@pytest.mark.parametrize("cause", [Cause.BY_HAND, Cause.EMERGENCY])
def test_who_may_not_know_of_the_case_yet_is_told_nothing(desk: Make, cause: Cause) -> None:
    d = desk(TalkingTarget, offboarding=OffboardingPart(notifiers=("crm",), address="https://hub.example"))
    d.plant(CLIENT, 1)
    d.open(cause)
    assert not d.tick().troubles
    assert told(d, LEAVER) == []


def test_a_leaver_whom_no_notifier_reaches_is_no_trouble(desk: Make) -> None:
    d, _ = resigned(desk)
    with d.hub.database.write() as connection:
        connection.execute(sa.delete(links).where(links.c.number == LEAVER))
    d.company.truths["crm"].accounts.pop(LEAVER)
    assert [what for what in d.tick().troubles if LEAVER in what] == []


def test_a_question_waits_for_leaver_and_manager_until_it_is_answered(desk: Make) -> None:
    d, case = resigned(desk)
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    (item,) = d.items(case, ItemState.OFFERED)
    d.say(case, [item], Act.ASK, SUCCESSOR, Role.SUCCESSOR, "who signs there?")
    d.things.outbox.clear()
    d.tick()
    for number, role in ((LEAVER, Role.LEAVER), (MANAGER, Role.MANAGER)):
        assert ["提问待答复" in subject for subject in told(d, number)] == [True]
        assert admitted(d, number).link.role is role
    sleep(d, 25)
    d.tick()
    assert [len(told(d, number)) for number in (LEAVER, MANAGER)] == [2, 2]
    d.say(case, [item], Act.ANSWER, LEAVER, Role.LEAVER, "the head of purchasing")
    sleep(d, 25)
    d.tick()
    assert [len(told(d, number)) for number in (LEAVER, MANAGER)] == [2, 2]


def test_what_the_manager_asks_once_the_leaver_has_left_waits_for_hr(desk: Make) -> None:
    d, case = resigned(desk, hr=(OTHER,))
    sleep(d, 60 * 24)
    (item,) = d.items(case, ItemState.OFFERED)
    d.say(case, [item], Act.ASK, MANAGER, Role.MANAGER, "who signs there?")
    d.things.outbox.clear()
    d.tick()
    assert sorted("提问待答复" in subject for subject in told(d, OTHER)) == [False, True]
    assert ["逾期" in subject for subject in told(d, OTHER) if "提问" not in subject] == [True], (
        "what the manager lets wait"
    )
    assert told(d, LEAVER) == []


def finished(desk: Make, **more: object) -> tuple[Desk, Case]:
    d, case = resigned(desk, **more)
    d.say(case, d.items(case, ItemState.OFFERED), Act.LEAVE, MANAGER, Role.MANAGER, "closed business stays")
    d.close_account()
    d.things.outbox.clear()
    return d, case


def test_hr_hears_that_a_case_is_finished_is_reminded_and_told_upon(desk: Make) -> None:
    d, case = finished(desk, hr=(OTHER,))
    d.tick()
    assert told(d, OTHER) == [], "the last working moment is still to come"
    last = d.case(case).dates.last_working_at
    assert last is not None
    sleep(d, (last - d.company.clock.now()) / timedelta(hours=1) + 1)
    d.tick()
    d.tick()
    assert ["可以结案" in subject for subject in told(d, OTHER)] == [True]
    assert admitted(d, OTHER).link.role is Role.HR
    sleep(d, 24 + 72 + 1)
    assert d.tick().escalations == 1
    assert ["逾期" in subject for subject in told(d, MANAGER)] == [True]
    completing.complete(d.hub, case.id, OTHER, "handed over")
    d.things.outbox.clear()
    sleep(d, 48)
    d.tick()
    assert d.things.outbox == []


def test_a_case_of_which_a_system_says_nothing_just_now_is_not_called_finished(desk: Make) -> None:
    d, _ = finished(desk, hr=(OTHER,))
    sleep(d, 60 * 24)
    d.target().away = True
    d.tick()
    assert told(d, OTHER) == []
    d.target().away = False
    d.tick()
    assert len(told(d, OTHER)) == 1


# --- who is told upon, and by whom


def test_who_lets_something_wait_is_told_all_the_same_of_whom_they_manage(desk: Make, tmp_path: Path) -> None:
    d, case = resigned(desk, policies=policy(tmp_path, 'successors: [{kinds: [client], to: "0003"}, {to: manager}]'))
    d.plant(HoldingKind.OPPORTUNITY, 2)
    d.tick()
    d.things.outbox.clear()
    sleep(d, 48 + 72 + 1)
    hour = d.tick()
    assert not hour.troubles
    late = [text for to, subject, text in d.things.outbox if to == MANAGER and "逾期" in subject]
    assert sorted("waiting for: 0003" in text for text in late) == [False, True], "their own, and their employee's"
    d.tick()
    assert len(told(d, MANAGER)) == 2, "each once"
    assert d.case(case).state is CaseState.OPEN


def test_a_manager_who_has_left_is_told_upon_nobody(desk: Make, tmp_path: Path) -> None:
    d, _ = resigned(desk, policies=policy(tmp_path, 'successors: [{to: "0003"}]'))
    d.company.rows[2] = row(SUCCESSOR, department=SALES, manager=OTHER)
    d.company.rows[3] = row(OTHER, status="departed", last_day="2026-11-01", department=SALES, manager=MANAGER)
    plan_sync(d.hub, SyncRequest())
    d.things.outbox.clear()
    sleep(d, 48 + 72 + 1)
    assert d.tick().escalations == 1
    assert told(d, OTHER) == []
    assert ["逾期" in subject for subject in told(d, MANAGER)] == [True]
