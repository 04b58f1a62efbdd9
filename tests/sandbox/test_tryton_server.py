"""The launcher of the real Tryton server: its processes end, its databases are copies, preparation happens once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import httpx
import pytest

from baton.sandbox import tryton as launcher
from baton.sandbox.tryton import Installation, Lifetime, TrytonServer, TrytonServerError, stop_detached
from baton.sandbox.tryton_seed import TrytonRefusedError, day, seed_clients

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".servers" / "tryton"
pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", autouse=True)
def prepared():
    try:
        TrytonServer(CACHE).prepare()
    except TrytonServerError as error:
        pytest.skip(f"SERVER NOT AVAILABLE: Tryton: {error}")


def answers(base_url):
    try:
        body = {"id": 1, "method": "common.server.version", "params": []}
        return httpx.post(f"{base_url}/rpc/", json=body, trust_env=False).json() == {"id": 1, "result": "8.2"}
    except httpx.TransportError:
        return False


def test_two_servers_live_side_by_side_on_copies_and_leave_nothing():
    with TrytonServer(CACHE) as first, TrytonServer(CACHE) as second:
        states = [first._state, second._state]
        with first.admin() as admin:
            admin.call("party.party.create", [{"name": "只在其一", "code": "X"}])
            assert admin.rows("party.party", [["code", "=", "X"]], ["name"])[0]["name"] == "只在其一"
        with second.admin() as admin:
            assert admin.rows("party.party", [["code", "=", "X"]], ["name"]) == []
        assert answers(first.base_url)
        assert answers(second.base_url)
    assert not answers(first.base_url)
    assert not any(state.exists() for state in states)


def test_a_kept_state_is_found_again(tmp_path):
    with TrytonServer(CACHE, state=tmp_path) as server, server.admin() as admin:
        admin.call("party.party.create", [{"name": "留存", "code": "K"}])
    with TrytonServer(CACHE, state=tmp_path) as server, server.admin() as admin:
        assert [row["name"] for row in admin.rows("party.party", [["code", "=", "K"]], ["name"])] == ["留存"]


def test_clients_belong_to_their_owners_in_turn():
    with TrytonServer(CACHE) as server, server.admin() as admin:
        parties = admin.call("party.party.create", [{"name": "测试甲", "code": "1"}, {"name": "测试乙", "code": "2"}])
        start = day(date(2026, 1, 5))
        owners = admin.call(
            "company.employee.create", [{"party": p, "company": 1, "start_date": start} for p in parties], company=1
        )
        assert len(seed_clients(admin, owners, count=7)) == 7
        rows = admin.rows("sale.opportunity", [], ["employee", "state", "party.code"])
        assert [row["employee"] for row in rows] == [owners[n % 2] for n in range(7)]
        assert {row["state"] for row in rows} == {"lead"}
        with pytest.raises(TrytonRefusedError, match="unique"):
            seed_clients(admin, owners, count=1)


def test_the_server_ends_with_its_parent_even_when_that_is_killed():
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom baton.sandbox.tryton import TrytonServer\n"
        "server = TrytonServer(Path(sys.argv[1])).start()\nprint(server.base_url, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(CACHE)], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    with parent:
        base_url = parent.stdout.readline().strip()
        assert answers(base_url)
        os.kill(parent.pid, signal.SIGKILL)
    assert _within(10, lambda: not answers(base_url))


def test_a_detached_server_is_stopped_by_its_state(tmp_path):
    server = TrytonServer(CACHE, state=tmp_path, lifetime=Lifetime.DETACHED).start()
    try:
        stop_detached(tmp_path)
        assert _within(10, lambda: not answers(server.base_url))
        stop_detached(tmp_path)  # nothing left to stop
    finally:
        server.stop()


def test_a_prepared_cache_is_only_read(monkeypatch):
    monkeypatch.setattr(launcher, "_run", _must_not_run)
    monkeypatch.setattr(launcher, "_locked", _must_not_run)
    with TrytonServer(CACHE) as server:
        assert answers(server.base_url)


def _must_not_run(*_arguments, **_options):
    raise AssertionError("nothing is left to prepare")


def test_simultaneous_preparations_do_the_work_once(tmp_path, monkeypatch):
    steps, said = [], []
    installation = Installation(tmp_path, None, said.append)

    def install(self):
        time.sleep(0.2)
        steps.append("install")
        (self.home / "installed").touch()

    def initialise(self):
        steps.append("initialise")
        self.template.touch()

    monkeypatch.setattr(Installation, "_install", install)
    monkeypatch.setattr(Installation, "_initialise", initialise)
    threads = [threading.Thread(target=Installation(tmp_path, None, said.append).prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert steps == ["install", "initialise"]
    assert any("waiting" in message for message in said)
    assert installation.template.exists()


def test_a_failed_installation_says_why_and_is_tried_again(tmp_path, monkeypatch):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("not a requirement at all\n")
    monkeypatch.setattr(launcher, "REQUIREMENTS", requirements)
    server = TrytonServer(tmp_path / "cache")
    with pytest.raises(TrytonServerError, match="requirement"):
        server.prepare()
    assert not list((tmp_path / "cache").glob("*/installed"))


def test_a_server_that_cannot_start_shows_its_log(tmp_path):
    (tmp_path / "erp.sqlite").write_text("this is not a database")
    server = TrytonServer(CACHE, state=tmp_path)
    with pytest.raises(TrytonServerError, match="database"):
        server.start()


def _within(seconds, condition):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
