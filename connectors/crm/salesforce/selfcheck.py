"""What can be seen of an org without writing: is it set up as the connector needs it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from baton.sdk import ConfigurationError, ConnectorError, Finding
from connectors.crm.salesforce.composite import Composite
from connectors.crm.salesforce.objects import Objects
from connectors.crm.salesforce.org import Org
from connectors.crm.salesforce.settings import SalesforceSettings
from connectors.crm.salesforce.sorts import TABLES
from connectors.crm.salesforce.wire import USER_FIELDS

NEEDED: Final = ("PermissionSetAssignment", "GroupMember", "AuthSession", "OauthToken")
"""Objects of every org without which it cannot be told what a person may do, or whether they are logged in."""


def self_check(org: Org, settings: SalesforceSettings) -> Sequence[Finding]:
    """All findings; a look that fails is a finding itself, and without a token nothing else is looked at."""
    token = _looked("token", lambda: iter([Finding("token", True, f"acting as {org.acting_user() or 'unknown user'}")]))
    if not token[0].ok:
        return token
    looks: Mapping[str, Callable[[], Iterator[Finding]]] = {
        "API allowance": lambda: _allowance(org),
        "user fields": lambda: _user_fields(org, settings),
        "freezing": lambda: _freezing(org),
        "language": lambda: _language(org),
        "record keys": lambda: _record_keys(Objects(org, settings.record_keys)),
        "handover": lambda: _handover(Composite(org)),
        "account facts": lambda: _account_facts(Composite(org), settings.account_facts),
    }
    return [*token, *(finding for what, look in looks.items() for finding in _looked(what, look))]


def _looked(what: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except ConnectorError as error:
        return [Finding(what, False, error.message, error.remedy)]


def _allowance(org: Org) -> Iterator[Finding]:
    limits = org.read("limits/")
    daily = limits.get("DailyApiRequests") if isinstance(limits, dict) else None
    if not isinstance(daily, dict):
        yield Finding("API allowance", False, "not told", "give the integration user View Setup and Configuration")
        return
    left, most = int(daily["Remaining"]), int(daily["Max"])
    remedy = "raise the org's API allowance, or run less often"
    yield Finding("API allowance", left * 10 >= most, f"{left} of {most} calls left today", remedy)


def _user_fields(org: Org, settings: SalesforceSettings) -> Iterator[Finding]:
    description = org.read("sobjects/User/describe")
    listed = description.get("fields", []) if isinstance(description, dict) else []
    known: dict[str, Mapping[str, Any]] = {str(column["name"]): column for column in listed}
    hidden = sorted(name for name in USER_FIELDS if name not in known)
    remedy = "grant the integration user field-level read and edit access"
    yield Finding("user fields", not hidden, f"not visible: {', '.join(hidden)}" if hidden else "all visible", remedy)
    number = known.get(settings.number_field)
    if number is None or not number.get("updateable"):
        remedy = "create the field on User, or set number_field to one the integration user may edit"
        yield Finding("number field", False, f"{settings.number_field} cannot be written", remedy)
        return
    unique = bool(number.get("externalId")) and bool(number.get("unique"))
    detail = "unique external id" if unique else "not a unique external id: two users may carry one number"
    wanted = settings.create_by == "external_id"
    yield Finding("number field", unique or not wanted, detail, "" if unique else "mark it External ID and Unique")


def _freezing(org: Org) -> Iterator[Finding]:
    frozen = sum(1 for _ in org.query("SELECT Id FROM UserLogin WHERE IsFrozen = true"))
    yield Finding("freezing", True, f"UserLogin is readable; {frozen} users are frozen")


def _language(org: Org) -> Iterator[Finding]:
    me = org.acting_user()
    rows = org.rows_in("User", ["LanguageLocaleKey"], "Id", [me]) if me else []
    language = str(rows[0]["LanguageLocaleKey"]) if rows else "unknown"
    remedy = "set the integration user's language to English, or reasons against deactivation are not recognised"
    yield Finding("language", language.startswith("en"), f"Salesforce answers in {language}", remedy)


def _handover(composite: Composite) -> Iterator[Finding]:
    described = composite.describe([*TABLES, *NEEDED])
    here, absent = ([t for t in TABLES if (t in described) is wanted] for wanted in (True, False))
    told = f"handed over: {', '.join(here)}" + (f"; not in this org: {', '.join(absent)}" if absent else "")
    remedy = "give the integration user read access to the objects that people own"
    yield Finding("handover", "Account" in here, told, remedy)
    hidden = [name for name in NEEDED if name not in described]
    detail = f"hidden: {', '.join(hidden)}" if hidden else "rights and sessions are visible"
    remedy = "give the integration user Manage Users, View Setup and Configuration, and Customize Application"
    yield Finding("rights and sessions", not hidden, detail, remedy)


def _account_facts(composite: Composite, facts: Mapping[str, str]) -> Iterator[Finding]:
    """A field that is not seen is left out of every list: no rule that asks for its fact would ever fit."""
    if not facts:
        return
    account = composite.describe(["Account"]).get("Account")
    seen = account.visible(facts) if account else []
    hidden = sorted(facts.keys() - set(seen))
    detail = f"not visible: {', '.join(hidden)}" if hidden else f"told of clients: {', '.join(sorted(facts.values()))}"
    yield Finding("account facts", not hidden, detail, "correct account_facts, or let the integration user read them")


def _record_keys(objects: Objects) -> Iterator[Finding]:
    for name in objects.names():
        try:
            objects.collection(name)
        except ConfigurationError as error:
            yield Finding(f"record key of {name}", False, error.faults[0].message, "correct record_keys")
        else:
            yield Finding(f"record key of {name}", True)
