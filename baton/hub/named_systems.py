"""Whether what the settings lead people's messages and alarms through, or are about, is in use and is ever measured."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from baton.contracts import AccessControl, Finding
from baton.envelopes import openpgp
from baton.envelopes.settings import EnvelopeSettings
from baton.errors import ConfigurationError
from baton.hub.core import Hub
from baton.hub.migration.planning import JOB as MIGRATION
from baton.hub.offboarding.intentions import JOB as OFFBOARDING
from baton.hub.payment.noticing import JOB as RECOVERY
from baton.hub.sync import JOB as SYNC
from baton.hub.vitals import passing
from baton.hub.vitals.alarming import JOB as ALARMS
from baton.jobs.offboarding.policy import load_policies
from baton.model.alarm import AlarmRule
from baton.model.measures import MEASURES
from baton.model.pay_run import JOB as PAYMENT
from baton.registry import Registry
from baton.settings import HubSettings
from baton.store import tallies
from baton.strict_yaml import did_you_mean, read

JOBS: Final = (SYNC, OFFBOARDING, PAYMENT, RECOVERY, MIGRATION, ALARMS)
"""Whatever has runs."""


def examine_ways(settings: HubSettings) -> Iterator[Finding]:
    """A finding for each way to people, and each bank, that leads through a system which is switched off.

    Nobody hears anything on such a way; that a bank is switched off is said, and is no fault.
    """
    ways = {f"alarms.routes.{name}": route.system for name, route in settings.alarms.routes.items()}
    for setting, system in ways.items():
        yield _in_use(setting, system, settings, "its alarms reach nobody")
    for system in settings.offboarding.notifiers:
        yield _in_use("offboarding.notifiers", system, settings, "nobody is told of handovers through it")
    for system in settings.payments.banks:
        off = "" if system in settings.enabled else " is switched off: nobody is paid through it"
        yield Finding(f"payments.banks.{system}", True, f"{system}{off}")


def examine_programs(settings: HubSettings) -> Iterator[Finding]:
    """A finding for each bank whose envelope another program makes, with where that is or that it is not there.

    ``sm4`` without ``openssl`` is told as a fault of the settings, which cannot be read then.
    """
    for name, system in settings.enabled.items():
        if isinstance(system.settings, EnvelopeSettings) and system.settings.payment_envelope == "openpgp":
            try:
                yield Finding(f"{name}: payment_envelope", True, openpgp.program_there())
            except openpgp.GpgMissingError as error:
                yield Finding(f"{name}: payment_envelope", False, f"{system.place}: {error.message}", error.remedy)


def examine_restrictions(settings: HubSettings, registry: Registry) -> Iterator[Finding]:
    """A finding for each system in which a policy takes rights away early, and that has none, or is switched off.

    The first is a fault: the right would stay until the last working moment, and nobody would know.
    """
    file = settings.offboarding.policies
    if file is None:
        return
    try:
        policies = load_policies(file).by_name
    except ConfigurationError:
        return  # told with the file
    kinds = {name: registry.load(system.connector) for name, system in settings.systems.items()}
    able = [name for name, kind in kinds.items() if issubclass(kind, AccessControl)]
    document = read(file)
    for name, policy in policies.items():
        part = f"policies.{name}.restrict"
        for system in policy.restrict:
            if system in able:
                off = "" if system in settings.enabled else " is switched off: no right is taken away there"
                yield Finding("offboarding.policies", True, f"{part}: {system}{off}")
            else:
                hint = did_you_mean(system, able) or f"; there are: {', '.join(able) or 'none'}"
                message = f"{part}: {system[:60]!r} is no system that rights can be taken away in{hint}"
                fault = document.fault(("policies", name, "restrict", system), "no_rights", message)
                yield Finding(
                    "offboarding.policies", False, str(fault), "correct it there (offboarding.policies names it)"
                )


def _in_use(setting: str, system: str, settings: HubSettings, otherwise: str) -> Finding:
    if system in settings.enabled:
        return Finding(setting, True, system)
    place = settings.systems[system].place
    remedy = f"set enabled: yes there, or take it out of {setting}"
    return Finding(setting, False, f"{place}: {system} is switched off: {otherwise}", remedy)


def examine_rules(hub: Hub) -> Iterator[Finding]:
    """A finding for each rule of the alarms that is about something, or about nothing: such a one never fires."""
    given = [rule.named(name) for name, rule in (hub.settings.alarms.rules or {}).items() if rule.only]
    with hub.database.read() as connection:
        measured = tallies.systems(connection)  # a system that was taken out of the file has its figures here yet
    known = {"system": dict.fromkeys((*hub.settings.systems, *measured)), "job": dict.fromkeys(JOBS)}
    for rule in given:
        setting = f"alarms.rules.{rule.name}.only"
        strange = list(_strange(rule, known))
        if not strange:
            yield Finding(setting, True, ", ".join(rule.only))
        for message in strange:
            yield Finding(setting, False, f"{message}; so it is never about that", f"correct {setting} in systems.yaml")


def _strange(rule: AlarmRule, known: Mapping[str, Collection[str]]) -> Iterator[str]:
    """What a rule names that its figure is never about."""
    labels = MEASURES[rule.measure].labels
    if not labels:
        yield f"{rule.measure} is one figure of the whole hub, and of no system or job"
        return
    there = dict.fromkeys(passing.JOBS) if rule.measure == "pass_age_s" else known[labels[0]]
    for name in rule.only:
        if name not in there:
            hint = did_you_mean(name, there) or f"; there are: {', '.join(there) or 'none'}"
            yield f"there is no {labels[0]} {name[:60]!r}{hint}"
