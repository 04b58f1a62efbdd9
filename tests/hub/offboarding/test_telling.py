"""People hear that they are waited for: once, again after a while, and then whoever manages them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.offboarding import casework, hourly
from baton.hub.offboarding import links as personal_links
from baton.hub.offboarding.sending_links import send_link
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from baton.store.messages import may_be_to, messages
from baton.store.tables import links
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, NEXT_YEAR, OTHER, SUCCESSOR, Desk
from tests.rig.belongings import TalkingTarget
from tests.rig.company import row

Make = Callable[..., Desk]
CLIENT = HoldingKind.CLIENT
HOUR_S = 3600.0


def talking(desk: Make) -> Desk:
    return desk(TalkingTarget, offboarding=OffboardingPart(notifiers=("crm",)))


def to(d: Desk) -> list[str]:
    return [number for number, _, _ in d.things.outbox]


def test_one_message_for_many_items_and_none_while_nothing_is_new(desk: Make) -> None:
    d = talking(desk)
    for n in range(12):
        d.plant(CLIENT, n)
    d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.tick()
    (message,) = d.things.outbox
    assert message[0] == MANAGER
    assert "12 项" in message[1]
    assert message[2].count("·") == 5
    assert LEAVER in message[2]


def test_it_is_said_again_after_a_while_and_when_something_is_added(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.company.clock.sleep(23 * HOUR_S)
    d.tick()
    assert len(d.things.outbox) == 1
    d.company.clock.sleep(2 * HOUR_S)
    d.tick()
    assert len(d.things.outbox) == 2
    d.plant(CLIENT, 2)
    d.tick()
    assert len(d.things.outbox) == 3
    assert "2 项" in d.things.outbox[-1][1]


def test_who_works_their_list_off_hears_nothing_more_of_the_rest(desk: Make) -> None:
    d = talking(desk)
    for n in range(3):
        d.plant(CLIENT, n)
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    assert len(d.things.outbox) == 1
    d.things.outbox.clear()
    for item in d.items(case, ItemState.OFFERED)[:2]:
        d.say(case, [item], Act.ACCEPT, item.successor, Role.SUCCESSOR)
        d.company.clock.sleep(HOUR_S)
        d.tick()
        assert [subject for _, subject, _ in d.things.outbox if "接受" in subject] == []


def test_who_lets_it_wait_too_long_is_told_upon(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.tick()
    assert to(d) == [MANAGER, SUCCESSOR]
    d.company.clock.sleep((48 + 72 + 1) * HOUR_S)
    d.tick()
    late = [subject for number, subject, _ in d.things.outbox if number == MANAGER][-1]
    assert "逾期" in late
    assert to(d)[-2:].count(SUCCESSOR) == 1


def test_whose_a_message_is_can_be_told_without_opening_it(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.tick()
    d.company.clock.sleep((48 + 72 + 1) * HOUR_S)
    d.tick()
    with d.hub.database.read() as connection:
        sent = d.hub.effects.read(connection, messages())
        for number in (MANAGER, SUCCESSOR):
            theirs = {each.key for each in sent if each.fields["person_number"] == number}
            assert theirs
            assert theirs <= {each.key for each in d.hub.effects.read(connection, may_be_to(number))}


def test_each_turn_goes_to_whose_turn_it_is(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    items = d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.tick()
    d.say(case, items, Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    d.tick()
    assert to(d) == [MANAGER, SUCCESSOR, MANAGER]
    assert "待您接受" in d.things.outbox[1][1]
    assert "待您批准" in d.things.outbox[-1][1]


def test_what_cannot_go_for_want_of_an_account_is_told_and_told_upon(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    d.company.rows[0] = row(MANAGER, department="销售部", manager=OTHER)
    plan_sync(d.hub, SyncRequest())
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.agree(case)
    with d.hub.database.write() as connection:
        connection.execute(sa.delete(links).where(links.c.number == SUCCESSOR))
    account = d.company.truths["crm"].accounts.pop(SUCCESSOR)
    d.things.outbox.clear()
    d.tick()
    assert [item.code for item in d.items(case, ItemState.APPROVED)] == ["no_account"]
    assert [(number, "受阻" in subject) for number, subject, _ in d.things.outbox] == [(MANAGER, True)]
    d.company.clock.sleep((48 + 72 + 1) * HOUR_S)
    d.tick()
    assert to(d)[1:] == [MANAGER, OTHER], "who lets it wait, and their manager"
    d.company.truths["crm"].accounts[SUCCESSOR] = account
    d.things.outbox.clear()
    d.company.clock.sleep(48 * HOUR_S)
    d.tick()
    assert [item.state for item in d.items(case) if item.kind is CLIENT] == [ItemState.DONE]
    assert [subject for _, subject, _ in d.things.outbox if "受阻" in subject] == []


def test_a_paused_case_tells_nobody(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    casework.decide(d.hub, case.id, Act.PAUSE, HR, "wait for the audit")
    d.tick()
    assert d.things.outbox == []


def test_who_cannot_be_reached_is_named(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    d.open(last_working_at=NEXT_YEAR)
    d.company.truths["crm"].accounts.pop(MANAGER)
    with d.hub.database.write() as connection:
        connection.execute(sa.delete(links).where(links.c.number == MANAGER))
    hour = d.tick()
    assert any(MANAGER in what for what in hour.troubles)


def test_whose_turn_it_is_gets_a_link_that_lets_in_them_alone(desk: Make) -> None:
    d = desk(TalkingTarget, offboarding=OffboardingPart(notifiers=("crm",), address="https://hub.example"))
    d.plant(CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.tick()
    (address,) = [text.rsplit("\n", 1)[-1] for number, _, text in d.things.outbox if number == SUCCESSOR]
    assert address.startswith("https://hub.example/handover/")
    admitted = personal_links.admit(d.hub, address.rpartition("/")[2])
    assert (admitted.link.person, admitted.link.role, admitted.case.id) == (SUCCESSOR, Role.SUCCESSOR, case.id)


def test_a_run_says_what_it_did_and_names_who_only_tells_people(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    d.things.sessions = {d.id_of(LEAVER)}
    case = d.open(Cause.EMERGENCY)
    hour = d.tick()
    assert (hour.log_outs, hour.told, hour.escalations, hour.blocked) == (1, 1, 0, 0)
    d.agree(case)
    with d.hub.database.write() as connection:
        connection.execute(sa.delete(links).where(links.c.number == MANAGER))
    d.company.truths["crm"].accounts.pop(MANAGER)
    assert d.tick().blocked == 1
    assert hourly.systems_concerned(d.hub) == ["crm"]


def test_a_system_that_only_tells_people_is_worked_on_too(desk: Make) -> None:
    d = desk(offboarding=OffboardingPart(notifiers=("mail",)))
    assert hourly.systems_concerned(d.hub) == ["crm", "mail"]


def test_the_name_of_a_client_adds_no_lines_to_a_message_and_turns_none_round(desk: Make) -> None:
    d = talking(desk)
    ref = d.plant(CLIENT, 1)
    planted = "测试\r\n\u2028https://elsewhere.example/handover/x\u202e<b>"
    d.things.holdings[ref] = replace(d.things.holdings[ref], title=planted)
    d.open(last_working_at=NEXT_YEAR)
    d.tick()
    (text,) = [text for _, _, text in d.things.outbox]
    assert [line for line in text.splitlines() if "elsewhere" in line] == [
        "· 测试   https://elsewhere.example/handover/x <b>"
    ]


def test_a_manager_whom_nobody_knows_is_named_too(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR, manager="00001")
    assert list(d.tick().troubles) == [f"{case.id} 00001"]


def test_a_case_that_is_paused_beyond_the_last_day_is_told_to_hr_once_a_day(desk: Make) -> None:
    d = desk(TalkingTarget, offboarding=OffboardingPart(notifiers=("crm",), hr=(OTHER,)))
    d.plant(CLIENT, 1)
    d.things.grants[d.id_of(LEAVER)] = {"exports"}
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=2))
    casework.decide(d.hub, case.id, Act.PAUSE, OTHER, "wait for the audit")
    d.tick()
    assert d.things.outbox == []
    for _ in range(2):
        d.company.clock.sleep(3 * 24 * HOUR_S)
        d.tick()
        d.tick()
        ((number, subject, _),) = d.things.outbox
        assert (number, "is paused" in subject) == (OTHER, True)
        d.things.outbox.clear()
    casework.decide(d.hub, case.id, Act.REOPEN, OTHER, "go on")
    d.tick()
    assert d.things.grants[d.id_of(LEAVER)] == set()


@pytest.mark.parametrize("deputies", ["[]", "['0003']"])
def test_of_a_manager_who_lets_it_wait_with_nobody_above_them_who_else_decides_is_told(
    desk: Make, tmp_path: Path, deputies: str
) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(f"policies:\n  all: {{deputies: {deputies}}}\n", "utf-8")
    d = desk(
        TalkingTarget,
        offboarding=OffboardingPart(
            policies=file, notifiers=("crm",), address="https://hub.example", hr=("hr-li", OTHER)
        ),
    )
    ref = d.plant(CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.say(case, [d.item(case, ref)], Act.REFUSE, MANAGER, Role.SUCCESSOR, "no")
    d.company.clock.sleep(30 * 24 * HOUR_S)
    d.things.outbox.clear()
    assert d.tick().escalations == 1
    above = OTHER if deputies == "[]" else SUCCESSOR
    (text,) = [text for to, subject, text in d.things.outbox if to == above and "逾期" in subject]
    assert "waiting for: 0001" in text
    d.tick()
    assert len([to for to, _, _ in d.things.outbox if to == above]) == 1


def with_one_off(d: Desk, *notifiers: str) -> None:
    """These notifiers, of which ``post`` is in ``systems.yaml`` and switched off."""
    settings = d.hub.settings
    off = replace(settings.systems["crm"], name="post", enabled=False, settings=None)
    told = settings.offboarding.model_copy(update={"notifiers": notifiers})
    d.hub.settings = replace(settings, systems={**settings.systems, "post": off}, offboarding=told)


def test_a_notifier_that_is_switched_off_is_passed_over_and_named(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    d.open(last_working_at=NEXT_YEAR)
    with_one_off(d, "post", "crm")
    hour = d.tick()
    assert (hour.told, to(d)) == (1, [MANAGER])
    assert list(hour.troubles) == ["post"]
    assert "is switched off" in hour.troubles["post"]
    with_one_off(d, "crm", "post")
    assert d.tick().troubles == {}, "whom the first one reaches, the others are not asked for"


def test_where_the_only_notifier_is_switched_off_it_is_said_who_hears_nothing(desk: Make) -> None:
    d = talking(desk)
    d.plant(CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    with_one_off(d, "post")
    hour = d.tick()
    assert (hour.told, to(d), sorted(hour.troubles)) == (0, [], sorted([f"{case.id} {MANAGER}", "post"]))
    offer = personal_links.Offer(case.id, MANAGER, Role.MANAGER, HR)
    d.hub.settings = replace(
        d.hub.settings,
        offboarding=d.hub.settings.offboarding.model_copy(update={"address": "https://hub.example"}),
    )
    with pytest.raises(ApprovalError, match=r"switched off: post") as nobody:
        send_link(d.hub, offer)
    assert nobody.value.code == "unreachable"
