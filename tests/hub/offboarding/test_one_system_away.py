"""A system that does not answer keeps what is to be done in it, and nothing that is to be done elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

import pytest
import sqlalchemy as sa

from baton.errors import RetryableError
from baton.model.account import Account, AccountRef
from baton.model.case import NO_ACCOUNT, Cause, ItemState
from baton.model.handover import Grant, HoldingKind
from baton.store.tables import links
from tests.hub.conftest import Start
from tests.hub.offboarding.conftest import LEAVER, MANAGER, Desk, staffed
from tests.hub.offboarding.test_entitling import TEAM, TeamTarget
from tests.rig.belongings import Belongings, KeeperTarget

HOUR_S = 3600.0


class Erp(KeeperTarget):
    """A system that can be told not to answer who somebody is there, and how it fails then."""

    failing: ClassVar[list[Exception]] = []

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        for error in self.failing:
            raise error
        return super().find(refs)


class BrokenTeam(TeamTarget):
    """A system whose connector breaks where it is asked what a successor may do."""

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        if person.number == MANAGER:
            raise KeyError("surprise")
        return super().grants(person)


@pytest.fixture
def away() -> list[Exception]:
    """What the ERP fails with, once a test has put it there."""
    Erp.failing = []
    return Erp.failing


@pytest.mark.parametrize("cause", [Cause.EMERGENCY, Cause.BY_HAND])
@pytest.mark.parametrize("error", [RetryableError("the ERP does not answer", code="unreachable"), KeyError("surprise")])
def test_who_a_successor_is_in_one_system_keeps_no_right_and_no_session_in_another(
    start: Start, away: list[Exception], cause: Cause, error: Exception
) -> None:
    company, hub = start({"crm": KeeperTarget, "erp": Erp})
    company.truths["erp"].belongings = Belongings()
    d = staffed(company, hub)
    leaver = d.id_of(LEAVER)
    d.things.grants[leaver], d.things.sessions = {"admin"}, {leaver}
    erp = company.truths["erp"]
    ref = erp.belongings.plant(HoldingKind.CLIENT, 7, erp.accounts[LEAVER].external_id)
    record = erp.accounts.pop(MANAGER)
    with hub.database.write() as connection:
        connection.execute(sa.delete(links).where(links.c.system == "erp", links.c.number == MANAGER))
    case = d.open(Cause.BY_HAND, last_working_at=company.clock.now() + timedelta(days=2))
    d.tick()
    (item,) = [item for item in d.items(case, ItemState.OFFERED) if item.ref == ref]
    d.agree(case)
    d.tick()
    assert (d.item(case, ref).state, d.item(case, ref).code) == (ItemState.APPROVED, NO_ACCOUNT)

    away.append(error)
    if cause is Cause.EMERGENCY:
        d.open(cause)
    else:
        company.clock.sleep(3 * 24 * HOUR_S)
    hour = d.tick()
    assert d.things.grants[leaver] == set()
    assert d.things.sessions == set()
    assert set(hour.troubles) == {f"{case.id} erp"}, "and that is told"
    assert d.item(case, ref).state is ItemState.APPROVED

    away.clear()
    erp.accounts[MANAGER] = record
    company.clock.sleep(HOUR_S)
    d.tick()
    assert erp.belongings.holders[item.ref] == record.external_id, "what has waited goes once the system answers"


def test_what_a_successor_may_do_that_cannot_be_asked_keeps_nothing_else(desk: Callable[..., Desk]) -> None:
    d = desk(BrokenTeam)
    leaver = d.id_of(LEAVER)
    ref = d.plant(HoldingKind.CLIENT, 1)
    d.things.grants[leaver] = {TEAM, "admin"}
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=2))
    d.tick()
    d.agree(case)
    d.tick()
    assert d.holder(ref) == MANAGER
    d.company.clock.sleep(3 * 24 * HOUR_S)
    hour = d.tick()
    assert d.things.grants[leaver] == {TEAM}, "only the right that the successor should have first waits"
    assert set(hour.troubles) == {f"{case.id} crm"}
