"""What a handover is like for whom: a table per role and department, in one YAML file, data only.

The first policy whose departments and positions fit a leaver applies; the last one usually fits everybody. Shell
patterns are meant by ``*``: ``销售部/*`` fits every team of the sales department.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from baton.errors import ConfigurationError
from baton.model.handover import HoldingKind
from baton.strict_yaml import parse, require_file

MANAGER: Final = "manager"
"""In place of a successor's employee number: whoever manages the leaver."""
MANAGERS_MANAGER: Final = "managers_manager"
"""In place of a deputy's employee number: whoever manages the manager of the case."""


class Part(BaseModel):
    """Base of all parts: unknown keys are faults, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Hours = Annotated[int, Field(ge=1, le=24 * 365)]


class SuccessorRule(Part):
    """Who gets which items: the first rule that fits an item and has room left names the successor."""

    kinds: tuple[HoldingKind, ...] = ()
    """Only items of these kinds; empty means any."""
    where: Mapping[str, Names] = {}
    """Only items with one of these values (patterns) in the fact of that name: ``city: [上海*, 杭州*]``. Which
    facts there are is the system's affair: what none tells fits nothing but ``*``."""
    to: Names
    """Employee numbers, or ``manager``. Several take turns, the one with the fewest items first."""
    cap: int | None = Field(default=None, ge=1)
    """At most so many items for each of them in one case."""


class TemplateItem(Part):
    """Something that no system knows of: a drawer of contracts, a key, a laptop."""

    kind: HoldingKind
    title: str = Field(min_length=1, max_length=200)
    to: str = MANAGER


class Deadlines(Part):
    """How long each step may take, in hours, and what follows."""

    accept_h: Hours = 48
    approve_h: Hours = 24
    by_hand_h: Hours = 72
    remind_every_h: Hours = 24
    escalate_after_h: Hours = 72
    """So long after its deadline a step goes to the manager of who should have taken it."""


class Watch(Part):
    """What is remarkable about what is done to a leaver's clients."""

    export_records: int = Field(default=200, ge=1)
    """So many records exported at once by the leaver, or nobody knows how many."""
    discount_points: Decimal = Field(default=Decimal(5), ge=0)
    """A discount that grows by so many percentage points."""


class Files(Part):
    """Which files may be put to an item."""

    types: Names = ("pdf", "docx", "xlsx", "pptx", "txt", "csv", "md", "png", "jpg", "jpeg", "zip")
    """Endings of their names, in small letters."""
    largest_mb: int = Field(default=10, ge=1, le=25)
    most: int = Field(default=20, ge=0, le=200)
    """For one item."""


class Policy(Part):
    """One policy."""

    departments: Names = ("*",)
    positions: Names = ("*",)
    deputies: Names = ()
    """Who may decide in place of the manager: employee numbers, or ``managers_manager``."""
    successors: tuple[SuccessorRule, ...] = (SuccessorRule(to=(MANAGER,)),)
    items: tuple[TemplateItem, ...] = ()
    deadlines: Deadlines = Deadlines()
    revoke: Literal["last_working", "at_once"] = "last_working"
    """When rights are taken away. An emergency leaver loses them at once whatever this says."""
    restrict: Mapping[str, Names] = {}
    """Rights that are taken away at the resignation already: system -> patterns of their titles or ids. Two people
    may except one, each with a reason (`Act.LEAVE`), until the last working moment."""
    watch: Watch = Watch()
    files: Files = Files()
    protection_days: int = Field(default=90, ge=0, le=3650)
    """How long after the last working moment the clients are watched."""
    drift_days: int = Field(default=365, ge=0, le=3650)
    """How long after the completion it is looked, once a day, whether access or ownership has come back. During the
    protection period that is looked at every hour, whatever this says."""
    link_days: int = Field(default=14, ge=1, le=365)
    """How long a personal link is valid."""

    @property
    def protection(self) -> timedelta:
        """How long the clients are watched after the person has left."""
        return timedelta(days=self.protection_days)

    @property
    def drift(self) -> timedelta:
        """How long after the completion it is looked whether something has come back."""
        return timedelta(days=self.drift_days)

    def restricts(self, system: str, title: str, right_id: str) -> bool:
        """Whether a right is taken away before the last working moment."""
        patterns = self.restrict.get(system, ())
        return _one_fits(patterns, title) or _one_fits(patterns, right_id)

    def fits(self, department: str, position: str) -> bool:
        """Whether a leaver of this department and position is meant."""
        return _one_fits(self.departments, department) and _one_fits(self.positions, position)


class _PolicyFile(Part):
    policies: Annotated[dict[str, Policy], Field(min_length=1)]

    @model_validator(mode="after")
    def _everybody_is_meant(self) -> Self:
        last = list(self.policies.values())[-1]
        if not last.fits("", ""):
            raise ValueError("the last policy must fit everybody: leave its departments and positions out")
        return self


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies, in their order."""

    by_name: Mapping[str, Policy]

    def choose(self, department: str, position: str) -> str:
        """The name of the policy for a leaver."""
        return next(name for name, policy in self.by_name.items() if policy.fits(department, position))

    def of(self, name: str) -> Policy:
        """A policy by the name a case has noted; the last one where it has been taken out of the file since."""
        return self.by_name.get(name) or list(self.by_name.values())[-1]


DEFAULT: Final = Policies({"default": Policy()})
"""Where no file is named: the manager gets everything."""


def load_policies(file: Path) -> Policies:
    """Read the file; one `ConfigurationError` with everything that is wrong, each with its line."""
    require_file(file)
    return _policies(file.read_bytes(), str(file))


@lru_cache(maxsize=8)
def _policies(content: bytes, name: str) -> Policies:
    """What these bytes say: an hour asks once for every case, and they seldom change. Faults are told each time."""
    document = parse(content, name)
    faults = list(document.faults)
    try:
        parsed = _PolicyFile.model_validate(document.plain())
    except ValidationError as error:
        faults += document.faults_of(error, model=_PolicyFile)
    else:
        if not faults:
            return Policies(parsed.policies)
    raise ConfigurationError(faults)


def _one_fits(patterns: tuple[str, ...], text: str) -> bool:
    return any(pattern == "*" or fnmatchcase(text, pattern) for pattern in patterns)


def fits_facts(rule: SuccessorRule, facts: Mapping[str, Any]) -> bool:
    """Whether an item's facts are what a rule asks for."""
    return all(_one_fits(patterns, str(facts.get(name, ""))) for name, patterns in rule.where.items())
