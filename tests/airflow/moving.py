"""A hub for migrations only: a folder of exports on one side, a database on the other, no system of people's accounts."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from baton.audit.checkpoint import Signer
from baton.hub import Hub
from baton.settings import load
from baton.store.personal import Keyring
from baton.store.runs import Run
from baton.store.tables import migrations
from tests.rig.schema import lay_out_state

COLUMNS = ("工号", "姓名", "手机", "证件号码", "月薪")
SYSTEMS = """\
hub: {{state_dir: state}}
systems:
  old:
    connector: data/file
    settings: {{path: exports}}
  new:
    connector: data/sql
    threads: 1
    settings: {{database_url: "sqlite:///{folder}/new.sqlite3"}}
  chat:          # an account target without a mapping: of no concern to a migration
    connector: oa/feishu
    settings: {{app_id: cli_synthetic}}
"""
MAPPING = """\
mapping: 1
source: data/file
target: data/sql
read: staff.csv
collection: staff
key: [code]
cleaning:
  - {column: 证件号码, fix: [trim, upper], check: [identity_18]}
fields:
  code:     {from: 工号, via: [trim], required: yes}
  name:     {from: 姓名, via: [trim, nfc], required: yes}
  mobile:   {from: 手机, via: [trim]}
  identity: {from: 证件号码}
  pay:      {from: 月薪, via: [trim, 'decimal(2)']}
examples:
  - given:  {工号: 00012, 姓名: 测试甲, 月薪: 1.50}
    expect: {code: 00012, pay: 1.50}
"""
TABLE = """CREATE TABLE staff (
  code VARCHAR(20) PRIMARY KEY, name VARCHAR(40) NOT NULL, mobile VARCHAR(20), identity VARCHAR(18),
  pay NUMERIC(12, 2){check})"""


def member(n: int, **more: str) -> dict[str, str]:
    """A synthetic row of the old system."""
    row = {"工号": f"{n:05d}", "姓名": f"测试{n}", "手机": f"1380000{n:04d}", "证件号码": "", "月薪": f"{n}.50"}
    return {**row, **more}


@dataclass
class Moving:
    """The files of that hub, and both its sides."""

    folder: Path

    @classmethod
    def into(cls, folder: Path) -> Moving:
        started = cls(folder)
        lay_out_state(folder)
        (folder / "exports").mkdir(parents=True)
        (folder / "mappings" / "migration").mkdir(parents=True)
        (folder / "mappings" / "migration" / "staff.yaml").write_text(MAPPING, "utf-8")
        started.systems_file.write_text(SYSTEMS.format(folder=folder), "utf-8")
        secrets = {"hub/keyring": Keyring.generate().to_text(), "chat/app_secret": "synthetic-secret"}
        secrets["hub/audit_key"] = Signer.generate("tests/audit").secret_text
        for name, value in secrets.items():
            place = folder / "secrets" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(value, "utf-8")
            place.chmod(0o600)
        started.make_table()
        started.hand_in([member(n) for n in range(1, 301)])
        return started

    @property
    def systems_file(self) -> Path:
        return self.folder / "systems.yaml"

    def make_table(self, check: str = "") -> None:
        """The new system's table, empty; ``check`` is a condition that its rows must meet."""
        with self._database() as database:
            database.execute("DROP TABLE IF EXISTS staff")
            database.execute(TABLE.format(check=f", CHECK ({check})" if check else ""))

    def trim_names(self) -> None:
        """From now on the new system cuts names without a word."""
        with self._database() as database:
            database.execute(
                "CREATE TRIGGER cut AFTER INSERT ON staff BEGIN"
                " UPDATE staff SET name = substr(name, 1, 2) WHERE code = new.code; END"
            )

    def count_writes(self) -> None:
        """From now on the new system counts every row that anybody writes."""
        with self._database() as database:
            database.execute("CREATE TABLE writes (what VARCHAR(10))")
            for what in ("INSERT", "UPDATE", "DELETE"):
                database.execute(
                    f"CREATE TRIGGER count_{what} AFTER {what} ON staff BEGIN INSERT INTO writes VALUES ('{what}'); END"
                )

    def writes(self) -> int:
        """How many there have been."""
        with self._database() as database:
            (count,) = database.execute("SELECT count(*) FROM writes").fetchone()
        return int(count)

    def outlive(self, run_id: str) -> None:
        """Let the retention of a run be over."""
        with self.hub() as hub, hub.database.write() as connection:
            over = sa.update(migrations).values(retain_until=hub.clock.now() - timedelta(hours=1))
            connection.execute(over.where(migrations.c.run_id == run_id))

    def hand_in(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Export the old system."""
        with (self.folder / "exports" / "staff.csv").open("w", encoding="gb18030", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def there(self) -> dict[str, tuple[Any, ...]]:
        """The new system's records by code."""
        with self._database() as database:
            return {row[0]: row[1:] for row in database.execute("SELECT * FROM staff ORDER BY code")}

    def people(self) -> list[str]:
        """The numbers of the hub's own employees."""
        with self.hub() as hub, hub.database.read() as connection:
            return sorted(person.number for page in hub.people.everyone(connection, 1_000) for person in page)

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        with Hub(load(self.systems_file)) as hub:
            yield hub

    def runs(self) -> list[Run]:
        """The hub's runs, newest first."""
        with self.hub() as hub, hub.database.read() as connection:
            return hub.runs.latest(connection)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.folder / "new.sqlite3")
        try:
            with database:
                yield database
        finally:
            database.close()
