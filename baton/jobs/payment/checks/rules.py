"""What a check's rule is: its stable id, how grave it is, who may waive it, and what it tells a person to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from baton.jobs.payment.roles import Role


class Severity(IntEnum):
    """How grave a finding is; a graver one is a larger number."""

    WARN = 1
    """Somebody should look; the line is paid."""
    HOLD = 2
    """Not paid until somebody in a named role has waived it."""
    STOP = 3
    """Cannot be paid; no waiver exists."""


class Scope(StrEnum):
    """What a finding is about."""

    LINE = "line"
    RUN = "run"
    """The whole run: a stop or an unwaived hold keeps all of its lines."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Its texts may name figures of the finding's detail in braces; never a person or an account."""

    id: str
    severity: Severity
    least: Severity
    """The mildest a policy may make it; any rule may be made graver."""
    scope: Scope
    waived_by: tuple[Role, ...]
    """Who may waive it while it holds, unless the policy names others; empty for what always stops."""
    en: str
    zh: str


def stop(id_: str, en: str, zh: str, scope: Scope = Scope.LINE) -> Rule:
    """A rule that nobody can waive and no policy can soften."""
    return Rule(id_, Severity.STOP, Severity.STOP, scope, (), en, zh)


def hold(
    id_: str,
    waived_by: Sequence[Role],
    en: str,
    zh: str,
    scope: Scope = Scope.LINE,
    least: Severity = Severity.HOLD,
) -> Rule:
    """A rule that a person in one of these roles may waive."""
    return Rule(id_, Severity.HOLD, least, scope, tuple(waived_by), en, zh)


def warn(id_: str, waived_by: Sequence[Role], en: str, zh: str, scope: Scope = Scope.LINE) -> Rule:
    """A rule that only tells; ``waived_by`` counts where a policy makes it hold."""
    return Rule(id_, Severity.WARN, Severity.WARN, scope, tuple(waived_by), en, zh)
