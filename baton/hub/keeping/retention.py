"""The end of keeping: what no rule asks for any more is deleted, once somebody (or the schedule) says so.

===========================  ========================================  ====================================
what                         kept until                                set by
===========================  ========================================  ====================================
files put to handovers,      so many years after the handover ended    ``retention.handovers_years``
their certificates           or was retracted
payment files (encrypted     so many years after they were made, and   ``retention.payments_years``
for the bank)                no earlier than their delivery is over
records of erased people     so many years after the last of them      both
copies of migrated records   the end of each run's own retention       the mapping; `baton.hub.migration.retention`
===========================  ========================================  ====================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.keeping import erasing
from baton.hub.offboarding.certifying import retention_over
from baton.hub.payment.delivering import file_path
from baton.model.case import Act, Case, CaseState
from baton.store.trail import Entry, append

HANDOVER_FILES: Final = ("uploads", "certificates")
"""Kinds of kept files that belong to a handover."""


@dataclass(frozen=True, slots=True)
class Due:
    """One thing whose retention is over."""

    kind: str
    """``uploads``, ``certificates``, ``payments`` or ``erased``."""
    name: str
    """The case, the message id, or the number."""
    files: int


def due(hub: Hub) -> list[Due]:
    """What a sweep would delete now. Looks only."""
    return [*_handover_files(hub), *_payment_files(hub), *_erased(hub)]


def carry_out(hub: Hub, over: Sequence[Due]) -> None:
    """Delete these; each leaves an audit entry before the next is touched."""
    for each in over:
        if each.kind in HANDOVER_FILES:
            under = f"{each.kind}/{each.name}"
            for name in hub.kept_files.names(under):
                hub.kept_files.drop(f"{under}/{name}")
        elif each.kind == "payments":
            _drop_payment_file(hub, each.name)
        else:
            _blank(hub, each.name)
        entry = Entry(hub.clock.now(), "retention", {"kind": each.kind, "name": each.name, "files": each.files})
        with hub.database.write() as connection:
            append(connection, [entry])


def _handover_files(hub: Hub) -> list[Due]:
    found = []
    with hub.database.read() as connection:
        for kind in HANDOVER_FILES:
            for case_id in hub.kept_files.folders(kind):
                case = hub.cases.get(connection, case_id)
                files = len(hub.kept_files.names(f"{kind}/{case_id}"))
                # A folder that no case knows is left: after a restore it may be all there is of what came since.
                if files and case is not None and _is_over(hub, connection, case):
                    found.append(Due(kind, case_id, files))
    return found


def _is_over(hub: Hub, connection: sa.Connection, case: Case) -> bool:
    """Whether a handover ended so long ago. One that goes on (again) has not, whenever it was completed before."""
    if case.state is CaseState.COMPLETED:
        return retention_over(hub, case)
    if case.state is not CaseState.RETRACTED:
        return False
    retracted = [said.at for said in hub.cases.said(connection, case.id) if said.act is Act.RETRACT]
    rule = hub.settings.retention
    return rule.end(max(retracted, default=case.opened_at), rule.handovers_years) <= hub.clock.now()


def _payment_files(hub: Hub) -> list[Due]:
    """The files whose years are over; none that may still be delivered, or of which the bank has still to tell."""
    rule, now = hub.settings.retention, hub.clock.now()
    with hub.database.read() as connection:
        runs = list(hub.pay_runs.all(connection))
        files = [file for run in runs for file in hub.pay_runs.files(connection, run.run_id)]
        over = [file for file in files if rule.end(file.created, rule.payments_years) <= now]
        there = [file for file in over if file_path(hub, file.name, file.sealed_digest).exists()]
        known = hub.effects.by_key(connection, [file.effect_key for file in there])
    at_work = {key for key, effect in known.items() if effect.state.open}
    return [Due("payments", file.message_id, 1) for file in there if file.effect_key not in at_work]


def _drop_payment_file(hub: Hub, message_id: str) -> None:
    with hub.database.read() as connection:
        file = hub.pay_runs.file(connection, message_id)
    if file is not None:
        file_path(hub, file.name, file.sealed_digest).unlink(missing_ok=True)


def _erased(hub: Hub) -> list[Due]:
    today = hub.clock.now().date().isoformat()
    with hub.database.read() as connection:
        known = hub.erasures.all(connection)
    return [
        Due("erased", each.number, 0)
        for each in known
        if each.erased_at is not None and any(kept["until"] < today for kept in each.kept)
    ]


def _blank(hub: Hub, number: str) -> None:
    with hub.database.read() as connection:
        theirs = [each for each in hub.erasures.all(connection) if each.number == number and each.erased_at is not None]
    for each in theirs:
        erasing.sweep(hub, each, hub.clock.now())
