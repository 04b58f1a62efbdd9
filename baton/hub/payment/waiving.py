"""Finding what a person means: a run by its id, a finding by the beginning of its digest."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.payment.checking import considered, judge, open_run, unknown_run
from baton.hub.payment.standing import everybody
from baton.model.pay_run import PayRun
from baton.store.pay_decisions import WaiverRow
from baton.store.runs import Run

_SHORTEST: Final = 8


def find_run(hub: Hub, run_id: str) -> tuple[PayRun, Run]:
    """A pay run, whatever has become of it; `ConfigurationError` naming the latest ones when there is none."""
    with hub.database.read() as connection:
        run, head = hub.pay_runs.get(connection, run_id), hub.runs.get(connection, run_id)
        if run is None or head is None:
            raise unknown_run(hub, connection, run_id)
    return run, head


def named(hub: Hub, run_id: str, prefix: str, person: str, role: str, why: str, until: datetime) -> WaiverRow:
    """A waiver of the finding whose digest begins like this; `ApprovalError` unless exactly one does."""
    with hub.database.read() as connection:
        run, head = open_run(hub, connection, run_id)
        lines, people = considered(hub, connection, run), everybody(hub, connection)
        report = judge(hub, connection, run, head, lines, people).report
    found = [finding for finding in report.findings if finding.digest.startswith(prefix)]
    if len(prefix) < _SHORTEST or len(found) != 1:
        raise ApprovalError(
            f"name exactly one finding by at least {_SHORTEST} digits of its key",
            code="finding",
            remedy=f"see: baton pay check {run_id}",
        )
    (finding,) = found
    return WaiverRow(run_id, finding.rule, finding.reference, finding.digest, person, role, why, until)
