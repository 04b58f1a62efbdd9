"""What commission is paid for, and to whom when a client passes on: dated versions in one YAML file, data only.

The version that was in force on the day an order was signed holds for everything about that order, for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from baton.errors import ConfigurationError, Fault
from baton.strict_yaml import Document, parse, read, require_file

Percent = Annotated[int, Field(ge=0, le=100)]
Days = Annotated[int, Field(ge=0, le=3650)]


class Part(BaseModel):
    """Base of all parts: unknown keys are faults, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


class Version(Part):
    """The rules for orders signed from one day on."""

    begins: date = Field(alias="from")
    rate_bp: int = Field(ge=0, le=10_000)
    """Commission in basis points (hundredths of a per cent) of what is collected."""
    passed_on: Literal["seller", "days", "split"] = "seller"
    """Who gets it when the client has passed on since the signing, while the seller works here: whoever signed; all
    who held the client since, by days; or seller and present holder by ``seller_percent``."""
    seller_percent: Percent = 50
    """For ``split``: the seller's part; the present holder gets the rest."""
    after_leaving_percent: Percent = 50
    """What a seller who has left still gets of what is collected within the protection period."""
    protection_days: Days = 90
    """How long after the last day a seller who has left still gets that."""
    clawback_days: Days = 365
    """A refund up to so many days after the last collection of an order takes its commission back."""


class CommissionPolicy(Part):
    """All versions, oldest first."""

    versions: tuple[Version, ...]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.versions:
            raise ValueError("there must be at least one version")
        if any(after.begins <= before.begins for before, after in pairwise(self.versions)):
            raise ValueError("versions must stand oldest first, each from a later day than the one before")
        return self

    def on(self, day: date) -> Version | None:
        """The version in force on a day; None before the first."""
        return next((version for version in reversed(self.versions) if version.begins <= day), None)


def load_commission_policy(file: Path) -> CommissionPolicy:
    """Read the file; one `ConfigurationError` with everything that is wrong, each with its line."""
    require_file(file)
    return _policy(read(file))


def commission_policy_of(content: bytes, name: str) -> CommissionPolicy:
    """The same for what somebody has sent, under a name of its own."""
    return _policy(parse(content, name))


def _policy(document: Document) -> CommissionPolicy:
    faults: Sequence[Fault] = document.faults
    try:
        parsed = CommissionPolicy.model_validate(document.plain())
    except ValidationError as error:
        faults = [*faults, *document.faults_of(error, model=CommissionPolicy)]
    else:
        if not faults:
            return parsed
    raise ConfigurationError(faults)
