"""Feishu accounts against the simulated tenant."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import httpx
import orjson
import pytest
from pydantic import ValidationError

from baton.client import Client
from baton.egress import EgressRule
from baton.kit.run import Verdict as Law
from baton.kit.run import run_laws
from baton.sdk import (
    AccountRef,
    AccountState,
    AccountWrite,
    Action,
    FieldType,
    HaltError,
    InDoubtError,
    Outcome,
    RetryableError,
)
from connectors.oa.feishu.connector import Feishu, FeishuSettings
from connectors.oa.feishu.simulator import Simulator
from connectors.oa.feishu.wire import ACCEPTORS, CODES, Verdict

Handle = Callable[[httpx.Request], httpx.Response]
KEYS = iter(f"{n:064x}" for n in range(1, 100_000))


class FrozenClock:
    """Time that moves only when someone waits or a test says so."""

    def __init__(self) -> None:
        self.at = 1_000.0
        self.slept: list[float] = []

    def now(self) -> Any:
        raise NotImplementedError

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def connect(sim: Simulator, handle: Handle | None = None, *, clock: Any = None, **settings: Any) -> Feishu:
    client = Client(
        EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True),
        transport=httpx.MockTransport(handle or sim.handle),
        clock=clock,
    )
    return Feishu(FeishuSettings.model_validate({**sim.settings, **sim.secrets, **settings}), client)


def write(
    action: Action, number: str, fields: Mapping[str, Any] = {}, *, at: str | None = None, key: str = ""
) -> AccountWrite:
    return AccountWrite(
        key=key or next(KEYS),
        ref=AccountRef(number, at),
        action=action,
        version=1,
        fields=fields,
        batch_id="b1",
    )


@pytest.fixture
def sim() -> Simulator:
    return Simulator()


@pytest.fixture
def feishu(sim: Simulator) -> Feishu:
    return connect(sim)


def lost(sim: Simulator, method: str, times: int = 1) -> Handle:
    """The tenant acts, and its answer never arrives."""
    left = [times]

    def handle(request: httpx.Request) -> httpx.Response:
        answer = sim.handle(request)
        if request.method == method and "auth" not in request.url.path and left[0] > 0:
            left[0] -= 1
            raise httpx.ReadError("connection reset", request=request)
        return answer

    return handle


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
    sim.answer_next(45_678)
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
    sim.answer_next(code, status=status)
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


def test_no_personal_data_in_receipts_or_errors(sim: Simulator, feishu: Feishu) -> None:
    sim.answer_next(41001, msg="mobile 13800000001 of 测试1䶮 exists")
    (receipt,) = feishu.update([write(Action.UPDATE, "0012", {"mobile": "13800000001", "name": "测试1䶮"}, at="0012")])
    assert receipt.outcome is Outcome.REFUSED
    shown = orjson.dumps([receipt.message, receipt.code, receipt.remedy, dict(receipt.evidence)]).decode()
    assert "13800000001" not in shown
    assert "测试1" not in shown
    assert receipt.evidence["log_id"].startswith("sim")


def test_every_code_has_a_remedy_where_a_person_must_act() -> None:
    silent = {Verdict.DONE, Verdict.LATER, Verdict.THROTTLED, Verdict.IN_SERVICE}
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
    assert [r.title for r in results if r.verdict is Law.NOT_APPLICABLE] == ["look_up_tells_done_from_never_sent"]
