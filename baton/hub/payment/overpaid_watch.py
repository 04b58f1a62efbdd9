"""What the schedule does about overpayments once answers are taken in: money back is noted, the rest told in counts."""

from __future__ import annotations

from dataclasses import replace

from baton.hub.core import Hub
from baton.hub.payment.money_back import take_in
from baton.hub.payment.overpayments import figures, find
from baton.hub.payment.policies import policy_of
from baton.hub.payment.recovering import BY, open_cases
from baton.jobs.payment.overpayment import NotOwed, Overpaid
from baton.model.recovery import RecoveryState


def look_for_overpayments(hub: Hub) -> dict[str, int]:
    """Take in what came back, and look; in counts. A case is opened only where the policy says so.

    Not again for what HR has withdrawn a claim to, while HR says of the dates what it said then: a person may open it.
    """
    taken = take_in(hub)
    found = find(hub)
    opened = 0
    if policy_of(hub).overpayment.opens == "by_schedule":
        opened = sum(
            len(open_cases(hub, number, BY, "found by the schedule", _decided(hub, theirs)))
            for number, theirs in found.items()
        )
    taken_in, to_be_given = sum(taken.counts.values()), taken.to_be_given
    return {**figures(found), "taken_in": taken_in, "to_be_given": to_be_given, "opened": opened}


def _decided(hub: Hub, found: Overpaid) -> set[str]:
    """The references of payments that a claim was withdrawn to on the very ground on which they are found now.

    To them or to an attempt before: what came back and is paid again is the same payment to HR.
    """
    attempts: dict[str, list[NotOwed]] = {}
    for each in found.not_owed:
        for attempt in range(1, each.line.key.attempt + 1):
            attempts.setdefault(replace(each.line.key, attempt=attempt).reference, []).append(each)
    with hub.database.read() as connection:
        cases = hub.recoveries.of_lines(connection, sorted(attempts))
    withdrawn = (line for case in cases if case.state is RecoveryState.WITHDRAWN for line in case.lines)
    return {
        now.line.key.reference
        for line in withdrawn
        for now in attempts.get(line.reference, ())
        if now.cause.version == line.cause_version
    }
