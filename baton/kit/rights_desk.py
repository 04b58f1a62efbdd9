"""The bench as the laws of rights see it: rights planted there, told and changed by the connector."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from baton.contracts import AccessControl
from baton.kit.bench import Bench, LawBrokenError, expect
from baton.kit.handover_desk import People, unlike
from baton.model.account import Receipt
from baton.model.handover import Grant, GrantChange

Change = Callable[[Sequence[GrantChange]], Sequence[Receipt]]


class RightsDesk(People):
    """Rights of the people of one bench."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.control: AccessControl = bench.connector
        if not hasattr(bench.counterpart, "seed_grant"):
            raise LawBrokenError("the counterpart has no seed_grant, so nothing shows that the law holds")

    def plant(self, person: int, *numbers: int) -> list[str]:
        """Give a person the rights of these numbers, by other means than the connector; their ids."""
        who = self.id(person)
        return [str(self.bench.counterpart.seed_grant(n, who)) for n in numbers]

    def change(self, person: int, grant_id: str) -> GrantChange:
        """One change under a new key."""
        return GrantChange(self.key(), self.person(person), grant_id)

    def call(self, method: Change, changes: Sequence[GrantChange]) -> list[Receipt]:
        """Change in calls of at most the limit; connector errors pass through."""
        limit, receipts = self.control.change_limit, list[Receipt]()
        starts = range(0, len(changes), limit) or [0]  # a call of nothing is a call
        for part in [changes[start : start + limit] for start in starts]:
            answer = list(method(part))
            expect(len(answer) == len(part), f"{len(answer)} receipts for {len(part)} changes, one each is the law")
            receipts += answer
        return receipts

    def told(self, person: int) -> dict[str, Grant]:
        """A person's rights as the connector tells them, each once."""
        grants = list(self.control.grants(self.person(person)))
        found = {grant.id: grant for grant in grants}
        expect(len(found) == len(grants), "a right is told more than once")
        return found

    def granted(self, person: int) -> set[str]:
        """The ids of a person's rights as the other side itself sees them."""
        return {str(grant_id) for grant_id in self.bench.counterpart.granted(self.id(person))}

    def unknown(self, grant_id: str) -> str:
        """The id of a right that is not there: the last part of a known one is another."""
        told = getattr(self.bench.counterpart, "unknown_grant", None)
        return str(told) if told else re.sub(r"\w+(?=\W*$)", lambda last: unlike(last[0]), grant_id)
