"""What WeCom's error codes mean, as its global error page says (read in 2026-11).

Anything not in `CODES` is unknown on purpose and becomes a loud error. Vendor messages may repeat what was sent, so
they are never passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final


class Verdict(Enum):
    """What a code says about the call, or about the one record it stands beside."""

    DONE = "done"
    REFUSED = "refused"
    ABSENT = "absent"
    """No such member, or none that this secret may see: the code does not tell these apart."""
    TAKEN = "taken"
    """The userid exists already."""
    STRANGER = "stranger"
    """No customer relation."""
    NOT_HELD = "not_held"
    """The customer is not (or no longer) with the expected member."""
    UNDERWAY = "underway"
    """This customer is being passed on already."""
    LATER = "later"
    BUSY = "busy"
    """The server was busy; whether it acted is not said."""
    CROWDED = "crowded"
    """Too many calls at once."""
    LIMITED = "limited"
    """Too many calls in a window of a minute, an hour or a day."""
    TOKEN = "token"  # noqa: S105
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code's verdict in our words. ``name`` is the receipt's code where ours says more than the number."""

    verdict: Verdict
    message: str
    remedy: str = ""
    name: str = ""


_TABLE = "correct the value in HR or in the mapping"
_SECRETS = "check corp_id, contact_secret and app_secret in WeCom's admin console"
_CALLABLE = "add the app to the interface's callable applications (可调用接口的应用) in the admin console"
_RANGE = "add these members to the app's visible range (应用管理, 可见范围)"
_ANOTHER = "name another successor"
_FAULT = "report this as a fault of the connector"
_OWNER = "see who has it in WeCom; if it is this person, link the account with a reconcile"

CODES: Final[Mapping[int, Meaning]] = MappingProxyType(
    {
        0: Meaning(Verdict.DONE, "done"),
        # passing troubles
        -1: Meaning(Verdict.BUSY, "WeCom was busy"),
        6000: Meaning(Verdict.LATER, "WeCom saw another change of the same record"),
        45009: Meaning(Verdict.LIMITED, "called too often"),
        45033: Meaning(Verdict.CROWDED, "too many calls at once"),
        # tokens and secrets
        40001: Meaning(Verdict.TOKEN, "the secret is wrong", _SECRETS),
        40014: Meaning(Verdict.TOKEN, "the token is not valid", _SECRETS),
        42001: Meaning(Verdict.TOKEN, "the token has expired", _SECRETS),
        40013: Meaning(Verdict.HALT, "the corp id is wrong", _SECRETS),
        40091: Meaning(Verdict.HALT, "the secret is wrong", _SECRETS),
        45031: Meaning(Verdict.HALT, "the secret is too weak", "reset the secret in the admin console"),
        41001: Meaning(Verdict.HALT, "the call carried no token", _FAULT),
        41002: Meaning(Verdict.HALT, "the call carried no corp id", _FAULT),
        41004: Meaning(Verdict.HALT, "the call carried no secret", _FAULT),
        60020: Meaning(
            Verdict.HALT, "this address is not trusted", "add the hub's address to the trusted IPs (企业可信IP)"
        ),
        # permissions
        40056: Meaning(Verdict.HALT, "the agent id is wrong", "check agent_id"),
        41011: Meaning(Verdict.HALT, "the call carried no agent id", _FAULT),
        48001: Meaning(Verdict.HALT, "this interface is not granted", _CALLABLE),
        48002: Meaning(Verdict.HALT, "this secret may not call this interface", _CALLABLE),
        48005: Meaning(Verdict.HALT, "this interface was withdrawn", _FAULT),
        48006: Meaning(Verdict.HALT, "the permission was taken back", _CALLABLE),
        48009: Meaning(Verdict.HALT, "the contact secret may not read members from here", "set app_secret"),
        50003: Meaning(Verdict.HALT, "the app is disabled", "enable the app in the admin console"),
        60031: Meaning(Verdict.HALT, "the app may not call interfaces", "enable the app in the admin console"),
        84074: Meaning(Verdict.HALT, "the app has no permission for customers", _CALLABLE),
        81026: Meaning(Verdict.HALT, "WeCom has this function under maintenance", "try again later"),
        43001: Meaning(Verdict.HALT, "wrong HTTP method", _FAULT),
        40008: Meaning(Verdict.HALT, "wrong message type", _FAULT),
        47001: Meaning(Verdict.HALT, "the body was not understood", _FAULT),
        301025: Meaning(Verdict.HALT, "the approval query was not understood", _FAULT),
        81017: Meaning(Verdict.HALT, "too many group owners for one list", "split the app's visible range"),
        # members
        60111: Meaning(Verdict.ABSENT, "WeCom shows no such member", "look whether the account exists, and reconcile"),
        46004: Meaning(Verdict.ABSENT, "WeCom shows no such member", "look whether the account exists, and reconcile"),
        40003: Meaning(Verdict.ABSENT, "the userid is not valid", "look whether the account exists, and reconcile"),
        60102: Meaning(Verdict.TAKEN, "the userid belongs to another member", _OWNER),
        50002: Meaning(Verdict.REFUSED, "the member lies outside the permitted range", _RANGE),
        60003: Meaning(Verdict.REFUSED, "the department does not exist", _TABLE),
        60011: Meaning(Verdict.REFUSED, "the member or department lies outside the permitted range", _RANGE),
        60021: Meaning(Verdict.REFUSED, "the member lies outside the app's visible range", _RANGE),
        60030: Meaning(Verdict.REFUSED, "the member lies outside the app's visible range", _RANGE),
        60103: Meaning(Verdict.REFUSED, "the mobile number is not valid", _TABLE),
        60104: Meaning(Verdict.REFUSED, "the mobile number belongs to another member", _OWNER),
        60105: Meaning(Verdict.REFUSED, "the e-mail address is not valid", _TABLE),
        60106: Meaning(Verdict.REFUSED, "the e-mail address belongs to another member", _OWNER),
        60110: Meaning(Verdict.REFUSED, "too many departments", _TABLE),
        60112: Meaning(Verdict.REFUSED, "the name is missing or too long", _TABLE),
        60123: Meaning(Verdict.REFUSED, "the department does not exist", _TABLE),
        60127: Meaning(Verdict.REFUSED, "the department is missing", _TABLE),
        60129: Meaning(Verdict.REFUSED, "neither mobile number nor e-mail address given", _TABLE),
        40033: Meaning(Verdict.REFUSED, "a character is not accepted", _TABLE),
        40035: Meaning(Verdict.REFUSED, "a parameter is not accepted", _TABLE),
        40058: Meaning(Verdict.REFUSED, "a parameter is not accepted", _TABLE),
        40066: Meaning(Verdict.REFUSED, "a department is not accepted", _TABLE),
        41009: Meaning(Verdict.REFUSED, "the userid is missing", _FAULT),
        81001: Meaning(Verdict.REFUSED, "the department is full", "split the department in WeCom"),
        301005: Meaning(
            Verdict.REFUSED, "the corporation's creator cannot be deleted", "make somebody else the creator"
        ),
        # customers and groups, some of them beside one customer of many
        84061: Meaning(Verdict.STRANGER, "there is no customer relation"),
        40131: Meaning(Verdict.NOT_HELD, "this member does not have the customer (any more)"),
        40100: Meaning(Verdict.UNDERWAY, "the customer is being passed on already"),
        40129: Meaning(Verdict.UNDERWAY, "the customer is being passed on already"),
        40096: Meaning(
            Verdict.REFUSED, "WeCom does not know the customer", "look in WeCom whether they left", "unknown_client"
        ),
        40097: Meaning(
            Verdict.REFUSED,
            "the holder has not left, and only leavers' customers go this way",
            "remove the account first, or set handover: by_status",
            "holder_not_left",
        ),
        40098: Meaning(
            Verdict.REFUSED,
            "the successor has not proved their real name (实名认证)",
            "let the successor do so in the WeCom app, or name another",
            "successor_not_verified",
        ),
        40099: Meaning(Verdict.REFUSED, "the successor has as many customers as they may", _ANOTHER, "successor_full"),
        40128: Meaning(
            Verdict.REFUSED,
            "passed on twice within 90 days already, which is the most between colleagues",
            "wait, or pass it on after the holder has left",
            "transferred_too_often",
        ),
        40130: Meaning(Verdict.REFUSED, "holder and successor are the same member", _ANOTHER, "same_person"),
        40143: Meaning(
            Verdict.REFUSED, "WeCom has blocked one of the two members", "have the block lifted", "member_blocked"
        ),
        40050: Meaning(Verdict.STRANGER, "there is no such group"),
        49008: Meaning(Verdict.STRANGER, "the group has been dissolved"),
        90501: Meaning(Verdict.STRANGER, "this is not a customer group"),
        90500: Meaning(
            Verdict.REFUSED,
            "the owner has not left, and only leavers' groups go this way",
            "remove the account first, or set handover: by_status",
            "holder_not_left",
        ),
        # messages
        81013: Meaning(Verdict.REFUSED, "the app cannot write to this member", _RANGE, "invaliduser"),
        82001: Meaning(Verdict.REFUSED, "the message named nobody", _FAULT),
        45002: Meaning(Verdict.REFUSED, "the message is too long", _FAULT),
    }
)


class Switch(Enum):
    """What has become of a customer's transfer."""

    DONE = "done"
    WAITING = "waiting"
    CLIENT_REFUSED = "client_refused"
    SUCCESSOR_FULL = "successor_full"
    NO_RECORD = "no_record"


SWITCHES: Final[Mapping[int, Switch]] = MappingProxyType(
    {
        1: Switch.DONE,
        2: Switch.WAITING,
        3: Switch.CLIENT_REFUSED,
        4: Switch.SUCCESSOR_FULL,
        5: Switch.NO_RECORD,
    }
)
"""The statuses of ``transfer_result``; 5 is documented for transfers between colleagues only."""
