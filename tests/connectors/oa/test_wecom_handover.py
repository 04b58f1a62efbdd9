"""Customers and customer groups: who has them, what is promised, what is proved, and what is refused by name."""

from __future__ import annotations

import httpx
import orjson
import pytest

from baton.sdk import (
    Action,
    HaltError,
    HoldingKind,
    HoldingRef,
    Outcome,
)
from connectors.oa.wecom.connector import WeCom
from connectors.oa.wecom.simulator import Simulator
from tests.connectors.oa.wecom_desk import Wire, connect, everything, leave, transfer, write

RESIGNED = "externalcontact/resigned/transfer_customer"
ON_JOB = "externalcontact/transfer_customer"
RESULT = "externalcontact/transfer_result"


# --- what somebody has


def test_customers_and_groups_over_several_pages_each_once(corp: Simulator) -> None:
    planted = {corp.seed_holding("client", n, "0001") for n in range(7)}
    planted |= {corp.seed_holding("group", n, "0001") for n in range(4)}
    corp.seed_holding("client", 90, "0002")
    corp.page_size = 3
    found = everything(connect(corp), "0001")
    assert sorted(h.ref.external_id for h in found) == sorted(planted)
    assert {h.title for h in found} == {*(f"客户{n}公司" for n in range(7)), *(f"客户群{n}" for n in range(4))}
    assert not any(h.by_hand for h in found)


@pytest.mark.parametrize("who", ["0001", "nobody"])
def test_a_person_without_customers_has_none(corp: Simulator, who: str) -> None:
    assert everything(connect(corp), who) == []


def test_a_remark_is_a_fact_a_successor_should_know(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    (before,) = everything(wecom, "0001")
    corp.change_holding("client", client)
    (after,) = everything(wecom, "0001")
    assert (before.facts, after.facts) == ({}, {"remark": "改"})


@pytest.mark.parametrize("documented", [True, False])
def test_what_a_leaver_left_behind_is_found(corp: Simulator, documented: bool) -> None:
    corp.owner_filter_of_leavers = documented
    planted = [corp.seed_holding("client", n, "0001") for n in range(3)]
    planted += [corp.seed_holding("group", n, "0001") for n in range(2)]
    corp.seed_holding("group", 9, "0002")
    wecom = connect(corp)
    leave(wecom, "0001")
    corp.page_size = 2
    assert sorted(h.ref.external_id for h in everything(wecom, "0001")) == sorted(planted)


def test_a_member_who_cannot_be_seen_is_an_error_and_not_somebody_without_customers(corp: Simulator) -> None:
    corp.seed_holding("client", 1, "0001")
    corp.members.hidden.add("0001")
    with pytest.raises(HaltError) as caught:
        everything(connect(corp), "0001")
    assert caught.value.code == "not_visible"


def test_holders_of_customers_and_groups_and_of_what_is_gone(corp: Simulator) -> None:
    corp.seed_holding("client", 1, "0001")
    corp.seed_holding("group", 1, "0002")
    wecom = connect(corp)
    refs = [
        HoldingRef(HoldingKind.GROUP, "wrSim000001"),
        HoldingRef(HoldingKind.CLIENT, "wmSim000001"),
        HoldingRef(HoldingKind.CLIENT, "wm-unknown"),
        HoldingRef(HoldingKind.GROUP, "wr-unknown"),
    ]
    assert wecom.holders(refs) == ["0002", "0001", None, None]
    leave(wecom, "0001")
    assert wecom.holders(refs[:2]) == ["0002", "0001"]


def test_a_customer_whom_several_follow_has_them_all_so_that_nothing_is_wrongly_proved(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    corp.customers.plant_client(client, "客户", "0002", createtime=0)
    assert connect(corp).holders([HoldingRef(HoldingKind.CLIENT, client)]) == ["0002|0001"]


# --- passing customers on


def test_a_colleagues_customer_is_accepted_then_waits_then_is_done(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wire = Wire(corp)
    wecom = connect(corp, wire)
    asked = [transfer("client", client, "0001", "0002")]
    (receipt,) = wecom.transfer(asked)
    assert (receipt.outcome, wire.count(ON_JOB), wire.count(RESIGNED)) == (Outcome.ACCEPTED, 1, 0)
    assert corp.holder_of("client", client) == "0001"
    assert wecom.transfer_results(asked)[0].outcome is Outcome.ACCEPTED
    corp.settle()
    assert wecom.transfer_results(asked)[0].outcome is Outcome.DONE
    assert corp.holder_of("client", client) == "0002"


def test_a_leavers_customer_goes_the_other_way_and_is_proved_too(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wire = Wire(corp)
    wecom = connect(corp, wire)
    leave(wecom, "0001")
    asked = [transfer("client", client, "0001", "0002")]
    assert wecom.transfer(asked)[0].outcome is Outcome.ACCEPTED
    assert (wire.count(ON_JOB), wire.count(RESIGNED)) == (0, 1)
    corp.settle()
    assert wecom.transfer_results(asked)[0].outcome is Outcome.DONE


def test_the_result_is_found_although_the_holder_left_after_the_call(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    asked = [transfer("client", client, "0001", "0002")]
    wecom.transfer(asked)
    leave(wecom, "0001")
    assert wecom.transfer_results(asked)[0].outcome is Outcome.ACCEPTED
    corp.settle()
    assert wecom.transfer_results(asked)[0].outcome is Outcome.DONE


def test_one_call_per_holder_and_successor_with_receipts_in_the_order_asked(corp: Simulator) -> None:
    clients = [corp.seed_holding("client", n, "0001") for n in range(100)]
    group = corp.seed_holding("group", 1, "0001")
    wire = Wire(corp)
    asked = [transfer("client", c, "0001", "0002" if n % 2 else "0003") for n, c in enumerate(clients[:-1])]
    asked.insert(50, transfer("group", group, "0001", "0003"))
    receipts = connect(corp, wire).transfer(asked)
    assert wire.count(ON_JOB) == 2
    assert [r.external_id for r in receipts] == [t.ref.external_id for t in asked]
    assert [r.outcome for r in receipts].count(Outcome.ACCEPTED) == 99
    assert receipts[50].outcome is Outcome.DONE


@pytest.mark.parametrize("left", [False, True])
def test_a_customer_who_says_no_comes_back_as_work(corp: Simulator, left: bool) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    if left:
        leave(wecom, "0001")
    asked = [transfer("client", client, "0001", "0002")]
    wecom.transfer(asked)
    corp.refuse(client)
    corp.settle()
    (receipt,) = wecom.transfer_results(asked)
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "client_refused")
    assert "another successor" in receipt.remedy
    assert corp.holder_of("client", client) == "0001"


def test_a_successors_limit_that_shows_only_in_the_end(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    asked = [transfer("client", client, "0001", "0002")]
    wecom.transfer(asked)
    corp.customers.full_in_the_end.add("0002")
    corp.settle()
    (receipt,) = wecom.transfer_results(asked)
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "successor_full")


def test_many_results_over_several_pages(corp: Simulator) -> None:
    clients = [corp.seed_holding("client", n, "0001") for n in range(7)]
    wecom = connect(corp)
    asked = [transfer("client", client, "0001", "0002") for client in clients]
    wecom.transfer(asked)
    corp.refuse(clients[5])
    corp.settle()
    corp.page_size = 2
    outcomes = [receipt.outcome for receipt in wecom.transfer_results(asked)]
    assert outcomes == [Outcome.DONE] * 5 + [Outcome.REFUSED, Outcome.DONE]


def test_a_third_time_within_90_days_is_refused_by_name_and_later_is_not(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    for holder, successor in (("0001", "0002"), ("0002", "0003")):
        assert wecom.transfer([transfer("client", client, holder, successor)])[0].outcome is Outcome.ACCEPTED
        corp.settle()
    (receipt,) = wecom.transfer([transfer("client", client, "0003", "0001")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "transferred_too_often")
    assert receipt.evidence == {"errcode": "40128"}
    corp.advance(90 * 24)
    assert wecom.transfer([transfer("client", client, "0003", "0001")])[0].outcome is Outcome.ACCEPTED


def test_what_can_be_refused_at_once_is_refused_by_name(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    corp.members.unverified.add("0002")
    corp.customers.full.add("0003")
    for successor, code in (("0001", "same_person"), ("0002", "successor_not_verified"), ("0003", "successor_full")):
        (receipt,) = wecom.transfer([transfer("client", client, "0001", successor)])
        assert (receipt.outcome, receipt.code, bool(receipt.remedy)) == (Outcome.REFUSED, code, True)
    (receipt,) = wecom.transfer([transfer("client", "wm-unknown", "0001", "desk")])
    assert receipt.code == "unknown_client"
    (receipt,) = connect(corp, handover="resigned").transfer([transfer("client", client, "0001", "desk")])
    assert receipt.code == "holder_not_left"
    (receipt,) = wecom.transfer([transfer("client", client, "0001", "nobody")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "wecom_60111")
    assert corp.journal == []


def test_a_disabled_holder_has_not_left(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wire = Wire(corp)
    wecom = connect(corp, wire)
    wecom.disable([write(Action.DISABLE, "0001", at="0001")])
    wecom.transfer([transfer("client", client, "0001", "0002")])
    assert (wire.count(ON_JOB), wire.count(RESIGNED)) == (1, 0)


def test_somebody_elses_customer_is_left_alone_and_the_successors_own_is_done(corp: Simulator) -> None:
    theirs, ours = (corp.seed_holding("client", n, "0001") for n in (1, 2))
    corp.give_away("client", theirs, "0003")
    corp.give_away("client", ours, "0002")
    before = len(corp.journal)
    receipts = connect(corp).transfer([transfer("client", c, "0001", "0002") for c in (theirs, ours)])
    assert [(r.outcome, r.code) for r in receipts] == [(Outcome.REFUSED, WeCom.CHANGED), (Outcome.DONE, "")]
    assert len(corp.journal) == before
    assert corp.holder_of("client", theirs) == "0003"


def test_a_repeat_is_taken_for_what_it_is_and_a_transfer_to_another_is_not(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    again = [transfer("client", client, "0001", "0002")]
    wecom.transfer(again)
    assert wecom.transfer(again)[0].outcome is Outcome.ACCEPTED
    (receipt,) = wecom.transfer([transfer("client", client, "0001", "0003")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "under_way_elsewhere")
    assert len(corp.journal) == 1


def test_accepted_and_then_forgotten_is_found_out(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    asked = [transfer("client", client, "0001", "0002")]
    wecom.transfer(asked)
    corp.customers.transfers.clear()
    (receipt,) = wecom.transfer_results(asked)
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "no_record")
    corp.customers.plant_client(client, "客户", "0002")  # that the successor knows the customer too proves nothing
    assert wecom.transfer_results(asked)[0].code == "no_record"
    corp.give_away("client", client, "0002")
    assert wecom.transfer_results(asked)[0].outcome is Outcome.DONE


def test_an_unknown_status_of_a_transfer_is_loud(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wecom = connect(corp)
    asked = [transfer("client", client, "0001", "0002")]
    wecom.transfer(asked)
    corp.customers.transfers[0]["status"] = 9
    with pytest.raises(HaltError, match="unknown status 9"):
        wecom.transfer_results(asked)


def test_an_unknown_code_beside_one_customer_leaves_that_one_in_doubt(corp: Simulator) -> None:
    wire = Wire(corp)
    told = {
        "errcode": 0,
        "customer": [{"external_userid": "a", "errcode": 77777}, {"external_userid": "b", "errcode": 0}],
    }
    wire.spoil[ON_JOB] = lambda _: httpx.Response(200, json=told)
    receipts = connect(corp, wire).transfer([transfer("client", c, "0001", "0002") for c in ("a", "b")])
    assert [r.outcome for r in receipts] == [Outcome.IN_DOUBT, Outcome.ACCEPTED]
    assert receipts[0].code == "wecom_77777_unknown"


@pytest.mark.parametrize("code", [45009, 45033, 6000])
@pytest.mark.parametrize(
    ("kind", "path", "rows", "name"),
    [
        ("client", ON_JOB, "customer", "external_userid"),
        ("group", "externalcontact/groupchat/onjob_transfer", "failed_chat_list", "chat_id"),
    ],
)
def test_a_limit_beside_one_record_is_no_refusal_of_it(
    corp: Simulator, code: int, kind: str, path: str, rows: str, name: str
) -> None:
    wire = Wire(corp)
    one = corp.seed_holding(kind, 1, "0001")
    told = {"errcode": 0, rows: [{name: one, "errcode": code}]}
    wire.spoil[path] = lambda _: httpx.Response(200, json=told)
    wecom, asked = connect(corp, wire), [transfer(kind, one, "0001", "0002")]
    (receipt,) = wecom.transfer(asked)
    assert (receipt.outcome, receipt.code) == (Outcome.NOT_PERFORMED, f"wecom_{code}")
    assert wecom.transfer(asked)[0].outcome in (Outcome.ACCEPTED, Outcome.DONE)


def test_a_holder_who_is_only_invisible_has_not_left(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    corp.members.hidden.add("0001")
    (receipt,) = connect(corp).transfer([transfer("client", client, "0001", "0002")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "not_visible")


def test_a_message_for_the_customer_goes_with_a_colleagues_transfer_only(corp: Simulator) -> None:
    client = corp.seed_holding("client", 1, "0001")
    wire = Wire(corp)
    wecom = connect(corp, wire, transfer_success_msg="您好，今后由我的同事为您服务。")
    wecom.transfer([transfer("client", client, "0001", "0002")])
    body = orjson.loads(wire.bodies[wire.paths.index(ON_JOB)])
    assert body["transfer_success_msg"] == "您好，今后由我的同事为您服务。"


# --- passing groups on


@pytest.mark.parametrize("left", [False, True])
def test_a_group_is_done_when_its_new_owner_is_read_back(corp: Simulator, left: bool) -> None:
    group = corp.seed_holding("group", 1, "0001")
    wire = Wire(corp)
    wecom = connect(corp, wire)
    if left:
        leave(wecom, "0001")
    (receipt,) = wecom.transfer([transfer("group", group, "0001", "0002")])
    assert (receipt.outcome, receipt.evidence) == (Outcome.DONE, {"proof": "read_back"})
    assert corp.holder_of("group", group) == "0002"
    way = "transfer" if left else "onjob_transfer"
    assert wire.count(f"externalcontact/groupchat/{way}") == 1


def test_a_group_that_wecom_says_yes_to_and_does_not_pass_on_stays_open(corp: Simulator) -> None:
    group = corp.seed_holding("group", 1, "0001")
    wire = Wire(corp)
    wecom = connect(corp, wire)
    wire.spoil["externalcontact/groupchat/onjob_transfer"] = lambda _: httpx.Response(
        200, json={"errcode": 0, "failed_chat_list": []}
    )
    asked = [transfer("group", group, "0001", "0002")]
    assert wecom.transfer(asked)[0].outcome is Outcome.ACCEPTED
    assert wecom.transfer_results(asked)[0].outcome is Outcome.ACCEPTED
    corp.give_away("group", group, "0002")
    assert wecom.transfer_results(asked)[0].outcome is Outcome.DONE


def test_groups_are_compared_before_and_refused_one_by_one(corp: Simulator) -> None:
    groups = [corp.seed_holding("group", n, "0001") for n in range(4)]
    wecom = connect(corp)
    corp.give_away("group", groups[1], "0003")
    corp.give_away("group", groups[2], "0002")
    corp.customers.groups[groups[3]]["on_job_at"] = [corp.now(), corp.now()]
    receipts = wecom.transfer([transfer("group", group, "0001", "0002") for group in [*groups, "wr-unknown"]])
    assert [(r.outcome, r.code) for r in receipts] == [
        (Outcome.DONE, ""),
        (Outcome.REFUSED, WeCom.CHANGED),
        (Outcome.DONE, ""),
        (Outcome.REFUSED, "transferred_too_often"),
        (Outcome.REFUSED, WeCom.CHANGED),
    ]
    assert corp.holder_of("group", groups[1]) == "0003"


def test_a_kind_that_wecom_does_not_pass_on_is_refused(corp: Simulator) -> None:
    number = corp.seed_holding("approval", 1, "0001")
    (receipt,) = connect(corp).transfer([transfer("approval", number, "0001", "0002")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "no_transfer")
