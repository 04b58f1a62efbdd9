"""Acknowledgements in rows, as a YAML file describes them: no code for a bank that sends a list.

::

    encoding: gb18030
    delimiter: "|"
    skip: 1                      # rows of heading
    columns: 5                   # a row with another number is refused
    reference: 1                 # which column, from 1
    state: 2
    reason: 3
    amount: 4
    unit: minor
    currency: CNY
    states: {"00": debited, "01": rejected, "02": pending}
    reasons: {E101: dead_account}   # beside the words that baton.model.bank_words knows
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from baton.banking.reading.amounts import from_major, from_minor
from baton.banking.reading.places import PLACE, LineOf
from baton.banking.refused import BankFileRefusedError
from baton.errors import ConfigurationError, Fault
from baton.model.bank_answers import AnswerLevel, BankAnswer, BankState, Reason, ReasonKind
from baton.model.bank_words import BankWords, Tables
from baton.strict_yaml import read

_PLACES: Final = ("reference", "message_id", "state", "reason", "words", "amount")


class AnswerLayout(BaseModel):
    """How one bank's list is laid out."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    encoding: Literal["utf-8-sig", "utf-8", "gbk", "gb18030", "ascii"]
    """Strict: a byte outside it refuses the file."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    skip: int = Field(default=0, ge=0, le=100)
    """Rows of heading."""
    ignore: tuple[str, ...] = ()
    """First cells of rows that are about no line: totals at the end."""
    columns: int = Field(ge=2, le=200)
    reference: int = Field(ge=1)
    """What names the line."""
    named_by: Literal["reference", "position"] = "reference"
    """Our reference, or the line's place in the file, from 1; places need the message id in a column of its own."""
    state: int = Field(ge=1)
    message_id: int | None = Field(default=None, ge=1)
    reason: int | None = Field(default=None, ge=1)
    words: int | None = Field(default=None, ge=1)
    amount: int | None = Field(default=None, ge=1)
    unit: Literal["major", "minor"] = "major"
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")
    states: Mapping[str, BankState] = Field(min_length=1)
    """The bank's words for where a payment stands, all of them: any other stops the file."""
    reasons: Mapping[str, ReasonKind] = Field(default_factory=dict)
    """Its reasons: codes, or pieces of its words (two characters or more, not digits alone); beside them ours hold."""

    @model_validator(mode="after")
    def _columns_exist_once(self) -> Self:
        given = [place for name in _PLACES if (place := getattr(self, name)) is not None]
        if max(given) > self.columns:
            raise ValueError(f"there is no column {max(given)} of {self.columns}")
        if len(set(given)) < len(given):
            raise ValueError("one column cannot mean two things")
        if self.named_by == "position" and self.message_id is None:
            raise ValueError("a line's place means nothing without the message id of its file")
        return self


def load_layout(path: Path) -> AnswerLayout:
    """A layout from its YAML file; `ConfigurationError` with every fault on its line."""
    document = read(path).raise_if_faulty()
    try:
        return AnswerLayout.model_validate(document.plain())
    except ValidationError as error:
        raise ConfigurationError(document.faults_of(error, model=AnswerLayout)) from None


def read_list(stream: BinaryIO, name: str, layout: AnswerLayout, line_of: LineOf) -> Iterator[BankAnswer]:
    """One answer for each row. `BankFileRefusedError`, naming the row, for the first that is not as described.

    A list can break off unseen: callers keep all of it or nothing, in one transaction, and count what they expected.
    """
    text = io.TextIOWrapper(stream, encoding=layout.encoding, errors="strict", newline="")
    rows = csv.reader(text, delimiter=layout.delimiter, strict=True)
    tables = Tables(layout.reasons)
    number = count = 0
    try:
        for number, row in enumerate(rows, 1):
            if number <= layout.skip or not row or row[0] in layout.ignore:
                continue
            count += 1
            yield _answer(row, f"{name}:{number}", layout, line_of, tables)
    except UnicodeDecodeError:
        raise _refused(f"{name}:{number + 1}", "encoding", f"is not {layout.encoding}") from None
    except csv.Error:
        raise _refused(f"{name}:{number + 1}", "row", "is no row of cells") from None
    finally:
        text.detach()
    if not count:
        raise _refused(name, "nothing", "has no rows about lines")


def _answer(row: Sequence[str], place: str, layout: AnswerLayout, line_of: LineOf, tables: Tables) -> BankAnswer:
    if len(row) != layout.columns:
        raise _refused(place, "columns", f"has {len(row)} columns, {layout.columns} are described")
    cells = {name: row[at - 1].strip() if (at := getattr(layout, name)) is not None else "" for name in _PLACES}
    state = layout.states.get(cells["state"])
    if state is None:
        raise _refused(place, "state_unmapped", "has a state that is not described")
    reference = cells["reference"]
    if layout.named_by == "position":
        reference = line_of(cells["message_id"], int(reference)) if PLACE.fullmatch(reference) else ""
    if not reference:
        raise _refused(place, "no_reference", "names no line of ours")
    try:
        minor = _minor(cells["amount"], layout) if cells["amount"] else None
    except ValueError as error:
        raise _refused(place, "amount", f"the amount {error}") from None
    return BankAnswer(
        level=AnswerLevel.LINE,
        state=state,
        raw_state=cells["state"],
        message_id=cells["message_id"],
        reference=reference,
        reasons=_reasons(cells, state, tables.of(state)),
        amount_minor=minor,
        currency=layout.currency if minor is not None else "",
    )


def _reasons(cells: Mapping[str, str], state: BankState, table: BankWords) -> tuple[Reason, ...]:
    """By the code where it is described, else by the words; what nobody has described of a refusal is no guess."""
    code, words = cells["reason"], cells["words"]
    if not code and not words:
        # The bank's word for a refusal is then all there is to say what it means by.
        return (Reason(cells["state"], ReasonKind.UNREAD),) if state is BankState.REJECTED else ()
    read = table.meaning(code, words)
    if read is not None:
        return (Reason(code, read.kind, words, read.piece),)
    unknown = ReasonKind.UNREAD if state is BankState.REJECTED else ReasonKind.UNNAMED
    return (Reason(code, unknown, words),)


def _minor(text: str, layout: AnswerLayout) -> int:
    return from_minor(text) if layout.unit == "minor" else from_major(text, layout.currency)


def _refused(place: str, rule: str, message: str) -> BankFileRefusedError:
    return BankFileRefusedError(Fault(place, rule, message))
