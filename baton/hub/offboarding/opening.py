"""A case opened by a person: opened, and looked at everywhere at once, so that its list is there when they look.

With it what will get in the way of the last day: the sooner that is known, the better.
"""

from __future__ import annotations

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.ahead import due, look_ahead
from baton.hub.offboarding.casework import UNFINISHED, Opening, open_case
from baton.hub.offboarding.refreshing import Refreshed, refresh
from baton.hub.offboarding.standing import require_hr
from baton.model.case import Cause


def open_and_look(hub: Hub, opening: Opening) -> Refreshed:
    """Open a case (or take the one that is open already) and ask every system; for HR only.

    Raises as `require_hr` and `open_case`; and `ApprovalError` (``case``) where the case is open with another last
    working moment than is named now.
    """
    require_hr(hub, opening.by, opening.number)
    _require_same_moment(hub, opening)
    refreshed = refresh(hub, open_case(hub, opening).id)
    look_ahead(hub, due(hub, [refreshed.case]))
    return refreshed


def _require_same_moment(hub: Hub, opening: Opening) -> None:
    """A case keeps the moment it was opened with, and an emergency has its own: another one is not dropped unsaid."""
    if opening.last_working_at is None or opening.cause is Cause.EMERGENCY:
        return
    with hub.database.read() as connection:
        going = [case for case in hub.cases.of_person(connection, opening.number) if case.state in UNFINISHED]
    for case in going:
        if case.dates.last_working_at != opening.last_working_at:
            raise ApprovalError(
                f"{opening.number} is leaving by {case.id} already, and that one has another last working moment",
                code="case",
                remedy="have HR's data say the day (a resignation follows it), or retract that case and open another",
            )
