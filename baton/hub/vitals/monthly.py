"""The monthly report in figures: what ran, what failed, how long it took to arrive, drift, holds, alarms, decisions.

Counts by system, job, rule and code; nobody is named in it.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from baton.audit.canonical import stamp
from baton.errors import ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.vitals.taking import RECONCILED
from baton.model.alarm import Alarm
from baton.model.effect import EffectState
from baton.store.effects import chunked
from baton.store.runs import RunState
from baton.store.tables import approvals, audit, effects, runs

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_SIGNED: Final = ("pay_signature", "pay_waiver", "switch")
"""Decisions that have an audit entry of their own kind."""
_ENDS_A_HOLD: Final = ("release", "reject", "cancel")
_TROUBLES: Final = (EffectState.IN_DOUBT.value, EffectState.REFUSED.value)
_SHARE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Span:
    """A month in the hub's own time zone."""

    month: str
    begin: datetime
    end: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Reach:
    """How long what arrived in one system had been due, in seconds."""

    system: str
    done: int
    median_s: float
    p95_s: float
    longest_s: float


def span_of(hub: Hub, month: str) -> Span:
    """``2026-10`` as a span. Raises `ConfigurationError` for what is no month."""
    found = _MONTH.fullmatch(month)
    if found is None:
        raise ConfigurationError([Fault("--month", "month", f"{month[:20]!r} is no month such as 2026-10")])
    year, number = int(found[1]), int(found[2])
    zone = ZoneInfo(hub.settings.hub.time_zone)
    following = (year + number // 12, number % 12 + 1)
    begin, end = (
        datetime.combine(datetime(*first, 1, tzinfo=UTC).date(), time(), zone).astimezone(UTC)
        for first in ((year, number), following)
    )
    return Span(month, begin, end, hub.settings.hub.time_zone)


def month_document(hub: Hub, month: str) -> dict[str, Any]:
    """The report as plain values; seconds end in ``_s``."""
    span, now = span_of(hub, month), hub.clock.now()
    with hub.database.read() as connection:
        entries = _Entries(connection, span)
        return {
            "month": month,
            "begin": span.begin.isoformat(),
            "end": span.end.isoformat(),
            "zone": span.zone,
            "made_at": now.isoformat(),
            "finished": now >= span.end,
            "runs": list(_runs(connection, span)),
            "held": _held(entries),
            "reach": [asdict(one) for one in _reach(connection, span)],
            "failures": list(_failures(connection, entries)),
            "drift": list(_drift(entries)),
            "alarms": list(
                _alarms(hub.alarms.between(connection, span.begin, span.end), entries.taken_on(), span, now)
            ),
            "decisions": _decisions(connection, span, entries),
        }


class _Entries:
    """The audit entries of a month, by kind."""

    def __init__(self, connection: sa.Connection, span: Span) -> None:
        self.connection = connection
        at = audit.entries.c.at
        self._when = (at >= stamp(span.begin), at < stamp(span.end))  # as text they sort by time

    def of(self, kind: str) -> Iterator[dict[str, Any]]:
        """What the entries of a kind say, in order."""
        table = audit.entries
        query = sa.select(table.c.body).where(table.c.kind == kind, *self._when).order_by(table.c.seq)
        for body in self.connection.execute(query).scalars():
            yield json.loads(body)

    def holds(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """The steps of runs in the month and the decisions from its beginning on, in order: kind, instant, body."""
        table = audit.entries
        begun, over = self._when
        wanted = (table.c.kind == "decision", sa.and_(table.c.kind == "run", over))
        query = sa.select(table.c.kind, table.c.at, table.c.body).where(begun, sa.or_(*wanted)).order_by(table.c.seq)
        for kind, at, body in self.connection.execute(query):
            yield kind, at, json.loads(body)

    def troubles(self) -> Iterator[tuple[str, str, str]]:
        """Key, state and code of each step of an effect to in doubt or refused, in order."""
        table = audit.entries
        # Most steps end well: what is not even about trouble is not worth being read as JSON.
        about = sa.or_(*(table.c.body.contains(f'"to":"{state}"', autoescape=True) for state in _TROUBLES))
        query = sa.select(table.c.body).where(table.c.kind == "effect", *self._when, about).order_by(table.c.seq)
        for text in self.connection.execute(query).scalars():
            body = json.loads(text)
            yield body["effect"], body["to"], body.get("code", "")

    def taken_on(self) -> set[str]:
        """The alarms (keys) that somebody had acknowledged or silenced by the end of the month, in it or before.

        An alarm says only who has it by now.
        """
        table = audit.entries
        _, over = self._when
        query = sa.select(table.c.body).where(table.c.kind == "alarm", over)
        return {body["alarm"] for body in map(json.loads, self.connection.execute(query).scalars()) if "by" in body}

    def count(self, kind: str) -> int:
        """How many there are of a kind."""
        query = sa.select(sa.func.count()).where(audit.entries.c.kind == kind, *self._when)
        return int(self.connection.execute(query).scalar_one())


def _within(column: sa.Column[Any], span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return column >= span.begin, column < span.end


def _runs(connection: sa.Connection, span: Span) -> Iterator[dict[str, Any]]:
    columns = (runs.c.job, runs.c.state, runs.c.verdict)
    query = sa.select(*columns, sa.func.count().label("number")).where(*_within(runs.c.created_at, span))
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(query.group_by(*columns)):
        refused = row.state == RunState.REFUSED.value
        ended = "broken" if refused else row.verdict if row.verdict in ("clean", "incomplete", "broken") else "open"
        tally[row.job].update({"count": row.number, ended: row.number})
    for job, counted in sorted(tally.items()):
        figures = {name: counted[name] for name in ("count", "clean", "incomplete", "broken", "open")}
        yield {"job": job, **figures}


def _held(entries: _Entries) -> dict[str, Any]:
    """Runs that were held in the month, those of which the last hold was decided on, and the longest wait for that.

    From when the run was held: long after it began maybe, and more than once; a decision may come after the month.
    """
    since: dict[str, str] = {}
    moved_on: set[str] = set()
    held: set[str] = set()
    waits: list[float] = []
    for kind, at, body in entries.holds():
        run = str(body["run"])
        if kind == "decision":
            if body["decision"] in _ENDS_A_HOLD and run in since:
                waits.append((datetime.fromisoformat(at) - datetime.fromisoformat(since.pop(run))).total_seconds())
        elif body["state"] != RunState.HELD.value:
            moved_on.add(run)  # not yet the end: its decision is written beside this, before or after it
        elif run not in since or run in moved_on:  # held as it was already: a run that is settled, or checked again
            since[run] = at
            moved_on.discard(run)
            held.add(run)
    return {"count": len(held), "decided": len(held - since.keys()), "longest_wait_s": max(waits, default=0.0)}


def _reach(connection: sa.Connection, span: Span) -> Iterator[Reach]:
    """From when an effect was due (or made, if that was later) to its proof."""
    columns = (effects.c.system, effects.c.due_at, effects.c.created_at, effects.c.updated_at)
    done = (effects.c.state == EffectState.DONE.value, *_within(effects.c.updated_at, span))
    taken: dict[str, list[float]] = defaultdict(list)
    for row in connection.execution_options(yield_per=10_000).execute(sa.select(*columns).where(*done)):
        since = max(row.due_at, row.created_at)
        taken[row.system].append(max(0.0, (row.updated_at - since).total_seconds()))
    for system, seconds in sorted(taken.items()):
        ordered = sorted(seconds)
        yield Reach(system, len(ordered), _quantile(ordered, 0.5), _quantile(ordered, _SHARE), ordered[-1])


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _failures(connection: sa.Connection, entries: _Entries) -> Iterator[dict[str, Any]]:
    """Effects that came to be in doubt, or refused, in the month, whatever has become of them since; each once."""
    codes = {(effect, state): code for effect, state, code in entries.troubles()}
    tally: Counter[tuple[str, str, str]] = Counter()
    for chunk in chunked(sorted(codes)):
        keys = {effect for effect, _ in chunk}
        query = sa.select(effects.c.key, effects.c.system, effects.c.state, effects.c.code)
        rows = {row.key: row for row in connection.execute(query.where(effects.c.key.in_(keys)))}
        for effect, state in chunk:
            row = rows[effect]
            # A step of many at once has no code in the log.
            code = codes[effect, state] or (row.code if row.state == state else "")
            tally[row.system, code, state] += 1
    for (system, code, state), number in sorted(tally.items()):
        yield {"system": system, "code": code, "state": state, "count": number}


def _drift(entries: _Entries) -> Iterator[dict[str, Any]]:
    compared: Counter[str] = Counter()
    drifted: Counter[str] = Counter()
    for body in entries.of(RECONCILED):
        compared[str(body["system"])] += 1
        drifted[str(body["system"])] += int(body["drifted"])
    for system in sorted(compared):
        yield {"system": system, "comparisons": compared[system], "drifted": drifted[system]}


def _alarms(found: Sequence[Alarm], taken_on: Collection[str], span: Span, now: datetime) -> Iterator[dict[str, Any]]:
    """Alarms that were there in the month, raised in it or before; they last for as long as it does."""
    by_rule: dict[tuple[str, str], list[Alarm]] = defaultdict(list)
    until = min(now, span.end)

    def lasted(alarm: Alarm) -> float:
        return (min(alarm.ended_at or until, until) - max(alarm.since, span.begin)).total_seconds()

    for alarm in found if now >= span.begin else ():
        by_rule[alarm.rule, alarm.severity.value].append(alarm)
    for (rule, severity), some in sorted(by_rule.items()):
        yield {
            "rule": rule,
            "severity": severity,
            "times": len(some),
            "taken_on": sum(alarm.key in taken_on for alarm in some),
            "escalated": sum(alarm.escalated_at is not None and alarm.escalated_at < span.end for alarm in some),
            "longest_s": max(lasted(alarm) for alarm in some),
        }


def _decisions(connection: sa.Connection, span: Span, entries: _Entries) -> Mapping[str, int]:
    query = sa.select(approvals.c.decision).where(*_within(approvals.c.decided_at, span))
    counted = Counter(word.partition(" ")[0] for word in connection.execute(query).scalars())
    counted.update({kind: entries.count(kind) for kind in _SIGNED})
    return {name: count for name, count in sorted(counted.items()) if count}
