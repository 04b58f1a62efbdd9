"""Feishu's error codes: what each says about the call that got it, and what a person can do about it.

Codes are those printed on the API pages of contact v3 (create, patch, delete, resurrect, batch, groups), approval v4
(tasks, instances), im v1 (send) and passport v1 (logout), and on the general error page, read in 2026-11. Anything not
in `CODES` is unknown on purpose and becomes a loud error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final


class Verdict(Enum):
    """What a code says about the call that got it."""

    DONE = "done"
    PARTIAL = "partial"
    """The user was written, a side field was not."""
    REFUSED = "refused"
    LATER = "later"
    """Not done for a passing reason that concerns this user only."""
    TAKEN = "taken"
    """Something that must be unique belongs to an existing user: perhaps to this very one."""
    ABSENT = "absent"
    RESIGNED = "resigned"
    GONE = "gone"
    """The approval, its step or the user group is not there (any more)."""
    MEMBER = "member"
    """The user is in the group already."""
    UNRECOVERABLE = "unrecoverable"
    """Resigned for too long (or anonymised): cannot be resurrected."""
    IN_SERVICE = "in_service"
    DOUBT = "doubt"
    THROTTLED = "throttled"
    TOKEN = "token"  # noqa: S105
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code's verdict, in our words: vendor messages may repeat what was sent, so they are never passed on."""

    verdict: Verdict
    message: str
    remedy: str = ""


_SCOPE = "add this person's departments to the app's contact range (developer console, permissions, data permissions)"
_SEATS = "the tenant has no seat left; free or buy seats, then release the effect"
_TABLE = "correct the value in HR or in the mapping"
_OWNER = "see who has it in Feishu: if it is this person, set their employee number there and reconcile"
_PERSON = "look whether account, manager and acceptors exist in Feishu, and reconcile"
_APPROVAL = "look at the approval in Feishu and pass it on there if it still waits"
_HELP = "ask Feishu support with the log id"

CODES: Final[Mapping[int, Meaning]] = MappingProxyType(
    {
        0: Meaning(Verdict.DONE, "done"),
        # the gateway, for every API
        99991400: Meaning(Verdict.THROTTLED, "called too often"),
        99991401: Meaning(Verdict.HALT, "this address is not on the app's IP allow-list", "add the hub's address"),
        99991403: Meaning(Verdict.HALT, "this month's API quota is used up", "have the Feishu plan extended"),
        99991543: Meaning(Verdict.HALT, "app id or secret unknown", "check app_id and app_secret"),
        99991661: Meaning(Verdict.HALT, "the call carried no token", "report this as a fault of the connector"),
        99991662: Meaning(Verdict.HALT, "the app is switched off", "enable the app in the Feishu admin console"),
        99991663: Meaning(Verdict.TOKEN, "the tenant token is no longer valid", "check app_id and app_secret"),
        99991664: Meaning(Verdict.TOKEN, "the app token is no longer valid", "check app_id and app_secret"),
        99991665: Meaning(Verdict.HALT, "the token belongs to no tenant", "check app_id and base_url"),
        99991668: Meaning(Verdict.HALT, "this API does not take the token", "report this as a fault of the connector"),
        99991671: Meaning(Verdict.TOKEN, "the token is malformed", "check app_id and app_secret"),
        99991672: Meaning(Verdict.HALT, "the app lacks a permission", "grant the scopes listed in the README"),
        99991673: Meaning(Verdict.HALT, "the app is not installed in this tenant", "publish and install the app"),
        99991676: Meaning(Verdict.HALT, "the token lacks the permission", "grant the scopes listed in the README"),
        99992357: Meaning(Verdict.REFUSED, "the department does not exist", _TABLE),
        99992358: Meaning(Verdict.REFUSED, "the department does not exist", _TABLE),
        99992359: Meaning(Verdict.ABSENT, "a user named in the call does not exist", _PERSON),
        99992360: Meaning(Verdict.ABSENT, "a user named in the call does not exist", _PERSON),
        99992379: Meaning(Verdict.REFUSED, "the department does not exist", _TABLE),
        99992380: Meaning(Verdict.REFUSED, "the department does not exist", _TABLE),
        99992402: Meaning(Verdict.REFUSED, "a parameter is missing or malformed", _TABLE),
        # credentials; both unverified
        10003: Meaning(Verdict.HALT, "app id or secret malformed", "check app_id and app_secret"),
        10014: Meaning(Verdict.HALT, "the app secret is wrong", "check app_secret"),
        # contact v3
        40001: Meaning(Verdict.REFUSED, "a parameter is wrong", _TABLE),
        40003: Meaning(Verdict.DOUBT, "internal error at Feishu", _HELP),
        40004: Meaning(Verdict.REFUSED, "a department lies outside the app's contact range", _SCOPE),
        40011: Meaning(Verdict.HALT, "page size not accepted", "report this as a fault of the connector"),
        40012: Meaning(Verdict.HALT, "page token not accepted", "start the scan again"),
        40021: Meaning(Verdict.TAKEN, "the idempotency key was used for another content", _OWNER),
        41001: Meaning(Verdict.TAKEN, "the mobile number belongs to another user", _OWNER),
        41002: Meaning(Verdict.TAKEN, "the e-mail address belongs to another user", _OWNER),
        41003: Meaning(Verdict.REFUSED, "mobile and e-mail belong to two different Feishu accounts", _TABLE),
        41004: Meaning(Verdict.REFUSED, "the mobile number is not valid", _TABLE),
        41005: Meaning(Verdict.REFUSED, "the e-mail address is not valid", _TABLE),
        41006: Meaning(Verdict.REFUSED, "the name is missing", _TABLE),
        41007: Meaning(Verdict.REFUSED, "the tenant is full (not certified)", _SEATS),
        41008: Meaning(Verdict.REFUSED, "the tenant is full", _SEATS),
        41009: Meaning(Verdict.REFUSED, "neither e-mail nor mobile given", _TABLE),
        41010: Meaning(Verdict.REFUSED, "the mobile number is missing", _TABLE),
        41011: Meaning(Verdict.TAKEN, "the user id belongs to another user", _OWNER),
        41012: Meaning(Verdict.ABSENT, "a user id in the call is not valid", _PERSON),
        41013: Meaning(Verdict.REFUSED, "the user id was changed too often", _HELP),
        41014: Meaning(Verdict.REFUSED, "the name was rejected as sensitive", "ask Feishu support to allow the name"),
        41016: Meaning(Verdict.REFUSED, "the department has too many users", "split the department in Feishu"),
        41017: Meaning(Verdict.REFUSED, "the department is missing", _TABLE),
        41022: Meaning(Verdict.HALT, "the user belongs to another tenant", "check app_id and base_url"),
        41027: Meaning(Verdict.DOUBT, "creating the account failed at Feishu", _HELP),
        41028: Meaning(
            Verdict.REFUSED, "the visibility rules must be upgraded", "do so in the admin console, security"
        ),
        41030: Meaning(Verdict.REFUSED, "a person cannot be their own manager", _TABLE),
        41041: Meaning(Verdict.REFUSED, "the department is missing", _TABLE),
        41042: Meaning(Verdict.REFUSED, "the joining day is not valid", _TABLE),
        41043: Meaning(Verdict.REFUSED, "the user id is longer than 64 characters", _TABLE),
        41050: Meaning(Verdict.REFUSED, "the user lies outside the app's contact range", _SCOPE),
        41051: Meaning(Verdict.REFUSED, "the user id is missing", _TABLE),
        41052: Meaning(Verdict.REFUSED, "an acceptor is not a valid user", "name an acceptor who works here"),
        41053: Meaning(Verdict.TAKEN, "the user exists already", _OWNER),
        41054: Meaning(Verdict.REFUSED, "an invitation by e-mail needs an e-mail address", _TABLE),
        41055: Meaning(Verdict.REFUSED, "an invitation by SMS needs a mobile number", _TABLE),
        41056: Meaning(Verdict.HALT, "the app lacks a field permission", "grant the scopes listed in the README"),
        41057: Meaning(Verdict.REFUSED, "the employee type is not valid", _TABLE),
        41059: Meaning(Verdict.REFUSED, "the employee type is not valid", _TABLE),
        41060: Meaning(Verdict.REFUSED, "the employee type is not active in this tenant", _TABLE),
        41063: Meaning(Verdict.REFUSED, "the job title is too long", _TABLE),
        41070: Meaning(Verdict.REFUSED, "the name is too long", _TABLE),
        41071: Meaning(Verdict.REFUSED, "the English name is too long", _TABLE),
        42006: Meaning(Verdict.RESIGNED, "the user has resigned", "enable the account first"),
        42008: Meaning(Verdict.HALT, "the tenant is not valid", "check app_id and base_url"),
        44004: Meaning(Verdict.REFUSED, "this contact joined too many tenants", "release the effect after 24 hours"),
        44006: Meaning(Verdict.REFUSED, "the name is too long", _TABLE),
        44007: Meaning(Verdict.REFUSED, "the English name is too long", _TABLE),
        44009: Meaning(Verdict.REFUSED, "members are added too often", "release the effect after 24 hours"),
        44010: Meaning(Verdict.REFUSED, "the person has not joined yet", "release when the invitation was accepted"),
        44011: Meaning(
            Verdict.REFUSED, "the person left the tenant on their own", "remove the account, or invite anew"
        ),
        44012: Meaning(Verdict.REFUSED, "Feishu intercepted the new member", _HELP),
        44017: Meaning(Verdict.REFUSED, "the content was stopped by risk control", _TABLE),
        44018: Meaning(Verdict.REFUSED, "Lark takes no +86 mobile number", _TABLE),
        44019: Meaning(Verdict.REFUSED, "this tenant takes only +86 mobile numbers", "certify the tenant with Feishu"),
        44020: Meaning(Verdict.REFUSED, "a foreign mobile number needs an e-mail address too", _TABLE),
        44021: Meaning(Verdict.REFUSED, "the manager has resigned", "name a manager who works here"),
        44022: Meaning(Verdict.REFUSED, "the manager is not a valid user", "name a manager who works here"),
        44023: Meaning(Verdict.REFUSED, "the directory is full", _SEATS),
        44025: Meaning(Verdict.LATER, "the user is locked by another change"),
        44028: Meaning(Verdict.UNRECOVERABLE, "resigned more than 30 days ago", "provision the person anew"),
        44029: Meaning(Verdict.REFUSED, "this tenant's plan does not allow resurrecting", _HELP),
        44030: Meaning(Verdict.REFUSED, "the mobile number now belongs to another user", _TABLE),
        44031: Meaning(Verdict.REFUSED, "the e-mail address now belongs to another user", _TABLE),
        44032: Meaning(Verdict.REFUSED, "the user id now belongs to another user", "have the other account renamed"),
        44033: Meaning(Verdict.IN_SERVICE, "the user has not resigned"),
        44034: Meaning(Verdict.LATER, "the resignation is still in progress (up to 48 hours)"),
        44035: Meaning(Verdict.REFUSED, "the department does not exist", _TABLE),
        44036: Meaning(Verdict.REFUSED, "the tenant's founder cannot be frozen", "hand the founder role over first"),
        44037: Meaning(Verdict.REFUSED, "an administrator cannot be deleted", "take the administrator role away first"),
        44041: Meaning(Verdict.UNRECOVERABLE, "the user was anonymised", "provision the person anew"),
        44042: Meaning(Verdict.LATER, "the user is being resurrected"),
        44046: Meaning(Verdict.REFUSED, "a multi-licence tenant needs a seat per user", "assign the seat in Feishu"),
        44049: Meaning(Verdict.LATER, "the seat could not be updated"),
        44051: Meaning(Verdict.TAKEN, "the employee number belongs to another user", _OWNER),
        44052: Meaning(Verdict.HALT, "the tenant's plan has expired", "renew the Feishu plan"),
        44053: Meaning(Verdict.REFUSED, "the user is kept by another data source", "make the hub the source in Feishu"),
        44054: Meaning(Verdict.PARTIAL, "created, but the city was not accepted", _TABLE),
        44055: Meaning(Verdict.PARTIAL, "created, but the job title was not accepted", _TABLE),
        44056: Meaning(Verdict.PARTIAL, "created, but city and job title were not accepted", _TABLE),
        44057: Meaning(Verdict.PARTIAL, "updated, but the city was not accepted", _TABLE),
        44058: Meaning(Verdict.PARTIAL, "updated, but the job title was not accepted", _TABLE),
        44059: Meaning(Verdict.PARTIAL, "updated, but city and job title were not accepted", _TABLE),
        44062: Meaning(
            Verdict.REFUSED, "only the member life cycle may delete this user", "do it in the admin console"
        ),
        # user groups
        40008: Meaning(Verdict.REFUSED, "the department is empty", _TABLE),
        40015: Meaning(Verdict.REFUSED, "the department does not exist", _TABLE),
        41073: Meaning(Verdict.ABSENT, "the member does not exist", _PERSON),
        41074: Meaning(Verdict.HALT, "the kind of member is not accepted", "report this as a fault of the connector"),
        42002: Meaning(Verdict.GONE, "the user group does not exist", "look at the user groups in the admin console"),
        42005: Meaning(Verdict.MEMBER, "the user is in the group already"),
        42009: Meaning(Verdict.REFUSED, "the user group lies outside the app's contact range", _SCOPE),
        42011: Meaning(Verdict.REFUSED, "the user group is full", "split the group in the admin console"),
        42012: Meaning(Verdict.REFUSED, "the user group is full", "split the group in the admin console"),
        42029: Meaning(Verdict.REFUSED, "the group has fields only the admin console can edit", "edit the group there"),
        # approval v4; 1390013 and 1390015 are printed on the pages that create things, not on those used here
        1390001: Meaning(Verdict.REFUSED, "a parameter of the approval call is wrong", _APPROVAL),
        1390002: Meaning(Verdict.GONE, "the approval definition does not exist", _APPROVAL),
        1390003: Meaning(Verdict.GONE, "the approval does not exist", _APPROVAL),
        1390004: Meaning(Verdict.ABSENT, "a user named in the call does not exist", _PERSON),
        1390009: Meaning(
            Verdict.REFUSED, "the definition does not let the app act", "allow it in the approval admin console"
        ),
        1390010: Meaning(Verdict.GONE, "the step no longer waits for this person", _APPROVAL),
        1390013: Meaning(Verdict.REFUSED, "the approval definition does not allow this", _APPROVAL),
        1390015: Meaning(Verdict.REFUSED, "the approval definition is not in use", _APPROVAL),
        1390018: Meaning(Verdict.REFUSED, "the step wants a handwritten signature", "pass it on in the Feishu client"),
        1395001: Meaning(Verdict.DOUBT, "something went wrong in Feishu's approvals", _HELP),
        # im v1
        230001: Meaning(Verdict.REFUSED, "a parameter of the message is wrong", _TABLE),
        230006: Meaning(Verdict.HALT, "the app has no bot", "switch the bot on in the developer console and publish"),
        230013: Meaning(
            Verdict.REFUSED,
            "the bot is not available to this person (or they have left)",
            "widen the app's availability",
        ),
        230020: Meaning(Verdict.LATER, "this person is sent messages too often"),
        230022: Meaning(Verdict.REFUSED, "the message was rejected as sensitive", "reword it"),
        230025: Meaning(Verdict.REFUSED, "the message is too long", "shorten it"),
        230027: Meaning(Verdict.HALT, "the app may not send messages", "grant the scopes listed in the README"),
        230028: Meaning(Verdict.REFUSED, "the message was stopped by leak protection", "reword it"),
        230029: Meaning(Verdict.REFUSED, "the person has left", "name somebody who works here"),
        230034: Meaning(Verdict.REFUSED, "the receiver does not exist", _PERSON),
        230035: Meaning(Verdict.REFUSED, "the bot may not write to this person", "lift the restriction in Feishu"),
        230036: Meaning(Verdict.HALT, "the tenant's encryption key was deleted", "ask the Feishu administrator"),
        230038: Meaning(Verdict.REFUSED, "the person belongs to another tenant", _PERSON),
        230049: Meaning(Verdict.DOUBT, "the message is being sent", _HELP),
        230053: Meaning(Verdict.REFUSED, "the person has blocked the bot's messages", "reach the person another way"),
        230075: Meaning(Verdict.REFUSED, "the chat takes no such message", "reach the person another way"),
        # passport v1
        1080001: Meaning(Verdict.REFUSED, "a parameter of the logout is wrong", _PERSON),
    }
)
