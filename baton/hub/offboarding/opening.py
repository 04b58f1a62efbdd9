"""A case opened by a person: opened, and looked at everywhere at once, so that its list is there when they look.

With it what will get in the way of the last day: the sooner that is known, the better.
"""

from __future__ import annotations

from baton.hub.core import Hub
from baton.hub.offboarding.ahead import due, look_ahead
from baton.hub.offboarding.casework import Opening, open_case
from baton.hub.offboarding.refreshing import Refreshed, refresh


def open_and_look(hub: Hub, opening: Opening) -> Refreshed:
    """Open a case (or take the one that is open already) and ask every system; raises as `open_case`."""
    refreshed = refresh(hub, open_case(hub, opening).id)
    look_ahead(hub, due(hub, [refreshed.case]))
    return refreshed
