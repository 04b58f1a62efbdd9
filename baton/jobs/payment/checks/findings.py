"""What checks find, and the report an approval binds to: canonical, so that the same facts give the same digest.

A report is the same whatever order the lines, the history and the people came in, and it does not contain the time it
was made: checked again before the release it has the same digest, or something has changed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Self, TypeAlias

import orjson

from baton.jobs.payment.checks.rules import Severity
from baton.model.payable import PayableKey

Detail: TypeAlias = tuple[tuple[str, "int | date"], ...]
"""Figures and days only, by name: neither a person nor an account can be in them."""
FORMAT: Final = "baton-check-report-1"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one line (or the run) does not pass."""

    rule: str
    severity: Severity
    """As the policy in force makes it."""
    reference: str = ""
    """Of the line; empty when it is about the run."""
    place: str = ""
    """Of the line, as its source told it."""
    number: str = ""
    """The employee number, where it is about a person who has no line."""
    code: str = ""
    """Our own code for which of several it is; empty where there is only one."""
    detail: Detail = ()

    def document(self) -> list[Any]:
        """As JSON values."""
        # Figures as text: an amount that is far too large is a finding too, and JSON's integers end at 64 bits.
        severity, detail = self.severity.name.lower(), [[name, str(value)] for name, value in self.detail]
        return [self.reference, self.rule, severity, self.place, self.number, self.code, detail]

    @classmethod
    def of_document(cls, document: Sequence[Any]) -> Self:
        """A finding as it was kept: the same digest, its figures as text."""
        reference, rule, severity, place, number, code, detail = document
        figures = tuple((name, value) for name, value in detail)
        return cls(rule, Severity[severity.upper()], reference, place, number, code, figures)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the finding: what a waiver was given for, and nothing else."""
        return hashlib.sha256(b"baton-finding-1" + orjson.dumps(self.document())).hexdigest()


class LineVerdict(StrEnum):
    """What the checks make of a line; where it stands in its run is `baton.model.pay_run.LineState`."""

    PAYABLE = "payable"
    HELD = "held"
    """Until everything that holds it is waived."""
    LEFT_OUT = "left_out"
    """Cannot be paid in this run; the reasons are told."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the run and what becomes of it. Every line that came in is here."""

    reference: str
    key: PayableKey
    place: str
    amount_minor: int
    state: LineVerdict
    reasons: tuple[str, ...] = ()
    """The rules that hold it or leave it out, sorted; empty for a payable line."""


@dataclass(frozen=True)
class CheckReport:
    """What the checks of one run found."""

    run: str
    period: str
    pay_day: date
    currency: str
    policy: str
    """SHA-256 (hex) of the policy it was checked by."""
    content: str
    """SHA-256 (hex) over every line as it came in, names, accounts and amounts included."""
    lines: Sequence[Line]
    """In order of their keys: number, period, component, attempt."""
    findings: Sequence[Finding]
    """The run's first, then line by line."""

    @cached_property
    def counts(self) -> Mapping[LineVerdict, int]:
        """How many lines are in each state."""
        return Counter(line.state for line in self.lines)

    @property
    def warnings(self) -> int:
        """How many findings only warn: what thresholds of approval count."""
        return sum(finding.severity is Severity.WARN for finding in self.findings)

    @property
    def stopped(self) -> bool:
        """Whether the run as a whole cannot be paid."""
        return any(not finding.reference and finding.severity is Severity.STOP for finding in self.findings)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it."""
        seen = hashlib.sha256()
        head = [FORMAT, self.run, self.period, self.pay_day, self.currency, self.policy, self.content]
        seen.update(orjson.dumps([*head, len(self.lines), len(self.findings)]) + b"\n")
        for line in self.lines:
            document = [line.reference, line.place, str(line.amount_minor), line.state.value, line.reasons]
            seen.update(orjson.dumps(document) + b"\n")
        for finding in self.findings:
            seen.update(orjson.dumps(finding.document()) + b"\n")
        return seen.hexdigest()
