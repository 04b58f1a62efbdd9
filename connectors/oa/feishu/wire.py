"""The fields of a Feishu user, and how they look on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from baton.sdk import Account, AccountState, FieldSpec, FieldType, RejectedError, Scalar

ACCEPTORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "department_chat_acceptor": "department_chat_acceptor_user_id",
        "external_chat_acceptor": "external_chat_acceptor_user_id",
        "docs_acceptor": "docs_acceptor_user_id",
        "calendar_acceptor": "calendar_acceptor_user_id",
        "application_acceptor": "application_acceptor_user_id",
        "minutes_acceptor": "minutes_acceptor_user_id",
        "survey_acceptor": "survey_acceptor_user_id",
        "email_acceptor": "email_acceptor",
        "anycross_acceptor": "anycross_acceptor_user_id",
    }
)
"""Our field for each kind of resource, and its name in the DELETE body."""

_HAND_OVER = FieldSpec(FieldType.REFERENCE, readable=False)

FIELDS: Final[Mapping[str, FieldSpec]] = MappingProxyType(
    {
        "name": FieldSpec(required=True, personal=True, max_length=255),
        "en_name": FieldSpec(personal=True, max_length=255),
        "mobile": FieldSpec(required=True, personal=True, about="mainland numbers without +86, others with +"),
        "email": FieldSpec(personal=True),
        "employee_no": FieldSpec(max_length=255, about="always the employee number; need not be mapped"),
        "employee_type": FieldSpec(
            FieldType.INTEGER,
            required=True,
            about="1 regular, 2 intern, 3 outsourced, 4 contractor, 5 consultant, or the tenant's own",
        ),
        "department_id": FieldSpec(required=True, about="of the type set by department_id_type"),
        "job_title": FieldSpec(max_length=255),
        "leader_user_id": FieldSpec(FieldType.REFERENCE, about="the manager"),
        "city": FieldSpec(max_length=100),
        "join_time": FieldSpec(FieldType.DATE, about="first day at work"),
        "acceptor": FieldSpec(FieldType.REFERENCE, readable=False, about="who takes over everything on removal"),
        **dict.fromkeys(ACCEPTORS, _HAND_OVER),
    }
)

_TEXTS: Final = ("name", "en_name", "email", "job_title", "city")
_MUST_STAY: Final = frozenset({"name", "mobile", "employee_no", "employee_type", "department_id"})


def user_payload(fields: Mapping[str, Scalar], number: str, zone: ZoneInfo) -> dict[str, Any]:
    """The user body for these mapped fields, without the acceptors. Raises `RejectedError` for what cannot be."""
    payload: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in FIELDS:
            raise RejectedError(f"Feishu has no field {name}", code="unknown_field", remedy="correct the mapping")
        if name == "acceptor" or name in ACCEPTORS:
            continue
        if value is None and name in _MUST_STAY:
            raise RejectedError(
                f"{name} cannot be cleared in Feishu",
                code="cannot_clear",
                remedy="correct the value in HR or in the mapping",
            )
        if name == "department_id":
            payload["department_ids"] = [value]
        elif name == "join_time":
            payload[name] = _midnight(value, zone)
        else:
            payload[name] = "" if value is None else value
    if payload.get("employee_no", number) != number:
        raise RejectedError(
            "the mapped employee_no is not the person's employee number",
            code="employee_no",
            remedy="leave employee_no out of the mapping, the hub sets it",
        )
    return payload


def _midnight(value: Scalar, zone: ZoneInfo) -> int:
    """Seconds since 1970 of the day's first instant; 0 clears (so the patch page says)."""
    if value is None:
        return 0
    if not isinstance(value, date):
        raise RejectedError("join_time is not a date", code="type", remedy="correct the mapping")
    return int(datetime(value.year, value.month, value.day, tzinfo=zone).timestamp())


def removal_payload(fields: Mapping[str, Scalar], leaver: str, fallback: str | None) -> dict[str, Any]:
    """The DELETE body with every acceptor. Raises `RejectedError` when one is missing or is the leaver."""
    general = fields.get("acceptor") or fallback
    body: dict[str, Any] = {}
    for name, key in ACCEPTORS.items():
        acceptor = fields.get(name) or general
        if not acceptor:
            raise RejectedError(
                f"no {name} is known, and Feishu would decide for itself who gets what (or delete it)",
                code="no_acceptor",
                remedy="name a successor who has a Feishu account, or set fallback_acceptor_user_id",
            )
        if acceptor == leaver:
            raise RejectedError(
                f"the leaver is named as their own {name}", code="acceptor_is_leaver", remedy="name a successor"
            )
        body[key] = {"processing_type": "1", "acceptor_user_id": acceptor} if key == "email_acceptor" else acceptor
    return body


def account_of(user: Mapping[str, Any], zone: ZoneInfo) -> Account:
    """An account as Feishu describes it. Raises KeyError or TypeError when it is no user."""
    fields: dict[str, Scalar] = {name: user.get(name) or None for name in (*_TEXTS, "employee_no", "leader_user_id")}
    fields["mobile"] = _plain_mobile(user.get("mobile"))
    fields["employee_type"] = user.get("employee_type")
    fields["department_id"] = _main_department(user)
    joined = user.get("join_time")
    fields["join_time"] = datetime.fromtimestamp(int(joined), zone).date() if joined else None
    return Account(
        number=user.get("employee_no") or None, external_id=str(user["user_id"]), state=_state(user), fields=fields
    )


def _state(user: Mapping[str, Any]) -> AccountState:
    status = user.get("status") or {}
    if status.get("is_resigned"):
        return AccountState.REMOVED
    if status.get("is_frozen") or status.get("is_exited"):
        return AccountState.DISABLED
    return AccountState.ENABLED


def _plain_mobile(value: str | None) -> str | None:
    """Feishu may give a mainland number back with its country code."""
    return value.removeprefix("+86") if value else None


def _main_department(user: Mapping[str, Any]) -> str | None:
    orders: Sequence[Mapping[str, Any]] = user.get("orders") or ()
    for order in orders:
        if order.get("is_primary_dept"):
            return str(order["department_id"])
    departments: Sequence[str] = user.get("department_ids") or ()
    return departments[0] if departments else None
