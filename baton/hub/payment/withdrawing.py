"""Taking a released run back before any of it has left: the way out when somebody in it turns out not to be owed."""

from __future__ import annotations

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.checking import unknown_run
from baton.hub.payment.voiding import delete_files
from baton.model.pay_run import LineState
from baton.store.pay_runs import LineChange
from baton.store.runs import RunState


def withdraw(hub: Hub, run_id: str, person: str, why: str) -> int:
    """Make a released run a draft again; how many lines it has. All of it or nothing: no byte of it may have left.

    Raises `ApprovalError` (``sent``) when a file has been taken up, or may have arrived.
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        head = hub.runs.get(connection, run_id)
        if head is None or hub.pay_runs.get(connection, run_id) is None:
            raise unknown_run(hub, connection, run_id)
        if head.state is not RunState.READY:
            raise ApprovalError(f"{run_id} is {head.state}, not released", code="not_released")
        keys = [file.effect_key for file in hub.pay_runs.files(connection, run_id)]
        cancelled = hub.effects.cancel_keys(connection, keys, why="withdrawn")
        if cancelled != set(keys):
            raise ApprovalError(
                f"{run_id} has left, or may have: it can only be recalled at the bank",
                code="sent",
                remedy="ask the bank to stop it; what it answers is taken in by baton pay answers",
            )
        lines = list(hub.pay_runs.lines(connection, run_id, LineState.RELEASED))
        hub.pay_runs.move_lines(
            connection, [LineChange(line, LineState.DRAFT, {"message_id": "", "code": ""}) for line in lines]
        )
        void = hub.pay_runs.drop_files(connection, run_id)
        hub.runs.decide(connection, head, "withdraw", person, why)
        hub.runs.change(connection, run_id, RunState.HELD, plan_hash="", reasons=["withdrawn: check it again"])
    delete_files(hub, void)
    return len(lines)
