"""A CSV into PostgreSQL: the whole migration with its three proofs, against tools that prove less or nothing."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from baton.hub.keys import create_keys
from baton.settings import load as load_settings
from tests.bench.figures import Line
from tests.bench.migration import table
from tests.bench.migration.bars import AtMost, Unknown, faster, slower
from tests.bench.migration.data import bad_rows
from tests.bench.migration.environment import PEERS
from tests.bench.migration.measure import HERE, BrokenRunError, Measured, measure, median
from tests.bench.migration.server_time import server_cpu_s
from tests.servers.postgres import Postgres

BATON: Final = Path(sys.executable).parent / "baton"
MAPPING: Final = HERE / "mapping.yaml"
PEAK_MB: Final = 1000
GROWTH: Final = 1.2
"""By so much may the peak of four times the rows be higher and still be called flat."""
_SYSTEMS: Final = """hub: {{state_dir: state, secrets_dir: secrets}}
systems:
  old:
    connector: data/file
    settings: {{path: {source}}}
  new:
    connector: data/sql
    allow_private: yes
    settings: {{database_url: "{url}", tls: off}}
"""


@dataclass(frozen=True, slots=True)
class Loads:
    """Loads of one file into one server; each gets a database of its own, gone afterwards.

    What a load "said" is the content of its table, so that tools that did not do the same work are found out.
    """

    folder: Path
    server: Postgres
    source: Path
    rows: int
    times: int

    def baton(self) -> Measured:
        """``baton migrate run``, the hub's own tables in SQLite."""
        return self._load(lambda url: self._migrate(url, store=None))

    def baton_on_postgresql(self) -> Measured:
        """The same with the hub's own tables in the same server."""
        store = self.server.create()
        try:
            return self._load(lambda url: self._migrate(url, store))
        finally:
            self.server.drop(store)

    def by_hand(self) -> Measured:
        """polars, COPY, read back, compare: one script, nothing else."""
        script = PEERS / "polars_copy.py"
        return self._load(lambda url: measure([sys.executable, script, self.source, _plain(url)], self.folder))

    def dlt(self, python: Path) -> Measured:
        """dlt with the same rules as a Python function."""

        def load(url: str) -> Measured:
            shutil.rmtree(self.folder / "dlt", ignore_errors=True)
            script = PEERS / "dlt_load.py"
            return measure([python, script, self.source, _plain(url)], self.folder, cwd=self.folder)

        return self._load(load, schema="by_dlt")

    def _load(self, load: Callable[[str], Measured], schema: str = "public") -> Measured:
        return median(lambda: self._once(load, schema), self.times)

    def _once(self, load: Callable[[str], Measured], schema: str) -> Measured:
        url = self.server.create()
        try:
            with self.server.connect(_name(url)) as connection:
                table.create(connection)
            before = server_cpu_s(self.server)
            took = load(url)
            spent = server_cpu_s(self.server) - before
            with self.server.connect(_name(url)) as connection:
                count, content = table.content(connection, schema)
        finally:
            self.server.drop(url)
        if count != self.rows - bad_rows(self.rows):
            raise BrokenRunError(f"{count} rows were loaded, not {self.rows - bad_rows(self.rows)}: {took.said[-500:]}")
        return replace(took, said=f"{count} rows {content}", server_cpu_s=spent)

    def _migrate(self, url: str, store: str | None) -> Measured:
        home = self.folder / "hub"
        shutil.rmtree(home, ignore_errors=True)
        target = urlsplit(url)
        (home / "secrets" / "new").mkdir(parents=True)
        _secret(home / "secrets" / "new" / "password", target.password or "")
        if store is not None:
            (home / "secrets" / "hub").mkdir()
            _secret(home / "secrets" / "hub" / "database", store)
        place = f"postgresql://{target.username}@{target.hostname}:{target.port}{target.path}"
        systems = home / "systems.yaml"
        systems.write_text(_SYSTEMS.format(source=self.source, url=place), "utf-8")
        create_keys(load_settings(systems))
        run = [BATON, "--systems", systems, "migrate", "run", MAPPING, "--json"]
        took = measure(run, self.folder, good=(0, 1))  # 1: rows that do not fit are in quarantine
        counts = json.loads(took.said)["counts"]
        if counts["different"] or counts["open"] or counts["compared"] != self.rows - bad_rows(self.rows):
            raise BrokenRunError(f"the migration was not proved: {counts}")
        return took


def figures(loads: Loads, python: Path | None, larger: Loads | None) -> Iterator[Line]:
    """``python`` has the peers, if anything has; ``larger`` are the loads of four times the rows, if they are wanted."""
    what = f"{loads.rows:,} rows x 20 columns, CSV to PostgreSQL, mapped, proved three times"
    ours = loads.baton()
    if python is None:
        yield Unknown(what, "dlt is not here")
    else:
        yield faster(ours, _same(ours, loads.dlt(python)), "dlt (same mapping, no proofs)", 3, what)
    hand = _same(ours, loads.by_hand())
    yield slower(ours, hand, "polars, COPY and read-back by hand", 2.5, what)
    stored = _same(ours, loads.baton_on_postgresql())
    yield slower(stored, hand, "polars, COPY and read-back by hand", 2.5, f"{what}, the hub's tables in PostgreSQL too")
    yield AtMost(ours.peak_mb, PEAK_MB, "MB at the peak", what)
    if larger is not None:
        more = larger.baton()
        growth = f"the peak, {larger.rows:,} rows against {loads.rows:,}"
        note = f"{loads.rows:,} rows: {ours}; {larger.rows:,} rows: {more}"
        yield AtMost(more.peak_mb / ours.peak_mb, GROWTH, "times", growth, note)
        yield AtMost(more.peak_mb, PEAK_MB, "MB at the peak", f"{larger.rows:,} rows")


def _same(ours: Measured, peer: Measured) -> Measured:
    if peer.said != ours.said:
        raise BrokenRunError(f"not the same work: {ours.said} and {peer.said}")
    return peer


def _secret(path: Path, value: str) -> None:
    path.touch(0o600)
    path.write_text(value, "utf-8")


def _name(url: str) -> str:
    return url.rsplit("/", 1)[1]


def _plain(url: str) -> str:
    """A database URL without SQLAlchemy's driver."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
