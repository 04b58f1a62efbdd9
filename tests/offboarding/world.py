"""A company in which people leave: its systems and their truth, what others do there meanwhile, and time."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from baton.hub import Hub, execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState, AccountWrite
from baton.model.handover import HoldingKind, HoldingRef
from baton.settings_shape import OffboardingPart
from tests.offboarding.replay import CaseReplay
from tests.offboarding.systems import PromisingSystem, ScanningTarget, Things, TroubledTarget, WorkingTarget
from tests.offboarding.trouble import HandoverTrouble
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row
from tests.rig.logbook import Logbook
from tests.rig.targets import FakeTarget
from tests.simulation.replay import EffectReplay

MANAGER, STAYING, LEAVING = "0001", ("0003", "0004", "0005"), ("0002", "0006", "0007")
HR = "hr-wang"
SYSTEMS: Mapping[str, type[TroubledTarget]] = {"crm": ScanningTarget, "wecom": PromisingSystem, "oa": WorkingTarget}
POLICIES = """policies:
  sales:
    departments: 销售部
    successors:
      - {kinds: [client], to: ["0003", "0004"], cap: 4}
      - {to: manager}
    items:
      - {kind: paper, title: 合同柜钥匙}
  rest: {}
"""
LEASE = timedelta(seconds=301)
KINDS = {
    "crm": (HoldingKind.CLIENT, HoldingKind.OPPORTUNITY, HoldingKind.CONTACT),
    "wecom": (HoldingKind.CLIENT,),
    "oa": (HoldingKind.CLIENT, HoldingKind.GROUP, HoldingKind.APPROVAL, HoldingKind.EXPENSE),
}
"""What people hold where; nobody can pass on a contact or an expense by the systems themselves."""
NOT_SENT_YET = frozenset({"moves_planned", "stored"})
"""Steps at which something may be planned, and nothing is with a system whose answer has not been stored."""
ON_ITS_WAY = {"moves_planned": 0.25, "stored": 0.05, "claimed": 0.01, "sending": 0.015, "sent": 0.015}
"""Steps between planning that something goes and having its answer, and how often it is overtaken there."""


class World:
    """One seed's company. ``serial`` numbers everything that happens, across all systems."""

    def __init__(self, seed: int, folder: Path, url: str, *, deaf_share: float = 0.0) -> None:
        self.chance = random.Random(f"world {seed}")
        self.clock = VirtualClock()
        self.serial = 0
        self._trace = hashlib.sha256()
        self.people_act: Callable[[], None] = lambda: None
        """Somebody does something in the hub while a call hangs; set by the campaign."""
        self.overtake: Callable[[str], None] = lambda _: None
        """Something happens just now to what is on its way, at this step of ours; set by the campaign."""
        self._meddling = False
        self.calm = False
        self.looks: dict[tuple[str, str], list[tuple[int, int]]] = {}
        """(system, holder) -> looks that have been written: (when that was, when reading began)."""
        self._checked: dict[str, object] = {}
        self._shown: dict[str, dict[str, int]] = {}
        """What the newest look has read to its end: system -> holder -> when reading began."""
        self.logbook = Logbook()
        self.replay, self.effect_replay = CaseReplay(), EffectReplay()
        """What the log tells, as far as it was read."""
        self.trouble = HandoverTrouble(self.chance, self.clock, self.note, fault_share=0.0, crash_share=0.0)
        policies = folder / "policies.yaml"
        policies.write_text(POLICIES, encoding="utf-8")
        kinds = {
            name: type(kind.__name__, (kind,), {"chance": self.chance, "deaf_share": deaf_share})
            for name, kind in SYSTEMS.items()
        }
        self.company = Company(
            folder,
            url,
            self.clock,
            kinds,
            chance=random.Random(f"hub {seed}"),
            crash_point=self.crash_point,
            rows=[row(n, department="销售部", manager="" if n == MANAGER else MANAGER) for n in _everybody()],
            prepare=self._prepare,
            offboarding=OffboardingPart(policies=policies),
        )
        for name in SYSTEMS:
            self.company.truths[name].belongings = Things(now=self.tick)
        self.hub: Hub = self.company.open()
        plan_sync(self.hub, SyncRequest())
        execution.apply(self.hub)
        self._planted = 0

    # --- plumbing

    def tick(self) -> int:
        """The next serial number."""
        self.serial += 1
        return self.serial

    def note(self, what: str) -> None:
        """One line of the trace."""
        self._trace.update(f"{self.clock.now():%d %H:%M:%S.%f} {what}\n".encode())

    @property
    def trace(self) -> str:
        """All that happened, in one value."""
        return self._trace.hexdigest()

    def crash_point(self, name: str) -> None:
        """Every step of the hub passes here."""
        if name == "looked":
            self._note_looks()  # lists that were as they were: of the look before, not of this one
            self._shown = {system: dict(self.things(system).read) for system in SYSTEMS}
            for system in SYSTEMS:
                self.things(system).read.clear()
        if name == "refreshed":
            self._note_looks()
        if name in ON_ITS_WAY and not self.calm and self.chance.random() < ON_ITS_WAY[name]:
            self._meddled(lambda: self.overtake(name))
        self.trouble.crash_point(name)

    def _note_looks(self) -> None:
        """A list has been written: what was read for it is known to the hub from here on."""
        now = self.tick()
        with self.hub.database.read() as connection:
            written = [
                case for case in self.hub.cases.listed(connection) if case.checked_at != self._checked.get(case.id)
            ]
        for case in written:
            self._checked[case.id] = case.checked_at
            for system in SYSTEMS:
                holder = self.id_of(system, case.number)
                if holder in self._shown[system]:
                    self.looks.setdefault((system, holder), []).append((now, self._shown[system][holder]))

    def _prepare(self, name: str, target: FakeTarget) -> None:
        assert isinstance(target, TroubledTarget)
        target.receive, target.look, target.meddle = self._receive, self._look, self._meddle

    def _receive(self, target: FakeTarget, writes: Any) -> Any:
        if isinstance(writes[0], AccountWrite):
            return [target.act(write) for write in writes]
        return self.trouble.receive(target, writes)

    def _look(self, target: FakeTarget, asked: Any) -> None:
        self.trouble.look(target, asked)
        self._meddle()

    def restart(self) -> None:
        """A new process, after the leases of the old one have run out."""
        self.hub.close()
        self.clock.advance(LEASE)
        self.hub = self.company.open()

    # --- the truth

    def things(self, system: str) -> Things:
        """What people hold in a system."""
        things: Things = self.company.truths[system].belongings
        return things

    def id_of(self, system: str, number: str) -> str:
        """A person's external id there."""
        return self.company.truths[system].accounts[number].external_id

    def number_of(self, system: str, external_id: str) -> str:
        """Whose external id that is."""
        return next(
            n for n, record in self.company.truths[system].accounts.items() if record.external_id == external_id
        )

    def plant(self, system: str, number: str, kind: HoldingKind | None = None) -> HoldingRef:
        """Somebody comes to hold one more thing."""
        self._planted += 1
        chosen = kind or self.chance.choice(KINDS[system])
        about = None
        if chosen is HoldingKind.OPPORTUNITY:
            clients = [
                h.ref for h in self.things(system).of(self.id_of(system, number)) if h.ref.kind is HoldingKind.CLIENT
            ]
            about = self.chance.choice(clients) if clients else None
        return self.things(system).plant(chosen, self._planted, self.id_of(system, number), about=about)

    def settle_in(self, each: int) -> None:
        """What the leavers hold at the start: so many things in every system, and some rights."""
        for number in LEAVING:
            for system in SYSTEMS:
                for _ in range(each):
                    self.plant(system, number)
                self.things(system).grants[self.id_of(system, number)] = {"discounts", f"role-{number}"}
                self.things(system).sessions.add(self.id_of(system, number))

    def close_account(self, number: str) -> None:
        """What sync does at the last working moment."""
        for truth in self.company.truths.values():
            truth.accounts[number].state = AccountState.DISABLED

    def clients(self) -> dict[str, int]:
        """How many clients there are in each system."""
        return {
            system: sum(ref.kind is HoldingKind.CLIENT for ref in self.things(system).holders) for system in SYSTEMS
        }

    # --- others

    def _meddle(self) -> None:
        """Now and then somebody does something just now, in a system or in the hub."""
        if self._meddling or self.calm or self.chance.random() > 0.12:
            return
        self._meddled(self.others_act if self.chance.random() < 0.5 else self.people_act)

    def _meddled(self, act: Callable[[], None]) -> None:
        """Let this happen, and nothing else in the middle of it."""
        if self._meddling:
            return
        self._meddling = True
        try:
            act()
        finally:
            self._meddling = False

    def others_act(self) -> None:
        """Something happens to what somebody holds, by no doing of the hub."""
        system = self.chance.choice(list(SYSTEMS))
        things = self.things(system)
        refs = sorted(things.holders, key=str)
        if not refs:
            return
        ref, lot = self.chance.choice(refs), self.chance.random()
        if lot < 0.45:
            things.change(ref, stage=f"s{self.chance.randint(1, 99)}")
        elif lot < 0.65:
            things.move(ref, self.id_of(system, self.chance.choice((*STAYING, *LEAVING))), "others")
        elif lot < 0.8 and not self.calm:
            self.plant(system, self.chance.choice(LEAVING), KINDS[system][0] if lot < 0.7 else None)
        elif ref.kind is not HoldingKind.CLIENT:
            things.close(ref)
        self.note(f"others {system} {ref} {lot:.3f}")

    def clients_answer(self, refusing: float) -> None:
        """Those who were asked by WeCom say yes or no."""
        target = self.hub.connector("wecom")
        assert isinstance(target, PromisingSystem)
        target.answer(lambda: self.chance.random() < refusing)


def _everybody() -> list[str]:
    return sorted((MANAGER, *STAYING, *LEAVING))
