"""``python -m tests.deployment``: the services of docker-compose.yml natively, with 2 and with 4 workers, one killed.

For each number of workers: everything is started by the file's own commands and settings until every health check of the
file passes; a company is synchronised; the worker that is in the middle of it is killed with all its processes. Airflow
starts the task again on a worker that lives. In the end every account has been made once in every system, everything is
stored as done, and the audit log verifies.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from baton.hub import Hub, proof
from baton.registry import Registry
from baton.sandbox.demo.company import DEPARTMENTS, WECOM_DEPARTMENTS, publish
from baton.sandbox.demo.story import Story
from baton.sandbox.demo.workplace import CONNECTORS, Connection, Workplace
from baton.sandbox.server import SandboxServer, serve
from baton.settings import load
from baton.store.tables import effects
from tests.deployment.stack import Stack, StackError, running
from tests.servers.unprivileged import NoServerError

DAG = "employee_sync"
TARGETS = ("crm", "oa", "wecom")
MIDDLE = 60
"""So many of 200 accounts are there when the worker dies."""
_SLOW_S = 0.5
_BANNER = 60
"""So many lines Celery prints about itself when it starts."""


class BrokenError(AssertionError):
    """Something was lost, or done twice."""


def main() -> int:
    """0 when it held for every number of workers, 1 when not, 3 when this machine has not got what it needs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4])
    for workers in parser.parse_args().workers:
        begun = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="baton-deployment-") as folder:
                said = campaign(Path(folder) / "here", workers)
        except NoServerError as error:
            print(f"deployment: NOT RUN: {error}")
            return 3
        except (BrokenError, StackError) as error:
            print(f"deployment: {workers} workers: BROKEN: {error}")
            return 1
        print(f"deployment: {workers} workers: {said}; {time.monotonic() - begun:.0f} s", flush=True)
    return 0


def campaign(root: Path, workers: int) -> str:
    """One stack, one company, one dead worker. What was seen, in a line. Raises `BrokenError`."""
    registry = Registry()
    simulators: Any = {name: registry.simulator(CONNECTORS[name]) for name in TARGETS}
    with serve(simulators) as sandbox, running(root, workers) as stack:
        story = _settle_in(Workplace(root), sandbox)
        sandbox.arrange("oa", "slow", calls=100_000, delay_s=_SLOW_S)
        stack.unpause(DAG)
        run = stack.trigger(DAG)
        _await_middle(stack, run, sandbox)
        dead, reached = _kill_the_one_at_work(stack, run), len(sandbox.simulators["oa"].journal)
        sandbox.clear("oa")
        _let_leases_run_out(root)
        state = stack.outcome(DAG, run, 240)
        tasks = stack.tasks(DAG, run)
        if state != "success":
            raise BrokenError(f"the run ended as {state}: {[(one['task_id'], one['state']) for one in tasks]}")
        again = [one for one in tasks if one["try_number"] > 1]
        if not again:
            raise BrokenError("no task was started again: nothing was killed in the middle of its work")
        _require_once(root, story, sandbox)
        _require_nothing_personal(stack, story)
        return (
            f"every health check passed; {dead} killed after {reached} of {len(story.people)} accounts;"
            f" {len(again)} task started again; every account made once in {len(TARGETS)} systems; nothing personal in"
            " logs, Airflow's database or the results of tasks"
        )


def _settle_in(place: Workplace, sandbox: SandboxServer) -> Story:
    """The company's HR export, systems.yaml, the hub's keys."""
    oa, wecom = sandbox.simulators["oa"], sandbox.simulators["wecom"]
    for department, name in DEPARTMENTS.items():
        oa.add_department(department, "0", name)
    wecom.members.departments.update(WECOM_DEPARTMENTS.values())
    place.feed.parent.mkdir()
    story = Story.begin()
    publish(story.people.values(), place.feed)
    hr = Connection({"path": str(place.feed.parent), "settle_s": 0}, {})
    targets = {name: Connection(one.settings, one.secrets) for name, one in sandbox.simulators.items()}
    place.describe_systems({"hr": hr, **targets})
    return story


def _await_middle(stack: Stack, run: str, sandbox: SandboxServer) -> None:
    end = time.monotonic() + 180
    while len(sandbox.simulators["oa"].journal) < MIDDLE:
        if time.monotonic() > end:
            raise BrokenError(f"nobody got to the middle: {stack.tasks(DAG, run)}")
        time.sleep(0.05)


def _kill_the_one_at_work(stack: Stack, run: str) -> str:
    """End the worker that sends to the slow system, with everything it has started; its name."""
    tasks = stack.tasks(DAG, run)
    at_work = [int(one["pid"]) for one in tasks if one["state"] == "running" and one["pid"]]
    parents = _parents()
    for worker in stack.workers:
        family = _descendants(stack.processes.pid(worker), parents)
        if family & set(at_work):
            for pid in family:
                os.kill(pid, signal.SIGKILL)
            stack.processes.forget(worker)
            return worker
    seen = [(one["task_id"], one["state"], one["pid"]) for one in tasks]
    raise BrokenError(f"no worker is at work: {seen}")


def _parents() -> Mapping[int, int]:
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(stat.parent.name)] = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError):  # gone meanwhile
            continue
    return found


def _descendants(head: int, parents: Mapping[int, int]) -> set[int]:
    family, more = {head}, {head}
    while more:
        more = {pid for pid, parent in parents.items() if parent in more} - family
        family |= more
    return family


def _let_leases_run_out(root: Path) -> None:
    """The leases of the dead: their time is let pass here instead of being waited for."""
    with Hub(load(root / "systems.yaml")) as hub, hub.database.write() as connection:
        connection.execute(
            sa.update(effects)
            .where(effects.c.state == "sent", effects.c.system == "oa")
            .values(lease_until=hub.clock.now())
        )


def _require_once(root: Path, story: Story, sandbox: SandboxServer) -> None:
    for name, simulator in sandbox.simulators.items():
        made: Counter[str] = Counter(entry.number for entry in simulator.journal if entry.action == "provision")
        if made != dict.fromkeys(story.people, 1):
            twice = sorted(number for number, count in made.items() if count > 1)
            missing = sorted(story.people.keys() - made.keys())
            raise BrokenError(f"{name}: made twice {twice[:5]}, missing {missing[:5]}")
    with Hub(load(root / "systems.yaml")) as hub:
        with hub.database.read() as connection:
            states = Counter(connection.execute(sa.select(effects.c.state)).scalars())
        findings = proof.verify(hub).findings
    if states != {"done": len(TARGETS) * len(story.people)}:
        raise BrokenError(f"stored as {dict(states)}")
    if findings:
        raise BrokenError(f"the audit log: {findings[:3]}")


def _require_nothing_personal(stack: Stack, story: Story) -> None:
    """What Airflow, Celery and every process have written down: no name, number of a phone, an identity, an account."""
    personal = {
        text.encode()
        for person in story.people.values()
        for text in (person.name, person.mobile, person.email, person.identity, person.account)
    }
    written = {str(path.relative_to(stack.root)): path.read_bytes() for path in stack.logs()}
    written |= {f"database {name}": stack.dump(name) for name in ("airflow", "celery")}
    if not any(b"employee_sync" in content for content in written.values()):
        raise BrokenError("the search does not look where things are written")
    for name, content in written.items():
        if found := [text.decode() for text in personal if text in content]:
            raise BrokenError(f"{name} holds {found[0]!r} and {len(found) - 1} more")
    unstructured = [
        line for line in (stack.root / f"{stack.workers[-1]}.log").read_bytes().splitlines() if line[:1] != b"{"
    ]
    if len(unstructured) > _BANNER:
        raise BrokenError(f"a worker's log has {len(unstructured)} lines that are no JSON: {unstructured[-1][:100]!r}")


if __name__ == "__main__":
    raise SystemExit(main())
