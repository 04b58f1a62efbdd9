"""Blockers before a leaver's last day, and what is done during a handover, against the simulated org."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from baton.errors import RetryableError
from baton.model.account import AccountRef
from baton.model.handover import Activity, ActivityKind, HoldingKind, HoldingRef
from tests.connectors.crm.salesforce_handover import Handover
from tests.connectors.crm.salesforce_org import instead

LEAVER = AccountRef("0001")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = START + timedelta(hours=1)


def test_nothing_stands_in_the_way_of_an_ordinary_person(handover: Handover) -> None:
    (client,) = handover.plant("client", 1)
    told = {"SubmittedById": handover.leaver, "Status": "Approved", "TargetObjectId": client}
    handover.simulator.plant("ProcessInstance", **told)
    retired = handover.simulator.seed_person(8)
    handover.simulator.row("User", retired).update(ManagerId=handover.leaver, IsActive=False)
    assert handover.connector.blockers(LEAVER) == []
    assert handover.connector.blockers(AccountRef("0099")) == []


@pytest.mark.parametrize(
    ("code", "table", "fields"),
    [
        ("pending_approvals", "ProcessInstanceWorkitem", {"ActorId": ""}),
        ("submitted_approvals", "ProcessInstance", {"SubmittedById": "", "Status": "Pending", "TargetObjectId": "a"}),
        ("scheduled_jobs", "CronTrigger", {"OwnerId": ""}),
        ("dashboards", "Dashboard", {"RunningUserId": ""}),
    ],
)
def test_what_runs_as_somebody_is_found(handover: Handover, code: str, table: str, fields: dict[str, str]) -> None:
    handover.simulator.plant(table, **{name: value or handover.leaver for name, value in fields.items()})
    (blocker,) = handover.connector.blockers(LEAVER)
    assert blocker.code == code
    assert blocker.remedy
    assert handover.connector.blockers(AccountRef("0003")) == []


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("manager_of_others", "ManagerId"),
        ("blocker_approval", "DelegatedApproverId"),
        ("blocker_hierarchy_field", "Mentor__c"),
    ],
)
def test_who_is_named_on_other_users_is_found(handover: Handover, code: str, field: str) -> None:
    handover.simulator.row("User", handover.third)[field] = handover.leaver
    (blocker,) = handover.connector.blockers(LEAVER)
    assert blocker.code == code
    assert "1" in blocker.title


def test_the_last_administrator_is_found(handover: Handover) -> None:
    simulator = handover.simulator
    profile = simulator.plant("Profile", Name="System Administrator", PermissionsModifyAllData=True)
    for user in (handover.leaver, handover.third):
        simulator.row("User", user)["ProfileId"] = profile
    assert handover.connector.blockers(LEAVER) == []
    simulator.row("User", handover.third)["IsActive"] = False
    assert [blocker.code for blocker in handover.connector.blockers(LEAVER)] == ["blocker_last_administrator"]


def test_records_that_an_approval_locks_are_named(handover: Handover) -> None:
    mine, other = handover.plant("opportunity", 1, 2)
    handover.simulator.give_away("opportunity", other, handover.third)
    for target, status in ((mine, "Pending"), (other, "Pending"), (handover.plant("client", 1)[0], "Approved")):
        told = {"SubmittedById": handover.third, "Status": status, "TargetObjectId": target}
        handover.simulator.plant("ProcessInstance", **told)
    (blocker,) = handover.connector.blockers(LEAVER)
    assert (blocker.code, blocker.ref) == ("locked_in_approval", HoldingRef(HoldingKind.OPPORTUNITY, mine))


# --- activities


def seen(handover: Handover, *clients: str, people: tuple[str, ...] = ("0001",)) -> list[Activity]:
    refs = [HoldingRef(HoldingKind.CLIENT, client) for client in clients]
    persons = [AccountRef(number) for number in people]
    return [each for page in handover.connector.activities(START, END, refs, persons) for each in page]


def test_business_for_a_client_by_anyone_or_by_a_leaver_for_anyone_is_seen(handover: Handover) -> None:
    simulator = handover.simulator
    mine, other = (
        simulator.seed_holding("client", 1, handover.successor),
        simulator.seed_holding("client", 2, handover.third),
    )
    simulator.at(START)
    by_other = {"CreatedById": handover.third, "OwnerId": handover.third}
    order = simulator.plant("Order", AccountId=mine, OrderNumber="00000007", Name="示例", TotalAmount=12.5, **by_other)
    deal = simulator.plant("Opportunity", AccountId=other, Name="示例商机", CreatedById=handover.leaver)
    simulator.plant("Order", AccountId=other, **by_other)
    simulator.at(END)
    simulator.plant("Order", AccountId=mine, **by_other)
    found = {activity.id: activity for activity in seen(handover, mine)}
    assert found.keys() == {order, deal}
    assert (found[order].kind, found[order].actor) == (ActivityKind.ORDER, handover.third)
    assert (found[order].about, found[order].amount) == (HoldingRef(HoldingKind.CLIENT, mine), Decimal("12.50"))
    assert found[order].title == "00000007 · 示例"
    assert START <= found[order].at < END
    assert {activity.id for activity in seen(handover, mine, people=())} == {order}


def test_a_client_reassigned_back_is_seen_once_with_both_owners(handover: Handover) -> None:
    client = handover.simulator.seed_holding("client", 1, handover.successor)
    handover.simulator.at(START)
    handover.simulator._rows.business.actor = handover.third
    handover.simulator.give_away("client", client, handover.leaver)
    (activity,) = seen(handover, client)
    assert activity.kind is ActivityKind.REASSIGNED
    assert (activity.before, activity.after, activity.actor) == (handover.successor, handover.leaver, handover.third)
    assert activity.about == HoldingRef(HoldingKind.CLIENT, client)
    assert seen(handover, people=("0099",)) == []
    assert [each.id for each in seen(handover, people=("0001",))] == [activity.id], "by its new owner as well"


def test_a_changed_discount_is_seen_where_its_history_is_kept(handover: Handover) -> None:
    client = handover.simulator.seed_holding("client", 1, handover.successor)
    quote = handover.simulator.plant(
        "Quote", Name="示例报价", AccountId=client, Discount=5.0, OwnerId=handover.successor
    )
    handover.simulator.at(START)
    handover.simulator._rows.update("Quote", quote, {"Discount": 40.0})
    (activity,) = seen(handover, client)
    assert (activity.kind, activity.before, activity.after) == (ActivityKind.DISCOUNT, "5.0", "40.0")
    assert activity.about == HoldingRef(HoldingKind.QUOTE, quote)
    assert activity.client == HoldingRef(HoldingKind.CLIENT, client)


def test_exported_reports_are_seen_once_in_their_window(handover: Handover) -> None:
    inside, outside = START + timedelta(minutes=5), END + timedelta(minutes=5)
    report = "/00O000000000001"
    events = [(inside, handover.leaver, report), (outside, handover.leaver, report), (inside, handover.third, report)]
    for _ in range(2):
        handover.simulator.log_exports(date(2026, 3, 2), events)
    handover.simulator.log_exports(date(2026, 2, 27), [(inside, handover.leaver, report)])
    (activity,) = seen(handover)
    assert (activity.kind, activity.actor, activity.at) == (ActivityKind.EXPORT, handover.leaver, inside)
    assert (activity.title, activity.count) == (report, None)
    handover.org.tamper = instead("LogFile", httpx.Response(200, content=b'"USER_ID"\n"x'))
    with pytest.raises(RetryableError, match="event log"):
        seen(handover)


def test_an_org_without_histories_and_logs_shows_new_business_only(handover: Handover) -> None:
    handover.simulator.hide("AccountHistory", "OpportunityFieldHistory", "QuoteHistory", "EventLogFile")
    handover.simulator.at(START)
    order = handover.simulator.plant("Order", CreatedById=handover.leaver)
    assert [activity.id for activity in seen(handover)] == [order]
