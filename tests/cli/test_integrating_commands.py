"""check, mapping, new-connector."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from baton.cli import laws
from baton.kit import run
from connectors.crm.salesforce.connector import SalesforceConnector
from tests.cli.conftest import REPO

REFUSING = """
from baton.cli.main import execute
for name in ("crm/My-Vendor", "../x", "crm/", "nope/x", "crm/a/b", "crm/..", ""):
    assert execute(["new-connector", name, "--json"]) == 2, name
"""
"""A program that asks for connectors which cannot be made, all in one process."""


def test_check_of_a_system_looks_live_and_tries_the_laws(company, monkeypatch):
    some = run.laws_for(SalesforceConnector)[::6]  # tests/kit tries all of them
    monkeypatch.setattr(run, "laws_for", lambda _: some)
    company.ok("keys", "init")
    said = company.ok("check", "crm", "--json").json
    assert all(finding["ok"] for finding in said["findings"]["crm"])
    assert {law["verdict"] for law in said["laws"]["crm/salesforce"]} <= {"ok", "not_applicable"}
    assert [law["title"] for law in said["laws"]["crm/salesforce"]] == [law.__name__ for law in some]
    assert len(some) > 10
    assert company.crm.journal == []
    (company.root / "secrets/crm/client_secret").write_text("not-the-secret")
    monkeypatch.setattr(laws, "run_laws", lambda *_, **__: [])  # they were tried above, and need no credentials
    bad = company.baton("check", "crm", "--json")
    assert bad.code == 2
    finding = next(finding for finding in bad.json["findings"]["crm"] if not finding["ok"])
    assert finding["remedy"]
    assert "not-the-secret" not in bad.out + bad.err


def test_check_of_a_connector_needs_no_configuration(company):
    company.systems.unlink()
    said = company.ok("check", "webhook/http")
    assert "laws kept, 0 broken" in said.out


@pytest.mark.parametrize("connector", ["bank/host_to_host", "erp/tryton"])
def test_what_needs_a_real_server_says_so_instead_of_failing(company, connector):
    said = company.ok("check", connector, "--json").json
    assert said["laws"] == {}
    assert "server" in said["laws_tried_elsewhere"][connector]
    assert "server" in company.ok("check", connector).out


def test_mapping_check_and_test(company):
    company.ok("keys", "init")
    checked = company.ok("mapping", "check", "--json").json["checked"]
    assert {entry["path"].rpartition("/")[2] for entry in checked} == {"crm.yaml", "hr_file_export--employee.yaml"}
    mapping = company.root / "crm.yaml"
    assert company.ok("mapping", "test", str(mapping), "--json").json["checked"][0]["examples"] >= 3
    company.edit("      LastName: 欧阳\n", "      LastName: 欧\n", mapping)
    said = company.baton("mapping", "test", str(mapping), "--json")
    assert said.code == 2
    assert len(said.json["faults"]) == 1
    mapping.write_text("mapping: 1\nsource: {employee\n", "utf-8")
    assert company.baton("mapping", "check", str(mapping)).code == 2
    mapping.write_text('{"{0}": "{nope}"}\n', "utf-8")
    said = company.baton("mapping", "check", str(mapping))
    assert said.code == 2
    assert "{{" not in said.err


def test_a_mapping_of_records_is_checked_without_the_fields_of_accounts(company):
    mapping = Path(__file__).parents[2] / "mappings" / "migration" / "data_file--erp_tryton.yaml"
    assert company.ok("mapping", "check", str(mapping), "--json").json["checked"][0]["fields"] == 8
    wrong = company.root / "clients.yaml"
    wrong.write_text(mapping.read_text("utf-8").replace("name: 虚构乙号纸业商社", "name: 虚构丙号纸业商社"), "utf-8")
    assert company.baton("mapping", "test", str(wrong)).code == 2


def test_mapping_suggest_drafts_from_the_feed_and_never_over_a_file(company):
    company.ok("keys", "init")
    draft = company.ok("mapping", "suggest", "hr", "employee").out
    assert "工号" in draft
    assert "测试甲" not in draft
    out = company.root / "draft.yaml"
    said = company.ok("mapping", "suggest", "employee", "crm/salesforce", "--out", str(out), "--json").json
    assert out.read_text("utf-8") == said["draft"]
    again = company.baton("mapping", "suggest", "hr", "employee", "--out", str(out), "--json")
    assert (again.code, again.json["faults"][0]["rule"]) == (2, "exists")
    assert out.read_text("utf-8") == said["draft"]


def test_a_new_connector_keeps_its_laws_and_touches_nothing(tmp_path):
    shutil.copytree(REPO / "connectors", tmp_path / "connectors", ignore=shutil.ignore_patterns("__pycache__"))

    def python(code, *arguments):
        environ = {
            "PATH": os.defpath,
            "HOME": str(tmp_path),
            "PYTHONPATH": str(tmp_path),
        }
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env=environ,
            check=False,
            capture_output=True,
            timeout=120,
        )

    def baton(*arguments):
        return python("from baton.cli import main; main()", *arguments, "--json")

    def digests():
        files = (p for p in tmp_path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    before = digests()
    made = baton("new-connector", "crm/my_vendor")
    assert made.returncode == 0, made.stderr
    written = {tmp_path / path for path in json.loads(made.stdout)["written"]}
    after = digests()
    assert {path: digest for path, digest in after.items() if path in before} == before
    assert set(after) - set(before) == written
    checked = baton("check", "crm/my_vendor")
    assert checked.returncode == 0, checked.stderr
    verdicts = [law["verdict"] for law in json.loads(checked.stdout)["laws"]["crm/my_vendor"]]
    assert verdicts.count("ok") > 15
    assert "failed" not in verdicts
    again = baton("new-connector", "crm/my_vendor")
    assert again.returncode == 2
    assert digests() == after
    refused = python(REFUSING)
    assert refused.returncode == 0, refused.stderr
    assert digests() == after
