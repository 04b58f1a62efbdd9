"""What goes wrong between the connector and a database is told apart: nothing happened, in doubt, a person must act."""

import threading
import time
import traceback

import polars as pl
import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import HaltError, InDoubtError, RejectedError, RetryableError
from connectors.data.sql.connector import SqlDatabase
from connectors.data.sql.settings import SqlSettings

PASSWORD = "synthetic-password-䶮"
PRIVATE = "测试甲13800000001"


def people(database, **more):
    target = database.connector(**more)
    return target, target.collection("people")


def everything_said(error):
    """All a log would show: the message, the remedy and the traceback."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))


def hold(database):
    """Another program that has changed P1 and has not committed."""
    connection = database.connect()
    connection.cursor().execute("UPDATE people SET name = 'held' WHERE code = 'P1'")
    return connection


def in_background(call):
    outcome = []

    def run():
        try:
            outcome.append(call())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)  # InnoDB refreshes what it shows of transactions only when nobody has looked for 0.1 s


@pytest.fixture
def planted(served):
    served.people()
    served.run("INSERT INTO people (code, name) VALUES ('P1', 'a')")
    return served


def test_a_connection_lost_in_the_middle_has_written_nothing(planted):
    target, table = people(planted)
    holder = hold(planted)
    new = pl.DataFrame({"code": ["P1"], "name": ["new"]})
    thread, outcome = in_background(lambda: target.amend(table, new, new.with_columns(name=pl.lit("a"))))
    until(planted.waiting)
    if planted.product == "postgresql":
        planted.kill_others()
        thread.join(20)
        holder.rollback()
    else:
        holder_id = holder.thread_id()
        rows = planted.rows(
            "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        )
        (victim,) = [number for (number,) in rows if number != holder_id]
        planted.run(f"KILL {victim}")
        thread.join(20)
        holder.rollback()
    holder.close()
    (error,) = outcome
    assert isinstance(error, RetryableError), everything_said(error)
    assert planted.rows("SELECT name FROM people") == [("a",)]


def test_a_connection_lost_while_committing_is_in_doubt(planted):
    target, table = people(planted)

    @sa.event.listens_for(target._engine, "commit")
    def cut(connection):
        if planted.product == "postgresql":
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            planted.run(f"SELECT pg_terminate_backend({pid})")
        else:
            planted.run(f"KILL {connection.connection.driver_connection.thread_id()}")

    with pytest.raises(InDoubtError) as error:
        target.insert(table, pl.DataFrame({"code": ["P2"], "name": [PRIVATE]}))
    assert PRIVATE not in everything_said(error.value)


def test_a_lock_that_is_not_given_up_is_waited_for_so_long_and_no_longer(planted):
    target, table = people(planted, lock_timeout_s=1)
    holder = hold(planted)
    new = pl.DataFrame({"code": ["P1"], "name": ["new"]})
    with pytest.raises(RetryableError) as error:
        target.amend(table, new, new.with_columns(name=pl.lit("a")))
    assert error.value.code == "locked"
    holder.rollback()
    holder.close()
    assert not target.amend(table, new, new.with_columns(name=pl.lit("a"))).others


def test_a_file_that_another_program_writes_to_is_busy(sqlite):
    sqlite.people()
    target, table = people(sqlite, lock_timeout_s=1)
    holder = sqlite.connect()
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(RetryableError) as error:
        target.insert(table, pl.DataFrame({"code": ["P2"]}))
    assert error.value.code == "locked"
    holder.rollback()
    holder.close()


def test_a_statement_that_takes_too_long_is_ended(planted):
    target, table = people(planted, statement_timeout_s=1)
    holder = hold(planted)
    new = pl.DataFrame({"code": ["P1"], "name": ["new"]})
    with pytest.raises(RetryableError) as error:
        target.amend(table, new, new.with_columns(name=pl.lit("a")))
    assert error.value.code == "timeout"
    holder.rollback()
    holder.close()


def test_two_writers_of_one_record_do_not_overwrite_each_other(planted):
    target, table = people(planted)
    holder = hold(planted)
    new = pl.DataFrame({"code": ["P1"], "name": ["new"]})
    thread, outcome = in_background(lambda: target.amend(table, new, new.with_columns(name=pl.lit("a"))))
    until(planted.waiting)
    holder.commit()
    holder.close()
    thread.join(20)
    assert [receipt.code for receipt in outcome[0]] == ["changed"]
    assert planted.rows("SELECT name FROM people") == [("held",)]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"password": PASSWORD}, "credentials"), ({"database": "nowhere"}, "no_database")],
)
def test_what_only_a_person_can_mend_halts(planted, change, code):
    more = dict(change)
    if "database" in more:
        more = {"database_url": planted.settings()["database_url"].rpartition("/")[0] + f"/{more['database']}"}
    target = planted.connector(**more)
    with pytest.raises(HaltError) as error:
        target.collections()
    assert error.value.code == code
    assert PASSWORD not in everything_said(error.value)
    assert planted.server.password not in everything_said(error.value)
    (finding,) = target.check()
    assert not finding.ok
    assert PASSWORD not in repr(finding)


def test_a_right_that_is_missing_halts_and_writes_nothing(postgresql):
    postgresql.people()
    role = f"reader_{postgresql.name}"
    postgresql.run(f"CREATE ROLE {role} LOGIN PASSWORD 'synthetic'", f"GRANT SELECT ON people TO {role}")
    url = f"postgresql://{role}@127.0.0.1:{postgresql.server.port}/{postgresql.name}"
    target, table = people(postgresql, database_url=url, password="synthetic")
    with pytest.raises(HaltError) as error:
        target.insert(table, pl.DataFrame({"code": ["P2"], "name": [PRIVATE]}))
    assert error.value.code == "permission"
    assert PRIVATE not in everything_said(error.value)


def test_a_server_that_is_not_there_is_tried_again_later(planted):
    url = planted.settings()["database_url"].replace(str(planted.server.port), "1")
    with pytest.raises(RetryableError):
        planted.connector(database_url=url).collections()


def test_a_file_that_is_not_there_is_not_made(tmp_path):
    settings = SqlSettings(database_url=f"sqlite:///{tmp_path}/none.sqlite3")
    with pytest.raises(HaltError):
        SqlDatabase(settings, Client(EgressRule(frozenset()))).collections()
    assert list(tmp_path.iterdir()) == []


def test_a_server_elsewhere_is_not_dialled(planted):
    settings = SqlSettings.model_validate(planted.settings())
    stranger = SqlDatabase(settings, Client(EgressRule(frozenset({"db.example.com:5432"}), allow_private=True)))
    with pytest.raises(HaltError, match="not allowed"):
        stranger.collections()
    outside = SqlDatabase(settings, Client(EgressRule(frozenset(settings.hosts()))))
    with pytest.raises(HaltError, match="private"):
        outside.collections()


def test_without_a_certificate_nothing_is_sent(planted):
    with pytest.raises((HaltError, RetryableError)) as error:
        planted.connector(tls="verify").collections()
    assert planted.server.password not in everything_said(error.value)


def test_no_value_appears_in_what_is_said(database):
    database.people()
    database.run("INSERT INTO people (code, name) VALUES ('private-1', 'x')")
    target, table = people(database)
    long = "private-" + "x" * 300
    rows = pl.DataFrame({"code": ["private-1", "private-2"], "note": ["private-3", long]})
    receipts = target.insert(table, rows)
    assert [receipt.code for receipt in receipts] == ["changed", "too_long"]
    assert "private" not in repr(list(receipts))


def test_a_table_that_has_changed_since_halts(database):
    database.people()
    target, table = people(database)
    database.run("ALTER TABLE people RENAME COLUMN note TO remark")
    with pytest.raises(HaltError) as error:
        target.insert(table, pl.DataFrame({"code": ["P1"], "note": ["x"]}))
    assert error.value.code == "schema_changed"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("postgresql://u:pw@h/d", "password"),
        ("postgresql+psycopg2://u@h/d", "begins with"),
        ("oracle://u@h/d", "begins with"),
        ("postgresql://u@h/d?sslmode=disable", "options"),
        ("postgresql://u@h", "no database"),
        ("mysql://h/d", "no host or no user"),
        ("sqlite:///relative.db", "absolute"),
        ("sqlite://", "no database"),
        ("nonsense", "no database URL"),
    ],
)
def test_urls_that_would_mislead_are_refused(given, reason):
    with pytest.raises(ValidationError, match=reason) as error:
        SqlSettings(database_url=given)
    assert ":pw@" not in str(error.value)


@pytest.mark.parametrize("zone", ["Mars/Base", "Asia"])
def test_a_time_zone_that_is_none_is_refused(zone):
    with pytest.raises(ValidationError, match="must be an IANA time zone"):
        SqlSettings(database_url="sqlite:////srv/data/people.sqlite3", time_zone=zone)


@pytest.mark.server
@pytest.mark.parametrize("charset", ["gbk", "utf8mb3", "latin1"])
def test_a_character_that_a_column_lacks_harms_its_own_record_only(mariadb, charset):
    mariadb.run(
        f"CREATE TABLE narrow (code varchar(20) PRIMARY KEY, name varchar(50)) CHARACTER SET {charset}",
        "CREATE TABLE hung (id int PRIMARY KEY, code varchar(20),"
        f" FOREIGN KEY (code) REFERENCES narrow (code) ON DELETE CASCADE) CHARACTER SET {charset}",
    )
    target = mariadb.connector()
    narrow = target.collection("narrow")
    rows = pl.DataFrame({"code": ["a", "b", "𠮷1", "d"], "name": ["x", "𠮷野", "y", "z"]})
    receipts = target.insert(narrow, rows)
    assert [each.code for each in receipts] == ["", "encoding", "encoding", ""]
    assert "𠮷" not in str(receipts.others)
    assert target.fetch(narrow, rows.select("code"), ["name"]).sort("code").rows() == [("a", "x"), ("d", "z")]
    new = rows.with_columns(name=pl.lit("n"))
    assert [each.code for each in target.amend(narrow, new, rows)] == ["", "missing", "encoding", ""]
    assert [each.code for each in target.delete(narrow, new)] == ["", "", "encoding", ""]
    hung = target.collection("hung")
    orphan = pl.DataFrame({"id": [1], "code": ["𠮷1"]})
    assert [each.code for each in target.insert(hung, orphan)] == ["encoding"]
    mariadb.run(
        f"CREATE TABLE dept (id int AUTO_INCREMENT PRIMARY KEY, code varchar(9) NOT NULL UNIQUE) CHARACTER SET {charset}",
        "CREATE TABLE post (id int PRIMARY KEY, dept int, FOREIGN KEY (dept) REFERENCES dept (id))",
        "INSERT INTO dept (code) VALUES ('a')",
    )
    posts = pl.DataFrame({"id": [1, 2], "dept": ["𠮷1", "a"]}, schema_overrides={"id": pl.Int64})
    assert [each.code for each in target.insert(target.collection("post"), posts)] == ["foreign_key", ""]


def test_text_that_is_no_utf8_is_named_and_left_out(sqlite):
    sqlite.run(
        "CREATE TABLE old (code TEXT PRIMARY KEY NOT NULL, name TEXT)",
        "INSERT INTO old VALUES ('0001', 'ok'), ('0002', CAST(x'D5C5C8FD' AS TEXT)), ('0003', '张三')",
    )
    target = sqlite.connector()
    pages = list(target.records("old").pages)
    assert [row for page in pages for row in page.rows.rows()] == [("0001", "ok"), ("0003", "张三")]
    (bad,) = [each for page in pages for each in page.rejected]
    assert (bad.row, bad.column, bad.rule) == (2, "name", "stored_value")
    old = target.collection("old")
    with pytest.raises(RejectedError) as error:
        target.fetch(old, pl.DataFrame({"code": ["0002"]}), ["name"])
    assert error.value.code == "stored_value"
    assert target.fetch(old, pl.DataFrame({"code": ["0003"]}), ["name"]).rows() == [("0003", "张三")]
    right, wrong = pl.DataFrame({"code": ["0003"], "name": ["x"]}), pl.DataFrame({"code": ["0002"], "name": ["x"]})
    assert [each.code for each in target.amend(old, right, right.with_columns(name=pl.lit("张三")))] == [""]
    assert [each.code for each in target.amend(old, wrong, wrong.with_columns(name=pl.lit("张三")))] == ["changed"]
