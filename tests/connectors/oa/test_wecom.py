"""Members of a WeCom corporation as accounts: what the laws of the kit cannot know."""

from __future__ import annotations

import httpx
import pytest

from baton.clock import SystemClock
from baton.contracts.turns import LONGEST_S
from baton.sdk import AccountRef, AccountState, Action, HaltError, Outcome
from tests.connectors.oa.wecom_desk import FrozenClock, Wire, connect, corporation, write

ATTRIBUTE = {"extattr": {"attrs": [{"type": 0, "name": "工号", "text": {"value": "0012"}}]}}


def test_a_member_with_another_number_is_never_given() -> None:
    sim = corporation()
    sim.seed([{"userid": "zhangsan", "name": "张三", **ATTRIBUTE}, {"userid": "0013", "name": "李四"}])
    wecom = connect(sim, number_attribute="工号")
    found = wecom.find([AccountRef("0012", "zhangsan"), AccountRef("0099", "zhangsan"), AccountRef("0013")])
    assert [account and account.external_id for account in found] == ["zhangsan", None, None]


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DISABLE, Action.ENABLE])
def test_a_userid_that_was_given_to_a_colleague_meanwhile_is_not_written_to(action: Action) -> None:
    """张三 0099 left and was deleted by hand; the new 张三 got the same userid and carries 0012."""
    sim = corporation()
    sim.seed([{"userid": "zhangsan", "name": "张三", **ATTRIBUTE}, {"userid": "lisi", "name": "李四"}])
    wecom = connect(sim, number_attribute="工号")
    fields = {"position": "经理"} if action is Action.UPDATE else {}
    writes = [write(action, number, fields, at=at) for number, at in (("0099", "zhangsan"), ("0012", "zhangsan"))]
    receipts = getattr(wecom, action.value)([*writes, write(action, "0013", fields, at="lisi")])
    assert [(r.outcome, r.code) for r in receipts] == [
        (Outcome.REFUSED, "number_differs"), (Outcome.DONE, ""), (Outcome.DONE, ""),
    ]  # fmt: skip
    assert [entry.external_id for entry in sim.journal] == ["zhangsan", "lisi"]


def test_a_member_without_a_number_is_given_by_their_own_id_only() -> None:
    sim = corporation()
    sim.seed([{"userid": "lisi", "name": "李四"}])
    wecom = connect(sim, number_attribute="工号")
    assert [a and a.number for a in wecom.find([AccountRef("0012", "lisi")])] == [None]
    assert wecom.find([AccountRef("lisi")]) == [None]


def test_a_new_member_carries_their_number_where_the_corporation_has_an_attribute_for_it() -> None:
    sim = corporation()
    wecom = connect(sim, number_attribute="工号", userid_prefix="e-")
    (receipt,) = wecom.provision([write(Action.PROVISION, "0012", sim.sample(12))])
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, "e-0012")
    assert sim.members.found("e-0012")["extattr"] == ATTRIBUTE["extattr"]
    assert sim.journal[-1].fields["to_invite"] is True


def numbered(userid: str, number: str, **fields: object) -> dict[str, object]:
    attrs = [{"type": 0, "name": "工号", "text": {"value": number}}]
    return {"userid": userid, "name": "测试", "extattr": {"attrs": attrs}, **fields}


@pytest.mark.parametrize("mobile", [None, "13912345678"])
@pytest.mark.parametrize("former", [None, "zhang.san"])
def test_a_member_made_by_hand_is_taken_over_by_the_number_they_carry(mobile: str | None, former: str | None) -> None:
    """Whether the mobile number is still the same or not, and also where a link names a member who is gone."""
    sim = corporation()
    fields = sim.sample(12)
    sim.seed([numbered("zhangsan", "0012", mobile=fields["mobile"], enable=0)])
    wecom = connect(sim, number_attribute="工号")
    hire = write(Action.PROVISION, "0012", {**fields, **({"mobile": mobile} if mobile else {})}, at=former)
    (receipt,) = wecom.provision([hire])
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, "zhangsan")
    assert [account.external_id for account in wecom.scan() if account.number == "0012"] == ["zhangsan"]
    assert wecom.find([AccountRef("0012", "zhangsan")])[0].state is AccountState.ENABLED  # type: ignore[union-attr]
    assert wecom.disable([write(Action.DISABLE, "0012", at=receipt.external_id)])[0].outcome is Outcome.DONE
    assert sim.members.found("zhangsan")["status"] == 2


def test_who_carries_which_number_is_read_once_for_all_who_are_to_be_created() -> None:
    sim = corporation()
    sim.seed([numbered("zhangsan", "0001", department=[2]), numbered("lisi", "0002", department=[2, 3])])
    wire = Wire(sim)
    wecom = connect(sim, wire, number_attribute="工号")
    hires = [write(Action.PROVISION, f"{n:04d}", sim.sample(n)) for n in (1, 2, 3, 4)]
    receipts = wecom.provision(hires)
    assert [receipt.external_id for receipt in receipts] == ["zhangsan", "lisi", "0003", "0004"]
    assert (wire.count("user/list_id"), wire.count("user/list"), wire.count("user/get")) == (1, 2, 4)
    again = [write(Action.PROVISION, "0003", sim.sample(3), at="0003")]
    assert wecom.provision(again)[0].outcome is Outcome.DONE
    assert (wire.count("user/list_id"), wire.count("user/list")) == (1, 2)


def test_reading_everybody_uses_up_none_of_the_time_for_the_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """150 departments at half a second a call: the reading alone takes longer than writes may go on being begun."""
    sim, passed = corporation(), FrozenClock()
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: passed.monotonic())
    sim.members.departments = set(range(1, 151))
    sim.seed([numbered(f"u{n}", f"9{n:03d}", department=[n]) for n in range(1, 151)])

    class Slow(Wire):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            passed.sleep(0.5)
            return super().__call__(request)

    wire = Slow(sim)
    receipts = connect(sim, wire, number_attribute="工号").provision(
        [write(Action.PROVISION, f"{n:04d}", sim.sample(n)) for n in range(1, 21)]
    )
    assert passed.monotonic() > LONGEST_S
    assert [(receipt.outcome, receipt.code) for receipt in receipts] == [(Outcome.DONE, "")] * 20
    assert wire.count("user/list") == 150


def test_a_hire_who_may_not_be_shown_is_refused_alone_where_members_are_told_by_an_attribute() -> None:
    sim = corporation()
    sim.seed([numbered("zhangsan", "0001"), numbered("lisi", "0002")])
    wire = Wire(sim)
    wire.spoil["user/get"] = lambda _: httpx.Response(200, json={"errcode": 60011, "errmsg": "no privilege"})
    receipts = connect(sim, wire, number_attribute="工号").provision(
        [write(Action.PROVISION, f"{n:04d}", sim.sample(n)) for n in (1, 2, 3)]
    )
    assert [(receipt.outcome, receipt.code) for receipt in receipts] == [
        (Outcome.REFUSED, "wecom_60011"), (Outcome.DONE, ""), (Outcome.DONE, ""),
    ]  # fmt: skip


def test_a_number_that_two_members_carry_is_refused_and_neither_is_touched() -> None:
    sim = corporation()
    sim.seed([numbered("zhangsan", "0012"), numbered("zhangsan2", "0012")])
    first, other = connect(sim, number_attribute="工号").provision(
        [write(Action.PROVISION, f"{n:04d}", sim.sample(n)) for n in (12, 13)]
    )
    assert (first.outcome, first.code, other.outcome) == (Outcome.REFUSED, "number_twice", Outcome.DONE)
    assert "one of them" in first.remedy
    assert [entry.external_id for entry in sim.journal] == ["0013"]


def test_of_two_who_carry_a_number_one_who_has_left_does_not_count_and_alone_is_not_made_again() -> None:
    sim = corporation()
    sim.seed([numbered("gone", "0012"), numbered("zhangsan", "0012"), numbered("gone2", "0013")])
    for userid in ("gone", "gone2"):
        sim.members.found(userid)["status"] = 5
    taken, refused = connect(sim, number_attribute="工号").provision(
        [write(Action.PROVISION, f"{n:04d}", sim.sample(n)) for n in (12, 13)]
    )
    assert (taken.outcome, taken.external_id) == (Outcome.DONE, "zhangsan")
    assert (refused.outcome, refused.code) == (Outcome.REFUSED, "left_on_their_own")


def test_nobody_is_created_beside_a_member_who_may_carry_their_number_unseen() -> None:
    sim = corporation()
    sim.seed([numbered("zhangsan", "0012")])
    sim.members.hidden.add("zhangsan")
    wire = Wire(sim)
    receipts = connect(sim, wire, number_attribute="工号").provision(
        [write(Action.PROVISION, f"{n:04d}", sim.sample(n)) for n in (12, 13)]
    )
    assert [(r.outcome, r.code) for r in receipts] == [(Outcome.REFUSED, "not_visible")] * 2
    assert (sim.journal, wire.count("user/list")) == ([], 1)


def test_members_of_a_department_that_is_not_shown_are_read_one_by_one() -> None:
    sim = corporation()
    sim.seed([numbered("zhangsan", "0012", department=[1])])
    wire = Wire(sim)
    wire.spoil["user/list"] = lambda _: httpx.Response(200, json={"errcode": 60011, "errmsg": "no privilege"})
    (receipt,) = connect(sim, wire, number_attribute="工号").provision(
        [write(Action.PROVISION, "0012", sim.sample(12))]
    )
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, "zhangsan")


def test_a_prefix_keeps_members_made_by_hand_apart() -> None:
    sim = corporation()
    sim.seed([{"userid": "0012", "name": "张三"}])
    assert connect(sim, userid_prefix="e-").find([AccountRef("0012")]) == [None]


def test_an_existing_member_whom_the_app_cannot_see_is_not_taken_over() -> None:
    sim = corporation()
    sim.seed_person(12)
    sim.members.hidden.add("0012")
    before = len(sim.journal)
    (receipt,) = connect(sim).provision([write(Action.PROVISION, "0012", sim.sample(12))])
    assert (receipt.outcome, receipt.code, len(sim.journal)) == (Outcome.REFUSED, "not_visible", before)


def test_a_number_that_cannot_be_a_userid_is_refused_before_any_write() -> None:
    sim = corporation()
    (receipt,) = connect(sim).provision([write(Action.PROVISION, "员工1", sim.sample(1))])
    assert (receipt.code, sim.journal) == ("illegal_userid", [])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"department_id": 99}, "wecom_60123"),
        ({"mobile": "abc"}, "wecom_60103"),
        ({"mobile": "13900000000"}, "wecom_60104"),
        ({"mobile": None, "email": None}, "cannot_clear"),
        ({"direct_leader": "nobody"}, "wecom_60111"),
        ({"position": "长" * 129}, "wecom_40058"),
        ({"salary": "1"}, "unknown_field"),
    ],
)
def test_what_wecom_refuses_is_a_refusal_with_a_remedy(fields: dict[str, object], code: str) -> None:
    sim = corporation()
    (receipt,) = connect(sim).provision([write(Action.PROVISION, "0012", {**sim.sample(12), **fields})])
    assert (receipt.outcome, receipt.code, bool(receipt.remedy)) == (Outcome.REFUSED, code, True)


def test_disabled_is_not_left() -> None:
    sim = corporation()
    wecom = connect(sim)
    sim.seed_person(12)
    (receipt,) = wecom.disable([write(Action.DISABLE, "0012")])
    assert receipt.outcome is Outcome.DONE
    assert sim.members.found("0012")["status"] == 2
    assert wecom.find([AccountRef("0012")])[0].state is AccountState.DISABLED  # type: ignore[union-attr]


def test_a_member_who_left_on_their_own_is_removed_and_is_not_created_again() -> None:
    sim = corporation()
    sim.seed_person(12)
    sim.members.found("0012")["status"] = 5
    wecom = connect(sim)
    assert wecom.find([AccountRef("0012")])[0].state is AccountState.REMOVED  # type: ignore[union-attr]
    (receipt,) = wecom.provision([write(Action.PROVISION, "0012", sim.sample(12))])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "left_on_their_own")


def test_removing_again_is_done_because_the_corporations_own_list_has_nobody() -> None:
    sim = corporation()
    sim.seed_person(12)
    wire = Wire(sim)
    wecom = connect(sim, wire)
    first, second = (wecom.remove([write(Action.REMOVE, "0012", at="0012")])[0] for _ in range(2))
    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)
    assert second.evidence == {"state": "no member any more"}
    assert (wire.count("user/delete"), wire.count("user/list_id")) == (1, 1)


def test_who_is_only_invisible_is_not_said_to_be_removed() -> None:
    sim = corporation()
    sim.seed_person(12)
    sim.members.hidden.add("0012")
    (receipt,) = connect(sim).remove([write(Action.REMOVE, "0012", at="0012")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "not_visible")
    assert sim.members.lookup("0012") is not None


def test_a_member_who_has_the_id_but_another_number_is_not_removed() -> None:
    sim = corporation()
    sim.seed([{"userid": "0099", "name": "张三", **ATTRIBUTE}])
    (receipt,) = connect(sim, number_attribute="工号").remove([write(Action.REMOVE, "0099")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "not_visible")
    assert sim.members.lookup("0099") is not None


def test_a_scan_that_would_be_short_is_an_error() -> None:
    sim = corporation()
    sim.seed_person(12)
    sim.members.hidden.add("0012")
    with pytest.raises(HaltError, match="short"):
        list(connect(sim).scan())


def test_a_scan_gives_a_member_of_two_departments_once() -> None:
    sim = corporation()
    sim.seed([{"userid": "0012", "department": [1, 2, 3]}])
    sim.page_size = 2
    assert [account.external_id for account in connect(sim).scan()] == ["desk", "0012"]


def test_an_unknown_status_of_a_member_is_loud() -> None:
    sim = corporation()
    sim.seed_person(12)
    sim.members.found("0012")["status"] = 9
    with pytest.raises(HaltError, match="unknown status 9"):
        connect(sim).find([AccountRef("0012")])


def test_members_are_read_with_the_app_since_the_contact_secret_may_not() -> None:
    sim = corporation()
    sim.seed_person(12)
    wecom = connect(sim, app_secret=sim.secrets["contact_secret"])
    with pytest.raises(HaltError, match="may not read") as caught:
        wecom.find([AccountRef("0012")])
    assert caught.value.code == "wecom_48009"


def test_the_check_names_what_is_missing() -> None:
    sim = corporation()
    sim.members.hidden.add("desk")
    found = {finding.what: finding for finding in connect(sim, callback_aes_key="short").check()}
    assert [what for what, finding in found.items() if not finding.ok] == ["callbacks", "app secret: members"]
    assert "可见范围" in found["app secret: members"].remedy
