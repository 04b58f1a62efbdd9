"""Which versions of a person have taken effect or will: what was called off or put off before its date never did."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.model.people import Employee

Opened = Callable[[sa.Row[Any]], Employee]
"""Who a row of ``person_versions`` tells of."""


def in_effect(versions: Iterable[sa.Row[Any]], opened: Opened) -> list[sa.Row[Any]]:
    """Of all versions of one person, the oldest first, those that have taken effect or will, in the order they do.

    A newer version replaces everything before it that was still to come when it was recorded: what was to take effect
    at its moment or later; and the same at an earlier moment, for it has been put off.
    """
    line: list[sa.Row[Any]] = []
    for version in versions:
        while line and _gives_way(line[-1], version, opened):
            line.pop()
        line.append(version)
    return line


def from_now(line: Iterable[sa.Row[Any]], now: datetime) -> list[sa.Row[Any]]:
    """The version in force and the ones still to come; of several at one moment the newest."""
    newest = list({version.effective_at: version for version in line}.values())
    current = [version for version in newest if version.effective_at <= now]
    return current[-1:] + [version for version in newest if version.effective_at > now]


def _gives_way(before: sa.Row[Any], version: sa.Row[Any], opened: Opened) -> bool:
    if before.effective_at <= version.recorded_at:
        return False
    return before.effective_at >= version.effective_at or opened(before).undated() == opened(version).undated()
