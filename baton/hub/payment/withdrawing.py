"""Taking released files back before they have left: the way out when somebody in them turns out not to be owed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.checking import unknown_run
from baton.hub.payment.delivering import channel_of, payment_file
from baton.hub.payment.voiding import delete_files
from baton.model.account import Outcome
from baton.model.pay_run import SILENT, LineState, PayFile
from baton.model.persons import require_reason
from baton.store import deliveries
from baton.store.pay_runs import LineChange
from baton.store.runs import RunState


def withdraw(hub: Hub, run_id: str, person: str, why: str) -> int:
    """Take back what of a released run is surely not at the bank; how many lines that is.

    Of a run none of whose files has left, all lines are drafts again. Otherwise what has left goes its way, and the
    lines of the others are given up: their payables are free for another run.
    Raises `ApprovalError` (``sent``) when every file has been taken up, or may have arrived.
    """
    require_reason(person, why)
    absent = _absent(hub, run_id)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        head, run = hub.runs.get(connection, run_id), hub.pay_runs.get(connection, run_id)
        if head is None or run is None:
            raise unknown_run(hub, connection, run_id)
        if head.state is not RunState.READY:
            raise ApprovalError(f"{run_id} is {head.state}, not released", code="not_released")
        files = hub.pay_runs.files(connection, run_id)
        here = [file for file in files if not _spoken_of(hub, connection, file)]
        back = _given_up(hub, connection, here, absent)
        if not back:
            raise ApprovalError(
                f"{run_id} has left, or may have: it can only be recalled at the bank",
                code="sent",
                remedy="ask the bank to stop it: baton pay recall; what it has refused: baton pay reissue",
            )
        lines = [line for file in back for line in hub.pay_runs.of_file(connection, file.message_id)]
        if len(back) == len(files):
            again = {"message_id": "", "code": ""}
            hub.pay_runs.move_lines(connection, [LineChange(line, LineState.DRAFT, again) for line in lines])
            hub.pay_runs.drop_files(connection, run_id)
            hub.runs.change(connection, run_id, RunState.HELD, plan_hash="", reasons=["withdrawn: check it again"])
        else:
            hub.pay_runs.move_lines(connection, [LineChange(line, LineState.CANCELLED) for line in lines])
        hub.runs.decide(connection, head, "withdraw", person, why)
        hub.crash_point("withdrawing")
    delete_files(hub, back)
    hub.crash_point("withdrawn")
    return len(lines)


def _spoken_of(hub: Hub, connection: sa.Connection, file: PayFile) -> bool:
    """Whether the bank has said anything of a line in it: then it has, or had, the file, whatever it answers now.

    What it has refused is paid again only as the next attempt, and what it has accepted not at all.
    """
    return any(line.state not in SILENT for line in hub.pay_runs.of_file(connection, file.message_id))


def _absent(hub: Hub, run_id: str) -> set[str]:
    """Keys of the run's deliveries that were in doubt once, or given up, and that the bank, asked now, does not have.

    Where it could not tell after a restore, and two people have said that it has them not, it is not asked again.

    A delivery in doubt is only planned again after its lease, which is longer than any session with a bank may last:
    nothing of it can be on its way any more.
    """
    with hub.database.read() as connection:
        files = {file.effect_key: file for file in hub.pay_runs.files(connection, run_id)}
        unproven = deliveries.unproven(connection, list(files))
        declared = deliveries.declared_absent(connection, list(files))
        run = hub.pay_runs.get(connection, run_id)
    asked = sorted(unproven - declared)
    if run is None or not asked:
        return declared
    receipts = channel_of(hub, run.system).trace([payment_file(hub, files[key]) for key in asked])
    pairs = zip(asked, receipts, strict=True)
    return {key for key, receipt in pairs if receipt.outcome is Outcome.NOT_PERFORMED} | declared


def _given_up(hub: Hub, connection: sa.Connection, files: Sequence[PayFile], absent: set[str]) -> list[PayFile]:
    """The files that will never be delivered from now on, and have not been."""
    keys = [file.effect_key for file in files]
    refused = deliveries.unproven(connection, keys) & absent
    cancelled = hub.effects.cancel_keys(connection, keys, why="withdrawn", absent=absent)
    return [file for file in files if file.effect_key in cancelled | refused]
