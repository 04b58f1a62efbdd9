"""One person about many items at once, as the pages let them."""

from __future__ import annotations

from baton.hub import Hub
from baton.hub.offboarding import saying
from baton.model.case import Act, Case, ItemState, Role


def say(hub: Hub, case: Case, standing: ItemState, act: Act, person: str, role: Role) -> None:
    """Everything that stands there."""
    with hub.database.read() as connection:
        versions = {item.id: item.version for item in hub.cases.items(connection, case.id, states=[standing])}
    saying.say(hub, saying.Saying(case.id, versions, act, person, role))
