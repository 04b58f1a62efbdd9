"""The shape of ``systems.yaml``, part by part. Values arrive as text and are converted here."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from baton.contracts.base import TimeZone
from baton.egress import origin_of
from baton.languages import Language
from baton.model.alarm import AlarmRule, Severity
from baton.model.measures import MEASURES
from baton.strict_yaml import did_you_mean
from baton.vault import NAME

_PERCENT: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?\s?%")
_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)\s?([smhd])")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SLOWEST_S: Final = 300.0
"""Ten who wait for their turn wait for less than an hour then: what lies farther ahead is taken for a wrong clock."""
OWN: Final = "baton"
"""The hub itself where a system is named: its own people can be the source and the target of a migration."""
MIGRATED: Final = "migration"
"""Where a person comes from whom a migration has brought, and no HR source."""
RESERVED: Final = frozenset({"hub", OWN, MIGRATED})
"""Not names of systems: the hub keeps its own secrets under ``hub``; for the others see above."""


def _share(value: Any) -> Decimal:
    if isinstance(value, Decimal) and 0 <= value <= 1:  # a default written in this module
        return value
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        raise ValueError("must be a percentage from 0% to 100%, such as 2%")
    share = Decimal(value.rstrip("% ")) / 100
    if share > 1:
        raise ValueError("must be a percentage from 0% to 100%, such as 2%")
    return share


def _module(value: str) -> str:
    if not re.fullmatch(r"[a-zA-Z_]\w*(\.[a-zA-Z_]\w*)*", value):
        raise ValueError("must be the name of a Python module")
    return value


def _http_url(value: str) -> str:
    origin_of(value)
    return value


def _system_name(value: str) -> str:
    if not NAME.fullmatch(value) or len(value) > 40 or value in RESERVED:
        raise ValueError(
            "a system is named by at most 40 lower-case letters, digits and single underscores, and not one of "
            + ", ".join(sorted(RESERVED))
        )
    return value


def _limit(value: Any) -> Any:
    """A number as it is; a time such as ``4h`` in seconds."""
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found else value


def _measure(value: str) -> str:
    if value not in MEASURES or not MEASURES[value].ruled:
        known = [name for name, measure in MEASURES.items() if measure.ruled]
        raise ValueError(f"is not measured{did_you_mean(value, known)}; baton health lists what is")
    return value


def _present(value: Any) -> Any:
    if value is None:
        raise ValueError("has no value")
    return value


def _table(value: Any) -> Any:
    return {} if value is None else value


Share = Annotated[Decimal, BeforeValidator(_share)]
"""A percentage as a part of one."""
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Url = Annotated[str, AfterValidator(_http_url)]


class Part(BaseModel):
    """Base of all parts: unknown keys are faults, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class HashiCorpPart(Part):
    """A HashiCorp Vault, asked last. Its token is the secret ``hub/hashicorp_token``."""

    url: Url
    mount: Text = "secret"
    path: Text = "baton"
    allow_private: bool = False
    ca_bundle: Path | None = None


class HubPart(Part):
    """What concerns the hub itself."""

    state_dir: Path = Path("state")
    secrets_dir: Path = Path("secrets")
    database: Text | None = None
    time_zone: TimeZone = "Asia/Shanghai"
    protected: tuple[Text, ...] = ()
    """Employee numbers whose accounts are never disabled or removed."""
    transforms: tuple[Annotated[str, AfterValidator(_module)], ...] = ()
    """Python modules with further transforms for mappings."""
    hashicorp: HashiCorpPart | None = None


class WindowLimit(Part):
    """How many destructive effects one window may hold: a share of the people, but within two counts."""

    share: Share
    at_least: int = Field(ge=0, le=1_000_000)
    at_most: int = Field(ge=0, le=1_000_000)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.at_least > self.at_most:
            raise ValueError("at_least is greater than at_most")
        return self

    def limit(self, people: int) -> int:
        """The greatest number that passes for a population of this size."""
        return max(self.at_least, min(int(self.share * people), self.at_most))


class GatePart(Part):
    """The safety gate's windows. Defaults: 2 % a run, 5 % in 24 hours, 10 % in 7 days."""

    run: WindowLimit = WindowLimit(share=Decimal("0.02"), at_least=5, at_most=200)
    day: WindowLimit = WindowLimit(share=Decimal("0.05"), at_least=10, at_most=500)
    week: WindowLimit = WindowLimit(share=Decimal("0.10"), at_least=20, at_most=1000)


class GuardsPart(Part):
    """When a feed as a whole is refused before anything is compared."""

    least_share: Share = Decimal("0.9")
    """Fewer rows than this share of the last accepted feed."""
    unreadable_share: Share = Decimal("0.01")
    """More rejected rows than this."""
    duplicate_share: Share = Decimal("0.005")
    """More repeated employee numbers than this."""
    stale_after_h: float = Field(default=36.0, gt=0, le=24 * 366, allow_inf_nan=False)
    """Older than this."""


class SourcesPart(Part):
    """What concerns all HR sources."""

    guards: GuardsPart = GuardsPart()


class RatePart(Part):
    """How often a system may be called; replaces the connector's own figure."""

    calls: float = Field(gt=0, le=100_000, allow_inf_nan=False)
    per_s: float = Field(default=1.0, gt=0, le=86_400, allow_inf_nan=False)
    burst: int = Field(default=1, ge=1, le=10_000)

    @model_validator(mode="after")
    def _kept(self) -> Self:
        if self.per_s > self.calls * _SLOWEST_S:
            raise ValueError(f"an allowance of less than one call in {_SLOWEST_S:.0f} s cannot be kept")
        return self


class SystemPart(Part):
    """One system."""

    connector: Text
    mapping: Path | None = None
    settings: Annotated[dict[str, Any], BeforeValidator(_table)] = {}
    rate: RatePart | None = None
    threads: int = Field(default=4, ge=1, le=64)
    allow_private: bool = False
    ca_bundle: Path | None = None
    deadline_s: float = Field(default=30.0, gt=0, le=600, allow_inf_nan=False)
    airflow_connection: Text | None = None
    enabled: bool = True


class OffboardingPart(Part):
    """What concerns handovers."""

    policies: Path | None = None
    """The policy file; without one the manager gets everything."""
    address: Url | None = None
    """Under which people reach the hub's pages: what personal links begin with."""
    notifiers: tuple[Text, ...] = ()
    """Systems that tell people, the first that reaches somebody is used."""
    language: Language = "zh"
    """Of the certificate that a completed case gets."""
    hr: tuple[Text, ...] = ()
    """Who speaks as HR: logins or employee numbers. Where nobody is named, every name that is no employee's in whatever
    spelling, and no bare number: whoever gives it has been let in by the console or by this machine, and no successor,
    manager or leaver can."""


class MigrationsPart(Part):
    """What concerns migrations."""

    report_languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en", "zh")
    """Of the reports that a dry run writes which the form has started, and the commands where none is named."""


class PayerPart(Part):
    """The account that pays, as the bank's contract names it."""

    holder: Text
    account: Text
    bank_code: str = ""
    bank_name: str = ""
    town: str = ""
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")


class BankPart(Part):
    """How one bank is paid through: its file profile and our account there."""

    profile: Text
    payer: PayerPart
    initiator: Text
    """The paying company as the bank's contract names it."""
    reading: Literal["tolerant", "strict"] = "tolerant"
    """Whether what the bank says is read though its file breaks the schema of its own message, with a warning."""


class PaymentsPart(Part):
    """What concerns payments."""

    policy: Path | None = None
    """Limits, thresholds and who signs; without one the strictest defaults apply."""
    profiles: Path | None = None
    """A folder with bank profiles of one's own, beside those that are delivered."""
    letters: Path | None = None
    """A folder with letters of one's own about what was overpaid, instead of those that are delivered."""
    inbox: Path | None = None
    """The folder in which payroll files are handed in to the schedule's form."""
    attendance: Path | None = None
    """The time clock's export (CSV or XLSX); ``{period}`` in its name stands for the month, such as 2026-11."""
    exit_list: Path | None = None
    """A second list of leavers (CSV or XLSX), kept by others than HR."""
    calendar: Path | None = None
    """On which days banks work; without one China's holidays as far as they are known."""
    settlement: Path | None = None
    """The rule pack of final settlements; without one none is worked out."""
    banks: dict[Text, BankPart] = {}
    """System -> how it is paid through."""
    roles: dict[Text, tuple[Literal["hr", "payroll", "treasury", "director"], ...]] = {}
    """Person -> the offices they decide about payments in."""


Limit = Annotated[float, BeforeValidator(_limit), Field(ge=0, le=1e12, allow_inf_nan=False)]
"""A number in the measure's own unit, or a time: ``30m``, ``4h``, ``2d``."""


class RoutePart(Part):
    """Who is told of alarms, and through which system."""

    system: Text
    people: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Employee numbers, or addresses where the system takes them."""


class RulePart(Part):
    """One rule about the hub's health."""

    measure: Annotated[str, AfterValidator(_measure)]
    above: Limit | None = None
    below: Limit | None = None
    only: tuple[Text, ...] = ()
    """Systems or jobs; without any it is about all of them."""
    severity: Severity = Severity.WARNING
    routes: tuple[Text, ...] = ()
    escalate_after: Limit | None = None
    escalate_to: tuple[Text, ...] = ()
    again_after: Limit = 86400.0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("needs exactly one of above and below")
        if (self.escalate_after is None) != (not self.escalate_to):
            raise ValueError("escalate_after and escalate_to belong together")
        return self

    def named(self, name: str) -> AlarmRule:
        """The rule as the hub judges by it."""
        return AlarmRule(
            name=name,
            measure=self.measure,
            above=self.above,
            below=self.below,
            only=self.only,
            severity=self.severity,
            routes=self.routes,
            escalate_after_s=self.escalate_after,
            escalate_to=self.escalate_to,
            again_after_s=self.again_after,
        )


class AlarmsPart(Part):
    """Rules about the hub's own health, and who is told when one is broken."""

    routes: dict[Text, RoutePart] = {}
    default_routes: tuple[Text, ...] = ()
    """For rules that name none, those that come with Baton included."""
    rules: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], RulePart] | None = None
    """Instead of the rules that come with Baton."""
    address: Url | None = None
    """Under which people reach the hub's pages: messages name the health page there."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        rules = self.rules or {}
        named = {*self.default_routes, *(r for rule in rules.values() for r in (*rule.routes, *rule.escalate_to))}
        if strange := sorted(named - self.routes.keys()):
            raise ValueError(f"there is no route {', '.join(strange)}; there are: {', '.join(self.routes) or 'none'}")
        return self


class RetentionPart(Part):
    """How long what law has a company keep is kept, in years; the figures are a starting point, not advice."""

    payments_years: int = Field(default=10, ge=0, le=100)
    """Payments of an erased person, from the last one."""
    handovers_years: int = Field(default=5, ge=0, le=100)
    """Handovers of an erased person, and the files and certificates of every handover, from its end."""

    @staticmethod
    def end(since: datetime, years: int) -> datetime:
        """When so many years of the calendar are over. Of a 29th of February that is the 1st of March."""
        try:
            return since.replace(year=since.year + years)
        except ValueError:
            return since.replace(year=since.year + years, month=3, day=1)


class SystemsFile(Part):
    """The whole file."""

    hub: Annotated[HubPart, BeforeValidator(_table)] = HubPart()
    gate: Annotated[GatePart, BeforeValidator(_table)] = GatePart()
    sources: Annotated[SourcesPart, BeforeValidator(_table)] = SourcesPart()
    offboarding: Annotated[OffboardingPart, BeforeValidator(_table)] = OffboardingPart()
    migrations: Annotated[MigrationsPart, BeforeValidator(_table)] = MigrationsPart()
    payments: Annotated[PaymentsPart, BeforeValidator(_table)] = PaymentsPart()
    alarms: Annotated[AlarmsPart, BeforeValidator(_table)] = AlarmsPart()
    retention: Annotated[RetentionPart, BeforeValidator(_table)] = RetentionPart()
    systems: Annotated[dict[Annotated[str, AfterValidator(_system_name)], SystemPart], BeforeValidator(_present)]
