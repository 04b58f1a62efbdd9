"""What the connector says of tables, and which names it accepts."""

import polars as pl
import pytest

from baton.errors import ConfigurationError
from baton.model.account import FieldSpec, FieldType
from baton.sdk import frame_schema
from tests.connectors.data.test_sql_writes import SURROGATE

ODD = ['we"ird', "back`tick", "员工 表", "100%s", "semi;colon", "Case", "select", "a.b", "%(x)s", ":x", "问号?"]


def rule(error):
    return [fault.rule for fault in error.value.faults]


def test_columns_become_fields(database):
    database.people()
    fields = database.connector().collection("people").fields
    assert {name: spec.type for name, spec in fields.items()} == {
        "code": FieldType.TEXT, "name": FieldType.TEXT, "note": FieldType.TEXT, "n": FieldType.INTEGER,
        "money": FieldType.DECIMAL, "flag": FieldType.BOOLEAN, "born": FieldType.DATE, "seen": FieldType.DATETIME,
        "clock": FieldType.DATETIME,
    }  # fmt: skip
    assert (fields["code"].required, fields["name"].required) == (True, False)
    assert (fields["note"].max_length, fields["name"].max_length) == (200, None)
    assert fields["money"].places == 4


def test_a_column_that_the_database_fills_is_not_required(database):
    number = SURROGATE[database.product]
    database.run(
        f"CREATE TABLE t ({number}, a varchar(5) NOT NULL DEFAULT 'x', b varchar(5) NOT NULL, c varchar(5), UNIQUE (b))"
    )
    collection = database.connector().collection("t")
    assert {name: spec.required for name, spec in collection.fields.items()} == {
        "id": False, "a": False, "b": True, "c": False,
    }  # fmt: skip
    assert collection.key == ("b",)


def test_what_the_database_computes_is_read_and_not_written(postgresql):
    postgresql.run(
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, code text PRIMARY KEY,"
        " loud text GENERATED ALWAYS AS (upper(code)) STORED, raw bytea)"
    )
    target = postgresql.connector()
    collection = target.collection("t")
    assert set(collection.fields) == {"code"}
    assert not target.insert(collection, pl.DataFrame({"code": ["a"]})).others
    (page,) = target.records("t").pages
    assert page.rows.rows() == [("1", "a", "A")]


def test_the_primary_key_names_a_record_unless_the_database_makes_it_up(database):
    number = SURROGATE[database.product]
    database.run(
        "CREATE TABLE plain (a varchar(5), b varchar(5), PRIMARY KEY (b, a))",
        f"CREATE TABLE numbered ({number}, a varchar(5))",
    )
    target = database.connector()
    assert set(target.collection("plain").key) == {"a", "b"}
    assert target.collection("numbered").key == ("id",)


def test_a_key_may_be_chosen_if_the_database_keeps_it_unique(database):
    database.run("CREATE TABLE t (a varchar(5) PRIMARY KEY, b varchar(5) NOT NULL UNIQUE, c varchar(5))")
    assert database.connector(keys={"t": ["b"]}).collection("t").key == ("b",)
    with pytest.raises(ConfigurationError, match="add a unique constraint") as error:
        database.connector(keys={"t": ["c"]}).collection("t")
    assert rule(error) == ["key_not_unique"]


def test_a_table_without_a_key_is_no_target_but_a_source(database):
    database.run("CREATE TABLE t (a varchar(5), b varchar(5))", "INSERT INTO t VALUES ('x', NULL), ('y', '1')")
    target = database.connector()
    with pytest.raises(ConfigurationError, match="unique constraint") as error:
        target.collection("t")
    assert rule(error) == ["no_key"]
    (page,) = target.records("t").pages
    assert sorted(page.rows.rows()) == [("x", None), ("y", "1")]


def test_a_view_can_be_read(database):
    database.people()
    database.run("INSERT INTO people (code, n) VALUES ('P2', 2), ('P1', 1)")
    database.run("CREATE VIEW codes AS SELECT code FROM people UNION ALL SELECT NULL")
    target = database.connector()
    assert list(target.collections()) == ["codes", "people"]
    (page,) = target.records("codes").pages
    assert sorted(page.rows["code"].to_list(), key=str) == [None, "P1", "P2"]


def test_only_tables_that_are_allowed_exist(database):
    database.run("CREATE TABLE a (x varchar(5) PRIMARY KEY)", "CREATE TABLE b (x varchar(5) PRIMARY KEY)")
    target = database.connector(tables=["a"])
    assert list(target.collections()) == ["a"]
    with pytest.raises(ConfigurationError) as error:
        target.records("b")
    assert rule(error) == ["unknown_table"]


def test_a_table_that_is_not_there_is_named_and_nothing_is_run(database):
    database.people()
    target = database.connector()
    for name in ("nobody", "people; DROP TABLE people", 'people" --', "people WHERE 1=1", ""):
        with pytest.raises(ConfigurationError, match="people") as error:
            target.collection(name)
        assert rule(error) == ["unknown_table"]
    assert database.rows("SELECT count(*) FROM people") == [(0,)]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_names(database, name):
    if database.product == "mysql" and "`" in name:
        database.run(f"CREATE TABLE t (code varchar(9) PRIMARY KEY, {database.quoted(name)} varchar(9))")
        with pytest.raises(ConfigurationError) as error:
            database.connector().collection("t")
        assert rule(error) == ["column_name"]
        return
    table, column, key = (database.quoted(part) for part in (name, name + " x", name + " key"))
    database.run(f"CREATE TABLE {table} ({key} varchar(9) PRIMARY KEY, {column} varchar(9))")
    target = database.connector()
    collection = target.collection(name)
    fields = [name + " key", name + " x"]
    rows = pl.DataFrame([("1", "a"), ("2", None)], schema=frame_schema(collection.fields, fields), orient="row")
    assert not target.insert(collection, rows).others
    assert not target.amend(collection, rows.with_columns(pl.lit("b").alias(fields[1])), rows).others
    assert target.insert(collection, rows).tally().keys() == {"refused"}
    found = target.fetch(collection, rows.select(fields[0]), fields[1:]).sort(fields[0])
    assert found.rows() == [("1", "b"), ("2", "b")]
    (page,) = target.records(name).pages
    assert page.rows.rows() == [("1", "b"), ("2", "b")]
    assert not target.delete(collection, found).others
    assert target.count(collection) == 0


def test_names_stay_inside_their_schema(postgresql):
    postgresql.run(
        "CREATE SCHEMA other",
        "CREATE TABLE other.t (code text PRIMARY KEY)",
        "CREATE TABLE t (code text PRIMARY KEY, x text)",
    )
    there = postgresql.connector(schema_name="other")
    assert list(there.collection("t").fields) == ["code"]
    there.insert(there.collection("t"), pl.DataFrame({"code": ["a"]}))
    assert postgresql.rows("SELECT count(*) FROM public.t") == [(0,)]
    assert postgresql.rows("SELECT code FROM other.t") == [("a",)]


def test_a_generous_collation_does_not_find_other_records(served):
    if served.product == "mysql":
        served.run("CREATE TABLE t (code varchar(9) COLLATE utf8mb4_general_ci PRIMARY KEY, x varchar(9))")
    else:
        served.run("CREATE EXTENSION citext", "CREATE TABLE t (code citext PRIMARY KEY, x varchar(9))")
    served.run("INSERT INTO t VALUES ('ABC', 'x')")
    target = served.connector()
    collection = target.collection("t")
    assert target.fetch(collection, pl.DataFrame({"code": ["abc"]}), ["x"]).height == 0
    rows = pl.DataFrame({"code": ["abc", "d"], "x": ["y", "y"]})
    assert [receipt.outcome for receipt in target.insert(collection, rows)] == ["refused", "done"]


def test_check_lists_version_encoding_rights_and_tables(database):
    database.people()
    database.run("CREATE TABLE keyless (x varchar(5))")
    found = {each.what: each for each in database.connector().check()}
    assert all(each.ok for each in found.values()), found
    assert {"version", "encoding", "time zone", "tables"} <= set(found)
    assert "keyless" in found["tables"].detail


def test_check_names_the_rights_that_are_missing(postgresql):
    postgresql.people()
    role = f"reader_{postgresql.name}"
    postgresql.run(f"CREATE ROLE {role} LOGIN PASSWORD 'synthetic'", f"GRANT SELECT ON people TO {role}")
    url = f"postgresql://{role}@127.0.0.1:{postgresql.server.port}/{postgresql.name}"
    found = {each.what: each for each in postgresql.connector(database_url=url, password="synthetic").check()}
    assert (found["rights on people"].ok, found["rights on people"].detail) == (True, "without INSERT, UPDATE, DELETE")


def test_a_spec_equals_what_was_declared(sqlite):
    sqlite.run("CREATE TABLE t (code varchar(5) PRIMARY KEY NOT NULL, x decimal(9,3))")
    assert sqlite.connector().collection("t").fields == {
        "code": FieldSpec(required=True, max_length=5),
        "x": FieldSpec(type=FieldType.DECIMAL, places=3),
    }


@pytest.mark.parametrize("declared", ["datetime", "timestamp"])
def test_a_moment_in_a_key_is_refused_where_it_has_many_forms(sqlite, declared):
    sqlite.run(f"CREATE TABLE shift (emp text NOT NULL, starts {declared} NOT NULL, note text, UNIQUE (emp, starts))")
    sqlite.run("INSERT INTO shift VALUES ('0007', '2026-11-01 08:00:00', 'old')")
    target = sqlite.connector()
    with pytest.raises(ConfigurationError, match=r"\(starts\).*keys") as caught:
        target.collection("shift")
    assert [fault.rule for fault in caught.value.faults] == ["moment_in_key"]
    assert sum(page.rows.height for page in target.records("shift").pages) == 1
    assert "shift" in target.check()[-1].detail
    sqlite.run("CREATE UNIQUE INDEX by_note ON shift (note)")
    assert sqlite.connector(keys={"shift": ["note"]}).collection("shift").key == ("note",)
