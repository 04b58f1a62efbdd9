"""The payment policy file (``mappings/payment/policy.yaml``): how strict the checks are, who signs, what is claimed."""

from __future__ import annotations

from pathlib import Path

from baton.jobs.payment.approval_policy import ApprovalPolicy
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.jobs.payment.files import Part, load
from baton.jobs.payment.overpayment_policy import OverpaymentPolicy


class PaymentPolicy(Part):
    """The file."""

    checks: CheckPolicy = CheckPolicy()
    approvals: ApprovalPolicy
    overpayment: OverpaymentPolicy = OverpaymentPolicy()


def load_payment_policy(file: Path) -> PaymentPolicy:
    """Read the file; one `ConfigurationError` with everything that is wrong, each with its line."""
    return load(file, PaymentPolicy)
