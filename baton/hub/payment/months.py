"""A month of pay runs over all banks, as they stood when each bank was last compared. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.signed_for import RELEASE
from baton.jobs.payment.reconciliation import Verdict, worst
from baton.model.pay_run import PayRun
from baton.store.bank_differences import Comparison, Standing
from baton.store.runs import Run, RunState


@dataclass(frozen=True, slots=True)
class MonthRun:
    """One released run of the month."""

    run: PayRun
    head: Run
    compared: Comparison | None
    """None where its bank has not been compared since it was released."""

    @property
    def verdict(self) -> Verdict:
        """How it stood."""
        return Verdict.NOTHING_COMPARED if self.compared is None else Verdict(self.compared.verdict)


@dataclass(frozen=True, slots=True)
class Month:
    """All released runs for one month."""

    period: str
    runs: Sequence[MonthRun]
    unreleased: Sequence[str]
    """Runs for this month that wait for a person."""
    differences: Sequence[Standing]
    """Of these runs; and of their banks, what belongs to no run, whatever its month."""
    sums: Mapping[str, Counter[str]] = field(repr=False)
    """Currency -> what the runs come to: ``filed``, ``refused``, ``waiting``, ``booked``, ``came_back``, ``rest``."""

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        found = worst(each.verdict for each in self.runs)
        beside = any(each.weight and not each.run_id for each in self.differences)
        return Verdict.DIFFERENT if beside and found is not Verdict.NOTHING_COMPARED else found

    @property
    def as_of(self) -> datetime | None:
        """When the bank that was compared longest ago was; None where none was."""
        return min((each.compared.at for each in self.runs if each.compared is not None), default=None)


def month_of(hub: Hub, period: str) -> Month:
    """The runs for a month (such as 2026-11). One that nobody has paid for has none, and nothing compared."""
    with hub.database.read() as connection:
        runs = hub.pay_runs.of_period(connection, period)
        heads = hub.runs.several(connection, [run.run_id for run in runs])
        known = hub.bank_differences.comparisons(connection, list(heads))
        compared = {run_id: each for run_id, each in known.items() if _since_release(hub, connection, each)}
        standing = hub.bank_differences.current(connection, sorted({run.system for run in runs}))
    released = [
        MonthRun(run, heads[run.run_id], compared.get(run.run_id))
        for run in runs
        if heads[run.run_id].state in (RunState.READY, RunState.SETTLED)
    ]
    ours = {"", *(each.run.run_id for each in released)}
    sums: dict[str, Counter[str]] = {}
    for each in released:
        if each.compared is not None:
            sums.setdefault(each.run.currency, Counter()).update(each.compared.sums)
    return Month(
        period,
        released,
        [run.run_id for run in runs if heads[run.run_id].state is RunState.HELD],
        [each for each in standing if each.run_id in ours],
        sums,
    )


def _since_release(hub: Hub, connection: sa.Connection, compared: Comparison) -> bool:
    """Whether a run was compared as it was released last: taken back before that, it was perhaps another one."""
    released = [each.decided_at for each in hub.runs.decisions(connection, compared.run_id) if each.decision == RELEASE]
    return not released or compared.at >= released[-1]
