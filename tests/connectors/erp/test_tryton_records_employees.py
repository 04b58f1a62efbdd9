"""Tryton's employees as records, and both collections as a source, against a real server."""

from __future__ import annotations

import polars as pl
import pytest

from baton.sandbox.tryton_seed import TrytonAdmin
from baton.sdk import ConfigurationError, FeedRefusedError, InDoubtError, RecordTarget
from tests.connectors.erp.tryton_desk import foreign_day
from tests.connectors.erp.tryton_records import END, PERSON, START, told

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


# --- employees


def test_employees_are_named_by_party_code_and_so_are_their_superiors(desk):
    desk.insert(*({"code": n, "name": "测试"} for n in ("1", "2")))
    assert told(desk.hire({"party": "1", "start_date": START})) == ["done"]
    assert told(desk.hire({"party": "2", "start_date": START, "end_date": END, "supervisor": "1"})) == ["done"]
    [employment] = desk.employments()["2"]
    assert (employment["start_date"], employment["end_date"]) == (foreign_day(START), foreign_day(END))
    found = desk.fetch(desk.employees_, ["1", "2", "3"], ["start_date", "end_date", "supervisor"])
    assert found == {
        "1": {"start_date": START, "end_date": None, "supervisor": None},
        "2": {"start_date": START, "end_date": END, "supervisor": desk.key("1")},
    }


def test_references_that_lead_nowhere_are_refused_alone(desk):
    desk.insert({"code": "1"}, {"code": "2"})
    receipts = desk.hire(
        {"party": "1", "supervisor": None}, {"party": "404", "supervisor": None}, {"party": "2", "supervisor": "404"}
    )
    assert told(receipts) == ["done", "unknown_reference", "unknown_reference"]
    assert list(desk.employments()) == ["1"]


def test_nobody_is_employed_twice_even_by_a_request_that_comes_late(desk):
    desk.insert({"code": "1"}, {"code": "2"})
    desk.wire.delay = "model.company.company.write"
    with pytest.raises(InDoubtError):
        desk.hire({"party": "1", "start_date": START})
    assert told(desk.hire({"party": "1", "start_date": START})) == ["done"]
    [late] = desk.wire.arrive()
    assert late["error"][0] == "ConcurrencyException"
    assert told(desk.hire({"party": "1", "start_date": START}, {"party": "2", "start_date": START})) == [
        RecordTarget.CHANGED,
        "done",
    ]
    assert {number: len(rows) for number, rows in desk.employments().items()} == {"1": 1, "2": 1}


def test_someone_employed_between_look_and_insert_is_refused(desk):
    desk.insert({"code": "1"}, {"code": "2"})
    employed = {"party": desk.parties()["1"]["id"], "company": desk.server.company_id, "start_date": foreign_day(END)}
    desk.wire.before["model.company.company.search_read"] = lambda: desk.admin.call(
        "company.employee.create", [employed]
    )
    receipts = desk.hire({"party": "1", "start_date": START}, {"party": "2", "start_date": START})
    assert told(receipts) == [RecordTarget.CHANGED, "done"]
    assert [row["start_date"] for row in desk.employments()["1"]] == [foreign_day(END)]


def test_an_employee_changes_under_the_same_condition(desk):
    desk.insert({"code": "1"}, {"code": "2"})
    desk.hire({"party": "1", "start_date": START}, {"party": "2", "start_date": START})
    before = {"party": "2", "start_date": START, "end_date": None, "supervisor": None}
    after = {"party": "2", "start_date": START, "end_date": END, "supervisor": "1"}
    assert told(desk.update(desk.employees_, [after], [before])) == ["done"]
    assert told(desk.update(desk.employees_, [after], [before])) == [RecordTarget.CHANGED]
    assert told(desk.update(desk.employees_, [before], [after])) == ["done"]
    assert desk.fetch(desk.employees_, ["2"], ["end_date"]) == {"2": {"end_date": None}}


def test_a_superior_goes_with_his_people_or_not_at_all(desk):
    desk.insert({"code": "1"}, {"code": "2"})
    desk.hire({"party": "1", "start_date": START})
    desk.hire({"party": "2", "start_date": START, "supervisor": "1"})
    chief, other = {"party": "1", "start_date": START}, {"party": "2", "start_date": START}
    assert told(desk.delete(desk.employees_, chief)) == ["in_use"]
    assert desk.employments()["2"][0]["supervisor"] is not None
    assert told(desk.delete(desk.employees_, chief, other)) == ["done", "done"]
    assert desk.employments() == {}


def test_a_party_employed_twice_is_shown_twice_and_written_never(desk):
    desk.insert({"code": "1"})
    desk.hire({"party": "1", "start_date": START})
    again = {"party": desk.parties()["1"]["id"], "company": desk.server.company_id, "start_date": foreign_day(END)}
    desk.admin.call("company.employee.create", [again])
    keys = pl.DataFrame({"party": [desk.key("1")]})
    assert desk.connector.fetch(desk.employees_, keys, ["start_date"])["start_date"].to_list() == [START, END]
    before = {"party": "1", "start_date": START}
    assert told(desk.update(desk.employees_, [{"party": "1", "start_date": END}], [before])) == ["ambiguous"]
    assert told(desk.delete(desk.employees_, before)) == ["ambiguous"]


# --- as a source


def test_all_records_are_read_as_canonical_text(desk, monkeypatch):
    desk.insert({"code": "1", **PERSON}, {"code": "2", **dict.fromkeys(PERSON), "active": False})
    size = 1 + desk.connector.count(desk.parties_) // 4  # a few pages, whatever other tests have left there
    monkeypatch.setattr("connectors.erp.tryton.records.PAGE", size)
    monkeypatch.setattr("connectors.erp.tryton.record_rows.MARKS_PAGE", size)
    desk.hire({"party": "1", "start_date": START, "end_date": END})
    desk.hire({"party": "2", "start_date": START, "supervisor": "1"})
    assert desk.connector.collections() == ("party.party", "company.employee")
    feed = desk.connector.records("party.party")
    pages = list(feed.pages)
    assert len(pages) > 1
    assert [page.first_row for page in pages] == [1 + size * n for n in range(len(pages))]
    assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]
    rows = {row["code"]: row for page in pages for row in page.rows.to_dicts()}
    assert len(rows) == desk.connector.count(desk.parties_)
    assert rows[desk.key("1")] == {**PERSON, "code": desk.key("1"), "active": "true"}
    assert rows[desk.key("2")] == {**dict.fromkeys(PERSON), "code": desk.key("2"), "active": "false"}
    employees = [row for page in desk.connector.records("company.employee").pages for row in page.rows.to_dicts()]
    mine = [row for row in employees if row["party"].startswith(desk.prefix)]
    assert mine == [
        {"party": desk.key("1"), "start_date": "2026-01-05", "end_date": "2026-11-30", "supervisor": None},
        {"party": desk.key("2"), "start_date": "2026-01-05", "end_date": None, "supervisor": desk.key("1")},
    ]
    assert feed.origin.digest == desk.connector.records("party.party").origin.digest


@pytest.mark.parametrize("change", ["name", "contact", "address", "gone"])
def test_a_source_that_changes_while_it_is_read_is_refused(desk, change):
    desk.insert({"code": "1", **PERSON}, {"code": "2", **dict.fromkeys(PERSON), "active": True})
    feed = desk.connector.records("party.party")
    party = desk.parties()["1"]["id"]
    if change == "name":
        desk.admin.call("party.party.write", [party], {"name": "改"})
    elif change == "gone":
        desk.admin.call("party.party.delete", [desk.parties()["2"]["id"]])
    else:
        model, field = ("party.contact_mechanism", "value") if change == "contact" else ("party.address", "city")
        part = desk.admin.rows(model, [["party", "=", party]], ["id"])[0]["id"]
        desk.admin.call(f"{model}.write", [part], {field: "13800000009"})
    with pytest.raises(FeedRefusedError) as caught:
        list(feed.pages)
    assert [breach.guard for breach in caught.value.breaches] == ["source_changed"]


def test_an_unknown_collection_is_a_fault_of_the_configuration(desk):
    for ask in (desk.connector.collection, desk.connector.records):
        with pytest.raises(ConfigurationError, match=r"party\.party, company\.employee"):
            ask("sale.sale")


def test_the_hubs_user_may_do_all_of_it(desk):
    with TrytonAdmin(desk.server.base_url, desk.server.database, desk.server.username, desk.server.password) as hub:
        models = ["party.party", "party.contact_mechanism", "party.address", "company.employee"]
        access = hub.call("ir.model.access.get_access", models)
    assert all(access[model][right] for model in models for right in ("read", "write", "create", "delete"))
