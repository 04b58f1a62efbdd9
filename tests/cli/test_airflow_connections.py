"""Secrets in Airflow connections, read by the command line: those that Airflow gives to whoever is no task."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from baton.cli import airflow_connections
from baton.vault import connection_field
from tests.cli.conftest import REPO, Company


@pytest.fixture
def connected(company: Company, monkeypatch: pytest.MonkeyPatch) -> Company:
    """The CRM's secrets are in a connection and nowhere else."""
    company.edit("connector: crm/salesforce\n", "connector: crm/salesforce\n    airflow_connection: crm_default\n")
    shutil.rmtree(company.root / "secrets/crm")
    extra = {connection_field(name): value for name, value in company.crm.secrets.items()}
    monkeypatch.setenv("AIRFLOW_CONN_CRM_DEFAULT", json.dumps({"conn_type": "generic", "extra": extra}))
    airflow_connections.read_connection.cache_clear()
    return company


def test_a_connection_in_the_environment_is_read_and_stdout_holds_the_document_alone(connected: Company) -> None:
    environ = {**os.environ, "AIRFLOW_HOME": str(connected.root / "airflow"), "PYTHONPATH": str(REPO)}
    for arguments in (["keys", "init"], ["doctor"], ["plan", "sync"]):
        code = "from baton.cli.main import run; run()"
        command = [sys.executable, "-c", code, "--systems", str(connected.systems), *arguments, "--json"]
        said = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        assert said.returncode == 0, (arguments, said)
        json.loads(said.stdout)
        assert not [value for value in connected.crm.secrets.values() if value in said.stdout + said.stderr]


def test_who_looks_in_vain_is_told_how_far_the_command_line_sees(
    connected: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow_connections, "find_spec", lambda name: None if name == "airflow" else find_spec(name))
    said = connected.baton("doctor", "--json")
    told = " ".join(each["detail"] for each in said.json["findings"])
    assert said.code == 2
    assert "Airflow connection crm_default, field client_id_secret (Airflow is not installed here)" in told
    monkeypatch.undo()
    assert "Airflow's own database is read by tasks only" in airflow_connections.reach()
