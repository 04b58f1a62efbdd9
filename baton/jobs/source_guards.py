"""Source guards: may this feed be compared at all? Pure arithmetic over facts about it, judged before any diff."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from baton.errors import GuardBreach
from baton.model.source_rows import Origin, RejectedRow

FURNITURE_RULES: Final = frozenset({"total_row", "lone_cell"})
"""Rejected rows that are part of a report's layout (totals, notes), not people that could not be read."""


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What there is to know about a feed without looking at a person."""

    rows: int
    """Rows read (rejected ones not counted)."""
    unparseable: int
    """Rows that could not be read; see `unparseable_rows`."""
    duplicate_numbers: int
    """Rows whose employee number another, earlier row already has."""
    columns: tuple[str, ...]
    as_of: datetime
    now: datetime
    unknown: int = 0
    """Rows about people this source has never told of."""
    absent: int = 0
    """People this source has told of, who have not departed and are not in this feed."""

    def __post_init__(self) -> None:
        if min(self.rows, self.unparseable, self.duplicate_numbers) < 0:
            raise ValueError("a feed has no negative number of rows")
        if self.as_of.tzinfo is None or self.now.tzinfo is None:
            raise ValueError("as_of and now need a time zone")


@dataclass(frozen=True, slots=True)
class ApprovedFeed:
    """The last feed that passed, or that a person accepted."""

    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """The limits. Shares are between 0 and 1; a limit that is reached exactly is not breached."""

    fewest_share: float = 0.90
    """Of the last approved row count."""
    max_age_h: float = 36.0
    max_unparseable_share: float = 0.01
    max_duplicate_share: float = 0.005
    max_swapped_share: float = 0.05
    fewest_swapped: int = 5
    """So many people may come and go at once in a company of any size."""
    max_ahead_h: float = 24.0
    """How far in the future a feed may claim to be from (clocks differ, dates in file names are whole days)."""

    def __post_init__(self) -> None:
        for name in ("fewest_share", "max_unparseable_share", "max_duplicate_share", "max_swapped_share"):
            _check_number(name, getattr(self, name))
            if getattr(self, name) > 1:
                raise ValueError(f"{name} is a share and cannot be more than 1")
        for name in ("max_age_h", "max_ahead_h"):
            _check_number(name, getattr(self, name))
        if self.fewest_share == 0 or self.max_age_h == 0:
            raise ValueError("fewest_share and max_age_h must be more than 0: a guard cannot be switched off this way")


def unparseable_rows(rejected: Iterable[RejectedRow]) -> int:
    """How many rejected rows count against the feed: all but totals and notes."""
    return sum(1 for each in rejected if each.rule not in FURNITURE_RULES)


def check_feed(facts: FeedFacts, last: ApprovedFeed | None, policy: GuardPolicy) -> list[GuardBreach]:
    """Every guard the feed does not pass, with the figures; empty means it may be compared.

    Without a last approved feed (the first run) only what needs no comparison is judged.
    """
    breaches = [
        *_size(facts, last, policy),
        *_columns(facts, last),
        *_age(facts, policy),
        *_identity(facts, last, policy),
    ]
    total = facts.rows + facts.unparseable
    if facts.unparseable > _portion(policy.max_unparseable_share, total):
        breaches.append(
            GuardBreach(
                "unparseable",
                f"{facts.unparseable} of {total} rows cannot be read, at most {policy.max_unparseable_share:.2%} may",
            )
        )
    if facts.duplicate_numbers > _portion(policy.max_duplicate_share, facts.rows):
        breaches.append(
            GuardBreach(
                "duplicates",
                f"{facts.duplicate_numbers} of {facts.rows} rows repeat an employee number, "
                f"at most {policy.max_duplicate_share:.2%} may",
            )
        )
    return breaches


def check_order(given: Origin, last: Origin | None) -> list[GuardBreach]:
    """The breach of a statement that is older than the ``last`` one that was planned; empty for any other.

    The same content under an earlier date (a copy, a file that was put back) says nothing older.
    """
    if last is None or given.as_of >= last.as_of or given.digest == last.digest:
        return []
    message = (
        f"{given.name} is from {given.as_of:%Y-%m-%d %H:%M:%S} UTC, but {last.name} from "
        f"{last.as_of:%Y-%m-%d %H:%M:%S} UTC has been planned already: put that one back, or have a newer one exported"
    )
    return [GuardBreach("older", message)]


def _size(facts: FeedFacts, last: ApprovedFeed | None, policy: GuardPolicy) -> list[GuardBreach]:
    if facts.rows == 0:
        return [GuardBreach("empty", "the feed has no readable row")]
    if last is None or facts.rows >= _portion(policy.fewest_share, last.rows):
        return []
    message = (
        f"{facts.rows} rows, the last approved feed had {last.rows}; at least {policy.fewest_share:.0%} must be there"
    )
    return [GuardBreach("shrunken", message)]


def _identity(facts: FeedFacts, last: ApprovedFeed | None, policy: GuardPolicy) -> list[GuardBreach]:
    """Many new numbers and as many gone at once: the same people under other numbers (0012 become 12)."""
    swapped = min(facts.unknown, facts.absent)
    if last is None or swapped <= max(policy.fewest_swapped, policy.max_swapped_share * last.rows):
        return []
    message = (
        f"{facts.unknown} employee numbers are new while {facts.absent} known ones are gone: look whether the numbers "
        "were changed on the way (leading zeros, a shifted column)"
    )
    return [GuardBreach("renumbered", message)]


def _columns(facts: FeedFacts, last: ApprovedFeed | None) -> list[GuardBreach]:
    doubles = sorted({name for name in facts.columns if facts.columns.count(name) > 1})
    breaches = [GuardBreach("duplicate_column", f"columns twice in the feed: {', '.join(doubles)}")] if doubles else []
    if last is None:
        return breaches
    missing = [name for name in last.columns if name not in facts.columns]
    new = [name for name in facts.columns if name not in last.columns]
    if missing:
        breaches.append(GuardBreach("missing_column", f"columns gone since the last feed: {', '.join(missing)}"))
    if new:
        breaches.append(GuardBreach("new_column", f"columns new since the last feed: {', '.join(new)}"))
    return breaches


def _age(facts: FeedFacts, policy: GuardPolicy) -> list[GuardBreach]:
    age = facts.now - facts.as_of
    hours = age / timedelta(hours=1)
    if age > timedelta(hours=policy.max_age_h):
        return [GuardBreach("stale", f"the feed is {hours:.1f} hours old, at most {policy.max_age_h:g} are allowed")]
    if -age > timedelta(hours=policy.max_ahead_h):
        return [GuardBreach("from_the_future", f"the feed claims to be from {-hours:.1f} hours ahead of now")]
    return []


def _portion(share: float, total: int) -> float:
    """``share`` of ``total``, safe from binary fractions: 1 % of 300 is 3, not 3.0000000000000004."""
    return round(share * total, 9)


def _check_number(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number of at least 0")
