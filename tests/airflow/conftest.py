"""Airflow for the tests of this folder: one home, one database, one worker.

Airflow reads its configuration from the environment when it is first imported, so the environment is set by a session
fixture, nothing here imports Airflow at the top, and the whole folder stays on one worker of pytest-xdist. What Airflow
warns about in its own code is let through; what Baton's code causes is not.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from tests.airflow.installation import Installation

ROOT = Path(__file__).parents[2]
USERS = "vera:viewer,ursula:user,olga:op,ada:admin"
_OF_OTHERS = (
    "ignore:Using `httpx` with `starlette.testclient` is deprecated",  # svcs, which Airflow's execution API imports
)
"""Warnings that Airflow's own imports cause; everything else stays an error here too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("airflow"))
            item.add_marker(pytest.mark.server)
            for text in _OF_OTHERS:
                item.add_marker(pytest.mark.filterwarnings(text))


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An initialised Airflow on SQLite whose DAGs are this project's."""
    home = tmp_path_factory.mktemp("airflow-home")
    (home / "passwords.json").write_text(json.dumps(dict.fromkeys(["vera", "ursula", "olga", "ada"], "synthetic")))
    bundle = {
        "name": "baton",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(ROOT / "dags")},
    }
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__FERNET_KEY": secrets.token_urlsafe(32)[:43] + "=",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": USERS,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(40),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "_AIRFLOW_SKIP_DB_TESTS": "false",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        (home / "logs").mkdir()
        from airflow.utils.db import initdb

        initdb()
        with (home / "logs" / "tasks.log").open("a", encoding="utf-8") as log:
            _log_to(log)
            yield home


def _log_to(log: TextIO) -> None:
    """Have everything that Airflow and the tasks log in one file of the session, whatever pytest captures."""
    from airflow.sdk.log import configure_logging, reset_logging

    reset_logging()
    configure_logging(output=log)


@pytest.fixture
def said(airflow_home: Path) -> Callable[[], str]:
    """Gives what has been logged since the test began."""
    log = airflow_home / "logs" / "tasks.log"
    before = log.stat().st_size

    def since() -> str:
        return log.read_bytes()[before:].decode()

    return since


@pytest.fixture
def installation(airflow_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """A small hub with a roster file and a simulated CRM behind real HTTP, which the tasks find through BATON_SYSTEMS."""
    with Installation.start(tmp_path) as started:
        monkeypatch.setenv("BATON_SYSTEMS", str(started.systems_file))
        yield started
