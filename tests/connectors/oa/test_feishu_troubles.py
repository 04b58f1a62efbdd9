"""Feishu accounts when things go wrong: tokens, limits, unreadable answers, refusals, and the self-check."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest
from pydantic import ValidationError

from baton.kit.run import Verdict as Law
from baton.kit.run import run_laws
from baton.sdk import (
    AccountRef,
    Action,
    ConnectorError,
    FieldType,
    HaltError,
    InDoubtError,
    Outcome,
    RetryableError,
)
from connectors.oa.feishu.codes import CODES, Verdict
from connectors.oa.feishu.connector import Feishu
from connectors.oa.feishu.simulator import Simulator
from tests.connectors.oa.feishu_desk import FrozenClock, connect, lost, write


def test_one_thread_fetches_the_token_for_eight(sim: Simulator) -> None:
    sim.seed([{"employee_no": "1", "name": "甲", "mobile": "1"}])
    start, refused = threading.Barrier(8), threading.Barrier(8)

    def handle(request: httpx.Request) -> httpx.Response:
        answer = sim.handle(request)
        if b"99991663" in answer.content:
            refused.wait(10)  # all eight hold the dead token before the first may ask for another
        return answer

    feishu = connect(sim, handle)

    def look(_: int) -> bool:
        start.wait(10)
        return feishu.find([AccountRef("1")])[0] is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look, range(8)))
        assert sim.token_requests == 1
        sim.expire_sessions()
        assert all(pool.map(look, range(8)))
    assert sim.token_requests == 2


def test_the_token_is_renewed_half_an_hour_before_it_ends(sim: Simulator) -> None:
    clock = FrozenClock()
    sim = Simulator(now=lambda: clock.at)
    feishu = connect(sim, clock=clock)
    feishu.find([AccountRef("1")])
    clock.at += 5_390
    feishu.find([AccountRef("1")])
    assert sim.token_requests == 1
    clock.at += 20
    feishu.find([AccountRef("1")])
    assert sim.token_requests == 2


@pytest.mark.parametrize("code", [99991663, 99991664, 99991671])
def test_a_token_refused_twice_halts(sim: Simulator, feishu: Feishu, code: int) -> None:
    sim.answer_next(code)
    assert feishu.find([AccountRef("1")]) == [None]
    sim.answer_next(code)
    sim.answer_next(code)
    with pytest.raises(HaltError) as caught:
        feishu.find([AccountRef("1")])
    assert caught.value.code == f"feishu_{code}"


def test_a_wrong_secret_halts_and_is_not_shown(sim: Simulator) -> None:
    with pytest.raises(HaltError) as caught:
        connect(sim, app_secret="not-the-secret").find([AccountRef("1")])
    assert caught.value.remedy
    assert "not-the-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (500, 2200, RetryableError),
        (503, 1500, RetryableError),
        (500, 40003, RetryableError),
        (400, 40003, RetryableError),
        (400, 44025, RetryableError),
        (500, 10014, RetryableError),
        (400, 10003, HaltError),
        (400, 2200, HaltError),
    ],
)
def test_a_token_that_is_refused_for_a_passing_reason_is_asked_for_later(
    sim: Simulator, status: int, code: int, error: type[ConnectorError]
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if "tenant_access_token" in request.url.path:
            return httpx.Response(status, json={"code": code, "msg": "synthetic"})
        return sim.handle(request)

    with pytest.raises(error) as caught:
        connect(sim, handle).find([AccountRef("1")])
    assert caught.value.code == f"feishu_{code}"
    assert ("app_secret" in caught.value.remedy) is (error is HaltError)


@pytest.mark.parametrize("status", [429, 400])
def test_the_frequency_error_under_both_statuses(sim: Simulator, feishu: Feishu, status: int) -> None:
    sim.throttle(1, status=status, reset_s=7)
    with pytest.raises(RetryableError) as caught:
        feishu.find([AccountRef("1")])
    assert caught.value.retry_after_s == 7.0

    sim.seed([{"employee_no": n, "name": "甲", "mobile": n} for n in ("1", "2", "3")])
    writes = [write(Action.UPDATE, n, {"city": "上海"}, at=n) for n in ("1", "2", "3")]
    sim.throttle(1, status=status, reset_s=7)
    with pytest.raises(RetryableError):
        feishu.update(writes)
    assert sim.journal == []

    def second_throttled(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH" and len(sim.journal) == 1:
            sim.throttle(1, status=status, reset_s=7)
        return sim.handle(request)

    done, *rest = connect(sim, second_throttled).update(writes)
    assert done.outcome is Outcome.DONE
    assert [(r.outcome, r.retry_after_s) for r in rest] == [(Outcome.NOT_PERFORMED, 7.0)] * 2
    assert [e.number for e in sim.journal] == ["1"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"<html>bad gateway</html>", 502), (b'{"code":', 200), (b"[]", 200), (b'{"code":true}', 200), (b"", 503)],
)
def test_an_unreadable_answer_to_a_write_is_in_doubt(sim: Simulator, body: bytes, status: int) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body) if request.method == "PATCH" else sim.handle(request)

    (receipt,) = connect(sim, handle).update([write(Action.UPDATE, "1", {"city": "上海"}, at="1")])
    assert receipt.outcome is Outcome.IN_DOUBT


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 502, RetryableError),
        (b'{"code":', 200, RetryableError),
        (b"nothing here", 404, HaltError),
        (b"", 429, RetryableError),
    ],
)
def test_an_unreadable_answer_to_a_read(sim: Simulator, body: bytes, status: int, error: type[Exception]) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body) if request.method == "GET" else sim.handle(request)

    with pytest.raises(error):
        connect(sim, handle).find([AccountRef("1")])


def test_an_unknown_code_is_loud(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": "1", "name": "甲", "mobile": "1"}])
    assert 45_678 not in CODES
    sim.answer_next(45_678, method="PATCH")
    (receipt,) = feishu.update([write(Action.UPDATE, "1", {"city": "上海"}, at="1")])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "feishu_45678_unknown")
    assert "does not know" in receipt.message
    sim.answer_next(45_678)
    with pytest.raises(HaltError, match="does not know"):
        feishu.find([AccountRef("1")])


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        (40003, 500, Outcome.IN_DOUBT),
        (41027, 504, Outcome.IN_DOUBT),
        (44025, 400, Outcome.NOT_PERFORMED),
        (44042, 400, Outcome.NOT_PERFORMED),
        (40001, 400, Outcome.REFUSED),
        (41050, 403, Outcome.REFUSED),
        (44010, 400, Outcome.REFUSED),
        (44057, 400, Outcome.REFUSED),
    ],
)
def test_one_users_trouble_does_not_stop_the_next(sim: Simulator, code: int, status: int, outcome: Outcome) -> None:
    sim.seed([{"employee_no": n, "name": "甲", "mobile": n} for n in ("1", "2")])
    sim.answer_next(code, status=status, method="PATCH")
    first, second = connect(sim).update([write(Action.UPDATE, n, {"city": "上海"}, at=n) for n in ("1", "2")])
    assert (first.outcome, first.code) == (outcome, f"feishu_{code}")
    assert second.outcome is Outcome.DONE


def test_a_user_created_with_a_field_missing_says_who_it_is(sim: Simulator, feishu: Feishu) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/users"):
            sim.handle(request)
            return httpx.Response(400, json={"code": 44055, "msg": "create user success and create job title fail"})
        return sim.handle(request)

    (receipt,) = connect(sim, handle).provision([write(Action.PROVISION, "0012", sim.sample(1))])
    assert (receipt.outcome, receipt.external_id) == (Outcome.REFUSED, "0012")
    assert "job title" in receipt.message


def test_a_missing_permission_halts(sim: Simulator, feishu: Feishu) -> None:
    sim.answer_next(99991672)
    with pytest.raises(HaltError, match="permission"):
        feishu.update([write(Action.UPDATE, "1", {"city": "上海"}, at="1")])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"shoe_size": "44"}, "unknown_field"),
        ({"department_id": None}, "cannot_clear"),
        ({"employee_no": "13"}, "employee_no"),
        ({"join_time": "2026-01-01"}, "type"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is_sent(
    sim: Simulator, feishu: Feishu, fields: dict[str, Any], code: str
) -> None:
    sim.seed([{"employee_no": "12", "name": "甲", "mobile": "1"}])
    assert feishu.update([write(Action.UPDATE, "12", fields, at="12")])[0].code == code
    assert sim.journal == []


def test_clearing_a_text_and_the_joining_day(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": "12", "name": "甲", "mobile": "1", "city": "上海", "join_time": 1_700_000_000}])
    cleared = {"city": None, "join_time": None}
    assert feishu.update([write(Action.UPDATE, "12", cleared, at="12")])[0].outcome is Outcome.DONE
    (account,) = feishu.find([AccountRef("12")])
    assert account is not None
    assert {k: account.fields[k] for k in cleared} == cleared


def test_an_illegal_number_cannot_become_a_user_id(sim: Simulator, feishu: Feishu) -> None:
    for number in ("../users", "工号 12", "x" * 65):
        assert feishu.provision([write(Action.PROVISION, number, sim.sample(1))])[0].code == "illegal_user_id"
    assert sim.journal == []


def test_a_prefix_keeps_our_ids_apart(sim: Simulator) -> None:
    feishu = connect(sim, user_id_prefix="hr-")
    assert feishu.provision([write(Action.PROVISION, "0012", sim.sample(1))])[0].external_id == "hr-0012"
    (account,) = feishu.find([AccountRef("0012")])
    assert account is not None
    assert (account.number, account.external_id) == ("0012", "hr-0012")


def test_open_department_ids(sim: Simulator) -> None:
    feishu = connect(sim, department_id_type="open_department_id")
    fields = {**sim.sample(1), "department_id": "od-d2"}
    assert feishu.provision([write(Action.PROVISION, "0012", fields)])[0].outcome is Outcome.DONE
    assert sim.user("0012")["department_ids"] == ["D2"]
    assert [a.fields["department_id"] for a in feishu.scan() if a.number == "0012"] == ["od-d2"]


def test_moves_and_freezes_keep_a_second_apart_and_other_changes_do_not(sim: Simulator) -> None:
    sim.seed([{"employee_no": n, "name": "甲", "mobile": n} for n in ("1", "2", "3")])
    clock = FrozenClock()
    feishu = connect(sim, clock=clock, slow_write_interval_s=1.0)
    feishu.update([write(Action.UPDATE, n, {"city": "上海"}, at=n) for n in ("1", "2", "3")])
    assert clock.slept == []
    feishu.disable([write(Action.DISABLE, n, at=n) for n in ("1", "2", "3")])
    assert clock.slept == [1.0, 1.0]


def test_the_manager_is_a_reference(sim: Simulator, feishu: Feishu) -> None:
    sim.seed([{"employee_no": "1", "name": "甲", "mobile": "1"}, {"employee_no": "2", "name": "乙", "mobile": "2"}])
    assert feishu.fields["leader_user_id"].type is FieldType.REFERENCE
    assert feishu.update([write(Action.UPDATE, "2", {"leader_user_id": "1"})])[0].outcome is Outcome.DONE
    assert feishu.find([AccountRef("2")])[0].fields["leader_user_id"] == "1"  # type: ignore[union-attr]
    assert feishu.update([write(Action.UPDATE, "2", {"leader_user_id": "none"})])[0].code == "feishu_44022"


def test_check_says_what_is_missing(sim: Simulator) -> None:
    assert all(finding.ok for finding in connect(sim).check())
    bare = connect(sim, encrypt_key="", fallback_acceptor_user_id="nobody")
    assert {f.what for f in bare.check() if not f.ok} == {"event callbacks", "fallback acceptor"}
    (wrong,) = [f for f in connect(sim, app_secret="wrong").check() if not f.ok]
    assert wrong.remedy

    def without_phone(request: httpx.Request) -> httpx.Response:
        answer = sim.handle(request)
        return httpx.Response(answer.status_code, content=answer.content.replace(b'"mobile"', b'"mobile_hidden"'))

    assert [f.what for f in connect(sim, without_phone).check() if not f.ok] == ["field mobile"]


def test_a_user_without_a_user_id_stops_with_the_scope_to_grant(sim: Simulator) -> None:
    def without_ids(request: httpx.Request) -> httpx.Response:
        answer = sim.handle(request)
        return httpx.Response(answer.status_code, content=answer.content.replace(b'"user_id"', b'"x"'))

    with pytest.raises(HaltError) as caught:
        list(connect(sim, without_ids).scan())
    assert "contact:user.employee_id:readonly" in caught.value.remedy


def test_a_department_without_an_id_stops_with_the_scope_to_grant(sim: Simulator) -> None:
    def without_ids(request: httpx.Request) -> httpx.Response:
        answer = sim.handle(request)
        if not request.url.path.endswith("/children"):
            return answer
        return httpx.Response(answer.status_code, content=answer.content.replace(b'"department_id"', b'"x"'))

    blind = connect(sim, without_ids)
    with pytest.raises(HaltError) as caught:
        list(blind.scan())
    assert caught.value.code == "garbled_department"
    assert "contact:department.base:readonly" in caught.value.remedy
    assert any("contact:department.base:readonly" in finding.remedy for finding in blind.check() if not finding.ok)


@pytest.mark.parametrize("count", [7, "many", [1]])
def test_a_page_of_approvals_whose_count_is_none_is_said_to_be_garbled(sim: Simulator, count: object) -> None:
    def counting(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/tasks/query"):
            return sim.handle(request)
        return httpx.Response(200, json={"code": 0, "data": {"tasks": [], "has_more": False, "count": count}})

    with pytest.raises(HaltError) as caught:
        list(connect(sim, counting).work(AccountRef("0001", "0001")))
    assert caught.value.code == "garbled_page"


def test_no_personal_data_in_receipts_or_errors(sim: Simulator, feishu: Feishu) -> None:
    sim.answer_next(41001, msg="mobile 13800000001 of 测试1䶮 exists", method="PATCH")
    (receipt,) = feishu.update([write(Action.UPDATE, "0012", {"mobile": "13800000001", "name": "测试1䶮"}, at="0012")])
    assert receipt.outcome is Outcome.REFUSED
    shown = orjson.dumps([receipt.message, receipt.code, receipt.remedy, dict(receipt.evidence)]).decode()
    assert "13800000001" not in shown
    assert "测试1" not in shown
    assert receipt.evidence["log_id"].startswith("sim")


def test_every_code_has_a_remedy_where_a_person_must_act() -> None:
    silent = {Verdict.DONE, Verdict.LATER, Verdict.THROTTLED, Verdict.IN_SERVICE, Verdict.MEMBER}
    assert [code for code, meaning in CODES.items() if not meaning.remedy and meaning.verdict not in silent] == []


def test_in_doubt_is_not_raised_away(sim: Simulator) -> None:
    feishu = connect(sim, lost(sim, "PATCH", times=99))
    writes = [write(Action.UPDATE, n, {"city": "上海"}, at=n) for n in ("1", "2")]
    sim.seed([{"employee_no": n, "name": "甲", "mobile": n} for n in ("1", "2")])
    try:
        receipts = feishu.update(writes)
    except InDoubtError:
        pytest.fail("each write has its own receipt")
    assert [r.outcome for r in receipts] == [Outcome.IN_DOUBT] * 2


@pytest.mark.parametrize(
    "wrong",
    [{"base_url": "https://open.feishu.cn/"}, {"time_zone": "Asia/Peking"}, {"user_id_prefix": "人"}, {"typo": 1}],
)
def test_wrong_settings_are_refused(sim: Simulator, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        connect(sim, **wrong)


def test_the_laws_of_the_kit_hold() -> None:
    results = run_laws("oa/feishu")
    assert [(r.title, r.detail) for r in results if r.verdict not in (Law.OK, Law.NOT_APPLICABLE)] == []
    assert [r.title for r in results if r.verdict is Law.NOT_APPLICABLE] == [
        "look_up_tells_done_from_never_sent",
        "a_short_list_of_results_leaves_a_write_in_doubt",  # one call per person: there is no list
    ]
