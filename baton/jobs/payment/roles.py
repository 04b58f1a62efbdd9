"""Who decides about payments: the roles that waivers and signatures are given in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeAlias


class Role(StrEnum):
    """An office, not a person; who holds it is told by whoever asks."""

    HR = "hr"
    """Answers for who works here, on what dates, and to which account they are paid."""
    PAYROLL = "payroll"
    """Answers for how much."""
    TREASURY = "treasury"
    """Answers for when and through which bank."""
    DIRECTOR = "director"
    """Answers for what is out of the ordinary."""


Holders: TypeAlias = Mapping[str, Collection[Role]]
"""Person -> the roles they hold at the moment of the decision."""
