"""The process that is killed: a month's pay from the files to the bank's last statement, resumable at any point."""

from __future__ import annotations

from pathlib import Path

from baton.hub.payment.reconciling import reconcile
from baton.model.payable import Component
from tests.hub.payment.office import Office
from tests.migration.driver import later_clock
from tests.payment.site import LEAVER, PEOPLE, SETTLEMENT, depart, hire, site
from tests.payment.steps import answered, delivered, drafted, released
from tests.rig.killing import KillAt
from tests.rig.payroll import BANK


def prepare(folder: Path) -> None:
    """HR knows the people."""
    with site(folder, later_clock(folder), lambda _: None).open() as hub:
        hire(hub, *PEOPLE)


def drive(folder: Path, attempt: int, way: str, point: str = "", count: int = 0) -> None:
    """Carry on from wherever the last process ended, to the end. Writes the points it passed to ``points``.

    The salaries are released, one of those in them leaves, and goes with a final settlement; the bank has its say.
    """
    kill = KillAt(point, count)
    made = site(folder, later_clock(folder), kill, attempt)
    with made.open() as hub:
        office = Office(made, hub)
        salaries = drafted(office, Component.SALARY, PEOPLE, way)
        gone = folder / "departure"
        if not gone.exists():
            released(office, salaries, way)
            depart(hub, LEAVER)
            gone.touch()
        delivered(office, salaries, way)
        settlement = drafted(office, Component.FINAL_SETTLEMENT, SETTLEMENT, way)
        delivered(office, settlement, way)
        answered(office, made.office)
        reconcile(hub, BANK)
    kill.write_down(folder)
