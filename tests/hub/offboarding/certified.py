"""A finished case with one of everything (passed on, changed on the way, ended, confirmed, left, gone), certified."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baton.audit.checkpoint import Signer
from baton.audit.public_keys import PublicKeys
from baton.hub.offboarding import completing
from baton.hub.offboarding.certificate import Certificate, issue, verify
from baton.jobs.offboarding.certificate.manifest import DOMAIN, FORMAT, Document, canonical, parse
from baton.model.case import STATEMENT_DOMAIN, Act, Case, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk, staffed
from tests.rig.belongings import KeeperTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import SIGNER, Company

KEY = PublicKeys(SIGNER.verifier)
Content = dict[str, Any]

POLICY = """policies:
  default:
    items:
      - {kind: paper, title: 抽屉里的纸质合同, to: "0003"}
      - {kind: asset, title: 笔记本电脑}
"""


def settings(folder: Path) -> OffboardingPart:
    """What the hub is set up with: a policy that also names what no system knows."""
    file = folder / "policies.yaml"
    file.write_text(POLICY, "utf-8")
    return OffboardingPart(policies=file)


def finish(d: Desk, clients: int = 6) -> Case:
    """Open a case, hand everything over, complete it."""
    refs = [d.plant(HoldingKind.CLIENT, n) for n in range(clients)]
    d.plant(HoldingKind.OPPORTUNITY, 1, about=refs[0])
    d.plant(HoldingKind.GROUP, 1)
    d.things.grants[d.id_of(LEAVER)] = {"discounts"}
    case = d.open(Cause.EMERGENCY)
    d.tick()
    first, left, gone, changed = (d.item(case, ref) for ref in refs[:4])
    d.say(case, [first], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, [left], Act.LEAVE, MANAGER, Role.MANAGER, "客户已破产")
    d.say(case, [changed], Act.ACCEPT, MANAGER, Role.SUCCESSOR)
    d.things.change(changed.ref, stage="won")
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


@dataclass(frozen=True)
class Issued:
    """A certificate of a real case, and what stands in it."""

    certificate: Certificate
    document: Document

    def content(self) -> Content:
        """The document as plain values, to be changed at will."""
        found: Content = json.loads(self.certificate.manifest)["document"]
        return found


def certified(folder: Path) -> Issued:
    """A case opened, finished and certified in a hub of its own."""
    company = Company(
        folder, f"sqlite:///{folder}/hub.sqlite3", VirtualClock(), {"crm": KeeperTarget}, offboarding=settings(folder)
    )
    with company.open() as hub:
        case = finish(staffed(company, hub))
        certificate = issue(hub, case.id, HR)
    return Issued(certificate, parse(certificate.manifest).document)


def resigned(content: Content, signer: Signer = SIGNER) -> bytes:
    """A manifest with other content under a signature that holds: what a hub would issue that lies."""
    signature = signer.vouch(DOMAIN, canonical(content)).hex()
    return canonical({"document": content, "format": FORMAT, "signature": signature}) + b"\n"


def said_again(content: Content, said: Content, **changes: Any) -> None:
    """A statement changed and signed anew."""
    said |= changes
    unsigned = {name: value for name, value in said.items() if name != "signature"}
    said["signature"] = SIGNER.vouch(STATEMENT_DOMAIN, canonical(unsigned)).hex()


def found_in(data: bytes) -> set[str]:
    return {each.what for each in verify(data, KEY).broken}
