"""The report as a workbook for HR: typed cells, no formula, no link; whatever the data says stays data."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

import xlsxwriter
from xlsxwriter.format import Format

from baton.hub.migration.report.pictures import Share
from baton.hub.migration.report.totals import ROWS, shown_stages, total_lines
from baton.hub.migration.report.verdict import next_steps, standing
from baton.hub.migration.report.words import Words
from baton.records.masking import visible
from baton.records.totals import EXACT

Cell: TypeAlias = str | int | Decimal | date | datetime | None
_DIGITS_OF_A_CELL: Final = 15
"""A spreadsheet keeps so many digits of a number; one that has more is written as text, so that it stays exact."""
_LONGEST_CELL: Final = 32_000
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDTHS: Final[Mapping[str, Sequence[int]]] = {
    "summary": (34, 90),
    "totals": (24, 24, 12, 22, 22, 22, 16, 16),
    "differences": (12, 24, 26, 18, 44, 44),
    "quarantine": (12, 24, 38, 20, 70),
    "refusals": (12, 18, 20, 60, 60),
    "columns": (24, 14, 12, 14, 14, 16, 14),
}


def render_workbook(document: Mapping[str, Any], language: str) -> bytes:
    """The workbook in one of `baton.languages.LANGUAGES`. ``document`` is plain data as JSON has it."""
    buffer = io.BytesIO()
    words = Words(language)
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        # Made when the run was: the same report gives the same file.
        book.set_properties({"title": words("title"), "created": _naive(document["run"]["created_at"])})
        sheets = _Sheets(book, words)
        sheets.add("summary", ["item", "value"], _summary(document, words))
        checks = [f"check.{stage}" for stage in document["agreement"]]
        sheets.add("totals", ["column", "stage", "values", "sum", "first", "last", *checks], _totals(document, words))
        names = ["row", "column", "cause", "kind", "expected", "found"]
        sheets.add("differences", names, _differences(document, words))
        sheets.add("quarantine", ["row", "column", "rule", "rule_name", "message"], _quarantine(document, words))
        sheets.add("refusals", ["row", "outcome", "code", "message", "remedy"], _refusals(document, words))
        names = ["column", "type", "personal", "compared", "alike", "cells_different", "rate"]
        sheets.add("columns", names, _columns(document, words))
    return buffer.getvalue()


class _Sheets:
    """Writes tables, one to a sheet, each under a header that stays in sight."""

    def __init__(self, book: xlsxwriter.Workbook, words: Words) -> None:
        self.book = book
        self.words = words
        top = {"valign": "top"}
        self.header = book.add_format({"bold": True, "bg_color": "#E6F5F2", "bottom": 1, "text_wrap": True, **top})
        self.text = book.add_format({"text_wrap": True, **top})
        self.whole = book.add_format({"num_format": "#,##0", **top})
        self.exact = book.add_format({"num_format": "#,##0.##########", **top})
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left", **top})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left", **top})

    def add(self, name: str, headers: Sequence[str], rows: Iterator[Sequence[Cell]]) -> None:
        """One sheet. Headers are names of texts."""
        sheet = self.book.add_worksheet(self.words(f"sheet.{name}"))
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for place, width in enumerate(_WIDTHS[name]):
            sheet.set_column(place, place, width)
        for place, header in enumerate(headers):
            sheet.write_string(0, place, self.words(header), self.header)
        last = 0
        for last, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                self._write(sheet, last, place, value)
        if name != "summary":
            sheet.autofilter(0, 0, last, len(headers) - 1)

    def _write(self, sheet: Any, row: int, column: int, value: Cell) -> None:
        if value is None:
            return
        if isinstance(value, datetime):
            sheet.write_datetime(row, column, value, self.moment)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, self.day)
        elif isinstance(value, int | Decimal) and _fits(value):
            sheet.write_number(row, column, value, self._shape(value))
        else:
            sheet.write_string(row, column, visible(str(value))[:_LONGEST_CELL], self.text)

    def _shape(self, value: int | Decimal) -> Format:
        return self.whole if value == int(value) else self.exact


def _fits(value: int | Decimal) -> bool:
    return len(Decimal(value).normalize(EXACT).as_tuple().digits) <= _DIGITS_OF_A_CELL


def _summary(document: Mapping[str, Any], words: Words) -> Iterator[Sequence[Cell]]:
    run, route, counts, now = document["run"], document["route"], document["counts"], standing(document)
    yield words("verdict"), words(now.name, **now.values)
    yield "", words(f"{now.name}.why", **now.values)
    for reason in run["reasons"]:
        yield words("reasons"), words.reason(reason)
    for step in next_steps(document):
        yield words("next"), words(step, **now.values)
    yield words("run"), run["id"]
    if run["undoes"]:
        yield words("undoes"), run["undoes"]
    if run["undone_by"]:
        yield words("undone_by"), run["undone_by"]
    yield words("from"), f"{route['source']} / {route['read']}"
    yield words("to"), f"{route['target']} / {route['collection']}"
    yield words("origin"), route["origin"]["name"]
    yield words("asked_by"), run["requested_by"]
    yield f"{words('created')} (UTC)", _naive(run["created_at"])
    if run["settled_at"]:
        yield f"{words('settled')} (UTC)", _naive(run["settled_at"])
    stages = {"read": "stage.read", "planned": "stage.planned", "insert": "need.insert", "update": "need.update"}
    stages |= {"nothing": "need.nothing", "compared": "stage.compared", "alike": "stage.alike"}
    stages |= {name: name if name != "different" else "differences" for name in ("different", "quarantined", "refused")}
    labels = {**stages, "quarantined": "quarantine", "refused": "refusals"}
    yield from ((words(label), counts[name]) for name, label in labels.items() if name in counts)
    yield from ((f"{words('cleaning')}: {column}", cells) for column, cells in document["cleaning"].items())
    yield from ((words("wave", n=number), size) for number, size in enumerate(document["waves"], start=1))
    yield from (
        (words(f"time.{name}"), words("seconds", n=f"{spent:.1f}")) for name, spent in document["timings_s"].items()
    )
    yield words("plan_hash"), run["plan_hash"]
    yield words("mapping"), route["mapping"]
    yield words("mapping_digest"), route["mapping_digest"]
    yield from ((words(f"root.{name}"), root) for name, root in document["roots"].items())


def _totals(document: Mapping[str, Any], words: Words) -> Iterator[Sequence[Cell]]:
    for line in total_lines(document):
        for stage in shown_stages(document):
            part = line.figures[stage]
            if part is None:
                continue
            checks = [_agrees(line.checks[held], words) if held == stage else None for held in document["agreement"]]
            hidden = words("withheld") if part.get("withheld") else None
            total = Decimal(part["sum"]) if "sum" in part else hidden
            ends = [_moment(part[end]) if end in part else None for end in ("first", "last")]
            name = words("rows") if line.column == ROWS else line.column
            yield name, words(f"total.{stage}"), part["count"], total, *ends, *checks


def _agrees(agrees: bool | None, words: Words) -> str | None:
    return None if agrees is None else words("agrees" if agrees else "differs")


def _differences(document: Mapping[str, Any], words: Words) -> Iterator[Sequence[Cell]]:
    for cell in document["differences"]:
        form = document["causes"][cell["cause"]]["representation"]
        kind = words("differences.form" if form else "differences.real")
        column = cell["column"] or words("whole_record")
        shown = words.masked(cell["expected"]), words.masked(cell["found"])
        yield cell["row"], column, words.cause(cell["cause"]), kind, *shown


def _quarantine(document: Mapping[str, Any], words: Words) -> Iterator[Sequence[Cell]]:
    for cell in document["quarantine"]:
        column = cell["column"] or words("whole_record")
        yield cell["row"], column, words.rule(cell["rule"]), cell["rule"], cell["message"]


def _refusals(document: Mapping[str, Any], words: Words) -> Iterator[Sequence[Cell]]:
    for each in document["refusals"]:
        yield each["row"], words.outcome(each["outcome"]), each["code"], each["message"], each["remedy"]


def _columns(document: Mapping[str, Any], words: Words) -> Iterator[Sequence[Cell]]:
    for name, column in document["columns"].items():
        rate = Share(column["alike"], column["compared"]).text
        figures = column["compared"], column["alike"], column["different"], rate
        yield name, column["type"], words("yes" if column["personal"] else "no"), *figures


def _naive(text: str) -> datetime:
    """An instant as a spreadsheet has it: without a zone, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _moment(text: str) -> date | datetime:
    return date.fromisoformat(text) if len(text) <= len("2026-11-22") else _naive(text)
