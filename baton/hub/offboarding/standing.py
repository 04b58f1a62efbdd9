"""As whom a person may speak in a case. Decided here, whatever a face of the hub believes about whom it has let in.

A command's option, a link and a login only *claim* a role. The leaver is nothing but the leaver, whoever they are
elsewhere; the manager is the case's, or who the policy names in their place; HR is who the settings name. Whether an
item is offered to a successor is the item's own question (`baton.jobs.offboarding.steps`).
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.deciders import deputies_of, hr_by_no_name
from baton.hub.offboarding.people import departed
from baton.jobs.offboarding.steps import MAY
from baton.model.case import Act, Case, Role
from baton.model.persons import alike

_FIRST_AS: Final = (Role.LEAVER, Role.MANAGER, Role.HR, Role.SUCCESSOR)
"""As what somebody speaks who says nothing about it: the first of these that they are and that may."""


def standing(hub: Hub, connection: sa.Connection, case: Case, person: str) -> frozenset[Role]:
    """Everything this person may speak as in this case; nothing for nobody, and for who does not work here any more.

    Who leaves has a part in their own case whatever else they are, and for as long as links and logins let them in.
    """
    if alike(person) == alike(case.number):
        return frozenset({Role.LEAVER})
    if not person.strip():
        return frozenset()
    if departed(hub, connection, [person]):
        return frozenset()
    found = {Role.SUCCESSOR}
    if _named_as_hr(hub, connection, person):
        found.add(Role.HR)
    if person == case.manager or person in deputies_of(hub, connection, [case])[case.id]:
        found.add(Role.MANAGER)
    return frozenset(found)


def is_hr(hub: Hub, connection: sa.Connection, person: str) -> bool:
    """Whether this person may speak as HR where they are not the leaver."""
    return not departed(hub, connection, [person]) and _named_as_hr(hub, connection, person)


def require_hr(hub: Hub, person: str, number: str = "") -> None:
    """Raise `ApprovalError` (``leaver``, ``role``) unless this person may speak as HR where there is no case (yet).

    ``number`` is who it is about, where it is about somebody: nobody decides about themselves.
    """
    if number and alike(person) == alike(number):
        raise ApprovalError("a leaver decides nothing about their own handover", code="leaver")
    with hub.database.read() as connection:
        if not is_hr(hub, connection, person):
            raise ApprovalError(
                f"{person[:40] or 'nobody'} does not speak as HR here",
                code="role",
                remedy="ask HR as named in offboarding.hr",
            )


def _named_as_hr(hub: Hub, connection: sa.Connection, person: str) -> bool:
    """Whether the settings make somebody HR who has not left."""
    return person in hub.settings.offboarding.hr or person in hr_by_no_name(hub, connection, [person])


def require_standing(hub: Hub, connection: sa.Connection, case: Case, person: str, *roles: Role) -> None:
    """Raise `ApprovalError` (``leaver``, ``role``) unless this person is one of these in this case."""
    held = standing(hub, connection, case, person)
    if held.intersection(roles):
        return
    if alike(person) == alike(case.number):
        raise ApprovalError("a leaver decides nothing about their own handover", code="leaver")
    wanted = " or ".join(role.value for role in roles)
    raise ApprovalError(
        f"{person[:40] or 'nobody'} is not the {wanted} of this case",
        code="role",
        remedy="ask the manager, or HR as named in offboarding.hr",
    )


def speaks_as(hub: Hub, case: Case, person: str, act: Act) -> Role:
    """As what this person would say this: a role they have that may, else the first that may (and `say` refuses it)."""
    with hub.database.read() as connection:
        held = standing(hub, connection, case, person)
    able = [role for role in _FIRST_AS if role in MAY.get(act, ())]
    return next((role for role in able if role in held), able[0])
