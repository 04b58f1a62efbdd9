"""Writes happen only to records that are as expected, and a bad record never harms its neighbours."""

from decimal import Decimal

import polars as pl
import pytest

from baton.model.account import Outcome
from baton.sdk import frame_schema

DONE, REFUSED = Outcome.DONE, Outcome.REFUSED


def frame(collection, rows, names=None):
    names = names or list(rows[0])
    return pl.DataFrame(rows, schema=frame_schema(collection.fields, names), orient="row")


def codes(receipts):
    return [each.code for each in receipts]


@pytest.fixture
def planted(database):
    """Three people who are there already."""
    database.people()
    database.run("INSERT INTO people (code, name, n) VALUES ('P1', 'a', 1), ('P2', 'b', 2), ('P3', NULL, NULL)")
    return database


def state(database):
    return database.rows("SELECT code, name, n FROM people ORDER BY code")


def test_insert_leaves_a_record_that_exists_alone(planted):
    target = planted.connector()
    people = target.collection("people")
    new = [{"code": "P0", "name": "new"}, {"code": "P2", "name": "new"}, {"code": "P9", "name": "new"}]
    assert codes(target.insert(people, frame(people, new))) == ["", "changed", ""]
    assert state(planted)[0] == ("P0", "new", None)
    assert state(planted)[2] == ("P2", "b", 2)
    assert target.count(people) == 5


def test_update_changes_only_what_is_as_expected(planted):
    target = planted.connector()
    people = target.collection("people")
    new = [{"code": code, "name": "new", "n": 9} for code in ("P1", "P2", "P3", "P4")]
    old = [
        {"code": "P1", "name": "a", "n": 1},
        {"code": "P2", "name": "b", "n": 3},
        {"code": "P3", "name": None, "n": None},
        {"code": "P4", "name": "d", "n": 4},
    ]
    receipts = target.amend(people, frame(people, new), frame(people, old))
    assert codes(receipts) == ["", "changed", "", "missing"]
    assert state(planted) == [("P1", "new", 9), ("P2", "b", 2), ("P3", "new", 9)]


def test_empty_text_is_not_the_same_as_nothing(planted):
    target = planted.connector()
    people = target.collection("people")
    receipts = target.amend(
        people, frame(people, [{"code": "P3", "name": "x"}]), frame(people, [{"code": "P3", "name": ""}])
    )
    assert codes(receipts) == ["changed"]
    receipts = target.amend(
        people,
        frame(people, [{"code": "P3", "name": ""}]),
        frame(people, [{"code": "P3", "name": None}], ["code", "name"]),
    )
    assert codes(receipts) == [""]
    assert state(planted)[2] == ("P3", "", None)


def test_a_value_can_be_taken_away(planted):
    target = planted.connector()
    people = target.collection("people")
    receipts = target.amend(
        people, frame(people, [{"code": "P1", "name": None}]), frame(people, [{"code": "P1", "name": "a"}])
    )
    assert codes(receipts) == [""]
    assert state(planted)[0] == ("P1", None, 1)


def test_delete_takes_only_what_is_as_expected_and_what_is_gone_is_done(planted):
    target = planted.connector()
    people = target.collection("people")
    old = [
        {"code": "P1", "name": "a", "n": 1},
        {"code": "P2", "name": "B", "n": 2},
        {"code": "P7", "name": "x", "n": 7},
    ]
    assert codes(target.delete(people, frame(people, old))) == ["", "changed", ""]
    assert [row[0] for row in state(planted)] == ["P2", "P3"]


def test_every_kind_of_value_can_be_expected(database):
    database.people()
    target = database.connector()
    people = target.collection("people")
    texts = {"name": "䶮 \\ \" '", "note": ""}
    full = {**texts, "n": -5, "money": Decimal("10.0000"), "flag": False}
    rows = frame(people, [{"code": "P1", **full}, {"code": "P2", **full, "flag": None}])
    target.insert(people, rows)
    seen = target.fetch(people, rows.select("code"), list(full)).sort("code")
    assert codes(target.amend(people, seen.with_columns(pl.lit("x").alias("name")), seen)) == ["", ""]
    assert codes(target.delete(people, seen.with_columns(pl.lit("x").alias("name")))) == ["", ""]
    assert target.count(people) == 0


def test_a_bad_record_among_ten_thousand_is_found_and_the_others_are_written(database):
    database.people()
    database.run(
        "CREATE TABLE staff (code varchar(20) PRIMARY KEY, boss varchar(20), n bigint CHECK (n < 100000),"
        " FOREIGN KEY (boss) REFERENCES people (code))"
    )
    target = database.connector()
    staff = target.collection("staff")
    rows = [{"code": f"S{n:05d}", "boss": None, "n": n} for n in range(10_000)]
    rows[4321]["n"] = 100_000
    rows[7777]["boss"] = "nobody"
    receipts = target.insert(staff, frame(staff, rows))
    refused = {place: receipt for place, receipt in enumerate(receipts) if receipt.outcome is not DONE}
    assert {place: receipt.code for place, receipt in refused.items()} == {4321: "check", 7777: "foreign_key"}
    assert target.count(staff) == 9_998
    assert "nobody" not in str(refused)


def test_a_record_is_checked_before_it_is_sent(database):
    database.run("CREATE TABLE strict (code varchar(5) PRIMARY KEY, name varchar(3) NOT NULL)")
    target = database.connector()
    strict = target.collection("strict")
    rows = [
        {"code": "A", "name": "abc"},
        {"code": "B", "name": "abcd"},
        {"code": "C", "name": None},
        {"code": None, "name": "x"},
        {"code": "A", "name": "y"},
    ]
    assert codes(target.insert(strict, frame(strict, rows))) == ["", "too_long", "required", "required", "duplicate"]
    assert codes(target.insert(strict, frame(strict, [{"code": "Z"}]))) == ["required"]
    assert database.rows("SELECT code, name FROM strict") == [("A", "abc")]


def test_another_unique_column_refuses_by_the_name_of_its_rule(database):
    database.run(
        "CREATE TABLE badge (code varchar(5) PRIMARY KEY, mail varchar(50), CONSTRAINT one_mail UNIQUE (mail))",
        "INSERT INTO badge VALUES ('A', 'a@example.com')",
    )
    target = database.connector()
    badge = target.collection("badge")
    rows = frame(badge, [{"code": "B", "mail": "a@example.com"}, {"code": "C", "mail": "c@example.com"}])
    receipts = target.insert(badge, rows)
    assert codes(receipts) == ["unique", ""]
    assert "mail" in receipts[0].message
    assert "a@example.com" not in str(receipts[0])


def test_a_referred_record_cannot_be_deleted(database):
    database.run(
        "CREATE TABLE dept (code varchar(5) PRIMARY KEY)",
        "CREATE TABLE staff (code varchar(5) PRIMARY KEY, dept varchar(5), FOREIGN KEY (dept) REFERENCES dept (code))",
        "INSERT INTO dept VALUES ('D1'), ('D2')",
        "INSERT INTO staff VALUES ('S1', 'D1')",
    )
    target = database.connector()
    dept = target.collection("dept")
    assert codes(target.delete(dept, frame(dept, [{"code": "D1"}, {"code": "D2"}]))) == ["foreign_key", ""]
    assert database.rows("SELECT code FROM dept") == [("D1",)]


SURROGATE = {
    "postgresql": "id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    "mysql": "id bigint AUTO_INCREMENT PRIMARY KEY",
    "sqlite": "id integer PRIMARY KEY",
}


@pytest.fixture
def company(database):
    """Departments and people under numbers of the database's own, each with a boss in the same table."""
    number = SURROGATE[database.product]
    database.run(
        f"CREATE TABLE dept ({number}, code varchar(10) NOT NULL UNIQUE)",
        f"CREATE TABLE staff ({number}, number varchar(10) NOT NULL UNIQUE, dept_id bigint, boss_id bigint,"
        " FOREIGN KEY (dept_id) REFERENCES dept (id), FOREIGN KEY (boss_id) REFERENCES staff (id))",
        "INSERT INTO dept (id, code) VALUES (41, 'HR'), (42, 'IT')",
        "INSERT INTO staff (id, number, dept_id, boss_id) VALUES (7, 'S1', 41, NULL)",
    )
    return database


def test_a_reference_travels_as_the_other_records_key(company):
    target = company.connector()
    staff = target.collection("staff")
    assert staff.key == ("number",)
    assert (staff.fields["dept_id"].refers_to, staff.fields["boss_id"].refers_to) == ("dept", "staff")
    rows = [
        {"number": "S2", "dept_id": "IT", "boss_id": "S1"},
        {"number": "S3", "dept_id": "XX", "boss_id": None},
        {"number": "S4", "dept_id": None, "boss_id": "S1"},
    ]
    receipts = target.insert(staff, frame(staff, rows))
    assert codes(receipts) == ["", "foreign_key", ""]
    assert "dept_id" in receipts[1].message
    assert company.rows("SELECT number, dept_id, boss_id FROM staff ORDER BY number") == [
        ("S1", 41, None), ("S2", 42, 7), ("S4", None, 7),
    ]  # fmt: skip
    back = target.fetch(staff, pl.DataFrame({"number": ["S1", "S2"]}), ["dept_id", "boss_id"]).sort("number")
    assert back.rows() == [("S1", "HR", None), ("S2", "IT", "S1")]
    (page,) = target.records("staff").pages
    assert page.rows.select("number", "dept_id", "boss_id").rows()[1] == ("S2", "IT", "S1")


def test_a_reference_is_compared_before_it_is_changed(company):
    target = company.connector()
    staff = target.collection("staff")
    new = frame(staff, [{"number": "S1", "dept_id": "IT"}])
    assert codes(target.amend(staff, new, frame(staff, [{"number": "S1", "dept_id": "IT"}]))) == ["changed"]
    assert codes(target.amend(staff, new, frame(staff, [{"number": "S1", "dept_id": "gone"}]))) == ["changed"]
    assert codes(target.amend(staff, new, frame(staff, [{"number": "S1", "dept_id": "HR"}]))) == [""]
    assert company.rows("SELECT dept_id FROM staff") == [(42,)]


def test_a_key_of_several_columns_names_one_record(database):
    database.run("CREATE TABLE slot (day date, room varchar(5), who text, PRIMARY KEY (day, room))")
    target = database.connector()
    slot = target.collection("slot")
    text = pl.DataFrame(
        {"day": ["2026-01-01", "2026-01-01", "2026-01-02"], "room": ["A", "B", "A"], "who": ["x", "y", "z"]}
    )
    rows = text.with_columns(pl.col("day").str.to_date())
    assert not target.insert(slot, rows).others
    asked = rows.select(slot.key).slice(1)
    assert target.fetch(slot, asked, ["who"]).sort("day")["who"].to_list() == ["y", "z"]
    assert codes(target.delete(slot, rows.slice(0, 1))) == [""]
    assert target.count(slot) == 2


def test_rows_that_a_trigger_drops_are_missing_when_read_back(postgresql):
    """The receipt is what the database said; only the read-back knows better."""
    postgresql.people()
    postgresql.run(
        "CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.n % 10 = 3 THEN RETURN NULL; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER drops BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION drop_it()",
    )
    target = postgresql.connector()
    people = target.collection("people")
    rows = frame(people, [{"code": f"P{n}", "n": n} for n in range(10)])
    assert {each.outcome for each in target.insert(people, rows)} == {DONE}
    assert "P3" not in target.fetch(people, rows.select("code"), ["n"])["code"].to_list()
    assert target.count(people) == 9


def test_a_deferred_constraint_names_its_record_too(postgresql):
    postgresql.people()
    postgresql.run(
        "CREATE TABLE staff (code text PRIMARY KEY, boss varchar(20) REFERENCES people DEFERRABLE INITIALLY DEFERRED)"
    )
    target = postgresql.connector()
    staff = target.collection("staff")
    receipts = target.insert(staff, frame(staff, [{"code": "A", "boss": None}, {"code": "B", "boss": "nobody"}]))
    assert codes(receipts) == ["", "foreign_key"]
    assert postgresql.rows("SELECT code FROM staff") == [("A",)]


def test_values_of_the_wrong_kind_are_refused_by_column(served):
    served.run("CREATE TABLE small (code varchar(5) PRIMARY KEY, n smallint, money decimal(4,2))")
    target = served.connector()
    small = target.collection("small")
    rows = [
        {"code": "A", "n": 1, "money": Decimal("1.00")},
        {"code": "B", "n": 70_000, "money": Decimal("1.00")},
        {"code": "C", "n": 1, "money": Decimal("1000.00")},
    ]
    receipts = target.insert(small, frame(small, rows))
    assert codes(receipts) == ["", "out_of_range", "out_of_range"]
    assert "n" in receipts[1].message
    assert "70000" not in str(receipts[1])


def test_an_unknown_word_for_a_list_of_choices_is_refused(postgresql):
    postgresql.run("CREATE TYPE mood AS ENUM ('good', 'bad')", "CREATE TABLE day (code text PRIMARY KEY, mood mood)")
    target = postgresql.connector()
    day = target.collection("day")
    assert day.fields["mood"].choices == {"good", "bad"}
    receipts = target.insert(day, frame(day, [{"code": "A", "mood": "good"}, {"code": "B", "mood": "so-so"}]))
    assert codes(receipts) == ["", "wrong_type"]
    assert "mood" in receipts[1].message
    before = frame(day, [{"code": "A", "mood": "good"}])
    assert codes(target.amend(day, frame(day, [{"code": "A", "mood": "bad"}]), before)) == [""]


def test_a_type_without_equality_can_still_be_compared(postgresql):
    postgresql.run("CREATE TABLE doc (code uuid PRIMARY KEY, body json, num numeric, real8 float8)")
    target = postgresql.connector()
    doc = target.collection("doc")
    key = "00000000-0000-0000-0000-00000000000a"
    row = {"code": key, "body": '{"a":  1}', "num": "1.500", "real8": "0.1"}
    rows = frame(doc, [row])
    assert not target.insert(doc, rows).others
    assert target.fetch(doc, rows.select("code"), ["body", "num", "real8"]).row(0, named=True) == row
    assert codes(target.amend(doc, rows.with_columns(pl.lit("{}").alias("body")), rows)) == [""]
    assert codes(target.delete(doc, rows)) == ["changed"]


def test_a_uuid_in_the_key_must_be_as_the_database_gives_it_back(postgresql):
    """The database takes it in capitals and gives it back in small letters: the record would not be found by its key."""
    postgresql.run("CREATE TABLE doc (code uuid PRIMARY KEY, other uuid)")
    target = postgresql.connector()
    doc = target.collection("doc")
    small, capital = "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3F2504E0-4F89-11D3-9A0C-0305E82C3302"
    receipts = target.insert(doc, frame(doc, [{"code": small, "other": capital}, {"code": capital, "other": None}]))
    assert codes(receipts) == ["", "uuid_form"]
    assert "code" in receipts[1].message
    assert receipts[1].remedy
    assert target.count(doc) == 1


def test_an_empty_batch_does_nothing(database):
    database.people()
    target = database.connector()
    people = target.collection("people")
    nothing = frame(people, [], ["code", "name"])
    assert len(target.insert(people, nothing)) == 0
    assert len(target.amend(people, nothing, nothing)) == 0
    assert len(target.delete(people, nothing)) == 0
    assert target.fetch(people, nothing.select("code"), ["name"]).height == 0


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL"])
def test_what_others_have_hung_on_a_record_does_not_go_with_it(planted, rule):
    planted.run(
        f"CREATE TABLE papers (id integer PRIMARY KEY, person varchar(20),"
        f" FOREIGN KEY (person) REFERENCES people (code) ON DELETE {rule})",
        "INSERT INTO papers VALUES (1, 'P2')",
    )
    target = planted.connector()
    people = target.collection("people")
    old = [{"code": "P1", "name": "a"}, {"code": "P2", "name": "b"}, {"code": "P9", "name": "gone"}]
    assert codes(target.delete(people, frame(people, old))) == ["", "in_use", ""]
    assert [row[0] for row in state(planted)] == ["P2", "P3"]
    assert planted.rows("SELECT person FROM papers") == [("P2",)]
