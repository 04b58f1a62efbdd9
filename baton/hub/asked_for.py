"""Whom and what a sync is asked for by name must exist: a slip would look like nothing to do."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from baton.errors import Fault, RequestError
from baton.hub.core import Hub


def require_targets(hub: Hub, systems: Sequence[str]) -> None:
    """Raise `RequestError` for a target that is not in ``systems.yaml``."""
    known = {system.name for system in hub.targets()}
    unknown = [name for name in systems if name not in known]
    if unknown:
        message = f"there is no target {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        raise RequestError([Fault("--system", "unknown_system", message)])


def require_people(hub: Hub, connection: sa.Connection, employees: Sequence[str]) -> None:
    """Raise `RequestError` for numbers that no source has told of, such as 12 for 0012."""
    known = hub.people.statuses(connection, employees)
    faults = [
        Fault("--employee", "unknown_person", f"nobody has the employee number {number[:40]!r}")
        for number in employees
        if number not in known
    ]
    if faults:
        raise RequestError(faults)
