"""Reading a table: one state of it, in pages, with what cannot be read named by place and rule."""

import gc

import polars as pl
import pytest

from baton.errors import FeedRefusedError


def numbers(page):
    return [(page.first_row + place, row) for place, row in enumerate(page.rows["code"])]


def plant(database, count):
    database.people()
    database.run("INSERT INTO people (code, n) VALUES " + ", ".join(f"('P{n:04d}', {n})" for n in range(count)))


def test_pages_follow_the_key_and_count_rows(database):
    plant(database, 25)
    feed = database.connector(page_rows=10).records("people")
    pages = list(feed.pages)
    assert [page.rows.height for page in pages] == [10, 10, 5]
    assert [row for page in pages for row in numbers(page)] == [(n + 1, f"P{n:04d}") for n in range(25)]
    assert [page.cursor is None for page in pages] == [False, False, True]
    assert feed.origin.detail["rows"] == "25"


def test_an_empty_table_gives_one_empty_page_with_its_columns(database):
    database.people()
    (page,) = database.connector().records("people").pages
    assert (page.rows.height, page.rows.columns[:2], page.cursor) == (0, ["code", "name"], None)


def test_a_value_that_begins_like_a_byte_order_mark_stays_whole(database):
    database.run("CREATE TABLE odd (code varchar(9) PRIMARY KEY, name varchar(9))")
    database.run("INSERT INTO odd VALUES ('\ufeff0001', '\ufeffx')")
    target = database.connector()
    (page,) = target.records("odd").pages
    assert page.rows.rows() == [("\ufeff0001", "\ufeffx")]
    odd = target.collection("odd")
    assert target.fetch(odd, pl.DataFrame({"code": ["\ufeff0001"]}), ["name"]).rows() == [("\ufeff0001", "\ufeffx")]


def test_the_same_rows_have_the_same_digest_and_a_changed_cell_another(database):
    plant(database, 5)
    target = database.connector()
    first, second = target.records("people").origin.digest, target.records("people").origin.digest
    assert first == second
    database.run("UPDATE people SET name = '' WHERE code = 'P0003'")
    assert target.records("people").origin.digest != first


def test_what_others_write_meanwhile_is_not_seen(database):
    plant(database, 30)
    feed = database.connector(page_rows=10).records("people")
    pages = [next(feed.pages)]
    database.run(
        "UPDATE people SET n = -1",
        "DELETE FROM people WHERE code = 'P0015'",
        "INSERT INTO people (code) VALUES ('P0016x')",
    )
    pages += list(feed.pages)
    read = pl.concat(page.rows for page in pages)
    assert read["n"].to_list() == [str(n) for n in range(30)]


def test_a_reading_that_is_given_up_lets_go_of_the_database(database):
    plant(database, 300)
    target = database.connector(page_rows=10)
    feed = target.records("people")
    next(feed.pages)
    del feed
    gc.collect()
    untouched = target.records("people")
    del untouched
    gc.collect()
    database.run("ALTER TABLE people ADD COLUMN later varchar(5)")
    assert database.rows("SELECT count(*) FROM people WHERE later IS NULL") == [(300,)]


def test_a_table_larger_than_allowed_is_refused(database):
    plant(database, 5)
    with pytest.raises(FeedRefusedError) as error:
        database.connector(max_rows=4).records("people")
    assert [breach.guard for breach in error.value.breaches] == ["max_rows"]


STRANGE = [
    "('P1', 1, 1.5, '2026-01-01', '2026-01-01 00:00:00')",
    "('P2', 'x', 1, '2026-01-01', NULL)",
    "('P3', 3.5, NULL, NULL, NULL)",
    "('P4', 4, 1.23456, NULL, NULL)",
    "('P5', 5, NULL, '1.1.2026', NULL)",
    "('P6', 6, NULL, NULL, '2026-02-30 00:00:00')",
    "(x'00ff', 7, NULL, NULL, NULL)",
    "('P8', 8, 2, NULL, NULL)",
]


def test_stored_values_unlike_their_declared_type_are_faults(sqlite):
    sqlite.people()
    sqlite.run(f"INSERT INTO people (code, n, money, born, clock) VALUES {', '.join(STRANGE)}")
    pages = list(sqlite.connector().records("people").pages)
    good = [(number, code) for page in pages for number, code in numbers(page)]
    assert good == [(1, "P1"), (7, "P8")]  # bytes sort last
    bad = {each.row: each.column for page in pages for each in page.rejected}
    assert bad == {2: "n", 3: "n", 4: "money", 5: "born", 6: "clock", 8: "code"}
    with pytest.raises(FeedRefusedError, match="cannot be read"):
        list(sqlite.connector(max_rejected_rows=3).records("people").pages)


def test_days_that_no_calendar_holds_are_faults(postgresql):
    postgresql.people()
    postgresql.run(
        "INSERT INTO people (code, born, seen) VALUES ('P1', 'infinity', NULL), ('P2', NULL, '-infinity'),"
        " ('P3', '0044-03-15 BC', NULL), ('P4', '10000-01-01', NULL), ('P5', '2026-01-01', '2026-01-01 00:00+08')"
    )
    pages = list(postgresql.connector().records("people").pages)
    assert {each.row: each.column for page in pages for each in page.rejected} == {
        1: "born",
        2: "seen",
        3: "born",
        4: "born",
    }
    assert [numbers(page) for page in pages][-1] == [(5, "P5")]


def test_a_clock_reading_that_was_skipped_is_a_fault(database):
    database.people()
    database.run("INSERT INTO people (code, clock) VALUES ('P1', '2026-03-29 02:30:00'), ('P2', '2026-03-29 03:30:00')")
    pages = list(database.connector(time_zone="Europe/Berlin").records("people").pages)
    assert [(each.row, each.column, each.rule) for page in pages for each in page.rejected] == [
        (1, "clock", "stored_value")
    ]


def test_zero_and_one_are_the_only_truths(served, request):
    served.people()
    if served.product == "mysql":
        served.run("INSERT INTO people (code, flag) VALUES ('P1', 1), ('P2', 2)")
        pages = list(served.connector().records("people").pages)
        assert [each.column for page in pages for each in page.rejected] == ["flag"]
    else:
        served.run("INSERT INTO people (code, flag) VALUES ('P1', true), ('P2', false)")
        (page,) = served.connector().records("people").pages
        assert page.rows["flag"].to_list() == ["true", "false"]


def test_a_stored_value_that_does_not_fit_stops_the_read_back(sqlite):
    sqlite.people()
    sqlite.run("INSERT INTO people (code, n) VALUES ('P1', 'private')")
    target = sqlite.connector()
    with pytest.raises(Exception, match="declared type") as error:
        target.fetch(target.collection("people"), pl.DataFrame({"code": ["P1"]}), ["n"])
    assert (error.value.code, "private" in str(error.value)) == ("stored_value", False)
