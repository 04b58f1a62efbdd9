"""The payment policy file: how strict the checks are and who signs (``mappings/payment/policy.yaml``)."""

from __future__ import annotations

from pathlib import Path

from baton.jobs.payment.approval_policy import ApprovalPolicy
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.jobs.payment.files import Part, load


class PaymentPolicy(Part):
    """The file."""

    checks: CheckPolicy = CheckPolicy()
    approvals: ApprovalPolicy


def load_payment_policy(file: Path) -> PaymentPolicy:
    """Read the file; one `ConfigurationError` with everything that is wrong, each with its line."""
    return load(file, PaymentPolicy)
