"""A settlement as a person reads it and reviews it: one line a component, each with its rule, source and working."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any

import orjson


class LineId(StrEnum):
    """What a line is."""

    SALARY = "salary"
    LEAVE = "unused_leave"
    SEVERANCE = "severance"
    NOTICE = "notice"
    DOUBLE = "unlawful_termination"
    NO_CONTRACT = "no_written_contract"
    DEDUCTION = "deduction"

    @property
    def titles(self) -> tuple[str, str]:
        """In Chinese and in English."""
        return _TITLES[self]


_TITLES = {
    LineId.SALARY: ("工资（至最后工作日）", "Wage to the last day"),
    LineId.LEAVE: ("未休年休假工资", "Unused annual leave"),
    LineId.SEVERANCE: ("经济补偿（N）", "Economic compensation (N)"),
    LineId.NOTICE: ("代通知金（+1）", "Pay instead of notice (+1)"),
    LineId.DOUBLE: ("违法解除赔偿金（2N）", "Damages for unlawful termination (2N)"),
    LineId.NO_CONTRACT: ("未签书面合同二倍工资差额", "Second wage for want of a written contract"),
    LineId.DEDUCTION: ("扣款", "Deduction"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One component. A deduction's amount is negative."""

    id: LineId
    rule: str
    """The part of the pack it is by."""
    source: str
    verified: bool
    """Whether the pack says that its rules have been compared with their texts."""
    inputs: tuple[tuple[str, str], ...]
    working: str
    """The sum as it was done, before rounding to whole fen."""
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Remaining:
    """What of a deduction the limits did not let through: a claim of its own, not part of the settlement."""

    kind: str
    amount_minor: int
    why: str
    """``consent``, ``percent_of_wage``, ``minimum_wage`` or ``nothing_left``: what limited it first."""


@dataclass(frozen=True)
class Settlement:
    """What one leaver is owed. Taxes are not worked out here: where some are due they come as deductions."""

    number: str
    region: str
    ground: str
    first_day: date
    last_day: date
    due_day: date
    """By which wages are to be paid."""
    pack_version: str
    pack_digest: str
    lines: Sequence[Line]
    remaining: Sequence[Remaining]

    @property
    def total_minor(self) -> int:
        """The sum of all lines; never negative."""
        return sum(line.amount_minor for line in self.lines)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it: what a review binds to."""
        told = [self.number, self.region, self.ground, self.first_day, self.last_day, self.due_day]
        packed = [self.pack_version, self.pack_digest]
        parts = [[asdict(line) for line in self.lines], [asdict(rest) for rest in self.remaining]]
        return hashlib.sha256(b"baton-settlement-1" + orjson.dumps([told, packed, parts])).hexdigest()

    @property
    def document(self) -> dict[str, Any]:
        """All of it as JSON has it; amounts in fen."""
        return {
            "number": self.number,
            "region": self.region,
            "ground": self.ground,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "due_day": self.due_day.isoformat(),
            "lines": [_line_document(line) for line in self.lines],
            "remaining": [asdict(rest) for rest in self.remaining],
            "total_minor": self.total_minor,
            "pack": {"version": self.pack_version, "digest": self.pack_digest},
            "digest": self.digest,
        }


def _line_document(line: Line) -> dict[str, Any]:
    zh, en = line.id.titles
    inputs = [list(each) for each in line.inputs]
    return {**asdict(line), "id": line.id.value, "inputs": inputs, "title": {"zh": zh, "en": en}}
