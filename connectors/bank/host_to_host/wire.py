"""The generic roster profile: file names, CSV columns, and what the bank's words mean.

Banks differ; this is our own profile to agree on with a bank (README.md describes it for them), not any bank's format.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from baton.sdk import (
    Account,
    AccountState,
    AccountWrite,
    Action,
    Envelope,
    FieldSpec,
    HaltError,
    InDoubtError,
    Outcome,
    Receipt,
    Scalar,
)

ROSTER: Final = "baton/payee-roster; profile=generic-1"
ACKNOWLEDGEMENT: Final = "baton/payee-roster-acknowledgement; profile=generic-1"
STATEMENT: Final = "baton/payee-roster-statement; profile=generic-1"

FIELDS: Final[Mapping[str, FieldSpec]] = {
    "holder_name": FieldSpec(required=True, personal=True, max_length=60, about="as the bank has it, never romanised"),
    "account_number": FieldSpec(
        required=True, readable=False, personal=True, max_length=34, about="the bank shows its last four digits only"
    ),
    "account_tail": FieldSpec(
        personal=True, max_length=4, about="last four of account_number; map it to see a changed account in reconcile"
    ),
    "bank_code": FieldSpec(required=True, personal=True, max_length=12, about="CNAPS code, 12 digits"),
    "bank_name": FieldSpec(personal=True, max_length=60),
    "identity_number": FieldSpec(
        readable=False, personal=True, max_length=18, about="only if the contract asks for it"
    ),
    "currency": FieldSpec(required=True, max_length=3, about="ISO 4217, CNY"),
}
_SENT: Final = tuple(name for name in FIELDS if name != "account_tail")
_COLUMNS: Final = ("reference", "action", "payee_number", "version", "changed", *_SENT)
_ACKNOWLEDGEMENT_COLUMNS: Final = ("reference", "status", "reason", "payee_number")
_STATEMENT_COLUMNS: Final = (
    "payee_number",
    "status",
    "version",
    "holder_name",
    "account_tail",
    "bank_code",
    "bank_name",
    "currency",
)

_WORDS: Final = {
    Action.PROVISION: "ADD",
    Action.UPDATE: "CHANGE",
    Action.DISABLE: "SUSPEND",
    Action.ENABLE: "REACTIVATE",
}
_SHAPES: Final = {
    "account_number": (re.compile(r"[0-9A-Za-z]{4,34}"), "4 to 34 digits or letters, without blanks"),
    "account_tail": (re.compile(r"[0-9A-Za-z]{4}"), "4 digits or letters"),
    "bank_code": (re.compile(r"[0-9]{12}"), "the 12 digits of a CNAPS code"),
    "currency": (re.compile(r"[A-Z]{3}"), "three capital letters"),
    "identity_number": (re.compile(r"[0-9A-Za-z]{6,18}"), "6 to 18 digits or letters"),
}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_PAYEE_NUMBER: Final = re.compile(r"[0-9A-Za-z._-]{1,32}")

LINE_STATUS: Final[Mapping[str, Outcome]] = {
    "APPLIED": Outcome.DONE,
    "DUPLICATE": Outcome.DONE,  # this reference was applied before: the same effect, once
    "PENDING": Outcome.ACCEPTED,
    "REFUSED": Outcome.REFUSED,
}
LINE_REASONS: Final[Mapping[str, str]] = {
    "NAME_MISMATCH": "have the employee check the account holder's name; it must equal the bank's record",
    "ACCOUNT_UNKNOWN": "have the employee check the account number",
    "ACCOUNT_CLOSED": "ask the employee for another account",
    "BANK_CODE_UNKNOWN": "correct the bank code (CNAPS, 12 digits)",
    "CURRENCY_NOT_OPEN": "agree the currency with the bank, or correct it",
    "IDENTITY_MISMATCH": "have the employee check the identity number with the bank",
    "PAYEE_UNKNOWN": "the bank does not know this payee; provision it again",
    "STALE_VERSION": "the bank has a newer version already; run reconcile",
    "FORMAT": "the bank could not read this line; compare the profile agreed with it",
}
FILE_REASONS: Final[Mapping[str, str]] = {
    "SIGNATURE": "the bank does not trust our signing key; give it the public key, then send again",
    "NOT_READABLE": "the bank could not decrypt the file; check bank_reading_key with the bank, then send again",
    "FORMAT": "the bank could not read the file; compare the profile agreed with it",
    "CONTRACT": "ask the bank whether roster files are enabled for this contract",
}
PAYEE_STATUS: Final[Mapping[str, AccountState]] = {
    "ACTIVE": AccountState.ENABLED,
    "SUSPENDED": AccountState.DISABLED,
}


def roster_name(system_id: str, batch_id: str) -> str:
    """The roster file's name: a function of system and batch only, so that a repeat is recognised; nothing personal."""
    return f"roster_{system_id}_{hashlib.sha256(batch_id.encode()).hexdigest()[:16]}.hpf"


def acknowledgement_name(roster: str) -> str:
    """The name of the bank's answer to a roster file."""
    return f"ack_{roster}"


def references_digest(references: Sequence[str]) -> str:
    """SHA-256 (hex) over the sorted references, one a line: says which lines a file has without showing them."""
    return hashlib.sha256("".join(f"{reference}\n" for reference in sorted(references)).encode()).hexdigest()


def problem(write: AccountWrite) -> Receipt | None:
    """The refusal of a write that no bank could take, judged here before anything is sent; None when it is well."""
    unknown = sorted(set(write.fields) - set(FIELDS))
    if unknown:
        return Receipt.refused("unknown_field", f"no such field: {', '.join(unknown)}", remedy="correct the mapping")
    if not _PAYEE_NUMBER.fullmatch(write.ref.number):
        return Receipt.refused("payee_number", "the employee number has other characters than 0-9 A-Z a-z . _ -")
    for name, value in write.fields.items():
        fault = _fault(name, value)
        if fault:
            return Receipt.refused("field", f"{name}: {fault}", remedy=f"correct {name} in the HR record")
    if write.action is Action.PROVISION:
        missing = [name for name, spec in FIELDS.items() if spec.required and write.fields.get(name) is None]
        if missing:
            return Receipt.refused("required", f"missing: {', '.join(missing)}", remedy="complete the HR record")
    tail, number = write.fields.get("account_tail"), write.fields.get("account_number")
    if tail is not None and (not isinstance(number, str) or not number.endswith(str(tail))):
        return Receipt.refused(
            "account_tail",
            "account_tail without the account_number it is the end of",
            remedy="the account at the bank is another one than in HR: check it, then send the account number again",
        )
    return None


def _fault(name: str, value: Scalar) -> str:
    if value is None:
        return "cannot be cleared" if FIELDS[name].required else ""
    if not isinstance(value, str) or not value:
        return "is not text"
    limit = FIELDS[name].max_length
    if limit is not None and len(value) > limit:
        return f"is longer than {limit} characters"
    shape = _SHAPES.get(name)
    if shape is not None and not shape[0].fullmatch(value):
        return f"is not {shape[1]}"
    if _UNPRINTABLE.search(value) or value != value.strip():
        return "has control characters or blanks at an end"
    return ""


def roster_bytes(writes: Sequence[AccountWrite]) -> bytes:
    """The roster as CSV (RFC 4180, UTF-8, header). Same writes, same bytes: lines stand in the order of their keys."""
    rows = []
    for write in sorted(writes, key=lambda write: write.key):
        changed = [name for name in _SENT if name in write.fields]
        values = ["" if write.fields.get(name) is None else str(write.fields[name]) for name in _SENT]
        head = [write.key, _WORDS[write.action], write.ref.number, str(write.version), " ".join(changed)]
        rows.append(head + values)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_COLUMNS, *rows])
    return text.getvalue().encode("utf-8")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The bank's answer to one roster file, checked for being complete in itself."""

    file: str
    answers: str
    answered_sha256: str
    references: str
    """`references_digest` of the lines it answers."""
    refused: Receipt | None
    """When the whole file was refused: what that means for each of its lines."""
    lines: Mapping[str, Receipt]

    def receipt(self, reference: str) -> Receipt:
        """What became of one line; in doubt when the answer does not speak of it."""
        if self.refused is not None:
            return self.refused
        missing = Receipt.in_doubt(
            "not_in_acknowledgement", "the bank's acknowledgement lacks this line", ack=self.file
        )
        return self.lines.get(reference, missing)


def read_acknowledgement(file: str, envelope: Envelope, plain: bytes) -> Acknowledgement:
    """Parse an opened acknowledgement. Raises `InDoubtError` when it contradicts itself or uses unknown words."""
    facts = envelope.facts
    refused = None
    status = facts.get("file_status")
    if status == "REFUSED":
        reason = facts.get("file_reason", "")
        if reason not in FILE_REASONS:
            raise _unmapped(file, "file_reason")
        message = "the bank refused the whole file; none of its lines was applied"
        refused = Receipt.refused(f"file_{reason.lower()}", message, remedy=FILE_REASONS[reason], ack=file)
    elif status != "ACCEPTED":
        raise _unmapped(file, "file_status")
    lines: dict[str, Receipt] = {}
    for row in _rows(file, plain, _ACKNOWLEDGEMENT_COLUMNS):
        if row["reference"] in lines:
            raise InDoubtError(
                f"{file} answers one line twice", code="acknowledgement", remedy="ask the bank for a corrected file"
            )
        lines[row["reference"]] = _line_receipt(file, row)
    if refused is not None and any(line.outcome is not Outcome.REFUSED for line in lines.values()):
        raise InDoubtError(
            f"{file} refuses the whole file and says of lines of it that they were applied, or will be",
            code="acknowledgement",
            remedy="ask the bank which of both holds, and for a corrected file",
        )
    digest = references_digest(list(lines))
    if facts.get("lines") != str(len(lines)) or (refused is None and facts.get("references") != digest):
        raise InDoubtError(
            f"{file} does not hold the lines it says it holds",
            code="acknowledgement",
            remedy="ask the bank for a corrected file",
        )
    answers, answered = facts.get("answers", ""), facts.get("answered_sha256", "")
    return Acknowledgement(file, answers, answered, digest, refused, lines)


def _line_receipt(file: str, row: Mapping[str, str]) -> Receipt:
    outcome = LINE_STATUS.get(row["status"])
    if outcome is None:
        raise _unmapped(file, "status")
    if outcome is Outcome.REFUSED:
        if row["reason"] not in LINE_REASONS:
            raise _unmapped(file, "reason")
        remedy = LINE_REASONS[row["reason"]]
        return Receipt.refused(row["reason"].lower(), "the bank refused this payee", remedy=remedy, ack=file)
    return Receipt(outcome, external_id=row["payee_number"] or None, evidence={"ack": file})


def read_statement(file: str, plain: bytes) -> Iterator[Account]:
    """The accounts of an opened roster statement."""
    seen: set[str] = set()
    for row in _rows(file, plain, _STATEMENT_COLUMNS):
        number, state = row["payee_number"], PAYEE_STATUS.get(row["status"])
        if state is None:
            raise _unmapped(file, "status")
        if number in seen:
            raise HaltError(f"{file} lists one payee twice", code="statement", remedy="ask the bank for a correct one")
        seen.add(number)
        names = [name for name, spec in FIELDS.items() if spec.readable]
        fields: dict[str, Scalar] = {name: row[name] or None for name in names}
        yield Account(number, number, state, fields, version=row["version"])


def _rows(file: str, plain: bytes, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    try:
        reader = csv.reader(io.StringIO(plain.decode("utf-8"), newline=""), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise _misshapen(file) from None
    if not rows or tuple(rows[0]) != tuple(columns) or any(len(row) != len(columns) for row in rows):
        raise _misshapen(file)
    for row in rows[1:]:
        yield dict(zip(columns, row, strict=True))


def _misshapen(file: str) -> HaltError:
    return HaltError(
        f"{file} is not CSV with the columns of the profile",
        code="profile",
        remedy="agree the profile with the bank; nothing was concluded from the file",
    )


def _unmapped(file: str, column: str) -> HaltError:
    return HaltError(
        f"{file} has a word under {column} that the profile does not know",
        code="unmapped_status",
        remedy="ask the bank what it means and have it added to the connector's table; nothing was concluded",
    )
