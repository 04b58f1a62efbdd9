"""Who stands before the pay runs, and in which offices. Every page and every call of the API starts here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request

from baton.hub import Hub
from baton.hub.payment.policies import offices_of
from baton.jobs.payment.roles import Role
from baton.model.persons import is_among


@dataclass(frozen=True, slots=True)
class Officer:
    """One logged-in person."""

    hub: Hub = field(repr=False)
    person: str
    offices: tuple[Role, ...]
    """As systems.yaml says (payments.roles). Whoever has none sees counts, and decides nothing."""
    hands_in: bool
    """Whether they may draft a run of payables of their own."""

    @property
    def sees_people(self) -> bool:
        """Whether amounts, numbers and masked names are for these eyes."""
        return bool(self.offices)

    def may_read(self, detail: dict[str, Any]) -> dict[str, Any]:
        """A pay run as the list of all runs has it, without what people wrote and rows said for who sees counts."""
        if self.sees_people:
            return detail
        decisions = [{name: each[name] for name in each if name != "why"} for each in detail["decisions"]]
        return {**detail, "decisions": decisions, "faults": []}

    def made(self, makers: Iterable[str]) -> bool:
        """Whether a run of these makers is their own."""
        return is_among(self.person, makers)

    def among(self, roles: Collection[Role]) -> list[Role]:
        """Which of these roles they hold, each once."""
        return [role for role in self.offices if role in roles]


def officer(hub: Hub, person: str, *, operates: bool) -> Officer:
    """A person as the hub knows them now. ``operates``: they may run things here, whatever offices they hold."""
    held = offices_of(hub, person)
    offices = tuple(role for role in Role if role in held)
    return Officer(hub, person, offices, hands_in=operates or Role.PAYROLL in held)


def let_in(request: Request, who: Officer) -> None:
    """For the dependency that an application puts before these routes: this is who asks."""
    request.state.officer = who


def officer_here(request: Request) -> Officer:
    """Whoever `let_in` has let in to this request."""
    who: Officer = request.state.officer
    return who


Here = Annotated[Officer, Depends(officer_here)]


def office_holder(who: Here) -> Officer:
    """Wages, and what is done about payments, are for who holds an office in them."""
    if not who.offices:
        raise HTTPException(403, "you hold no office in payments")
    return who


Holder = Annotated[Officer, Depends(office_holder)]
