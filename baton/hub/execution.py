"""Applying and settling: the hub's hands and its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from baton.engine import settle as settling
from baton.engine.apply import Applier, Pace, Report
from baton.engine.settle import Settlement
from baton.errors import BatonError, ConfigurationError, Fault, RetryableError
from baton.hub.core import Hub
from baton.store.runs import Run, RunState


@dataclass(frozen=True, slots=True)
class Settled:
    """A run with its proof."""

    run: Run
    settlement: Settlement


def apply(hub: Hub, only: str | None = None, progress: Callable[[Report], None] = lambda _: None) -> list[Report]:
    """Perform everything released and due, in one system or in all; one report each.

    A system whose connector cannot even be built is reported as halted; the others go on.
    """
    reports = []
    for system in hub.targets():
        if only not in (None, system.name):
            continue
        try:
            target = hub.target(system.name)
        except BatonError as error:
            reports.append(Report(system.name, halted=str(error), needs_person=not isinstance(error, RetryableError)))
            progress(reports[-1])
            continue
        applier = Applier(
            system.name,
            target,
            hub.database,
            hub.leases,
            hub.runs,
            clock=hub.clock,
            chance=hub.chance,
            pace=Pace(threads=system.threads, lease_s=max(120.0, 10 * system.deadline_s)),
            crash_point=hub.crash_point,
        )
        reports.append(applier.run())
        progress(reports[-1])
    return reports


def settle(hub: Hub, run_id: str) -> Settled:
    """Read back what a run wrote, give the verdict, store it. A held run stays held."""
    run = find_run(hub, run_id)
    settlement = settling.settle(run_id, hub.database, hub.effects, hub.links, hub.target)
    if run.state in (RunState.REFUSED, RunState.REJECTED, RunState.REPLACED):
        return Settled(run, settlement)
    verdict = settlement.verdict
    state = RunState.HELD if run.state is RunState.HELD else RunState.SETTLED
    with hub.database.write() as connection:
        hub.runs.change(connection, run_id, state, verdict=verdict.value, settled_at=hub.clock.now())
    return Settled(find_run(hub, run_id), settlement)


def find_run(hub: Hub, run_id: str) -> Run:
    """A run by its id; `ConfigurationError` naming the latest ones when there is none."""
    with hub.database.read() as connection:
        run = hub.runs.get(connection, run_id)
        if run is not None:
            return run
        latest = ", ".join(known.id for known in hub.runs.latest(connection, 3)) or "none"
    raise ConfigurationError([Fault("RUN", "unknown_run", f"there is no run {run_id[:80]!r}; the latest: {latest}")])
