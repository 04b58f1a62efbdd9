"""The Tryton connector against a real Tryton 8.2 server; what it holds is read back by other code than the connector's."""

from __future__ import annotations

from datetime import date

import pytest

from baton.sdk import (
    AccountRef,
    AccountState,
    Action,
    Outcome,
)
from tests.connectors.erp.tryton_desk import END, START, foreign_day, outcomes, provision, write

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


# --- the life of an account


def test_provisions_two_hundred_and_fifty_with_their_numbers_and_names(bench):
    numbers = ["0012", "12", "䶮01", *(f"{n:05}" for n in range(247))]
    writes = [
        provision(n, name=f"䶮测试{n}", email=f"u{i}@example.test", mobile="13800000001") for i, n in enumerate(numbers)
    ]
    receipts = [r for start in range(0, 250, 200) for r in bench.connector.provision(writes[start : start + 200])]
    assert outcomes(receipts) == [Outcome.DONE] * 250
    employments, parties = bench.employments(), bench.parties()
    assert sorted(employments) == sorted(numbers)
    for number, receipt in zip(numbers, receipts, strict=True):
        [employment] = employments[number]
        assert receipt.external_id == str(employment["id"])
        assert employment["start_date"] == foreign_day(START)
        assert employment["end_date"] is None
        assert parties[number]["name"] == f"䶮测试{number}"
    assert bench.contacts("0012") == [("email", "u0@example.test"), ("mobile", "13800000001")]
    assert bench.wire.count("model.party.party.create") == 2
    assert bench.wire.count("model.company.company.write") == 2


def test_repeated_provisioning_makes_no_duplicate(bench):
    writes = [provision(f"{n}", email=f"r{n}@example.test") for n in range(5)]
    first = bench.provision(*writes)
    again = bench.provision(*writes)
    assert [r.external_id for r in again] == [r.external_id for r in first]
    assert {number: len(rows) for number, rows in bench.employments().items()} == {f"{n}": 1 for n in range(5)}
    assert bench.contacts("3") == [("email", "r3@example.test")]


def test_reads_back_what_it_wrote_in_the_types_of_its_fields(bench):
    chief = bench.provision(provision("1", "主管甲"))[0].external_id
    fields = {
        "name": "测试乙",
        "email": "b@example.test",
        "mobile": "13800000002",
        "phone": "010-00000000",
        "start_date": START,
        "supervisor": chief,
    }
    bench.provision(write(Action.PROVISION, "2", **fields))
    account = bench.find("2")
    assert account.fields == {**fields, "end_date": None}
    assert (account.number, account.state) == ("2", AccountState.ENABLED)
    assert bench.employments()["2"][0]["supervisor"] == int(chief)


def test_find_keeps_the_order_and_says_none(bench):
    bench.provision(provision("0012"), provision("7"))
    found = bench.connector.find([AccountRef("7"), AccountRef("12"), AccountRef("0012")])
    assert [account and account.number for account in found] == ["7", None, "0012"]


def test_update_sets_the_given_fields_and_only_those(bench):
    chief, other = (r.external_id for r in bench.provision(provision("1"), provision("2")))
    bench.provision(provision("3", "测试丙", email="c@example.test", mobile="13800000003", supervisor=chief))
    receipt = bench.connector.update(
        [write(Action.UPDATE, "3", 2, name="测试丙丙", email="cc@example.test", mobile=None, supervisor=other)]
    )
    assert outcomes(receipt) == [Outcome.DONE]
    assert bench.parties()["3"]["name"] == "测试丙丙"
    assert bench.contacts("3") == [("email", "cc@example.test")]
    [employment] = bench.employments()["3"]
    assert employment["supervisor"] == int(other)
    assert employment["start_date"] == foreign_day(START)
    assert bench.find("3").fields["mobile"] is None


def test_an_update_of_nobody_is_refused(bench):
    [receipt] = bench.connector.update([write(Action.UPDATE, "404", name="无人")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "not_found")
    assert receipt.remedy


def test_an_end_in_the_future_is_written_and_a_retraction_clears_it(bench):
    bench.provision(provision("1"))
    assert outcomes(bench.connector.disable([write(Action.DISABLE, "1", 2, end_date=END)])) == [Outcome.DONE]
    assert bench.employments()["1"][0]["end_date"] == foreign_day(END)
    assert bench.find("1").state is AccountState.DISABLED
    assert bench.find("1").fields["end_date"] == END
    assert outcomes(bench.connector.enable([write(Action.ENABLE, "1", 3)])) == [Outcome.DONE]
    assert bench.employments()["1"][0]["end_date"] is None
    assert bench.find("1").state is AccountState.ENABLED


def test_a_rehire_takes_up_the_ended_employment(bench):
    [first] = bench.provision(provision("1"))
    bench.connector.disable([write(Action.DISABLE, "1", 2, end_date=date(2026, 3, 31))])
    [again] = bench.provision(provision("1", start_date=date(2026, 9, 1)))
    assert again.external_id == first.external_id
    [employment] = bench.employments()["1"]
    assert employment["start_date"] == foreign_day(date(2026, 9, 1))
    assert employment["end_date"] is None


def test_enabling_revives_a_retired_party(bench):
    bench.provision(provision("1"))
    bench.connector.disable([write(Action.DISABLE, "1", 2, end_date=date(2026, 3, 31))])
    bench.admin.call("party.party.write", [bench.parties()["1"]["id"]], {"active": False})
    assert bench.find("1").state is AccountState.DISABLED
    bench.connector.enable([write(Action.ENABLE, "1", 3, start_date=date(2026, 9, 1))])
    assert bench.parties()["1"]["active"]
    assert bench.find("1").fields["start_date"] == date(2026, 9, 1)


def test_scan_sees_leavers_and_everybody_once(bench, monkeypatch):
    monkeypatch.setattr("connectors.erp.tryton.directory.PAGE", 40)
    bench.provision(*(provision(f"{n}") for n in range(50)))
    bench.connector.disable([write(Action.DISABLE, "5", 2, end_date=date(2026, 2, 1))])
    ids, accounts = _ids(bench), list(bench.connector.scan())
    seen = {a.number: a.state for a in accounts if a.external_id in ids}
    assert seen == {f"{n}": AccountState.DISABLED if n == 5 else AccountState.ENABLED for n in range(50)}
    assert sorted(a.external_id for a in accounts if a.external_id in ids) == sorted(ids)


def _ids(bench):
    return {str(row["id"]) for rows in bench.employments().values() for row in rows}


def test_a_second_employment_of_one_party_is_shown_without_a_number(bench):
    [receipt] = bench.provision(provision("1"))
    party = bench.parties()["1"]["id"]
    old = {"party": party, "company": 1, "start_date": foreign_day(START), "end_date": foreign_day(date(2026, 2, 1))}
    [second] = bench.admin.call("company.employee.create", [old])
    ids = _ids(bench)
    numbers = {a.external_id: a.number for a in bench.connector.scan() if a.external_id in ids}
    assert numbers == {receipt.external_id: "1", str(second): None}
    assert bench.find("1").external_id == receipt.external_id
    assert bench.connector.find([AccountRef("1", str(second))])[0].external_id == str(second)


# --- refusals


def test_one_bad_record_does_not_refuse_the_rest_of_its_batch(bench):
    writes = [provision(f"{n}", supervisor="99999999" if n == 13 else None) for n in range(40)]
    receipts = bench.provision(*writes)
    assert [n for n, r in enumerate(receipts) if r.outcome is Outcome.REFUSED] == [13]
    assert receipts[13].code == "UserError"
    assert "supervisor" in receipts[13].message
    assert sorted(bench.employments()) == sorted(f"{n}" for n in range(40) if n != 13)
    corrected = bench.provision(provision("13"))
    assert outcomes(corrected) == [Outcome.DONE]
    assert len(bench.parties()) == 40


def test_a_refusal_names_no_person_and_no_value(bench):
    bench.provision(provision("1", "密名甲"), provision("2", "密名乙"))
    receipts = bench.connector.disable(
        [write(Action.DISABLE, n, 2, end_date=day) for n, day in (("1", date(2020, 2, 2)), ("2", date(2026, 2, 2)))]
    )
    assert outcomes(receipts) == [Outcome.REFUSED, Outcome.DONE]
    shown = f"{receipts[0]}"
    assert "密名" not in shown
    assert "2020" not in shown
    assert "end_date" in receipts[0].message


def test_a_customer_who_holds_the_code_is_not_made_an_employee(bench):
    bench.admin.call("party.party.create", [{"name": "示例客户", "code": bench.prefix + "5"}])
    [receipt] = bench.provision(provision("5", "测试戊"))
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "code_taken")
    assert bench.parties()["5"]["name"] == "示例客户"
    assert bench.employments() == {}


def test_a_code_created_between_look_and_create_is_taken_over(bench):
    rival = bench.another()
    bench.wire.before["model.party.party.create"] = lambda: rival.provision([provision("2")])
    receipts = bench.provision(provision("1"), provision("2"), provision("3"))
    assert outcomes(receipts) == [Outcome.DONE] * 3
    assert {n: len(rows) for n, rows in bench.employments().items()} == {"1": 1, "2": 1, "3": 1}


def test_only_disable_sets_an_end(bench):
    bench.provision(provision("1"), provision("2"))
    refused = [
        *bench.provision(provision("3", end_date=END)),
        *bench.connector.update([write(Action.UPDATE, "1", 2, end_date=END)]),
        *bench.connector.enable([write(Action.ENABLE, "1", 2, end_date=END)]),
        *bench.connector.disable([write(Action.DISABLE, "1", 2)]),
    ]
    assert [r.code for r in refused] == ["end_date_given", "end_date_given", "end_date_given", "no_end_date"]
    assert all(r.remedy for r in refused)
    bench.connector.disable([write(Action.DISABLE, "2", 2, end_date=END)])
    corrected = bench.connector.update([write(Action.UPDATE, "2", 3, end_date=date(2099, 12, 31))])
    assert outcomes(corrected) == [Outcome.DONE]
    assert {n: rows[0]["end_date"] for n, rows in bench.employments().items()} == {
        "1": None,
        "2": foreign_day(date(2099, 12, 31)),
    }


def test_unfit_writes_never_reach_tryton(bench):
    receipts = bench.provision(
        provision("1", nonsense="x"), provision("2", ""), provision("3", supervisor="E-1"), write(Action.PROVISION, "4")
    )
    assert [r.code for r in receipts] == ["unknown_field", "no_name", "bad_supervisor", "no_name"]
    assert not [m for m in bench.wire.methods if m.endswith((".create", ".write"))]
