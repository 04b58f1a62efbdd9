"""The services of docker-compose.yml as processes of this machine, in the order the file asks for."""

from __future__ import annotations

import os
import runpy
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from baton.sandbox.demo.processes import Processes
from tests.deployment.compose import ROOT, Place, Ports, Service, databases_script, service
from tests.deployment.environment import ready
from tests.servers.postgres import Postgres, _binaries, postgres
from tests.servers.unprivileged import NoServerError

HASTE: Mapping[str, str] = {
    # Somebody who kills a worker to see what happens should not have to wait until Airflow has given it up.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    # Airflow's own pause after a worker is lost: five minutes, by when the leases of the dead have run out.
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "5",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
}
"""The only settings that are not the file's."""
_AROUND = ("scheduler", "dag-processor", "triggerer")
_WELL_S = 180.0


class StackError(Exception):
    """A service did not come up, or ended by itself."""


@dataclass
class Stack:
    """The services that run, and a client of Airflow's API."""

    root: Path
    ports: Ports
    processes: Processes
    workers: Sequence[str]
    programs: str
    database: Postgres
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.ports.api}", trust_env=False, timeout=30.0)

    # --- starting

    def start(self) -> None:
        """Bring everything up; returns when every health check of the file passes."""
        self._start_redis()
        self._make_databases()
        self._check("postgres", _reaching(self.database))
        self._migrate()
        self._spawn("api-server", "api-server")
        self._await_well("api-server")
        for name in _AROUND:
            self._spawn(name, name)
        for number, worker in enumerate(self.workers):
            more = ["--celery-hostname", f"celery@{worker}"]  # a container has a host name of its own
            port = {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports.logs[number])}
            self._spawn(worker, "worker", more, port)
        for name in (*_AROUND, *self.workers):
            self._await_well(name)
        self._log_in()

    def place(self, name: str) -> Place:
        """The folders of one service, with links to exactly the secrets that the file grants it."""
        home = self.root / "homes" / name
        if not home.exists():
            for folder in (home / "granted", home / "tmp"):
                folder.mkdir(parents=True)
            (home / "logs").symlink_to(self.root / "logs")
            for secret, file in _service_of(name).secrets.items():
                (home / "granted" / secret).symlink_to(self.root / file)
        return Place(self.root, home, self.ports)

    def _environment(self, name: str, more: Mapping[str, str] = {}) -> dict[str, str]:
        one, place = _service_of(name), self.place(name)
        health = {"AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports.health)}
        machine = {"PATH": self.programs, "HOME": str(place.home), "HOSTNAME": _host_of(name)}
        return {**machine, **one.environment(place), **({**health, **HASTE} if one.own else {}), **more}

    def _spawn(self, name: str, of: str, more: Sequence[str] = (), settings: Mapping[str, str] = {}) -> None:
        command = [*service(of).command(self.place(name)), *more]
        self.processes.start(name, command, log=self.root / f"{name}.log", env=self._environment(name, settings))

    def _start_redis(self) -> None:
        self._spawn("redis", "redis")
        self._await_well("redis")

    def _make_databases(self) -> None:
        script = databases_script(self.place("postgres"))
        env = {"PATH": self.programs, **_reaching(self.database)}
        done = subprocess.run(["bash", "-ec", script], env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"the databases could not be made: {done.stderr[-400:]}")

    def _migrate(self) -> None:
        one, place = service("migrate"), self.place("migrate")
        done = subprocess.run(
            one.command(place), env=self._environment("migrate"), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StackError(f"airflow db migrate ended with {done.returncode}: {done.stderr[-600:]}")

    def _await_well(self, name: str) -> None:
        end = time.monotonic() + _WELL_S
        while True:
            try:
                self._check(name)
                return
            except StackError:
                if name in self.processes.ended() or time.monotonic() > end:
                    raise
            time.sleep(0.5)

    def _check(self, name: str, more: Mapping[str, str] = {}) -> None:
        """Run the file's own health check of a service."""
        command = _service_of(name).health_check(self.place(name))
        env = self._environment(name, more)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            raise StackError(f"{name} is not well: {(done.stdout + done.stderr)[-300:]}\n{self.tail(name)}")

    def tail(self, name: str) -> str:
        """The last lines a service has said."""
        log = self.root / f"{name}.log"
        said = log.read_text("utf-8", "replace").splitlines()[-15:] if log.exists() else ["(nothing said)"]
        return "\n".join(line[:300] for line in said)

    def logs(self) -> Iterator[Path]:
        """Every log of every process and task."""
        yield from self.root.glob("*.log")
        yield from (path for path in (self.root / "logs").rglob("*") if path.is_file())

    def dump(self, database: str) -> bytes:
        """Everything that one of the databases holds, as text."""
        env = {"PATH": self.programs, **_reaching(self.database)}
        command = ["pg_dump", "--username=postgres", "--inserts", database]
        return subprocess.run(command, env=env, capture_output=True, check=True).stdout

    # --- Airflow's API

    def _log_in(self) -> None:
        (user, password), *_ = _logins(self.root).items()
        answer = self.http.post("/auth/token", json={"username": user, "password": password})
        answer.raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """One call of Airflow's API."""
        answer = self.http.request(method, f"/api/v2{path}", **options)
        if answer.status_code >= 400:
            raise StackError(f"HTTP {answer.status_code} to {method} {path}: {answer.text[:300]}")
        return answer.json()

    def unpause(self, dag: str) -> None:
        """Let a DAG run, as soon as it has been parsed."""
        end = time.monotonic() + _WELL_S
        while dag not in {one["dag_id"] for one in self.ask("GET", "/dags")["dags"]}:
            if time.monotonic() > end:
                raise StackError(f"{dag} was not parsed\n{self.tail('dag-processor')}")
            time.sleep(0.5)
        self.ask("PATCH", f"/dags/{dag}", json={"is_paused": False})

    def trigger(self, dag: str) -> str:
        """Start a DAG run; its id."""
        return str(self.ask("POST", f"/dags/{dag}/dagRuns", json={"logical_date": None})["dag_run_id"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        return list(self.ask("GET", f"/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"])

    def outcome(self, dag: str, run: str, within_s: float) -> str:
        """Wait for the end of a run; its state."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            state = str(self.ask("GET", f"/dags/{dag}/dagRuns/{run}")["state"])
            if state in ("success", "failed"):
                return state
            time.sleep(0.5)
        raise StackError(f"{run} did not end within {within_s:.0f} s: {self.tail('scheduler')}")


@contextmanager
def running(root: Path, workers: int) -> Iterator[Stack]:
    """A stack with so many workers, its secrets made by the tool that the documents name. Raises `NoServerError`."""
    if shutil.which("redis-server") is None or shutil.which("redis-cli") is None:
        raise NoServerError("neither redis-server nor redis-cli; install redis-server (it need not run)")
    programs = ready()
    with postgres() as database:
        ports = Ports(database.port, _free(), _free(), _free(), [_free() for _ in range(workers)])
        _prepare(root, ports)
        path = os.pathsep.join([str(programs), str(_binaries()), "/usr/local/bin", "/usr/bin", "/bin"])
        stack = Stack(root, ports, Processes(), [f"worker-{n}" for n in range(1, workers + 1)], path, database)
        try:
            stack.start()
            yield stack
        finally:
            stack.http.close()
            stack.processes.stop()


def _prepare(root: Path, ports: Ports) -> None:
    """The project's folder as a machine has it after the commands of docs/operations.md."""
    (root / "logs").mkdir(parents=True)
    (root / "tools").mkdir()
    for folder in ("dags", "mappings"):
        (root / folder).symlink_to(ROOT / folder)
    script = root / "tools" / "deployment_secrets.py"
    script.write_bytes((ROOT / "tools" / "deployment_secrets.py").read_bytes())
    runpy.run_path(str(script), run_name="__main__")
    # The names of the other containers.
    swaps = {"@postgres/": f"@127.0.0.1:{ports.postgres}/", "@redis:6379/": f"@127.0.0.1:{ports.redis}/"}
    for file in (*(root / ".deployment").iterdir(), root / "secrets" / "hub" / "database"):
        text = file.read_text("utf-8")
        for theirs, ours in swaps.items():
            text = text.replace(theirs, ours)
        file.write_text(text, encoding="utf-8")


def _logins(root: Path) -> dict[str, str]:
    import json

    return dict(json.loads((root / ".deployment" / "logins").read_text("utf-8")))


def _service_of(name: str) -> Service:
    return service("worker" if name.startswith("worker-") else name)


def _host_of(name: str) -> str:
    """A worker is known by its own name; everybody else by this machine's."""
    return name if name.startswith("worker-") else socket.gethostname()


def _reaching(database: Postgres) -> dict[str, str]:
    return {"PGHOST": "127.0.0.1", "PGPORT": str(database.port), "PGPASSWORD": database.password}


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
