"""One file of a bank through our readers, under both leniencies, and against what is in it independently."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from baton.banking.reading.leniency import Leniency, Strict, Tolerant
from baton.banking.reading.report import read_report
from baton.banking.reading.statement import read_statements
from baton.banking.refused import BankFileRefusedError
from baton.model.bank_answers import BankAnswer, Direction, Statement, StatementEntry
from baton.model.money import minor_digits
from tests.banking.public_samples import independent
from tests.banking.public_samples.known import Sample

READ: Final = "read"


def outcome(content: bytes, leniency: Leniency) -> str:
    """`READ`, or the rule of the first fault it was refused for. Any other exception is a failure."""
    try:
        _read(content, leniency)
    except BankFileRefusedError as error:
        return error.faults[0].rule
    return READ


def outcomes(content: bytes) -> tuple[str, str]:
    """Strictly and tolerantly."""
    return outcome(content, Strict()), outcome(content, Tolerant())


def faults(sample: Sample, content: bytes) -> list[str]:
    """What is otherwise than known.txt and the file itself have it."""
    found = [
        f"read {how} it gives {given}, not {known}"
        for how, given, known in zip(
            ("strictly", "tolerantly"), outcomes(content), (sample.strict, sample.tolerant), strict=True
        )
        if given != known
    ]
    counted = independent.count(content)
    if counted != sample.count:
        found.append(f"{counted} counted in it, not {sample.count}")
    return found or (list(differences(content)) if sample.tolerant == READ else [])


def differences(content: bytes) -> Iterator[str]:
    """What the tolerant reader tells otherwise than the file does; nothing when they agree."""
    answers, statements = _read(content, Tolerant())
    compared = _of_report(answers, content) if independent.is_report(content) else _of_statements(statements, content)
    for what, ours, theirs in compared:
        if ours != theirs:
            yield f"{what}: read {ours}, in the file {theirs}"


_Statements = list[tuple[Statement, list[StatementEntry]]]


def _read(content: bytes, leniency: Leniency) -> tuple[list[BankAnswer], _Statements]:
    if independent.is_report(content):
        return list(read_report(io.BytesIO(content), "sample.xml", leniency)), []
    found = read_statements(io.BytesIO(content), "sample.xml", leniency)
    return [], [(each.head, list(each.entries)) for each in found]


def _of_statements(statements: _Statements, content: bytes) -> Iterator[tuple[str, object, object]]:
    held = independent.held(content)
    entries = [entry for _, found in statements for entry in found]
    sums: dict[str, Decimal] = {}
    for entry in entries:
        money = Decimal(entry.amount_minor).scaleb(-minor_digits(entry.currency))
        sums[entry.currency] = sums.get(entry.currency, Decimal(0)) + (
            money if entry.direction is Direction.CREDIT else -money
        )
    yield "statements", len(statements), held.statements
    yield "entries", len(entries), held.entries
    yield "sums", sums, held.sums
    named = {name for entry in entries for name in entry.references}
    yield "references that are missing", held.named - named, set()


def _of_report(answers: list[BankAnswer], content: bytes) -> Iterator[tuple[str, object, object]]:
    told = independent.reported(content)
    yield "states", Counter((each.level.value, each.raw_state) for each in answers), told.states
    yield "references", [each.reference for each in answers if each.reference], told.references
    yield "reasons", Counter(reason.code for each in answers for reason in each.reasons), told.reasons
