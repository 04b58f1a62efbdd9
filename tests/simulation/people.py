"""The company's life: who joins, changes, leaves, comes back; and what each account should be in the end."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from baton.model.account import AccountState
from tests.rig.company import row
from tests.rig.truth import Record
from tests.simulation.trouble import POISON

ZONE = ZoneInfo("Asia/Shanghai")
MANAGERS = 10
"""The first so many are everybody's managers and stay."""


class Staff:
    """The HR system's own truth: one row a person, changed at random."""

    def __init__(self, chance: random.Random, size: int) -> None:
        self.chance = chance
        self.rows = [self._hire(number) for number in range(1, size + 1)]

    def _hire(self, number: int) -> dict[str, str]:
        manager = "" if number <= MANAGERS else f"{self.chance.randint(1, MANAGERS):04d}"
        return row(f"{number:04d}", name=f"测试䶮{number}", manager=manager, mobile=f"138{number:08d}")

    def change(self, share: float, now: datetime) -> int:
        """Something happens to a share of the people; returns to how many."""
        touched = self.chance.sample(range(len(self.rows)), int(share * len(self.rows)))
        for position in touched:
            self._happen(self.rows[position], position >= MANAGERS, now.astimezone(ZONE).date())
        for _ in range(self.chance.randint(0, 2)):
            self.rows.append(self._hire(len(self.rows) + 1))
        return len(touched)

    def _happen(self, person: dict[str, str], may_leave: bool, today: date) -> None:
        lot = self.chance.random()
        serial = f"{self.chance.randint(0, 10**9)}"
        if person["status"] == "active" and may_leave and lot < 0.04:
            last = today + timedelta(days=self.chance.randint(-1, 4))
            end = last + timedelta(days=self.chance.choice((0, 3)))
            person.update(status="notice", last_day=last.isoformat(), contract_end=end.isoformat())
        elif person["status"] == "notice" and lot < 0.5:
            person.update(status="active", last_day="", contract_end="")
        elif person["status"] == "notice":
            person.update(status="departed")
        elif person["status"] == "departed" and lot < 0.3:
            person.update(status="rehired", last_day="", contract_end="", title=f"返聘{serial}")
        elif lot > 0.997:
            person.update(title=POISON)
        elif lot > 0.6:
            person.update(department=f"D{serial}", mobile=f"139{int(serial) % 10**8:08d}")
        elif lot > 0.5 and may_leave:
            person.update(manager=f"{self.chance.randint(1, MANAGERS):04d}")
        else:
            person.update(title=f"员工{serial}")
        if person["status"] == "rehired" and lot > 0.9:
            person.update(status="active")

    def conclude(self) -> None:
        """The last news of everybody: legal, and different from all before."""
        for person in self.rows:
            person["title"] = f"终{person['number']}"


def wanted(person: Mapping[str, str], now: datetime) -> AccountState:
    """What an account should be: written down here a second time, independently of the planner."""
    if person["status"] in ("active", "rehired"):
        return AccountState.ENABLED
    today = now.astimezone(ZONE).date()
    if date.fromisoformat(person["contract_end"]) < today:
        return AccountState.REMOVED
    return AccountState.DISABLED if date.fromisoformat(person["last_day"]) < today else AccountState.ENABLED


def faults_of(
    person: Mapping[str, str], record: Record | None, managers: Mapping[str, str] | None, now: datetime
) -> list[str]:
    """In what an account differs from what HR says; ``managers``: number -> external id; None: not kept there."""
    state = wanted(person, now)
    if record is None:
        return [] if state is not AccountState.ENABLED else ["missing"]
    if record.state is not state:
        return [f"is {record.state}, should be {state}"]
    if state is not AccountState.ENABLED:
        return []
    should = {
        "name": person["name"],
        "title": person["title"],
        "department": person.get("department"),
        "mobile": f"{person['mobile']}",
    }
    if managers is not None:
        should["manager"] = managers.get(person["manager"]) if person["manager"] else None
    return [name for name, value in should.items() if (record.fields.get(name) or None) != (value or None)]
