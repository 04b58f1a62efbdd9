"""Options that the commands about payments share, and how they show an amount."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import click

ROLES: Final = ("hr", "payroll", "treasury", "director")


def as_person(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--as``: who does it."""
    return click.option("--as", "person", required=True, help="Who does this; it goes into the audit log.")(function)


def why(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--why``: the reason."""
    return click.option("--why", required=True, help="The reason; it goes into the audit log.")(function)


def role(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--role``: the office."""
    return click.option("--role", type=click.Choice(ROLES), required=True, help="The office it is done in.")(function)


def amount(minor: int, currency: str) -> str:
    """Minor units as people write them."""
    from baton.jobs.payment.payable_rows import places_of

    return f"{Decimal(minor).scaleb(-places_of(currency)):,f} {currency}"


def minor_of(text: str, currency: str, option: str) -> int:
    """A plain amount such as 1234.50 as minor units; `click.UsageError` for anything else."""
    from baton.jobs.payment.payable_rows import minor_units, places_of

    minor = minor_units(text, places_of(currency))
    if minor is None:
        raise click.UsageError(f"{option} takes a plain amount such as 1234567.89")
    return minor
