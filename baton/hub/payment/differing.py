"""What does not agree with a bank, kept while it stands: people hear of it until it ends or somebody takes it on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.policies import require_office
from baton.jobs.payment.differences import Difference, DifferenceKind, Weight
from baton.jobs.payment.reconciliation import MonthView, Reconciliation
from baton.store.bank_differences import Comparison, Standing

_KEY_DIGITS: Final = 16


def keep(hub: Hub, connection: sa.Connection, system: str, view: MonthView) -> list[Standing]:
    """Keep how every run of a bank stands now and what differs; the differences that are new.

    A difference is known by what it says, its sums and its statement: what grows by another booking is another one.
    """
    now = hub.clock.now()
    hub.bank_differences.compared(connection, [_comparison(hub, found) for found in view.runs.values()])
    alike: Counter[str] = Counter()
    standing = []
    for run_id, each in _everywhere(view):
        weight = _weight(each, view).value
        told = (each.kind.value, each.what, each.place, str(each.expected_minor), str(each.found_minor), weight)
        name = "\x1f".join(told)
        alike[name] += 1
        digest = hub.keyring.field_digest(f"{name}\x1f{alike[name]}", f"bank_difference/{system}")
        standing.append(
            Standing(
                digest.hex()[:_KEY_DIGITS], system, run_id, each.kind.value, each.what, each.place,
                weight, now, each.expected_minor, each.found_minor, each.hint,
            )
        )  # fmt: skip
    return hub.bank_differences.stand(connection, system, standing)


def acknowledge(hub: Hub, key: str, person: str, why: str) -> Standing:
    """Take a difference on: people are not told of it any more. It stays listed while it stands.

    Raises `ApprovalError` without a name and a reason, for one that does not stand or has been taken on, and (``role``)
    of somebody who holds no office in payments.
    """
    if not person.strip() or not why.strip():
        raise ApprovalError("a decision needs a name and a reason", code="no_reason", remedy="say who and why")
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        found = hub.bank_differences.get(connection, key)
        if found is None or found.over_at is not None or found.decided_at is not None or not found.weight:
            raise ApprovalError(
                f"there is no difference {key[:20]!r} that waits for somebody",
                code="no_difference",
                remedy="see: baton pay differences",
            )
        require_office(hub, person)
        hub.bank_differences.take_on(connection, found, person, why)
        hub.crash_point("acknowledging_difference")
    hub.crash_point("acknowledged_difference")
    return found


def _everywhere(view: MonthView) -> Iterator[tuple[str, Difference]]:
    for run_id, run in view.runs.items():
        for each in run.differences:
            yield run_id, each
    for each in view.beside:
        yield "", each


def _weight(each: Difference, view: MonthView) -> Weight:
    """A bank of which no statement has ever been read has shown of no line that it is missing."""
    if each.kind is DifferenceKind.MISSING and not view.entries:
        return Weight.NONE
    return each.weight


def _comparison(hub: Hub, found: Reconciliation) -> Comparison:
    sums = {
        "filed": found.filed_minor,
        "refused": found.refused_minor,
        "waiting": found.waiting_minor,
        "booked": found.booked_minor,
        "came_back": found.came_back_minor,
        "rest": found.rest_minor,
    }
    return Comparison(found.run_id, hub.clock.now(), found.verdict.value, found.lines, found.compared, sums)
