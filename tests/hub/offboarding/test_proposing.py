"""Whom the schedule offers things to by the policy, as far as they work here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import ItemState
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import MANAGER, OTHER, Desk

CLIENT = HoldingKind.CLIENT
Make = Callable[..., Desk]


def test_somebody_of_a_rule_who_has_left_keeps_nothing_from_the_others(desk: Make, tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    rules = f"[{{kinds: [client], to: [{OTHER}, {MANAGER}]}}, {{kinds: [order], to: {OTHER}}}, {{to: manager}}]"
    policies.write_text(f"policies:\n  all:\n    successors: {rules}\n", "utf-8")
    d = desk(offboarding=OffboardingPart(policies=policies))
    person = next(person for person in d.company.rows if person["number"] == OTHER)
    person.update(status="departed", last_day="2026-11-01", contract_end="2026-11-02")
    plan_sync(d.hub, SyncRequest())
    refs = [d.plant(CLIENT, 1), d.plant(CLIENT, 2), d.plant(HoldingKind.ORDER, 3)]
    case = d.open()
    d.tick()
    found = [d.item(case, ref) for ref in refs]
    assert [(item.state, item.successor) for item in found] == [(ItemState.OFFERED, MANAGER)] * 3
