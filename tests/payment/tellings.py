"""The same things said by a bank in any order, twice, or only later: the same end, and accounts that agree with it."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

from baton.contracts.payments import AnswerFile, AnswerKind
from baton.hub.payment.answering import take_answers
from baton.hub.payment.reconciling import reconcile
from baton.jobs.payment.differences import DifferenceKind
from baton.model.pay_run import LineState
from tests.hub.payment.office import Office
from tests.rig.bank_papers import lines, major, report, statement
from tests.rig.clock import VirtualClock
from tests.rig.killing import said
from tests.rig.payroll import ACCOUNT, BANK, POLICY, Payroll
from tests.rig.targets import KeyTarget
from tests.simulation.invariants import BrokenInvariantError

AMOUNTS = {f"{n:04d}": f"{n}000.0{n}" for n in range(1, 5)}
REFUSED, RETURNED = "0003", "0004"
ENDS = {
    **dict.fromkeys(AMOUNTS, LineState.PAID),
    REFUSED: LineState.REJECTED,
    RETURNED: LineState.RETURNED,
}


@dataclass
class Figures:
    """What a campaign came to."""

    tellings: int = 0
    files: int = 0
    lost: int = 0
    seconds: float = 0.0


def campaign(folder: Path, tellings: int, seed: int) -> Figures:
    """Pay and tell so many times, each time in another order."""
    began, figures = time.perf_counter(), Figures()
    for n in range(seed, seed + tellings):
        room = folder / f"{n}"
        room.mkdir()
        with said(f"order {n}: python -m tests.payment --only tellings --tellings 1 --seed {n}"):
            _one(room, random.Random(n), figures)
        figures.tellings += 1
    figures.seconds = time.perf_counter() - began
    return figures


def _one(folder: Path, chance: random.Random, figures: Figures) -> None:
    policy = folder / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    url = f"sqlite:///{folder}/hub.sqlite3"
    made = Payroll(folder, url, VirtualClock(), {"crm": KeyTarget}, policy=policy, chance=chance)
    with made.open() as hub:
        office = Office(made, hub)
        office.hire(*AMOUNTS)
        run_id = office.signed(AMOUNTS)
        office.release(run_id)
        office.deliver()
        for answer in _told(_papers(office, run_id), chance, figures):
            made.bank.answers.append(answer)
            if chance.random() < 0.7:
                take_answers(hub, BANK)
        take_answers(hub, BANK)
        _same_end(office, run_id)


def _papers(office: Office, run_id: str) -> list[tuple[AnswerKind, bytes]]:
    """What the bank has to say, in the order in which it happens."""
    (content,) = office.bank.contents.values()
    known = {line.payable.key.number: line.reference for line in office.lines(run_id)}
    amounts = {number: lines(content)[known[number]][1] for number in AMOUNTS}
    debits = [(known[number], amounts[number], "DBIT") for number in AMOUNTS if number != REFUSED]
    total = sum(int(amount.replace(".", "")) for _, amount, _ in debits)
    opening = major(10_000_000 - total)
    return [
        (AnswerKind.REPORT, report(content, "RCVD")),
        (AnswerKind.REPORT, report(content, "ACCP")),
        (AnswerKind.REPORT, report(content, "PART", {known[REFUSED]: ("RJCT", "AC04")})),
        (AnswerKind.STATEMENT, statement(ACCOUNT, debits)),
        (AnswerKind.STATEMENT, statement(ACCOUNT, [(known[RETURNED], amounts[RETURNED], "CRDT")], 2, opening)),
    ]


def _told(papers: list[tuple[AnswerKind, bytes]], chance: random.Random, figures: Figures) -> list[AnswerFile]:
    """In any order, some twice. The first two may be lost for good; of the others the last copy arrives."""
    kept = [paper for place, paper in enumerate(papers) if place >= 2 or chance.random() < 0.5]
    figures.lost += len(papers) - len(kept)
    copies = [paper for paper in kept for _ in range(chance.choice((1, 1, 2, 3)))]
    chance.shuffle(copies)
    figures.files += len(copies)
    return [AnswerFile(f"{kind}-{place:02d}", kind, data) for place, (kind, data) in enumerate(copies)]


def _same_end(office: Office, run_id: str) -> None:
    if office.states(run_id) != ENDS:
        raise BrokenInvariantError(f"the end depends on the order: {office.states(run_id)}")
    found = dict(reconcile(office.hub, BANK).differences)
    found.pop(DifferenceKind.DOUBLED_STATEMENT, None)
    if found != {DifferenceKind.RETURNED: 1}:
        raise BrokenInvariantError(f"the accounts differ by {found}")
