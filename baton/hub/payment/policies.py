"""The payment policy, the bank's calendar and who holds which office, as configured here."""

from __future__ import annotations

from baton.hub.core import Hub
from baton.jobs.payment.approval_policy import ApprovalPolicy, Level
from baton.jobs.payment.calendar import WorkCalendar, load_calendar
from baton.jobs.payment.policy import PaymentPolicy, load_payment_policy
from baton.jobs.payment.roles import Holders, Role

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


def holders_of(hub: Hub) -> Holders:
    """Who holds which office."""
    return {person: [Role(role) for role in roles] for person, roles in hub.settings.payments.roles.items()}
