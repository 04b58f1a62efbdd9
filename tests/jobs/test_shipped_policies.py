"""The policy file that comes with the hub: its rules fit what systems really tell."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from baton.jobs.offboarding.checklist import WATCHED
from baton.jobs.offboarding.policy import MANAGER, load_policies
from baton.jobs.offboarding.successors import propose
from baton.model.case import Case, CaseState, Cause, Item, ItemState, LeaverDates
from tests.connectors.crm.salesforce_handover import Handover

SHIPPED = load_policies(Path(__file__).parents[2] / "mappings" / "offboarding" / "policies.yaml")
OPENED = datetime(2026, 11, 1, tzinfo=UTC)


def listed(org: Handover) -> list[Item]:
    """What the connector lists of the leaver, as items that nobody is to have yet."""
    return [
        Item("c1", n, "crm", each.ref, ItemState.OPEN, 1, b"d", each.title, facts=each.facts, about=each.about)
        for n, each in enumerate(org.held(), 1)
    ]


def test_every_fact_the_rules_ask_for_is_one_that_a_client_has():
    org = Handover()
    (client,) = org.plant("client", 1)
    org.simulator.row("Account", client).update(Type="Customer", Rating="Warm", BillingCity="北京")
    (told,) = org.held()
    asked = {name for policy in SHIPPED.by_name.values() for rule in policy.successors for name in rule.where}
    assert asked, "the sales policy is the example of how clients are divided"
    assert asked <= told.facts.keys()


def test_the_sales_policy_divides_clients_by_level_and_place_and_what_is_theirs_follows():
    org, sales = Handover(), SHIPPED.of("sales")
    hot, near, other, far = org.plant("client", 1, 2, 3, 4)
    rows = {each: org.simulator.row("Account", each) for each in (hot, near, other, far)}
    rows[hot].update(Rating="Hot", BillingCity="北京")
    rows[near].update(Rating="Warm", BillingCity="上海市")
    rows[other].update(BillingCity="苏州")
    rows[far].update(BillingCity="成都")
    (deal,) = org.plant("opportunity", 1)
    org.simulator.row("Opportunity", deal)["AccountId"] = near
    case = Case("c1", "0001", CaseState.OPEN, Cause.BY_HAND, "sales", "0009", "hr", OPENED, LeaverDates())
    items = listed(org)
    chosen = propose(case, sales, items)
    got = {item.ref.external_id: chosen[item.id] for item in items if item.kind not in WATCHED}
    assert got == {hot: "0003", near: "0004", other: "0003", far: "0009", deal: "0004"}


ROLES = {
    "销售部/华东组": ("sales", {"纸质合同", "笔记本电脑"}),
    "研发部/平台组": ("engineering", {"代码仓库", "测试设备"}),
    "财务部": ("finance", {"报销", "借款", "财务章", "U盾", "会计凭证"}),
    "仓储部": ("logistics", {"仓库钥匙", "手持终端", "车辆"}),
    "物流中心": ("logistics", {"仓库钥匙", "手持终端", "车辆"}),
    "人力资源部": ("everybody", {"门禁卡"}),
}


@pytest.mark.parametrize("department", ROLES)
def test_each_role_has_its_own_list_of_what_no_system_knows(department):
    name, wanted = ROLES[department]
    assert SHIPPED.choose(department, "") == name
    titles = [item.title for item in SHIPPED.of(name).items]
    assert {word for word in wanted if any(word in title for title in titles)} == wanted
    assert all(item.to == MANAGER for item in SHIPPED.of(name).items)
