"""Rows that a profile describes: delimited or of fixed widths, with a head and a foot that may carry totals.

Whatever could make a row unreadable is found when the profile is loaded: a width that a field may outgrow, a
delimiter that a field may hold. So no row is ever cut, and none needs a second look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from baton.banking.encodings import encoded
from baton.banking.profile import BankProfile, Characters, FieldRule, Fields, Part
from baton.model.payable import REFERENCE_CHARACTERS, Component, Payable, PaymentOrder

_LINE_ENDS: Final = {"crlf": "\r\n", "lf": "\n"}
_DATE: Final = re.compile(r"(%[YymdHMS]|[-/.: T年月日])+")


class Source(StrEnum):
    """What a cell can hold. The first group is of the order and may stand in every row."""

    MESSAGE_ID = "message_id"
    CREATED = "created"
    EXECUTION_DAY = "execution_day"
    PAYER_HOLDER = "payer_holder"
    PAYER_ACCOUNT = "payer_account"
    PAYER_BANK_CODE = "payer_bank_code"
    INITIATOR = "initiator"
    COUNT = "count"
    TOTAL = "total"
    CURRENCY = "currency"
    COMPONENT = "component"
    POSITION = "position"
    REFERENCE = "reference"
    NUMBER = "number"
    PERIOD = "period"
    HOLDER = "holder"
    ACCOUNT = "account"
    BANK_CODE = "bank_code"
    BANK_NAME = "bank_name"
    TOWN = "town"
    AMOUNT = "amount"
    REMARK = "remark"
    OWN_BANK = "own_bank"


_OF_THE_ORDER: Final = tuple(Source)[: tuple(Source).index(Source.POSITION)]
_FIELDS: Final = {
    Source.PAYER_HOLDER: "holder", Source.PAYER_ACCOUNT: "account", Source.PAYER_BANK_CODE: "bank_code",
    Source.INITIATOR: "holder", Source.HOLDER: "holder", Source.ACCOUNT: "account", Source.BANK_CODE: "bank_code",
    Source.BANK_NAME: "bank_name", Source.TOWN: "town", Source.REMARK: "remark", Source.NUMBER: "number",
}  # fmt: skip
"""Which rule bounds a cell's text."""


class Cell(Part):
    """One cell of a row."""

    name: str = Field(default="", max_length=60)
    """Of a column: its title."""
    source: Source | None = Field(default=None, alias="from")
    text: str | None = None
    """The same in every row, instead of a source."""
    width: int | None = Field(default=None, ge=1, le=1000)
    """In a layout of fixed widths."""
    align: Literal["left", "right"] = "left"
    pad: str = Field(default=" ", min_length=1, max_length=1, pattern="^[ -~]$")
    values: Mapping[str, str] = {}
    """What stands for ``yes`` and ``no`` (own_bank), or for a currency."""
    date: str = "%Y%m%d"
    """How a day or time is written: %Y %y %m %d %H %M %S and what may stand between them."""

    @model_validator(mode="after")
    def _holds_one_thing(self) -> Self:
        if (self.source is None) == (self.text is None):
            raise ValueError("a cell has either 'from' or 'text'")
        if self.source is Source.OWN_BANK and set(self.values) != {"yes", "no"}:
            raise ValueError("own_bank needs values for yes and no")
        if not _DATE.fullmatch(self.date):
            raise ValueError("a date is made of %Y %y %m %d %H %M %S and - / . : T 年 月 日")
        return self


Row = Annotated[tuple[Cell, ...], Field(min_length=1)]


class TableCodes(Part):
    """What stands for one component."""

    code: str = Field(default="", max_length=60)


class TableProfile(BankProfile):
    """A file of rows."""

    format: Literal["table"]
    components: Annotated[Mapping[Component, TableCodes], Field(min_length=1)]
    kind: Literal["delimited", "fixed"]
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: Literal["never", "when_needed", "always"] = "when_needed"
    """Double quotes around a cell; one inside it is doubled."""
    widths_in: Literal["characters", "bytes"] = "bytes"
    """What the widths of a fixed layout count."""
    line_end: Literal["crlf", "lf"] = "crlf"
    last_line_end: Literal["yes", "no"] = "yes"
    titles: Literal["yes", "no"] = "no"
    """A first row with the columns' names."""
    header: tuple[Cell, ...] = ()
    columns: Row
    trailer: tuple[Cell, ...] = ()

    @property
    def component_codes(self) -> Mapping[Component, TableCodes]:
        return self.components

    @model_validator(mode="after")
    def _rows_can_always_be_read(self) -> Self:
        faults = [*self._misplaced(), *(self._too_narrow() if self.kind == "fixed" else self._undelimited())]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _misplaced(self) -> Iterator[str]:
        for cell in (*self.header, *self.trailer):
            if cell.source is not None and cell.source not in _OF_THE_ORDER:
                yield f"{cell.source} is of a line and cannot stand in a header or trailer"
        for cell in (*self.header, *self.columns, *self.trailer):
            if cell.source is Source.CURRENCY and cell.values and not set(self.currencies) <= set(cell.values):
                yield "a currency has no value"

    def _too_narrow(self) -> Iterator[str]:
        if self.titles == "yes":
            yield "a layout of fixed widths has no titles"
        for cell in (*self.header, *self.columns, *self.trailer):
            most = self._longest(cell)
            if cell.width is None:
                yield f"{_called(cell)} has no width"
            elif cell.width < most:
                yield f"{_called(cell)} has a width of {cell.width} and may be {most} {self.widths_in} long"
            # 1250 with zeros behind it is another amount, and so are an account and a count.
            if cell.source is not None and cell.pad.isalnum() and (cell.align, cell.pad) != ("right", "0"):
                where = "end" if cell.align == "left" else "beginning"
                yield f"{_called(cell)} is filled up with {cell.pad!r} at its {where}: with blanks, or zeros in front"

    def _undelimited(self) -> Iterator[str]:
        if self.quote != "never":
            return
        if self.delimiter.isascii() and self.delimiter.isalnum():
            yield "a letter or a digit separates nothing without quotes"
        for cell in (*self.header, *self.columns, *self.trailer):
            rule = _rule(cell, self.fields)
            bounded = rule is None or rule.characters in {Characters.DIGITS, Characters.LETTERS_AND_DIGITS}
            if rule is not None and not bounded and self.delimiter not in rule.refused:
                yield f"{_called(cell)} may hold the delimiter: let its field refuse it, or use quotes"
            if any(self.delimiter in text for text in (*self._fixed_texts(cell), self._between(cell))):
                yield f"{_called(cell)} holds the delimiter"

    def _between(self, cell: Cell) -> str:
        """What stands between the digits of a cell whose text is the layout's own: of days, months and sums."""
        if cell.source in {Source.CREATED, Source.EXECUTION_DAY}:
            return re.sub("%.", "", cell.date)
        if cell.source is Source.PERIOD:
            return "-"
        return self.amount(0) if cell.source in {Source.TOTAL, Source.AMOUNT} else ""

    def _fixed_texts(self, cell: Cell) -> Iterator[str]:
        """Every text of the profile's own that may come to stand in a cell."""
        yield cell.text or ""
        yield from cell.values.values()
        if self.titles == "yes":
            yield cell.name
        if cell.source is Source.COMPONENT:
            yield from (codes.code for codes in self.components.values())

    def _longest(self, cell: Cell) -> int:
        """How long a cell's text can be, in what the widths count."""
        rule = _rule(cell, self.fields)
        if rule is not None:
            if self.widths_in == "characters" or rule.characters is not Characters.ANY:
                return rule.longest
            if rule.counted == "bytes" or (rule.counted == "doubled" and self.encoding in {"gbk", "gb2312"}):
                return rule.longest
            return rule.longest * (4 if self.encoding in {"gb18030", "utf-8"} else 2)
        sizes = {
            Source.MESSAGE_ID: 30,
            Source.COUNT: len(str(self.lines_per_file)),
            Source.POSITION: len(str(self.lines_per_file)),
            Source.TOTAL: len(self.amount(self.largest_total_minor)),
            Source.AMOUNT: len(self.amount(self.largest_amount_minor)),
            Source.REFERENCE: REFERENCE_CHARACTERS,
            Source.PERIOD: 7,
            Source.CURRENCY: 0 if cell.values else 3,
            Source.CREATED: self._size(cell.date.replace("%Y", "0000").replace("%", "0")),
            Source.EXECUTION_DAY: self._size(cell.date.replace("%Y", "0000").replace("%", "0")),
        }
        known = sizes.get(cell.source, 0) if cell.source is not None else 0
        return max([known, *(self._size(text) for text in self._fixed_texts(cell))])

    def _size(self, text: str) -> int:
        if self.widths_in == "characters":
            return len(text)
        try:
            return len(encoded(text, self.encoding))
        except UnicodeEncodeError:
            raise ValueError(f"a text of the profile cannot be written in {self.encoding.upper()}") from None


def text(order: PaymentOrder, profile: TableProfile) -> Iterator[str]:
    """The rows, the line end before each but the first."""
    row = _fixed(profile) if profile.kind == "fixed" else _delimited(profile)
    end = _LINE_ENDS[profile.line_end]
    of_order = _order_values(order, profile)
    before = ""
    if profile.titles == "yes":
        yield row([(cell, cell.name) for cell in profile.columns])
        before = end
    if profile.header:
        yield before + row([(cell, _value(cell, of_order)) for cell in profile.header])
        before = end
    amount = profile.amount_writer()
    for position, payable in enumerate(order.lines(), 1):
        values = {**of_order, **_line_values(position, payable, profile), Source.AMOUNT: amount(payable.amount_minor)}
        yield before + row([(cell, _value(cell, values)) for cell in profile.columns])
        before = end
    if profile.trailer:
        yield before + row([(cell, _value(cell, of_order)) for cell in profile.trailer])
    if profile.last_line_end == "yes":
        yield end


Values = Mapping[Source, str]
Filled = Sequence[tuple[Cell, str]]


def _value(cell: Cell, values: Values) -> str:
    if cell.source is None:
        return cell.text or ""
    value = values[cell.source]
    if cell.source in {Source.CREATED, Source.EXECUTION_DAY}:
        return _dated(value, cell.date)
    return cell.values.get(value, value)


def _dated(moment: str, pattern: str) -> str:
    """``YYYYmmddHHMMSS`` written as the cell wants it."""
    year, month, day, hour, minute, second = moment[:4], *(moment[at : at + 2] for at in range(4, 14, 2))
    parts = {"Y": year, "y": year[2:], "m": month, "d": day, "H": hour, "M": minute, "S": second}
    return re.sub("%(.)", lambda found: parts[found[1]], pattern)


def _order_values(order: PaymentOrder, profile: TableProfile) -> dict[Source, str]:
    return {
        Source.MESSAGE_ID: order.message_id,
        Source.CREATED: f"{order.created.astimezone(ZoneInfo(profile.time_zone)):%Y%m%d%H%M%S}",
        Source.EXECUTION_DAY: f"{order.execution_day:%Y%m%d}000000",
        Source.PAYER_HOLDER: order.payer.holder,
        Source.PAYER_ACCOUNT: order.payer.account,
        Source.PAYER_BANK_CODE: order.payer.bank_code,
        Source.INITIATOR: order.initiator,
        Source.COUNT: str(order.count),
        Source.TOTAL: profile.amount(order.total_minor),
        Source.CURRENCY: order.currency,
        Source.COMPONENT: profile.components[order.component].code,
    }


def _line_values(position: int, payable: Payable, profile: TableProfile) -> dict[Source, str]:
    payee = payable.payee
    return {
        Source.POSITION: str(position),
        Source.REFERENCE: payable.key.reference,
        Source.NUMBER: payable.key.number,
        Source.PERIOD: payable.key.period,
        Source.HOLDER: payee.holder,
        Source.ACCOUNT: payee.account,
        Source.BANK_CODE: payee.bank_code,
        Source.BANK_NAME: payee.bank_name,
        Source.TOWN: payee.town,
        Source.REMARK: payable.remark,
        Source.OWN_BANK: "yes" if profile.is_own_bank(payee) else "no",
    }


def _fixed(profile: TableProfile) -> Callable[[Filled], str]:
    count: Callable[[str], int] = len
    if profile.widths_in == "bytes":
        count = lambda text: len(encoded(text, profile.encoding))  # noqa: E731 (one of two ways to count)

    def row(filled: Filled) -> str:
        parts = []
        for cell, text in filled:
            padding = cell.pad * ((cell.width or 0) - count(text))
            parts.append(padding + text if cell.align == "right" else text + padding)
        return "".join(parts)

    return row


def _delimited(profile: TableProfile) -> Callable[[Filled], str]:
    delimiter, always = profile.delimiter, profile.quote == "always"
    special = set() if profile.quote == "never" else {delimiter, '"', "\r", "\n"}

    def quoted(text: str) -> str:
        if always or not special.isdisjoint(text):
            return '"' + text.replace('"', '""') + '"'
        return text

    return lambda filled: delimiter.join(quoted(text) for _, text in filled)


def _rule(cell: Cell, fields: Fields) -> FieldRule | None:
    name = _FIELDS.get(cell.source) if cell.source is not None else None
    return getattr(fields, name) if name is not None else None


def _called(cell: Cell) -> str:
    return cell.name or str(cell.source or "a fixed text")
