"""What the tests of Salesforce accounts share: an org, and the state of a person in it."""

from __future__ import annotations

import pytest

from baton.model.account import AccountRef, AccountState
from tests.connectors.crm.salesforce_org import SalesforceOrg


@pytest.fixture
def org() -> SalesforceOrg:
    return SalesforceOrg()


def state(org: SalesforceOrg, n: int) -> AccountState:
    (account,) = org.connector.find([AccountRef(f"{n:04d}")])
    return account.state if account else AccountState.ABSENT
