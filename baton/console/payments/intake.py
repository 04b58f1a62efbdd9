"""Payables handed in as JSON lines: read by the rules of a payroll file, every bad line named, the others drafted."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

import orjson
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from baton import tables
from baton.console.bodies import Bound
from baton.console.payments.officers import Officer
from baton.errors import ApprovalError, Fault
from baton.hub.payment.drafting import Drafted, Drafting, draft, draft_system
from baton.jobs.payment.payable_rows import PayableRow, ReadRows, read_page
from baton.model.pay_run import LineState
from baton.model.payable import PERIOD_PATTERN, Component
from baton.model.source_rows import Origin, RejectedRow

MOST: Final = Bound(32 * 1024 * 1024, 180.0)
"""A hundred thousand payables with everything said of each."""
PLACE: Final = "api"
"""What the places of lines and errors begin with: ``api:17`` is the body's 17th line."""
FIELDS: Final = (
    *("number", "amount", "holder", "account", "bank_code"),
    *("bank_name", "town", "currency", "component", "remark"),
)
REQUIRED: Final = ("number", "amount")
SHAPE: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {name: {"type": ["string", "null"]} for name in FIELDS},
        "required": list(REQUIRED),
        "additionalProperties": False,
    },
}
"""How the API's description tells of the lines."""
LONGEST: Final = 500
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, marks of format, halves of characters, ends of lines and paragraphs: nobody sees them in a name."""
_NO_CHARACTERS: Final = frozenset(map(chr, range(0xFDD0, 0xFDF0)))
"""Never to be letters, with the last two of each plane: no file for a bank can hold them."""
_BEFORE_TEXT: Final = b"\xef\xbb\xbf"
"""What some programs put at the beginning of what they write as UTF-8."""
_CAPS: Final = tables.Caps(field_chars=LONGEST)


class Wanted(BaseModel):
    """What the run is to be: the address's query."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    bank: Annotated[str, Field(min_length=1, max_length=100)]
    """The system it is paid through."""
    component: Component = Component.SALARY
    period: Annotated[str, Field(pattern=PERIOD_PATTERN)]
    on: date
    """The day it is to be paid on."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "CNY"
    count: Annotated[int | None, Field(ge=1, le=10**9)] = None
    total_minor: Annotated[int | None, Field(ge=0, le=10**15)] = None
    """Control totals; in minor units."""
    source: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    """The system whose approved payables are paid; the body is empty then."""
    request: Annotated[str | None, Field(min_length=1, max_length=100, pattern="^[!-~]+$")] = None
    """The caller's own name of this request: sent again, it is answered with the run it has."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A body of which nothing can be drafted: why, and line by line."""

    code: str
    message: str
    faults: Sequence[Fault] = ()


def read_lines(body: bytes, currency: str) -> ReadRows | Unread:
    """The body's lines as rows of payables."""
    good: list[tuple[int, dict[str, str]]] = []
    bad: list[RejectedRow] = []
    for at, line in enumerate(body.removeprefix(_BEFORE_TEXT).split(b"\n"), start=1):
        if not line.strip():
            continue
        told = _line(at, line)
        if isinstance(told, RejectedRow):
            bad.append(told)
        else:
            good.append((at, told))
    frame = pl.DataFrame([fields for _, fields in good], schema=dict.fromkeys(FIELDS, pl.String))
    numbers = pl.Series([at for at, _ in good], dtype=pl.Int64)
    layout = tables.Layout()
    try:
        table = tables.settled(tables.Table(frame, numbers, 0, bad), layout, _CAPS)
    except tables.FileError as fault:
        return Unread(fault.rule, fault.message)
    columns = {name: name for name in FIELDS}
    rows: list[PayableRow] = []
    faults: list[Fault] = []
    for page in tables.pages(table, 50_000):
        read = read_page(page, columns, currency, PLACE)
        rows += read.rows
        faults += read.faults
    faults.sort(key=_row)
    return ReadRows(rows, faults) if rows else Unread("no_rows", "no line of the body can be drafted", faults)


def hand_in(who: Officer, wanted: Wanted, body: bytes) -> Drafted | Unread:
    """Draft a run of the body's lines, or of a system's payables, in the person's name.

    Raises `ApprovalError` (``no_office``) for who may not hand in, and what `draft` raises.
    """
    if not who.hands_in:
        raise ApprovalError(
            "you may not hand in payables",
            code="no_office",
            remedy="it takes the office payroll, or the right to operate Airflow",
        )
    drafting = Drafting(
        system=wanted.bank,
        component=wanted.component,
        period=wanted.period,
        execution_day=wanted.on,
        requested_by=who.person,
        currency=wanted.currency,
        declared_count=wanted.count,
        declared_minor=wanted.total_minor,
        asked=f"api {who.person} {wanted.request}" if wanted.request else "",
    )
    if wanted.source is not None:
        if body.strip():
            return Unread("body_and_source", "payables come in the body or from a system: give one of the two")
        return draft_system(who.hub, drafting, wanted.source)
    read = read_lines(body, wanted.currency)
    if isinstance(read, Unread):
        return read
    origin = Origin(PLACE, hashlib.sha256(body).hexdigest(), who.hub.clock.now())
    return draft(who.hub, drafting, read, origin)


def drafted_document(drafted: Drafted) -> dict[str, Any]:
    """What became of every line of the body: drafted, left out with its reason, or not readable."""
    out = [line for line in drafted.lines if line.state is LineState.LEFT_OUT]
    return {
        "run": drafted.run.run_id,
        "lines": len(drafted.lines) - len(out),
        "left_out": [{**_where(line.payable.place), "code": line.code} for line in out],
        "errors": errors_document(drafted.faults),
    }


def errors_document(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Errors by the body's lines (from 1), or by the places a system gave them, each with a stable code."""
    return [{**_where(fault.place), "code": fault.rule, "message": fault.message} for fault in faults]


def _line(at: int, line: bytes) -> dict[str, str] | RejectedRow:
    try:
        found = orjson.loads(line)
    except ValueError:
        return RejectedRow(at, "not_json", "this line is no JSON")
    if not isinstance(found, dict):
        return RejectedRow(at, "not_an_object", "this line is no JSON object")
    fault = next(_faults(at, found), None)
    # orjson keeps the last of two values for one key. Read again only what is known to be flat: the standard
    # library's parser recurses as deep as it is told to.
    if fault is None and len(json.loads(line, object_pairs_hook=list)) != len(found):
        fault = RejectedRow(at, "double_key", "a key stands twice in this line: nobody can say which is meant")
    return fault or {name: text for name, text in found.items() if text is not None}


def _faults(at: int, found: dict[str, Any]) -> Iterator[RejectedRow]:
    for name in REQUIRED:
        if not found.get(name):
            yield RejectedRow(at, "missing", f"there is no {name} in this line", name)
    for name, value in found.items():
        if name not in FIELDS:
            yield RejectedRow(at, "unknown_key", f"only these are known: {', '.join(FIELDS)}")
        elif value is None:
            continue
        elif not isinstance(value, str):
            yield RejectedRow(at, "not_text", f'the {name} must be text, such as "1234.56" for an amount', name)
        elif not (value.isprintable() or all(map(_may_stand, value))):
            yield RejectedRow(at, "not_printable", f"the {name} has a character in it that cannot be printed", name)


def _may_stand(sign: str) -> bool:
    """Wide blanks, private use and new letters may; what nobody sees may not, though a payroll file takes it."""
    return unicodedata.category(sign) not in _UNSEEN and not (sign in _NO_CHARACTERS or ord(sign) & 0xFFFE == 0xFFFE)


def _row(fault: Fault) -> int:
    return int(fault.place.removeprefix(f"{PLACE}:"))


def _where(place: str) -> dict[str, Any]:
    source, _, row = place.partition(":")
    return {"row": int(row)} if source == PLACE else {"place": place}
