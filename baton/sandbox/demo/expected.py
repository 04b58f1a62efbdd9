"""What the story says must be in each system, worked out from the company and each person's fate, not from the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from baton.sandbox.demo.company import DEPARTMENTS, Person
from baton.sandbox.demo.seen import SYSTEMS, Seen, Sight

Fate = Mapping[str, str]
"""System -> state in its own words, for someone whose account there is not simply in use."""
_IN_USE = {"crm": "active", "erp": "employed", "oa": "active", "wecom": "enabled", "bank": "ACTIVE"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of one person in one system: what should be there and what is."""

    system: str
    number: str
    what: str
    expected: str
    found: str

    @property
    def right(self) -> bool:
        """Whether the two agree."""
        return self.expected == self.found


def expected_sight(system: str, person: Person, fate: Fate) -> Sight:
    """What one system must show of one person."""
    state = fate.get(system, _IN_USE[system])
    if system == "bank":
        return Sight(state, {"name": person.name, "account": person.account})
    if system == "erp":
        return Sight(state, {"name": person.name, "hired": f"{person.hired:%Y-%m-%d}", "manager": person.manager})
    name, position = person.name, person.position
    if system == "crm":
        department = DEPARTMENTS[person.department]
        return Sight(state, {"name": name, "position": position, "department": department, "manager": person.manager})
    if state == "resigned":  # Feishu takes a leaver out of every department
        return Sight(state, {"name": name, "department": ""})
    if state == "removed":  # WeCom knows nothing of somebody who is no member any more
        return Sight(state)
    return Sight(
        state, {"name": name, "position": position, "department": person.department, "manager": person.manager}
    )


def compare(people: Mapping[str, Person], fates: Mapping[str, Fate], seen: Mapping[str, Seen]) -> list[Cell]:
    """Every value of everybody in every system, and everybody who is somewhere and should not be."""
    cells: list[Cell] = []
    for system in SYSTEMS:
        found = seen[system]
        for number, person in people.items():
            wanted = expected_sight(system, person, fates.get(number, {}))
            there = found.people.get(number, Sight("missing"))
            cells.append(Cell(system, number, "state", wanted.state, there.state))
            cells += [
                Cell(system, number, name, value, there.values.get(name, "")) for name, value in wanted.values.items()
            ]
        cells += [
            Cell(system, number, "state", "nobody", there.state)
            for number, there in found.people.items()
            if number not in people
        ]
        cells += [Cell(system, number, "accounts", "1", str(found.copies[number])) for number in found.doubled]
    return cells
