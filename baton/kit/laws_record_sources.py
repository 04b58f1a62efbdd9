"""Laws of record sources: what a reading gives, page by page, and that it is one state of the source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from baton.contracts import RecordTarget
from baton.errors import ConfigurationError, ConnectorError, FeedRefusedError, InDoubtError
from baton.kit.bench import Bench, LawBrokenError, expect, not_applicable
from baton.kit.laws_records import NOWHERE
from baton.kit.record_desk import Row, collection_name
from baton.kit.troubles import Trouble
from baton.model.account import FieldSpec, FieldType, Scalar
from baton.model.source_rows import SourcePage

_PAGE_ROWS: Final = 3
_COUNT: Final = 7
"""Records that take several pages."""
_LOST: Final = (Trouble.UNREACHABLE, Trouble.SERVER_ERROR, Trouble.THROTTLED, Trouble.GARBLED, Trouble.LOST_REPLY)
"""From the first request of a reading to the last."""
_MOST_COLLECTIONS: Final = 5


def every_record_is_read_once_as_it_stands(bench: Bench) -> None:
    with _planted(bench) as here:
        rows = _rows(_pages(here))
        for wanted in _records(here):
            found = [row for row in rows if _is(row, wanted)]
            expect(len(found) == 1, f"a record of the source is read {len(found)} times as it stands, not once")


def records_are_text_and_no_value_is_null(bench: Bench) -> None:
    with _planted(bench) as here:
        for page in _pages(here):
            wrong = [name for name, kind in page.rows.schema.items() if str(kind) != "String"]
            expect(not wrong, f"the columns {wrong} are not text")
            empty = [name for name in page.rows.columns if (page.rows[name] == "").any()]
            expect(not empty, f"the columns {empty} hold empty text where null says that there is no value")


def record_values_have_one_canonical_form(bench: Bench) -> None:
    if not isinstance(bench.connector, RecordTarget):
        not_applicable("the connector does not say which types its fields have")
    fields = bench.connector.collection(collection_name(bench)).fields
    with _planted(bench) as here:
        tried = 0
        for page in _pages(here):
            for name, spec in fields.items():
                form = _form(spec)
                values = page.rows[name].drop_nulls().to_list() if form and name in page.rows.columns else []
                tried += len(values)
                wrong = [value for value in values if form and not form.fullmatch(value)]
                expect(not wrong, f"a value of {name} ({spec.type}) is not in the form {form and form.pattern}")
    if not tried:
        not_applicable("the collection has text only")


def row_numbers_go_on_from_page_to_page(bench: Bench) -> None:
    with _planted(bench) as here:
        pages = _pages(here)
        expect(len(pages) > 1, "the records fit in one page: let the counterpart make them small, or hold more")
        numbers: list[int] = []
        for page in pages:
            numbers += range(page.first_row, page.first_row + page.rows.height)
            numbers += [bad.row for bad in page.rejected]
        wanted = list(range(min(numbers), min(numbers) + len(numbers)))
        expect(sorted(numbers) == wanted, "the numbers of the rows leave some out, or name some twice")
        filled = [page.first_row for page in pages if page.rows.height]
        expect(filled == sorted(filled), "a later page has an earlier row")
        cursors = [page.cursor is None for page in pages]
        expect(
            cursors == [False] * (len(pages) - 1) + [True], "a page with no cursor is not the last, or the last has one"
        )


def two_readings_of_records_are_alike(bench: Bench) -> None:
    with _planted(bench) as here:
        first, second = (here.connector.records(collection_name(here)) for _ in range(2))
        expect(first.origin.digest == second.origin.digest, "two readings of the same records have different digests")
        same = _rows(list(first.pages)) == _rows(list(second.pages))
        expect(same, "two readings of the same records give others, or another order")


def a_reading_says_where_it_came_from(bench: Bench) -> None:
    with _planted(bench) as here:
        before = here.connector.records(collection_name(here)).origin
        expect(before.name, "the origin has no name")
        expect(re.fullmatch(r"[0-9a-f]{64}", before.digest), "the origin's digest is not a SHA-256 in hex")
        expect(before.as_of.utcoffset() is not None, "the origin's time has no time zone")
        here.counterpart.seed_records(range(_COUNT + 1, _COUNT + 3))
        after = here.connector.records(collection_name(here)).origin
        expect(after.digest != before.digest, "other records have the same digest")


def every_collection_that_is_named_can_be_read(bench: Bench) -> None:
    with _planted(bench) as here:
        names = list(here.connector.collections())
        expect(len(names) == len(set(names)), "a collection is named twice")
        expect(collection_name(here) in names, f"the collection {collection_name(here)} is not named")
        for name in names[:_MOST_COLLECTIONS]:
            pages = list(islice(here.connector.records(name).pages, 1))
            expect(pages, f"the reading of {name} has no page at all")


def an_unknown_collection_cannot_be_read(bench: Bench) -> None:
    try:
        list(bench.connector.records(NOWHERE).pages)
    except ConfigurationError:
        return
    expect(held=False, message="a collection that does not exist was read")


def records_that_change_meanwhile_are_never_mixed(bench: Bench) -> None:
    with _planted(bench) as here:
        wanted = Counter(_frozen(row) for row in _rows(_pages(here)))
        pages = here.connector.records(collection_name(here)).pages
        read = [next(pages)]
        here.counterpart.seed_records(range(_COUNT + 1, _COUNT + 3))
        try:
            read += pages
        except FeedRefusedError as error:
            guards = [breach.guard for breach in error.breaches]
            expect("source_changed" in guards, f"a source that changed is refused for {guards}, not source_changed")
            return
        given = Counter(_frozen(row) for row in _rows(read))
        expect(
            given == wanted, "the source changed while it was read, and the reading is neither refused nor as before"
        )


def pages_are_read_when_they_are_asked_for(bench: Bench) -> None:
    with _planted(bench) as here:
        if not here.over_http:
            not_applicable("the other side is not reached over HTTP, so it cannot be seen when a page is read")
        here.troubles.clear()
        pages = here.connector.records(collection_name(here)).pages
        next(pages)
        first = len(here.troubles.requests)
        rest = list(pages)
        expect(rest, "the records fit in one page: let the counterpart make them small, or hold more")
        expect(len(here.troubles.requests) > first, "everything was read before the first page was given")


def a_lost_answer_is_an_error_never_fewer_records(bench: Bench) -> None:
    with _planted(bench) as here:
        here.troubles.clear()
        wanted = _rows(_pages(here))
        count = len(here.troubles.requests)
        for place, trouble in enumerate(_LOST):
            position = (count - 1) * place // (len(_LOST) - 1)
            here.troubles.clear()
            here.troubles.at(position, trouble)
            try:
                rows = _rows(_pages(here))
            except InDoubtError:
                raise LawBrokenError("reading records is said to be in doubt: mark it Intent.READ") from None
            except ConnectorError:
                continue
            expect(rows == wanted, f"with {trouble} at request {position} of {count} the records are not all there")
        here.troubles.clear()
        expect(_rows(_pages(here)) == wanted, "after troubles have passed, a reading gives other records")


@contextmanager
def _planted(bench: Bench) -> Iterator[Bench]:
    """A bench whose source holds records that take several pages."""
    smaller = {"page_rows": _PAGE_ROWS} if "page_rows" in bench.connector_class.Settings.model_fields else {}
    here = bench.fresh(**smaller)
    try:
        collection_name(here)
        if hasattr(here.counterpart, "page_size"):
            here.counterpart.page_size = _PAGE_ROWS
        here.counterpart.seed_records(range(1, _COUNT + 1))
        yield here
    finally:
        here.close()


def _records(bench: Bench) -> list[Row]:
    return [bench.counterpart.record(n) for n in range(1, _COUNT + 1)]


def _pages(bench: Bench) -> list[SourcePage]:
    return list(bench.connector.records(collection_name(bench)).pages)


def _rows(pages: Sequence[SourcePage]) -> list[dict[str, Any]]:
    return [row for page in pages for row in page.rows.iter_rows(named=True)]


def _frozen(row: Row) -> tuple[tuple[str, Scalar], ...]:
    return tuple(row.items())


def _is(row: Row, wanted: Row) -> bool:
    return all(name in row and _same(row[name], value) for name, value in wanted.items())


def _same(text: Any, value: Scalar) -> bool:
    """Whether a text of a page is this value in its canonical form."""
    if value is None or value == "":
        return text is None
    if isinstance(value, datetime):
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return moment is not None and moment.tzinfo is not None and moment == value
    if isinstance(value, bool):
        return bool(text == str(value).lower())
    if isinstance(value, date):
        return bool(text == value.isoformat())
    return bool(text == (f"{value:f}" if isinstance(value, Decimal) else str(value)))


def _form(spec: FieldSpec) -> re.Pattern[str] | None:
    places = rf"\.\d{{{spec.places}}}" if spec.places else ""
    patterns = {
        FieldType.INTEGER: r"-?\d+",
        FieldType.DECIMAL: rf"-?\d+{places}",
        FieldType.BOOLEAN: "true|false",
        FieldType.DATE: r"\d{4}-\d\d-\d\d",
        FieldType.DATETIME: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)",
    }
    return re.compile(patterns[spec.type]) if spec.type in patterns else None


LAWS = (
    every_record_is_read_once_as_it_stands,
    records_are_text_and_no_value_is_null,
    record_values_have_one_canonical_form,
    row_numbers_go_on_from_page_to_page,
    two_readings_of_records_are_alike,
    a_reading_says_where_it_came_from,
    every_collection_that_is_named_can_be_read,
    an_unknown_collection_cannot_be_read,
    records_that_change_meanwhile_are_never_mixed,
    pages_are_read_when_they_are_asked_for,
    a_lost_answer_is_an_error_never_fewer_records,
)
