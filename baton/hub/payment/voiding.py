"""Taking back what was built and signed for a run that is not released: files, signatures' object, effects."""

from __future__ import annotations

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.delivering import file_path
from baton.model.pay_run import LineState, PayRun
from baton.store.pay_runs import LineChange


def void_files(hub: Hub, connection: sa.Connection, run: PayRun, *, why: str) -> int:
    """Lines in files become drafts again, deliveries are given up, files deleted; how many files there were."""
    filed = list(hub.pay_runs.lines(connection, run.run_id, LineState.FILED))
    hub.pay_runs.move_lines(
        connection, [LineChange(line, LineState.DRAFT, {"message_id": "", "code": ""}) for line in filed]
    )
    hub.effects.cancel(connection, run.run_id, why=why)
    void = hub.pay_runs.drop_files(connection, run.run_id)
    for file in void:
        file_path(hub, file.name, file.sealed_digest).unlink(missing_ok=True)
    return len(void)
