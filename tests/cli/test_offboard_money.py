"""baton offboard commission, accountability: from files and from the hub, for people and for machines."""

import csv
import io
import json

import pytest

from tests.cli.conftest import REPO

POLICY = str(REPO / "mappings/offboarding/commission.yaml")
FILES = {
    "orders.csv": "order,client,signed_on,currency\nSO-1,001A,2026-01-10,CNY\nSO-2,001A,2026-08-01,CNY\n",
    "payments.csv": "payment,order,paid_on,amount_minor\nP-1,SO-1,2026-02-01,1000000\nP-2,SO-1,2026-05-01,500000\n"
    "P-3,SO-2,2026-08-31,333333\n",
    "owners.csv": "client,person,since,until\n001A,0002,2025-01-01,2026-04-01\n001A,0003,2026-04-01,\n",
    "leavers.csv": "person,left_on\n0002,2026-03-31\n",
}


@pytest.fixture(autouse=True)
def keys(company):
    """The hub remembers which months are closed."""
    company.ok("keys", "init")


def written(company, **changed):
    for name, text in {**FILES, **{f"{name}.csv": text for name, text in changed.items()}}.items():
        (company.root / name).write_text(text, "utf-8")
    return ["offboard", "commission", "--policy", POLICY] + [
        part for name in ("orders", "payments", "owners", "leavers") for part in (f"--{name}", f"{name}.csv")
    ]


def test_a_statement_with_every_reason(company):
    command = written(company)
    said = company.ok(*command, "--json").json
    assert [(line["person"], line["payment"], line["amount_minor"]) for line in said["lines"]] == [
        ("0002", "P-1", 30000),
        ("0002", "P-2", 7500),
        ("0003", "P-2", 7500),
        ("0003", "P-3", 8333),
    ]
    assert all(line["reason"] and line["counter"] for line in said["lines"])
    assert {"person": "0003", "month": "2026-08", "currency": "CNY", "amount_minor": 8333} in said["totals"]
    only = company.ok(*command, "--person", "0003", "--json").json
    assert {line["person"] for line in only["lines"]} == {"0003"}
    assert "left on" in company.ok(*command).out


def test_a_closed_month_stays_and_what_comes_late_is_an_adjustment(company):
    command = written(company)
    company.ok(*command, "--close", "2026-05", "--save", "closed.json")
    refused = company.baton(*command, "--close", "2026-06", "--as", "0005")
    assert (refused.code, "does not speak as HR" in refused.err) == (2, True)
    closed = (company.root / "closed.json").read_bytes()
    again = company.baton(*command, "--close", "2026-05", "--save", "closed.json")
    assert again.code == 2
    assert (company.root / "closed.json").read_bytes() == closed
    command = written(company, payments=FILES["payments.csv"] + "P-4,SO-1,2026-02-02,100000\n")
    lines = company.ok(*command, "--json").json["lines"]
    assert company.ok(*command, "--closed", "closed.json", "--json").json["lines"] == lines
    assert [line for line in lines if line["month"] <= "2026-05"] == json.loads(closed)["lines"]
    (late,) = [line for line in lines if line["rule"] == "adjustment"]
    assert (late["month"], late["person"], late["amount_minor"]) == ("2026-06", "0002", 3000)
    back = company.baton(*command, "--close", "2026-04", "--save", "c2.json")
    assert (back.code, (company.root / "c2.json").exists()) == (2, False)
    (company.root / "closed.json").write_bytes(closed.replace(b"30000", b"30001"))
    altered = company.baton(*command, "--closed", "closed.json", "--json")
    assert (altered.code, [fault["rule"] for fault in altered.json["faults"]]) == (2, ["differs"])
    assert company.ok(*command, "--book", "another", "--json").json["lines"] != lines


def test_every_row_that_cannot_be_used_is_named_with_its_line(company):
    command = written(
        company, payments="payment,order,paid_on,amount_minor\nP-1,SO-1,01.02.2026,1\nP-2,SO-1,2026-02-01,1.5\n"
    )
    faults = company.baton(*command, "--json")
    assert faults.code == 2
    assert [fault["place"] for fault in faults.json["faults"]] == ["payments.csv:2", "payments.csv:3"]


def test_a_table_is_no_program(company):
    command = written(
        company,
        orders=FILES["orders.csv"].replace("SO-1", '"=1+1"'),
        payments=FILES["payments.csv"].replace("SO-1", '"=1+1"'),
    )
    company.ok(*command, "--csv", "lines.csv")
    rows = list(csv.DictReader(io.StringIO((company.root / "lines.csv").read_text("utf-8-sig"))))
    assert rows[0]["order"] == "'=1+1"


def test_the_accountability_table_is_there_before_anything_was_handed_over(company):
    said = company.ok("offboard", "accountability", "--csv", "tables", "--at", "2026-11-01T00:00+0800", "--json").json
    assert said == {"at": "2026-11-01T00:00:00+08:00", "clients": [], "receivables": []}
    assert sorted(path.name for path in (company.root / "tables").iterdir()) == ["clients.csv", "receivables.csv"]


def test_a_file_that_is_not_there_is_named(company):
    command = written(company)
    (company.root / "payments.csv").unlink()
    said = company.baton(*command, "--json")
    assert said.code == 2
    assert [fault["place"] for fault in said.json["faults"]] == ["payments.csv"]
    for missing in (["--closed", "none.json"], ["--policy", "none.yaml"]):
        (company.root / "payments.csv").write_text(FILES["payments.csv"], "utf-8")
        assert [fault["place"] for fault in company.baton(*command, *missing, "--json").json["faults"]] == missing[1:]
