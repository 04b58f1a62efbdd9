"""baton pay settle, settlement …: the whole way of one departure on the command line, and what is refused there."""

from contextlib import nullcontext

import pytest

from baton.cli.context import Context
from tests.cli.paying import baton
from tests.hub.payment.office import GONE, Office
from tests.hub.payment.test_settling import TOTAL
from tests.jobs.payment.settlement.leaver import SHIPPED
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.clock import VirtualClock
from tests.rig.payroll import Payroll
from tests.rig.targets import KeyTarget

MAKER = ("--as", "maker-li")
HR = ("--role", "hr", "--as", "hr-wang")
INTO = ("--bank", "bank", "--on", "2026-11-30")


@pytest.fixture
def office(tmp_path, monkeypatch):
    database = f"sqlite:///{tmp_path}/hub.sqlite3"
    company = Payroll(tmp_path, database, VirtualClock(), {"crm": KeyTarget}, settlement=SHIPPED)
    office = Office(company, company.open())
    office.hire("0001", **GONE)
    monkeypatch.setattr(Context, "hub", lambda _: nullcontext(office.hub))
    yield office
    office.hub.close()


def test_every_line_is_told_with_its_rule_its_source_and_its_amount(office):
    said = baton("settle", EXAMPLE, "--json").json
    assert (said["total_minor"], said["kept"], said["pack"]["version"]) == (TOTAL, "", "2025.1")
    assert [line["rule"] for line in said["lines"]] == [
        *("salary", "leave", "severance", "deductions.statutory", "deductions.overpaid"),
    ]
    assert all(line["source"] and line["working"] for line in said["lines"])
    assert [line["verified"] for line in said["lines"]] == [False, False, True, False, True]
    text = " ".join(baton("settle", EXAMPLE).out.split())
    for told in (
        "83,416.78 CNY",
        "72,312.50 CNY",
        "劳动合同法第47条",
        said["digest"],
        "2025.1",
        "600.00 CNY of overpaid",
    ):
        assert told in text
    assert "Economic compensation (N)" in text
    assert "经济补偿（N）" in baton("settle", EXAMPLE, lang="zh").out
    assert baton("settlement", "list", "--json").json == []


def test_prepared_reviewed_and_drafted(office):
    kept = baton("settle", EXAMPLE, *MAKER, "--json").json
    key, digest = kept["kept"], kept["digest"][:12]
    shown = baton("settlement", "show", key)
    assert "prepared by maker-li" in shown.out
    assert kept["digest"] in shown.out
    early = baton("settlement", "import", key, *INTO, *MAKER, "--json")
    assert (early.code, early.json["error"]) == (2, "not_reviewed")
    own = baton("settlement", "review", key, digest, "--role", "payroll", *MAKER, "--json")
    assert (own.code, own.json["error"]) == (2, "maker")
    assert "reviewed by hr-wang as hr" in baton("settlement", "review", key, digest, *HR).out
    run = baton("settlement", "import", key, *INTO, *MAKER, "--json").json["run"]
    (line,) = baton("show", run, "--json").json["lines"]
    assert (line["number"], line["amount_minor"], line["state"]) == ("0001", TOTAL, "draft")
    (one,) = baton("settlement", "list", "--person", "0001", "--json").json
    assert (one["state"], one["reviewed_by"], one["run_id"]) == ("imported", "hr-wang", run)
    assert "已转入付款批次" in baton("settlement", "list", lang="zh").out


def test_a_case_file_that_is_wrong_is_told_by_file_line_and_field(office, tmp_path):
    bad = tmp_path / "离职.yaml"
    bad.write_text(EXAMPLE.read_text("utf-8").replace("days: 22", "days: many").replace("region:", "regoin:"), "utf-8")
    said = baton("settle", bad, "--json")
    assert said.code == 2
    told = {(fault["place"].rpartition(":")[0], fault["rule"]) for fault in said.json["faults"]}
    assert told == {(str(bad), "unknown_key"), (str(bad), "missing"), (str(bad), "value_error")}
    bad.write_text(EXAMPLE.read_text("utf-8").replace("region: example", "region: atlantis"), "utf-8")
    (fault,) = baton("settle", bad, "--json").json["faults"]
    assert fault["place"] == "离职.yaml: settlement of 0001: region"
    assert baton("settle", tmp_path / "none.yaml", "--json").json["faults"][0]["rule"] == "no_such_file"


def test_given_up_with_a_reason(office):
    key = baton("settle", EXAMPLE, *MAKER, "--json").json["kept"]
    said = baton("settlement", "withdraw", key, *MAKER, "--why", "stays after all", "--json")
    assert said.json["state"] == "withdrawn"
    assert baton("settlement", "show", "settle-none", "--json").json["faults"][0]["rule"] == "unknown_settlement"
