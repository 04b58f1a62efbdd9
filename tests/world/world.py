"""One company, one seed, all four jobs on one store: what is true, what has been said to whom, and who acts when."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from baton.contracts.payments import PaymentFile
from baton.errors import BatonError
from baton.hub import Hub
from baton.hub.execution import apply
from baton.hub.migration.running import carry_on
from baton.hub.offboarding import hourly
from baton.hub.payment.delivering import deliver
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.effect import OPEN_STATES
from baton.model.handover import HoldingKind, HoldingRef
from baton.settings_shape import GatePart, WindowLimit
from baton.store.tables import effects
from tests.offboarding.systems import Things
from tests.offboarding.world import World
from tests.payment.site import PROFILE, keys
from tests.rig.clock import VirtualClock
from tests.rig.company import row
from tests.rig.payroll import BANK, CNAPS, POLICY, card
from tests.rig.records import old_row
from tests.simulation.trouble import Crash
from tests.world.site import Everything
from tests.world.trouble import EverythingsTrouble

ACCOUNT_CHANGED = "requires: []\n  account_changed_days: 4"
"""Accounts that were known a day before anything happens are no news for a pay day four days later; later ones are."""
OTHERS = ("0008", "0009", "0010")
"""People who neither leave nor take anything over."""
PER_RUN, PER_DAY, PER_WEEK = 1, 1, 2
"""So many people may lose access in one run, in 24 hours, in 7 days without a second person's yes."""


def _up_to(people: int) -> WindowLimit:
    return WindowLimit(share=Decimal(0), at_least=people, at_most=people)


GATE = GatePart(
    run=_up_to(PER_RUN),
    day=_up_to(PER_DAY),
    week=_up_to(PER_WEEK),
)
OLD_NAME = "旧名"
"""What the clients are called that the CRM knows before any migration."""
FIRST_RECORD = 90_001
RECORDS = 9
CREW = "the hub"
MANY = 500
"""More runs than any seed has."""


_RIVALRY = 0.05
_SKEWS = (timedelta(), timedelta(minutes=10), timedelta(minutes=-10))


class Skewed:
    """The clock of another machine. Implements `baton.clock.Clock`; time itself passes for both."""

    def __init__(self, clock: VirtualClock, by: timedelta) -> None:
        self.clock = clock
        self.by = by

    def now(self) -> datetime:
        return self.clock.now() + self.by

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)


class SharedThings(Things):
    """Clients of whom some are records of a migration as well: who holds one is in both."""

    renamed: Callable[[HoldingRef, str], None] = staticmethod(lambda *_: None)

    def move(self, ref: HoldingRef, to: str, by: str, key: str = "") -> None:
        super().move(ref, to, by, key)
        self.renamed(ref, to)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a record that took effect."""

    serial: int
    code: str
    action: str
    """``insert update delete`` by a migration's load or restore, or ``other``."""
    by: str
    """The run, or who else."""
    before: Any
    after: Any


class Whole(World):
    """The world of handovers, with the feed, the pay runs and the migrations of the same people in it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.feed: dict[str, str] = {}
        """What HR said when it was read last: number -> status, and where pay ends."""
        self._reads_people = False
        self.told: dict[str, str] = {}
        """What of it the hub has stored."""
        self.records: list[Change] = []
        self.deliveries: list[tuple[str, str, dict[str, str]]] = []
        """(file, plain text it was built from is read at the bank, what the hub knew of people when it looked last)."""
        self.checked: dict[str, dict[str, str]] = {}
        """Pay run -> what the hub knew of people when it was checked last."""
        self.checking = ""
        """The run that is being checked."""
        self.seen: defaultdict[str, list[Any]] = defaultdict(list)
        """Code -> every state in which a record was ever read."""
        self.migrations_planned: list[int] = []
        """When a migration was begun to be planned, and when that was saved."""
        self.clocks_set = 0
        """How often somebody has set a clock."""
        self.reviewed: dict[str, frozenset[str]] = {}
        """Run -> the effects that whoever released it had before them."""
        super().__init__(seed, folder, f"sqlite:///{folder}/hub.sqlite3")
        self.hub.close()
        self.trouble = EverythingsTrouble(self.chance, self.clock, self.note, fault_share=0.0, crash_share=0.0)
        self.trouble.rival = self.rival
        self.company = self._everything(seed, folder)
        self.hub = self.company.open()
        for what in ("plan", "apply"):
            self.work(self.hub, what)
        self._share_clients()
        self.clock.advance(timedelta(days=1))

    def _everything(self, seed: int, folder: Path) -> Everything:
        plain = self.company
        (folder / "policy.yaml").write_text(POLICY.replace("requires: []", ACCOUNT_CHANGED), "utf-8")
        (folder / "profiles").mkdir()
        (folder / "profiles" / "small.yaml").write_text(PROFILE, "utf-8")
        made = Everything(
            folder,
            plain.url,
            self.clock,
            plain.targets,
            chance=random.Random(f"whole {seed}"),
            gate=GATE,
            crash_point=self.crash_point,
            rows=[*plain.rows, *(row(number, department="研发部", manager="0001") for number in OTHERS)],
            truths=plain.truths,
            prepare=plain.prepare,
            offboarding=plain.offboarding,
            bank=keys(),
            policy=folder / "policy.yaml",
            profile="small",
            profiles=folder / "profiles",
        )
        for person in made.rows:
            person.update(account=card(int(person["number"])), holder=person["name"], bank_code=CNAPS)
        made.receive, made.look, made.on_read = self._receive, self._look, self._read
        made.on_census, made.on_record, made.on_delivery = self._census, self._recorded, self._delivering
        made.archive.rows = [
            old_row(number, 工号=f"client-{number}", 上级=self.chance.choice(made.rows)["number"])
            for number in range(FIRST_RECORD, FIRST_RECORD + RECORDS)
        ]
        return made

    def _share_clients(self) -> None:
        shared = SharedThings(now=self.tick)
        shared.renamed = self._renamed
        self.company.truths["crm"].belongings = shared
        for place, each in enumerate(self.company.archive.rows):
            if place % 3 == 0:  # known to the CRM already, under another name
                self.make_record(str(each["工号"]), {"name": OLD_NAME, "boss": each["上级"]})

    # --- the CRM's clients that are records as well

    def make_record(self, code: str, values: dict[str, Any]) -> None:
        """A client that somebody has entered."""
        columns = dict.fromkeys(self.company.archive.fields)
        self.company.archive.shelf.rows[code] = {**columns, "code": code, **values}
        self._plant(code)

    def _plant(self, code: str) -> None:
        boss = self.company.archive.shelf.rows[code]["boss"]
        self.things("crm").plant(HoldingKind.CLIENT, int(code.rpartition("-")[2]), self.id_of("crm", boss))

    def _renamed(self, ref: HoldingRef, to: str) -> None:
        record = self.company.archive.shelf.rows.get(ref.external_id)
        if record is not None:
            before = dict(record)
            record["boss"] = self.number_of("crm", to)
            self.records.append(Change(self.tick(), ref.external_id, "other", "crm", before, dict(record)))

    def _recorded(self, action: str, code: str, before: Any) -> None:
        """A migration has changed a record: the client changes with it."""
        after = self.company.archive.shelf.rows.get(code)
        self.records.append(Change(self.tick(), code, action, CREW, before, after and dict(after)))
        ref, things = HoldingRef(HoldingKind.CLIENT, code), self.things("crm")
        if before is None:
            self._plant(code)
        elif after is None:
            things.close(ref)
        else:
            holder = self.id_of("crm", after["boss"])
            if things.holders[ref] != holder:
                Things.move(things, ref, holder, "migration")
            things.change(ref, name=str(after["name"]))

    def _read(self, rows: Sequence[dict[str, Any]]) -> None:
        for record in rows:
            self.seen[record["code"]].append(dict(record))

    def others_edit(self) -> None:
        """Somebody works on a client that a migration knows too."""
        shelf = self.company.archive.shelf.rows
        code = self.chance.choice(sorted(shelf) or [""])
        if code:
            before = dict(shelf[code])
            shelf[code]["note"] = f"edited {self.chance.randint(1, 99)}"
            self.records.append(Change(self.tick(), code, "other", "others", before, dict(shelf[code])))
            self.things("crm").change(HoldingRef(HoldingKind.CLIENT, code), note=str(shelf[code]["note"]))

    # --- what the hub has been told

    def crash_point(self, name: str) -> None:
        if name == "extracting":
            self._reads_people = False  # what is planned next is a migration
        if name == "planned" and self._reads_people:
            self.told = self.feed
        if name == "checked":  # and committed, whatever becomes of who asked
            self.checked[self.checking] = self.told
        if name == "planning_page":
            self.migrations_planned.append(self.tick())
        super().crash_point(name)

    def _census(self) -> None:
        self._reads_people = True
        self.feed = {
            person["number"]: f"{person['status']} {person.get('pay_end', '')} {person['account']}"
            for person in self.company.rows
        }

    def _delivering(self, files: Sequence[PaymentFile]) -> None:
        """The last look at HR was a moment ago."""
        self.deliveries += [(file.name, file.message_id, self.told) for file in files]

    # --- trouble

    def _receive(self, target: Any, writes: Any) -> Any:
        self._meddle()
        if not self.calm and not self._meddling and self.chance.random() < _RIVALRY:
            self.rival()
        return self.trouble.receive(target, writes)

    def rival(self) -> None:
        """A second scheduler, on a machine of its own with a clock of its own, works while a call of the first one hangs."""
        self.trouble.rival = lambda: None
        meddling, self._meddling = self._meddling, True
        own = self.company.clock
        self.company.clock = Skewed(own, self.chance.choice(_SKEWS))
        hub = self.company.open()
        self.company.clock = own
        try:
            self.note("rival")
            self.work(hub, self.chance.choice(list(WORK)))
        except Crash:
            self.note("the rival crashed")
        finally:
            hub.close()
            self._meddling = meddling
            self.trouble.rival = self.rival

    def work(self, hub: Hub, what: str) -> None:
        """What a schedule does; whatever is refused is refused."""
        try:
            self.note(f"{what} {WORK[what](hub)}")
        except BatonError as error:
            self.note(f"{what}: {error.code}")

    @property
    def is_meddling(self) -> bool:
        """Whether something happens while something else hangs."""
        return self._meddling

    def set_clock_wrong(self, by: timedelta) -> None:
        """Somebody sets the clock."""
        self.clock.set_wrong(by)
        self.clocks_set += 1
        self.note(f"clock {by}")


def _synced(hub: Hub) -> object:
    plan = plan_sync(hub, SyncRequest())
    return plan.run.state, len(plan.drafted)


def _moved(hub: Hub) -> object:
    """Every migration and rollback of which something is left goes on; also one that was judged incomplete."""
    unfinished = (effects.c.job == "migration") & effects.c.state.in_(OPEN_STATES)
    with hub.database.read() as connection:
        runs = sorted(connection.execute(sa.select(effects.c.run_id).where(unfinished).distinct()).scalars())
    return [carry_on(hub, run_id).verdict for run_id in runs]


def _ticked(hub: Hub) -> object:
    hour = hourly.tick(hub)
    return hour.moved, hour.done, hour.stuck, sorted(hour.troubles), hour.reopened, hour.opened, hour.retracted


WORK: dict[str, Callable[[Hub], object]] = {
    "plan": _synced,
    "apply": lambda hub: [sorted(report.counts.items()) for report in apply(hub)],
    "tick": _ticked,
    "deliver": lambda hub: sorted(deliver(hub, BANK).counts.items()),
    "migrate": _moved,
}
"""One hour of a schedule consists of these; any of them may be done at any time, by anybody, again."""
