"""Applying and settling: the hub's hands and its verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from baton import telemetry, tracing
from baton.engine import settle as settling
from baton.engine.accounts import AccountPerformer
from baton.engine.apply import Applier
from baton.engine.performer import Performer
from baton.engine.report import Report
from baton.engine.settle import Settlement, Verdict
from baton.engine.workplace import Pace, Workplace
from baton.errors import ApprovalError, BatonError, ConfigurationError, Fault, RetryableError
from baton.hub.core import PLANNING, Hub
from baton.hub.protecting import spare
from baton.jobs.source_guards import FURNITURE_RULES
from baton.model.pay_run import JOB as PAYMENT
from baton.settings import SystemSettings
from baton.store.claims import ACCOUNTS, Scope
from baton.store.runs import Run, RunFault, RunState

log = logging.getLogger("baton.hub")


@dataclass(frozen=True, slots=True)
class Settled:
    """A run with its proof."""

    run: Run
    settlement: Settlement
    verdict: Verdict


def apply(hub: Hub, only: str | None = None, progress: Callable[[Report], None] = lambda _: None) -> list[Report]:
    """Perform everything released and due, in one system or in all; one report each.

    A system whose connector cannot even be built is reported as halted; the others go on.
    """
    reports = []
    for system in hub.chosen_targets(only):
        reports.append(_apart(system.name, partial(_send_accounts, hub, system)))
        progress(reports[-1])
    return reports


def _send_accounts(hub: Hub, system: SystemSettings) -> Report:
    performer = AccountPerformer(
        system.name,
        hub.target(system.name),
        hub.database,
        hub.leases,
        hub.clock,
        hub.chance,
        crash_point=hub.crash_point,
        pause=hub.limiter(system.name).pause,
    )
    spare(hub, system.name)
    return perform(hub, system, performer, replace(ACCOUNTS, kept=frozenset(hub.settings.hub.protected)))


def perform(
    hub: Hub, settings: SystemSettings, performer: Performer, scope: Scope, lease_s: float | None = None
) -> Report:
    """One system's work. What nobody foresaw ends it for this system, and is told by type and place only."""
    system = settings.name
    place = Workplace(
        system,
        performer,
        hub.database,
        hub.leases,
        hub.runs,
        clock=hub.clock,
        chance=hub.chance,
        pace=Pace(threads=settings.threads, lease_s=lease_s or max(120.0, 10 * settings.deadline_s)),
        scope=scope,
        crash_point=hub.crash_point,
        pause=hub.limiter_of(settings).pause,
    )
    return _apart(system, Applier(place).run)


def _apart(system: str, work: Callable[[], Report]) -> Report:
    """The work's own report, or that of a system that had to be left alone for what was raised."""
    try:
        return work()
    except BatonError as error:
        return Report(system, halted=str(error), needs_person=not isinstance(error, RetryableError))
    except Exception as error:  # noqa: BLE001 - one broken connector must not keep the other systems waiting
        log.error(  # noqa: TRY400 - a traceback with its message may hold personal data
            "%s: %s\n%s", system, tracing.place(error), tracing.whereabouts(error)
        )
        return Report(system, halted=f"unexpected {tracing.place(error)}: see the log")


def settle(hub: Hub, run_id: str) -> Settled:
    """Read back what a run wrote, give the verdict, store it. A held run stays held.

    Raises `ApprovalError` (``pay_run``) for a pay run: whether it is clean is for the bank's statements to say.
    """
    job = find_run(hub, run_id).job
    if job == PAYMENT:
        raise ApprovalError(
            f"{run_id} is a pay run: nothing at a bank can be read back at once",
            code="pay_run",
            remedy="its answers and statements settle it: baton pay answers, then baton pay reconcile",
        )
    with telemetry.span("settle", job=job, run=run_id) as opened:
        settled = _settle(hub, run_id)
        telemetry.note(opened, verdict=settled.verdict.value)
    return settled


def _settle(hub: Hub, run_id: str) -> Settled:
    settlement = settling.settle(run_id, hub.database, hub.effects, hub.links, hub.target, PLANNING)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        run = hub.runs.get(connection, run_id) or find_run(hub, run_id)
        if run.state is RunState.REFUSED:
            return Settled(run, settlement, Verdict.BROKEN)
        verdict = settlement.verdict
        if run.state in (RunState.REJECTED, RunState.REPLACED):
            return Settled(run, settlement, verdict)
        left_out = run.counts.get("waiting") or _left_out(hub.runs.faults(connection, run_id))
        if verdict is Verdict.CLEAN and left_out:
            verdict = Verdict.INCOMPLETE
        state = RunState.HELD if run.state is RunState.HELD else RunState.SETTLED
        hub.runs.change(connection, run_id, state, verdict=verdict.value, settled_at=hub.clock.now())
    return Settled(find_run(hub, run_id), settlement, verdict)


def _left_out(faults: Sequence[RunFault]) -> bool:
    """Whether there are people a run could do nothing for (totals and notes in a feed are no people)."""
    return any(fault.rule not in FURNITURE_RULES for fault in faults)


def find_run(hub: Hub, run_id: str) -> Run:
    """A run by its id; `ConfigurationError` naming the latest ones when there is none."""
    with hub.database.read() as connection:
        run = hub.runs.get(connection, run_id)
        if run is not None:
            return run
        latest = ", ".join(known.id for known in hub.runs.latest(connection, 3)) or "none"
    raise ConfigurationError([Fault("RUN", "unknown_run", f"there is no run {run_id[:80]!r}; the latest: {latest}")])
