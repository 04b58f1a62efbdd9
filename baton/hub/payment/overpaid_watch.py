"""What the schedule does about overpayments once answers are taken in: money back is noted, the rest told in counts."""

from __future__ import annotations

from baton.hub.core import Hub
from baton.hub.payment.money_back import take_back
from baton.hub.payment.overpayments import figures, find
from baton.hub.payment.policies import policy_of
from baton.hub.payment.recovering import BY, open_cases


def look_for_overpayments(hub: Hub) -> dict[str, int]:
    """Take in what came back, and look. A case is opened only where the policy says that the schedule does it."""
    taken = take_back(hub)
    found = find(hub)
    opened = 0
    if policy_of(hub).overpayment.opens == "by_schedule":
        opened = sum(len(open_cases(hub, number, BY, "found by the schedule")) for number in found)
    return {**figures(found), "taken_in": sum(taken.values()), "opened": opened}
