"""How long ago the schedule went by, for the jobs that leave no run where they found nothing to do.

A job counts where it is in use: it has gone by once, or something waits for it. Waiting are the handovers where
``offboarding`` is set up (from the first sync on) or a case was ever opened; a bank's answers where it is set up and
a pay run was made for it; the end of keeping where there has been a migration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.migration.planning import JOB as MIGRATION
from baton.hub.migration.retention import RETENTION
from baton.hub.offboarding.intentions import JOB as OFFBOARDING
from baton.hub.payment.answering import ANSWERS
from baton.settings_shape import OffboardingPart
from baton.store import passes
from baton.store.tables import cases, pay_runs

JOBS = (OFFBOARDING, RETENTION)
"""What `pass_age_s` is ever about."""


def last_passes(
    hub: Hub, connection: sa.Connection, first_runs: Mapping[str, datetime]
) -> Iterator[tuple[str, str, datetime]]:
    """(measure, job or bank, since when): the last pass, or what it has been waited for from."""
    noted = passes.noted(connection)
    waited: dict[tuple[str, str], datetime | None] = {
        (OFFBOARDING, ""): _handovers_wanted(hub, connection, first_runs),
        (RETENTION, ""): first_runs.get(MIGRATION),
    }
    query = sa.select(pay_runs.c.system, sa.func.min(pay_runs.c.created_at, type_=pay_runs.c.created_at.type))
    paid: dict[str, datetime] = {row[0]: row[1] for row in connection.execute(query.group_by(pay_runs.c.system))}
    banks = sorted(hub.settings.payments.banks.keys() & hub.settings.enabled.keys())
    waited |= {(ANSWERS, bank): paid.get(bank) for bank in banks}
    counted_from = noted.get(passes.COUNTED_FROM)
    for (job, bank), began in waited.items():
        since = noted.get((job, bank)) or _later(began, counted_from)
        if since is not None:
            yield ("answers_age_s", bank, since) if bank else ("pass_age_s", job, since)


def _handovers_wanted(hub: Hub, connection: sa.Connection, first_runs: Mapping[str, datetime]) -> datetime | None:
    """From when on handovers are to be looked at: whoever sets them up means to have them from the first sync on."""
    opened = connection.execute(sa.select(sa.func.min(cases.c.opened_at, type_=cases.c.opened_at.type))).scalar()
    set_up = first_runs.get("sync") if hub.settings.offboarding != OffboardingPart() else None
    return min((at for at in (opened, set_up) if at is not None), default=None)


def _later(began: datetime | None, counted_from: datetime | None) -> datetime | None:
    if began is None or counted_from is None:
        return began
    return max(began, counted_from)
