"""SOAP faults and result codes as the hub's outcomes, and query rows as accounts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import zeep.exceptions

from baton.sdk import (
    Account,
    AccountState,
    AccountWrite,
    ConnectorError,
    HaltError,
    InDoubtError,
    Intent,
    Receipt,
    RejectedError,
    RetryableError,
    Scalar,
)
from connectors.erp.soap.settings import ConfirmationPart, Meaning, QueryPart, RowState
from connectors.erp.soap.template import picked

MESSAGES: Final = uuid.UUID("0b9f3a52-6f0e-5d0c-9a7e-3a1d1f6c2e77")
"""Namespace of our message ids."""

LOST: Final = "lost"
"""The ERP may have acted: in doubt after a write, to be repeated after a read."""

FAULTS: Final[Mapping[str, Meaning | str]] = {
    "Client": Meaning.REFUSED,
    "Sender": Meaning.REFUSED,
    "Server": LOST,
    "Receiver": LOST,
    "VersionMismatch": Meaning.HALT,
    "MustUnderstand": Meaning.HALT,
    "DataEncodingUnknown": Meaning.HALT,
    "FailedAuthentication": Meaning.HALT,
    "FailedCheck": Meaning.HALT,
    "InvalidSecurity": Meaning.HALT,
    "InvalidSecurityToken": Meaning.HALT,
    "SecurityTokenUnavailable": Meaning.HALT,
    "UnsupportedAlgorithm": Meaning.HALT,
    "UnsupportedSecurityToken": Meaning.HALT,
}
"""The fault codes of SOAP 1.1, SOAP 1.2 and WS-Security, by local name. ``Client.Something`` counts as ``Client``."""

STATES: Final[Mapping[RowState, AccountState]] = {
    RowState.ENABLED: AccountState.ENABLED,
    RowState.DISABLED: AccountState.DISABLED,
    RowState.REMOVED: AccountState.REMOVED,
}


def message_id(write: AccountWrite, operation: str) -> str:
    """The same UUID on every repeat of one message, another one for every other message."""
    return str(uuid.uuid5(MESSAGES, f"{write.key}/{operation}"))


def fault_error(
    fault: zeep.exceptions.Fault, intent: Intent, detail: str | None, own: Mapping[str, Meaning]
) -> ConnectorError:
    """The one place where SOAP faults become our errors. The fault's text is left out: it often repeats the data."""
    codes = _codes(fault, detail)
    known: Meaning | str | None = next((own[code] for code in codes if code in own), None)
    if known is None:
        bases = (code.partition(".")[0] for code in codes)
        known = next((FAULTS[base] for base in bases if base in FAULTS), None)
    code = codes[0] if codes else "no_code"
    text = f"the ERP answered with the fault {code}"
    match known:
        case Meaning.REFUSED:
            return RejectedError(text, code=code, remedy="look this message up in the ERP's own log")
        case Meaning.NOT_PERFORMED:
            return RetryableError(text, code=code)
        case Meaning.HALT:
            return HaltError(text, code=code, remedy="check user, password, permissions and the service's version")
        case "lost" if intent is Intent.READ:
            return RetryableError(text, code=code)
        case "lost":
            return InDoubtError(text, code=code)
    return unmapped(f"the fault code {code}", code, intent)


def unmapped(what: str, code: str, intent: Intent) -> ConnectorError:
    """The loud error for a code that no table has."""
    remedy = "find out what it means and add it to this system's settings"
    kind = InDoubtError if intent is Intent.WRITE else HaltError
    return kind(f"{what} is in no table", code=f"unmapped_{code}"[:80], remedy=remedy)


def _codes(fault: zeep.exceptions.Fault, detail: str | None) -> list[str]:
    """Local names of all codes a fault carries, the most telling first."""
    found: list[str] = []
    if detail and fault.detail is not None:
        step = fault.detail
        for name in detail.split("/"):
            step = next((child for child in step if _local(child.tag) == name), None) if step is not None else None
        found += [step.text] if step is not None and step.text else []
    found += [subcode.localname for subcode in reversed(fault.subcodes or [])]
    found += [fault.code.rpartition(":")[2]] if fault.code else []
    return [code.strip()[:60] for code in found]


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def receipt_of(answer: Any, sent_id: str, confirmation: ConfirmationPart) -> Receipt:
    """What a confirmation says. Raises `InDoubtError` for one of another message or with an unknown result code."""
    if picked(answer, confirmation.message_id) != sent_id:
        raise InDoubtError("the ERP confirmed another message than the one sent", code="wrong_answer")
    result = str(picked(answer, confirmation.result))
    reason = picked(answer, confirmation.reason) if confirmation.reason else None
    external_id = picked(answer, confirmation.external_id) if confirmation.external_id else None
    code = str(reason or result)[:80]
    match confirmation.results.get(result):
        case Meaning.DONE:
            return Receipt.done(external_id, message_id=sent_id)
        case Meaning.REFUSED:
            remedy = f"look up message {sent_id} in the ERP's log, correct the value in HR, the mapping or the ERP"
            return Receipt.refused(code, f"the ERP refused it with result {result}", remedy=remedy, message_id=sent_id)
        case Meaning.NOT_PERFORMED:
            return Receipt.not_performed(code, f"the ERP has not processed it (result {result})")
        case Meaning.HALT:
            raise HaltError(f"the ERP answered with result {result}", code=code, remedy="look into the ERP's own log")
    raise unmapped(f"the result code {result}", result, Intent.WRITE)


def account_of(row: Any, query: QueryPart) -> Account:
    """One row of the query as an account. Raises `HaltError` for a status code that is in no table, or no id."""
    status = str(picked(row, query.row_state))
    if status not in query.row_states:
        raise unmapped(f"the employment status {status}", status, Intent.READ)
    fields: dict[str, Scalar] = {name: _scalar(picked(row, path), query) for name, path in query.fields.items()}
    number, external_id = picked(row, query.row_number), picked(row, query.row_external_id)
    if not external_id:
        raise HaltError(
            "the ERP gives an employee without the id by which the others are known",
            code="no_external_id",
            remedy="check operations.query.row_external_id: it must name an element that every row has",
        )
    return Account(number, str(external_id), STATES[query.row_states[status]], fields)


def _scalar(value: Any, query: QueryPart) -> Scalar:
    if isinstance(value, date):
        return None if value == query.no_date else value
    return None if value is None else str(value)
