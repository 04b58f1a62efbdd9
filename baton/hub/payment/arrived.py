"""Files that were taken back, or never delivered, and of which the bank speaks all the same: they have arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.said_of_file import Words, said_of
from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.rules import Severity
from baton.model.pay_run import BY_DRAFT, FAILED, SILENT, LineState, PayFile, PayLine
from baton.store import deliveries

RULE: Final = "told_of"
"""The rule by which a check holds a payment that such a file may make."""
_NOT_HEARD: Final = (*SILENT, LineState.CANCELLED)


def arrived(hub: Hub, connection: sa.Connection, run_id: str, message_id: str = "") -> dict[str, str]:
    """Of a run's lines (of those in one of its files), by reference: the earlier file that may pay them, and how much
    the bank has said of it: ``MESSAGE_ID/COUNT``. Empty where the bank speaks of no file that was taken back.

    What was in a file that is gone nobody knows any more: it may have been all of its run.
    """
    suspects = deliveries.told_of_all_the_same(connection, run_id, message_id)
    if not suspects:
        return {}
    lines = hub.pay_runs.of_file(connection, message_id) if message_id else hub.pay_runs.lines(connection, run_id)
    attempts = {line.reference: _attempts(line) for line in lines}
    found: dict[str, str] = {}
    for suspect in suspects:
        settled = _carried(hub, connection, suspect, attempts, own=suspect.run_id == run_id)
        said = said_of(hub, connection, suspect.system, suspect.message_id)
        words = {until: Words(said, until) for until in set(settled.values())}
        for reference, names in attempts.items():
            telling = [words[settled[name]] for name in names if name in settled and words[settled[name]].may_pay(name)]
            if telling:
                found.setdefault(reference, f"{suspect.message_id}/{telling[-1].count}")
    return found


def not_waived(hub: Hub, connection: sa.Connection, file: PayFile) -> str:
    """The id of an earlier file that may pay what is in this one, which nobody has taken upon themself; or empty."""
    found = arrived(hub, connection, file.run_id, file.message_id)
    if not found:
        return ""
    waived = {row.finding for row in hub.pay_decisions.waivers(connection, file.run_id) if row.rule == RULE}
    for line in hub.pay_runs.of_file(connection, file.message_id):
        if code := found.get(line.reference):
            finding = Finding(RULE, Severity.HOLD, line.reference, line.payable.place, code=code)
            if finding.digest not in waived:
                return code.partition("/")[0]
    return ""


def _attempts(line: PayLine) -> list[str]:
    """The references of a payment: of the attempts before, and its own."""
    key = line.payable.key
    return [replace(key, attempt=attempt).reference for attempt in range(1, key.attempt + 1)]


def _carried(
    hub: Hub,
    connection: sa.Connection,
    suspect: deliveries.Suspect,
    attempts: Mapping[str, Sequence[str]],
    *,
    own: bool,
) -> dict[str, datetime | None]:
    """What may have been in a file, by reference, and until when whatever the bank said of it is settled.

    That is where somebody has said that the bank does not pay the rest of what it speaks of; None for all else.
    """
    known = {key.reference for key in hub.pay_runs.keys_of_file(connection, suspect.message_id)}
    if own:
        # What still is in that file is in no other one of its run.
        return {} if known else {name: None for names in attempts.values() for name in names}
    lines = [line for line in hub.pay_runs.lines(connection, suspect.run_id) if line.code not in BY_DRAFT]
    heard = {line.message_id for line in lines if line.message_id and line.state not in _NOT_HEARD}
    return {
        line.reference: line.changed_at if line.state is LineState.CANCELLED and line.message_id in heard else None
        for line in lines
        if (not known or line.reference in known) and not _has_failed_in(suspect, line)
    }


def _has_failed_in(suspect: deliveries.Suspect, line: PayLine) -> bool:
    """Whether the bank's word on this file has moved the line itself: then its state tells what is to be known."""
    return line.message_id == suspect.message_id and line.state in FAILED
