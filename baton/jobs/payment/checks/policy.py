"""How strict the checks are: thresholds, graver or milder rules, other waivers. Part of the payment policy file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

import orjson
from pydantic import Field, field_validator, model_validator

from baton.jobs.payment.checks.catalogue import RULES
from baton.jobs.payment.checks.rules import Severity
from baton.jobs.payment.files import Part
from baton.jobs.payment.roles import Role
from baton.model.payable import Component

Days: TypeAlias = Annotated[int, Field(ge=0, le=3660)]
Percent: TypeAlias = Annotated[int, Field(ge=0, le=1000)]
Minor: TypeAlias = Annotated[int, Field(ge=0, le=10**15)]
Source: TypeAlias = Literal["history", "control_totals", "attendance", "exit_list"]
SeverityWord: TypeAlias = Literal["warn", "hold", "stop"]


class Variance(Part):
    """From which difference to the month before a salary, or the run's salaries, must be explained."""

    person_percent: Percent = 30
    person_at_least_minor: Minor = 50_000
    """A smaller difference is not told, whatever it is in per cent."""
    run_percent: Percent = 10
    count_percent: Percent = 5


class Limits(Part):
    """Amounts, in minor units of the run's currency."""

    line_minor: Mapping[Component, Minor] = {}
    """Above it a line of the component is held; components that are not listed have no limit of their own."""
    run_minor: Minor | None = None
    largest_minor: Minor = 10**11
    """Above it an amount is taken for a mistake and stopped (10^11 fen are a thousand million yuan)."""


class CutOff(Part):
    """Until when the bank takes a file for a pay day."""

    time: time
    time_zone: str
    working_days_before: Annotated[int, Field(ge=0, le=10)] = 0

    @field_validator("time_zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (OSError, ValueError, KeyError):  # KeyError: no such zone
            raise ValueError("is no IANA time zone such as Asia/Shanghai") from None
        return zone


class CheckPolicy(Part):
    """The part ``checks`` of the file."""

    severities: Mapping[str, SeverityWord] = {}
    """Rule -> how grave it is here. Every rule may be made graver; milder only those that say so."""
    waivers: Mapping[str, Annotated[tuple[Role, ...], Field(min_length=1)]] = {}
    """Rule -> who may waive it here instead of whom the rule names."""
    requires: tuple[Source, ...] = ("history", "control_totals")
    """Sources without which the run is held."""
    nearby_days: Days = 20
    """Runs this close are neighbours: the same amount for the same component in one of them is suspicious."""
    account_changed_days: Days = 30
    last_period_tolerance_percent: Percent = 15
    """How much more than the days' share of last month's pay a last, partial salary may be."""
    absent_days: Days = 15
    exit_list_days: Days = 3
    """How far apart HR and the exit list may be about a last day."""
    period_old_months: Annotated[int, Field(ge=1, le=120)] = 3
    variance: Variance = Variance()
    limits: Limits = Limits()
    cut_off: CutOff | None = None

    @model_validator(mode="after")
    def _rules_exist_and_may(self) -> Self:
        for id_ in (*self.severities, *self.waivers):
            if id_ not in RULES:
                raise ValueError(f"there is no rule {id_[:60]}")
        for id_, word in self.severities.items():
            if Severity[word.upper()] < RULES[id_].least:
                raise ValueError(f"{id_} may not be milder than {RULES[id_].least.name.lower()}")
        for id_ in self.waivers:
            if self.severity(id_) is not Severity.HOLD:
                raise ValueError(f"{id_} does not hold here, so nobody waives it")
        return self

    def severity(self, rule: str) -> Severity:
        """How grave a rule is here."""
        word = self.severities.get(rule)
        return RULES[rule].severity if word is None else Severity[word.upper()]

    def may_waive(self, rule: str) -> tuple[Role, ...]:
        """Who may waive it here; nobody unless it holds."""
        if self.severity(rule) is not Severity.HOLD:
            return ()
        return self.waivers.get(rule, RULES[rule].waived_by)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything in it."""
        whole = orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(b"baton-check-policy-1" + whole).hexdigest()
