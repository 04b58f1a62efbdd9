"""Somebody looks after what does not agree with a bank: their words from a form or as JSON, on their way to the hub."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from baton.console.payments.deciding import LONGEST_WHY, Refusal, refused_as
from baton.console.payments.officers import Officer
from baton.errors import ApprovalError
from baton.hub.payment.differing import acknowledge


class Reason(BaseModel):
    """Why nobody else need be told of it any more."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)
    why: Annotated[str, Field(min_length=1, max_length=LONGEST_WHY)]


class Taken(Reason):
    """The same, with the key of the difference."""

    key: Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")]


def take_on(who: Officer, key: str, why: str) -> Refusal | None:
    """Do it in the person's name; or why not: then nothing was done."""
    try:
        acknowledge(who.hub, key, who.person, why)
    except ApprovalError as error:
        return refused_as(error)
    return None
