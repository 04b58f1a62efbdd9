"""A feed becomes people: every row that cannot be used is named, and nothing changes but what changed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from datetime import timedelta

import polars as pl
import pytest

from baton.contracts import Feed
from baton.jobs.sync.reading import Reading, read_feed
from baton.mapping.load import load_mapping
from baton.mapping.schema import FieldMapping
from baton.model.source_rows import Origin, RejectedRow, SourcePage
from tests.rig.clock import START
from tests.rig.company import COLUMNS, HR_MAPPING, row


def _digests(texts: Iterable[str]) -> list[bytes]:
    return [hashlib.sha256(text.encode()).digest() for text in texts]


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> FieldMapping:
    path = tmp_path_factory.mktemp("mapping") / "hr.yaml"
    path.write_text(HR_MAPPING, encoding="utf-8")
    return load_mapping(path, source_fields=None, target_fields=None)


@pytest.fixture
def read(mapping: FieldMapping):
    def _read(*people: dict[str, str], pages: int = 1, rejected=(), columns=COLUMNS) -> Reading:
        rows = [{name: person.get(name) for name in columns} for person in people]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))
        size = max(1, -(-len(rows) // pages))
        cut = [SourcePage(frame[at : at + size], first_row=at + 2) for at in range(0, len(rows), size)]
        if rejected:
            cut.append(SourcePage(frame[:0], rejected=rejected))
        origin = Origin("roster.csv", "0" * 64, START - timedelta(hours=1))
        return read_feed(Feed(origin, iter(cut)), mapping, _digests, START)

    return _read


def faults(reading: Reading) -> list[tuple[str, str, str]]:
    return [(fault.place, fault.field, fault.rule) for fault in reading.faults]


def marks(reading: Reading) -> dict[str, bytes]:
    return dict(zip(reading.rows["number"], reading.digests, strict=True))


def test_people_come_out_typed_and_their_numbers_stay_text(read) -> None:
    reading = read(row("0012", name="测试䶮", mobile="013800000001"))
    (person,) = reading.employees([0])
    assert (person.number, person.full_name, person.mobile, person.time_zone) == (
        "0012",
        "测试䶮",
        "013800000001",
        "Asia/Shanghai",
    )
    assert (reading.facts.rows, reading.facts.unparseable, faults(reading)) == (1, 0, [])


def test_a_number_in_several_rows_rejects_every_one_of_them(read) -> None:
    reading = read(row("0012"), row("0013"), row("0012", title="经理"), row("0012"))
    assert list(reading.rows["number"]) == ["0013"]
    assert faults(reading) == [(f"roster.csv:{line}", "number", "duplicate_number") for line in (2, 4, 5)]
    assert reading.facts.duplicate_numbers == 2


def test_numbers_that_only_look_alike_are_different_people(read) -> None:
    assert set(read(row("0012"), row("12")).rows["number"]) == {"0012", "12"}


@pytest.mark.parametrize(
    ("day", "rule"),
    [("0001-01-01", "via.date"), ("1899-12-31", "via.date"), ("9999-12-31", "via.date"), ("2101-01-01", "date_range")],
)
def test_a_placeholder_is_no_date(read, day: str, rule: str) -> None:
    reading = read(row("0012", status="notice", last_day=day), row("0013"))
    assert list(reading.rows["number"]) == ["0013"]
    assert faults(reading) == [("roster.csv:2", "last_working_day", rule)]
    assert reading.facts.unparseable == 1


def test_leaving_before_joining_is_a_mistake_but_not_a_retracted_hire(read) -> None:
    early = {"hired": "2026-12-01", "last_day": "2026-11-01"}
    assert faults(read(row("0012", status="notice", **early))) == [
        ("roster.csv:2", "last_working_day", "leave_before_hire")
    ]
    assert faults(read(row("0012", status="departed", **early))) == []
    assert faults(read(row("0012", status="active", **early))) == [], "a left-over of an earlier employment"


def test_nothing_is_at_fault_in_rows_the_mapping_is_not_for(tmp_path) -> None:
    path = tmp_path / "hr.yaml"
    path.write_text(
        HR_MAPPING.replace("fields:", "scope: {account: [own]}\nfields:", 1).replace(
            "name: 测试䶮}\n    expect", "name: 测试䶮, account: own}\n    expect"
        ),
        encoding="utf-8",
    )
    mapping = load_mapping(path, source_fields=None, target_fields=None)
    people = [
        row("0012", account="own"),
        row("", account="agency"),
        row("", account="agency"),
        row("0013", account="agency", manager="0013"),
        row("0014", account="agency", hired="2101-01-01"),
        row("0015", account="own", manager="0015"),
    ]
    frame = pl.DataFrame(
        [{name: person.get(name) for name in COLUMNS} for person in people], schema=dict.fromkeys(COLUMNS, pl.String)
    )
    origin = Origin("roster.csv", "0" * 64, START - timedelta(hours=1))
    reading = read_feed(Feed(origin, iter([SourcePage(frame, first_row=2)])), mapping, _digests, START)
    assert reading.numbers == ["0012"]
    assert faults(reading) == [("roster.csv:7", "manager_number", "own_manager")]
    assert (reading.facts.unparseable, reading.facts.duplicate_numbers) == (1, 0)


def test_nobody_is_their_own_manager(read) -> None:
    reading = read(row("0012", manager="0012"), row("0013", manager="0012"))
    assert faults(reading) == [("roster.csv:2", "manager_number", "own_manager")]
    assert list(reading.rows["number"]) == ["0013"]


def test_a_row_the_mapping_refuses_is_named_and_its_content_is_not(read) -> None:
    reading = read(row("0012", status="canary-status"), row("", name="canary-name"), row("0013", hired="canary-day"))
    assert {(place, field) for place, field, _ in faults(reading)} == {
        ("roster.csv:2", "status"),
        ("roster.csv:3", "number"),
        ("roster.csv:4", "hire_day"),
    }
    assert "canary" not in repr(reading.faults)


def test_rows_the_source_could_not_read_count_and_furniture_does_not(read) -> None:
    reading = read(
        row("0012"),
        rejected=[RejectedRow(9, "cells", "too many cells"), RejectedRow(10, "total_row", "a line of totals")],
    )
    assert reading.facts.rows == 1
    assert reading.facts.unparseable == 1
    assert [place for place, _, _ in faults(reading)] == ["roster.csv:9", "roster.csv:10"]


def test_rows_of_a_later_page_keep_their_places(read) -> None:
    reading = read(row("0012"), row("0013"), row("0014", manager="0014"), pages=3)
    assert faults(reading) == [("roster.csv:4", "manager_number", "own_manager")]


def test_a_digest_changes_exactly_when_its_row_does(read) -> None:
    people = [row("0012"), row("0013"), row("0014")]
    before = marks(read(*people))
    assert marks(read(*people)) == before
    for change in ({"title": "经理"}, {"mobile": "13800000001"}, {"manager": "0012"}, {"last_day": "2026-12-01"}):
        after = marks(read(people[0], {**people[1], **change}, people[2]))
        assert {number for number in before if before[number] != after[number]} == {"0013"}


def test_no_value_and_another_column_s_value_do_not_look_alike(read) -> None:
    one, other = row("0012", title="", department="D1"), row("0012", title="D1", department="")
    assert marks(read(one)) != marks(read(other))


def test_neither_the_order_of_rows_nor_pages_nor_columns_matters(read) -> None:
    people = [row(f"{number:04d}", title=f"员工{number}") for number in range(1, 30)]
    shuffled = random.Random(1).sample(people, len(people))
    assert marks(read(*people)) == marks(read(*shuffled, pages=4, columns=tuple(reversed(COLUMNS))))


def test_an_empty_feed_is_read_as_what_it_is(read) -> None:
    reading = read()
    assert (reading.facts.rows, reading.rows.height, list(reading.digests)) == (0, 0, [])
