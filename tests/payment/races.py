"""Editing, signing, releasing, taking back and delivering all at once: only what was signed for leaves, and once.

Everybody has a hub of their own, as people at several machines have, on one database.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from baton.errors import ApprovalError, HaltError, TransitionError
from baton.hub import Hub
from baton.hub.payment.building import build
from baton.hub.payment.checking import check, waive
from baton.hub.payment.signing import cancel, release, sign
from baton.hub.payment.standing import files_digest, payees
from baton.hub.payment.waiving import named
from baton.hub.payment.withdrawing import withdraw
from baton.jobs.payment.roles import Role
from baton.model.payable import Component
from baton.store.tables import pay_files
from tests.hub.payment.office import Office
from tests.payment.door import IN
from tests.payment.site import depart, hire, site
from tests.payment.watching import Watch
from tests.rig.clock import VirtualClock
from tests.rig.killing import said
from tests.rig.payroll import HR, MAKER, PAYROLL, TREASURY, card, person, record
from tests.simulation.invariants import BrokenInvariantError, audit_faults

HANDS = 4
"""So many things happen at once."""
_REFUSALS = (ApprovalError, HaltError, TransitionError)
"""What people are told when somebody was faster; anything else is a fault."""
_CHANGED = 0.4
"""The share of races in which a payee's account has just changed."""
_SIGNERS = {Role.PAYROLL.value, Role.TREASURY.value}


@dataclass
class Figures:
    """What a campaign came to."""

    races: int = 0
    did: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    """Who was too late, by what they wanted."""
    delivered: int = 0
    seconds: float = 0.0


@dataclass
class _Race:
    """One run and the two people in it; whoever leaves does so for HR's hub at ``gone_at``."""

    run_id: str
    people: tuple[str, str]
    gone_at: float = float("inf")


Deed = Callable[[Office, _Race], object]


def _leave(office: Office, race: _Race) -> None:
    depart(office.hub, race.people[1])
    race.gone_at = time.monotonic()


def _waive(office: Office, race: _Race) -> None:
    checked = check(office.hub, race.run_id)
    for finding in checked.cleared.report.findings:
        if finding.rule != "account_changed":
            continue
        until = office.hub.clock.now() + timedelta(days=1)
        waive(office.hub, named(office.hub, race.run_id, finding.digest, HR, "hr", "called back", until))


def _sign_and_release(office: Office, race: _Race) -> None:
    _sign(office, race)
    _release(office, race)


def _sign(office: Office, race: _Race) -> None:
    sign(office.hub, race.run_id, PAYROLL, Role.PAYROLL)
    sign(office.hub, race.run_id, TREASURY, Role.TREASURY)


def _release(office: Office, race: _Race) -> None:
    release(office.hub, race.run_id, TREASURY, "pay day")


DEEDS: dict[str, Deed] = {
    "leave": _leave,
    "waive": _waive,
    "check": lambda office, race: check(office.hub, race.run_id),
    "build": lambda office, race: build(office.hub, race.run_id),
    "sign": _sign,
    "release": _release,
    "sign and release": _sign_and_release,
    "cancel": lambda office, race: cancel(office.hub, race.run_id, MAKER, "a mistake"),
    "withdraw": lambda office, race: withdraw(office.hub, race.run_id, TREASURY, "wait"),
    "deliver": lambda office, _: office.deliver(),
}


class Races:
    """A company at which many work at the same time. One race after the other, each about a run of its own."""

    def __init__(self, folder: Path, url: str, seed: int) -> None:
        self.folder = folder
        self.url = url
        self.chance = random.Random(seed)
        self.clock = VirtualClock()
        self.watch = Watch(folder)
        self.figures = Figures()
        self._seen: set[str] = set()

    def run(self, races: int) -> Figures:
        """Raises `BrokenInvariantError` for the first race that breaks a promise."""
        began = time.perf_counter()
        with ExitStack() as stack:
            offices = list(self._offices(stack))
            with ThreadPoolExecutor(HANDS) as pool:
                for number in range(1, races + 1):
                    self._race(offices, number, pool)
            with offices[0].hub.database.read() as connection:
                faults = list(audit_faults(connection))
        if faults:
            raise BrokenInvariantError(f"audit: {faults[:3]}")
        self.figures.seconds = time.perf_counter() - began
        return self.figures

    def _offices(self, stack: ExitStack) -> Iterator[Office]:
        for n in range(HANDS):
            made = site(self.folder, self.clock, self.watch, n, self.url)
            yield Office(made, stack.enter_context(made.open()))

    def _race(self, offices: list[Office], number: int, pool: ThreadPoolExecutor) -> None:
        race = self._prepared(offices[0], number)
        names = ["deliver", *self.chance.sample(sorted(DEEDS.keys() - {"deliver"}), HANDS - 1)]
        pauses = [self.chance.uniform(0.0, 0.03) for _ in names]
        start = threading.Barrier(HANDS)

        def one(office: Office, name: str, pause: float) -> None:
            start.wait()
            time.sleep(pause)
            try:
                DEEDS[name](office, race)
            except _REFUSALS:
                self.figures.refused[name] += 1

        with said(f"race {number} of {', '.join(names)}"):
            for done in [pool.submit(one, *given) for given in zip(offices, names, pauses, strict=True)]:
                done.result()
            self._check(offices[0].hub, race)
            self._cleared_away(offices[0], race)
            self._check(offices[0].hub, race)
        self.figures.races += 1
        self.figures.did.update(names)

    def _prepared(self, office: Office, number: int) -> _Race:
        """A run of two people of its own, built; half of them signed, and half of those released.

        In some of them the account of one has just changed, and HR has called back, or has not yet.
        """
        people = (f"{2 * number:06d}", f"{2 * number + 1:06d}")
        hire(office.hub, *people)
        changed = self.chance.random() < _CHANGED
        if changed:
            record(office.hub, person(people[1], bank_account_number=card(2 * number + 500_000)))
        amounts = dict.fromkeys(people, f"{1000 + number}.{number % 100:02d}")
        run_id = office.draft(amounts, component=Component.SALARY, execution_day=date(2026, 11, 30)).run.run_id
        race = _Race(run_id, people)
        check(office.hub, run_id)
        if changed and self.chance.random() < 0.5:
            _waive(office, race)
        build(office.hub, run_id)
        if self.chance.random() < 0.5:
            _sign(office, race)
            if self.chance.random() < 0.5:
                _release(office, race)
        return race

    def _cleared_away(self, office: Office, race: _Race) -> None:
        """What is released goes; what may not go, and what nobody has released, is given up."""
        self.clock.advance(timedelta(seconds=150))
        office.deliver()
        for name in ("withdraw", "cancel"):
            with contextlib.suppress(*_REFUSALS):
                DEEDS[name](office, race)

    def _check(self, hub: Hub, race: _Race) -> None:
        """Whatever has come to the bank was built here, signed for by both, byte for byte, and by nobody's leave."""
        for path in sorted((self.folder / "bank" / IN).iterdir()):
            if path.suffix == ".part" or path.name in self._seen:
                continue
            self._seen.add(path.name)
            self.figures.delivered += 1
            with hub.database.read() as connection:
                row = connection.execute(sa.select(pay_files).where(pay_files.c.name == path.name)).first()
                if row is None or row.sealed_digest != hashlib.sha256(path.read_bytes()).hexdigest():
                    raise BrokenInvariantError(f"{path.name} at the bank is not a file of any run")
                run = hub.pay_runs.get(connection, row.run_id)
                assert run is not None
                wanted = (
                    files_digest(hub.pay_runs.files(connection, row.run_id)),
                    run.people_digest,
                    run.report_digest,
                )
                signed = hub.pay_decisions.signatures(connection, row.run_id)
                paid = payees(hub, connection, row.message_id)  # not who is still held: they are in no file
            roles = {each.role for each in signed if (each.files, each.people, each.report) == wanted}
            if roles != _SIGNERS:
                raise BrokenInvariantError(f"{path.name} was delivered, signed for by {sorted(roles)}")
            leaves = row.run_id == race.run_id and race.people[1] in paid
            if leaves and race.gone_at < self.watch.sent[path.name]:
                raise BrokenInvariantError("somebody was paid whose departure was known before the last look")
