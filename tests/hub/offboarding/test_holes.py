"""Ways in which a handover could have gone wrong silently: each was one, and has an answer now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from baton.errors import ApprovalError
from baton.hub.offboarding import casework, completing, undoing
from baton.hub.offboarding.looking import look
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountRef, Receipt
from baton.model.case import Act, CaseState, Cause, ItemState, Role
from baton.model.handover import Grant, GrantChange, HoldingKind, SessionEnd
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, NEXT_YEAR, OTHER, Desk
from tests.rig.belongings import KeeperTarget, PromisingTarget
from tests.rig.company import row

CLIENT, CONTACT = HoldingKind.CLIENT, HoldingKind.CONTACT
Make = Callable[..., Desk]


class Deafened(KeeperTarget):
    """Says yes to every revocation and takes nothing away."""

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        return [Receipt.done() for _ in changes]


class Stubborn(KeeperTarget):
    """Refuses to log anybody out, once."""

    refusals = 1

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        if self.refusals:
            type(self).refusals -= 1
            return [Receipt.refused("busy", "not now") for _ in ends]
        return super().end_sessions(ends)


class Broken(KeeperTarget):
    """Fails in a way that nobody foresaw."""

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        raise KeyError("surprise")


def leave(d: Desk, number: str) -> None:
    """Somebody has left, and HR has said so."""
    person = next(person for person in d.company.rows if person["number"] == number)
    person.update(status="departed", last_day="2026-11-01", contract_end="2026-11-02")
    plan_sync(d.hub, SyncRequest())


def test_nobody_leaves_an_account_with_the_leaver_and_a_right_only_for_a_while(desk: Make) -> None:
    d = desk()
    leaver = d.id_of(LEAVER)
    d.things.grants[leaver] = {"discounts"}
    case = d.open()
    d.tick()
    account, right = sorted(d.items(case, ItemState.OPEN), key=lambda item: item.kind)
    with pytest.raises(ApprovalError, match="neither passed on nor left"):
        d.say(case, [account], Act.LEAVE, MANAGER, Role.MANAGER, "never mind")
    d.say(case, [right], Act.LEAVE, MANAGER, Role.MANAGER, "until the books are closed")
    (asked,) = [item for item in d.items(case) if item.id == right.id]
    d.say(case, [asked], Act.LEAVE, HR, Role.HR, "agreed")
    assert "rights" in {each.what for each in completing.gate(d.hub, case.id).obstacles}


def test_a_case_is_not_completed_by_word(desk: Make) -> None:
    d = desk()
    d.plant(CLIENT, 1)
    case = d.open()
    with pytest.raises(ApprovalError):
        casework.decide(d.hub, case.id, Act.COMPLETE, HR, "done")
    assert d.case(case).state is CaseState.OPEN


def test_what_no_system_can_pass_on_becomes_work_for_a_person(desk: Make) -> None:
    d = desk()
    ref = d.plant(CONTACT, 1)
    case = d.open()
    d.tick()
    item = d.item(case, ref)
    assert item.by_hand
    d.say(case, [item], Act.CONFIRM, MANAGER, Role.SUCCESSOR, "done in the settings")
    d.tick()
    assert d.item(case, ref).code == "returned", "it is not so, and that is seen"
    d.things.holders[ref] = d.id_of(MANAGER)
    d.tick()
    assert d.item(case, ref).state.closed


def test_who_refuses_is_not_asked_the_same_again(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.REFUSE, MANAGER, Role.SUCCESSOR, "I have too many")
    d.tick()
    assert (d.item(case, ref).state, d.item(case, ref).code) == (ItemState.OPEN, "refused")
    d.things.change(ref, stage="won")
    d.tick()
    assert d.item(case, ref).state is ItemState.OFFERED


def test_nothing_goes_to_somebody_who_has_left_as_well(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=OTHER)
    d.agree(case)
    leave(d, OTHER)
    d.tick()
    item = d.item(case, ref)
    assert (d.holder(ref), item.state, item.code) == (LEAVER, ItemState.OPEN, "successor_left")


@pytest.mark.parametrize("agreed", [ItemState.OFFERED, ItemState.ACCEPTED])
@pytest.mark.parametrize("kind", [CLIENT, CONTACT])
def test_what_is_offered_to_somebody_who_leaves_as_well_needs_another_name(
    desk: Make, kind: HoldingKind, agreed: ItemState
) -> None:
    d = desk()
    ref = d.plant(kind, 1)
    case = d.open()
    d.tick()
    d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=OTHER)
    if agreed is ItemState.ACCEPTED:
        d.say(case, [d.item(case, ref)], Act.ACCEPT, OTHER, Role.SUCCESSOR)
    assert d.item(case, ref).state is agreed
    d.tick()
    assert d.item(case, ref).successor == OTHER
    leave(d, OTHER)
    d.tick()
    item = d.item(case, ref)
    assert (item.state, item.successor, item.accepted_by, item.code) == (ItemState.OPEN, "", "", "successor_left")
    assert item.due_at is None


def test_what_is_offered_to_a_name_that_is_no_employees_stays_there(desk: Make, tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text(
        "policies:\n  all:\n    items:\n      - {kind: paper, title: 合同柜钥匙, to: archive-desk}\n", "utf-8"
    )
    d = desk(offboarding=OffboardingPart(policies=policies))
    case = d.open()
    d.tick()
    assert [item.successor for item in d.items(case, ItemState.OFFERED)] == ["archive-desk"]


def test_a_right_that_is_said_to_be_gone_and_is_not_is_found(desk: Make) -> None:
    d = desk(Deafened)
    d.things.grants[d.id_of(LEAVER)] = {"discounts"}
    case = d.open(Cause.EMERGENCY)
    d.tick()
    (right,) = [item for item in d.items(case) if item.kind is HoldingKind.GRANT]
    assert (right.state, right.code) == (ItemState.STUCK, "not_there")


def test_a_log_out_that_is_refused_is_tried_again(desk: Make) -> None:
    Stubborn.refusals = 1
    d = desk(Stubborn)
    d.things.sessions = {d.id_of(LEAVER)}
    d.open(Cause.EMERGENCY)
    d.tick()
    assert d.things.sessions == {d.id_of(LEAVER)}
    d.tick()
    assert d.things.sessions == set()


def test_a_broken_connector_keeps_nobody_waiting_and_shows_no_data(desk: Make) -> None:
    d = desk(Broken)
    case = d.open()
    hour = d.tick()
    assert [why for what, why in hour.troubles.items() if what.startswith(case.id)] == [
        next(iter(look(d.hub, [LEAVER])[LEAVER].unread.values()))
    ]
    assert "KeyError" in next(iter(hour.troubles.values()))
    assert "surprise" not in str(hour.troubles)


def test_a_completed_case_is_reopened_before_anything_is_taken_back(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.agree(case)
    d.tick()
    d.close_account()
    completing.complete(d.hub, case.id, HR, "done")
    with pytest.raises(ApprovalError, match="completed"):
        undoing.undo(d.hub, case.id, HR, "a mistake")
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "a mistake")
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    assert d.holder(ref) == LEAVER


def test_what_a_client_does_not_let_come_back_stays_done_and_can_be_asked_again(desk: Make) -> None:
    d = desk(PromisingTarget)
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    target = d.target()
    assert isinstance(target, PromisingTarget)
    d.tick()
    target.decide()
    d.tick()
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    target.decide(ref)
    d.tick()
    kept = d.item(case, ref)
    assert (d.holder(ref), kept.state, kept.code) == (MANAGER, ItemState.DONE, "not_taken_back")
    undoing.undo(d.hub, case.id, HR, "please")
    d.tick()
    target.decide()
    d.tick()
    assert d.holder(ref) == LEAVER
    assert not d.item(case, ref).state.closed


def test_what_comes_to_its_successor_after_a_refusal_is_done_not_gone(desk: Make) -> None:
    d = desk(PromisingTarget)
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    target = d.target()
    assert isinstance(target, PromisingTarget)
    target.decide(ref)
    d.tick()
    assert d.item(case, ref).state is ItemState.STUCK
    target.give(ref, d.id_of(MANAGER))
    d.tick()
    assert (d.item(case, ref).state, d.item(case, ref).code) == (ItemState.DONE, "read_back")
    with d.hub.database.read() as connection:
        had = [(t.holder, t.until is None) for t in d.hub.tenures.of(connection, case_id=case.id) if t.ref == ref]
    assert had == [(LEAVER, False), (MANAGER, True)]


def test_what_others_took_away_is_not_given_back(desk: Make) -> None:
    d = desk()
    d.things.grants[d.id_of(LEAVER)] = {"discounts"}
    case = d.open(Cause.EMERGENCY)
    d.tick()
    undoing.undo(d.hub, case.id, HR, "a mistake")
    casework.decide(d.hub, case.id, Act.PAUSE, HR, "let us think")
    d.tick()
    assert d.things.grants[d.id_of(LEAVER)] == {"discounts"}
    d.things.grants[d.id_of(LEAVER)] = set()
    d.tick()
    with pytest.raises(ApprovalError, match="nothing"):
        undoing.undo(d.hub, case.id, HR, "again")


def test_somebody_who_leaves_again_has_a_case_of_their_own(desk: Make) -> None:
    from baton.hub.sync import SyncRequest, plan_sync
    from tests.rig.company import row

    d = desk()
    leaving = {"status": "notice", "manager": MANAGER, "department": "销售部"}
    d.company.rows[1] = row(LEAVER, last_day="2030-01-31", **leaving)
    plan_sync(d.hub, SyncRequest())
    (first,) = d.tick().opened
    casework.decide(d.hub, first, Act.RETRACT, HR, "she stays")
    assert d.tick().opened == []
    d.company.rows[1] = row(LEAVER, last_day="2031-05-31", **leaving)
    plan_sync(d.hub, SyncRequest())
    assert len(d.tick().opened) == 1


def test_an_unchanged_list_is_not_read_again(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.tick()
    checked = d.case(case).checked_at
    d.company.clock.sleep(3600)
    with monkeypatch.context() as patched:
        patched.setattr(d.hub.cases, "items", lambda *_, **__: pytest.fail("the list was read"))
        d.tick()
    assert d.case(case).checked_at > checked  # type: ignore[operator]
    d.things.change(ref, stage="won")
    d.tick()
    assert d.item(case, ref).version == 2


def test_every_question_has_a_deadline(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.things.change(ref, stage="won")
    d.tick()
    assert all(item.due_at for item in d.items(case, ItemState.OFFERED))


def test_a_case_is_not_reopened_beside_another_of_the_same_person(desk: Make) -> None:
    d = desk()
    first = d.open()
    casework.decide(d.hub, first.id, Act.RETRACT, HR, "she stays")
    second = d.open()
    with pytest.raises(ApprovalError, match=second.id):
        casework.decide(d.hub, first.id, Act.REOPEN, HR, "the wrong one")
    casework.decide(d.hub, second.id, Act.RETRACT, HR, "the older one is to go on")
    assert casework.decide(d.hub, first.id, Act.REOPEN, HR, "the older one").state is CaseState.OPEN


def hr_says(d: Desk, **given: str) -> None:
    d.company.rows[1] = row(LEAVER, **{"department": "销售部", "manager": MANAGER, **given})
    plan_sync(d.hub, SyncRequest())
    d.tick()


def test_a_case_by_hand_takes_over_the_last_day_once_hr_enters_one_and_when_it_moves(desk: Make) -> None:
    d = desk()
    d.things.grants[d.id_of(LEAVER)] = {"read"}
    case = d.open()
    d.tick()
    assert d.case(case).dates.last_working_at is None, "HR knows of nothing"
    for day in ("2026-12-20", "2027-02-20"):
        hr_says(d, status="notice", last_day=day)
        assert f"{d.case(case).dates.last_working_at:%Y-%m-%d}" == day
    d.company.clock.sleep(40 * 86_400)
    d.tick()
    assert d.things.grants[d.id_of(LEAVER)] == {"read"}
    d.company.clock.sleep(60 * 86_400)
    d.tick()
    assert d.things.grants[d.id_of(LEAVER)] == set()


def test_a_last_day_that_was_named_by_hand_stays(desk: Make) -> None:
    d = desk()
    case = d.open(last_working_at=NEXT_YEAR)
    hr_says(d, status="notice", last_day="2026-12-20")
    assert d.case(case).dates.last_working_at == NEXT_YEAR
    hr_says(d)
    assert d.case(case).state is CaseState.OPEN


@pytest.mark.parametrize("by_hand", [False, True])
def test_who_resigns_again_for_the_same_day_has_a_case_and_who_was_only_taken_back_by_hand_has_none(
    desk: Make, by_hand: bool
) -> None:
    d = desk()
    hr_says(d, status="notice", last_day="2026-12-20")
    case = casework.find_case(d.hub, LEAVER)
    if by_hand:
        casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays, HR will enter it")
        assert d.tick().opened == []
    d.company.clock.sleep(86_400)
    hr_says(d)
    assert d.case(case).state is CaseState.RETRACTED
    d.company.clock.sleep(86_400)
    hr_says(d, status="notice", last_day="2026-12-20")
    again = casework.find_case(d.hub, LEAVER)
    assert (again.id != case.id, again.state, again.cause) == (True, CaseState.OPEN, Cause.RESIGNATION)
    assert d.tick().opened == []


def test_who_was_let_in_again_is_logged_out_again_at_the_last_day_that_was_put_off(desk: Make) -> None:
    d = desk()
    sessions, leaver = d.things.sessions, d.id_of(LEAVER)
    hr_says(d, status="notice", last_day="2026-12-20")
    sessions.add(leaver)
    d.company.clock.sleep(40 * 86_400)
    d.tick()
    assert sessions == set()
    hr_says(d, status="notice", last_day="2027-12-20")
    sessions.add(leaver)
    d.tick()
    assert sessions == {leaver}
    d.company.clock.sleep(400 * 86_400)
    assert d.tick().log_outs == 1
    assert sessions == set()
    assert d.tick().log_outs == 0


def test_who_was_let_in_again_is_logged_out_when_the_case_is_reopened(desk: Make) -> None:
    d = desk()
    sessions, leaver = d.things.sessions, d.id_of(LEAVER)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    d.company.clock.sleep(86_400)
    sessions.add(leaver)
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "she does not")
    assert (d.tick().log_outs, sessions) == (1, set())
    assert d.tick().log_outs == 0
