"""Somebody leaves at every point of a pay run: not paid unless it was too late, settled with all the same."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from baton.errors import ApprovalError
from baton.hub.payment.checking import waive
from baton.hub.payment.signing import cancel
from baton.hub.payment.waiving import named
from baton.hub.payment.withdrawing import withdraw
from baton.jobs.payment.roles import Role
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.model.payable import Component, PayableKey
from baton.store.runs import RunState
from tests.hub.payment.office import PERIOD, Office
from tests.payment.driver import prepare
from tests.payment.site import PEOPLE, Site, depart, site
from tests.payment.steps import answered, effect_states, state_of
from tests.payment.verdict import REFUSED, RETURNED, one_file_one_id_one_hash
from tests.payment.watching import Watch
from tests.rig.clock import VirtualClock
from tests.rig.killing import Point, said
from tests.rig.payroll import HR, TREASURY
from tests.rig.processes import scratch_folder
from tests.simulation.invariants import BrokenInvariantError, audit_faults

LEAVERS = ("0001", "0005", "0007")
"""One in each file of the run. The bank is kind to all of them."""
_ROUNDS = 12
_INSIDE = {
    *("writing", "committing", "drafting", "checking", "building", "signing", "releasing", "answer_taking"),
    *("cancelling", "withdrawing"),
}
"""Points inside a transaction: there HR waits for the run. From any other on, the run waits for HR."""
_ENDED = {EffectState.ACCEPTED, EffectState.DONE, EffectState.SUPERSEDED}


@dataclass
class Figures:
    """What a campaign came to."""

    departures: int = 0
    points: Counter[str] = field(default_factory=Counter)
    unpaid: int = 0
    """Leavers who were not paid their salary."""
    too_late: int = 0
    """Leavers whose file had its last look before HR said so."""
    settled: int = 0
    seconds: float = 0.0


class Leaving:
    """At the n-th passing of a point HR records, on a connection of its own, that somebody has left."""

    def __init__(self, made: Site, number: str, point: Point) -> None:
        self.made = made
        self.number = number
        self.point = point
        self.passed: Counter[str] = Counter()
        self.gone_at = 0.0
        self._hr: threading.Thread | None = None

    def __call__(self, name: str) -> None:
        if threading.current_thread() is self._hr:
            return
        self.passed[name] += 1
        if (name, self.passed[name]) == self.point:
            self._hr = threading.Thread(target=self._tell)
            self._hr.start()
        if self._hr is not None and name not in _INSIDE:
            self._hr.join()

    def _tell(self) -> None:
        with site(self.made.folder, self.made.clock, lambda _: None, 99, self.made.url).open() as hub:
            depart(hub, self.number)
            self.gone_at = time.monotonic()

    def finish(self) -> None:
        """HR has had its say."""
        if self._hr is None:
            self._tell()
        else:
            self._hr.join()


def points(folder: Path) -> list[Point]:
    """Every point of a run in which nobody leaves, its end included."""
    made, leaving, _ = _watched(folder, LEAVERS[0], ("", 0))
    with made.open() as hub:
        _pay(Office(made, hub), PEOPLE, Component.SALARY)
    passed = leaving.passed
    return [*((name, n) for name, times in passed.items() for n in range(1, times + 1)), ("afterwards", 1)]


def campaign(most: int, seed: int) -> Figures:
    """A departure at so many of the points, of one in each file by turns."""
    began = time.perf_counter()
    chance, figures = random.Random(seed), Figures()
    with scratch_folder("leave") as folder:
        before = folder / "before"
        before.mkdir()
        prepare(before)
        shutil.copytree(before, folder / "calm")
        known = points(folder / "calm")
        chosen = chance.sample(known, min(most, len(known)))
        for n, point in enumerate(chosen):
            number, room = LEAVERS[n % len(LEAVERS)], folder / f"{n}"
            shutil.copytree(before, room)
            with said(f"{number} leaves at {point}: python -m tests.payment --only departures --seed {seed}"):
                _one(room, number, point, figures)
            shutil.rmtree(room)
    figures.seconds = time.perf_counter() - began
    return figures


def _watched(folder: Path, number: str, point: Point) -> tuple[Site, Leaving, Watch]:
    made = site(folder, VirtualClock(), lambda _: None)
    leaving = Leaving(made, number, point)
    watch = Watch(folder, leaving)
    made.crash_point = watch
    return made, leaving, watch


def _one(folder: Path, number: str, point: Point, figures: Figures) -> None:
    made, leaving, watch = _watched(folder, number, point)
    with made.open() as hub:
        office = Office(made, hub)
        _pay(office, PEOPLE, Component.SALARY)
        leaving.finish()
        _pay(office, {number: "31415.92"}, Component.FINAL_SETTLEMENT)
        answered(office, made.office)
        one_file_one_id_one_hash(hub, made.office)
        late = _paid_rightly(made, number, leaving.gone_at, watch.sent)
        with hub.database.read() as connection:
            faults = list(audit_faults(connection))
    if faults:
        raise BrokenInvariantError(f"audit: {faults[:3]}")
    figures.departures += 1
    figures.points[point[0]] += 1
    figures.too_late += late
    figures.unpaid += not late
    figures.settled += 1


def _paid_rightly(made: Site, number: str, gone_at: float, sent: dict[str, float]) -> bool:
    """Everybody else once, the settlement once; whether the leaver's salary had left before HR said a word."""
    bookings = made.office.bookings()
    for other in PEOPLE.keys() - {number}:
        if bookings[_reference(other, Component.SALARY), "DBIT"] != (other != REFUSED):
            raise BrokenInvariantError(f"{other}, who has not left, is not paid once")
    if bookings[_reference(RETURNED, Component.SALARY), "CRDT"] != 1:
        raise BrokenInvariantError("what came back is not booked")
    if bookings[_reference(number, Component.FINAL_SETTLEMENT), "DBIT"] != 1:
        raise BrokenInvariantError("the settlement was not paid once")
    name = made.office.file_of(_reference(number, Component.SALARY))
    if name and gone_at < sent[name]:
        raise BrokenInvariantError("somebody was paid whose departure was known before the last look")
    return bool(name)


def _reference(number: str, component: Component) -> str:
    return PayableKey(number, PERIOD, component).reference


def _pay(office: Office, amounts: dict[str, str], component: Component) -> None:
    """Draft what nobody has claimed, and see it through, until nothing is left that may be paid."""
    for _ in range(_ROUNDS):
        drafted = office.draft(amounts, component=component)
        claimed = any(line.state is LineState.DRAFT for line in drafted.lines)
        if not claimed or not _through(office, drafted.run.run_id):
            if state_of(office, drafted.run.run_id) is RunState.HELD:
                cancel(office.hub, drafted.run.run_id, TREASURY, "nothing to pay")
            return
    raise BrokenInvariantError(f"still unpaid after {_ROUNDS} runs")


def _through(office: Office, run_id: str) -> bool:
    """See a run through to the bank; False when nobody in it may be paid."""
    for _ in range(_ROUNDS):
        if state_of(office, run_id) is RunState.HELD:
            if not _cleared(office, run_id):
                return False
            try:
                office.build(run_id)
                office.sign(run_id)
                office.release(run_id)
            except ApprovalError:
                continue  # somebody has left meanwhile: once more from the checks
        report = office.deliver()
        if set(effect_states(office, run_id)) <= _ENDED:
            return True
        if report.halted:
            withdraw(office.hub, run_id, TREASURY, "somebody has left")
        office.company.clock.advance(timedelta(seconds=150))
    raise BrokenInvariantError(f"not through after {_ROUNDS} rounds")


def _cleared(office: Office, run_id: str) -> bool:
    """Whether something in the run may be paid, once HR has waived what HR may (a settlement beside a salary)."""
    checked = office.check(run_id)
    for finding in checked.cleared.report.findings:
        if finding.rule == "settlement_and_salary":
            until = office.hub.clock.now() + timedelta(days=1)
            waiver = named(office.hub, run_id, finding.digest, HR, Role.HR.value, "no day is paid twice", until)
            checked = waive(office.hub, waiver)
    return checked.cleared.releasable
