"""What the commands about payments share: options, and a line for machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from baton.model.money import minor_digits
from baton.model.pay_run import PayLine

SHORTEST: Final = 12
"""So many digits of a digest name files beyond doubt."""
ROLES: Final = ("hr", "payroll", "treasury", "director")


def as_person(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--as``: who does it."""
    return click.option("--as", "person", required=True, help="Who does this; it goes into the audit log.")(function)


def why(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--why``: the reason."""
    return click.option("--why", required=True, help="The reason; it goes into the audit log.")(function)


def seen(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--files``: which files were looked at."""
    told = "The digest of the files you looked at, as `pay show` tells it (12 digits do): others are refused."
    return click.option("--files", "seen", default="", callback=_digest, help=told)(function)


def _digest(_: click.Context, __: click.Parameter, given: str) -> str:
    if given and (len(given) < SHORTEST or given.strip("0123456789abcdef")):
        raise click.BadParameter(f"is no beginning of a digest of at least {SHORTEST} digits")
    return given


def role(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--role``: the office."""
    return click.option("--role", type=click.Choice(ROLES), required=True, help="The office it is done in.")(function)


def minor_of(text: str, currency: str, option: str) -> int:
    """A plain amount such as 1234.50 as minor units; `click.UsageError` for anything else."""
    from baton.jobs.payment.payable_rows import minor_units

    minor = minor_units(text, minor_digits(currency))
    if minor is None:
        raise click.UsageError(f"{option} takes a plain amount such as 1234567.89")
    return minor


def line_document(line: PayLine) -> dict[str, Any]:
    """A line for machines: amounts in minor units, never an account or a name."""
    key = line.payable.key
    return {"line": line.line, "reference": line.reference, "number": key.number, "attempt": key.attempt,
            "amount_minor": line.payable.amount_minor, "state": line.state, "code": line.code,
            "place": line.payable.place}  # fmt: skip
