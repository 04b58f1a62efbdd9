"""A leaver's rights and sessions, what stands in the way of their removal, and messages to their colleagues."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from baton.sdk import (
    AccountRef,
    Action,
    GrantChange,
    HaltError,
    HoldingKind,
    InDoubtError,
    Message,
    Outcome,
    Receipt,
    RejectedError,
    SessionEnd,
)
from connectors.oa.feishu.connector import Feishu
from connectors.oa.feishu.simulator import Simulator
from tests.connectors.oa.feishu_desk import (
    KEYS,
    LEAVER,
    TAKER,
    THIRD,
    connect,
    held,
    lost,
    outcomes,
    passing,
    write,
)

pytestmark = pytest.mark.usefixtures("staff")


# --- user groups


def test_groups_are_listed_given_and_taken(sim: Simulator, feishu: Feishu) -> None:
    one, two = (sim.seed_grant(n, "0001") for n in (1, 2))
    assert {(grant.id, grant.title, grant.level) for grant in feishu.grants(LEAVER)} == {
        (one, "用户组1䶮", "member"),
        (two, "用户组2䶮", "member"),
    }
    changes = [GrantChange(next(KEYS), TAKER, one)]
    assert outcomes([*feishu.entitle(changes), *feishu.entitle(changes)]) == [(Outcome.DONE, "")] * 2
    away = [GrantChange(next(KEYS), LEAVER, one)]
    assert outcomes([*feishu.revoke(away), *feishu.revoke(away)]) == [(Outcome.DONE, "")] * 2
    assert (sim.granted("0001"), sim.granted("0002")) == ({two}, {one})
    assert [entry.action for entry in sim.journal] == ["group_add", "group_remove"]


def test_rights_the_interface_cannot_take_are_left_to_a_person(sim: Simulator, feishu: Feishu) -> None:
    sim.office.add_group("g9", "销售动态组", kind=2)
    sim.office.groups["g9"]["members"].append("0001")
    sim.tenant.users["0001"]["is_tenant_manager"] = True
    found = {grant.id: grant for grant in feishu.grants(LEAVER)}
    assert set(found) == {"group/g9", "tenant_manager"}
    assert all(grant.by_hand for grant in found.values())
    receipts = feishu.revoke([GrantChange(next(KEYS), LEAVER, one) for one in found])
    assert [receipt.outcome for receipt in receipts] == [Outcome.REFUSED] * 2
    assert sim.journal == []


def test_a_group_that_is_gone_gives_nothing_and_hides_nothing(sim: Simulator, feishu: Feishu) -> None:
    assert outcomes(feishu.entitle([GrantChange(next(KEYS), TAKER, "group/g77")])) == [
        (Outcome.REFUSED, "feishu_42002")
    ]
    assert outcomes(feishu.revoke([GrantChange(next(KEYS), LEAVER, "group/g77")])) == [(Outcome.DONE, "")]
    assert feishu.grants(AccountRef("0099")) == ()


# --- sessions


def test_everybody_is_logged_out_everywhere(sim: Simulator, feishu: Feishu) -> None:
    for _ in range(2):
        sim.log_in("0001")
    sim.log_in("0002")
    ends = [SessionEnd(next(KEYS), person) for person in (LEAVER, LEAVER, AccountRef("0099"))]
    assert outcomes(feishu.end_sessions(ends)) == [(Outcome.DONE, "")] * 3
    assert (sim.logged_in("0001"), sim.logged_in("0002")) == (False, True)


# --- what stands in the way


def codes(feishu: Feishu) -> set[str]:
    return {blocker.code for blocker in feishu.blockers(AccountRef("0001"))}


BLOCKED: list[tuple[str, Callable[[Simulator], object], dict[str, Any]]] = [
    ("tenant_manager", lambda sim: sim.tenant.users["0001"].update(is_tenant_manager=True), {}),
    ("administrator_unknown", lambda sim: sim.tenant.users["0001"].pop("is_tenant_manager"), {}),
    ("no_acceptor", lambda sim: None, {"fallback_acceptor_user_id": None}),
    ("fallback_acceptor_gone", lambda sim: None, {"fallback_acceptor_user_id": "0077"}),
    ("approvals_waiting", lambda sim: sim.seed_holding("approval", 1, "0001"), {}),
    ("out_of_range", lambda sim: sim.hidden_departments.add("D3"), {}),
    (
        "department_out_of_range",
        lambda sim: (sim.hidden_departments.add("D2"), sim.tenant.users["0001"].update(department_ids=["D2", "D3"])),
        {},
    ),
]


@pytest.mark.parametrize(("code", "arrange", "settings"), BLOCKED, ids=[code for code, _, _ in BLOCKED])
def test_what_stands_in_the_way_of_a_removal_is_said_beforehand(
    sim: Simulator, code: str, arrange: Callable[[Simulator], object], settings: dict[str, Any]
) -> None:
    assert codes(connect(sim)) == set()
    arrange(sim)
    feishu = connect(sim, **settings)
    (blocker,) = feishu.blockers(AccountRef("0001"))
    assert blocker.code == code
    assert blocker.remedy
    if code in ("tenant_manager", "no_acceptor", "department_out_of_range"):  # and it is true
        assert feishu.remove([write(Action.REMOVE, "0001", at="0001")])[0].outcome is Outcome.REFUSED
    assert sim.journal == []


def test_a_manager_who_works_here_takes_over_and_one_who_left_does_not(sim: Simulator) -> None:
    sim.tenant.users["0001"]["leader_user_id"] = "0002"
    feishu = connect(sim, fallback_acceptor_user_id=None)
    assert codes(feishu) == set()
    sim.tenant.resign(sim.tenant.users["0002"])
    assert codes(feishu) == {"no_acceptor"}


@pytest.mark.parametrize("number", ["0099", None])
def test_an_id_that_is_another_persons_says_nothing_of_this_one(sim: Simulator, number: str | None) -> None:
    """Where ids were given by hand, 0001 may be anybody: what is said of them is not said of person 0001."""
    colleague = {"user_id": "0001", "employee_no": number, "name": "测试乙", "mobile": "13800000009"}
    sim.seed([{**colleague, "is_tenant_manager": True}])
    feishu = connect(sim)
    assert feishu.blockers(AccountRef("0001")) == []
    assert bool(feishu.blockers(AccountRef("0001", "0001"))) is (number is None)  # a link says who that is


def test_nothing_stands_in_the_way_of_somebody_who_is_not_there(sim: Simulator, feishu: Feishu) -> None:
    assert feishu.blockers(AccountRef("0099")) == []
    sim.tenant.users["0001"]["is_tenant_manager"] = True
    sim.tenant.resign(sim.tenant.users["0001"])
    assert codes(feishu) == set()


# --- messages


def message(to: AccountRef = TAKER, **given: Any) -> Message:
    text = '请在周五前接受 3 项交接。\n第二行 <at user_id="all"></at>'
    known = {"key": next(KEYS), "to": to, "address": "", "subject": "交接提醒", "text": text, **given}
    return Message(**known)


def test_a_message_arrives_as_written_with_its_link(sim: Simulator, feishu: Feishu) -> None:
    one = message(link="https://hub.example.com/h/abc?x=1&y=2")
    (receipt,) = feishu.notify([one])
    assert receipt.outcome is Outcome.DONE
    assert receipt.external_id is not None
    assert list(sim.outbox) == [("0002", "交接提醒", f"{one.text}\n{one.link}")]


def test_a_repeat_under_the_same_key_sends_nothing_more(sim: Simulator, feishu: Feishu) -> None:
    one = message()
    assert outcomes([*feishu.notify([one]), *feishu.notify([one])]) == [(Outcome.DONE, "")] * 2
    assert len(sim.outbox) == 1
    feishu.notify([message()])
    assert len(sim.outbox) == 2


def test_a_lost_answer_to_a_message_is_in_doubt(sim: Simulator) -> None:
    feishu = connect(sim, lost(sim, "POST"))
    receipts = feishu.notify([message(), message(THIRD)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.IN_DOUBT, Outcome.DONE]
    assert len(sim.outbox) == 2


def test_who_cannot_be_reached_does_not_keep_others_from_it(sim: Simulator, feishu: Feishu) -> None:
    sim.tenant.resign(sim.tenant.users["0003"])
    strangers = [AccountRef("0099"), AccountRef("0098", "0098"), THIRD]
    long = message(text="长" * 11_000)
    receipts = feishu.notify([*map(message, strangers), long, message()])
    assert outcomes(receipts) == [
        (Outcome.REFUSED, "no_account"),
        (Outcome.REFUSED, "feishu_230034"),
        (Outcome.REFUSED, "feishu_230013"),
        (Outcome.REFUSED, "too_long"),
        (Outcome.DONE, ""),
    ]
    assert len(sim.outbox) == 1


@pytest.mark.parametrize("letter", ["长", "a", '"'])
def test_a_message_may_be_as_long_as_what_is_sent_of_it(sim: Simulator, letter: str) -> None:
    sizes: list[int] = []

    def measuring(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/im/v1/messages"):
            sizes.append(len(request.read()))
        return sim.handle(request)

    feishu = connect(sim, measuring)
    feishu.notify([message(text=letter)])
    feishu.notify([message(text=letter * 2)])
    each = sizes[1] - sizes[0]
    most = 1 + (30 * 1024 - sizes[0]) // each
    receipts = [*feishu.notify([message(text=letter * most)]), *feishu.notify([message(text=letter * (most + 1))])]
    assert outcomes(receipts) == [(Outcome.DONE, ""), (Outcome.REFUSED, "too_long")]
    assert len(sizes) == 3
    assert 30 * 1024 - each < sizes[2] <= 30 * 1024


def test_too_many_messages_for_one_person_are_sent_later(sim: Simulator, feishu: Feishu) -> None:
    sim.answer_next(230020, method="POST")
    (receipt,) = feishu.notify([message()])
    assert receipt.outcome is Outcome.NOT_PERFORMED
    assert receipt.retry_after_s


# --- what is said


def test_no_message_and_no_title_is_repeated_in_receipts_or_errors(sim: Simulator) -> None:
    one = sim.seed_holding("approval", 1, "0001")
    said: list[Receipt] = []
    for code in (230001, 1390001, 42029, 99999):

        def handle(request: httpx.Request, code: int = code) -> httpx.Response:
            if request.method == "POST" and "/auth/" not in request.url.path:
                return httpx.Response(400, json={"code": code, "msg": f"echo {request.read().decode()} 交接提醒"})
            return sim.handle(request)

        feishu = connect(sim, handle)
        said += feishu.notify([message()])
        said += feishu.reassign([passing(one)])
        said += feishu.entitle([GrantChange(next(KEYS), TAKER, sim.seed_grant(1, "0001"))])
    assert {receipt.outcome for receipt in said} == {Outcome.REFUSED, Outcome.IN_DOUBT}
    text = json.dumps([[r.code, r.message, r.remedy, dict(r.evidence)] for r in said], ensure_ascii=False)
    assert not any(word in text for word in ("交接", "请在周五", "报销", "echo"))


def test_an_error_that_stops_everything_is_raised_before_anything_is_done(sim: Simulator) -> None:
    feishu = connect(sim, app_secret="wrong")
    with pytest.raises(HaltError):
        feishu.notify([message()])
    with pytest.raises(HaltError):
        held(feishu)
    with pytest.raises((HaltError, InDoubtError)):
        feishu.end_sessions([SessionEnd(next(KEYS), LEAVER)])


def test_what_no_app_is_shown_by_person_is_a_task_of_its_kind(feishu: Feishu) -> None:
    told = {blocker.ref.kind: blocker for blocker in feishu.by_hand if blocker.ref}
    assert told.keys() == {HoldingKind.DOCUMENT, HoldingKind.CALENDAR, HoldingKind.TASK, HoldingKind.GROUP}
    settings = {name for name, spec in feishu.fields.items() if name.endswith("_acceptor")}
    named = {name for name in settings if any(name in blocker.remedy for blocker in told.values())}
    assert settings - named == {"application_acceptor", "email_acceptor", "anycross_acceptor"}
    assert "acceptor" in told[HoldingKind.TASK].remedy, "says that no acceptor takes tasks over"


# --- whose id it is


def test_what_a_colleague_has_under_a_leavers_former_id_is_left_alone(sim: Simulator) -> None:
    """The link of 0009 names zhangsan, which was given to 0008 after 0009 had resigned."""
    sim.seed([{"employee_no": "0008", "user_id": "zhangsan", "name": "测试乙", "mobile": "13700000008"}])
    former = AccountRef("0009", "zhangsan")
    sim.log_in("zhangsan")
    group, other = sim.seed_grant(1, "zhangsan"), sim.seed_grant(2, "0001")
    approval, own = sim.seed_holding("approval", 1, "zhangsan"), sim.seed_holding("approval", 2, "0001")
    feishu = connect(sim)
    for look in (feishu.work, feishu.grants):
        with pytest.raises(RejectedError) as caught:
            look(former)
        assert caught.value.code == "number_differs"
    letter = Message(next(KEYS), former, "", "s", "t", "https://hub.example/h/personal")
    assert [
        *outcomes(feishu.notify([letter])),
        *outcomes(feishu.end_sessions([SessionEnd(next(KEYS), former)])),
        *outcomes(feishu.revoke([GrantChange(next(KEYS), former, group)])),
        *outcomes(feishu.entitle([GrantChange(next(KEYS), former, other)])),
        *outcomes(feishu.reassign([passing(approval, former), passing(own, LEAVER, former)])),
    ] == [(Outcome.REFUSED, "number_differs")] * 6
    assert (sim.outbox, sim.logged_in("zhangsan"), sim.granted("zhangsan")) == ([], True, {group})
    assert [sim.holder_of("approval", one) for one in (approval, own)] == ["zhangsan", "0001"]
    assert outcomes(feishu.reassign([passing(own)])) == [(Outcome.DONE, "")]


def test_the_rights_of_a_person_are_told_with_one_look_at_them(sim: Simulator) -> None:
    paths: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path.rpartition("/contact/v3/")[2])
        return sim.handle(request)

    assert connect(sim, handle).grants(LEAVER) == []
    assert paths.count("users/0001") + paths.count("users/batch") == 1
