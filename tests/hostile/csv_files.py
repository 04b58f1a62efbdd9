"""Delimited text, numbers 1 to 18: rosters, files of a migration, and people as a mapping makes them of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from baton.banking.reading.amounts import from_major, from_minor
from baton.client import Client
from baton.contracts import Feed
from baton.egress import EgressRule
from baton.errors import FeedRefusedError
from baton.hub import execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.jobs.source_guards import FeedFacts, GuardPolicy, check_feed
from baton.jobs.sync.reading import Reading, read_feed
from baton.mapping.load import load_mapping
from baton.mapping.schema import FieldMapping
from baton.model.source_rows import Origin, SourcePage
from baton.store.personal import Keyring
from baton.tables import Caps, DelimitedFile, FileError, Layout, refused
from baton.tables.harmless import csv_bytes
from connectors.hr.file_export.connector import FileExport, FileExportSettings
from tests.hostile.ground import PERSONAL, Ground, hostile
from tests.rig.clock import START, VirtualClock
from tests.rig.company import COLUMNS, HR_MAPPING, Company, row
from tests.rig.targets import KeyTarget

HEADER = "工号,姓名,状态"
BEFORE, AFTER = "0012,测试甲,在职", "0014,测试乙,在职"
ROWS = [("0012", "测试甲", "在职"), ("0014", "测试乙", "在职")]


def roster(path: Path, **settings: Any) -> Feed:
    """A roster file as the HR source reads it."""
    given = {"path": str(path), "settle_s": 0, "columns": ("工号", "姓名"), "number_column": "工号", **settings}
    return FileExport(FileExportSettings.model_validate(given), Client(EgressRule(frozenset()))).census()


def looked_at(feed: Feed) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, str]]]:
    """All rows, and row, rule and column of each rejected one."""
    pages = list(feed.pages)
    rows = [row for page in pages for row in page.rows.rows()]
    return rows, [(each.row, each.rule, each.column) for page in pages for each in page.rejected]


def taken(path: Path, **settings: Any) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, str]]]:
    """A roster read to its end."""
    return looked_at(roster(path, **settings))


def streamed(path: Path) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, str]]]:
    """The same bytes as a migration reads them, block by block."""
    try:
        pages = list(DelimitedFile.open(path, Layout(("工号",), header_depth=1), Caps()).pages(1000))
    except FileError as fault:
        raise refused(fault, "") from fault
    rows = [row for page in pages for row in page.rows.rows()]
    return rows, [(each.row, each.rule, each.column) for page in pages for each in page.rejected]


def guard_of(ground: Ground, path: Path, **settings: Any) -> str:
    """Why a roster is refused as a whole."""
    error = ground.refusal(taken, path, **settings)
    assert isinstance(error, FeedRefusedError)
    assert error.remedy
    return error.breaches[0].guard


def one_bad_line(ground: Ground, line: str, rule: str, column: str) -> None:
    """A line between two good ones is put aside by row, rule and column, by both readers, and harms neither."""
    path = ground.write("roster.csv", f"{HEADER}\n{BEFORE}\n{line}\n{AFTER}\n")
    for read in (taken, streamed):
        assert ground.result(read, path) == (ROWS, [(3, rule, column)])


@hostile(1, "a byte order mark before the first header")
def is_no_part_of_its_name(ground: Ground) -> None:
    path = ground.write("roster.csv", f"\ufeff{HEADER}\n{BEFORE}\n{AFTER}\n")
    assert ground.result(taken, path) == ground.result(streamed, path) == (ROWS, [])


@hostile(2, "UTF-16 and GB18030 under the name .csv", utf16="utf-16", gb18030="gb18030", gbk="gbk")
def is_read_as_what_it_is(ground: Ground, encoding: str) -> None:
    path = ground.write("roster.csv", f"{HEADER}\n{BEFORE}\n{AFTER}\n".encode(encoding))
    assert ground.result(taken, path) == (ROWS, [])


@hostile(2, "UTF-16 and GB18030 under the name .csv", cut_in_a_character=b"\xe5\x9c", latin=b"\xe9t\xe9")
def is_refused_where_a_byte_is_of_no_encoding(ground: Ground, tail: bytes) -> None:
    path = ground.write("roster.csv", f"{HEADER}\n{BEFORE}\n0014,测试乙,".encode() + tail)
    assert guard_of(ground, path) == "undecodable"


@hostile(3, "NUL inside a field")
def puts_its_row_aside(ground: Ground) -> None:
    one_bad_line(ground, f"0013,{PERSONAL}\0,在职", "nul", "姓名")


@hostile(4, "lines that end with a bare CR")
def inside_a_field_puts_the_row_aside(ground: Ground) -> None:
    one_bad_line(ground, f"0013,{PERSONAL}\rx,在职", "bare_cr", "姓名")


@hostile(4, "lines that end with a bare CR")
def everywhere_refuses_the_file(ground: Ground) -> None:
    path = ground.write("roster.csv", f"{HEADER}\r0012,{PERSONAL},在职\r")
    assert guard_of(ground, path) == "bare_cr"


@hostile(5, "a field of 200,000 characters", bare="{}", quoted='"{}"', of_many_bytes="长{}")
def puts_its_row_aside_whatever_it_holds(ground: Ground, form: str) -> None:
    one_bad_line(ground, f"0013,{PERSONAL},{form.format('a' * 200_000)}", "field_too_long", "状态")


@hostile(6, "a quote that is never closed")
def swallows_no_row_behind_it(ground: Ground) -> None:
    one_bad_line(ground, f'0013,"{PERSONAL},在职', "unclosed_quote", "姓名")


@hostile(6, "a quote that is never closed")
def before_a_hundred_thousand_rows_costs_no_time(ground: Ground) -> None:
    rows = "\n".join(f"{n:06d},测试,在职" for n in range(100_000))
    path = ground.write("roster.csv", f'{HEADER}\n0013,"{PERSONAL},在职\n{rows}\n')
    found, rejected = ground.result(taken, path)
    assert (len(found), rejected) == (100_000, [(2, "unclosed_quote", "姓名")])


@hostile(7, "rows with more or fewer cells", short="0013,{}", long="0013,{},在职,x,y", one_cell="{}")
def are_put_aside(ground: Ground, line: str) -> None:
    one_bad_line(ground, line.format(PERSONAL), "ragged", "")


@hostile(
    8, "two headers of one name", equal="工号,姓名,姓名", in_full_width="工号,姓名,ID,ＩＤ", spaced="工号,姓名,工 号"
)
def refuse_the_file(ground: Ground, header: str) -> None:
    path = ground.write("roster.csv", f"{header}\n{BEFORE}{',x' * (header.count(',') - 2)}\n")
    assert guard_of(ground, path) == "duplicate_header"
    assert isinstance(ground.refusal(streamed, path), FeedRefusedError)


@hostile(9, "a header alone, nothing at all, odd delimiters and ends", nothing=b"", blank=b"\n \n\n", nul=b"\0" * 4096)
def has_nothing_to_compare(ground: Ground, content: bytes) -> None:
    assert guard_of(ground, ground.write("roster.csv", content)) in ("empty_file", "encoding")


@hostile(9, "a header alone, nothing at all, odd delimiters and ends", semicolon=";", tab="\t", pipe="|")
def is_read_with_its_own_delimiter(ground: Ground, delimiter: str) -> None:
    text = f"{HEADER}\n{BEFORE}\n{AFTER}".replace(",", delimiter)  # and without a final line end
    assert ground.result(taken, ground.write("roster.csv", text)) == (ROWS, [])


@hostile(9, "a header alone, nothing at all, odd delimiters and ends")
def header_alone_is_an_empty_feed_that_the_guards_refuse(ground: Ground) -> None:
    rows, rejected = ground.result(taken, ground.write("roster.csv", HEADER))
    assert (rows, rejected) == ([], [])
    facts = FeedFacts(0, 0, 0, ("工号", "姓名", "状态"), START, START)
    assert [breach.guard for breach in check_feed(facts, None, GuardPolicy())] == ["empty"]


FORMULAS = ('=HYPERLINK(""http://x"")', "=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1")


@hostile(10, "formulas in cells", **{f"no_{at}": text for at, text in enumerate(FORMULAS)})
def stay_the_text_they_are_and_leave_as_text(ground: Ground, text: str) -> None:
    path = ground.write("roster.csv", f'{HEADER}\n0012,"{text}",在职\n')
    ((_, kept, _),), rejected = ground.result(taken, path)
    assert (kept, rejected) == (text.replace('""', '"'), [])
    shown = csv_bytes(["name"], [[kept]]).decode("utf-8-sig").splitlines()[1]
    assert shown.lstrip('"').startswith("'"), "a spreadsheet would run it"


@hostile(11, "numbers and days that look like others", zeros="00123", exponent="1E5", plain="123")
def stay_the_text_they_are(ground: Ground, number: str) -> None:
    path = ground.write("roster.csv", f"{HEADER}\n{number},测试甲,在职\n")
    assert ground.result(taken, path) == ([(number, "测试甲", "在职")], [])


@cache
def mapping() -> FieldMapping:
    """Rows of the tests' HR system to people."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "hr.yaml")
        path.write_text(HR_MAPPING, "utf-8")
        return load_mapping(path, source_fields=None, target_fields=None)


def people(*rows: dict[str, str]) -> Reading:
    """Rows of the HR system as people."""
    filled = [{"status": "active", "name": "测试", "hired": "2020-01-01", **given} for given in rows]
    told = [{name: given.get(name) for name in COLUMNS} for given in filled]
    frame = pl.DataFrame(told, schema=dict.fromkeys(COLUMNS, pl.String))
    feed = Feed(Origin("roster.csv", "0" * 64, START), iter([SourcePage(frame, first_row=2)]))
    return read_feed(feed, mapping(), lambda texts: [hashlib.sha256(text.encode()).digest() for text in texts], START)


def put_aside(ground: Ground, given: dict[str, str], fields: Sequence[str]) -> None:
    """A row between two good ones is named by place and field; the others become people."""
    reading = ground.result(people, {"number": "0012"}, {"name": PERSONAL, **given}, {"number": "0014"})
    assert list(reading.rows["number"]) == ["0012", "0014"]
    assert {fault.place for fault in reading.faults} == {"roster.csv:3"}
    assert {fault.field for fault in reading.faults} <= set(fields)
    assert all(fault.rule and fault.message and PERSONAL not in fault.message for fault in reading.faults)


@hostile(11, "numbers and days that look like others", no_such_day="2026-02-30", day_first="31/12/26", word="soon")
def are_no_days(ground: Ground, day: str) -> None:
    put_aside(ground, {"number": "0013", "hired": day}, ["hire_day"])


@hostile(12, "digits of other alphabets, powers and underscores", wide="１２３", arabic="٣", power="²", grouped="1_000")
def are_no_day_and_no_amount_and_stay_text_in_a_number(ground: Ground, digits: str) -> None:
    assert list(ground.result(people, {"number": digits}).rows["number"]) == [digits]
    put_aside(ground, {"number": "0013", "hired": f"2026-11-{digits}"}, ["hire_day"])
    ground.no_value(from_minor, digits)
    ground.no_value(from_major, digits, "CNY")


@hostile(13, "one name in two Unicode forms")
def is_one_digest_and_the_text_stays_as_it_came(ground: Ground) -> None:
    ring = Keyring(1, {1: b"e" * 32}, b"i" * 32, b"d" * 32)
    composed, apart = "Zo\u00eb", "Zoe\u0308"
    assert ring.field_digest(composed, "x") == ring.field_digest(apart, "x")
    path = ground.write("roster.csv", f"{HEADER}\n0012,{composed},在职\n0014,{apart},在职\n")
    assert [name for _, name, _ in ground.result(taken, path)[0]] == [composed, apart]


@hostile(14, "characters nobody sees, and look-alikes", zero_width="\u200b0013", bidi="\u202e0013", bom="0013\ufeff")
def are_in_no_employee_number(ground: Ground, number: str) -> None:
    path = ground.write("roster.csv", f"{HEADER}\n{BEFORE}\n{number},{PERSONAL},在职\n{AFTER}\n")
    assert ground.result(taken, path) == (ROWS, [(3, "number_not_clean", "工号")])


@hostile(14, "characters nobody sees, and look-alikes")
def cyrillic_manager_is_another_person_and_said_to_be_unknown(ground: Ground) -> None:
    reading = ground.result(people, {"number": "A12"}, {"number": "0014", "manager": "\u041012"})
    assert list(reading.rows["manager_number"]) == [None, "\u041012"]
    assert set(reading.rows["number"]) == {"A12", "0014"}


def many_rows(ground: Ground, count: int) -> Path:
    """So many rows with a short one in the middle."""
    half = "\n".join(f"{n:07d},测试,在职" for n in range(count // 2))
    return ground.write("roster.csv", f"{HEADER}\n{half}\n0013,{PERSONAL}\n{half.replace('测试', '乙')}\n")


@hostile(15, "a million rows with one bad in the middle")
def are_read_block_by_block_with_that_one_put_aside(ground: Ground) -> None:
    path = many_rows(ground, 1_000_000)
    count, rejected = ground.result(counted, path)
    assert (count, rejected) == (1_000_000, [(500_002, "ragged")])


def counted(path: Path) -> tuple[int, list[tuple[int, str]]]:
    """How many rows a file of a migration has, none of them kept, and which are rejected."""
    rows, rejected = 0, []
    for page in DelimitedFile.open(path, Layout(("工号",), header_depth=1), Caps(rows=2_000_000)).pages(20_000):
        rows += page.rows.height
        rejected += [(each.row, each.rule) for each in page.rejected]
    return rows, rejected


@hostile(15, "a million rows with one bad in the middle")
def half_of_them_as_a_roster_which_is_held_whole(ground: Ground) -> None:
    feed = ground.result(roster, many_rows(ground, 500_000), page_rows=1_000_000)
    pages = list(feed.pages)
    assert sum(page.rows.height for page in pages) == 500_000
    assert [(each.row, each.rule) for page in pages for each in page.rejected] == [(250_002, "ragged")]


@hostile(16, "one number twice with another status")
def is_in_no_reading(ground: Ground) -> None:
    reading = ground.result(
        people, {"number": "0012"}, {"number": "0013"}, {"number": "0013", "status": "departed", "name": PERSONAL}
    )
    assert list(reading.rows["number"]) == ["0012"]
    assert [(fault.place, fault.rule) for fault in reading.faults] == [
        ("roster.csv:3", "duplicate_number"),
        ("roster.csv:4", "duplicate_number"),
    ]
    assert reading.facts.duplicate_numbers == 1


@hostile(17, "managers that are nobody, oneself, or each other")
def oneself_is_a_contradiction(ground: Ground) -> None:
    put_aside(ground, {"number": "0013", "manager": "0013"}, ["manager_number"])


@hostile(17, "managers that are nobody, oneself, or each other")
def each_other_and_nobody_end_in_accounts_without_waiting_for_ever(ground: Ground) -> None:
    company = Company(ground.folder, f"sqlite:///{ground.folder}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget})
    company.rows = [row("0012", manager="0013"), row("0013", manager="0012"), row("0014", manager="9999")]
    with closing(company.open()) as hub:
        run = ground.result(plan_sync, hub, SyncRequest()).run
        ground.result(execution.apply, hub)
        ground.result(execution.settle, hub, run.id)
    assert sorted(company.truths["crm"].accounts) == ["0012", "0013", "0014"]


@hostile(
    18,
    "days in the wrong order and beyond the calendar",
    year_1="0001-01-01",
    year_9999="9999-12-31",
    leap="2025-02-29",
)
def put_their_row_aside(ground: Ground, day: str) -> None:
    put_aside(ground, {"number": "0013", "hired": day}, ["hire_day"])


@hostile(18, "days in the wrong order and beyond the calendar")
def leaving_before_coming_is_a_contradiction(ground: Ground) -> None:
    backwards = {"number": "0013", "status": "notice", "hired": "2026-11-02", "last_day": "2026-11-01"}
    put_aside(ground, backwards, ["last_working_day", "hire_day", "last_day"])


@hostile(18, "days in the wrong order and beyond the calendar")
def a_real_leap_day_is_a_day(ground: Ground) -> None:
    assert ground.result(people, {"number": "0013", "hired": "2024-02-29"}).faults == []
