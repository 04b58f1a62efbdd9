"""The schema: made by migrations alone, the same on both databases, exact to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from baton.errors import ConfigurationError
from baton.model.account import Receipt
from baton.store import passes
from baton.store.database import Database
from baton.store.instants import from_micros, to_micros
from baton.store.migrate import HEAD, SCRIPTS, upgrade
from baton.store.runs import RunState
from baton.store.tables import allowances, metadata
from tests.store.desk import Desk, desk_on

INSTANTS = [
    datetime(2026, 11, 23, 1, 2, 3, 456789, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
]


def test_the_newest_migration_is_what_the_code_expects(desk: Desk) -> None:
    with desk.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_schema_that_lacks_something_would_be_noticed(desk: Desk) -> None:
    with desk.database.write() as connection:
        connection.execute(sa.text("CREATE TABLE left_over (id INTEGER)"))
    try:
        with desk.database.engine.connect() as connection:
            found = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [(kind, table.name) for kind, table in found] == [("remove_table", "left_over")]
    finally:
        with desk.database.write() as connection:
            connection.execute(sa.text("DROP TABLE left_over"))


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory(str(SCRIPTS)).get_heads()) == 1


def test_upgrading_again_changes_nothing(desk: Desk) -> None:
    desk.plan("0012")
    upgrade(desk.database)
    assert desk.states() == [("0012", 1, "planned")]


@pytest.mark.parametrize("lacking", ["", "DROP INDEX ix_pay_runs_asked"])
def test_a_store_whose_pay_runs_knew_already_what_asked_for_them_is_upgraded(desk: Desk, lacking: str) -> None:
    with desk.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0006'"))
        if lacking:
            connection.execute(sa.text(lacking))
    upgrade(desk.database)
    with desk.database.read() as connection:
        assert [index["unique"] for index in sa.inspect(connection).get_indexes("pay_runs")] == [True]


@pytest.mark.parametrize("at_work", [True, False])
def test_a_store_that_has_been_at_work_knows_from_when_on_passes_are_noted(desk: Desk, at_work: bool) -> None:
    if at_work:
        desk.plan("0001")
    with desk.database.write() as connection:
        connection.execute(sa.text("DROP TABLE passes"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0012'"))
    upgrade(desk.database)
    with desk.database.read() as connection:
        assert (passes.noted(connection).keys() == {passes.COUNTED_FROM}) is at_work


@pytest.mark.parametrize("moment", INSTANTS)
def test_an_instant_comes_back_exactly(desk: Desk, moment: datetime) -> None:
    with desk.database.write() as connection:
        connection.execute(sa.insert(allowances).values(system="crm", next_free=moment))
        stored = connection.execute(sa.select(allowances.c.next_free)).scalar_one()
    assert stored == moment
    assert stored.tzinfo is UTC


def test_instants_sort_by_time_whatever_zone_they_were_given_in() -> None:
    assert sorted(INSTANTS, key=to_micros) == sorted(INSTANTS)
    assert all(from_micros(to_micros(moment)) == moment for moment in INSTANTS)


def test_an_instant_without_a_zone_is_refused(desk: Desk) -> None:
    statement = sa.insert(allowances).values(system="crm", next_free=datetime(2026, 11, 23))  # noqa: DTZ001
    with pytest.raises(sa.exc.StatementError, match="time zone"), desk.database.write() as connection:
        connection.execute(statement)


def test_foreign_keys_hold(desk: Desk) -> None:
    statement = sa.text(
        "INSERT INTO approvals (run_id, decision, person, why, plan_hash, decided_at) VALUES ('no', '', '', '', '', 0)"
    )
    with pytest.raises(sa.exc.IntegrityError), desk.database.write() as connection:
        connection.execute(statement)


def test_the_message_of_a_database_error_shows_no_value(desk: Desk) -> None:
    desk.plan("0001")
    twice = sa.text("INSERT INTO people (number, source) VALUES (:number, :source)")
    with pytest.raises(sa.exc.IntegrityError) as caught, desk.database.write() as connection:
        connection.execute(twice, {"number": "0012", "source": "测试甲"})
    assert "测试甲" not in str(caught.value).split("DETAIL")[0]


def test_sqlite_is_opened_so_that_it_is_safe(tmp_path) -> None:
    database = Database(f"sqlite:///{tmp_path}/made/for/it/hub.sqlite3")
    with database.read() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    database.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_reader_does_not_wait_for_a_writer(desk: Desk) -> None:
    desk.plan("0001")
    with desk.database.write() as writing, desk.database.read() as reading:
        desk.effects.hold(writing, "run-1")
        assert desk.effects.count(reading, "run-1") == {("crm", "provision", "planned"): 1}


def test_a_schema_of_a_newer_baton_is_told_as_such_and_left_alone(empty_url: str) -> None:
    with desk_on(empty_url) as desk:
        with desk.database.write() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '0099'"))
        with pytest.raises(ConfigurationError, match=rf"newer Baton \(schema 0099; this one knows them up to {HEAD}\)"):
            upgrade(desk.database)
        with desk.database.read() as connection:
            assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "0099"


def test_an_upgrade_says_of_no_replaced_run_that_it_was_let_go(desk: Desk) -> None:
    """Several may be held at once: which of the decisions since was about it, nobody can tell."""
    for name in ("replaced", "other"):
        desk.run(name)
    with desk.database.write() as connection:
        desk.runs.change(connection, "replaced", RunState.REPLACED)
        connection.execute(sa.text("ALTER TABLE runs DROP COLUMN replaced_by"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0014'"))
    upgrade(desk.database)
    with desk.database.read() as connection:
        assert connection.execute(sa.text("SELECT DISTINCT replaced_by FROM runs")).scalars().all() == [None]


def test_an_upgrade_makes_nothing_younger_that_an_alarm_may_be_about(empty_url: str) -> None:
    with desk_on(empty_url) as desk:
        began = desk.clock.now()
        desk.plan_all(["0001", "0002", "0003", "0004"])
        sent = desk.claim()
        desk.clock.advance(timedelta(hours=5))
        for effect, receipt in zip(
            sent, (Receipt.in_doubt("lost", "no answer"), Receipt.accepted(), Receipt.done()), strict=False
        ):
            desk.settle([effect], receipt)
        with desk.database.write() as connection:
            connection.execute(sa.text("ALTER TABLE effects DROP COLUMN state_since"))
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '0013'"))
        upgrade(desk.database)
        assert desk.rows("state", "state_since") == [
            ("in_doubt", began), ("accepted", began), ("done", None), ("sent", began),
        ]  # fmt: skip
