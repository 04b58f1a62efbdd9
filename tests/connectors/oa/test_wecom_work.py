"""Approvals that wait for somebody, and messages to members."""

from __future__ import annotations

import httpx
import orjson
import pytest

from baton.sdk import AccountRef, HoldingKind, HoldingRef, Message, Outcome, RejectedError, Transfer
from connectors.oa.wecom.simulator import Simulator
from tests.connectors.oa.wecom_desk import KEYS, FrozenClock, Wire, connect, person

# --- approvals


def test_approvals_of_the_one_whose_turn_it_is_by_hand(corp: Simulator) -> None:
    mine = [corp.seed_holding("approval", n, "0001") for n in range(3)]
    corp.seed_holding("approval", 7, "0002")
    corp.approvals.approve(mine[2])  # now it is the turn of the next node
    corp.page_size = 2
    wecom = connect(corp)
    found = [holding for page in wecom.work(person("0001")) for holding in page]
    assert sorted(h.ref.external_id for h in found) == mine[:2]
    assert all(h.ref.kind is HoldingKind.APPROVAL and "转审" in h.by_hand for h in found)
    assert found[0].title.startswith("报销")
    assert found[0].facts["applicant"] == "desk"
    corp.give_away("approval", mine[0], "0003")
    assert [h.ref.external_id for page in wecom.work(person("0001")) for h in page] == [mine[1]]


def test_pending_approvals_are_read_once_however_many_people_they_wait_for(corp: Simulator) -> None:
    planted = {corp.seed_holding("approval", n, who): who for n, who in enumerate(["0001", "0002", "0003", "0002"])}
    corp.page_size = 3
    wire = Wire(corp)
    wecom = connect(corp, wire)
    alone = [h for page in wecom.work(person("0002")) for h in page]
    calls = len(wire.paths)
    people = [person("0002"), AccountRef("0001", "0001")]
    shown = [each for page in wecom.work_of(people) for each in page]
    assert {h.ref.external_id: who for who, h in shown} == {n: who for n, who in planted.items() if who != "0003"}
    assert [h for who, h in shown if who == "0002"] == alone
    assert len(wire.paths) - calls <= calls


def test_a_number_that_is_the_userid_of_somebody_else_is_not_taken_for_them(corp: Simulator) -> None:
    """Members here were made by hand and carry their number in an attribute: the userid 0001 is not person 0001."""
    client, group = corp.seed_holding("client", 1, "0001"), corp.seed_holding("group", 1, "0001")
    corp.seed_holding("approval", 1, "0001")
    corp.seed_blocker(1, "0001")
    wecom, unlinked, other = connect(corp, number_attribute="工号"), AccountRef("0001"), AccountRef("0002", "0002")
    assert wecom.find([unlinked]) == [None]
    assert [h for page in wecom.owned(unlinked) for h in page] == []
    assert [h for page in wecom.work(unlinked) for h in page] == []
    assert wecom.blockers(unlinked) == []
    refs = [HoldingRef(HoldingKind.CLIENT, client), HoldingRef(HoldingKind.GROUP, group)]
    moves = [Transfer(next(KEYS), ref, unlinked, other, "b1") for ref in refs]
    moves += [Transfer(next(KEYS), ref, other, unlinked, "b1") for ref in refs]
    assert [(r.outcome, r.code) for r in wecom.transfer(moves)] == [(Outcome.REFUSED, "no_account")] * 4
    letter = Message(next(KEYS), unlinked, "", "交接待办", "请处理。", "https://hub.example/t/1")
    assert [(r.outcome, r.code) for r in wecom.notify([letter])] == [(Outcome.REFUSED, "no_account")]
    assert corp.outbox == []
    assert (corp.holder_of("client", client), corp.holder_of("group", group)) == ("0001", "0001")


def test_nothing_of_whoever_got_a_leavers_userid_is_taken_for_the_leavers(corp: Simulator) -> None:
    """张三 0099 left and was deleted by hand; the new 张三 got the userid zhangsan and carries 0012."""
    number = {"extattr": {"attrs": [{"type": 0, "name": "工号", "text": {"value": "0012"}}]}}
    corp.seed([{"userid": "zhangsan", "name": "张三", **number}])
    client, group = corp.seed_holding("client", 1, "zhangsan"), corp.seed_holding("group", 1, "zhangsan")
    corp.seed_holding("approval", 1, "zhangsan")
    wecom, former = connect(corp, number_attribute="工号"), AccountRef("0099", "zhangsan")
    for look in (wecom.owned, wecom.work, wecom.blockers):
        with pytest.raises(RejectedError) as caught:
            list(look(former))
        assert caught.value.code == "number_differs"
    other = AccountRef("0002", "0002")
    refs = [HoldingRef(HoldingKind.CLIENT, client), HoldingRef(HoldingKind.GROUP, group)]
    moves = [Transfer(next(KEYS), ref, *pair, "b1") for ref in refs for pair in ((former, other), (other, former))]
    assert [(r.outcome, r.code) for r in wecom.transfer(moves)] == [(Outcome.REFUSED, "number_differs")] * 4
    letter = Message(next(KEYS), former, "", "交接待办", "请处理。", "https://hub.example/t/1")
    assert [(r.outcome, r.code) for r in wecom.notify([letter])] == [(Outcome.REFUSED, "number_differs")]
    assert corp.outbox == []
    assert (corp.holder_of("client", client), corp.holder_of("group", group)) == ("zhangsan", "zhangsan")
    new = AccountRef("0012", "zhangsan")
    assert len([h for look in (wecom.owned, wecom.work) for page in look(new) for h in page]) == 3


def test_approvals_are_asked_for_in_windows_that_leave_no_gap(corp: Simulator) -> None:
    now, day = int(corp.now()), 86_400
    ages = [0, 29 * day, 30 * day, 30 * day + 1, 31 * day, 60 * day, 89 * day, 91 * day]
    for n, age in enumerate(ages):
        corp.planted_at = now - age
        corp.seed_holding("approval", n, "0001")
    wire = Wire(corp)
    found = [h for page in connect(corp, wire, approval_days=90).work(person("0001")) for h in page]
    assert len(found) == len({h.ref for h in found}) == 7
    asked = [orjson.loads(b) for p, b in zip(wire.paths, wire.bodies, strict=True) if p == "oa/getapprovalinfo"]
    assert all(int(a["endtime"]) - int(a["starttime"]) <= 31 * day for a in asked)
    assert all({"key": "sp_status", "value": "1"} in a["filters"] for a in asked)


def test_approval_data_is_asked_for_at_most_ten_times_a_second(corp: Simulator) -> None:
    for n in range(20):
        corp.seed_holding("approval", n, "0002")
    clock = FrozenClock()
    list(connect(corp, None, clock, approval_days=30).work(person("0001")))
    assert clock.passed_s >= 2.0


# --- messages


def message(to: str, *, text: str = "请在周五前处理。", link: str = "https://hub.example/t/1") -> Message:
    return Message(next(KEYS), AccountRef(to, to), "", "交接待办", text, link)


def test_a_card_with_the_link_and_a_text_without(corp: Simulator) -> None:
    wire = Wire(corp)
    wecom = connect(corp, wire)
    receipts = wecom.notify([message("0001"), message("0002", link="")])
    assert [r.outcome for r in receipts] == [Outcome.DONE, Outcome.DONE]
    assert receipts[0].evidence["msgid"]
    shown = "请在周五前处理。\nhttps://hub.example/t/1"
    assert corp.outbox == [("0001", "交接待办", shown), ("0002", "", "交接待办\n请在周五前处理。")]
    card = orjson.loads(wire.bodies[wire.paths.index("message/send")])
    assert (card["touser"], card["agentid"], card["textcard"]["url"]) == ("0001", 1000002, "https://hub.example/t/1")


def test_whom_the_app_cannot_reach_is_refused_and_keeps_nobody_back(corp: Simulator) -> None:
    receipts = connect(corp).notify([message("nobody"), message("0001")])
    assert [(r.outcome, r.code) for r in receipts] == [(Outcome.REFUSED, "invaliduser"), (Outcome.DONE, "")]


@pytest.mark.parametrize(("field", "code"), [("invaliduser", "invaliduser"), ("unlicenseduser", "unlicensed")])
def test_a_yes_that_names_the_receiver_as_unreached_is_a_refusal(corp: Simulator, field: str, code: str) -> None:
    wire = Wire(corp)
    wire.spoil["message/send"] = lambda _: httpx.Response(200, json={"errcode": 0, field: "0001"})
    (receipt,) = connect(corp, wire).notify([message("0001")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, code)


def test_markup_in_a_text_is_no_markup_and_long_texts_are_cut_at_a_character(corp: Simulator) -> None:
    connect(corp).notify([message("0001", text="<b>" + "长" * 600)])
    ((_, _, shown),) = corp.outbox
    text, _, _ = shown.rpartition("\n")
    assert text.startswith("＜b＞长")
    assert text.endswith("长…")
    assert len(text.encode()) <= 512
