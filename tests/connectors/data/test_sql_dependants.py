"""What others have hung on a record never goes with it, however busy the database is while it is deleted."""

import threading
import time

import polars as pl
import psycopg
import pymysql
import pytest

from baton.sdk import frame_schema


def codes(receipts):
    return [each.code for each in receipts]


def told(collection, rows):
    return pl.DataFrame(rows, schema=frame_schema(collection.fields, list(rows[0])), orient="row")


def clients(database, rule="CASCADE"):
    database.run(
        "CREATE TABLE client (code varchar(20) PRIMARY KEY, name varchar(20))",
        "CREATE TABLE orders (id integer PRIMARY KEY, client varchar(20),"
        f" FOREIGN KEY (client) REFERENCES client (code) ON DELETE {rule})",
        "INSERT INTO client VALUES ('OLD', 'x'), ('M1', 'm'), ('M2', 'm'), ('M3', 'm')",
    )
    target = database.connector()
    table = target.collection("client")
    return target, table, told(table, [{"code": f"M{n}", "name": "m"} for n in (1, 2, 3)])


def meanwhile(monkeypatch, target, act):
    """Let somebody else act right before the records are deleted."""
    delete = target._backend.delete

    def later(*given):
        act()
        return delete(*given)

    monkeypatch.setattr(target._backend, "delete", later)


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL"])
def test_rows_that_come_in_elsewhere_hide_none_that_would_go(served, monkeypatch, rule):
    target, table, ours = clients(served, rule)
    served.run("INSERT INTO orders VALUES (1, 'M2')")
    numbers = iter(range(100, 200))
    meanwhile(monkeypatch, target, lambda: served.run(f"INSERT INTO orders VALUES ({next(numbers)}, 'OLD')"))
    assert codes(target.delete(table, ours)) == ["", "in_use", ""]
    assert served.rows("SELECT client FROM orders WHERE id = 1") == [("M2",)]
    assert served.rows("SELECT code FROM client ORDER BY code") == [("M2",), ("OLD",)]


def test_what_is_being_hung_on_a_record_is_waited_for(served):
    target, table, ours = clients(served)
    holder = served.connect()
    holder.cursor().execute("INSERT INTO orders VALUES (1, 'M2')")
    receipts = []
    thread = threading.Thread(target=lambda: receipts.append(codes(target.delete(table, ours))))
    thread.start()
    deadline = time.monotonic() + 20
    while not served.waiting():
        assert time.monotonic() < deadline, "nothing waits for the other's row"
        time.sleep(0.2)
    holder.commit()
    holder.close()
    thread.join(20)
    assert receipts == [["", "in_use", ""]]
    assert served.rows("SELECT client FROM orders") == [("M2",)]


def forbidden(database, statement):
    """Somebody else's statement, which has to wait for us and gives up."""
    limit = "SET lock_timeout = '300ms'" if database.product == "postgresql" else "SET innodb_lock_wait_timeout = 1"
    other = database.connect()
    try:
        cursor = other.cursor()
        cursor.execute(limit)
        with pytest.raises((psycopg.errors.LockNotAvailable, pymysql.OperationalError)):
            cursor.execute(statement)
    finally:
        other.rollback()
        other.close()


def test_nothing_can_be_hung_on_a_record_that_is_about_to_go(served, monkeypatch):
    target, table, ours = clients(served)
    meanwhile(monkeypatch, target, lambda: forbidden(served, "INSERT INTO orders VALUES (1, 'M2')"))
    assert codes(target.delete(table, ours)) == ["", "", ""]


def test_nothing_can_be_hung_on_it_by_another_of_its_columns_either(served, monkeypatch):
    served.run(
        "CREATE TABLE client (id int PRIMARY KEY, code varchar(9) NOT NULL UNIQUE, mail varchar(9) NOT NULL UNIQUE)",
        "CREATE TABLE orders (id int PRIMARY KEY, mail varchar(9),"
        " FOREIGN KEY (mail) REFERENCES client (mail) ON DELETE CASCADE)",
        "INSERT INTO client VALUES " + ", ".join(f"({n}, 'C{n}', 'm{n}')" for n in range(9)),
    )
    target = served.connector(keys={"client": ["code"]})
    table = target.collection("client")
    seen = target.fetch(table, pl.DataFrame({"code": ["C1", "C2"]}), ["id"]).sort("code")
    meanwhile(monkeypatch, target, lambda: forbidden(served, "INSERT INTO orders VALUES (1, 'm2')"))
    assert codes(target.delete(table, seen)) == ["", ""]


def test_a_reference_of_several_columns_is_told_apart_from_half_of_one(database):
    database.run(
        "CREATE TABLE slot (day date, room varchar(5), who varchar(5), PRIMARY KEY (day, room))",
        "CREATE TABLE guest (id integer PRIMARY KEY, day date, room varchar(5),"
        " FOREIGN KEY (day, room) REFERENCES slot (day, room) ON DELETE CASCADE)",
        "INSERT INTO slot VALUES ('2026-01-01', 'A', 'x'), ('2026-01-01', 'B', 'x'), ('2026-01-02', 'A', 'x')",
        "INSERT INTO guest VALUES (1, '2026-01-01', 'B'), (2, '2026-01-02', NULL)",
    )
    target = database.connector()
    slot = target.collection("slot")
    seen = target.fetch(slot, pl.DataFrame({"day": ["2026-01-01", "2026-01-01", "2026-01-02"], "room": ["A", "B", "A"]})
                        .with_columns(pl.col("day").str.to_date()), ["who"]).sort("day", "room")  # fmt: skip
    assert codes(target.delete(slot, seen)) == ["", "in_use", ""]
    assert database.rows("SELECT room FROM slot") == [("B",)]
    assert database.rows("SELECT count(*) FROM guest") == [(2,)]


def test_what_refers_to_a_number_of_the_databases_own_counts_as_well(database):
    number = "integer" if database.product == "sqlite" else "bigint"
    database.run(
        f"CREATE TABLE dept (id {number} NOT NULL UNIQUE, code varchar(10) PRIMARY KEY)",
        f"CREATE TABLE post (id integer PRIMARY KEY, dept {number}, FOREIGN KEY (dept) REFERENCES dept (id)"
        " ON DELETE SET NULL)",
        "INSERT INTO dept VALUES (41, 'HR'), (42, 'IT')",
        "INSERT INTO post VALUES (1, 42)",
    )
    target = database.connector(keys={"dept": ["code"]})
    dept = target.collection("dept")
    seen = target.fetch(dept, pl.DataFrame({"code": ["HR", "IT"]}), ["id"]).sort("code")
    assert codes(target.delete(dept, seen)) == ["", "in_use"]
    assert database.rows("SELECT dept FROM post") == [(42,)]


def test_what_hangs_on_a_record_below_in_the_same_table_keeps_those_above(database):
    database.run(
        "CREATE TABLE unit (code varchar(5) PRIMARY KEY, above varchar(5),"
        " FOREIGN KEY (above) REFERENCES unit (code) ON DELETE CASCADE)",
        "CREATE TABLE post (id integer PRIMARY KEY, unit varchar(5), FOREIGN KEY (unit) REFERENCES unit (code)"
        " ON DELETE CASCADE)",
        "INSERT INTO unit VALUES ('A', NULL)",
        "INSERT INTO unit VALUES ('B', 'A')",
        "INSERT INTO unit VALUES ('C', 'B')",
        "INSERT INTO unit VALUES ('R', 'R')",
        "INSERT INTO unit VALUES ('S', 'R')",
        "INSERT INTO post VALUES (1, 'C')",
    )
    target = database.connector()
    unit = target.collection("unit")
    sent = told(unit, [{"code": "A", "above": None}, {"code": "R", "above": "R"}])
    assert codes(target.delete(unit, sent)) == ["in_use", ""]
    assert database.rows("SELECT code FROM unit ORDER BY code") == [("A",), ("B",), ("C",)]
    assert database.rows("SELECT unit FROM post") == [("C",)]
