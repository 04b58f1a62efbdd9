"""A company that pays its people, on SQLite: a backup is a file of it. What PostgreSQL does is in `test_fences`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from baton.hub import Hub
from baton.hub.keeping import backup, restoring
from baton.hub.keeping.restoring import Restored
from tests.hub.payment.office import Office
from tests.rig.clock import VirtualClock
from tests.rig.company import row
from tests.rig.payroll import POLICY, Payroll
from tests.rig.targets import KeyTarget

OPERATOR, OTHER = "ops-zhao", "director-sun"


class World:
    """The company, its hub as it is now, and the backups of it."""

    def __init__(self, folder: Path, **more: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        policy = folder / "policy.yaml"
        policy.write_text(POLICY, "utf-8")
        self.folder = folder
        url = f"sqlite:///{folder}/state/hub.sqlite3"
        given: dict[str, Any] = {"targets": {"crm": KeyTarget}, **more}
        self.company = Payroll(folder, url, VirtualClock(), policy=policy, **given)
        self.company.rows = [row("0001"), row("0002")]
        self.hub: Hub = self.company.open()
        self.backups = 0

    @property
    def office(self) -> Office:
        return Office(self.company, self.hub)

    def back_up(self) -> Path:
        self.backups += 1
        folder = self.folder / f"backup-{self.backups}"
        backup.take(self.hub, folder)
        return folder

    def restore(self, folder: Path) -> Restored:
        """Everything stops, the backup takes the place of the database, the hub is opened again."""
        self.hub.close()
        restored = self.restore_only(folder)
        self.hub = self.company.open()
        return restored

    def restore_only(self, folder: Path) -> Restored:
        """The command, whatever else is open."""
        settings, opening = self.company.settings(), self.company.open_with
        return restoring.restore(settings, folder, OPERATOR, "the disk has died", opening=opening)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    opened: list[World] = []

    def make(**more: object) -> World:
        opened.append(World(tmp_path / f"w{len(opened)}", **more))
        return opened[-1]

    yield make
    for each in opened:
        each.hub.close()
