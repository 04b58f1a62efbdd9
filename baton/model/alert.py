"""Something remarkable that was done while a handover runs, or after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Rule(StrEnum):
    """Why something is remarkable."""

    ORDER_BY_LEAVER = "order_by_leaver"
    """The leaver has placed an order after the case was opened."""
    ORDER_IN_WINDOW = "order_in_window"
    """Somebody else than the successor has placed an order for a client that is being handed over."""
    BULK_EXPORT = "bulk_export"
    DISCOUNT = "discount"
    """A discount for one of the clients has grown."""
    REASSIGNED_BACK = "reassigned_back"
    """What was passed on has gone back to the leaver."""
    CLIENT_REFUSED = "client_refused"
    """A client does not want to be passed on."""
    RIGHTS_GONE = "rights_gone"
    """HR has put the last day off when rights had been taken away already: whether they come back, people decide."""


class AlertState(StrEnum):
    """Where an alert stands."""

    RAISED = "raised"
    DISMISSED = "dismissed"
    """A person has looked and found nothing wrong."""
    FREEZE_ASKED = "freeze_asked"
    """A person wants the leaver stopped there; a second one must agree."""
    FROZEN = "frozen"


UNDECIDED = (AlertState.RAISED, AlertState.FREEZE_ASKED)
"""Where an alert stands that waits for a person."""


class Decision(StrEnum):
    """What people decide about an alert."""

    FREEZE = "freeze"
    ASK_FREEZE = "ask_freeze"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: one rule, one event."""

    case_id: str
    rule: Rule
    event: str
    """The vendor's id of what was done: the same event raises one alert, however often it is seen."""
    system: str
    actor: str
    """The external id of who did it."""
    about: str
    """``kind/id`` of what it was done to; empty for nothing in particular."""
    at: datetime
    text: str = field(repr=False)
    state: AlertState = AlertState.RAISED
    asked_by: str = ""
    decided_by: str = ""
    raised_at: datetime | None = None
    """When the hub raised it; None where it has not yet."""
    asked_why: str = field(default="", repr=False)
    decided_why: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """Names it: case, rule and event."""
        return f"{self.case_id}/{self.rule}/{self.event}"
