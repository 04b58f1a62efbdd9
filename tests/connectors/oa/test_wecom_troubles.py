"""What WeCom's codes lead to: one renewal of a token, a whole window's wait, and loud errors for the unknown."""

from __future__ import annotations

import re

import httpx
import pytest

from baton.sdk import AccountRef, Action, HaltError, HoldingKind, HoldingRef, Outcome, RejectedError, RetryableError
from connectors.oa.wecom.codes import CODES, Verdict
from tests.connectors.oa.wecom_desk import FrozenClock, Wire, connect, corporation, person, transfer, write

WHO = [AccountRef("0012")]


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_token_that_is_not_taken_is_fetched_anew_once(code: int) -> None:
    sim = corporation()
    sim.seed_person(12)
    wire = Wire(sim)
    wecom = connect(sim, wire)
    sim.answer_next(code)
    assert wecom.find(WHO)[0] is not None
    assert (wire.count("gettoken"), wire.count("user/get")) == (2, 2)
    sim.answer_next(code)
    sim.answer_next(code)
    with pytest.raises(HaltError) as caught:
        wecom.find(WHO)
    assert caught.value.code == f"wecom_{code}"
    assert wire.count("user/get") == 4


def test_each_secret_has_a_token_of_its_own_which_is_kept_until_shortly_before_its_end() -> None:
    sim, clock = corporation(), FrozenClock()
    wire = Wire(sim)
    wecom = connect(sim, wire, clock)
    for _ in range(3):
        wecom.provision([write(Action.PROVISION, "0012", sim.sample(12))])
    assert wire.count("gettoken") == 2
    clock.passed_s += 6901
    wecom.find(WHO)
    assert wire.count("gettoken") == 3


@pytest.mark.parametrize(("name", "code"), [("app_secret", 40001), ("corp_id", 40013)])
def test_a_wrong_credential_halts_and_is_not_tried_again(name: str, code: int) -> None:
    sim = corporation()
    wire = Wire(sim)
    with pytest.raises(HaltError) as caught:
        connect(sim, wire, **{name: "wrong-secret-value"}).find(WHO)
    assert (caught.value.code, wire.paths) == (f"wecom_{code}", ["gettoken"])
    assert "wrong-secret-value" not in str(caught.value)


@pytest.mark.parametrize("code", [-1, 6000, 45009, 45033])
def test_a_token_that_is_refused_for_a_passing_reason_is_asked_for_later(code: int) -> None:
    wire = Wire(corporation())
    wire.spoil["gettoken"] = lambda _: httpx.Response(200, json={"errcode": code, "errmsg": "synthetic"})
    with pytest.raises(RetryableError) as caught:
        connect(wire.sim, wire).find(WHO)
    assert (caught.value.code, caught.value.retry_after_s) == (f"wecom_{code}", 60)


def test_an_unknown_code_under_a_servers_error_says_nothing_of_the_secrets() -> None:
    wire = Wire(corporation())
    wire.spoil["gettoken"] = lambda _: httpx.Response(500, json={"errcode": 2200, "errmsg": "synthetic"})
    with pytest.raises(RetryableError) as caught:
        connect(wire.sim, wire).find(WHO)
    assert caught.value.code == "wecom_2200"
    wire.spoil["gettoken"] = lambda _: httpx.Response(200, json={"errcode": 2200, "errmsg": "synthetic"})
    with pytest.raises(HaltError):
        connect(wire.sim, wire).find(WHO)


def test_a_limit_is_waited_for_a_whole_window_and_longer_when_it_is_met_again() -> None:
    sim = corporation()
    sim.seed_person(12)
    wecom = connect(sim)
    waits = []
    sim.throttle(4)
    for _ in range(4):
        with pytest.raises(RetryableError) as caught:
            wecom.find(WHO)
        waits.append(caught.value.retry_after_s)
    assert waits == [60, 3600, 86400, 86400]
    assert wecom.find(WHO)[0] is not None
    sim.throttle(1)
    with pytest.raises(RetryableError) as caught:
        wecom.find(WHO)
    assert caught.value.retry_after_s == 60


def test_too_many_calls_at_once_is_a_short_wait() -> None:
    sim = corporation()
    sim.throttle(1, 45033)
    with pytest.raises(RetryableError) as caught:
        connect(sim).find(WHO)
    assert caught.value.retry_after_s == 2


def test_busy_means_later_for_a_question_and_doubt_for_a_write() -> None:
    sim = corporation()
    sim.seed_person(12)
    wecom = connect(sim)
    sim.answer_next(-1)
    with pytest.raises(RetryableError):
        wecom.find(WHO)
    sim.answer_next(-1)
    (receipt,) = wecom.disable([write(Action.DISABLE, "0012", at="0012")])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "wecom_-1")


def test_a_limit_half_way_leaves_the_rest_not_performed_with_its_wait() -> None:
    sim = corporation()
    for n in (1, 2, 3):
        sim.seed_person(n)
    wire = Wire(sim)
    wecom = connect(sim, wire)
    writes = [write(Action.DISABLE, f"{n:04d}", at=f"{n:04d}") for n in (1, 2, 3)]
    passed = iter([True, False, False])
    inner = sim.handle

    def limited(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("user/update") and not next(passed):
            sim.throttle(1)
        return inner(request)

    wire.sim.handle = limited  # type: ignore[method-assign]
    receipts = wecom.disable(writes)
    assert [r.outcome for r in receipts] == [Outcome.DONE, Outcome.NOT_PERFORMED, Outcome.NOT_PERFORMED]
    assert [r.retry_after_s for r in receipts] == [None, 60, 60]
    assert sim.members.found("0003")["status"] == 1


def test_an_unknown_code_stops_a_question_and_leaves_a_write_in_doubt() -> None:
    sim = corporation()
    sim.seed_person(12)
    wecom = connect(sim)
    sim.answer_next(77777, "something about 13800000012")
    with pytest.raises(HaltError, match="77777") as caught:
        wecom.find(WHO)
    assert (caught.value.code, "13800000012" in str(caught.value)) == ("wecom_77777_unknown", False)
    sim.answer_next(77777)
    (receipt,) = wecom.disable([write(Action.DISABLE, "0012", at="0012")])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "wecom_77777_unknown")


@pytest.mark.parametrize("code", [60011, 50002, 60021, 60030, 40058, 40035])
def test_a_refusal_about_one_member_is_theirs_alone(code: int) -> None:
    sim = corporation()
    for n in (11, 12):
        sim.seed_person(n)
    wecom = connect(sim)
    sim.answer_next(code)
    with pytest.raises(RejectedError) as caught:
        wecom.find([AccountRef("0011"), *WHO])
    assert (caught.value.code, bool(caught.value.remedy)) == (f"wecom_{code}", True)
    sim.answer_next(code)
    hires = [write(Action.PROVISION, f"{n:04d}", sim.sample(n)) for n in (11, 12)]
    assert [(r.outcome, r.code) for r in wecom.provision(hires)] == [
        (Outcome.REFUSED, f"wecom_{code}"), (Outcome.DONE, ""),
    ]  # fmt: skip


@pytest.mark.parametrize("code", [60020, 48002, 48009, 50003, 40056])
def test_what_the_app_may_not_do_at_all_still_stops_the_system(code: int) -> None:
    sim = corporation()
    sim.answer_next(code)
    with pytest.raises(HaltError) as caught:
        connect(sim).find(WHO)
    assert caught.value.code == f"wecom_{code}"


def test_no_privilege_for_a_question_that_names_nobody_is_about_the_app() -> None:
    sim = corporation()
    sim.answer_next(60011)
    with pytest.raises(HaltError) as caught:
        list(connect(sim).scan())
    assert caught.value.code == "wecom_60011"


def test_a_scan_in_which_one_member_is_refused_would_be_short() -> None:
    sim = corporation()
    sim.seed_person(12)
    wire = Wire(sim)
    wire.spoil["user/get"] = lambda _: httpx.Response(200, json={"errcode": 60011, "errmsg": "no privilege"})
    with pytest.raises(HaltError) as caught:
        list(connect(sim, wire).scan())
    assert caught.value.code == "not_visible"


def test_wecoms_own_id_of_a_call_is_kept_and_nothing_else_of_its_words() -> None:
    sim = corporation()
    sim.seed_person(12)
    sim.answer_next(60011, "no privilege for 测试")
    (receipt,) = connect(sim).disable([write(Action.DISABLE, "0012", at="0012")])
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.evidence["errcode"] == "60011"
    assert re.fullmatch(r"\(hint \d+_synthetic\)", receipt.evidence["hint"])
    assert "测试" not in repr(receipt)


def test_a_page_that_repeats_itself_is_an_error() -> None:
    sim = corporation()
    sim.page_size = 1
    sim.seed_person(1)
    wire = Wire(sim)
    page = {"errcode": 0, "dept_user": [], "next_cursor": "again"}

    def again(_: httpx.Request) -> httpx.Response:
        wire.spoil["user/list_id"] = again
        return httpx.Response(200, json=page)

    wire.spoil["user/list_id"] = again
    with pytest.raises(HaltError) as caught:
        list(connect(sim, wire).scan())
    assert caught.value.code == "cursor_repeated"
    assert wire.count("user/list_id") == 2


def test_reading_what_somebody_owns_raises_rather_than_being_short() -> None:
    sim = corporation()
    holder = sim.seed_person(1)
    for n in range(5):
        sim.seed_holding("client", n, holder)
    sim.page_size = 2
    wire = Wire(sim)
    wecom = connect(sim, wire)
    pages = wecom.owned(person(holder))
    assert len(next(pages)) == 2
    sim.throttle(1)
    with pytest.raises(RetryableError):
        list(pages)


def test_every_refusal_that_a_person_meets_says_what_to_do() -> None:
    silent = [code for code, meaning in CODES.items() if meaning.verdict is Verdict.REFUSED and not meaning.remedy]
    assert silent == []


def test_an_answer_that_lacks_a_customer_leaves_that_one_in_doubt() -> None:
    sim = corporation()
    holder, successor = sim.seed_person(1), sim.seed_person(2)
    clients = [sim.seed_holding("client", n, holder) for n in (1, 2)]
    wire = Wire(sim)

    def short(request: httpx.Request) -> httpx.Response:
        body = sim.handle(request).json()
        return httpx.Response(200, json={**body, "customer": body["customer"][:1]})

    wire.spoil["externalcontact/transfer_customer"] = short
    receipts = connect(sim, wire).transfer([transfer("client", one, holder, successor) for one in clients])
    assert [r.outcome for r in receipts] == [Outcome.ACCEPTED, Outcome.IN_DOUBT]


@pytest.mark.parametrize(
    ("kind", "path", "name"),
    [
        ("client", "externalcontact/transfer_customer", "customer"),
        ("group", "externalcontact/groupchat/onjob_transfer", "failed_chat_list"),
    ],
)
def test_an_answer_to_a_transfer_that_cannot_be_read_leaves_all_of_it_in_doubt(kind: str, path: str, name: str) -> None:
    sim = corporation()
    holder, successor = sim.seed_person(1), sim.seed_person(2)
    held = [sim.seed_holding(kind, n, holder) for n in (1, 2)]
    wire = Wire(sim)
    wire.spoil[path] = lambda _: httpx.Response(200, json={"errcode": 0, name: "everything"})
    receipts = connect(sim, wire).transfer([transfer(kind, one, holder, successor) for one in held])
    assert [r.outcome for r in receipts] == [Outcome.IN_DOUBT, Outcome.IN_DOUBT]


def test_a_lost_answer_to_one_successors_call_does_not_cost_the_others_receipts() -> None:
    sim = corporation()
    holder, first, second = (sim.seed_person(n) for n in (1, 2, 3))
    clients = [sim.seed_holding("client", n, holder) for n in (1, 2)]
    wire = Wire(sim)

    def lost(request: httpx.Request) -> httpx.Response:
        sim.handle(request)
        raise httpx.ReadError("connection reset", request=request)

    wire.spoil["externalcontact/transfer_customer"] = lost
    asked = [transfer("client", c, holder, s) for c, s in zip(clients, (first, second), strict=True)]
    wecom = connect(sim, wire)
    receipts = wecom.transfer(asked)
    assert [r.outcome for r in receipts] == [Outcome.IN_DOUBT, Outcome.ACCEPTED]
    assert [r.outcome for r in wecom.transfer(asked)] == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert len(sim.journal) == 2


def test_a_customer_beside_whom_no_member_is_named_is_no_customer_of_nobody() -> None:
    sim = corporation()
    wire = Wire(sim)
    wire.spoil["externalcontact/get"] = lambda _: httpx.Response(200, json={"errcode": 0, "follow_user": [{}]})
    with pytest.raises(HaltError) as caught:
        connect(sim, wire).holders([HoldingRef(HoldingKind.CLIENT, "wm1")])
    assert caught.value.code == "garbled_page"
