"""Salesforce objects as records: described, found by key, written where they are as expected; few rows and many."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from baton.sdk import ConfigurationError, FieldType, InDoubtError, RecordTarget, RetryableError
from tests.connectors.crm.salesforce_org import instead
from tests.connectors.crm.salesforce_records import KEY, RecordOrg, company, told

FEW, MANY = 3, 450
WHOLE = {
    "Name": '示例客户, “甲” "一"',
    "Description": "first\nsecond\r\nthird, '=1+1' 䶮",
    "Rating": "Hot",
    "NumberOfEmployees": 12,
    "AnnualRevenue": Decimal("1234567.50"),
    "Since__c": date(2026, 1, 5),
    "Synced__c": datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC),
    "Closed__c": True,
}
sizes = pytest.mark.parametrize("size", [FEW, MANY])


def padded(size: int, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows with as many others of the same fields around them as make a call of that size."""
    blank = {**dict.fromkeys(rows[0]), "Closed__c": False} if "Closed__c" in rows[0] else dict.fromkeys(rows[0])
    return [*rows, *({**blank, **company(1000 + n)} for n in range(size - len(rows)))]


# --- what there is


def test_the_objects_description_becomes_fields(records: RecordOrg) -> None:
    fields = records.accounts.fields
    assert records.accounts.key == (KEY,)
    assert (fields["Name"].type, fields["Name"].required, fields["Name"].max_length) == (FieldType.TEXT, True, 255)
    assert fields["Rating"].choices == {"Hot", "Warm", "Cold"}
    assert (fields["AnnualRevenue"].type, fields["AnnualRevenue"].places) == (FieldType.DECIMAL, 2)
    assert fields["Closed__c"].type is FieldType.BOOLEAN
    assert not fields["Closed__c"].required
    parent, owner = fields[f"Parent.{KEY}"], fields["Owner.Baton_Number__c"]
    assert (parent.type, parent.refers_to) == (FieldType.REFERENCE, "Account")
    assert (owner.type, owner.refers_to) == (FieldType.REFERENCE, "User")
    assert {"ParentId", "OwnerId", "BillingAddress"} & fields.keys() == set()
    assert "read only" in fields["SystemModstamp"].about


def test_a_reference_to_an_object_without_a_key_is_an_id() -> None:
    org = RecordOrg(record_keys={"Account": KEY})
    assert org.accounts.fields["OwnerId"].type is FieldType.TEXT
    assert org.accounts.fields["OwnerId"].max_length == 18


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ({"User": "Baton_Number__c"}, "unknown_collection"),
        ({"Account": "Nowhere__c"}, "unknown_field"),
        ({"Account": "Group_Id__c"}, "not_unique"),
        ({"Account": "Name"}, "not_unique"),
    ],
)
def test_a_key_that_is_none_is_a_fault_of_the_configuration(keys: dict[str, str], rule: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RecordOrg(record_keys=keys)
    assert [fault.rule for fault in caught.value.faults] == [rule]
    org = RecordOrg()
    org.connector._settings.record_keys.clear()
    assert [f for f in org.connector.check() if f.what.startswith("record key")] == []


def test_the_check_names_a_bad_key(records: RecordOrg) -> None:
    assert all(finding.ok for finding in records.connector.check())
    records.connector._settings.record_keys["Account"] = "Group_Id__c"
    (bad,) = [finding for finding in records.connector.check() if not finding.ok]
    assert "Group_Id__c" in bad.detail


# --- writing and finding again


@sizes
def test_what_is_inserted_reads_back_in_its_types(records: RecordOrg, size: int) -> None:
    rows = padded(size, {KEY: "K1", **WHOLE}, {KEY: "K2", **dict.fromkeys(WHOLE), "Name": "乙", "Closed__c": False})
    assert told(records.insert(*rows)) == ["done"] * size
    found = records.fetch(["K1", "K2", "K404"], *WHOLE)
    assert found == {"K1": WHOLE, "K2": {**dict.fromkeys(WHOLE), "Name": "乙", "Closed__c": False}}
    assert records.connector.count(records.accounts) == size
    assert records.called("POST", "jobs/ingest") == (size > 200)


@sizes
def test_parents_are_named_by_their_own_key(records: RecordOrg, size: int) -> None:
    records.insert(company(1), company(2))
    path = f"Parent.{KEY}"
    rows = padded(size, company(3, **{path: "K00001"}), company(4, **{path: None}), company(5, **{path: "K404"}))
    assert told(records.insert(*rows))[:3] == ["done", "done", "INVALID_FIELD"]
    found = records.fetch(["K00003", "K00004"], path)
    assert found == {"K00003": {path: "K00001"}, "K00004": {path: None}}
    extra = [company(1000 + n) for n in range(size - 3)]
    before = [{KEY: "K00003", path: "K00001"}, {KEY: "K00004", path: None}, *({KEY: e[KEY], path: None} for e in extra)]
    after = [{KEY: "K00003", path: None}, {KEY: "K00004", path: "K00002"}, *({KEY: e[KEY], path: None} for e in extra)]
    assert set(told(records.update(after, before))) == {"done"}
    assert records.fetch(["K00003", "K00004"], path) == {"K00003": {path: None}, "K00004": {path: "K00002"}}


@sizes
def test_receipts_are_in_order_and_a_bad_record_harms_nobody(records: RecordOrg, size: int) -> None:
    rows = [company(n, Rating="Hot") for n in range(size)]
    rows[1] = company(1, Rating="Boiling")
    receipts = records.insert(*rows)
    expected = ["done"] * size
    expected[1] = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert told(receipts) == expected
    assert receipts[1].evidence["fields"] == "Rating"
    assert receipts[1].remedy
    assert all(records.held[row[KEY]]["Id"] == receipts[n].external_id for n, row in enumerate(rows) if n != 1)


@sizes
def test_what_exists_is_refused_and_left_as_it_is(records: RecordOrg, size: int) -> None:
    records.insert(company(1))
    rows = [company(n, Name="新") for n in range(1, size + 1)]
    assert told(records.insert(*rows, rows[-1])) == [RecordTarget.CHANGED, *["done"] * (size - 1), RecordTarget.CHANGED]
    assert records.held["K00001"]["Name"] == "示例客户1"


@sizes
def test_what_comes_up_between_look_and_insert_is_refused_by_salesforce(records: RecordOrg, size: int) -> None:
    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if "/query" in request.url.path and not records.held:
            records.simulator._rows.create("Account", company(2, Name="他人"))
        return response

    records.tamper = tamper
    receipts = records.insert(*(company(n) for n in range(size)))
    assert [n for n, code in enumerate(told(receipts)) if code != "done"] == [2]
    assert receipts[2].code == RecordTarget.CHANGED
    assert records.held["K00002"]["Name"] == "他人"


@sizes
def test_update_sets_and_clears_the_given_fields_only(records: RecordOrg, size: int) -> None:
    rows = padded(size, {KEY: "K1", **WHOLE})
    records.insert(*rows)
    names = ("Description", "AnnualRevenue", "Since__c", "Rating", "Closed__c")
    before = [{KEY: row[KEY], **{name: row[name] for name in names}} for row in rows]
    cleared = {"Description": None, "AnnualRevenue": None, "Since__c": None, "Rating": "Cold", "Closed__c": False}
    after = [{KEY: row[KEY], **cleared} for row in rows]
    assert told(records.update(after, before)) == ["done"] * size
    assert records.fetch(["K1"], *WHOLE)["K1"] == {**WHOLE, **cleared}
    assert told(records.update(before, after)) == (["done"] if size == 1 else ["done"] * size)
    assert records.fetch(["K1"], *WHOLE)["K1"] == WHOLE


@sizes
def test_a_record_that_is_not_as_expected_is_refused(records: RecordOrg, size: int) -> None:
    rows = [company(n) for n in range(size)]
    records.insert(*rows)
    before = [{**row} for row in rows]
    before[0]["Name"] = "早先"
    before[2][KEY] = "K404"
    after = [{**row, "Name": "新"} for row in before]
    expected = [RecordTarget.CHANGED, "done", RecordTarget.CHANGED, *["done"] * (size - 3)]
    assert told(records.update(after, before)) == expected
    assert (records.held["K00000"]["Name"], records.held["K00001"]["Name"]) == ("示例客户0", "新")


@sizes
def test_delete_takes_out_what_is_as_expected_and_what_is_gone_is_done(records: RecordOrg, size: int) -> None:
    rows = [company(n) for n in range(size)]
    records.insert(*rows)
    before = [{**row} for row in rows]
    before[0]["Name"] = "早先"
    before[1][KEY] = "K404"
    assert told(records.delete(*before)) == [RecordTarget.CHANGED, *["done"] * (size - 1)]
    assert sorted(records.held) == ["K00000", "K00001"]


@sizes
def test_text_that_means_no_value_is_never_sent(records: RecordOrg, size: int) -> None:
    rows = [company(n, Description="x") for n in range(size)]
    rows[0]["Description"], rows[1]["Description"] = "#N/A", "a\0b"
    assert told(records.insert(*rows)) == ["unsendable", "unsendable", *["done"] * (size - 2)]


@sizes
def test_what_would_read_back_as_something_else_is_never_sent(records: RecordOrg, size: int) -> None:
    moment = WHOLE["Synced__c"]
    rows = [company(n, Description="x", Synced__c=moment) for n in range(size)]
    rows[0]["Description"], rows[1]["Synced__c"] = "", moment.replace(microsecond=1)
    rows[2]["Synced__c"] = moment.replace(microsecond=1000)
    receipts = records.insert(*rows)
    assert told(receipts) == ["unsendable", "unsendable", *["done"] * (size - 2)]
    assert all(receipt.remedy for receipt in receipts[:2])
    assert records.fetch(["K00002"], "Synced__c") == {"K00002": {"Synced__c": rows[2]["Synced__c"]}}


def test_a_garbled_answer_about_a_job_is_asked_for_again(records: RecordOrg) -> None:
    garbled = httpx.Response(200, content=b"<html> a proxy spoke")
    records.tamper = instead("/jobs/ingest/", garbled, times=1, method="GET")
    assert set(told(records.insert(*(company(n) for n in range(MANY))))) == {"done"}


def test_keys_are_compared_exactly_though_salesforce_does_not(records: RecordOrg) -> None:
    records.insert({KEY: "AbC", "Name": "甲"})
    assert records.fetch(["abc"], "Name") == {}
    assert records.fetch(["AbC"], "Name") == {"AbC": {"Name": "甲"}}


def test_with_ids_as_the_key_records_are_changed_but_not_created() -> None:
    org = RecordOrg(record_keys={"Account": "Id"})
    made = org.simulator._rows.create("Account", {"Name": "甲"})
    assert told(org.insert({"Id": None, "Name": "乙"})) == ["no_key"]
    assert told(org.update([{"Id": made, "Name": "丙"}], [{"Id": made, "Name": "甲"}])) == ["done"]


def test_two_thousand_keys_are_found_in_few_calls(records: RecordOrg) -> None:
    records.insert(*(company(n) for n in range(2000)))
    before = len(records.simulator.requests)
    assert len(records.fetch([f"K{n:05}" for n in range(2000)], "Name")) == 2000
    assert len(records.simulator.requests) - before <= 6


# --- troubles of a small call


def test_an_answer_lost_after_a_small_write_is_in_doubt(records: RecordOrg) -> None:
    records.tamper = instead("/composite/sobjects", httpx.ReadTimeout("lost"), times=1)
    with pytest.raises(InDoubtError):
        records.insert(company(1))
    assert told(records.insert(company(1))) == [RecordTarget.CHANGED]


def test_a_look_that_fails_after_a_write_hides_nothing(records: RecordOrg) -> None:
    looks = []

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if "/query" in request.url.path:
            looks.append(1)
            if len(looks) == 1:
                records.simulator._rows.create("Account", company(2))
            else:
                raise httpx.ConnectError("gone")
        return response

    records.tamper = tamper
    assert told(records.insert(company(1), company(2))) == ["done", "DUPLICATE_VALUE"]


def test_a_value_outside_its_description_is_loud(records: RecordOrg) -> None:
    records.insert(company(1, AnnualRevenue=Decimal("1.50")))

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if "/query" not in request.url.path:
            return response
        body = json.loads(response.content)
        for row in body["records"]:
            row["AnnualRevenue"] = 1.505
        return httpx.Response(200, json=body)

    records.tamper = tamper
    with pytest.raises(Exception, match="description rules out") as caught:
        records.fetch(["K00001"], "AnnualRevenue")
    assert not isinstance(caught.value, RetryableError)
