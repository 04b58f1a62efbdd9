"""One step of a month's pay through the hub, on SQLite: ``python -m tests.bench.payments.hub_steps STEP PEOPLE FOLDER``.

Each step is a process of its own, as it is in life, so that its memory is its own. ``hire`` makes the company and is no
figure. The bank is in memory; what it has said lies in the folder.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from baton.contracts.payments import AnswerFile, AnswerKind
from baton.hub import Hub
from baton.hub.payment.answering import take_answers
from baton.hub.payment.building import build
from baton.hub.payment.checking import check
from baton.hub.payment.delivering import deliver
from baton.hub.payment.drafting import Drafting, draft_file
from baton.hub.payment.reconciling import reconcile
from baton.hub.payment.signing import release, sign
from baton.jobs.payment.roles import Role
from baton.model.payable import Component
from tests.hub.payment.office import PAY_DAY, PERIOD
from tests.payment.site import keys
from tests.rig import bank_papers
from tests.rig.clock import VirtualClock
from tests.rig.payroll import ACCOUNT, BANK, MAKER, PAYROLL, POLICY, TREASURY, Payroll, payroll_file, person, record
from tests.rig.targets import KeyTarget

STEPS = ("draft", "check", "build", "send", "report", "statement", "reconcile")
_AT_ONCE = 5_000


def company(folder: Path) -> Payroll:
    """The company as every process opens it; the bank's keys are always the same."""
    policy = folder / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    url, targets = f"sqlite:///{folder}/hub.db", {"crm": KeyTarget}
    return Payroll(folder, url, VirtualClock(), targets, policy=policy, bank=keys(), waits_for_disk=True)


def hire(hub: Hub, place: Payroll, people: int) -> None:
    """Everybody, and the payroll file."""
    numbers = [f"{n:06d}" for n in range(people)]
    for start in range(0, people, _AT_ONCE):
        record(hub, *(person(number) for number in numbers[start : start + _AT_ONCE]))
    payroll_file(place.folder, {number: f"{8000 + n % 5000}.{n % 100:02d}" for n, number in enumerate(numbers)})


def draft(hub: Hub, place: Payroll, people: int) -> None:
    """From the file to lines that claim their payables."""
    wanted = Drafting(system=BANK, component=Component.SALARY, period=PERIOD, execution_day=PAY_DAY, requested_by=MAKER)
    drafted = draft_file(hub, wanted, place.folder / "工资.csv")
    assert len(drafted.lines) == people


def sent(hub: Hub, place: Payroll, people: int) -> None:
    """Signed twice, released, looked at once more, delivered."""
    sign(hub, newest(hub), PAYROLL, Role.PAYROLL)
    sign(hub, newest(hub), TREASURY, Role.TREASURY)
    release(hub, newest(hub), TREASURY, "pay day")
    deliver(hub, BANK)
    (content,) = place.bank.contents.values()
    lines = bank_papers.lines(content)
    assert len(lines) == people
    states = dict.fromkeys(lines, ("ACSP", ""))
    (place.folder / "report.xml").write_bytes(bank_papers.report(content, "PART", states))
    booked = [(reference, amount, "DBIT") for reference, (_, amount) in lines.items()]
    statement = bank_papers.statement(ACCOUNT, booked, opening="10000000000.00")
    (place.folder / "statement.xml").write_bytes(statement)


def told(kind: AnswerKind) -> Callable[[Hub, Payroll, int], None]:
    """An answer about every line."""

    def take(hub: Hub, place: Payroll, people: int) -> None:
        place.bank.answers.append(AnswerFile(f"{kind}-1", kind, (place.folder / f"{kind}.xml").read_bytes()))
        taken = take_answers(hub, BANK)
        assert sum(taken.moved.values()) == people, taken.refused

    return take


def compared(hub: Hub, place: Payroll, people: int) -> None:
    """File, signatures, answers and statement, to zero."""
    assert reconcile(hub, BANK).verdict.value == "clean"


def newest(hub: Hub) -> str:
    """The run of the month."""
    with hub.database.read() as connection:
        return hub.pay_runs.latest(connection, 1)[0].run_id


WORK: dict[str, Callable[[Hub, Payroll, int], object]] = {
    "hire": hire,
    "draft": draft,
    "check": lambda hub, place, people: check(hub, newest(hub)),
    "build": lambda hub, place, people: build(hub, newest(hub)),
    "send": sent,
    "report": told(AnswerKind.REPORT),
    "statement": told(AnswerKind.STATEMENT),
    "reconcile": compared,
}


def main() -> None:
    """Do one step and say how long it took, without what opening the hub takes."""
    step, people, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    place = company(folder)
    hub = place.open()
    started = time.perf_counter()
    WORK[step](hub, place, people)
    took = time.perf_counter() - started
    hub.close()
    sys.stdout.write(json.dumps({"took_s": took}) + "\n")


if __name__ == "__main__":
    main()
