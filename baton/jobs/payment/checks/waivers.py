"""Waivers: a named person in a named role takes one finding upon themself, for a time, with a reason.

A waiver is bound to what was found (`Finding.digest`): when a check before the release finds something else, with other
figures or a graver severity, the waiver does not cover it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

import orjson

from baton.jobs.payment.checks.findings import CheckReport, Finding, Line, LineVerdict
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.jobs.payment.checks.rules import Severity
from baton.jobs.payment.roles import Holders, Role
from baton.model.persons import alike, is_among


@dataclass(frozen=True, slots=True, order=True)
class Waiver:
    """What somebody has said about one finding."""

    rule: str
    reference: str
    """Of the line; empty for a finding about the run."""
    finding: str
    """The digest (hex) of the finding as they saw it."""
    person: str
    role: Role
    reason: str
    until: datetime
    """UTC; from then on it covers nothing."""


class Refusal(StrEnum):
    """Why a waiver covers nothing."""

    NO_SUCH_FINDING = "no_such_finding"
    """Nothing of the kind is found any more, or with other figures."""
    NOT_WAIVABLE = "not_waivable"
    MAKER = "maker"
    """Whoever made the run, or one that it pays again, waives nothing in it."""
    WRONG_ROLE = "wrong_role"
    """The rule asks for another role."""
    ROLE_NOT_HELD = "role_not_held"
    """The person does not hold the role they named."""
    NO_REASON = "no_reason"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Cleared:
    """A report after its waivers: what an approval sees and binds to."""

    report: CheckReport
    lines: Sequence[Line]
    """The report's lines, those whose holds are all waived payable."""
    waived: Sequence[Waiver]
    """In force, sorted."""
    refused: Sequence[tuple[Waiver, Refusal]]
    run_held_by: Sequence[str]
    """Rules that keep the run as a whole, sorted: stops, and holds that nobody has waived."""

    @property
    def releasable(self) -> bool:
        """Whether the run may go, and at least one line of it."""
        return not self.run_held_by and any(line.state is LineVerdict.PAYABLE for line in self.lines)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over report and waivers in force: one that lapses voids what was approved with it."""
        seen = hashlib.sha256(b"baton-cleared-1" + self.report.digest.encode())
        for waiver in self.waived:
            told = [waiver.finding, waiver.person, waiver.role.value, waiver.reason, waiver.until]
            seen.update(orjson.dumps(told) + b"\n")
        return seen.hexdigest()


def may_waive(finding: Finding, policy: CheckPolicy) -> tuple[Role, ...]:
    """The offices in which a finding may be waived; none for one that does not hold, or that nobody may waive."""
    return policy.may_waive(finding.rule) if finding.severity is Severity.HOLD else ()


def refusal(
    waiver: Waiver,
    finding: Finding | None,
    policy: CheckPolicy,
    *,
    makers: Collection[str],
    holders: Holders,
    now: datetime,
) -> Refusal | None:
    """Why a waiver does not cover a finding; None when it does. Asked when it is given and each time it is used."""
    if finding is None or finding.rule != waiver.rule or finding.reference != waiver.reference:
        return Refusal.NO_SUCH_FINDING
    allowed = may_waive(finding, policy)
    if not allowed:
        return Refusal.NOT_WAIVABLE
    if is_among(waiver.person, makers):
        return Refusal.MAKER
    if waiver.role not in allowed:
        return Refusal.WRONG_ROLE
    held = (role for person, roles in holders.items() if alike(person) == alike(waiver.person) for role in roles)
    if waiver.role not in held:
        return Refusal.ROLE_NOT_HELD
    if not waiver.reason.strip():
        return Refusal.NO_REASON
    return Refusal.EXPIRED if now >= waiver.until else None


def apply_waivers(
    report: CheckReport,
    waivers: Iterable[Waiver],
    policy: CheckPolicy,
    *,
    makers: Collection[str],
    holders: Holders,
    now: datetime,
) -> Cleared:
    """The report with every waiver that is in force; the others with why they are not."""
    given = sorted(set(waivers))
    meant = {(waiver.rule, waiver.reference) for waiver in given}
    found = {each.digest: each for each in report.findings if (each.rule, each.reference) in meant}
    in_force, refused, covered = [], [], set()
    for waiver in given:
        finding = found.get(waiver.finding)
        why = refusal(waiver, finding, policy, makers=makers, holders=holders, now=now)
        if why is not None:
            refused.append((waiver, why))
        else:
            in_force.append(waiver)
            covered.add(found[waiver.finding])
    return Cleared(report, _lines(report, covered), in_force, refused, _run_held_by(report, covered))


def _lines(report: CheckReport, covered: Collection[Finding]) -> Sequence[Line]:
    if not covered:
        return report.lines
    left: dict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in report.findings:
        if finding.severity is Severity.HOLD and finding not in covered:
            left[finding.reference, finding.place].add(finding.rule)
    lines = []
    for line in report.lines:
        if line.state is LineVerdict.HELD:
            rules = tuple(sorted(left.get((line.reference, line.place), ())))
            state = LineVerdict.HELD if rules else LineVerdict.PAYABLE
            line = replace(line, state=state, reasons=rules)  # noqa: PLW2901 - the line as it is now
        lines.append(line)
    return lines


def _run_held_by(report: CheckReport, covered: Collection[Finding]) -> Sequence[str]:
    of_the_run = (finding for finding in report.findings if not finding.reference)
    return sorted(
        {finding.rule for finding in of_the_run if finding.severity > Severity.WARN and finding not in covered}
    )
