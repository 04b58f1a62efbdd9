"""Real counterparts of the handover bench: a Salesforce org in a process of its own, and a Tryton server.

Between them and the hub lies a `Wire`. It counts the calls, and keeps those of one phase so that a bare loop can make
the same calls again: what the target takes by itself, at the same concurrency, in the same run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
import orjson

from baton.sandbox.tryton import TrytonServer
from baton.sandbox.tryton_sales import plant_clients, plant_opportunities
from baton.sandbox.tryton_seed import day
from tests.bench.salesforce_org import LEAVER, PEOPLE, SHARES

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / ".servers" / "tryton"
SUCCESSOR, OTHER = "0001", "0003"
"""Who is to have it all (the manager), and whom the bare loop gives it to afterwards."""
START = date(2020, 1, 1)


class Wire(httpx.BaseTransport):
    """The way to a counterpart, counted by what a call is for."""

    def __init__(self, sort: Callable[[httpx.Request], str]) -> None:
        self._sort = sort
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_connections=64))
        self._lock = Lock()
        self._now = 0
        self.counts: Counter[str] = Counter()
        self.most_at_once = 0
        self.kept: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.counts[self._sort(request)] += 1
            self.kept.append(request)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            answer = self._inner.handle_request(request)
            body = b"".join(answer.iter_raw())  # as it came: whoever asked reads it, and unpacks it
            answer.close()
        finally:
            with self._lock:
                self._now -= 1
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body))

    def close(self) -> None:
        self._inner.close()

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """The calls of a block; they are kept until the next one."""
        self.kept.clear()
        self.most_at_once = 0
        before, found = Counter(self.counts), Counter[str]()
        yield found
        found.update(self.counts - before)


@dataclass(frozen=True, slots=True)
class Bare:
    """What a bare loop over the same calls has taken."""

    calls: int
    mean_s: float
    wall_s: float

    def at_best_s(self, at_once: int) -> float:
        """Calls times the target's own latency, divided by what may be under way at the same time."""
        return self.calls * self.mean_s / at_once


def bare_loop(requests: Sequence[httpx.Request], at_once: int) -> Bare:
    """Make these calls with nothing before, between and after them; each must be answered with HTTP 200."""

    def one(request: httpx.Request) -> float:
        started = time.perf_counter()
        answer = http.send(request)
        took = time.perf_counter() - started
        assert answer.status_code == 200, f"the bare loop was answered HTTP {answer.status_code}"
        return took

    with httpx.Client(trust_env=False, timeout=120.0) as http, ThreadPoolExecutor(at_once) as pool:
        started = time.perf_counter()
        took = list(pool.map(one, requests))
        return Bare(len(took), sum(took) / len(took), time.perf_counter() - started)


class Vendor(ABC):
    """A counterpart with the leaver's holdings in it."""

    name: str
    connector: str
    mapping: str
    at_once: int
    why_at_once: str
    threads: int
    settings: Mapping[str, Any]
    wire: Wire

    @abstractmethod
    def running(self) -> AbstractContextManager[Vendor]:
        """Started, filled, and ended with the block."""

    @abstractmethod
    def fewest(self) -> Mapping[str, int]:
        """The fewest calls of each phase that the vendor's limits allow: ``reading``, ``passing_on``, ``proving``."""

    @abstractmethod
    def bare(self, calls: Sequence[httpx.Request]) -> Bare:
        """The calls of the passing-on, made again by a bare loop; everything goes on to `OTHER`."""


# --- Salesforce


@dataclass
class SalesforceOrg(Vendor):
    """The simulated org. What a call takes beside its own work is a stand-in: the vendor states no latency."""

    owned: int
    latency_s: float = 0.5
    name: str = "salesforce"
    connector: str = "crm/salesforce"
    mapping: str = "employee--crm_salesforce.yaml"
    at_once: int = 5
    why_at_once: str = "the threads it is given in systems.yaml"
    threads: int = 5
    settings: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wire = Wire(_salesforce_sort)

    @contextmanager
    def running(self) -> Iterator[SalesforceOrg]:
        """Started, filled, and ended with the block."""
        command = [sys.executable, "-m", "tests.bench.salesforce_org", "--owned", str(self.owned)]
        command += ["--latency", str(self.latency_s)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            self.settings = {**told["settings"], **told["secrets"], "record_keys": {}}
            self.people = told["people"]
            yield self
        finally:
            process.stdin.close()
            process.wait(30)
            process.stdout.close()

    def fewest(self) -> Mapping[str, int]:
        counts = [round(self.owned * share) for share in SHARES.values()]
        # Five queries a call, 2,000 rows a page; what comes after a query's first page takes a call each.
        reading = -(-9 // 5) + sum(-(-count // 2_000) - 1 for count in counts)
        looking = sum(-(-count // 2_000) for count in counts)
        # Collections of 200; before them, in one call for 4,000: whose they are now, and what teams there are.
        return {
            "reading": reading,
            "passing_on": -(-self.owned // 200) + -(-self.owned // 4_000),
            "proving": -(-looking // 5),
        }

    def bare(self, calls: Sequence[httpx.Request]) -> Bare:
        to, other = self.people[SUCCESSOR].encode(), self.people[OTHER].encode()
        again = []
        for request in calls:
            headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
            content = request.content.replace(to, other)
            again.append(httpx.Request(request.method, request.url, headers=headers, content=content))
        return bare_loop(again, self.at_once)


def _salesforce_sort(request: httpx.Request) -> str:
    path = request.url.path.rpartition("/services/data/")[2].partition("/")[2]
    if path == "composite" and b"/describe" in request.content:
        return "describing"
    if path.startswith("query/0") or (path == "composite" and b"WHERE%20OwnerId%20IN" in request.content):
        return "reading"
    if path == "composite/sobjects":
        return "changing"
    return "looking" if path == "composite" else "beside"


# --- Tryton


@dataclass
class Tryton(Vendor):
    """A real Tryton 8.2 on SQLite. A write waits for the look before it, and one call takes everything."""

    owned: int
    name: str = "tryton"
    connector: str = "erp/tryton"
    mapping: str = "employee--erp_tryton.yaml"
    at_once: int = 1
    why_at_once: str = "one look and one write for everything, the one after the other"
    threads: int = 4
    settings: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wire = Wire(_tryton_sort)

    @contextmanager
    def running(self) -> Iterator[Tryton]:
        """Started, filled, and ended with the block. Raises `TrytonServerError` where it cannot be had."""
        with TrytonServer(SERVERS) as server, server.admin() as admin:
            people = [{"name": f"测试{n:04d}", "code": f"{n:04d}"} for n in PEOPLE]
            parties = admin.call("party.party.create", people)
            hired = [{"party": party, "company": server.company_id, "start_date": day(START)} for party in parties]
            ids = admin.call("company.employee.create", hired)
            self.people = {person["code"]: number for person, number in zip(people, ids, strict=True)}
            clients = plant_clients(admin, [f"K{n:06d}" for n in range(self.owned)])
            titles = [f"示例商机{n}" for n in range(self.owned)]
            leaver = self.people[f"{LEAVER:04d}"]
            deals = plant_opportunities(admin, clients, leaver, titles)
            # What a server prepares once, at its first write, would else be paid by whoever writes before the other.
            admin.call("sale.opportunity.write", deals[:20], {"employee": leaver})
            self.settings = {
                "base_url": server.base_url,
                "database": server.database,
                "username": server.username,
                "password": server.password,
                "company_id": server.company_id,
            }
            yield self

    def fewest(self) -> Mapping[str, int]:
        """Tryton has no limit of its own: one call each to read, to look under which marks, to write, and to prove."""
        return {"reading": 1, "passing_on": 2, "proving": 1}

    def bare(self, calls: Sequence[httpx.Request]) -> Bare:
        """The marks under which a record is written are those of the look before, so they are put in on the way."""
        marks: dict[str, str] = {}
        took = []
        with httpx.Client(trust_env=False, timeout=120.0) as http:
            for kept in calls:
                asked = orjson.loads(kept.content)
                writes = asked["method"].endswith(".write")
                if writes:
                    asked["params"][1]["employee"] = self.people[OTHER]
                    asked["params"][-1]["_timestamp"] = marks
                headers = {"Authorization": kept.headers["Authorization"], "Content-Type": "application/json"}
                started = time.perf_counter()
                answer = http.post(kept.url, content=orjson.dumps(asked), headers=headers)
                took.append(time.perf_counter() - started)
                result = answer.json()
                assert "result" in result, f"the bare loop was refused: {str(result)[:200]}"
                if not writes and isinstance(result["result"], list):
                    marks |= {f"sale.opportunity,{row['id']}": row["_timestamp"] for row in result["result"]}
        return Bare(len(took), sum(took) / len(took), sum(took))


def _tryton_sort(request: httpx.Request) -> str:
    asked = orjson.loads(request.content)
    method, params = asked["method"], asked["params"]
    if method == "model.sale.opportunity.search_read":
        return "reading" if "party.name" in params[4] else "looking"
    return "changing" if method == "model.sale.opportunity.write" else "beside"
