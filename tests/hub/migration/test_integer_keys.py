"""Into a table whose keys are whole numbers: a mapping says a reference as text, the database as a number."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from baton.client import Client
from baton.contracts import Connector
from baton.egress import EgressRule
from baton.engine.settle import Verdict
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.running import carry_on
from connectors.data.sql.connector import SqlDatabase
from connectors.data.sql.settings import SqlSettings
from tests.rig.records import Archive, old_row

TABLES = """
create table dept(id integer primary key not null);
insert into dept values(7);
create table staff(code integer primary key not null, name varchar(40) not null,
  dept integer references dept(id), boss integer references staff(code));
insert into staff(code, name) values(500, 'known');
"""
MAPPING = """mapping: 1
source: data/old
target: data/new
collection: staff
key: [code]
fields:
  code: {from: 工号, via: [trim, integer]}
  name: {from: 姓名, via: [trim]}
  dept: {from: 级别, via: [trim]}
  boss: {from: 上级, via: [trim]}
examples:
  - given: {工号: 0012, 姓名: 测试甲, 级别: 7}
    expect: {code: 12, name: 测试甲}
"""


@dataclass
class IntoDatabase(Archive):
    """The new system is a database on SQLite."""

    mapping: str = MAPPING
    database: Path = field(init=False)

    def __post_init__(self) -> None:
        self.database = self.folder / "new.sqlite3"
        with sqlite3.connect(self.database) as connection:
            connection.executescript(TABLES)

    def build(self, connector: str) -> Connector:
        if connector == "data/old":
            return super().build(connector)
        settings = SqlSettings.model_validate({"database_url": f"sqlite:///{self.database}"})
        return SqlDatabase(settings, Client(EgressRule(frozenset(settings.hosts()), allow_private=True)))

    def staff(self) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.database) as connection:
            return connection.execute("select code, dept, boss from staff order by code").fetchall()


@pytest.fixture
def into(tmp_path: Path) -> IntoDatabase:
    return IntoDatabase(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3")


def test_a_reference_to_a_record_that_the_table_has_is_taken(into: IntoDatabase) -> None:
    into.rows = [old_row(1, 级别="7"), old_row(2, 级别="7", 上级="1"), old_row(3, 级别=None, 上级="500")]
    with into.open() as hub:
        first = plan_migration(hub, into.request())
        assert not first.faults
        assert carry_on(hub, first.run.id).verdict is Verdict.CLEAN
        assert into.staff() == [(1, 7, None), (2, 7, 1), (3, None, 500), (500, None, None)]
        into.clock.advance(timedelta(hours=1))
        assert plan_migration(hub, into.request()).run.counts["nothing"] == 3


@pytest.mark.parametrize("other", ["8", "x", "07", "99999999999999999999", " "])
@pytest.mark.parametrize("column", ["级别", "上级"])
def test_one_to_nothing_puts_its_row_aside_before_anything_is_sent(into: IntoDatabase, column: str, other: str) -> None:
    """A text that is no number names no record; nor does one that is written otherwise than the number is."""
    into.mapping = MAPPING.replace("级别, via: [trim]", "级别").replace("上级, via: [trim]", "上级")
    into.rows = [old_row(1, 级别="7"), old_row(2, **{"级别": "7", column: other})]
    with into.open() as hub:
        plan = plan_migration(hub, into.request())
        assert [(each.place, each.rule) for each in plan.faults] == [("staff:3", "reference")]
        carry_on(hub, plan.run.id)
    assert into.staff() == [(1, 7, None), (500, None, None)]


def test_below_a_row_that_refers_to_nothing_of_another_table_no_row_is_sent(into: IntoDatabase) -> None:
    """They were planned and sent, and the database refused each of them. Those of a record that is there may go."""
    into.page_rows = 2
    below = [old_row(1, 级别="7", 上级="2"), old_row(2, 级别="8"), old_row(3, 级别="7", 上级="1")]
    into.rows = [*below, old_row(4, 级别="7"), old_row(5, 级别="7", 上级="500"), old_row(500, 级别="8")]
    with into.open() as hub:
        plan = plan_migration(hub, into.request())
        assert [(each.place, each.rule) for each in plan.faults] == [
            ("staff:2", "reference"), ("staff:3", "reference"), ("staff:4", "reference"), ("staff:7", "reference"),
        ]  # fmt: skip
        assert carry_on(hub, plan.run.id).counts["refused"] == 0
    assert into.staff() == [(4, 7, None), (5, 7, 500), (500, None, None)]
