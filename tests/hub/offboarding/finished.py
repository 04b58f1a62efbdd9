"""A finished case with one of everything: passed on, ended, confirmed, left, gone, irreversible."""

from __future__ import annotations

from baton.hub.offboarding import completing
from baton.model.case import Act, Case, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk

POLICY = """policies:
  default:
    items:
      - {kind: paper, title: 抽屉里的纸质合同, to: "0003"}
      - {kind: asset, title: 笔记本电脑}
"""


def finish(d: Desk, clients: int = 6) -> Case:
    """Open a case, hand everything over, complete it."""
    refs = [d.plant(HoldingKind.CLIENT, n) for n in range(clients)]
    for n in range(3):
        d.plant(HoldingKind.OPPORTUNITY, n, about=refs[n])
    d.plant(HoldingKind.GROUP, 1)
    d.things.grants[d.id_of(LEAVER)] = {"discounts"}
    case = d.open(Cause.EMERGENCY)
    d.tick()
    first, left, gone = (d.item(case, ref) for ref in refs[:3])
    d.say(case, [first], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, [left], Act.LEAVE, MANAGER, Role.MANAGER, "客户已破产；closed since 2019")
    d.things.change(refs[3], stage="won")
    d.things.holders[gone.ref] = d.id_of(OTHER)
    d.tick()
    for item in d.items(case, ItemState.OFFERED):
        if not item.system:
            d.say(case, [item], Act.CONFIRM, item.successor, Role.SUCCESSOR, "放在 3 号柜")
    d.agree(case)
    d.tick()
    d.close_account()
    completing.complete(d.hub, case.id, HR, "everything is handed over")
    return d.case(case)
