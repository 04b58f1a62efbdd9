"""What Tryton's JSON-RPC says and wants to hear: value forms, record rows, the literal table of its errors.

Source: trytond 8.2 ``protocols/jsonrpc.py``, the ``party`` and ``company`` modules, and a running 8.2 server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from baton.sdk import (
    Account,
    AccountState,
    ConnectorError,
    FieldSpec,
    FieldType,
    HaltError,
    InDoubtError,
    Intent,
    RejectedError,
    Response,
    RetryableError,
    Scalar,
)

CONCURRENCY = "ConcurrencyException"

FIELDS: Mapping[str, FieldSpec] = {
    "name": FieldSpec(required=True, personal=True, about="party.party name"),
    "email": FieldSpec(personal=True, about="the party's first e-mail; None retires every e-mail of the party"),
    "mobile": FieldSpec(personal=True, about="the party's first mobile number; None retires all of them"),
    "phone": FieldSpec(personal=True, about="the party's first telephone number; None retires all of them"),
    "start_date": FieldSpec(FieldType.DATE, about="company.employee start_date"),
    "end_date": FieldSpec(FieldType.DATE, about="the last working day; needed to disable, and set by nothing else"),
    "supervisor": FieldSpec(FieldType.REFERENCE, about="company.employee supervisor"),
}
_CLOCK = ("hour", "minute", "second", "microsecond")
MECHANISMS = ("email", "mobile", "phone")
PARTY_COLUMNS = ["id", "code", "name", "active", "_timestamp"]
EMPLOYEE_COLUMNS = ["id", "party", "start_date", "end_date", "supervisor", "_timestamp"]
MECHANISM_COLUMNS = ["id", "party", "type", "value"]


# --- errors


class Answer(Enum):
    """What to do about an error that Tryton names."""

    REFUSED = "refused"
    AGAIN = "again"
    PERSON = "person"


ERRORS: Mapping[str, tuple[Answer, str]] = {
    "UserError": (Answer.REFUSED, "correct the value in HR or the mapping, or the record in Tryton"),
    "UserWarning": (Answer.REFUSED, "make this change once in the Tryton client and confirm its warning there"),
    CONCURRENCY: (Answer.AGAIN, ""),
    "RateLimitException": (Answer.AGAIN, ""),
    "LoginException": (Answer.PERSON, "the user must log in with a password alone: check [session] authentications"),
    "MissingDependenciesException": (Answer.PERSON, "activate the missing modules in Tryton"),
}
"""Everything Tryton names in ``error[0]``. Any other text there is a Python exception of the server."""

TRANSIENT = ("database is locked", "could not serialize access", "deadlock detected")
"""Parts of database exceptions that mean: rolled back, and fine a moment later."""

STATUSES: Mapping[int, str] = {
    400: "Tryton could not read the request: is the URL that of a Tryton 8.2 server?",
    403: "Tryton does not offer this method: are the party and company modules active?",
    404: "there is no such database (or URL): correct base_url or database in systems.yaml",
    405: "this URL does not take JSON-RPC: correct base_url in systems.yaml",
    415: "something between here and Tryton changes requests: check the proxy",
    422: "Tryton misses an argument: is it another version than 8.2?",
}
"""HTTP statuses that say the contract is broken, with what a person does about it."""


def result_of(response: Response, call_id: int) -> Any:
    """The result of one call, or the connector error that its status or its error means (401 is the session's)."""
    if response.status in STATUSES:
        raise HaltError(
            f"Tryton answered HTTP {response.status}", code=f"http_{response.status}", remedy=STATUSES[response.status]
        )
    if response.status == 429:
        raise RetryableError(
            "Tryton has had too many failed logins", code="http_429", retry_after_s=response.retry_after_s() or 60.0
        )
    body = response.raise_for_status().json()
    if not isinstance(body, dict) or body.get("id") != call_id or len(body.keys() & {"result", "error"}) != 1:
        raise response.unreadable("is not the answer to this call")
    if "error" in body:
        raise error_of(body["error"], response.intent)
    return body["result"]


def error_of(error: Any, intent: Intent) -> ConnectorError:
    """The one place where Tryton's errors become ours. In every case the server has rolled its transaction back."""
    name = str(error[0]) if isinstance(error, list) and error else ""
    if name in ERRORS:
        answer, remedy = ERRORS[name]
        if answer is Answer.AGAIN:
            return RetryableError(f"Tryton answered {name}", code=name)
        if answer is Answer.PERSON:
            return HaltError(f"Tryton answered {name}", code=name, remedy=remedy)
        return RejectedError(_refusal(error), code=name, remedy=remedy)
    if any(part in name for part in TRANSIENT):
        return RetryableError("Tryton's database was busy", code="database_busy")
    message, remedy = "Tryton answered with an unknown error", "look for it in Tryton's own log at this moment"
    if intent is Intent.READ:
        return HaltError(message, code="unmapped_error", remedy=remedy)
    # In a write one odd value can cause it: refusing lets the batch be split until that record stands alone.
    return RejectedError(message, code="unmapped_error", remedy=remedy)


def _refusal(error: Sequence[Any]) -> str:
    """Tryton's sentence without its quotations (they hold names and values), with the technical names of the fields."""
    details = error[1] if len(error) > 1 and isinstance(error[1], list) else []
    sentences = [part for part in details[:2] if isinstance(part, str) and part]
    sentence = " ".join(map(_unquoted, sentences))[:300] or "refused without a reason"
    domain = details[2] if len(details) > 2 else None
    fields = domain[1] if isinstance(domain, list) and len(domain) == 2 and isinstance(domain[1], dict) else {}
    return f"{sentence} (field {', '.join(sorted(fields))})" if fields else sentence


def _unquoted(sentence: str) -> str:
    """A sentence without what stands in quotation marks, also where that holds such marks itself (a nickname)."""
    spans: list[tuple[int, int]] = []
    opened: list[int] = []
    marks = [found.start() for found in re.finditer('"', sentence)]
    for at in marks:
        if at == 0 or sentence[at - 1] in " (\n":
            opened.append(at)
        elif not opened:
            return _from_first_to_last(sentence, marks)
        elif len(opened) == 1:
            spans.append((opened.pop(), at + 1))
        else:
            opened.pop()
    if opened:
        return _from_first_to_last(sentence, marks)
    for start, end in reversed(spans):
        sentence = f'{sentence[:start]}"…"{sentence[end:]}'
    return sentence


def _from_first_to_last(sentence: str, marks: Sequence[int]) -> str:
    """Where it cannot be told which mark begins and which ends, everything between the outermost is left out."""
    return f'{sentence[: marks[0]]}"…"{sentence[marks[-1] + 1 :]}'


def garbled(intent: Intent, what: str) -> ConnectorError:
    """The error for a result that has another shape than Tryton 8.2 gives."""
    kind = InDoubtError if intent is Intent.WRITE else RetryableError
    return kind(f"the result of {what} has an unexpected shape", code="garbled")


# --- values


def date_out(day: date) -> dict[str, Any]:
    """A date as Tryton's JSON has it."""
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def date_in(value: Any) -> date | None:
    """A date out of Tryton's JSON."""
    return None if value is None else date(value["year"], value["month"], value["day"])


def decimal_in(value: Any) -> Decimal | None:
    """A decimal out of Tryton's JSON."""
    return None if value is None else Decimal(value["decimal"])


def decimal_out(value: Decimal) -> dict[str, Any]:
    """A decimal as Tryton's JSON has it."""
    return {"__class__": "Decimal", "decimal": str(value)}


def moment_out(moment: datetime) -> dict[str, Any]:
    """A moment as Tryton's JSON has it: UTC, and without saying so."""
    at = moment.astimezone(UTC)
    clock = {name: getattr(at, name) for name in _CLOCK}
    return {"__class__": "datetime", "year": at.year, "month": at.month, "day": at.day, **clock}


def moment_in(value: Any) -> datetime | None:
    """A moment out of Tryton's JSON."""
    if value is None:
        return None
    hour, minute, second, microsecond = (int(value[name]) for name in _CLOCK)
    return datetime(value["year"], value["month"], value["day"], hour, minute, second, microsecond, tzinfo=UTC)


# --- rows


@dataclass(frozen=True, slots=True)
class Party:
    """A row of party.party. ``mark`` is its ``_timestamp``, by which a write can be made conditional."""

    id: int
    code: str
    name: str | None
    active: bool
    mark: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Party:
        """From one row of a `read` answer."""
        return cls(int(row["id"]), str(row["code"]), row["name"], bool(row["active"]), str(row["_timestamp"]))


@dataclass(frozen=True, slots=True)
class Employment:
    """A row of company.employee."""

    id: int
    party: int
    start: date | None
    end: date | None
    supervisor: int | None
    mark: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Employment:
        """From one row of a `read` answer."""
        start, end, supervisor = date_in(row["start_date"]), date_in(row["end_date"]), row["supervisor"]
        return cls(int(row["id"]), int(row["party"]), start, end, supervisor, str(row["_timestamp"]))


@dataclass(frozen=True, slots=True)
class Mechanism:
    """An active row of party.contact_mechanism."""

    id: int
    party: int
    type: str
    value: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Mechanism:
        """From one row of a `read` answer."""
        return cls(int(row["id"]), int(row["party"]), str(row["type"]), str(row["value"]))


@dataclass(frozen=True, slots=True)
class Person:
    """A party with its contact mechanisms (in Tryton's order) and the employment that counts, if there is one."""

    party: Party
    mechanisms: Sequence[Mechanism] = ()
    employment: Employment | None = None


def current(employments: Iterable[Employment], wanted: str | None = None) -> Employment | None:
    """Of one party's employments the wanted id, else the one not ended, else the newest."""
    ranked = sorted(employments, key=lambda each: (str(each.id) == wanted, each.end is None, each.id))
    return ranked[-1] if ranked else None


def account_of(person: Person, employment: Employment, number: str | None) -> Account:
    """The account as the hub sees it: an employment with an end date is a disabled account, whatever day it is."""
    fields: dict[str, Scalar] = {"name": person.party.name}
    for kind in MECHANISMS:
        fields[kind] = next((each.value for each in person.mechanisms if each.type == kind), None)
    fields["start_date"], fields["end_date"] = employment.start, employment.end
    fields["supervisor"] = None if employment.supervisor is None else str(employment.supervisor)
    state = AccountState.ENABLED if employment.end is None else AccountState.DISABLED
    return Account(number, str(employment.id), state, fields, version=employment.mark)


# --- what to write


def party_values(fields: Mapping[str, Scalar], person: Person | None) -> dict[str, Any]:
    """The values of a party.party write (or create, without a person) for these fields; empty when none concerns it."""
    values: dict[str, Any] = {"name": fields["name"]} if "name" in fields else {}
    commands: list[list[Any]] = []
    for kind in MECHANISMS:
        if kind in fields:
            held = [each for each in person.mechanisms if each.type == kind] if person else []
            commands += _mechanism_commands(kind, fields[kind], held)
    if commands:
        values["contact_mechanisms"] = commands
    return values


def _mechanism_commands(kind: str, value: Scalar, held: Sequence[Mechanism]) -> list[list[Any]]:
    if value is None:
        return [["write", [each.id for each in held], {"active": False}]] if held else []
    if not held:
        return [["create", [{"type": kind, "value": value}]]]
    return [] if held[0].value == value else [["write", [held[0].id], {"value": value}]]


def employee_values(fields: Mapping[str, Scalar]) -> dict[str, Any]:
    """The values of a company.employee write or create for these fields."""
    values: dict[str, Any] = {}
    for name in ("start_date", "end_date"):
        if name in fields:
            day = fields[name]
            values[name] = date_out(day) if isinstance(day, date) else None
    if "supervisor" in fields:
        chief = fields["supervisor"]
        values["supervisor"] = None if chief is None else int(str(chief))
    return values
