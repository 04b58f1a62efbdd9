"""Taking released files back before they have left: the way out when somebody in them turns out not to be owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.checking import unknown_run
from baton.hub.payment.delivering import traced
from baton.hub.payment.untold import CLEAR, THERE, by_two
from baton.hub.payment.voiding import delete_files
from baton.model.account import Outcome, Receipt
from baton.model.pay_run import SILENT, LineState, PayFile, PayLine
from baton.model.persons import require_reason
from baton.store import deliveries
from baton.store.pay_runs import LineChange
from baton.store.runs import RunState

_RELEASED: Final = (RunState.READY, RunState.SETTLED)
"""A run that was settled before `baton settle` refused pay runs may have files here; what has left never comes back."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was taken back of a run."""

    lines: int
    untold: Mapping[str, Receipt] = field(default_factory=dict)
    """Message ids of the files of which nobody can tell whether the bank has them, with why: they stay as they are."""
    spoken_of: Sequence[str] = ()
    """Message ids of the files that never arrived, by what is known here, and of which the bank speaks: they stay."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the bank says, asked now, of a run's files that were in doubt once, or given up."""

    absent: set[str]
    """Keys of the deliveries that it does not have."""
    untold: Mapping[str, Receipt]
    declarable: frozenset[str] = frozenset()
    """Message ids of those of ``untold`` of which people may speak in its place."""


def withdraw(hub: Hub, run_id: str, person: str, why: str, *, rest_unpaid: bool = False) -> Withdrawn:
    """Take back what of a released run is surely not at the bank.

    Of a run none of whose files has left, all lines are drafts again. Otherwise what has left goes its way, and the
    lines of the others are given up: their payables are free for another run.
    A file that the bank cannot be asked for keeps no other here. Nor does one that by what is known here never arrived
    and of which the bank speaks all the same: it has some of these payments, and perhaps all. Its silent lines are
    given up only where the person has found out there that they are not paid (``rest_unpaid``) and the bank, asked now,
    does not have the file; it is not asked for what was never tried. What was in doubt and is not over stays.
    Raises `ApprovalError` (``sent``) when every file has been taken up, or may have arrived, ``untold`` when that is so
    since the bank could not tell of one, and ``told_of`` when only such files are left.
    """
    require_reason(person, why)
    asked = _asked(hub, run_id, rest_unpaid)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        head, run = hub.runs.get(connection, run_id), hub.pay_runs.get(connection, run_id)
        if head is None or run is None:
            raise unknown_run(hub, connection, run_id)
        if head.state not in _RELEASED:
            raise ApprovalError(f"{run_id} is {head.state}, not released", code="not_released")
        files = hub.pay_runs.files(connection, run_id)
        silent = _silent(hub, connection, files)
        told_of = _told_of(connection, [file for file in files if file not in silent])
        with_rest = [file for file in told_of if _rest(hub, connection, file)]
        spoken_of = [] if rest_unpaid else with_rest
        free = asked.absent | deliveries.never_sent(connection, [file.effect_key for file in with_rest])
        back = _given_up(hub, connection, silent, asked.absent)
        whole = bool(back) and len(back) == len(files)
        ended = [file for file in told_of if file not in with_rest or (rest_unpaid and file.effect_key in free)]
        back += _given_up(hub, connection, ended, asked.absent)
        if not back:
            raise _nothing(run_id, asked, spoken_of)
        lines = [line for file in back for line in _rest(hub, connection, file)]
        if whole:
            again = {"message_id": "", "code": ""}
            hub.pay_runs.move_lines(connection, [LineChange(line, LineState.DRAFT, again) for line in lines])
            hub.pay_runs.drop_files(connection, run_id)
            hub.runs.change(
                connection, run_id, RunState.HELD, plan_hash="", verdict="", reasons=["withdrawn: check it again"]
            )
        else:
            hub.pay_runs.move_lines(connection, [LineChange(line, LineState.CANCELLED) for line in lines])
        hub.runs.decide(connection, head, "withdraw", person, why)
        hub.crash_point("withdrawing")
    delete_files(hub, back)
    hub.crash_point("withdrawn")
    return Withdrawn(len(lines), asked.untold, [file.message_id for file in spoken_of])


def _silent(hub: Hub, connection: sa.Connection, files: Sequence[PayFile]) -> list[PayFile]:
    """The files of which the bank has said nothing: else it has, or had, the file, whatever it answers now.

    What it has refused is paid again only as the next attempt, and what it has accepted not at all. Nor is a file among
    them that was taken back already.
    """
    return [
        file
        for file in files
        if all(line.state in SILENT for line in hub.pay_runs.of_file(connection, file.message_id))
    ]


def _rest(hub: Hub, connection: sa.Connection, file: PayFile) -> list[PayLine]:
    """The lines of a file of which the bank has said nothing."""
    return [line for line in hub.pay_runs.of_file(connection, file.message_id) if line.state in SILENT]


def _told_of(connection: sa.Connection, files: Sequence[PayFile]) -> list[PayFile]:
    """Those of which the bank speaks although, by what is known here, they never arrived, and of which nothing is
    under way.

    One that was in doubt, and is to be sent again, the bank speaks of since it has it.
    """
    here = deliveries.not_on_their_way(connection, [file.effect_key for file in files])
    return [file for file in files if file.effect_key in here]


def _nothing(run_id: str, asked: _Asked, spoken_of: Sequence[PayFile]) -> ApprovalError:
    """Why nothing is taken back."""
    if asked.untold:
        return _untold(run_id, asked)
    if spoken_of:
        return ApprovalError(
            f"the bank speaks of payments in {spoken_of[0].message_id} of {run_id}, which by what is known here never "
            "arrived: it has them all the same, and perhaps the others too",
            code="told_of",
            remedy="ask the bank about every other payment in it; if it has none of them, and will not: "
            f"baton pay withdraw {run_id} --rest-unpaid",
        )
    return ApprovalError(
        f"{run_id} has left, or may have: it can only be recalled at the bank",
        code="sent",
        remedy="ask the bank to stop it: baton pay recall; what it has refused: baton pay reissue",
    )


def _untold(run_id: str, asked: _Asked) -> ApprovalError:
    name, receipt = next(iter(asked.untold.items()))
    others = f" (and {len(asked.untold) - 1} more)" if len(asked.untold) > 1 else ""
    again = f"nothing was taken back; see to the connection, then again: baton pay withdraw {run_id}"
    return ApprovalError(
        f"nobody can tell whether the bank has the file {name} of {run_id}{others}: {receipt.message or receipt.code}",
        code="untold",
        remedy=f"{again}; {by_two(name)}" if name in asked.declarable else again,
    )


def _asked(hub: Hub, run_id: str, rest_unpaid: bool) -> _Asked:
    """Ask the bank for each of the run's files that is in doubt, was so once, or is given up, and that it is silent
    about.

    What two people have said that it has not counts where it does not say itself that it has it. Those of which it
    speaks by now are asked for where their rest is to be given up and they were ever tried.

    A delivery in doubt is only planned again after its lease, which is longer than any session with a bank may last:
    nothing of it can be on its way any more. One that is in doubt now is asked for to tell of it, and stays.
    """
    with hub.database.read() as connection:
        all_files = hub.pay_runs.files(connection, run_id)
        files = {file.effect_key: file for file in all_files}
        here = [file.effect_key for file in _silent(hub, connection, all_files)]
        in_doubt, unproven = deliveries.in_doubt(connection, here), deliveries.unproven(connection, here)
        spoken_for = in_doubt | deliveries.refused(connection, here)
        declared = deliveries.declared_absent(connection, here)
        heard = _told_of(connection, [files[key] for key in files if key not in here]) if rest_unpaid else []
        rest = {file.effect_key for file in heard if _rest(hub, connection, file)}
        rest -= deliveries.never_sent(connection, sorted(rest))
        run = hub.pay_runs.get(connection, run_id)
    if run is None:
        return _Asked(declared, {})
    receipts = {key: traced(hub, run.system, files[key]) for key in sorted(in_doubt | unproven | rest)}
    absent = {key for key, receipt in receipts.items() if receipt.outcome is Outcome.NOT_PERFORMED}
    there = {key for key, receipt in receipts.items() if receipt.outcome in THERE}
    unclear = {key: receipt for key, receipt in receipts.items() if receipt.outcome not in CLEAR}
    untold = {files[key].message_id: receipt for key, receipt in unclear.items() if key not in declared}
    return _Asked(
        absent | (declared - there), untold, frozenset(files[key].message_id for key in spoken_for.intersection(files))
    )


def _given_up(hub: Hub, connection: sa.Connection, files: Sequence[PayFile], absent: set[str]) -> list[PayFile]:
    """The files that will never be delivered from now on, and have not been."""
    keys = [file.effect_key for file in files]
    refused = deliveries.unproven(connection, keys) & absent
    cancelled = hub.effects.cancel_keys(connection, keys, why="withdrawn", absent=absent)
    return [file for file in files if file.effect_key in cancelled | refused]
