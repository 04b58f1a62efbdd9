"""Every cent accounted for: files, signatures, answers and statements of a bank compared to zero; clean runs closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from baton.engine.settle import Verdict as RunVerdict
from baton.errors import RetryableError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.bookings import (
    ENTRY,
    FINDING,
    HEAD,
    back_in_one,
    content_digest,
    expected,
    kept_entry,
    kept_finding,
    kept_head,
    statements,
)
from baton.hub.payment.differing import keep
from baton.hub.payment.signed_for import was_signed_for
from baton.jobs.payment.differences import Weight
from baton.jobs.payment.reconciliation import Filed, FileTotals, MonthView, Reconciler, RunFacts, Verdict
from baton.model.pay_run import LineState, PayFile, PayRun
from baton.store.bank_differences import Standing
from baton.store.runs import RunState

_COMPARED: Final = (RunState.READY, RunState.SETTLED)
"""Runs of which something may have been paid."""
_TRIES: Final = 5
"""So often a comparison is made until nothing has changed under it."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One bank, compared."""

    view: MonthView
    risen: Sequence[Standing]
    """What differs and did not before."""

    @property
    def alarms(self) -> list[str]:
        """Of these, what somebody has to look at at once: kinds and ids, never names or amounts."""
        return [f"{each.kind} {each.what}" for each in self.risen if each.weight == Weight.ALARM]


def reconcile(hub: Hub, system: str, period: str = "") -> MonthView:
    """Compare every released run of one bank (of a period) with what the bank has said; see `reconcile_bank`."""
    view = reconcile_bank(hub, system).view
    if not period:
        return view
    return replace(view, runs={run_id: found for run_id, found in view.runs.items() if found.period == period})


def reconcile_bank(hub: Hub, system: str) -> Reconciled:
    """Compare every released run of one bank with what it has said; keep what differs, and close what is clean.

    A comparison that somebody has overtaken (an answer taken in, a run released) is made anew and not kept: it would
    end what stands. `RetryableError` when that happens again and again.
    """
    today = hub.clock.now().astimezone(ZoneInfo(hub.settings.hub.time_zone)).date()
    for _ in range(_TRIES):
        with hub.database.read() as connection:
            moment = _moment(hub, connection, system)
            reconciler = _compared(hub, connection, system)
        view = reconciler.month(today)
        with hub.database.write() as connection:
            hub.database.alone(connection, PLANNING)
            if _moment(hub, connection, system) != moment:
                continue
            _close(hub, connection, view)
            risen = keep(hub, connection, system, view)
            hub.crash_point("reconciling")
        return Reconciled(view, risen)
    raise RetryableError(
        f"{system} answers faster than it is compared", code="overtaken", remedy="baton pay reconcile, a little later"
    )


def _compared(hub: Hub, connection: sa.Connection, system: str) -> Reconciler:
    """The runs of a bank, with all that it has shown of them."""
    # All runs are compared, whatever was asked for: a debit is unexpected only when no run has asked for it.
    runs = hub.pay_runs.of_system(connection, system)
    compared = [run for run in runs if _state(hub, connection, run) in _COMPARED]
    reconciler = Reconciler([_facts(hub, connection, run) for run in compared])
    events = hub.bank_answers.bookings(connection, system, (HEAD, ENTRY))
    for head, entries in statements(events):
        statement, notification = kept_head(head)
        digest = content_digest(head, entries)
        found = (kept_entry(event) for event in entries)
        place = f"{head.name}/{head.position}"
        reconciler.take(statement, found, digest=digest, notification=notification, place=place)
    reconciler.find(kept_finding(event) for event in hub.bank_answers.bookings(connection, system, (FINDING,)))
    return reconciler


def _moment(hub: Hub, connection: sa.Connection, system: str) -> tuple[set[str], dict[str, RunState]]:
    """What a comparison is of: the bank's files that were taken in, and where each run stands."""
    heads = hub.runs.several(connection, sorted(hub.pay_runs.ids(connection, system)))
    return hub.bank_answers.known(connection, system), {run_id: head.state for run_id, head in heads.items()}


def _state(hub: Hub, connection: sa.Connection, run: PayRun) -> RunState | None:
    head = hub.runs.get(connection, run.run_id)
    return None if head is None else head.state


def _facts(hub: Hub, connection: sa.Connection, run: PayRun) -> RunFacts:
    files = hub.pay_runs.files(connection, run.run_id)
    in_files = [line for line in hub.pay_runs.lines(connection, run.run_id) if line.message_id]
    in_one = back_in_one(hub, connection, in_files)
    filed = [Filed(expected(run, line), line.state, line.message_id, line.reference in in_one) for line in in_files]
    lines = [line for line in filed if line.state is not LineState.CANCELLED]
    sent = {line.message_id for line in lines}  # of what was taken back before it left, nobody expects anything
    return RunFacts(
        run_id=run.run_id,
        period=run.period,
        currency=run.currency,
        execution_day=run.execution_day,
        lines=lines,
        files=[_totals(file) for file in files if file.message_id in sent],
        approved=[totals for totals in _approved(hub, connection, run, files) if totals.message_id in sent],
        given_up=[line for line in filed if line.state is LineState.CANCELLED and line.message_id in sent],
    )


def _approved(hub: Hub, connection: sa.Connection, run: PayRun, files: Sequence[PayFile]) -> list[FileTotals]:
    """The files as the signatures have them: none, unless all whose signatures were asked for signed for these."""
    head = hub.runs.get(connection, run.run_id)
    signed = head is not None and was_signed_for(hub, connection, run, head.requested_by, files)
    return [_totals(file) for file in files] if signed else []


def _totals(file: PayFile) -> FileTotals:
    return FileTotals(file.message_id, file.plain_digest, file.count, file.total_minor)


def _close(hub: Hub, connection: sa.Connection, view: MonthView) -> None:
    for run_id, found in view.runs.items():
        head = hub.runs.get(connection, run_id)
        if found.verdict is Verdict.CLEAN and head is not None and head.state is RunState.READY:
            verdict = RunVerdict.CLEAN.value
            hub.runs.change(connection, run_id, RunState.SETTLED, verdict=verdict, settled_at=hub.clock.now())
