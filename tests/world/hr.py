"""HR of one world: people resign, take it back, leave, come back; and HR's system calls, late, twice, or in another's name."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from baton.console.webhooks import receive
from baton.hub import Hub
from baton.model.case import CaseState
from tests.offboarding.world import LEAVING
from tests.rig.payroll import card
from tests.simulation.people import ZONE
from tests.simulation.trouble import POISON
from tests.world.site import signed
from tests.world.world import OTHERS, Whole

LONG_AGO = date(2026, 10, 15)
"""Before the period that is paid for: told late."""
_LATEST_CALL_S = (60.0, 3600.0, 72 * 3600.0)


class Personnel:
    """Changes the feed, and has the hub called about it."""

    def __init__(self, world: Whole) -> None:
        self.world = world
        self.chance = world.chance
        self.rows = {person["number"]: person for person in world.company.rows}
        self.did: Counter[str] = Counter()
        self.calls: list[tuple[float, str]] = []
        """(when, event): what is still to be said, and what was not answered."""
        self.said: set[str] = set()
        """Events that have been answered with 200."""
        self._changes = 0

    def act(self) -> None:
        """Something happens to somebody."""
        number = self.chance.choice((*LEAVING, *LEAVING, *OTHERS))
        what = self._leaver(self.rows[number]) if number in LEAVING else self._another(self.rows[number])
        if what:
            self.did[what] += 1
            self.world.note(f"HR {number} {what}")
            self._changes += 1
            for _ in range(self.chance.choice((1, 1, 2, 3))):
                late = self.chance.uniform(0.0, self.chance.choice(_LATEST_CALL_S))
                self.calls.append((self.world.clock.monotonic() + late, f"event-{self._changes:04d}"))

    def _leaver(self, person: dict[str, str]) -> str:
        today, lot = self._today(), self.chance.random()
        match person["status"]:
            case "active" | "rehired" if lot < 0.75 and self._hands_over(person["number"]):
                return ""  # a new date would be taken for a postponement, and rights may be gone by the old one
            case "active" | "rehired" if lot < 0.05:
                self._goes(person, LONG_AGO, LONG_AGO)
                person.update(status="departed")
                return "has left long ago"
            case "active" | "rehired" if lot < 0.7:
                last = today + timedelta(days=self.chance.randint(0, 2))
                end = last + timedelta(days=self.chance.choice((0, 2)))
                self._goes(person, last, end)
                return "resigns"
            case "notice" if lot < 0.35:
                person.update(status="active", last_day="", contract_end="", pay_end="")
                return "stays after all"
            case "notice" if lot < 0.7 and date.fromisoformat(person["last_day"]) <= today:
                person.update(status="departed")
                return "departs"
            case "departed" if lot < 0.2:
                person.update(status="rehired", last_day="", contract_end="", pay_end="")
                return "comes back"
        return ""

    def _another(self, person: dict[str, str]) -> str:
        lot = self.chance.random()
        if lot < 0.1:
            person.update(account=card(int(person["number"]) + 1000 * self.chance.randint(1, 9)))
            return "other account"
        person.update(title=POISON if lot > 0.95 else f"员工{self.chance.randint(1, 999)}")
        return "other title"

    def _goes(self, person: dict[str, str], last: date, end: date) -> None:
        person.update(status="notice", last_day=last.isoformat(), contract_end=end.isoformat(), pay_end=end.isoformat())

    def _hands_over(self, number: str) -> bool:
        """Whether the hub has an unfinished case of somebody."""
        with self.world.hub.database.read() as connection:
            known = self.world.hub.cases.of_person(connection, number)
        return any(case.state in (CaseState.OPEN, CaseState.PAUSED) for case in known)

    def _today(self) -> date:
        return self.world.clock.now().astimezone(ZONE).date()

    def call(self, hub: Hub) -> None:
        """Everything that is due is said; what breaks off before its answer is said again."""
        now = self.world.clock.monotonic()
        for call in sorted(call for call in self.calls if call[0] <= now):
            body = call[1].encode()
            if self.chance.random() < 0.1:
                forged = receive(hub, "hr", {"signature": "0" * 64}, f"forged-{call[1]}".encode())
                assert forged is not None
                assert forged.reply.status == 401
            answer = receive(hub, "hr", signed(body), body)
            assert answer is not None
            self.world.crash_point("hint_stored")
            assert answer.reply.status == 200
            self.calls.remove(call)
            self.said.add(call[1])

    def conclude(self) -> None:
        """Whoever was to leave has left, the others are named otherwise once more; all is said."""
        yesterday = self._today() - timedelta(days=1)
        for person in self.rows.values():
            if person["status"] == "notice":
                if date.fromisoformat(person["last_day"]) > yesterday:  # a later one would be a postponement again
                    self._goes(person, yesterday, yesterday)
                person.update(status="departed")
            person["title"] = f"终{person['number']}"
        self.calls = [(0.0, event) for _, event in self.calls]
