"""An account from which somebody takes the employee number is still the leaver's, and lets them in until it is closed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baton.errors import ApprovalError
from baton.hub.execution import apply
from baton.hub.offboarding.casework import find_case
from baton.hub.offboarding.completing import complete
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import Account, AccountState
from baton.model.case import ItemState
from baton.model.handover import HoldingKind
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER
from tests.rig.belongings import KeeperTarget
from tests.rig.company import row

TAKEN_OFF = "taken off"


class ById(KeeperTarget):
    """Finds an account by its id where that is known and it has no number, as Salesforce does."""

    def _all(self):
        for number, record in self.truth.accounts.items():
            shown = None if number == TAKEN_OFF else number
            yield Account(shown, record.external_id, record.state, dict(record.fields), str(record.mark))

    def find(self, refs):
        return [self._one(ref) for ref in refs]

    def _one(self, ref):
        theirs = [each for each in self._all() if each.number in (None, ref.number)]
        by_id = [each for each in theirs if ref.external_id and each.external_id == ref.external_id]
        return next(iter(by_id or [each for each in theirs if each.number == ref.number]), None)

    def scan(self):
        yield from self._all()


@pytest.fixture
def leaving(desk):
    """On notice, with rights in the CRM; the number is taken off the account there."""
    d = desk(ById)
    d.things.grants[d.id_of(LEAVER)] = {"sales", "admin"}
    d.company.rows[1] = row(LEAVER, department="销售部", manager=MANAGER, status="notice", last_day="2026-11-30")
    plan_sync(d.hub, SyncRequest())
    apply(d.hub)
    d.tick()
    accounts = d.company.truths["crm"].accounts
    accounts[TAKEN_OFF] = accounts.pop(LEAVER)
    return d


def _admitted(d):
    items = d.items(find_case(d.hub, LEAVER))
    return {(each.kind, each.ref.external_id): each.state for each in items if each.system == "crm"}


def test_a_reconcile_knows_the_account_by_its_id_and_says_what_is_gone(leaving) -> None:
    found = reconcile(leaving.hub, "crm")
    (drift,) = found.drifts
    assert (drift.number, drift.kind) == (LEAVER, "number_gone")
    assert f"enter {LEAVER} again" in drift.detail
    assert found.counts["unknown"] == 0
    assert len(plan_sync(leaving.hub, SyncRequest()).drafted) == 0, "no second account is made"


def test_no_certificate_says_ended_of_an_account_that_lets_the_leaver_in(leaving) -> None:
    reconcile(leaving.hub, "crm")
    leaving.company.clock.sleep(3600)
    leaving.tick()
    assert set(_admitted(leaving).values()) == {ItemState.OPEN}
    leaving.company.clock.sleep(10 * 86_400)
    leaving.company.rows[1] = row(
        LEAVER, department="销售部", manager=MANAGER, status="departed", last_day="2026-11-30"
    )
    plan_sync(leaving.hub, SyncRequest())
    apply(leaving.hub)
    for _ in range(2):
        leaving.company.clock.sleep(3600)
        leaving.tick()
    account = leaving.company.truths["crm"].accounts[TAKEN_OFF]
    assert leaving.things.grants[account.external_id] == set()
    if account.state is AccountState.ENABLED:
        with pytest.raises(ApprovalError, match="1 accounts are alive"):
            complete(leaving.hub, find_case(leaving.hub, LEAVER).id, HR, "all handed over")


def test_an_account_that_is_known_by_no_more_is_asked_about_until_it_is_gone(leaving) -> None:
    accounts = leaving.company.truths["crm"].accounts
    old = accounts[TAKEN_OFF].external_id
    with leaving.hub.database.write() as connection:  # as where another one was made, and is the one that is linked
        link = next(each for each in leaving.hub.links.of_person(connection, LEAVER) if each.system == "crm")
        leaving.hub.links.observe(connection, [replace(link, external_id=None, state=AccountState.ABSENT)])
    leaving.company.clock.sleep(3600)
    leaving.tick()
    assert _admitted(leaving)[HoldingKind.ACCOUNT, old] is ItemState.OPEN
    assert _admitted(leaving)[HoldingKind.GRANT, "admin"] is ItemState.OPEN
    del accounts[TAKEN_OFF]
    leaving.things.grants[old] = set()
    leaving.company.clock.sleep(3600)
    leaving.tick()
    assert _admitted(leaving)[HoldingKind.ACCOUNT, old] is ItemState.DONE
