"""What to do about alarms: raise, tell, escalate, end. Pure: figures, rules and present alarms in, steps out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from baton.model.alarm import Alarm, AlarmRule, AlarmState, Severity
from baton.model.measures import Sample, are_whole

_H: Final = 3600.0
SHIPPED: Final[Sequence[AlarmRule]] = (
    AlarmRule("database_down", "database_up", below=1, severity=Severity.CRITICAL),
    AlarmRule("clock_off", "clock_skew_s", above=5, severity=Severity.CRITICAL),
    AlarmRule("audit_key_missing", "audit_key_missing_count", above=0, severity=Severity.CRITICAL),
    AlarmRule("secrets_exposed", "exposed_secrets_count", above=0, severity=Severity.CRITICAL),
    AlarmRule("audit_unsigned", "unsigned_oldest_s", above=30 * _H),
    AlarmRule("backup_old", "backup_age_s", above=26 * _H),
    AlarmRule("switch_left_on", "switches_count", above=0),
    AlarmRule("payment_in_doubt", "pay_doubt_count", above=0, severity=Severity.CRITICAL),
    AlarmRule("payment_unexpected", "pay_unexpected_count", above=0, severity=Severity.CRITICAL),
    AlarmRule("payment_unaccounted", "pay_unaccounted_count", above=0),
    AlarmRule("handover_stuck", "stuck_items_count", above=0),
    AlarmRule("events_waiting", "hint_oldest_s", above=1 * _H),
    AlarmRule("queue_old", "due_oldest_s", above=4 * _H),
    AlarmRule("in_doubt", "doubt_oldest_s", above=2 * _H, severity=Severity.CRITICAL),
    AlarmRule("promise_open", "accepted_oldest_s", above=48 * _H),
    AlarmRule("many_refused", "refused_recent_count", above=20),
    AlarmRule("feed_old", "feed_age_s", above=36 * _H, severity=Severity.CRITICAL),
    AlarmRule("not_reconciled", "reconcile_age_s", above=30 * _H),
    AlarmRule("held_waits", "held_oldest_s", above=24 * _H),
    AlarmRule("sync_silent", "run_age_s", above=2 * _H, only=("sync",), severity=Severity.CRITICAL),
    AlarmRule("never_clean", "clean_age_s", above=26 * _H, only=("sync",)),
    AlarmRule("offboarding_silent", "pass_age_s", above=3 * _H, only=("offboarding",), severity=Severity.CRITICAL),
    AlarmRule("answers_silent", "answers_age_s", above=4 * _H),
    AlarmRule("retention_silent", "pass_age_s", above=50 * _H, only=("retention",)),
    AlarmRule("runs_broken", "broken_recent_count", above=3),
)
"""The rules that hold where ``systems.yaml`` gives none."""


class News(StrEnum):
    """What a message about an alarm says."""

    RAISED = "raised"
    AGAIN = "again"
    ESCALATED = "escalated"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a figure breaks now."""

    rule: AlarmRule
    subject: str
    value: float


@dataclass(frozen=True, slots=True)
class Telling:
    """Something that people on these routes should hear about one alarm."""

    alarm: Alarm
    rule: AlarmRule
    news: News
    routes: tuple[str, ...]


@dataclass
class Steps:
    """What follows from the figures."""

    raised: list[Breach] = field(default_factory=list)
    seen: list[tuple[Alarm, float]] = field(default_factory=list)
    """Alarms whose rule is still broken, with the figure."""
    fired_again: list[Alarm] = field(default_factory=list)
    """Silenced ones whose time is up while the rule is still broken."""
    over: list[Alarm] = field(default_factory=list)


def breaches(rules: Iterable[AlarmRule], samples: Iterable[Sample]) -> list[Breach]:
    """Every rule that is broken now, with its subject. Subjects of a rule that has no figure are left alone."""
    by_measure: dict[str, list[Sample]] = {}
    for sample in samples:
        by_measure.setdefault(sample.measure, []).append(sample)
    return [
        Breach(rule, sample.subject, sample.value)
        for rule in rules
        for sample in by_measure.get(rule.measure, ())
        if (not rule.only or sample.subject in rule.only) and rule.broken_by(sample.value)
    ]


def unread(rules: Iterable[AlarmRule], samples: Sequence[Sample]) -> frozenset[str]:
    """The rules of which nobody knows now whether they are broken: their figures could not be read."""
    if are_whole(samples):
        return frozenset()
    taken = {sample.measure for sample in samples}
    return frozenset(rule.name for rule in rules if rule.measure not in taken)


def judge(
    found: Sequence[Breach], current: Sequence[Alarm], now: datetime, unknown: Collection[str] = frozenset()
) -> Steps:
    """How the alarms that are not over go on, and which are new. Those of an ``unknown`` rule stay as they are."""
    steps = Steps()
    broken = {(breach.rule.name, breach.subject): breach for breach in found}
    known = {(alarm.rule, alarm.subject) for alarm in current}
    steps.raised = [breach for place, breach in broken.items() if place not in known]
    for alarm in current:
        if alarm.rule in unknown:
            continue
        breach = broken.get((alarm.rule, alarm.subject))
        stands = alarm.state_at(now)
        if breach is not None:
            steps.seen.append((alarm, breach.value))
            if stands is not alarm.state:
                steps.fired_again.append(alarm)
        elif stands is not AlarmState.SILENCED:
            steps.over.append(alarm)
    return steps


def tellings(current: Sequence[Alarm], rules: Mapping[str, AlarmRule], now: datetime) -> list[Telling]:
    """Who has to hear what about alarms that nobody has taken on."""
    found: list[Telling] = []
    for alarm in current:
        rule = rules.get(alarm.rule)
        if rule is None or alarm.state is not AlarmState.FIRING:
            continue
        if alarm.told_at is None:
            found.append(Telling(alarm, rule, News.RAISED, rule.routes))
        elif now - alarm.told_at >= timedelta(seconds=rule.again_after_s):
            found.append(Telling(alarm, rule, News.AGAIN, rule.routes))
        if escalates(alarm, rule, now):
            found.append(Telling(alarm, rule, News.ESCALATED, rule.escalate_to))
    return [telling for telling in found if telling.routes]


def rounds(current: Sequence[Alarm], rules: Mapping[str, AlarmRule]) -> list[tuple[Telling, datetime]]:
    """What was said last of alarms that nobody has taken on, and when: a route that was away then is to hear it yet."""
    found: list[tuple[Telling, datetime]] = []
    for alarm in current:
        rule = rules.get(alarm.rule)
        if rule is None or alarm.state is not AlarmState.FIRING:
            continue
        if alarm.told_at is not None:
            found.append((Telling(alarm, rule, News.RAISED, rule.routes), alarm.told_at))
        if alarm.escalated_at is not None:
            found.append((Telling(alarm, rule, News.ESCALATED, rule.escalate_to), alarm.escalated_at))
    return found


def escalates(alarm: Alarm, rule: AlarmRule, now: datetime) -> bool:
    """Whether nobody has taken an alarm on for too long, and those above have not heard of it."""
    if rule.escalate_after_s is None or alarm.escalated_at is not None or alarm.state is not AlarmState.FIRING:
        return False
    return now - alarm.since >= timedelta(seconds=rule.escalate_after_s)


def farewells(over: Sequence[Alarm], rules: Mapping[str, AlarmRule]) -> list[Telling]:
    """That these are over, on every route on which somebody may have heard of them; who has not is to be left out."""
    ended = [(alarm, rules[alarm.rule]) for alarm in over if alarm.rule in rules]
    found = [Telling(alarm, rule, News.OVER, (*rule.routes, *rule.escalate_to)) for alarm, rule in ended]
    return [telling for telling in found if telling.routes]
