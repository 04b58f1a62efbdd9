"""Whether a run still is what its signatures were given for: the same files, checks and people."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from baton.errors import WithheldError
from baton.hub.core import Hub
from baton.hub.payment.arrived import not_waived
from baton.hub.payment.bookings import REFUSED
from baton.hub.payment.out_again import out_again
from baton.hub.payment.recovering import today
from baton.hub.payment.reissue_evidence import contradicted
from baton.hub.payment.taken_after_all import taken_after_all
from baton.hub.payment.taken_elsewhere import taken_elsewhere
from baton.model.pay_run import FAILED, SILENT, LineState, PayFile, PayLine, PayRun
from baton.model.people import Employee
from baton.store import deliveries
from baton.store.effects import chunked
from baton.store.payment_tables import pay_lines

DATES: Final = (
    *("status", "hire_day", "last_working_day", "last_working_time"),
    *("contract_end_day", "pay_end_day", "time_zone"),
)
"""What of a person's record decides up to when they are paid."""
_JUDGED_BY: Final = (*DATES, "full_name", "bank_account_holder", "bank_account_number", "bank_code", "bank_name")
"""What of a person's record decides whether and whom a payment reaches; a new telephone number voids nothing.

Everything that a bank's layout can take from it is here: some find the branch by the bank's name.
"""
_IN_FILES: Final = (LineState.FILED, LineState.RELEASED)
_PAGE_ROWS: Final = 5_000
_GRACE: Final = timedelta(days=3)
"""So long after its day a file may still go out: a bank that is down over a weekend costs no new signatures."""


class Withholding(StrEnum):
    """Why a file stays here until a person has acted: the codes of what is raised for it alone."""

    PEOPLE_CHANGED = "people_changed"
    TOLD_OF = "told_of"
    ATTEMPT_UNPROVEN = "attempt_unproven"
    OUT_AGAIN = "out_again"
    DAY_PASSED = "day_passed"
    FILE_CHANGED = "file_changed"
    NO_FILE = "no_file"

    def error(self, message: str, remedy: str) -> WithheldError:
        """What is raised."""
        return WithheldError(message, code=self.value, remedy=remedy)


def everybody(hub: Hub, connection: sa.Connection) -> dict[str, Employee]:
    """The newest record of every person by number. Good for a whole transaction under the planning lock: HR waits."""
    pages = hub.people.everyone(connection, _PAGE_ROWS)
    return {employee.number: employee for page in pages for employee in page}


def people_digest(hub: Hub, numbers: Iterable[str], people: Mapping[str, Employee]) -> str:
    """The state of these people in HR's eyes as far as it concerns their pay (hex; keyed: it tells nothing)."""
    return _digest(hub, ((number, people.get(number)) for number in sorted(set(numbers))))


def _records(hub: Hub, connection: sa.Connection, numbers: Iterable[str]) -> Iterator[tuple[str, Employee | None]]:
    """The newest records of these people, as they are now; not all of them are held at once."""
    for some in chunked(sorted(set(numbers))):
        known = hub.people.newest(connection, some)
        for number in some:
            newest = known.get(number)
            yield number, None if newest is None else newest.employee


def _digest(hub: Hub, records: Iterable[tuple[str, Employee | None]]) -> str:
    digest = hashlib.sha256(b"baton-people-1")
    for number, employee in records:
        digest.update(_state(hub, number, employee))
    return digest.hexdigest()


def _state(hub: Hub, number: str, employee: Employee | None) -> bytes:
    if employee is None:
        return hub.keyring.field_digest(None, f"payment/{number}")
    said = "\x1f".join(str(getattr(employee, name)) for name in _JUDGED_BY)
    return hub.keyring.field_digest(said, f"payment/{number}")


def files_digest(files: Sequence[PayFile]) -> str:
    """What is signed for (hex): every file's content and its encrypted form, in order."""
    digest = hashlib.sha256(b"baton-pay-files-1")
    for file in sorted(files, key=lambda each: each.part):
        for part in (file.message_id, file.plain_digest, file.sealed_digest):
            digest.update(len(part).to_bytes(4, "big") + part.encode())
    return digest.hexdigest()


def binding(run: PayRun, files: Sequence[PayFile]) -> str:
    """What a run was built as (hex): its files, what the checks said, who the payees were, for which bank and day."""
    digest = hashlib.sha256(b"baton-pay-run-1")
    told = (run.run_id, run.report_digest, run.people_digest, run.execution_day.isoformat(), run.system)
    for part in (*told, files_digest(files)):
        digest.update(len(part).to_bytes(4, "big") + part.encode())
    return digest.hexdigest()


def standing(hub: Hub, connection: sa.Connection, run: PayRun, people: Mapping[str, Employee]) -> bool:
    """Whether everybody in the run's files is, for HR, who they were when it was checked."""
    numbers = hub.pay_runs.payees(connection, run.run_id, *_IN_FILES)
    return people_digest(hub, numbers, people) == run.people_digest


def stale(hub: Hub, connection: sa.Connection, run: PayRun, files: Sequence[PayFile]) -> bool:
    """Whether somebody in the run's files has changed at HR since they were built: then it would not be released.

    For looking: HR's records are read only where it has told something of a payee since.
    """
    if not files:
        return False
    since = min(file.created for file in files)
    if not hub.pay_runs.told_of_since(connection, run.run_id, since, *_IN_FILES):
        return False
    numbers = hub.pay_runs.payees(connection, run.run_id, *_IN_FILES)
    return _digest(hub, _records(hub, connection, numbers)) != run.people_digest


def payees(hub: Hub, connection: sa.Connection, message_id: str) -> set[str]:
    """The numbers of those whom a file pays."""
    return {key.number for key in hub.pay_runs.keys_of_file(connection, message_id)}


def require_standing(hub: Hub, connection: sa.Connection, run_id: str) -> None:
    """Raise `WithheldError` when somebody in a file that is still here has changed (``people_changed``): none of
    the run's goes out.

    Neither does any when it would pay what the bank has booked out again since (``out_again``), when an earlier attempt
    has not failed after all (``attempt_unproven``), or when the bank speaks of a payment in it, or of an earlier file
    that may pay the same, though by what is known here it never got them (``told_of``). Who is in a file that has left
    already, and has perhaps been paid by now, does not keep the others here for ever.
    """
    files = hub.pay_runs.files(connection, run_id)
    still_here = deliveries.unsent(connection, [file.effect_key for file in files])
    for file in files:
        if file.effect_key not in still_here:
            continue
        records = _records(hub, connection, payees(hub, connection, file.message_id))
        if _digest(hub, records) != file.people_digest:
            raise Withholding.PEOPLE_CHANGED.error(
                f"somebody in {run_id} has left, changed or got another account since it was checked",
                remedy=f"nothing was sent; see who it is and take it back: baton pay withdraw {run_id}",
            )
        if told_of := _told_of(hub, connection, file):
            raise Withholding.TOLD_OF.error(
                f"the bank speaks of the payment {told_of} in {run_id}, though it was not sent by what is known here",
                remedy=f"nothing was sent; see what the bank has before anything else: baton pay show {run_id}; "
                f"then what to do about the others in it: baton pay withdraw {run_id}",
            )
        if before := not_waived(hub, connection, file):
            raise Withholding.TOLD_OF.error(
                f"the bank speaks of {before}, which by what is known here it never got, and which may pay the same as "
                f"{run_id}",
                remedy=f"nothing was sent; ask the bank what it pays of that file, and take this one back: "
                f"baton pay withdraw {run_id}; its next check holds what may be in both (told_of)",
            )
        earlier = _earlier(hub, connection, file)
        if _unproven(hub, connection, earlier):
            raise Withholding.ATTEMPT_UNPROVEN.error(
                f"{run_id} would pay again what the bank, by what it has said since, may have paid",
                remedy=f"nothing was sent; ask the bank, and take it back: baton pay withdraw {run_id}",
            )
        if out_again(hub, connection, [line for line in earlier if line.state is LineState.RETURNED]):
            raise Withholding.OUT_AGAIN.error(
                f"{run_id} would pay again what had come back and has been booked out again since",
                remedy=f"nothing was sent; take it back: baton pay withdraw {run_id}",
            )


def require_day(hub: Hub, connection: sa.Connection, file: PayFile) -> None:
    """Raise `WithheldError` (``day_passed``) when a file's day is over by more than three days, as days are told here.

    By then its people may have been paid by another way. So it is for what was in doubt once, too: it is only sent
    again where the bank has just said that it does not have it. What the bank has never gets here.
    """
    run = hub.pay_runs.get(connection, file.run_id)
    if run is None or today(hub) <= run.execution_day + _GRACE:
        return
    raise Withholding.DAY_PASSED.error(
        f"{file.run_id} was to be paid on {run.execution_day}, which is over: its people may have been paid since",
        remedy=f"nothing was sent; take it back: baton pay withdraw {file.run_id}, "
        "then have whoever is still unpaid paid by a new run",
    )


def _told_of(hub: Hub, connection: sa.Connection, file: PayFile) -> str:
    """The reference of the first line of a file of which the bank has said something; empty where it is silent.

    Also where it has taken the line in another file, which moves nothing of this one, and may pay it still.
    """
    heard = pay_lines.c.state.not_in([state.value for state in SILENT])
    query = sa.select(pay_lines.c.reference).where(pay_lines.c.message_id == file.message_id, heard)
    told_of = connection.execute(query.order_by(pay_lines.c.line).limit(1)).scalar()
    if told_of:
        return str(told_of)
    elsewhere = hub.bank_answers.taken_elsewhere(connection, file.message_id)
    said = hub.bank_answers.of_lines(connection, sorted(elsewhere))
    return min(taken_elsewhere(hub, connection, said, file.message_id), default="")


def _unproven(hub: Hub, connection: sa.Connection, earlier: Sequence[PayLine]) -> bool:
    """Whether one of these attempts has not failed after all, or nobody knows any more that it has."""
    if any(line.state not in FAILED for line in earlier) or contradicted(hub, connection, earlier):
        return True
    return bool(taken_after_all(hub, connection, [line for line in earlier if line.state in REFUSED]))


def _earlier(hub: Hub, connection: sa.Connection, file: PayFile) -> list[PayLine]:
    """The earlier attempts at what is in this file."""
    later = [key for key in hub.pay_runs.keys_of_file(connection, file.message_id) if key.attempt > 1]
    if not later:
        return []
    keys = {replace(key, attempt=attempt) for key in later for attempt in range(1, key.attempt)}
    lines = hub.pay_runs.claimed(connection, (), sorted({key.number for key in later}))
    return [line for line in lines if line.payable.key in keys]
