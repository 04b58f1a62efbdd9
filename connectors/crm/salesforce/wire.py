"""Salesforce's vocabulary: the User fields, the literal status tables, and the deactivation blockers.

Codes are from the REST API's error page and the public StatusCode enumeration; what to do about each is our reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from baton.sdk import FieldSpec, FieldType, Receipt, Scalar

USER_FIELDS: Final[Mapping[str, FieldSpec]] = {
    "Username": FieldSpec(
        required=True, personal=True, max_length=80, about="shaped like an e-mail address, unique in all orgs"
    ),
    "LastName": FieldSpec(required=True, personal=True, max_length=80),
    "FirstName": FieldSpec(personal=True, max_length=40),
    "Email": FieldSpec(required=True, personal=True, max_length=128),
    "Alias": FieldSpec(required=True, max_length=8),
    "CommunityNickname": FieldSpec(personal=True, max_length=40, about="unique; made up by Salesforce when left out"),
    "Title": FieldSpec(max_length=80),
    "Department": FieldSpec(max_length=80),
    "Division": FieldSpec(max_length=80),
    "CompanyName": FieldSpec(max_length=80),
    "EmployeeNumber": FieldSpec(max_length=20, about="set by the hub itself when it is the number_field"),
    "FederationIdentifier": FieldSpec(personal=True, max_length=512, about="single sign-on id"),
    "Phone": FieldSpec(personal=True, max_length=40),
    "MobilePhone": FieldSpec(personal=True, max_length=40),
    "ManagerId": FieldSpec(FieldType.REFERENCE, about="employee number of the manager"),
    "ProfileId": FieldSpec(required=True, max_length=18, about="id of the profile; it decides which licence is used"),
    "UserRoleId": FieldSpec(max_length=18),
    "TimeZoneSidKey": FieldSpec(required=True, max_length=40, about="for example Asia/Shanghai"),
    "LocaleSidKey": FieldSpec(required=True, max_length=40, about="for example zh_CN"),
    "EmailEncodingKey": FieldSpec(required=True, max_length=40, about="for example UTF-8"),
    "LanguageLocaleKey": FieldSpec(required=True, max_length=40, about="for example zh_CN"),
}


class Verdict(Enum):
    """What a status code means for the write it answers."""

    AGAIN = "again"
    """Not done, for a passing reason."""
    LATER = "later"
    """Not done, and a quota must recover first."""
    REFUSED = "refused"
    HALT = "halt"
    """No call makes sense until a person has acted."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One line of a status table."""

    verdict: Verdict
    remedy: str = ""


QUOTA_PAUSE_S: Final = 1800.0
"""How long to leave the org alone once its API quota is used up; it is a rolling 24-hour allowance."""

_PERMISSION = "give the integration user Manage Users and access to every mapped field, then release the effect"
_AGAIN = Meaning(Verdict.AGAIN)
_LATER = Meaning(Verdict.LATER, "raise the org's API allowance, or wait: the 24-hour window rolls on")


def _refused(remedy: str) -> Meaning:
    return Meaning(Verdict.REFUSED, remedy)


def _halt(remedy: str) -> Meaning:
    return Meaning(Verdict.HALT, remedy)


ITEM_STATUSES: Final[Mapping[str, Meaning]] = {
    "UNABLE_TO_LOCK_ROW": _AGAIN,
    "SERVER_UNAVAILABLE": _AGAIN,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": _AGAIN,
    "PROCESSING_HALTED": _AGAIN,
    "REQUEST_LIMIT_EXCEEDED": _LATER,
    "LICENSE_LIMIT_EXCEEDED": _refused("buy or free a user licence of this profile, then release the effect"),
    "REQUIRED_FIELD_MISSING": _refused("map the missing field (or correct it in HR); the evidence names it"),
    "STRING_TOO_LONG": _refused("shorten the value in HR or in the mapping; the evidence names the field"),
    "INVALID_EMAIL_ADDRESS": _refused("correct the e-mail address in HR"),
    "DUPLICATE_USERNAME": _refused("choose another Username: it is taken, perhaps in another org"),
    "DUPLICATE_COMM_NICKNAME": _refused("map another CommunityNickname, or leave it out"),
    "DUPLICATE_VALUE": _refused("another user has this value; find it in Salesforce and settle which one is right"),
    "DUPLICATE_EXTERNAL_ID": _refused("several users carry this external id; leave it on one of them only"),
    "DUPLICATES_DETECTED": _refused("a duplicate rule of the org refuses it; look at the rule or merge the records"),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": _refused("a validation rule of the org refuses it; Setup > Object Manager"),
    "FIELD_INTEGRITY_EXCEPTION": _refused("the value does not fit the org; check the named field in Setup"),
    "INVALID_CROSS_REFERENCE_KEY": _refused("the user or a record referred to does not exist (any more); look it up"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _refused("map a value the picklist knows"),
    "INVALID_FIELD": _refused("map a field this org has and the integration user may see"),
    "INVALID_FIELD_FOR_INSERT_UPDATE": _refused("the named field cannot be written; take it out of the mapping"),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": _refused("map a value of the right type to the named field"),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _refused("a trigger or flow of the org failed; its owner must look"),
    "CANNOT_DISABLE_LAST_ADMIN": _refused("make someone else administrator first"),
    "CIRCULAR_DEPENDENCY": _refused("the managers form a circle; correct it in HR"),
    "INSUFFICIENT_ACCESS": _refused(_PERMISSION),
    "INSUFFICIENT_ACCESS_OR_READONLY": _refused(_PERMISSION),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _refused(_PERMISSION),
    "INACTIVE_OWNER_OR_USER": _refused("a user referred to is inactive; choose an active one"),
    "DELETE_FAILED": _refused("other records depend on it; take them out first"),
    "ENTITY_IS_DELETED": _refused("the record was deleted; reconcile this system"),
    "NOT_FOUND": _refused("the record does not exist (any more); reconcile this system"),
    "MALFORMED_ID": _refused("an id is not one of Salesforce's; check the mapped id fields"),
}
"""Per-record status codes. A code not in here is refused as ``unmapped_status``, never guessed."""

CALL_ERRORS: Final[Mapping[str, Meaning]] = {
    "UNABLE_TO_LOCK_ROW": _AGAIN,
    "QUERY_TIMEOUT": _AGAIN,
    "INVALID_QUERY_LOCATOR": _AGAIN,
    "REQUEST_LIMIT_EXCEEDED": _LATER,
    "JSON_PARSER_ERROR": Meaning(Verdict.REFUSED, "report this with the effect's id: the request was malformed"),
    "EXCEEDED_ID_LIMIT": _halt("lower the batch limit; the org takes fewer records than documented"),
    "INVALID_FIELD": _halt("a field is missing in this org or hidden from the integration user (field-level security)"),
    "INVALID_TYPE": _halt("the integration user may not see User or UserLogin; grant Manage Users"),
    "MALFORMED_QUERY": _halt("check number_field; otherwise report the query"),
    "NOT_FOUND": _halt("check the API version and that number_field is an external id where it is used as one"),
    "METHOD_NOT_ALLOWED": _halt("report this: the org does not allow the call"),
    "INSUFFICIENT_ACCESS": _halt(_PERMISSION),
    "INVALIDENTITY": _halt("the Bulk API does not take this object, or the integration user may not see it"),
    "INVALIDJOB": _halt("report this with the job's id: Salesforce does not take the job as it is"),
    "INVALIDJOBSTATE": _halt("look at the job in Setup > Bulk Data Load Jobs: somebody else may have ended it"),
    "API_DISABLED_FOR_ORG": _halt("this edition has no API, or the integration user lacks API Enabled"),
    "API_CURRENTLY_DISABLED": _halt("the API is switched off for this org; ask Salesforce support"),
    "FUNCTIONALITY_NOT_ENABLED": _halt("enable the feature in Setup"),
}
"""Errors of a whole call. A code not in here halts as ``unmapped_error``."""

OAUTH_ERRORS: Final[Mapping[str, Meaning]] = {
    "invalid_client": _halt("check client_id and client_secret"),
    "invalid_client_id": _halt("check client_id (the consumer key)"),
    "invalid_client_credentials": _halt("check client_secret"),
    "invalid_grant": _halt("check the run-as user, its approval for the app, and the certificate for jwt_bearer"),
    "unauthorized_client": _halt("enable this flow in the app's OAuth settings"),
    "unsupported_grant_type": _halt("enable this flow in the app's OAuth settings"),
    "inactive_user": _halt("activate the integration user"),
    "inactive_org": _halt("the org is closed, locked or suspended"),
    "server_error": _AGAIN,
    "temporarily_unavailable": _AGAIN,
}


@dataclass(frozen=True, slots=True)
class Blocker:
    """A reason why Salesforce will not deactivate a user."""

    code: str
    message: str
    remedy: str
    phrases: tuple[str, ...]
    """Lower-case fragments of the English error message; any of them is enough."""


def _blocker(name: str, what: str, remedy: str, *phrases: str) -> Blocker:
    then = "then release this effect; until then keep the account frozen"
    return Blocker(f"blocker_{name}", f"the user is {what}", f"{remedy}; {then}", phrases)


BLOCKERS: Final[Sequence[Blocker]] = (
    _blocker(
        "web_to_lead_creator",
        "the default creator of Web-to-Lead",
        "Setup > Web-to-Lead > Edit: choose another Default Lead Creator",
        "web to lead default creator",
        "default lead creator",
    ),
    _blocker(
        "default_lead_owner",
        "the default owner of leads",
        "Setup > Lead Settings: choose another Default Lead Owner",
        "default owner of leads",
        "default lead owner",
    ),
    _blocker(
        "default_case_owner",
        "the default owner of cases",
        "Setup > Support Settings: choose another Default Case Owner",
        "default owner of cases",
        "default case owner",
        "default case creator",
    ),
    _blocker(
        "automated_case_user",
        "the Automated Case User",
        "Setup > Support Settings: choose another Automated Case User",
        "automated case",
    ),
    _blocker(
        "default_workflow_user",
        "the Default Workflow User",
        "Setup > Process Automation Settings: choose another Default Workflow User",
        "default workflow user",
    ),
    _blocker(
        "workflow_recipient",
        "the only recipient of a workflow e-mail alert",
        "Setup > Email Alerts: add another recipient or delete the alert",
        "recipient of a workflow",
        "email alert",
    ),
    _blocker(
        "assignment_rule",
        "named in a lead or case assignment or auto-response rule",
        "Setup > Lead (and Case) Assignment Rules and Auto-Response Rules: replace the user",
        "assignment rule",
        "auto-response rule",
    ),
    _blocker(
        "hierarchy_field",
        "the value of a custom hierarchy field of another user",
        "clear or replace it there: query User for the custom hierarchy field holding this user's id",
        "hierarchy field",
    ),
    _blocker(
        "portal_administrator",
        "a portal administrator",
        "Setup > Customer Portal (or Digital Experiences): choose another administrator",
        "portal administrator",
    ),
    _blocker(
        "approval",
        "an approver or delegated approver of an approval process",
        "Setup > Approval Processes: replace the approver; clear Delegated Approver on the users who name this one",
        "approver",
        "approval process",
    ),
    _blocker(
        "last_administrator",
        "the last administrator",
        "give another active user the System Administrator profile",
        "last admin",
    ),
)
"""Help articles 000384761, 000384586, 005385527 and 000384962 list the blockers; four messages are quoted there."""

BLOCKER_UNRECOGNISED: Final = Blocker(
    "blocker_unrecognised",
    "Salesforce will not deactivate the user for a reason it worded in a way not known here",
    "deactivate the user by hand in Setup > Users: the page shows the reason and a link; set the integration user's "
    "language to English so that reasons are recognised; until then keep the account frozen",
    (),
)


def blocker_of(message: str) -> Blocker:
    """The blocker a refusal of ``IsActive=false`` speaks of."""
    text = message.lower()
    return next((b for b in BLOCKERS if any(phrase in text for phrase in b.phrases)), BLOCKER_UNRECOGNISED)


def to_wire(value: Scalar) -> Any:
    """A field value as JSON. None clears the field."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def refusal(error: Mapping[str, Any]) -> Receipt:
    """The receipt for one failed record. The vendor's message is left out: it repeats values, names among them."""
    code = str(error.get("statusCode", ""))
    named = error.get("fields")
    fields = ",".join(str(name) for name in named) if isinstance(named, list) else ""
    meaning = ITEM_STATUSES.get(code)
    if meaning is None:
        remedy = "a status this connector does not know: look it up at Salesforce and report it"
        return Receipt.refused("unmapped_status", "Salesforce refused it", remedy=remedy, status=code, fields=fields)
    if meaning.verdict is Verdict.REFUSED:
        return Receipt.refused(code, "Salesforce refused it", remedy=meaning.remedy, fields=fields)
    pause = QUOTA_PAUSE_S if meaning.verdict is Verdict.LATER else None
    return Receipt.not_performed(code, "Salesforce did not do it now", retry_after_s=pause)


def deactivation_refusal(error: Mapping[str, Any]) -> Receipt:
    """The receipt for a user Salesforce will not deactivate: a named blocker wherever the code leaves one possible."""
    plain = refusal(error)
    code = str(error.get("statusCode", ""))
    blocker = blocker_of(str(error.get("message", "")))
    if plain.retry_after_s is not None or code in _NEVER_A_BLOCKER:
        return plain
    return Receipt.refused(blocker.code, blocker.message, remedy=blocker.remedy, status=code)


_NEVER_A_BLOCKER: Final = frozenset(
    {
        *(code for code, meaning in ITEM_STATUSES.items() if meaning.verdict is not Verdict.REFUSED),
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
        "NOT_FOUND",
        "MALFORMED_ID",
    }
)
