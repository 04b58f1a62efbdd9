"""Airflow as the demo needs it: its own home, SQLite, LocalExecutor, on 127.0.0.1 only; driven through its REST API."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from baton.sandbox.demo.narrator import DemoFailedError
from baton.sandbox.demo.processes import Processes
from baton.sandbox.demo.workplace import CONNECTORS, REPOSITORY, Workplace

_START_S: Final = 120.0
_RUN_S: Final = 180.0
_USERS: Final = {"admin": "admin", "hr": "op", "checker": "op"}
"""Name and role; passwords are made up at every start."""
REQUESTER: Final = "hr"
CHECKER: Final = "checker"
STORY_SETTINGS: Final = {
    # The story decides when a sync runs; the DAG's own schedule would add runs in between.
    "SCHEDULER__USE_JOB_SCHEDULE": "False",
    # A failed attempt stays failed, so that what the next run makes of it can be seen.
    "BATON__TASK_RETRIES": "0",
}
SYNC: Final = "employee_sync"
RECONCILE: Final = "reconcile_systems"
OFFBOARDING: Final = "offboarding"
PAYROLL: Final = "payroll_payment"
BANKS: Final = "bank_answers"


@dataclass(frozen=True, slots=True)
class DagRun:
    """One DAG run that has ended."""

    dag: str
    id: str
    state: str
    seconds: float


@dataclass
class Scheduler:
    """Airflow's processes and a client of its API."""

    place: Workplace
    processes: Processes
    extra: Mapping[str, str]
    """Further settings, as ``SECTION__NAME``."""
    passwords: dict[str, str] = field(default_factory=lambda: {name: secrets.token_urlsafe(12) for name in _USERS})
    port: int = 0
    _http: httpx.Client | None = None

    @property
    def _prepared(self) -> Path:
        """Is there once the database can be used."""
        return self.place.airflow / "prepared"

    @property
    def url(self) -> str:
        """Where a browser looks."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Prepare the database, start the three processes, log in, and wait until the DAGs are known."""
        self.port = _free_port()
        self._write_passwords()
        env = self._environment()
        # Each imports what it needs while the database is being made, and begins when it is there.
        self._spawn("api-server", _SERVING, env, "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1")
        self._spawn("scheduler", _TASKS, env, "--skip-serve-logs")
        self._spawn("dag-processor", _TASKS, env)
        self._migrate(env)
        self._prepared.touch()
        self._log_in()
        self._await_dags()

    def run(self, dag: str, conf: Mapping[str, Any] | None = None) -> DagRun:
        """Trigger a DAG as a person would and wait for its end."""
        begun = time.monotonic()
        body = {"logical_date": None, "conf": dict(conf or {})}
        run_id = str(self._ask("POST", f"/dags/{dag}/dagRuns", json=body)["dag_run_id"])
        return self._ended(dag, run_id, begun)

    def called_by(self, system: str, headers: Mapping[str, str], body: bytes) -> DagRun:
        """A vendor calls the hub, as a stranger to Airflow; waits for the end of the sync that this starts."""
        begun = time.monotonic()
        before = self._newest_sync()
        answer = httpx.post(f"{self.url}/baton/hooks/{system}", headers=headers, content=body, trust_env=False)
        if answer.status_code != 200:
            raise DemoFailedError(f"the hub answered HTTP {answer.status_code} to a call of {system}")
        while (newest := self._newest_sync()) == before:
            if time.monotonic() > begun + _RUN_S:
                raise DemoFailedError(f"the call of {system} has started no run", log=self.tail("api-server"))
            time.sleep(0.1)
        return self._ended(SYNC, newest, begun)

    def spans(self, run: DagRun) -> dict[str, tuple[datetime, datetime]]:
        """When the first instance of each task of a run began, and the last one ended."""
        answer = self._ask("GET", f"/dags/{run.dag}/dagRuns/{run.id}/taskInstances")
        found: dict[str, tuple[datetime, datetime]] = {}
        for task in answer["task_instances"]:
            start, end = (datetime.fromisoformat(str(task[name])) for name in ("start_date", "end_date"))
            first, last = found.get(task["task_id"], (start, end))
            found[task["task_id"]] = min(first, start), max(last, end)
        return found

    def _newest_sync(self) -> str:
        answer = self._ask("GET", f"/dags/{SYNC}/dagRuns", params={"order_by": "-run_after", "limit": 1})
        return str(answer["dag_runs"][0]["dag_run_id"]) if answer["dag_runs"] else ""

    def _ended(self, dag: str, run_id: str, begun: float) -> DagRun:
        while time.monotonic() < begun + _RUN_S:
            state = str(self._ask("GET", f"/dags/{dag}/dagRuns/{run_id}")["state"])
            if state in ("success", "failed"):
                return DagRun(dag, run_id, state, round(time.monotonic() - begun, 1))
            self._require_alive()
            time.sleep(0.3)
        raise DemoFailedError(
            f"the DAG run {run_id} of {dag} did not end within {_RUN_S:.0f} s",
            log=self.tail("scheduler"),
            remedy=f"look at {self.place.airflow / 'logs'}; a machine under heavy load may just be too slow",
        )

    def failed_tasks(self, run: DagRun) -> list[str]:
        """The tasks of a run that failed."""
        answer = self._ask("GET", f"/dags/{run.dag}/dagRuns/{run.id}/taskInstances")
        return sorted({str(task["task_id"]) for task in answer["task_instances"] if task["state"] == "failed"})

    def results(self, run: DagRun, task: str) -> list[Any]:
        """What each mapped instance of a task returned."""
        answer = self._ask("GET", f"/dags/{run.dag}/dagRuns/{run.id}/taskInstances")
        found = []
        for instance in answer["task_instances"]:
            if instance["task_id"] == task:
                place = f"/dags/{run.dag}/dagRuns/{run.id}/taskInstances/{task}/xcomEntries/return_value"
                entry = self._ask("GET", place, params={"map_index": instance["map_index"]})
                value = entry["value"]
                found.append(json.loads(value) if isinstance(value, str) else value)
        return found

    def tail(self, name: str, lines: int = 25) -> str:
        """The last lines of a process's log."""
        log = self.place.log(f"airflow-{name}")
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:]) if log.exists() else "(no output)"

    def task_log(self, run: DagRun, lines: int = 40) -> str:
        """The last lines of the logs of a run's tasks, errors first to be seen."""
        folder = self.place.airflow / "logs" / f"dag_id={run.dag}" / f"run_id={run.id}"
        text = [
            f"--- {path.relative_to(folder)}\n{path.read_text('utf-8', 'replace')}" for path in folder.rglob("*.log")
        ]
        return "\n".join("\n".join(text).splitlines()[-lines:])

    def close(self) -> None:
        """Close the client; the processes belong to `Processes`."""
        if self._http is not None:
            self._http.close()

    # --- starting

    def _write_passwords(self) -> None:
        path = self.place.airflow / "passwords.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.passwords), encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        home = self.place.airflow
        own = {
            "CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "6",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "CORE__SENSITIVE_VAR_CONN_NAMES": "signing_key,client_key,reading_key,app_secret,encrypt_key",
            "CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in _USERS.items()),
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "API__BASE_URL": self.url,
            "API__SECRET_KEY": secrets.token_urlsafe(32),
            "API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            # Somebody who kills a worker to see what happens should not have to wait five minutes.
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "45",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        strays = ("AIRFLOW__", "PYTHONWARNINGS", "PYTHONPATH", "BATON_")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(strays)}
        return {
            **clean,
            **{f"AIRFLOW__{name}": value for name, value in {**own, **self.extra}.items()},
            "AIRFLOW_HOME": str(home),
            "BATON_SYSTEMS": str(self.place.systems),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "no_proxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
        }

    def _spawn(self, name: str, imports: str, env: Mapping[str, str], *arguments: str) -> None:
        command = [sys.executable, "-c", _LAUNCHER, imports, str(self._prepared), name, *arguments]
        self.processes.start(f"airflow {name}", command, log=self.place.log(f"airflow-{name}"), env=env)

    def _migrate(self, env: Mapping[str, str]) -> None:
        log = self.place.log("airflow-db")
        popen = self.processes.start("airflow db", [*_AIRFLOW, "db", "migrate"], log=log, env=env)
        try:
            code = popen.wait(_START_S)
        except subprocess.TimeoutExpired:
            code = -1
        self.processes.forget("airflow db")
        if code:
            raise DemoFailedError("Airflow's database could not be prepared", log=self.tail("db"))

    def _log_in(self) -> None:
        self._http = httpx.Client(base_url=self.url, trust_env=False, timeout=30.0)
        credentials = {"username": REQUESTER, "password": self.passwords[REQUESTER]}
        end = time.monotonic() + _START_S
        while time.monotonic() < end:
            self._require_alive()
            try:
                answer = self._http.post("/auth/token", json=credentials)
            except httpx.TransportError:
                time.sleep(0.3)
                continue
            if answer.status_code == 201:
                self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                return
            raise DemoFailedError(f"Airflow refused the log-in: HTTP {answer.status_code}", log=self.tail("api-server"))
        raise DemoFailedError("Airflow's API did not answer", log=self.tail("api-server"))

    def _await_dags(self) -> None:
        end = time.monotonic() + _START_S
        known: set[str] = set()
        while time.monotonic() < end:
            self._require_alive()
            known = {dag["dag_id"] for dag in self._ask("GET", "/dags")["dags"] if not dag["is_paused"]}
            if {SYNC, RECONCILE, OFFBOARDING, PAYROLL, BANKS} <= known:
                return
            time.sleep(0.3)
        raise DemoFailedError(f"Airflow knows only the DAGs {sorted(known)}", log=self.tail("dag-processor"))

    def _require_alive(self) -> None:
        for name in self.processes.ended():
            raise DemoFailedError(f"{name} ended by itself", log=self.tail(name.removeprefix("airflow ")))

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        if self._http is None:
            raise DemoFailedError("Airflow has not been started")
        answer = self._http.request(method, f"/api/v2{path}", **options)
        if answer.status_code >= 400:
            raise DemoFailedError(
                f"Airflow's API said HTTP {answer.status_code} to {method} {path}: {answer.text[:300]}"
            )
        return answer.json()


_AIRFLOW: Final = [sys.executable, "-m", "airflow"]
# Imports what it is told, waits for a file, then is Airflow. Scheduler and DAG processor fork a process per task and
# per file: what is imported before is not imported again in each of them.
_LAUNCHER: Final = """
import importlib, pathlib, runpy, sys, time
_, imports, prepared, *arguments = sys.argv
for name in imports.split():
    importlib.import_module(name)
while not pathlib.Path(prepared).exists():
    time.sleep(0.1)
sys.argv = ["airflow", *arguments]
runpy.run_module("airflow", run_name="__main__", alter_sys=True)
"""
_SERVING: Final = "airflow.cli.cli_parser airflow.api_fastapi.app airflow.api_fastapi.core_api.app"
_TASKS: Final = " ".join(
    [
        "baton.tasks",
        "baton.tasks.payment",
        "baton.mapping.compile",
        *(f"connectors.{name.replace('/', '.')}.connector" for name in CONNECTORS.values()),
    ]
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
