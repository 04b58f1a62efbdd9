"""An account that no system lists, which a policy has on every list: somebody confirms that it is closed."""

from __future__ import annotations

from pathlib import Path

from baton.hub import execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Cause, ItemState, Role
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import MANAGER, staffed
from tests.rig.belongings import KeeperTarget

POLICIES = """
policies:
  all:
    items:
      - {kind: account, title: 电子税务局办税员账号}
"""


def test_it_is_confirmed_by_word_since_no_system_can_show_it(start, tmp_path: Path) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text(POLICIES, "utf-8")
    d = staffed(*start({"crm": KeeperTarget}, offboarding=OffboardingPart(policies=file)))
    case = d.open(Cause.EMERGENCY)
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)
    d.tick()
    (item,) = [each for each in d.items(case) if not each.system]
    d.say(case, [item], Act.CONFIRM, MANAGER, Role.MANAGER, "the office has named another clerk, receipt 12")
    assert d.item(case, item.ref).state is ItemState.DONE
