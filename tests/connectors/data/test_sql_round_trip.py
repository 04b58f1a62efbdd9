"""What is written comes back as it was, cell by cell."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from baton.model.account import Outcome
from baton.sdk import frame_schema

HOSTILE = [
    "a'b", 'a"b', '"', "a\nb", "a\r\nb", "\n", "a\\b", "\\", "\\N", "\\.", "x\n\\.\ny", "a\tb", "a,b", "a;b", "䶮", "𠮷", "👩‍👩‍👧", "",
    None, " ", "trailing ", " leading", "é", "e\u0301", "NULL", "null", "0012", "true", "１２３", "%s %(a)s {}", ":name",
    "=1+1", "'; DROP TABLE people; --", "\x7f\x1b", "\u200b", "\ufeffbom", "a\u2028b",
]  # fmt: skip
UTC_SECOND = datetime(2026, 7, 1, 1, 2, 3, 4, tzinfo=UTC)


def frame(collection, rows, names=None):
    names = names or list(rows[0])
    return pl.DataFrame(rows, schema=frame_schema(collection.fields, names), orient="row")


def test_hostile_text_survives_and_empty_stays_apart_from_nothing(database):
    database.people()
    target = database.connector()
    people = target.collection("people")
    rows = frame(people, [{"code": f"P{n:04d}", "name": text, "note": text} for n, text in enumerate(HOSTILE)])
    assert not target.insert(people, rows).others
    back = target.fetch(people, rows.select("code"), ["name", "note"]).sort("code")
    assert back.rows() == rows.rows()
    assert [row[0] for row in database.rows("SELECT name FROM people ORDER BY code")] == HOSTILE


def test_two_thousand_random_texts_survive(database):
    dice = random.Random(20260101)
    parts = [
        '"',
        "'",
        "\\",
        "\n",
        "\r",
        "\t",
        ",",
        ".",
        "N",
        "\\.",
        "\\N",
        " ",
        "",
        "甲",
        "𠮷",
        "%",
        "0",
        "\x01",
        "\ufeff",
        "`",
    ]
    texts = ["".join(dice.choices(parts, k=dice.randrange(6))) for _ in range(2000)]
    database.people()
    target = database.connector(page_rows=300)
    people = target.collection("people")
    rows = frame(people, [{"code": f"P{n:04d}", "name": text, "note": text} for n, text in enumerate(texts)])
    assert not target.insert(people, rows).others
    seen = target.fetch(people, rows.select("code"), ["name", "note"]).sort("code")
    assert seen.rows() == rows.rows()
    read = pl.concat(page.rows for page in target.records("people").pages)
    assert read["note"].to_list() == [text or None for text in texts]
    assert not target.amend(people, seen.with_columns(name=pl.lit("x")), seen).others


def test_a_source_gives_hostile_text_but_no_empty_text(database):
    database.people()
    target = database.connector(page_rows=7)
    people = target.collection("people")
    target.insert(people, frame(people, [{"code": f"P{n:04d}", "name": text} for n, text in enumerate(HOSTILE)]))
    read = pl.concat(page.rows for page in target.records("people").pages)
    assert read["name"].to_list() == [text or None for text in HOSTILE]
    assert set(read.dtypes) == {pl.String}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("n", [-(2**63) + 1, 2**63 - 1, 0, -1, None]),
        ("money", [Decimal("123456789.1234"), Decimal("-0.0001"), Decimal("0.0000"), Decimal("99999999999.9999"), None]),
        ("flag", [True, False, None]),
        ("born", [date(1000, 1, 1), date(9999, 12, 31), date(2000, 2, 29), None]),
        ("seen", [UTC_SECOND, datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), None]),
        ("clock", [UTC_SECOND, datetime(1999, 12, 31, 16, 0, tzinfo=UTC), None]),
    ],
)  # fmt: skip
def test_typed_values_survive(database, field, values):
    database.people()
    target = database.connector()
    people = target.collection("people")
    rows = frame(people, [{"code": f"P{n}", field: value} for n, value in enumerate(values)])
    assert not target.insert(people, rows).others
    back = target.fetch(people, rows.select("code"), [field]).sort("code")
    assert back.schema == rows.schema
    assert back.rows() == rows.rows()


def test_thirty_eight_digits_survive_where_there_is_a_server(served):
    served.people()
    target = served.connector()
    people = target.collection("people")
    value = Decimal("1234567890123456789012345678901234.5678")
    rows = frame(people, [{"code": "P1", "money": value}])
    assert not target.insert(people, rows).others
    assert target.fetch(people, rows.select("code"), ["money"])["money"].to_list() == [value]
    (page,) = target.records("people").pages
    assert page.rows["money"].to_list() == [str(value)]


def test_the_first_day_and_every_bigint_survive_in_postgresql(postgresql):
    postgresql.people()
    target = postgresql.connector()
    people = target.collection("people")
    rows = frame(people, [{"code": "P1", "n": -(2**63), "born": date(1, 1, 1)}])
    assert not target.insert(people, rows).others
    assert target.fetch(people, rows.select("code"), ["n", "born"]).rows() == [("P1", -(2**63), date(1, 1, 1))]


def test_sqlite_refuses_digits_it_would_round(sqlite):
    sqlite.people()
    target = sqlite.connector()
    people = target.collection("people")
    receipts = target.insert(people, frame(people, [{"code": "P1", "money": Decimal("123456789012.1234")}]))
    assert [(each.outcome, each.code) for each in receipts] == [(Outcome.REFUSED, "precision")]


def test_canonical_text_of_a_source(database):
    database.people()
    target = database.connector()
    people = target.collection("people")
    row = {
        "code": "P1",
        "n": 12,
        "money": Decimal("1.5000"),
        "flag": True,
        "born": date(2026, 1, 2),
        "seen": UTC_SECOND,
    }
    target.insert(people, frame(people, [{**row, "clock": datetime(2026, 1, 1, tzinfo=UTC)}]))
    (page,) = target.records("people").pages
    assert page.rows.row(0, named=True) == {
        "code": "P1", "name": None, "note": None, "n": "12", "money": "1.5000", "flag": "true", "born": "2026-01-02",
        "seen": "2026-07-01T01:02:03.000004+00:00", "clock": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip


def test_a_clock_column_is_meant_in_the_time_zone_set(database):
    database.people()
    database.run("INSERT INTO people (code, clock) VALUES ('P1', '2026-01-01 08:00:00')")
    for zone, hour in (("Asia/Shanghai", 0), ("UTC", 8)):
        target = database.connector(time_zone=zone)
        found = target.fetch(target.collection("people"), pl.DataFrame({"code": ["P1"]}), ["clock"])
        assert found["clock"].to_list() == [datetime(2026, 1, 1, hour, tzinfo=UTC)]


def test_a_moment_that_the_clock_showed_twice_is_refused(database):
    database.people()
    target = database.connector(time_zone="Europe/Berlin")
    people = target.collection("people")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    receipts = target.insert(
        people,
        frame(people, [{"code": "P1", "clock": first}, {"code": "P2", "clock": first + timedelta(hours=1)}]),
    )
    assert [each.code for each in receipts] == ["", "ambiguous_time"]
    assert database.rows("SELECT code FROM people") == [("P1",)]


def test_nul_is_refused_by_name(database):
    database.people()
    target = database.connector()
    people = target.collection("people")
    receipts = target.insert(people, frame(people, [{"code": "P1", "name": "a\0b"}]))
    assert (receipts[0].code, "name" in receipts[0].message) == ("nul", True)


def test_a_target_that_pads_gives_back_what_it_kept(served):
    served.run("CREATE TABLE fixed (code char(5) PRIMARY KEY, name char(8))")
    target = served.connector()
    fixed = target.collection("fixed")
    rows = frame(fixed, [{"code": "A1", "name": "name  "}, {"code": "A2", "name": "x"}])
    assert not target.insert(fixed, rows).others
    assert target.fetch(fixed, rows.select("code"), ["name"]).sort("code").rows() == [("A1", "name"), ("A2", "x")]
