"""How many signatures a file needs, whose, and whether the ones there are suffice now.

Amount and number of warnings choose a level; a level names roles, one signature each, by as many persons. Whoever made
the run, or one that it pays again, signs nothing. A signature is for one file, one state of HR and one report: when any
of them is another one now, it is for something else. It lapses after ``valid_h`` hours, and a level's
signatures all have to be valid at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from baton.jobs.payment.files import Part
from baton.jobs.payment.roles import Holders, Role
from baton.model.persons import alike, is_among

FEWEST: Final = 2
"""Two signatures by two persons, whatever the amount."""


class Level(Part):
    """Who signs up to an amount and a number of warnings."""

    up_to_minor: Annotated[int, Field(ge=0)] | None = None
    """The largest total of a file; left out: any."""
    up_to_warnings: Annotated[int, Field(ge=0)] | None = None
    roles: Annotated[tuple[Role, ...], Field(min_length=FEWEST, max_length=6)]
    """One signature each; a role named twice needs two persons who hold it."""

    def covers(self, total_minor: int, warnings: int) -> bool:
        """Whether a file of this size falls under it."""
        within = self.up_to_minor is None or total_minor <= self.up_to_minor
        return within and (self.up_to_warnings is None or warnings <= self.up_to_warnings)


class ApprovalPolicy(Part):
    """The part ``approvals`` of the file: levels, the least demanding first."""

    valid_h: Annotated[int, Field(ge=1, le=24 * 31)] = 72
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        last = self.levels[-1]
        if last.up_to_minor is not None or last.up_to_warnings is not None:
            raise ValueError("the last level must be for everything: leave its limits out")
        for lower, higher in pairwise(self.levels):
            if len(higher.roles) < len(lower.roles):
                raise ValueError("a higher level may not ask for fewer signatures than the one before")
            if _above(lower.up_to_minor, higher.up_to_minor) or _above(lower.up_to_warnings, higher.up_to_warnings):
                raise ValueError("the levels must stand in order, the lowest limits first")
        return self

    def level(self, total_minor: int, warnings: int) -> Level:
        """The first level that covers both."""
        return next(level for level in self.levels if level.covers(total_minor, warnings))


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be released, as it is now."""

    file_sha256: str
    """Of the plaintext: the bytes the bank will read."""
    hr_version: str
    """The state of HR the file was built and checked by."""
    report_digest: str
    """Of the checks, waivers included (`Cleared.digest`)."""
    makers: frozenset[str]
    """Who made the run, or one that it pays again."""
    total_minor: int
    warnings: int
    set_back_at: datetime | None = None
    """When the store was last restored: what was signed before may have been cancelled, or paid, and that forgotten."""


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """One person's yes to one file, one state of HR and one report."""

    at: datetime
    """UTC."""
    person: str
    role: Role
    file_sha256: str
    hr_version: str
    report_digest: str


class Refusal(StrEnum):
    """Why a signature does not count."""

    MAKER = "maker"
    ROLE_NOT_HELD = "role_not_held"
    ANOTHER_FILE = "another_file"
    ANOTHER_HR_STATE = "another_hr_state"
    ANOTHER_REPORT = "another_report"
    IN_THE_FUTURE = "in_the_future"
    EXPIRED = "expired"
    BEFORE_RESTORE = "before_restore"
    NOT_ASKED_FOR = "not_asked_for"
    """Valid, and of no role that is still wanting: the level does not ask for it, or it is the person's second."""


REMEDY: Final[Mapping[Refusal, tuple[str, str]]] = {
    Refusal.MAKER: (
        "Whoever made the run, or one that it pays again, does not sign it; a second person must.",
        "制单人（包括被重付批次的制单人）不能签署，须由另一人签署。",
    ),
    Refusal.ROLE_NOT_HELD: ("The person does not hold this role now.", "签署人目前不具备该角色。"),
    Refusal.ANOTHER_FILE: (
        "Given for other bytes; look at the file again and sign it.",
        "签署的是另一个文件，请重新查看并签署。",
    ),
    Refusal.ANOTHER_HR_STATE: (
        "Somebody's status has changed since; look again and sign.",
        "签署后人事状态已变化，请重新查看并签署。",
    ),
    Refusal.ANOTHER_REPORT: (
        "The checks find something else now; read them and sign.",
        "检查结果已变化，请重新查看并签署。",
    ),
    Refusal.IN_THE_FUTURE: ("Its time has not come: compare the clocks.", "签署时间在未来，请核对时钟。"),
    Refusal.EXPIRED: ("It has lapsed; sign again.", "签署已过期，请重新签署。"),
    Refusal.BEFORE_RESTORE: (
        "Given before the hub was restored, and what became of it since is forgotten; ask the bank, then sign again.",
        "签署于系统恢复之前，其后的处理已无记录；请先向银行核实，再重新签署。",
    ),
    Refusal.NOT_ASKED_FOR: (
        "No further signature of this person or role is wanted.",
        "不需要此人或此角色的更多签署。",
    ),
}
"""What each refusal says to the person, in English and Chinese."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a file may be released now."""

    missing: tuple[Role, ...]
    """Roles whose signature is still wanting, in the level's order."""
    counted: tuple[Signature, ...]
    refused: tuple[tuple[Signature, Refusal], ...]
    valid_until: datetime | None
    """When the first of the counted signatures lapses; None while something is missing."""

    @property
    def sufficient(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


def decide(
    subject: Subject, signatures: Iterable[Signature], policy: ApprovalPolicy, holders: Holders, now: datetime
) -> Decision:
    """Whether these signatures suffice for this subject at this moment; every one that does not count says why."""
    valid_for = timedelta(hours=policy.valid_h)
    valid, refused = [], []
    for signature in sorted(set(signatures)):
        why = next(_reasons(signature, subject, holders, now, valid_for), None)
        if why is None:
            valid.append(signature)
        else:
            refused.append((signature, why))
    roles = policy.level(subject.total_minor, subject.warnings).roles
    seats = _seated(roles, valid)
    counted = tuple(sorted(signature for signature in seats if signature is not None))
    refused += [(signature, Refusal.NOT_ASKED_FOR) for signature in valid if signature not in counted]
    missing = tuple(role for role, signature in zip(roles, seats, strict=True) if signature is None)
    until = None if missing else counted[0].at + valid_for
    return Decision(missing, counted, tuple(sorted(refused)), until)


def _reasons(
    signature: Signature, subject: Subject, holders: Holders, now: datetime, valid_for: timedelta
) -> Iterator[Refusal]:
    who = alike(signature.person)
    if not who or is_among(signature.person, subject.makers):
        yield Refusal.MAKER
    if not any(alike(person) == who and signature.role in roles for person, roles in holders.items()):
        yield Refusal.ROLE_NOT_HELD
    if signature.file_sha256 != subject.file_sha256:
        yield Refusal.ANOTHER_FILE
    if signature.hr_version != subject.hr_version:
        yield Refusal.ANOTHER_HR_STATE
    if signature.report_digest != subject.report_digest:
        yield Refusal.ANOTHER_REPORT
    if signature.at > now:
        yield Refusal.IN_THE_FUTURE
    if now >= signature.at + valid_for:
        yield Refusal.EXPIRED
    if subject.set_back_at is not None and signature.at < subject.set_back_at:
        yield Refusal.BEFORE_RESTORE


def _seated(roles: Sequence[Role], valid: Sequence[Signature]) -> list[Signature | None]:
    """As many roles as can be filled, one person each.

    Who has signed in two roles fills whichever nobody else does: each newcomer may move those who sit already.
    """
    people = sorted({alike(signature.person) for signature in valid})
    seats: list[Signature | None] = [None] * len(roles)

    def sit(person: str, tried: set[int]) -> bool:
        for place, role in enumerate(roles):
            mine = next((each for each in valid if alike(each.person) == person and each.role is role), None)
            if mine is None or place in tried:
                continue
            tried.add(place)
            sitting = seats[place]
            if sitting is None or sit(alike(sitting.person), tried):
                seats[place] = mine
                return True
        return False

    for person in people:
        sit(person, set())
    return seats


def _above(lower: int | None, higher: int | None) -> bool:
    """Whether the lower level's limit is the larger one; None is no limit."""
    return higher is not None and (lower is None or lower > higher)
