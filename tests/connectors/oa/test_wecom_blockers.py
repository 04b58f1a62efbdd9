"""What WeCom can be asked beforehand: who changed hands lately, who owns groups, who is out of sight."""

from __future__ import annotations

import pytest

from baton.sdk import AccountRef, HoldingKind, HoldingRef, Outcome
from connectors.oa.wecom.blockers import GROUPS_A_DAY
from connectors.oa.wecom.connector import WeCom
from connectors.oa.wecom.simulator import Simulator
from tests.connectors.oa.wecom_desk import FrozenClock, connect, leave, person, transfer

DAY_S = 86_400


def codes(wecom: WeCom, who: str = "0001") -> list[str]:
    return [blocker.code for blocker in wecom.blockers(person(who))]


def give(corp: Simulator, wecom: WeCom, client: str, giver: str, taker: str) -> Outcome:
    (receipt,) = wecom.transfer([transfer("client", client, giver, taker)])
    corp.settle()
    return receipt.outcome


def test_a_customer_who_changed_hands_twice_is_named_and_is_refused(corp: Simulator) -> None:
    clock = FrozenClock()
    wecom = connect(corp, clock=clock)
    client = corp.seed_holding("client", 1, "0002")
    corp.seed_holding("client", 2, "0001")  # made by the leaver: may go
    assert give(corp, wecom, client, "0002", "0003") is Outcome.ACCEPTED
    assert give(corp, wecom, client, "0003", "0001") is Outcome.ACCEPTED
    clock.passed_s = corp.now() - corp._clock()
    (blocker,) = wecom.blockers(person("0001"))
    assert (blocker.code, blocker.ref) == ("passed_on_lately", HoldingRef(HoldingKind.CLIENT, client))
    assert "2026-01-07" in blocker.title
    assert "客户" not in blocker.title
    (receipt,) = wecom.transfer([transfer("client", client, "0001", "0002")])  # and it is true
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "transferred_too_often")
    assert codes(connect(corp, clock=clock, handover="resigned")) == []


@pytest.mark.parametrize(("days", "said"), [(89.9, ["passed_on_lately"]), (90.1, [])])
def test_after_ninety_days_it_is_forgotten(corp: Simulator, days: float, said: list[str]) -> None:
    corp.seed_blocker(1, "0001")
    clock = FrozenClock()
    clock.passed_s = days * DAY_S
    assert codes(connect(corp, clock=clock)) == said


def test_a_whole_portfolio_is_named_in_part_and_counted(corp: Simulator) -> None:
    for n in range(230):
        corp.seed_blocker(n, "0001")
    corp.page_size = 50
    found = connect(corp).blockers(person("0001"))
    assert len({blocker.ref for blocker in found[:100]}) == 100
    assert [blocker.title.partition(" ")[0] for blocker in found[100:]] == ["130"]


def test_groups_are_counted_and_more_than_a_days_worth_said(corp: Simulator) -> None:
    for n in range(GROUPS_A_DAY):
        corp.seed_holding("group", n, "0001")
    corp.seed_holding("group", 999, "0002")
    wecom = connect(corp)
    (blocker,) = wecom.blockers(person("0001"))
    assert blocker.code == "group_owner"
    assert f"owns {GROUPS_A_DAY} customer groups" in blocker.title
    corp.seed_holding("group", 1000, "0001")
    assert codes(wecom) == ["group_owner", "groups_take_days"]
    assert codes(wecom, "0002") == ["group_owner"]


def test_who_is_out_of_sight_is_said_and_who_is_gone_has_nothing_in_the_way(corp: Simulator) -> None:
    corp.seed_holding("group", 1, "0001")
    corp.seed_blocker(1, "0001")
    corp.members.hidden.add("0001")
    wecom = connect(corp)
    assert codes(wecom) == ["out_of_range"]
    corp.members.hidden.clear()
    assert codes(wecom) == ["passed_on_lately", "group_owner"]
    leave(wecom, "0001")
    assert codes(wecom) == []
    assert wecom.blockers(AccountRef("4040")) == []
