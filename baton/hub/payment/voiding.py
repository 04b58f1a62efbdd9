"""Taking back what was built and signed for a run that is not released: files, signatures' object, effects."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.delivering import file_path
from baton.model.pay_run import LineState, PayFile, PayRun
from baton.store.pay_runs import LineChange


def void_files(hub: Hub, connection: sa.Connection, run: PayRun, *, why: str) -> list[PayFile]:
    """Lines in files become drafts again, deliveries are given up; the files, to be deleted once that is committed."""
    filed = list(hub.pay_runs.lines(connection, run.run_id, LineState.FILED))
    hub.pay_runs.move_lines(
        connection, [LineChange(line, LineState.DRAFT, {"message_id": "", "code": ""}) for line in filed]
    )
    hub.effects.cancel(connection, run.run_id, why=why)
    return hub.pay_runs.drop_files(connection, run.run_id)


def delete_files(hub: Hub, files: Iterable[PayFile]) -> None:
    """Delete files that no row knows any more. What a crash leaves is swept away later."""
    for file in files:
        file_path(hub, file.name, file.sealed_digest).unlink(missing_ok=True)
