"""baton pay overpaid, recover …: from the dry run to the pack, as people type it and as machines read it."""

from contextlib import nullcontext
from datetime import timedelta

import pytest

from baton.cli.context import Context
from baton.hub.payment.answering import take_answers
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.store.pay_runs import LineChange
from tests.cli.paying import baton
from tests.hub.payment.office import Office
from tests.hub.payment.test_credits_without_names import page, unnamed
from tests.hub.payment.test_recovering import LATE, TWO, came_in, say
from tests.rig.clock import VirtualClock
from tests.rig.payroll import BANK, Payroll
from tests.rig.targets import KeyTarget

POLICY = """
checks: {requires: []}
approvals: {levels: [{roles: [payroll, treasury]}]}
overpayment:
  accounts: {payroll: "2211", receivable: "1221", bank: "1002", loss: "6711", payable: "2241"}
"""
BY = ("--as", "payroll-wu")
WHY = ("--why", "told late")


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Somebody was paid for a month after they had left."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    company = Payroll(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget}, policy=policy)
    office = Office(company, company.open())
    office.hire(*TWO)
    lines = office.draft(TWO).lines
    with office.hub.database.write() as connection:
        office.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID) for line in lines])
    company.clock.advance(timedelta(days=10))
    office.hire("0002", **LATE)
    monkeypatch.setattr(Context, "hub", lambda _: nullcontext(office.hub))
    yield office
    office.hub.close()


def recover(*arguments, **more):
    return baton("recover", *arguments, **more)


def test_first_looked_at_then_opened_then_accounted_for(office, tmp_path):
    looked = baton("overpaid", "--json")
    assert looked.code == 1
    assert looked.json["counts"]["recover"] == 1
    (line,) = looked.json["people"]["0002"]["not_owed"]
    assert (line["amount_minor"], line["remedy"], line["cause"]["late"]) == (1_234_567, "recover", True)
    assert "立案追回" in baton("overpaid", lang="zh").out
    assert recover("open", "0002", *WHY, *BY, "--dry-run", "--json").json["0002"]["not_owed"] == [line]
    assert recover("list", "--json").json == []

    (case,) = recover("open", "0002", *WHY, *BY, "--json").json
    key = case["id"]
    assert "nothing to claim" in recover("open", "0002", *WHY, *BY).out
    assert "民法典" in recover("notice", key, *BY, "--dry-run").out
    assert recover("show", key, "--json").json["state"] == "claimed"
    assert recover("notice", key, *BY, "--to", tmp_path / "letters", "--json").json["state"] == "noticed"
    parts = ("--part", "2027-01-31:10000.00", "--part", "2027-02-28:2345.67")
    agreed = recover("agree", key, *BY, "--paper", "2026/17", "--on", "2026-11-23", *parts, "--json")
    assert agreed.json["state"] == "agreed"
    came_in(office, case["reference"], "10000.00")
    came_in(office, "THANKS", "2345.67", number=3)
    assert recover("take", "--json").json == {key: 1}
    (booking,) = recover("bookings", "--json").json
    assert "已还清" in recover("credit", key, booking["key"], *WHY, *BY, lang="zh").out
    assert [each["debit"] for each in recover("vouchers", key, "--json").json] == ["1221", "1002", "1002"]
    assert "money" in recover("show", key).out

    recover("pack", key, "--to", tmp_path, *BY)
    manifest = tmp_path / f"{key}.json"
    assert recover("verify", manifest, "--json").json == {"holds": True, "case": key, "state": "repaid"}
    manifest.write_bytes(manifest.read_bytes().replace(b"1234567", b"1234568"))
    broken = recover("verify", manifest, "--json")
    assert (broken.code, broken.json["holds"]) == (2, False)
    assert baton("overpaid").code == 0


def test_who_may_not_decide_is_told_so(office):
    (case,) = recover("open", "0002", *WHY, *BY, "--json").json
    refused = recover("write-off", case["id"], "--role", "hr", *WHY, "--as", "hr-wang", "--json")
    assert (refused.code != 0, refused.json["error"]) == (True, "role")
    given_up = recover("write-off", case["id"], "--role", "director", *WHY, "--as", "director-sun", "--json")
    assert given_up.json["state"] == "written_off"
    withdrawn = recover("withdraw", case["id"], "--role", "hr", *WHY, "--as", "hr-wang", "--json")
    assert withdrawn.json["state"] == "withdrawn"


@pytest.mark.parametrize("part", ["2027-01-31", "soon:1.00", "2027-01-31:1e3", "2027-01-31:1.00:gifts"])
def test_an_instalment_that_is_none_is_refused(office, part):
    (case,) = recover("open", "0002", *WHY, *BY, "--json").json
    said = recover("agree", case["id"], *BY, "--paper", "p", "--on", "2026-11-23", "--part", part)
    assert said.code == 2
    assert "--part" in said.err


def test_wages_are_noted_only_as_agreed(office):
    (case,) = recover("open", "0002", *WHY, *BY, "--json").json
    said = recover("wages", case["id"], "--period", "2027-01", "--amount", "10.00", *BY, "--json")
    assert said.json["error"] == "consent"
    named = ("--period", "2027-01", "--due", "2027-01-15", "--amount", "10.00")
    assert recover("wages", case["id"], *named, *BY, "--json").json["error"] == "consent"
    assert take_answers(office.hub, BANK).files == 0


def test_a_booking_is_listed_with_the_case_that_it_names_and_whether_it_may_be_counted(office):
    (case,) = recover("open", "0002", *WHY, *BY, "--json").json
    row = (case["reference"], "1000.00", "CRDT")
    for said in (unnamed([row]), page([row], 1, last=False), page([row], 2, last=True)):
        say(office, said)
    came_in(office, "THANKS", "30.00", number=9)
    assert recover("take", "--json").json == {case["id"]: 1}
    told = [(each["names"], each["may_be_counted"]) for each in recover("bookings", "--json").json]
    assert told == [([case["id"]], True), ([], False)]
    shown = recover("bookings", lang="zh").out
    assert "所指案件" in shown
    assert "可能" in shown


def test_what_is_owed_back_is_told_with_what_is_paid_of_it(office):
    (case,) = recover("open", "0002", *WHY, *BY, "--json").json
    came_in(office, case["reference"], "13000.00")
    recover("take")
    office.company.clock.advance(timedelta(hours=1))
    (line,) = office.draft({"0002": "600.00"}, component=Component.RECOVERY).lines
    with office.hub.database.write() as connection:
        office.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID)])
    assert recover("take", "--json").json == {case["id"]: 1}
    for told in (recover("show", case["id"], "--json").json, recover("list", "--json").json[0]):
        assert (told["back_minor"], told["repaid_minor"], told["owed_back_minor"]) == (1_300_000, 60_000, 5_433)
    shown = recover("show", case["id"], lang="zh").out
    assert "多收款项已退还 600.00" in shown
    assert "多收 54.33" in shown
    assert "尚应退还" in recover("list", lang="zh").out
