"""Random workbooks, as several programs write them, are read as a plain cell-by-cell reading reads them."""

from __future__ import annotations

import datetime as dt
import io
import re
import string
import zipfile
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from baton.tables import ArchiveCaps, Caps, Layout, Table, read_workbook, xml_section
from tests.rig.examples import few
from tests.tables.reference_reader import Cell, read

SHEET = "xl/worksheets/sheet1.xml"
WIDTH = 4
CAPS = Caps(rows=100_000, columns=60)
FORMS = {1: "yyyy-mm-dd", 2: "h:mm:ss", 3: 'yyyy"年"m"月"d"日" h:mm', 4: "[h]:mm:ss", 5: "0000", 6: "0.00%"}
MOMENTS = {1: "date", 2: "time", 3: "date_time", 4: "duration"}
PADDED = {5: 4}

plain_characters = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Co", "Cn"])
words = st.one_of(
    st.text(plain_characters, max_size=12),
    st.sampled_from(
        ["测试甲", "0012", "110101199003070011", " 前后 ", "甲\n乙", "R&D <部>", "_x000D_", '"', "a'b", "]]>"]
    ),
    st.integers(10**17, 10**18 - 1).map(str),
)
numbers = st.one_of(
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-(10**6), 10**6, places=2).map(float),
    st.sampled_from([0.1, 1.1, 0.1 + 0.2, 1e-7, 1.5e10, -0.0, 97775.6, 0.07]),
)
moments = st.one_of(
    st.datetimes(dt.datetime(1904, 1, 2), dt.datetime(9999, 12, 31)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
    st.dates(dt.date(1904, 1, 2), dt.date(9999, 12, 31)),
)
values = st.one_of(st.none(), words, numbers, moments, st.booleans(), st.timedeltas(dt.timedelta(), dt.timedelta(300)))
tables = st.lists(st.lists(values, min_size=WIDTH, max_size=WIDTH), max_size=6)
HEADER = [f"列{number}" for number in range(1, WIDTH + 1)]


def taken(table: Table) -> dict[Cell, str | None]:
    rows = zip(table.row_numbers, table.frame.rows(), strict=True)
    cells = {(row, column): text for row, texts in rows for column, text in enumerate(texts, 1) if text}
    return cells | {(each.row, 0): None for each in table.rejected}


def expected(data: bytes, moments: dict[int, str], padded: dict[int, int]) -> dict[Cell, str | None]:
    cells = {at: text for at, text in read(data, moments, padded, SHEET).items() if at[0] > 1}
    broken = {row for (row, _), text in cells.items() if text is None}
    return {at: text for at, text in cells.items() if at[0] not in broken} | {(row, 0): None for row in broken}


def agrees(data: bytes, moments: dict[int, str], padded: dict[int, int]) -> None:
    table = read_workbook(data, None, Layout(required=(HEADER[0],)), CAPS, ArchiveCaps())
    assert table.frame.columns == HEADER
    assert taken(table) == expected(data, moments, padded)


def written_by_xlsxwriter(rows: Sequence[Sequence[Any]], options: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as workbook:
        forms = {number: workbook.add_format({"num_format": form}) for number, form in FORMS.items()}
        sheet = workbook.add_worksheet("名册")
        for y, row in enumerate([HEADER, *rows]):
            for x, value in enumerate(row):
                if isinstance(value, dt.datetime):
                    sheet.write_datetime(y, x, value, forms[3])
                elif isinstance(value, dt.date):
                    sheet.write_datetime(y, x, value, forms[1])
                elif isinstance(value, dt.timedelta):
                    sheet.write_datetime(y, x, value, forms[4])
                elif isinstance(value, bool):
                    sheet.write_boolean(y, x, value)
                elif isinstance(value, int | float):
                    sheet.write_number(y, x, value, forms[5 if y % 2 else 6])
                elif value is not None:
                    sheet.write_string(y, x, value)
    return out.getvalue()


@few(25)
@given(tables, st.booleans(), st.booleans())
def test_what_xlsxwriter_writes(rows: list[list[Any]], inline: bool, from_1904: bool) -> None:
    agrees(written_by_xlsxwriter(rows, {"constant_memory": inline, "date_1904": from_1904}), *used_styles(rows))


def used_styles(rows: Sequence[Sequence[Any]]) -> tuple[dict[int, str], dict[int, int]]:
    """xlsxwriter numbers styles in the order of their first use."""
    order: list[int] = []
    for y, row in enumerate(rows, start=1):
        for value in row:
            match value:
                case dt.datetime():
                    form = 3
                case dt.date():
                    form = 1
                case dt.timedelta():
                    form = 4
                case bool() | None | str():
                    continue
                case _:
                    form = 5 if y % 2 else 6
            if form not in order:
                order.append(form)
    index = {form: position for position, form in enumerate(order, start=1)}
    return (
        {index[form]: name for form, name in MOMENTS.items() if form in index},
        {index[form]: width for form, width in PADDED.items() if form in index},
    )


@few(20)
@given(
    st.lists(st.lists(st.one_of(st.none(), words, numbers, st.booleans()), min_size=WIDTH, max_size=WIDTH), max_size=6)
)
def test_what_openpyxl_writes(rows: list[list[Any]]) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for y, row in enumerate([HEADER, *rows], start=1):
        for x, value in enumerate(row, start=1):
            cell = sheet.cell(y, x)
            if isinstance(value, str):
                cell.value, cell.data_type = value, "s"
            else:
                cell.value = value
    out = io.BytesIO()
    workbook.save(out)
    agrees(out.getvalue(), {}, {})


STYLES = (
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts>'
    + "".join(
        f'<numFmt numFmtId="{163 + n}" formatCode="{escape(form, {chr(34): "&quot;"})}"/>' for n, form in FORMS.items()
    )
    + '</numFmts><cellXfs><xf numFmtId="0"/>'
    + "".join(f'<xf numFmtId="{163 + n}"/>' for n in FORMS)
    + "</cellXfs></styleSheet>"
)
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def hand_written(rows: str, prefix: str, shared: str) -> bytes:
    """A workbook around these rows; ``§`` stands for the prefix of every tag."""
    declared = f'xmlns:{prefix[:-1]}="{NAMESPACE}"' if prefix else f'xmlns="{NAMESPACE}"'
    head = "".join(
        f'<§c r="{string.ascii_uppercase[x]}1" t="inlineStr"><§is><§t>{name}</§t></§is></§c>'
        for x, name in enumerate(HEADER)
    )
    sheet = f'<?xml version="1.0"?>\n<§worksheet {declared}><§dimension ref="A1"/><§sheetData><§row r="1">{head}</§row>{rows}</§sheetData></§worksheet>'
    strings = f"<§sst {declared}>{shared}</§sst>"
    out = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.save(out)
    made = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if name not in (SHEET, "xl/sharedStrings.xml", "xl/styles.xml"):
                new.writestr(name, old.read(name))
        new.writestr("xl/styles.xml", STYLES)
        new.writestr(SHEET, sheet.replace("§", prefix))
        new.writestr("xl/sharedStrings.xml", strings.replace("§", prefix))
    return made.getvalue()


xml_words = st.text(plain_characters, max_size=8).map(escape)
spaces = st.sampled_from(["", "", "\n  ", " \r\n\t"])
texts = st.one_of(
    xml_words.map("<§t>{}</§t>".format),
    xml_words.map('<§t xml:space="preserve"> {} </§t>'.format),
    xml_words.map("<§t xml:space='preserve'>{}</§t>".format),
    xml_words.map("<§t> {}&#10;&#x7532;\r\n_x000D__x005F_x000D_</§t>".format),
    st.tuples(xml_words, xml_words).map(
        lambda two: (
            f'<§r><§rPr><§b/><§color rgb="FF0000"/></§rPr><§t>{two[0]}</§t></§r><§r><§t xml:space="preserve">{two[1]} </§t></§r>'
            '<§rPh sb="0" eb="1"><§t>jia</§t></§rPh><§phoneticPr fontId="1"/>'
        )
    ),
    st.just("<§t/>"),
    st.just(""),
)
serials = st.one_of(
    st.integers(0, 2_958_465).map(str),
    st.floats(0, 60_000).map(repr),
    st.sampled_from(
        ["0", "0.5", "59", "60", "61", "60.5", "-1", "1.25", "46357.395833333336", "2958465.5", "0.39583333333333331"]
    ),
)


@st.composite
def cells(draw: st.DrawFn) -> str:
    """A cell without its place, which goes to ``@``; ``~`` is optional white space."""
    gap = draw(spaces)
    style = draw(st.sampled_from(["", "", *(f' s="{n}"' for n in FORMS)]))
    kind, inside = draw(
        st.one_of(
            st.tuples(st.sampled_from(["", ' t="n"']), serials.map("<§v>{}</§v>".format)),
            st.tuples(st.sampled_from(["", ' t="n"']), st.floats(-1e5, 1e5).map("<§v>{:.17G}</§v>".format)),
            st.tuples(st.just(' t="s"'), st.sampled_from(["<§v>0</§v>", "<§v>1</§v>", "<§v>2</§v>"])),
            st.tuples(st.just(' t="b"'), st.sampled_from(["<§v>0</§v>", "<§v>1</§v>"])),
            st.tuples(st.just(' t="e"'), st.just("<§v>#REF!</§v>")),
            st.tuples(st.just(' t="str"'), xml_words.map("<§f>A1&amp;B1</§f><§v>{}</§v>".format)),
            st.tuples(st.just(' t="str"'), st.just("<§f>A1</§f>")),
            st.tuples(st.just(""), st.sampled_from(["<§f>1+1</§f>", "<§f/><§v/>", '<§f t="shared" si="0"/><§v/>'])),
            st.tuples(st.just(""), st.just('<§f t="shared" ref="A1:A2" si="0">B2/2</§f><§v>2</§v>')),
            st.tuples(st.just(' t="inlineStr"'), texts.map("<§is>{}</§is>".format)),
            st.tuples(st.just(""), st.just("")),
        )
    )
    inside = inside.replace("><", f">{gap}<") if draw(st.booleans()) and "preserve" not in inside else inside
    attributes = draw(
        st.sampled_from(["@{s}{t}", "@{t}{s}", "{t}{s}@", "{s}@{t} cm='1'", ' x="/>"@{s}{t}', "@ {s}{t} ", "@{s}\n{t}"])
    ).format(s=style, t=kind)
    return f"<§c{attributes}/>" if not inside and draw(st.booleans()) else f"<§c{attributes}>{inside}</§c>"


@st.composite
def sheets(draw: st.DrawFn) -> str:
    rows = ""
    for number in sorted(draw(st.sets(st.integers(2, 30), max_size=5))):
        rows += draw(st.sampled_from(["", "\n", f'<§row r="{number}0" hidden="1"/>', f'<§row r="{number}0"></§row>']))
        columns = sorted(draw(st.sets(st.integers(0, WIDTH - 1), max_size=WIDTH)))
        inside = "".join(draw(cells()).replace("@", f' r="{"ABCD"[x]}{number}"') + draw(spaces) for x in columns)
        rows += f'<§row r="{number}" spans=\'1:4\' ht="1">{draw(spaces)}{inside}</§row>'
    return rows


@few(80)
@given(sheets(), st.sampled_from(["", "x:"]), st.lists(texts, min_size=3, max_size=3))
def test_xml_written_by_hand(rows: str, prefix: str, strings: list[str]) -> None:
    shared = "".join(f"<§si>{text}</§si>" if text else "<§si/>" for text in strings)
    agrees(hand_written(rows, prefix, shared), MOMENTS, PADDED)


@few(20)
@given(sheets(), st.lists(texts, min_size=3, max_size=3))
def test_places_that_are_not_written_are_counted(rows: str, strings: list[str]) -> None:
    """The same sheet with every cell filled up from the left reads the same without ``r``."""
    dense = re.sub(r"<§c([^>]*?) r=\"[A-D]\d+\"", r"<§c\1", rows.replace(' x="/>"', ""))
    placed = iter(range(10_000))
    row = 1
    numbered = ""
    for piece in re.split(r"(?=<§row |<§c[ />\n])", dense):
        if head := re.match(r'<§row r="(\d+)"', piece):
            row, placed = int(head[1]), iter(range(10))
        if piece.startswith("<§c"):
            numbered += f'<§c r="{"ABCD"[next(placed)]}{row}"' + piece[3:]
        else:
            numbered += piece
    shared = "".join(f"<§si>{text}</§si>" for text in strings)
    bare = hand_written(dense, "", shared)
    bare = patched_header(bare)
    one = read_workbook(bare, None, Layout(required=(HEADER[0],)), CAPS, ArchiveCaps())
    two = read_workbook(hand_written(numbered, "", shared), None, Layout(required=(HEADER[0],)), CAPS, ArchiveCaps())
    assert taken(one) == taken(two)


def patched_header(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, re.sub(rb' r="[A-D]1"', b"", content) if name == SHEET else content)
    return made.getvalue()


@few(10)
@given(sheets(), st.integers(100, 700))
def test_where_the_file_is_cut_into_pieces_does_not_matter(rows: str, size: int) -> None:
    data = hand_written(rows, "", "<§si><§t>甲</§t></§si>" * 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("baton.tables.archive._CHUNK_BYTES", size)
        agrees(data, MOMENTS, PADDED)


def test_a_row_longer_than_any_real_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_section, "_LONGEST_ITEM_BYTES", 100)
    monkeypatch.setattr("baton.tables.archive._CHUNK_BYTES", 150)
    from baton.tables import FileError

    with pytest.raises(FileError, match="one row has more than 100 bytes"):
        read_workbook(hand_written("", "", ""), None, Layout(), CAPS, ArchiveCaps())
