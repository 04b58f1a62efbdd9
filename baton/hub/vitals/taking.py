"""Every figure of `baton.model.measures`, read from the store and from the hub's own folders in few queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from baton.audit.checkpoint import Checkpoint
from baton.errors import BatonError
from baton.hub import proof
from baton.hub.core import Hub
from baton.hub.vitals.passing import last_passes
from baton.jobs.payment.differences import Weight
from baton.model.case import CaseState, ItemState
from baton.model.effect import EffectState
from baton.model.measures import MEASURES, Sample
from baton.model.pay_run import LineState
from baton.store import tallies
from baton.store.alarm_tables import alarms
from baton.store.restores import in_force
from baton.store.runs import RunState
from baton.store.tables import audit, bank_differences, case_items, cases, feeds, hints, pay_lines, people, runs
from baton.store.tallies import Tally, Waiting
from baton.store.trail import log, newest_entries
from baton.vault import FileSecrets

RECENTLY: Final = timedelta(hours=24)
RECONCILED: Final = "reconcile"
BACKED_UP: Final = "backup"
"""Kinds of audit entries: a target was compared; somebody says that a backup was made."""
_SYNC: Final = "sync"
"""The job that reads feeds and begins every target: from its first run on, each of them has been waited for."""
_LIMITS: Final = ("limited", "limited_systems")
"""Counts of a run that was for some people, or some systems, only: the others have heard nothing of it."""
_LOOKED_BACK: Final = 500
"""So many of the newest comparisons are read to find each target's last, before one is asked for alone."""


def take(hub: Hub) -> list[Sample]:
    """All figures there are now. What has never happened has no figure, unless it has been waited for.

    A database that does not answer gives one figure, that it is down.
    """
    try:
        with hub.database.read() as connection:
            found = list(_of_the_store(hub, connection))
        return [Sample("database_up", 1.0), *found, *_of_the_folders(hub, found)]
    except sa.exc.SQLAlchemyError:
        return [Sample("database_up", 0.0)]


def _of_the_store(hub: Hub, connection: sa.Connection) -> Iterator[Sample]:
    now = hub.clock.now()
    yield Sample("clock_skew_s", clock_skew_s(connection, now))
    yield from _effects(hub, connection, now)
    of_job = _runs_of_jobs(connection, now)
    yield from _runs(of_job, now)
    yield Sample("switches_count", len(in_force(hub.runs.engaged(connection), hub.settings.enabled)))
    yield from _counts(connection, now)
    firsts = {job: min(row.first for row in rows) for job, rows in of_job.items()}
    for measure, subject, since in last_passes(hub, connection, firsts):
        yield Sample(measure, _age(since, now), {MEASURES[measure].labels[0]: subject})
    first = firsts.get(_SYNC)
    yield from _feeds(hub, connection, first, now)
    yield from _comparisons(hub, connection, first, now)
    yield from _proofs(connection, now)


def clock_skew_s(connection: sa.Connection, now: datetime) -> float:
    """How far apart our clock and the database's are, or how far ahead the newest entry is, if that is more."""
    newest = connection.execute(sa.select(audit.entries.c.at).order_by(audit.entries.c.seq.desc()).limit(1)).scalar()
    ahead = (datetime.fromisoformat(newest) - now).total_seconds() if newest else 0.0
    if connection.dialect.name != "postgresql":
        return round(max(0.0, ahead), 3)
    theirs: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return round(max(ahead, abs((theirs - now).total_seconds())), 3)


def _effects(hub: Hub, connection: sa.Connection, now: datetime) -> Iterator[Sample]:
    """By system: what has not ended, and what has lately. What ended before is history, and not counted again."""
    for system in dict.fromkeys((*hub.settings.enabled, *tallies.systems(connection))):
        waiting = tallies.waiting(connection, system, now)
        ended = tallies.ended(connection, system, now - RECENTLY)
        tallied: list[Tally] = [*waiting, *ended]
        for each in tallied:
            yield Sample("effects_count", each.number, {"system": system, "job": each.job, "state": each.state.value})
        yield from _of_a_system({"system": system}, waiting, ended, now)
        last = tallies.last_done(connection, system, now)
        if last is not None:
            yield Sample("success_age_s", _age(last, now), {"system": system})


_WAITING: Final[Mapping[EffectState, str]] = {
    EffectState.PLANNED: "due",
    EffectState.IN_DOUBT: "doubt",
    EffectState.ACCEPTED: "accepted",
}


def _of_a_system(
    labels: Mapping[str, str], waiting: Sequence[Waiting], ended: Sequence[Tally], now: datetime
) -> Iterator[Sample]:
    for state, name in _WAITING.items():
        due = [each for each in waiting if each.state is state and each.due]
        yield Sample(f"{name}_count", sum(each.due for each in due), labels)
        yield Sample(f"{name}_oldest_s", max((_age(each.oldest, now) for each in due), default=0.0), labels)
    for state, name in ((EffectState.DONE, "done"), (EffectState.REFUSED, "refused")):
        yield Sample(f"{name}_recent_count", sum(each.number for each in ended if each.state is state), labels)


def _runs_of_jobs(connection: sa.Connection, now: datetime) -> Mapping[str, Sequence[Any]]:
    """By job: its runs, counted by state and verdict. ``newest`` is of those that left nobody out; else None."""
    broken = sa.or_(runs.c.verdict == "broken", runs.c.state == RunState.REFUSED.value)
    recent = sa.and_(broken, runs.c.created_at >= now - RECENTLY)
    limited = sa.or_(*(sa.func.coalesce(runs.c.counts[name].as_integer(), 0) > 0 for name in _LIMITS))
    of_all = sa.case((~limited, runs.c.created_at))
    since = sa.func.coalesce(runs.c.settled_at, runs.c.created_at, type_=runs.c.created_at.type)
    columns = (runs.c.job, runs.c.state, runs.c.verdict)
    query = sa.select(
        *columns,
        sa.func.count().label("number"),
        sa.func.max(of_all, type_=runs.c.created_at.type).label("newest"),
        sa.func.min(runs.c.created_at).label("first"),
        sa.func.min(since).label("oldest"),
        sa.func.sum(sa.case((recent, 1), else_=0)).label("broken"),
    ).group_by(*columns)
    of_job: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        of_job[row.job].append(row)
    return of_job


def _runs(of_job: Mapping[str, Sequence[Any]], now: datetime) -> Iterator[Sample]:
    for job, rows in of_job.items():
        labels = {"job": job}
        for verdict, count in _verdicts(rows).items():
            yield Sample("runs_count", count, {**labels, "verdict": verdict})
        held = [row for row in rows if row.state == RunState.HELD.value]
        whole = [row for row in rows if row.newest is not None]
        clean = [row for row in whole if row.verdict == "clean"]
        yield Sample("held_count", sum(row.number for row in held), labels)
        yield Sample("held_oldest_s", max((_age(row.oldest, now) for row in held), default=0.0), labels)
        # What has never ended clean has been broken since it began, and must not look well for having no figure.
        first = min(row.first for row in rows)
        yield Sample("run_age_s", _age(max((row.newest for row in whole), default=first), now), labels)
        yield Sample("clean_age_s", _age(max((row.newest for row in clean), default=first), now), labels)
        yield Sample("broken_recent_count", sum(row.broken for row in rows), labels)


def _verdicts(rows: Sequence[Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row.verdict or row.state] += row.number
    return found


def _counts(connection: sa.Connection, now: datetime) -> Iterator[Sample]:
    doubtful = (LineState.IN_DOUBT.value, LineState.DISPUTED.value)
    unfinished = (CaseState.OPEN.value, CaseState.PAUSED.value)
    stuck = sa.select(sa.func.count()).select_from(case_items.join(cases, case_items.c.case_id == cases.c.id))
    waits = sa.and_(bank_differences.c.over_at.is_(None), bank_differences.c.decided_at.is_(None))
    differing = sa.select(sa.func.count()).select_from(bank_differences).where(waits)
    queries = {
        "people_count": sa.select(sa.func.count()).select_from(people),
        "pay_doubt_count": sa.select(sa.func.count()).where(pay_lines.c.state.in_(doubtful)),
        "pay_unexpected_count": differing.where(bank_differences.c.weight == Weight.ALARM.value),
        "pay_unaccounted_count": differing.where(bank_differences.c.weight == Weight.LOOK.value),
        "stuck_items_count": stuck.where(case_items.c.state == ItemState.STUCK.value, cases.c.state.in_(unfinished)),
    }
    for name, query in queries.items():
        yield Sample(name, connection.execute(query).scalar_one())
    waiting = sa.select(sa.func.count(), sa.func.min(hints.c.received_at)).where(hints.c.taken_by.is_(None))
    count, oldest = connection.execute(waiting).one()
    yield Sample("hints_count", count)
    yield Sample("hint_oldest_s", _age(oldest, now) if count else 0.0)
    columns = (alarms.c.severity, alarms.c.state)
    current = sa.select(*columns, sa.func.count()).where(alarms.c.claim.is_not(None)).group_by(*columns)
    for severity, state, number in connection.execute(current):
        yield Sample("alarms_count", number, {"severity": severity, "state": state})


def _feeds(hub: Hub, connection: sa.Connection, first: datetime | None, now: datetime) -> Iterator[Sample]:
    """By source in use: how old its last used feed is; without one, how long the sync has gone without."""
    query = sa.select(feeds.c.source, feeds.c.approved_at).where(feeds.c.digest != "")
    used = {row.source: row.approved_at for row in connection.execute(query)}
    waited = {} if first is None else {source.name: first for source in hub.sources()}
    for source, since in {**waited, **used}.items():
        if source in hub.settings.enabled:
            yield Sample("feed_age_s", _age(since, now), {"system": source})


def _comparisons(hub: Hub, connection: sa.Connection, first: datetime | None, now: datetime) -> Iterator[Sample]:
    """By target in use: its last comparison; without one, how long the sync has filled it without."""
    last: dict[str, tuple[datetime, int]] = {}
    for at, body in newest_entries(connection, RECONCILED, _LOOKED_BACK):
        last.setdefault(str(body["system"]), (at, int(body["drifted"])))
    # One that has fallen out of the comparisons long ago is what the figure is for.
    targets = {target.name for target in hub.targets()}
    for system in targets - last.keys():
        for at, body in newest_entries(connection, RECONCILED, 1, system=system):
            last[system] = (at, int(body["drifted"]))
    for system, (at, drifted) in sorted(last.items()):
        if system in hub.settings.enabled:
            yield Sample("reconcile_age_s", _age(at, now), {"system": system})
            yield Sample("drift_count", drifted, {"system": system})
    never = {} if first is None else dict.fromkeys(sorted(targets - last.keys()), first)
    for system, since in never.items():
        yield Sample("reconcile_age_s", _age(since, now), {"system": system})


def _proofs(connection: sa.Connection, now: datetime) -> Iterator[Sample]:
    yield Sample("audit_entries_count", log.head(connection).size)
    backup = next((at for at, _ in newest_entries(connection, BACKED_UP, 1)), None)
    since = backup or _began(connection)
    if since is not None:
        yield Sample("backup_age_s", _age(since, now))


def _began(connection: sa.Connection) -> datetime | None:
    first = connection.execute(sa.select(audit.entries.c.at).order_by(audit.entries.c.seq).limit(1)).scalar()
    return datetime.fromisoformat(first) if first else None


def _of_the_folders(hub: Hub, found: list[Sample]) -> Iterator[Sample]:
    """What lies beside the database: checkpoints, keys, secret files."""
    now = hub.clock.now()
    entries = next(int(sample.value) for sample in found if sample.measure == "audit_entries_count")
    signed, missing = None, 0.0
    try:
        signed = proof.folder(hub).newest(proof.public_keys(hub).verifiers)
    except BatonError:  # no key, or a checkpoint that is not ours: `baton audit verify` says which
        missing = 1.0
    yield Sample("audit_key_missing_count", missing)
    yield Sample("audit_unsigned_count", max(0, entries - (signed.size if signed else 0)))
    yield Sample("unsigned_oldest_s", _age(since, now) if (since := _unsigned_since(hub, signed)) else 0.0)
    yield Sample("exposed_secrets_count", len(FileSecrets(hub.settings.hub.secrets_dir).exposed()))


def _unsigned_since(hub: Hub, signed: Checkpoint | None) -> datetime | None:
    first = audit.entries.c.seq == (signed.size if signed else 0)
    with hub.database.read() as connection:
        at = connection.execute(sa.select(audit.entries.c.at).where(first)).scalar()
    return datetime.fromisoformat(at) if at else None


def _age(since: datetime, now: datetime) -> float:
    return round(max(0.0, (now - since).total_seconds()), 3)
