"""The policies in use, and the one of a case."""

from __future__ import annotations

from baton.hub.core import Hub
from baton.jobs.offboarding.policy import DEFAULT, Policies, Policy, load_policies
from baton.model.case import Case


def policies(hub: Hub) -> Policies:
    """The policies in use."""
    file = hub.settings.offboarding.policies
    return DEFAULT if file is None else load_policies(file)


def policy_of(hub: Hub, case: Case) -> Policy:
    """The policy of a case."""
    return policies(hub).of(case.policy)
