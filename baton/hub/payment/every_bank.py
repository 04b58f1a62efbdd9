"""Work with every bank that is paid through: what goes wrong at one of them is its own, and the others go on."""

from __future__ import annotations

import logging
from collections import Counter

import sqlalchemy as sa

from baton import tracing
from baton.engine.report import Report
from baton.errors import BatonError, HaltError, RetryableError
from baton.hub.core import Hub
from baton.hub.payment.answering import Taken, take_answers
from baton.hub.payment.delivering import SCOPE, FilePerformer, deliver
from baton.store.tables import effects

log = logging.getLogger("baton.hub")


def banks_in_use(hub: Hub) -> list[str]:
    """The banks that are paid through and are not switched off, by name."""
    return sorted(hub.settings.payments.banks.keys() & hub.settings.enabled.keys())


def files_kept_waiting(hub: Hub) -> dict[str, int]:
    """How many released files wait for a bank that is switched off; banks without such files are left out."""
    off = sorted(hub.settings.payments.banks.keys() - hub.settings.enabled.keys())
    waiting = [*SCOPE.where(), effects.c.state.in_([state.value for state in FilePerformer.awaited])]
    query = sa.select(effects.c.system, sa.func.count()).where(effects.c.system.in_(off), *waiting)
    with hub.database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query.group_by(effects.c.system))}


def deliver_everywhere(hub: Hub) -> list[Report]:
    """Deliver every released file of every bank: one report each, halted where something kept files from going out.

    A bank that is switched off is spoken of where files wait for it.
    """
    reports = [_delivered(hub, bank) for bank in banks_in_use(hub)]
    for bank, count in files_kept_waiting(hub).items():
        report = Report(bank, Counter(waiting=count))
        report.switched_off("it is switched off: set enabled: yes, and its files go out")
        reports.append(report)
    return sorted(reports, key=lambda report: report.system)


def _delivered(hub: Hub, bank: str) -> Report:
    try:
        return deliver(hub, bank)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one bank, what the others got is told
        halted = _told(bank, error)
        return Report(bank, halted=str(halted), needs_person=not isinstance(error, RetryableError))


def answers_of_all(hub: Hub) -> dict[str, Taken]:
    """Take in what every bank has said, by bank; halted where something kept it from being read."""
    return {bank: _answers(hub, bank) for bank in banks_in_use(hub)}


def _answers(hub: Hub, bank: str) -> Taken:
    try:
        return take_answers(hub, bank)
    except Exception as error:  # noqa: BLE001 - what other banks have said is told this one time only
        return Taken(halted=_told(bank, error))


def _told(bank: str, error: Exception) -> BatonError:
    """The error as people may read it. What nobody foresaw may repeat personal data, so only its place is told."""
    if isinstance(error, BatonError):
        return error
    log.error("%s: %s\n%s", bank, tracing.place(error), tracing.whereabouts(error))
    return HaltError(f"unexpected {tracing.place(error)}: see the log")
