"""Laws of record targets about values: each is found exactly as it was given, or refused; never silently another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from baton.kit.bench import Bench, LawBrokenError, Said, expect, not_applicable
from baton.kit.record_desk import RecordDesk, Row, insist, told
from baton.model.account import FieldSpec, FieldType, Outcome, Receipt, Scalar

TAKEN: Final = (
    "0012",
    "123456789012345678",
    "1E5",
    "测试䶮𠮷",
    "‘引’ \"q\" 'a';-- \\ %s {x} <b>&amp;</b>",
    "a,b;c|d",
    "Zo\u00eb",
    "Zoe\u0308",
    "１２３ＡＢ",
    "NULL",
    "true",
    "2026-01-05",
    "=1+1",
)
"""Texts that every system must hold exactly."""
AWKWARD: Final = (
    "first\nsecond",
    "first\r\nsecond",
    "first\rsecond",
    "trailing ",
    " leading",
    "\u3000宽空格\u3000",
    "\u00a0x\u00a0",
    "a\tb",
    "   ",
    "#N/A",
    "\ufeffbom",
    "a\u200bb",
    "a\x07b",
    "a\x00b",
    "_x000D_",
    "\\N",
    "\\",
    "\u202eabc",
)
"""Texts that a system may refuse, but not change."""
_DAYS_TAKEN: Final = (date(2000, 2, 29), date(2026, 12, 31))
_DAYS: Final = (date(1, 1, 1), date(1582, 10, 10), date(1899, 12, 31), date(1969, 12, 31), date(9999, 12, 31))
_MOMENTS_TAKEN: Final = (
    datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC),
    datetime(2025, 12, 31, 16, 0, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
)
_MOMENTS: Final = (
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 1, 5, 8, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 1, 5, 8, 0, 0, 999_999, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, tzinfo=UTC),
)
_INTEGERS: Final = (-1, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63))


def record_text_is_found_exactly_or_refused(bench: Bench) -> None:
    desk = RecordDesk(bench)
    field = desk.free_text()
    texts = (*TAKEN, *AWKWARD)
    plain = [desk.record(n) for n in range(1, len(texts) + 1)]
    wanted = [{**row, field: text} for row, text in zip(plain, texts, strict=True)]
    receipts = desk.insert(wanted)
    _exact(desk, wanted, receipts, field, "inserted")
    insist(Outcome.DONE, receipts[: len(TAKEN)], "insert of ordinary texts")
    done = [row for row, receipt in zip(wanted, receipts, strict=True) if receipt.outcome is Outcome.DONE]
    insist(Outcome.DONE, desk.delete(done), "delete of records with awkward texts as they are")
    desk.put(*plain)
    before, after = ([desk.only(row, [field]) for row in rows] for rows in (plain, wanted))
    amended = desk.amend(after, before)
    _exact(desk, wanted, amended, field, "amended", otherwise=plain)
    insist(Outcome.DONE, amended[: len(TAKEN)], "amend to ordinary texts")


def empty_text_is_not_no_value(bench: Bench) -> None:
    desk = RecordDesk(bench)
    field = desk.free_text()
    if desk.collection.fields[field].required:
        not_applicable(f"the field {field} must have a value")
    rows = [desk.record(1, {field: None}), desk.record(2, {field: ""}), desk.record(3, {field: "一"})]
    receipts = desk.insert(rows)
    insist(Outcome.DONE, receipts[::2], "insert of records without a value and with one")
    _exact(desk, rows, receipts, field, "inserted")
    here = [desk.only(row, [field]) for row in (rows[0], rows[2])]
    emptied = [{**row, field: ""} for row in here]
    _exact(desk, emptied, desk.amend(emptied, here), field, "amended", otherwise=here)
    if receipts[1].outcome is Outcome.DONE:
        absent = [desk.only({**rows[1], field: None}, [field])]
        filled = [{**absent[0], field: "二"}]
        insist(Outcome.REFUSED, desk.amend(filled, absent), "amend of an empty text that before takes for no value")


def record_numbers_and_days_are_found_exactly_or_refused(bench: Bench) -> None:
    desk = RecordDesk(bench)
    tried = 0
    for name in desk.record(1):
        spec = desk.collection.fields[name]
        if not spec.readable or name in desk.collection.key:
            continue
        taken, awkward = _values(spec)
        rows = [desk.record(tried + n, {name: value}) for n, value in enumerate((*taken, *awkward), start=1)]
        if not rows:
            continue
        receipts = desk.insert(rows)
        _exact(desk, rows, receipts, name, "inserted")
        insist(Outcome.DONE, receipts[: len(taken)], f"ordinary values of {name}, inserted,")
        done = [row for row, receipt in zip(rows, receipts, strict=True) if receipt.outcome is Outcome.DONE]
        insist(Outcome.DONE, desk.delete(done), f"awkward values of {name}, deleted as they are,")
        tried += len(rows)
    if not tried:
        not_applicable("the counterpart's record has text fields only")


def record_keys_are_told_apart_exactly(bench: Bench) -> None:
    desk = RecordDesk(bench)
    if len(desk.collection.key) != 1 or desk.collection.fields[desk.collection.key[0]].type is not FieldType.TEXT:
        not_applicable("the key is not one field of text")
    (name,) = desk.collection.key
    first, absent = desk.record(1), desk.record(2)
    desk.put(first)
    others = [desk.record(n, {name: key}) for n, key in enumerate((*_like(first[name]), *_like(absent[name])), start=3)]
    desk.expect_absent([absent, *others], "asked for by keys that are only like the one that exists")
    receipts = desk.insert(others)
    _exact(desk, others, receipts, name, "inserted under keys that are only like another")
    desk.expect_absent([absent], "after inserts under keys that are only like its own")
    desk.expect_held([first], "after inserts under keys that are only like its own")


def _like(given: Scalar) -> list[str]:
    """Keys that a careless system takes for this one."""
    key = str(given)
    wide = f"{key[:-1]}{chr(ord(key[-1]) + 0xFEE0)}" if "!" <= key[-1] <= "~" else f"{key}\u3000"
    return [other for other in dict.fromkeys((key.swapcase(), f"{key} ", f" {key}", wide, f"{key}'")) if other != key]


def record_values_never_appear_in_receipts(bench: Bench) -> None:
    desk = RecordDesk(bench)
    rows = [desk.record(n) for n in (1, 2, 3)]
    desk.put(*rows[:2])
    names = list(desk.changes(1))
    stale = [{**row, **desk.changes(n)} for n, row in enumerate(rows, start=1)]
    wrong = [desk.only(row, names) for row in stale]
    refused = [
        *desk.insert([rows[0], rows[1]]),
        *desk.insert([desk.bad(4)]),
        *desk.amend(wrong, wrong),
        *desk.delete(wrong[:2]),
    ]
    insist(Outcome.REFUSED, refused, "writes that must be refused")
    text = told(refused)
    for row in (*rows, *stale, desk.bad(4)):
        leaked = sorted(name for name, value in row.items() if isinstance(value, str) and _telling(value, text))
        expect(not leaked, f"a receipt repeats the value of {', '.join(leaked)}")


def _telling(value: str, text: str) -> bool:
    return len(value) >= 4 and value in text


def _values(spec: FieldSpec) -> tuple[Sequence[Scalar], Sequence[Scalar]]:
    """Values of a type that must be held exactly, and those that may be refused."""
    unit = Decimal(1).scaleb(-spec.places)
    chosen: Mapping[FieldType, tuple[Sequence[Scalar], Sequence[Scalar]]] = {
        FieldType.DECIMAL: (
            (unit, Decimal(0).quantize(unit), Decimal(1234567) + unit),
            (-unit, Decimal(10) ** 12 - unit, Decimal(123456789012345678) + unit),
        ),
        FieldType.INTEGER: ((0, 12345), _INTEGERS),
        FieldType.BOOLEAN: ((True, False), ()),
        FieldType.DATE: (_DAYS_TAKEN, _DAYS),
        FieldType.DATETIME: (_MOMENTS_TAKEN, _MOMENTS),
    }
    return chosen.get(spec.type, ((), ()))


def _exact(
    desk: RecordDesk,
    wanted: Sequence[Row],
    receipts: Sequence[Receipt],
    field: str,
    how: str,
    otherwise: Sequence[Row] = (),
) -> None:
    """Insist that what is said to be done reads back exactly, and what is refused is not there (or ``otherwise``)."""
    found = desk.held(wanted, [field])
    for place, (row, receipt) in enumerate(zip(wanted, receipts, strict=True)):
        there = found.get(desk.key(row))
        expect(
            receipt.outcome in (Outcome.DONE, Outcome.REFUSED),
            f"{row[field]!r} {how} in {field} gave {Said((receipt,))}",
        )
        if receipt.outcome is Outcome.DONE:
            if there is None:
                raise LawBrokenError(f"{row[field]!r} {how} in {field} is said to be done and is not there")
            read = there[field]
            same = read == row[field] and type(read) is type(row[field])
            expect(same, f"{row[field]!r} {how} in {field} came back as {read!r}")
            continue
        expect(receipt.code and receipt.message, f"the refusal of {row[field]!r} says no code or no message")
        left = {desk.key(otherwise[place]): otherwise[place][field]} if otherwise else {}
        is_left = {desk.key(row): there[field]} if there else {}
        expect(is_left == left, f"{row[field]!r} {how} in {field} was refused and is there all the same")


LAWS = (
    record_text_is_found_exactly_or_refused,
    empty_text_is_not_no_value,
    record_numbers_and_days_are_found_exactly_or_refused,
    record_keys_are_told_apart_exactly,
    record_values_never_appear_in_receipts,
)
