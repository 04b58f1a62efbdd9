"""The payment policy, the bank's calendar, the rules of settlements and who holds which office, as configured here."""

from __future__ import annotations

from baton.errors import ApprovalError, ConfigurationError, Fault
from baton.hub.core import Hub
from baton.jobs.payment.approval_policy import ApprovalPolicy, Level
from baton.jobs.payment.calendar import WorkCalendar, load_calendar
from baton.jobs.payment.policy import PaymentPolicy, load_payment_policy
from baton.jobs.payment.roles import Holders, Role
from baton.jobs.payment.settlement.pack import RulePack, load_pack
from baton.model.persons import alike

STRICTEST = PaymentPolicy(approvals=ApprovalPolicy(levels=(Level(roles=(Role.HR, Role.TREASURY, Role.DIRECTOR)),)))
"""What holds where no file says otherwise: three signatures for every file."""


def policy_of(hub: Hub) -> PaymentPolicy:
    """The policy in use. Raises `ConfigurationError` with every fault of the file."""
    file = hub.settings.payments.policy
    return STRICTEST if file is None else load_payment_policy(file)


def calendar_of(hub: Hub) -> WorkCalendar:
    """The calendar in use. Raises `ConfigurationError` with every fault of the file."""
    file = hub.settings.payments.calendar
    return WorkCalendar() if file is None else load_calendar(file)


def pack_of(hub: Hub) -> RulePack:
    """The rule pack of final settlements. `ConfigurationError` with its faults, or when the settings name none."""
    file = hub.settings.payments.settlement
    if file is None:
        message = (
            "payments.settlement names no rule pack: start from mappings/payment/settlement-china.yaml, write your "
            "region's figures into it and name it"
        )
        raise ConfigurationError([Fault(str(hub.settings.file), "no_pack", message)])
    return load_pack(file)


def offices_of(hub: Hub, person: str) -> set[Role]:
    """The offices somebody holds, however they write their name."""
    return {role for name, roles in holders_of(hub).items() if alike(name) == alike(person) for role in roles}


def require_office(hub: Hub, person: str) -> None:
    """Raise `ApprovalError` (``role``) for somebody who holds no office in payments."""
    if not offices_of(hub, person):
        raise ApprovalError(
            f"{person[:40]} holds no office in payments", code="role", remedy="see payments.roles in systems.yaml"
        )


def holders_of(hub: Hub) -> Holders:
    """Who holds which office."""
    return {person: [Role(role) for role in roles] for person, roles in hub.settings.payments.roles.items()}
