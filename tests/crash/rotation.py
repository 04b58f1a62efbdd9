"""Keys rotated while everything goes on: killed at every step, and every second under people who read and write."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from unittest import mock

import sqlalchemy as sa

from baton.clock import SystemClock
from baton.hub import Hub
from baton.hub import keys as hub_keys
from baton.model.people import Employee
from baton.settings import HubSettings
from baton.store.runs import Run, RunState
from baton.store.staging import TOTALS, Stage
from baton.vault import FileSecrets, Vault
from tests.rig.company import KEYS, Company
from tests.rig.killing import Kill, KillAt, Point, points_passed, said, shared_out, until_through
from tests.rig.payroll import person, record
from tests.rig.processes import CONTEXT, TOO_LONG_S, outcome_of
from tests.rig.stores import OnSqlite, Store, begun, copied, url_of
from tests.rig.targets import KeyTarget
from tests.simulation.invariants import BrokenInvariantError

_PIECE_ROWS = 4
"""So many values are sealed at once where every step is to be a point to die at."""
_FEW = 440
_STAGED = 3
"""So many records of a migration are staged, each a file and a row with sealed figures."""
_MIGRATION = "migration-1"
_PEOPLE_AT_ONCE = 5000


class Office(Company):
    """A company whose keyring is a file, as it is where keys are rotated."""

    def settings(self) -> HubSettings:
        found = super().settings()
        return replace(found, vault=Vault([FileSecrets(found.hub.secrets_dir), *found.vault.providers]))


def site(folder: Path, at: Callable[[str], None] = lambda _: None) -> Office:
    """The hub of one process."""
    return Office(folder, url_of(folder), SystemClock(), {"crm": KeyTarget}, crash_point=at)


def prepare(folder: Path, people: int) -> None:
    """So many people, each with a sealed value, and what a migration has staged."""
    place = folder / "secrets" / "hub"
    place.mkdir(parents=True)
    (place / "keyring").write_text(KEYS, "utf-8")
    with site(folder).open() as hub:
        for first in range(0, people, _PEOPLE_AT_ONCE):
            record(hub, *(_employee(n) for n in range(first, min(first + _PEOPLE_AT_ONCE, people))))
        _stage(hub)


def _stage(hub: Hub) -> None:
    import polars as pl

    places = [(_MIGRATION, Stage.RESULT, number) for number in range(_STAGED)]
    records = [
        hub.staging.write(place, pl.DataFrame({"a": ["甲"]}), facts={TOTALS: hub.staging.seal_facts(place, {"n": 1})})
        for place in places
    ]
    with hub.database.write() as connection:
        hub.runs.insert(
            connection, Run(_MIGRATION, "migration", RunState.SETTLED, "tester", "", "", hub.clock.now()), []
        )
        hub.staging.keep(connection, records)


def _employee(n: int, round_: int = 0) -> Employee:
    return person(f"{n:06d}", position=f"第{round_}轮")


# --- killed at named points


@dataclass
class Figures:
    """What a campaign came to."""

    points: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    values: int = 0
    seconds: float = 0.0

    def add(self, other: Figures) -> None:
        """Take a part of the same campaign in."""
        self.killed.update(other.killed)
        self.values += other.values


def drive(folder: Path, attempt: int, point: str = "", count: int = 0) -> None:
    """Rotate, in small pieces, from wherever the last process ended. Writes the points it passed to ``points``."""
    kill = KillAt(point, count)
    with mock.patch.object(hub_keys, "_ROWS_AT_ONCE", _PIECE_ROWS), site(folder, kill).open() as hub:
        for _ in hub_keys.rotate_keys(hub):
            pass
    kill.write_down(folder)


def campaign(points: int, seed: int, processes: int = 1, store: Store = OnSqlite()) -> Figures:
    """Kill at each of so many distinct points, half of them twice; nothing may be lost, or be left with an old key."""
    began = time.perf_counter()
    chance = random.Random(f"keys/{seed}")
    replay = f"replay: python -m tests.crash --only keys --seed {seed} --points {points}"
    with said(replay), begun(store, "keys") as before:
        prepare(before, _FEW)
        passed = _undisturbed(store, before)
        chosen = chance.sample(passed, min(points, len(passed)))
        plans: list[list[Kill]] = [
            [kill, *([chance.choice(passed)] if chance.random() < 0.5 else [])] for kill in chosen
        ]
        figures = Figures(len(chosen), Counter(name for name, _ in passed))
        for part in shared_out(_carried_out, [store, before], plans, processes):
            figures.add(part)
    figures.seconds = time.perf_counter() - began
    return figures


def _undisturbed(store: Store, before: Path) -> list[Point]:
    with copied(store, before, "rotated") as folder:
        if outcome_of(drive, folder, 1) != 0:
            raise BrokenInvariantError("an undisturbed rotation does not end well")
        check(folder, _FEW)
        return points_passed(folder)


def _carried_out(store: Store, before: Path, plans: Sequence[list[Kill]]) -> Figures:
    figures = Figures()
    for kills in plans:
        with said(f"SIGKILL at {kills}"), copied(store, before, "rotated") as folder:
            figures.killed.update(until_through(drive, folder, [], kills))
            figures.values += check(folder, _FEW)
    return figures


def check(folder: Path, people: int) -> int:
    """Every sealed value opens, and with the newest key. Returns how many there are."""
    found = 0
    with site(folder).open() as hub, hub.database.read() as connection:
        for place in hub_keys.SEALED:
            table, column = place.table, place.table.c[place.column]
            query = sa.select(table.c[place.row], table.c[place.version], column)
            for row, version, sealed in connection.execute(query):
                if hub.keyring.key_version(sealed) != hub.keyring.active:
                    raise BrokenInvariantError(f"{table.name} {row}: still sealed with an old key")
                hub.keyring.open(sealed, table=table.name, row=row, column=place.column, version=version)
                found += 1
        found += _check_staged(hub, connection)
        if hub.people.count(connection) != people or found < people or hub.keyring.active == 1:
            raise BrokenInvariantError(f"{found} values, key version {hub.keyring.active}: something is missing")
    return found


def _check_staged(hub: Hub, connection: sa.Connection) -> int:
    records = hub.staging.of(connection, _MIGRATION, Stage.RESULT).values()
    for each in records:
        if (hub.staging.read(each).rows(), hub.staging.open_facts(each, TOTALS)) != ([("甲",)], {"n": 1}):
            raise BrokenInvariantError(f"staged record {each.number}: another one")
    if len(records) != _STAGED or hub.staging.outdated(connection):
        raise BrokenInvariantError("staged records are missing, or sealed with an old key")
    return len(records)


# --- killed every second, with traffic


@dataclass
class Traffic:
    """What a rotation under traffic came to."""

    values: int = 0
    kills: int = 0
    reads: int = 0
    writes: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def under_traffic(
    people: int, every_s: float, seed: int, store: Store = OnSqlite(), kills_at_most: int = 300
) -> Traffic:
    """Rotate so many values, killed again and again, while two processes read (and one of them writes) all the time.

    After so many kills it is let through: on a slow machine an attempt may die before it has done anything.
    """
    with said(f"replay: python -m tests.crash --only traffic --seed {seed}"), begun(store, "traffic") as folder:
        prepare(folder, people)
        began = time.perf_counter()
        with _traffic(folder, people, seed) as traffic:
            killed = code = -signal.SIGKILL
            while code == killed and traffic.kills < kills_at_most:
                code = outcome_of(rotate, folder, kill_after_s=every_s)
                traffic.kills += code == killed
            if (outcome_of(rotate, folder) if code == killed else code) != 0:
                raise BrokenInvariantError(f"the rotation ended with {code}")
            traffic.seconds = time.perf_counter() - began
        if traffic.failed:
            raise BrokenInvariantError(f"reads or writes that failed: {dict(traffic.failed)}")
        traffic.values = check(folder, people)
    return traffic


def rotate(folder: Path) -> None:
    """One attempt, to be killed."""
    with site(folder).open() as hub:
        for _ in hub_keys.rotate_keys(hub):
            pass


@contextmanager
def _traffic(folder: Path, people: int, seed: int) -> Iterator[Traffic]:
    found, stop = Traffic(), folder / "stop"
    living = [CONTEXT.Process(target=live, args=(folder, people, f"{seed}/{n}", n)) for n in range(2)]
    for process in living:
        process.start()
    try:
        _await_reading(folder, living)
        yield found
    finally:
        stop.touch()
        for process in living:
            process.join(TOO_LONG_S)
            process.kill()
    for n, process in enumerate(living):
        if process.exitcode != 0:
            raise BrokenInvariantError(f"a process of the traffic ended with {process.exitcode}")
        told = json.loads((folder / f"told-{n}").read_text())
        found.reads, found.writes = found.reads + told["reads"], found.writes + told["writes"]
        found.failed.update(told["failed"])


def _await_reading(folder: Path, living: Sequence[BaseProcess]) -> None:
    """On a busy machine a whole rotation could be over before anybody reads."""
    deadline = time.monotonic() + TOO_LONG_S
    while not all((folder / f"reading-{n}").exists() for n in range(len(living))):
        if time.monotonic() > deadline or any(process.exitcode for process in living):
            raise BrokenInvariantError("the traffic did not begin")
        time.sleep(0.01)


def live(folder: Path, people: int, seed: str, writes: int) -> None:
    """Read about people, from one hub for a while, then from a new one; with ``writes`` 1 change some as well."""
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    while not (folder / "stop").exists():
        with site(folder).open() as hub:
            for _ in range(200):
                if (folder / "stop").exists():
                    break
                try:
                    _one_moment(hub, people, chance, counts, writes)
                    (folder / f"reading-{writes}").touch()
                except Exception as error:
                    failed[f"{type(error).__name__}: {error}"[:200]] += 1
    told = {"reads": counts["reads"], "writes": counts["writes"], "failed": failed}
    (folder / f"told-{writes}").write_text(json.dumps(told))


def _one_moment(hub: Hub, people: int, chance: random.Random, counts: Counter[str], writes: int) -> None:
    numbers = [f"{chance.randrange(people):06d}" for _ in range(20)]
    with hub.database.read() as connection:
        found = hub.people.timelines(connection, numbers, hub.clock.now())
    if found.keys() != set(numbers) or any(not timeline for timeline in found.values()):
        raise BrokenInvariantError("people are missing")
    counts["reads"] += 1
    if writes and counts["reads"] % 10 == 0:
        record(hub, *(_employee(int(number), counts["reads"]) for number in sorted(set(numbers))[:3]))
        counts["writes"] += 1
