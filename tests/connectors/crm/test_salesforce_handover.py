"""Passing on what people own in Salesforce, against the simulated org."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from baton.errors import HaltError, RejectedError, RetryableError
from baton.model.account import AccountRef, Outcome
from baton.model.handover import HoldingKind, HoldingRef
from tests.connectors.crm.salesforce_handover import Handover
from tests.connectors.crm.salesforce_org import instead, refused


def test_every_kind_is_listed_once_and_what_is_closed_or_others_is_not(handover: Handover) -> None:
    simulator = handover.simulator
    planted = {(kind, each) for kind in simulator.holding_kinds for each in handover.plant(kind, 1, 2)}
    for table, fields in (
        ("Opportunity", {"Name": "示例赢单", "StageName": "Closed Won"}),
        ("Case", {"Subject": "示例", "Status": "Closed"}),
        ("Task", {"Subject": "示例", "Status": "Completed"}),
        ("Lead", {"Name": "测试", "IsConverted": True}),
        ("Order", {"Name": "示例", "Status": "Canceled"}),
        ("Contract", {"Name": "示例", "Status": "Expired"}),
    ):
        simulator.plant(table, OwnerId=handover.leaver, **fields)
    won = simulator.plant("Opportunity", Name="示例赢单", StageName="Closed Won", OwnerId=handover.third)
    simulator.plant("Quote", Name="示例报价", OpportunityId=won, OwnerId=handover.leaver)
    simulator.seed_holding("client", 9, handover.third)
    found = Counter((str(holding.ref.kind), holding.ref.external_id) for holding in handover.held())
    assert found == Counter(planted)


def test_a_successor_is_told_what_matters(handover: Handover) -> None:
    (client,) = handover.plant("client", 1)
    (opportunity,) = handover.plant("opportunity", 7)
    handover.simulator.row("Opportunity", opportunity)["AccountId"] = client
    task = handover.simulator.plant("Task", Subject="示例任务", WhatId=opportunity, OwnerId=handover.leaver)
    told = {holding.ref.external_id: holding for holding in handover.held()}
    assert told[client].title == "示例客户1"
    assert told[client].facts["industry"] == "零售"
    deal = told[opportunity]
    assert (deal.amount, deal.currency) == (Decimal("1007.50"), "CNY")
    assert deal.facts == {"stage": "Proposal", "close_date": date(2026, 6, 8)}
    assert deal.about == HoldingRef(HoldingKind.CLIENT, client)
    assert told[task].about == HoldingRef(HoldingKind.OPPORTUNITY, opportunity)


@pytest.mark.parametrize("kind", Handover().simulator.holding_kinds)
def test_what_changes_shows_and_what_is_only_touched_does_not(handover: Handover, kind: str) -> None:
    (record,) = handover.plant(kind, 1)
    table = next(t for t, rows in handover.simulator._rows.tables.items() if record in rows)
    (before,) = handover.held()
    handover.simulator.row(table, record)["LastModifiedDate"] = "2026-02-01T00:00:00.000+0000"
    assert handover.held() == [before]
    handover.simulator.change_holding(kind, record)
    (after,) = handover.held()
    assert (after.facts, after.amount) != (before.facts, before.amount)


def test_an_org_without_some_objects_and_currencies_is_read_all_the_same(handover: Handover) -> None:
    handover.simulator.hide("Quote", "Order", "Contract", "AccountTeamMember", "OpportunityTeamMember")
    (client,) = handover.plant("client", 1)
    assert [holding.ref.external_id for holding in handover.held()] == [client]
    (receipt,) = handover.connector.transfer([handover.transfer("client", client)])
    assert receipt.outcome is Outcome.DONE


def test_a_person_without_a_user_owns_nothing_and_two_with_one_number_are_not_guessed(handover: Handover) -> None:
    assert handover.held(99) == []
    handover.simulator.seed([{"number": "0001", "Username": "second@example.com"}])
    with pytest.raises(HaltError, match="several users"):
        handover.held()


@pytest.mark.parametrize("kind", Handover().simulator.holding_kinds)
def test_a_record_goes_to_the_successor_and_back(handover: Handover, kind: str) -> None:
    (record,) = handover.plant(kind, 1)
    there = handover.transfer(kind, record)
    assert handover.connector.holders([there.ref]) == [handover.leaver]
    (receipt,) = handover.connector.transfer([there])
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, record)
    assert handover.simulator.holder_of(kind, record) == handover.successor
    assert handover.connector.holders([there.ref]) == [handover.successor]
    writes = len(handover.simulator.journal)
    assert handover.connector.transfer([there])[0].outcome is Outcome.DONE
    assert len(handover.simulator.journal) == writes, "what is done already is not written again"
    back = handover.transfer(kind, record, to=handover.leaver, holder=handover.successor)
    assert handover.connector.transfer([back])[0].outcome is Outcome.DONE
    assert handover.simulator.holder_of(kind, record) == handover.leaver


def test_each_transfer_is_judged_by_itself_and_in_order(handover: Handover) -> None:
    good, given, gone, last = handover.plant("client", 1, 2, 3, 4)
    handover.simulator.give_away("client", given, handover.third)
    del handover.simulator._rows.tables["Account"][gone]
    retired = handover.simulator.seed_person(8)
    handover.simulator.row("User", retired)["IsActive"] = False
    transfers = [
        handover.transfer("client", given),
        handover.transfer("client", good),
        handover.transfer("client", gone),
        handover.transfer("document", good),
        handover.transfer("client", "not an id"),
        handover.transfer("client", last, to=retired),
        handover.transfer("client", good),
    ]
    receipts = handover.connector.transfer(transfers)
    told = [receipt.code or receipt.outcome.value for receipt in receipts]
    assert told == ["changed", "done", "changed", "no_transfer", "MALFORMED_ID", "inactive_successor", "same_record"]
    assert receipts[5].remedy
    holders = [handover.simulator.holder_of("client", each) for each in (good, given, last)]
    assert holders == [handover.successor, handover.third, handover.leaver]


def test_an_inactive_successor_is_refused_even_where_the_org_would_take_it(handover: Handover) -> None:
    (client,) = handover.plant("client", 1)
    handover.simulator._rows.business.inactive_owners = True
    handover.simulator.row("User", handover.successor)["IsActive"] = False
    (receipt,) = handover.connector.transfer([handover.transfer("client", client)])
    assert receipt.code == "inactive_successor"
    assert handover.simulator.holder_of("client", client) == handover.leaver


def test_assignment_rules_do_not_take_what_was_given(handover: Handover) -> None:
    rules = handover.simulator._rows.business.assignment
    rules.update(dict.fromkeys(("Account", "Case", "Lead"), handover.third))
    transfers = [
        handover.transfer(kind, each) for kind in ("client", "ticket", "lead") for each in handover.plant(kind, 1)
    ]
    handover.simulator.seed_member(transfers[0].ref.external_id, handover.third, AccountAccessLevel="Edit")
    assert {receipt.outcome for receipt in handover.connector.transfer(transfers)} == {Outcome.DONE}
    assert handover.connector.holders([each.ref for each in transfers]) == [handover.successor] * 3


def test_what_salesforce_refuses_is_named(handover: Handover) -> None:
    locked, free = handover.plant("opportunity", 1, 2)
    handover.simulator._rows.business.locked.add(locked)
    receipts = handover.connector.transfer(handover.transfers("opportunity", [locked, free]))
    assert [receipt.code or receipt.outcome.value for receipt in receipts] == ["locked", "done"]
    assert "approval" in receipts[0].remedy


# --- teams


def test_teams_are_kept_with_roles_and_access(handover: Handover) -> None:
    client, plain = handover.plant("client", 1, 2)
    (deal,) = handover.plant("opportunity", 1)
    handover.simulator.seed_member(client, handover.third, TeamMemberRole="Sales Rep", AccountAccessLevel="Edit")
    handover.simulator.seed_member(client, handover.simulator.seed_person(4), AccountAccessLevel="Read")
    handover.simulator.seed_member(deal, handover.third, TeamMemberRole="Expert", OpportunityAccessLevel="Edit")
    before = {record: handover.simulator.team(record) for record in (client, plain, deal)}
    transfers = [*handover.transfers("client", [client, plain]), handover.transfer("opportunity", deal)]
    assert {receipt.outcome for receipt in handover.connector.transfer(transfers)} == {Outcome.DONE}
    assert {record: handover.simulator.team(record) for record in (client, plain, deal)} == before
    assert handover.connector.holders([each.ref for each in transfers]) == [handover.successor] * 3


def test_an_org_that_keeps_teams_by_itself_has_nobody_twice(handover: Handover) -> None:
    (client,) = handover.plant("client", 1)
    handover.simulator._rows.business.keeps_teams = True
    handover.simulator.seed_member(client, handover.third, AccountAccessLevel="Edit")
    (receipt,) = handover.connector.transfer([handover.transfer("client", client)])
    assert (receipt.outcome, receipt.evidence) == (Outcome.DONE, {})
    assert len(handover.simulator._rows.tables["AccountTeamMember"]) == 1


def test_teams_are_there_even_if_the_answer_is_lost(handover: Handover) -> None:
    (client,) = handover.plant("client", 1)
    handover.simulator.seed_member(client, handover.third, AccountAccessLevel="Edit")
    before = handover.simulator.team(client)
    asked = [0]

    def lose(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        asked[0] += b"PATCH" in request.content
        if b"PATCH" in request.content:
            raise httpx.ReadTimeout("late", request=request)
        return response

    handover.org.tamper = lose
    (receipt,) = handover.connector.transfer([handover.transfer("client", client)])
    assert asked == [1]
    assert receipt.outcome is Outcome.IN_DOUBT
    assert handover.simulator.holder_of("client", client) == handover.successor
    assert handover.simulator.team(client) == before


def test_a_member_who_cannot_be_put_back_is_named(handover: Handover) -> None:
    (client,) = handover.plant("client", 1)
    handover.simulator.seed_member(client, handover.third, AccountAccessLevel="Edit")
    handover.simulator._rows.business.refusing_members.add(handover.third)
    (receipt,) = handover.connector.transfer([handover.transfer("client", client)])
    assert receipt.outcome is Outcome.DONE
    assert receipt.evidence == {"team_not_restored": handover.third}


def test_large_teams_travel_in_more_calls_and_too_large_ones_not_at_all(handover: Handover) -> None:
    one, two, huge = handover.plant("client", 1, 2, 3)
    people = [handover.simulator.seed_person(n) for n in range(100, 1000)]
    for client, some in ((one, people[:500]), (two, people[:500]), (huge, people[:801])):
        for person in some:
            handover.simulator.seed_member(client, person, AccountAccessLevel="Read")
    before = {client: handover.simulator.team(client) for client in (one, two, huge)}
    receipts = handover.connector.transfer(handover.transfers("client", [one, huge, two]))
    assert [receipt.code or receipt.outcome.value for receipt in receipts] == ["done", "team_too_large", "done"]
    assert {client: handover.simulator.team(client) for client in (one, two, huge)} == before
    assert handover.simulator.holder_of("client", huge) == handover.leaver


# --- calls


def test_two_thousand_clients_cost_one_look_and_ten_calls(handover: Handover) -> None:
    ids = handover.plant("client", *range(handover.connector.transfer_limit))
    handover.connector.transfer(handover.transfers("client", ids[:1]))
    handover.calls()
    receipts = handover.connector.transfer(handover.transfers("client", ids))
    assert {receipt.outcome for receipt in receipts} == {Outcome.DONE}
    assert Counter(handover.calls()) == {("POST", "composite"): 1, ("PATCH", "composite/sobjects"): 10}
    assert {handover.simulator.holder_of("client", each) for each in ids} == {handover.successor}
    refs = [each.ref for each in handover.transfers("client", ids)]
    assert set(handover.connector.holders(refs)) == {handover.successor}
    assert handover.calls() == [("POST", "composite")]


def test_mixed_kinds_travel_together(handover: Handover) -> None:
    kinds = handover.simulator.holding_kinds
    transfers = [handover.transfer(k, each) for n in range(20) for k in kinds for each in handover.plant(k, n)]
    receipts = handover.connector.transfer(transfers)
    assert [receipt.external_id for receipt in receipts] == [each.ref.external_id for each in transfers]
    assert {receipt.outcome for receipt in receipts} == {Outcome.DONE}
    assert [call for call in handover.calls() if call[0] == "PATCH"] == [("PATCH", "composite/sobjects")]


def test_a_list_of_many_pages_is_whole_or_an_error(handover: Handover) -> None:
    ids = handover.plant("client", *range(25))
    handover.simulator.page_size = 10
    assert [holding.ref.external_id for holding in handover.held()] == ids
    assert [each[1] for each in handover.calls()].count("composite") == 3, "objects, and nine kinds five at a time"

    def shorten(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if "/query/01g" not in request.url.path:
            return response
        body = json.loads(response.content)
        return httpx.Response(200, json={**body, "records": body["records"][1:]})

    handover.org.tamper = shorten
    with pytest.raises(RetryableError, match="23 of 25"):
        handover.held()


def test_many_people_are_shown_in_as_many_calls_as_one(handover: Handover) -> None:
    people = [AccountRef(f"{n:04d}", handover.simulator.seed_person(n)) for n in range(1, 61)]
    for n, person in enumerate(people):
        handover.simulator.seed_holding("client", n, str(person.external_id))
        handover.simulator.seed_grant(n, str(person.external_id))
    handover.held()
    handover.connector.grants(people[0])
    handover.calls()
    alone = [handover.held(), handover.connector.grants(people[0])]
    calls = handover.calls()
    shown = [each for page in handover.connector.owned_by(people) for each in page]
    rights = handover.connector.grants_of(people)
    assert len(handover.calls()) == len(calls) - 1 == 4, "alone, it was asked first who has that number"
    assert [holder for holder, _ in shown] == [person.external_id for person in people]
    assert [shown[0][1], *rights[0]] == [*alone[0], *alone[1]]
    assert [len(grants) for grants in rights] == [2] * 60, "a right and the profile"


def test_more_owners_than_a_query_names_are_asked_for_in_several(handover: Handover, monkeypatch: Any) -> None:
    monkeypatch.setattr("connectors.crm.salesforce.ownership.PAGE_ROWS", 2)
    monkeypatch.setattr("connectors.crm.salesforce.rights.PAGE_ROWS", 2)
    people = [AccountRef(f"{n:04d}", handover.simulator.seed_person(n)) for n in range(1, 6)]
    planted = {handover.simulator.seed_holding("lead", n, str(one.external_id)): one for n, one in enumerate(people)}
    shown = [each for page in handover.connector.owned_by(people) for each in page]
    assert {holding.ref.external_id: holder for holder, holding in shown} == {
        lead: one.external_id for lead, one in planted.items()
    }
    assert len(shown) == 5
    assert [len(grants) for grants in handover.connector.grants_of(people)] == [1] * 5


# --- trouble


def test_a_lost_answer_leaves_only_its_own_records_in_doubt(handover: Handover) -> None:
    ids = handover.plant("client", *range(500))
    patches = [0]

    def lose(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        patches[0] += request.method == "PATCH"
        if request.method == "PATCH" and patches[0] == 2:
            return httpx.Response(503)
        return response

    handover.org.tamper = lose
    receipts = handover.connector.transfer(handover.transfers("client", ids))
    expected = [Outcome.DONE] * 200 + [Outcome.IN_DOUBT] * 200 + [Outcome.NOT_PERFORMED] * 100
    assert [receipt.outcome for receipt in receipts] == expected
    assert [handover.simulator.holder_of("client", each) for each in ids[400:]] == [handover.leaver] * 100


def test_a_quota_in_the_middle_is_said_of_the_rest(handover: Handover) -> None:
    ids = handover.plant("client", *range(300))
    patches = [0]

    def limit(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        patches[0] += request.method == "PATCH"
        return refused(403, "REQUEST_LIMIT_EXCEEDED") if patches[0] == 2 else response

    handover.org.tamper = limit
    receipts = handover.connector.transfer(handover.transfers("client", ids))
    assert [receipt.outcome for receipt in receipts[199:201]] == [Outcome.DONE, Outcome.NOT_PERFORMED]
    assert receipts[299].retry_after_s == 1800


def test_before_anything_is_sent_trouble_is_raised(handover: Handover) -> None:
    (client,) = handover.plant("client", 1)
    handover.connector.transfer([handover.transfer("client", client)])
    back = [handover.transfer("client", client, to=handover.leaver, holder=handover.successor)]
    handover.org.tamper = instead("composite", httpx.Response(503))
    with pytest.raises(RetryableError):
        handover.connector.transfer(back)
    handover.org.tamper = instead("composite/sobjects", refused(400, "JSON_PARSER_ERROR"))
    with pytest.raises(RejectedError):
        handover.connector.transfer(back)
    handover.org.tamper = instead("composite", httpx.Response(200, text="not JSON"), method="POST")
    with pytest.raises(RetryableError):
        handover.connector.transfer(back)
    handover.org.tamper = instead("composite", httpx.Response(200, json={"compositeResponse": []}), method="POST")
    with pytest.raises(RetryableError, match="0 answers"):
        handover.connector.transfer(back)


def test_ids_that_are_none_never_reach_a_query(handover: Handover) -> None:
    with pytest.raises(RejectedError, match="ids"):
        list(handover.connector.owned(AccountRef("0001", "x' OR Id != '")))
    assert handover.connector.holders([HoldingRef(HoldingKind.CLIENT, "x' OR Id != '")]) == [None]
    handover.calls()
    handover.connector.transfer([handover.transfer("client", "x' OR Id != '")])
    assert handover.calls() == []


# --- facts of one's own


def test_an_orgs_own_fields_are_facts_of_its_clients() -> None:
    handover = Handover(account_facts={"Region__c": "region", "Tier__c": "level"})
    client, plain = handover.plant("client", 1, 2)
    handover.simulator.row("Account", client).update(Region__c="华东", Tier__c="A")
    told = {holding.ref.external_id: holding.facts for holding in handover.held()}
    assert told[client] == {"number": "C000001", "industry": "零售", "region": "华东", "level": "A"}
    assert told[plain] == {"number": "C000002", "industry": "零售"}
    (finding,) = [each for each in handover.connector.check() if each.what == "account facts"]
    assert finding.ok


def test_a_field_that_the_org_does_not_have_is_left_out_and_the_self_check_says_so() -> None:
    handover = Handover(account_facts={"Regoin__c": "region", "Tier__c": "level"})
    (client,) = handover.plant("client", 1)
    assert [holding.ref.external_id for holding in handover.held()] == [client]
    (finding,) = [each for each in handover.connector.check() if not each.ok]
    assert (finding.what, finding.detail) == ("account facts", "not visible: Regoin__c")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"Region__c; DROP": "region"}, "API names"),
        ({"Region__c": "Region of the client"}, "API names"),
        ({"Region__c": "city"}, "taken already: city"),
        ({"Region__c": "region", "Area__c": "region"}, "taken already: region"),
        ({"LastActivityDate": "seen"}, "changes by itself"),
    ],
)
def test_what_cannot_be_a_fact_is_refused_with_the_reason(facts: dict[str, str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Handover(account_facts=facts)


def test_who_is_the_default_owner_is_a_task_for_a_person_with_the_pages_to_look_at() -> None:
    handover = Handover()
    tasks = {told.code: told.remedy for told in handover.connector.by_hand}
    assert tasks.keys() == {"default_owner", "named_in_rules"}
    assert "Default Lead Owner" in tasks["default_owner"]
    assert "Default Case Owner" in tasks["default_owner"]
    handover.simulator.block("0001", "default_lead_owner")
    assert handover.connector.blockers(AccountRef("0001")) == [], "the REST interface shows it to nobody"
