"""Feishu accounts against the simulated tenant."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from baton.sdk import (
    AccountRef,
    AccountState,
    Action,
    HaltError,
    Outcome,
)
from connectors.oa.feishu.connector import Feishu
from connectors.oa.feishu.simulator import Simulator
from connectors.oa.feishu.wire import ACCEPTORS
from tests.connectors.oa.feishu_desk import connect, lost, write


def test_a_whole_working_life(sim: Simulator, feishu: Feishu) -> None:
    (made,) = feishu.provision([write(Action.PROVISION, "0012", sim.sample(7))])
    assert (made.outcome, made.external_id) == (Outcome.DONE, "0012")
    (account,) = feishu.find([AccountRef("0012")])
    assert account is not None
    assert account.number == "0012"
    assert account.fields["name"] == "测试7䶮"
    assert account.fields["join_time"] == date(2026, 1, 8)
    assert {k: account.fields[k] for k in sim.sample(7)} == sim.sample(7)

    (moved,) = feishu.update([write(Action.UPDATE, "0012", sim.changed(7))])
    assert moved.outcome is Outcome.DONE
    (account,) = feishu.find([AccountRef("0012", "0012")])
    assert account is not None
    assert {k: account.fields[k] for k in sim.changed(7)} == sim.changed(7)
    assert account.fields["name"] == "测试7䶮"

    assert feishu.disable([write(Action.DISABLE, "0012")])[0].outcome is Outcome.DONE
    assert feishu.find([AccountRef("0012")])[0].state is AccountState.DISABLED  # type: ignore[union-attr]
    assert feishu.enable([write(Action.ENABLE, "0012")])[0].outcome is Outcome.DONE
    assert feishu.find([AccountRef("0012")])[0].state is AccountState.ENABLED  # type: ignore[union-attr]
    assert feishu.remove([write(Action.REMOVE, "0012")])[0].outcome is Outcome.DONE
    assert feishu.find([AccountRef("0012")])[0].state is AccountState.REMOVED  # type: ignore[union-attr]
    assert [entry.action for entry in sim.journal] == ["provision", "update", "disable", "enable", "remove"]


def test_every_acceptor_is_in_the_delete(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": n, "name": "测试甲", "mobile": f"1380000000{n}"} for n in ("1", "2", "3")])
    (receipt,) = feishu.remove([write(Action.REMOVE, "1", {"acceptor": "2", "docs_acceptor": "3"})])
    assert receipt.outcome is Outcome.DONE
    sent = dict(sim.journal[-1].fields)
    assert sent.pop("email_acceptor") == {"processing_type": "1", "acceptor_user_id": "2"}
    assert sent.pop("docs_acceptor_user_id") == "3"
    assert set(sent.values()) == {"2"}
    assert len(sim.journal[-1].fields) == len(ACCEPTORS) == 9


def test_the_fallback_acceptor_takes_over_when_no_successor_is_named(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": "1", "name": "测试甲", "mobile": "13800000001"}])
    assert feishu.remove([write(Action.REMOVE, "1")])[0].outcome is Outcome.DONE
    assert sim.journal[-1].fields["calendar_acceptor_user_id"] == "hr-desk"


def test_no_acceptor_no_removal(sim: Simulator) -> None:
    sim.seed([{"employee_no": "1", "name": "测试甲", "mobile": "13800000001"}])
    feishu = connect(sim, fallback_acceptor_user_id=None)
    (receipt,) = feishu.remove([write(Action.REMOVE, "1", {"docs_acceptor": "hr-desk"})])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "no_acceptor")
    assert "successor" in receipt.remedy
    (own,) = feishu.remove([write(Action.REMOVE, "1", {"acceptor": "1"})])
    assert own.code == "acceptor_is_leaver"
    assert sim.journal == []


def test_an_acceptor_who_has_left_is_refused_by_feishu(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": "1", "name": "甲", "mobile": "1"}, {"employee_no": "2", "mobile": "2", "resigned": True}])
    (receipt,) = feishu.remove([write(Action.REMOVE, "1", {"acceptor": "2"})])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "feishu_41052")
    assert not sim.user("1")["status"]["is_resigned"]


def test_removing_again_is_done_and_changes_nothing(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": "1", "name": "测试甲", "mobile": "13800000001"}])
    first, second = (feishu.remove([write(Action.REMOVE, "1")])[0] for _ in range(2))
    assert first.outcome is second.outcome is Outcome.DONE
    assert [entry.action for entry in sim.journal] == ["remove"]


def test_a_lost_answer_to_a_removal_is_in_doubt_and_its_repeat_done(sim: Simulator) -> None:
    sim.seed([{"employee_no": "1", "name": "测试甲", "mobile": "13800000001"}])
    feishu = connect(sim, lost(sim, "DELETE"))
    assert feishu.remove([write(Action.REMOVE, "1")])[0].outcome is Outcome.IN_DOUBT
    assert feishu.remove([write(Action.REMOVE, "1")])[0].outcome is Outcome.DONE
    assert [entry.action for entry in sim.journal] == ["remove"]


@pytest.mark.parametrize(
    "refusal", [{"code": 41050, "msg": "no user authority"}, {"code": 99991672, "msg": "no scope"}]
)
def test_a_removal_after_which_the_user_cannot_be_read_is_in_doubt(sim: Simulator, refusal: dict[str, Any]) -> None:
    """Somebody resigned is in no department any more: the answer may be that they are out of the app's range."""
    sim.seed([{"employee_no": "1", "name": "测试甲", "mobile": "13800000001"}])
    gone: list[bool] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if gone and request.method == "GET":
            return httpx.Response(400, json=refusal)
        gone.extend([True] * (request.method == "DELETE"))
        return sim.handle(request)

    (receipt,) = connect(sim, handle).remove([write(Action.REMOVE, "1")])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "not_read_back")
    assert [entry.action for entry in sim.journal] == ["remove"]


def test_a_removal_that_does_not_show_is_not_believed(sim: Simulator) -> None:
    sim.seed([{"employee_no": "1", "name": "测试甲", "mobile": "13800000001"}])

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            return httpx.Response(200, json={"code": 0, "msg": "success", "data": {}})
        return sim.handle(request)

    (receipt,) = connect(sim, handle).remove([write(Action.REMOVE, "1")])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "not_confirmed")


def test_a_lost_answer_to_a_creation_then_the_same_key_gives_one_user(sim: Simulator) -> None:
    feishu = connect(sim, lost(sim, "POST"))
    hires = [write(Action.PROVISION, f"00{n}", sim.sample(n)) for n in (1, 2)]
    first = feishu.provision(hires)
    assert [r.outcome for r in first] == [Outcome.IN_DOUBT, Outcome.DONE]
    assert [r.outcome for r in feishu.provision(hires)] == [Outcome.DONE, Outcome.DONE]
    assert sorted(sim.user_ids) == ["001", "002"]
    assert [e.action for e in sim.journal].count("provision") == 2


def test_the_client_token_alone_also_keeps_one_user(sim: Simulator) -> None:
    """The repeat as Feishu sees it when the look-up before it finds nothing yet."""

    def blind(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and "/users/" in request.url.path:
            return (
                httpx.Response(200, json={"code": 0, "data": {"items": []}})
                if request.url.path.endswith("batch")
                else (httpx.Response(400, json={"code": 99992360, "msg": "these ids not existed"}))
            )
        return sim.handle(request)

    for _ in range(2):
        hire = write(Action.PROVISION, "0012", sim.sample(1), key="ab" * 32)
        (receipt,) = connect(sim, blind).provision([hire])
        assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, "0012")
    assert [e.action for e in sim.journal] == ["provision"]


def test_an_account_made_by_hand_is_taken_over_by_its_employee_number(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"user_id": "3e3cf96b", "employee_no": "0012", "name": "旧名", "mobile": "13800000001"}])
    (receipt,) = feishu.provision([write(Action.PROVISION, "0012", sim.sample(1))])
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, "3e3cf96b")
    assert sim.user_ids == ["3e3cf96b"]
    assert sim.user("3e3cf96b")["name"] == "测试1䶮"


def test_an_account_made_by_hand_that_is_frozen_is_taken_over_for_use(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"user_id": "3e3cf96b", "employee_no": "0012", "name": "旧名", "mobile": "13800000001", "frozen": True}])
    (receipt,) = feishu.provision([write(Action.PROVISION, "0012", sim.sample(1))])
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, "3e3cf96b")
    (account,) = feishu.find([AccountRef("0012", "3e3cf96b")])
    assert account is not None
    assert account.state is AccountState.ENABLED


def test_someone_elses_mobile_is_a_refusal_not_a_take_over(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"user_id": "other", "employee_no": "0099", "name": "测试乙", "mobile": "13800000001"}])
    (receipt,) = feishu.provision([write(Action.PROVISION, "0012", sim.sample(1))])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "feishu_41001")
    assert sim.user("other")["name"] == "测试乙"


def test_a_user_id_that_belongs_to_another_person_is_never_touched(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"user_id": "0012", "employee_no": "0099", "name": "测试乙", "mobile": "13800000009"}])
    assert feishu.find([AccountRef("0012")]) == [None]
    for method, action in (
        (feishu.update, Action.UPDATE),
        (feishu.disable, Action.DISABLE),
        (feishu.remove, Action.REMOVE),
    ):
        assert method([write(action, "0012", {})])[0].code == "no_account"
    assert feishu.provision([write(Action.PROVISION, "0012", sim.sample(1))])[0].code == "feishu_41011"
    assert sim.journal == []


def test_a_rehire_within_thirty_days_is_resurrected_into_the_department(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": "0012", "name": "测试甲", "mobile": "13800000001", "resigned": True}])
    assert feishu.enable([write(Action.ENABLE, "0012", {"department_id": "D2"})])[0].outcome is Outcome.DONE
    assert sim.user("0012")["department_ids"] == ["D2"]
    assert [e.action for e in sim.journal] == ["resurrect", "enable"]


def test_a_rehire_after_thirty_days_is_made_anew_by_provision_and_refused_by_enable(
    sim: Simulator, feishu: Feishu
) -> None:
    sim.seed([{"employee_no": "0012", "name": "测试甲", "mobile": "13800000001", "resigned": True}])
    sim.age_resigned(31)
    assert feishu.enable([write(Action.ENABLE, "0012")])[0].code == "feishu_44028"
    assert feishu.provision([write(Action.PROVISION, "0012", sim.sample(1))])[0].outcome is Outcome.DONE
    assert [e.action for e in sim.journal] == ["provision"]


def test_updating_the_resigned_is_refused_and_disabling_them_is_done(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": "1", "name": "甲", "mobile": "1", "resigned": True}])
    assert feishu.update([write(Action.UPDATE, "1", {"city": "上海"})])[0].code == "feishu_42006"
    assert feishu.disable([write(Action.DISABLE, "1")])[0].outcome is Outcome.DONE


@pytest.mark.parametrize("strict", [False, True])
def test_find_keeps_the_order_and_the_gaps(sim: Simulator, strict: bool) -> None:
    sim.strict_ids = strict
    sim.seed([{"employee_no": f"{n:04d}", "name": "甲", "mobile": str(n), "resigned": n == 7} for n in range(1, 121)])
    refs = [AccountRef(f"{n:04d}") for n in (120, 7, 999, 1, 60)]
    found = connect(sim).find(refs)
    assert [a and a.number for a in found] == ["0120", "0007", None, "0001", "0060"]
    assert found[1] is not None
    assert found[1].state is AccountState.REMOVED


def test_scan_gives_everyone_once_over_pages_and_departments(sim: Simulator, feishu: Feishu) -> None:
    sim.seed(
        {
            "employee_no": f"{n:04d}",
            "name": "甲",
            "mobile": str(n),
            "department_ids": [["D1"], ["D2", "D3"], ["0"]][n % 3],
        }
        for n in range(160)
    )
    accounts = list(feishu.scan())
    assert len(accounts) == 161
    assert len({a.external_id for a in accounts}) == 161
    assert [a.external_id for a in accounts if a.number is None] == ["hr-desk"]


@pytest.mark.parametrize("token", ["same", ""])
def test_a_page_token_that_repeats_stops_the_scan(sim: Simulator, token: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("find_by_department"):
            data = {"items": [], "has_more": True, "page_token": token}
            return httpx.Response(200, json={"code": 0, "data": data})
        return sim.handle(request)

    with pytest.raises(HaltError, match="repeats itself"):
        list(connect(sim, handle).scan())


# --- whose id it is


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DISABLE, Action.ENABLE, Action.REMOVE])
def test_a_user_id_that_was_given_to_a_colleague_meanwhile_is_not_written_to(sim: Simulator, action: Action) -> None:
    """The link of 0001 names zhangsan, who is 0002 by now; 0003 in the same call is written."""
    sim.seed([{"employee_no": "0002", "user_id": "zhangsan", "name": "测试乙", "mobile": "13700000002"}])
    sim.seed_person(3)
    fields = {"city": "上海"} if action is Action.UPDATE else {}
    writes = [write(action, "0001", fields, at="zhangsan"), write(action, "0003", fields, at="0003")]
    receipts = getattr(connect(sim), action.value)(writes)
    assert [(r.outcome, r.code) for r in receipts] == [(Outcome.REFUSED, "number_differs"), (Outcome.DONE, "")]
    assert "reconcile" in receipts[0].remedy
    assert [entry.external_id for entry in sim.journal] == ["0003"]


def test_a_linked_account_without_a_number_is_still_written_to(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"user_id": "zhangsan", "employee_no": "", "name": "测试甲", "mobile": "13700000001"}])
    (receipt,) = feishu.update([write(Action.UPDATE, "0001", {"city": "上海"}, at="zhangsan")])
    assert receipt.outcome is Outcome.DONE


def test_a_link_to_what_is_a_colleague_by_now_keeps_nobody_from_an_account_of_their_own(sim: Simulator) -> None:
    sim.seed([{"employee_no": "0002", "user_id": "zhangsan", "name": "测试乙", "mobile": "13700000002"}])
    (receipt,) = connect(sim).provision([write(Action.PROVISION, "0001", sim.sample(1), at="zhangsan")])
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, "0001")


def test_people_are_looked_at_in_one_call_before_a_write(sim: Simulator) -> None:
    paths: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        paths.append(f"{request.method} {request.url.path.rpartition('/contact/v3/')[2]}")
        return sim.handle(request)

    for n in (1, 2, 3):
        sim.seed_person(n)
    numbers = [f"{n:04d}" for n in (1, 2, 3)]
    feishu = connect(sim, handle)
    feishu.update([write(Action.UPDATE, number, {"city": "上海"}, at=number) for number in numbers])
    assert paths[1:] == ["GET users/batch", *(f"PATCH users/{number}" for number in numbers)]
    del paths[:]
    feishu.disable([write(Action.DISABLE, "0001", at="0001")])
    assert paths == ["GET users/0001", "PATCH users/0001"]
