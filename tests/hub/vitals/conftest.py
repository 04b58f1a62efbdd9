"""A small company with one target that can also tell people something, and some rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from baton.hub import Hub, execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.hub.vitals.alarming import Watched, watch
from baton.settings_shape import AlarmsPart
from tests.rig.belongings import Belongings, TalkingTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row

OPS, BOSS = "0001", "0002"
H = 3600


@dataclass
class Post:
    """A hub, its clock, and what people have been told."""

    company: Company
    hub: Hub

    def later(self, **by: float) -> None:
        self.company.clock.advance(timedelta(**by))

    def look(self) -> Watched:
        return watch(self.hub)

    @property
    def told(self) -> list[tuple[str, str]]:
        """(person, subject) of every message, in order."""
        return [(person, subject) for person, subject, _ in self.company.truths["crm"].belongings.outbox]

    def hire(self, *numbers: str) -> None:
        """People who join and are carried to the target."""
        self.company.rows += [row(number) for number in numbers]
        run = plan_sync(self.hub, SyncRequest()).run
        execution.apply(self.hub)
        execution.settle(self.hub, run.id)


Start = Callable[..., Post]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Opens a post under these rules (as systems.yaml would give them); OPS and BOSS are employed."""
    with posts(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3") as opening:
        yield opening


@pytest.fixture
def start_on_both(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """The same on each database: for what asks the database in words of its own."""
    with posts(tmp_path, database_url) as opening:
        yield opening


@contextmanager
def posts(folder: Path, url: str) -> Iterator[Start]:
    """Gives what opens posts in this folder; everything is closed at the end."""
    opened: list[Hub] = []

    def _start(rules: dict[str, Any] | None = None, **more: Any) -> Post:
        routes = {"ops": {"system": "crm", "people": [OPS]}, "boss": {"system": "crm", "people": [BOSS]}}
        alarms = AlarmsPart.model_validate({"routes": routes, "rules": rules, **more})
        company = Company(folder, url, VirtualClock(), {"crm": TalkingTarget}, alarms=alarms)
        company.truths["crm"].belongings = Belongings()
        opened.append(company.open())
        post = Post(company, opened[-1])
        post.hire(OPS, BOSS)
        return post

    yield _start
    for hub in opened:
        hub.close()
