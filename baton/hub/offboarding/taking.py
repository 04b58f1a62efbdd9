"""Taking rights from successors again where nobody needs them there, until their systems show that they have gone.

A taking that was refused is told in every run and tried again once a day. Before that the system is asked: a person may
have taken the right by hand, and then there is nothing left to take, or to tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.ahead import A_DAY
from baton.hub.offboarding.intentions import JOB
from baton.hub.offboarding.moving import save_moves
from baton.hub.offboarding.needing import COUNTS, call_back_needed, no_longer_needed, taking_refused
from baton.hub.offboarding.proving import read_back
from baton.model.case import Case, CaseState
from baton.model.effect import Effect, Intention
from baton.store.rights import NOT_THERE

_Thing = tuple[str, str]
"""A system and what an effect there is about."""


class Takings:
    """The rights that some cases should take from successors; what has to be asked is asked when this is made.

    ``states``: the cases by id, and where each stands. What was refused is noted in ``troubles``: "case system" -> why.
    """

    def __init__(self, hub: Hub, states: Mapping[str, CaseState], troubles: dict[str, str]) -> None:
        self.hub = hub
        with hub.database.read() as connection:
            counts = {case_id: COUNTS[state] for case_id, state in states.items()}
            wanted = no_longer_needed(hub, connection, counts) if counts else {}
            things = {(what.system, what.number) for each in wanted.values() for what in each}
            refused = taking_refused(hub, connection, things)
        again = [effect for effect in refused.values() if self._is_old(effect)]
        shown = read_back(hub, again).shown
        self.gone = {(effect.system, effect.number) for effect in again if shown.get(effect.key, False)}
        self.cases = [case_id for case_id, each in wanted.items() if self._anything_now(each, refused)]
        for case_id, each in wanted.items():
            _tell(case_id, each, refused, self.gone, troubles)

    def _is_old(self, refusal: Effect) -> bool:
        return refusal.due_at <= self.hub.clock.now() - A_DAY

    def _anything_now(self, wanted: Sequence[Intention], refused: Mapping[_Thing, Effect]) -> bool:
        return any(
            (refusal := refused.get((what.system, what.number))) is None or self._is_old(refusal) for what in wanted
        )

    def due(self, connection: sa.Connection, case: Case, wanted: Sequence[Intention]) -> list[Intention]:
        """Those of these takings that can be tried now; what has gone already is noted, and is not among them."""
        gone = [what for what in wanted if (what.system, what.number) in self.gone]
        if gone:
            run_id = save_moves(self.hub, connection, case, [], [(what, {}) for what in gone])
            self.hub.effects.cancel(connection, run_id, why=NOT_THERE)
        refused = taking_refused(self.hub, connection, {(what.system, what.number) for what in wanted})
        waiting = {thing for thing, refusal in refused.items() if not self._is_old(refusal)}
        return [what for what in wanted if (what.system, what.number) not in waiting | self.gone]


def call_back_needed_again(hub: Hub) -> None:
    """Call back the takings that wait to be sent of rights that are needed again; one statement where none waits.

    A system that is down, or a kill switch, may keep one waiting for days. Once the right is needed no more, its taking
    is planned anew.
    """
    with hub.database.read() as connection:
        waiting = hub.caseload.takings_unsent(connection, JOB)
    if not waiting:
        return
    with hub.database.write() as connection:
        cases = hub.cases.locked(connection, sorted({case_id for case_id, _ in waiting}))
        call_back_needed(hub, connection, cases, waiting)


def _tell(
    case_id: str,
    wanted: Sequence[Intention],
    refused: Mapping[_Thing, Effect],
    gone: Collection[_Thing],
    troubles: dict[str, str],
) -> None:
    for thing in [(what.system, what.number) for what in wanted]:
        if thing in refused and thing not in gone:
            person, why = refused[thing].fields["person_number"], refused[thing].message
            troubles[f"{case_id} {thing[0]}"] = f"a right of {person} that is not needed was not taken: {why}"
