"""Airflow for the tests of this folder: one home, one database, one worker.

Airflow reads its configuration from the environment when it is first imported, so the environment is set by a session
fixture, nothing here imports Airflow at the top, and one process runs the whole folder (tests/suite.py). What Airflow
warns about in its own code is let through; what Baton's code causes is not.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

import pytest

from tests.airflow.home import ROLES, furnish, settings_of
from tests.airflow.installation import ROOT, Installation

_OF_OTHERS = (
    "ignore:Using `httpx` with `starlette.testclient` is deprecated",  # svcs, which Airflow's execution API imports
)
"""Warnings that Airflow's own imports cause; everything else stays an error here too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.server)
            for text in _OF_OTHERS:
                item.add_marker(pytest.mark.filterwarnings(text))


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An initialised Airflow on SQLite whose DAGs are this project's."""
    home = tmp_path_factory.mktemp("airflow-home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            patch.delenv(name)
        for name, value in settings_of(home).items():
            patch.setenv(name, value)
        furnish(home)
        gc.freeze()  # Airflow's modules stay to the end, like those of the tests (tests/suite.py)
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


@pytest.fixture(scope="session")
def airflow_app(airflow_home: Path) -> Any:
    from airflow.api_fastapi.app import create_app

    return create_app(apps="core")


@pytest.fixture
def client(airflow_app: Any, installation: Installation) -> Iterator[Any]:
    from starlette.testclient import TestClient

    from baton.console.web import keeper

    keeper._hub = None
    yield TestClient(airflow_app, raise_server_exceptions=False)
    keeper._hub = None


@pytest.fixture
def headers(airflow_app: Any) -> Callable[[str], dict[str, str]]:
    """The headers of a logged-in person."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    def of(person: str) -> dict[str, str]:
        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=person, role=ROLES[person]))
        return {"Authorization": f"Bearer {token}"}

    return of


@pytest.fixture
def dags(airflow_home: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture(scope="session")
def store_dags(airflow_home: Path) -> Callable[[], None]:
    """Reads the DAG files as they are now and stores them for the server, like the DAG processor."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    (bundle,) = manager.get_all_dag_bundles()
    bundle.initialize()

    def store() -> None:
        bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        sync_bag_to_db(bag, bundle.name, bundle.version)

    store()
    return store


@pytest.fixture
def run_dag(dags: Any, store_dags: object, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a DAG with this conf; retries follow at once."""
    from airflow.dag_processing import dagbag

    from baton.tasks.opening import RETRY_POLICY

    # `DAG.test` reads and stores every DAG file before each run, which takes longer than many a run; once will do.
    monkeypatch.setattr(dagbag, "BundleDagBag", lambda **_: None)
    monkeypatch.setattr(dagbag, "sync_bag_to_db", lambda *_: None)
    monkeypatch.setattr(RETRY_POLICY.rules[0], "retry_delay", timedelta(0))
    # `DAG.test` sleeps for a second whenever the next task is not known yet.
    slept = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: slept(min(seconds, 0.05)))
    defaults = {name: {key: dag.params.get_param(key).value for key in dag.params} for name, dag in dags.items()}

    def run(name: str = "employee_sync", **conf: Any) -> Any:
        # `DAG.test` writes the conf into the DAG's own parameters: without all of them the next run would inherit it.
        given = {**defaults[name], **conf}
        return dags[name].test(run_conf=given or None)

    return run
