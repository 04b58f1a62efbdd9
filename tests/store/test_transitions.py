"""The closed machine, and the audit entry that every step leaves in the same transaction."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa

from baton.errors import TransitionError
from baton.model.account import Action, Outcome, Receipt
from baton.model.effect import TRANSITIONS, EffectState, Intention, require_transition
from baton.store.effects import Drafted
from baton.store.leases import Settlement, _state_after
from baton.store.tables import effects
from baton.store.trail import log
from tests.store.desk import Desk

ALLOWED = {
    "planned": "held sent superseded",
    "held": "planned superseded",
    "sent": "accepted done refused in_doubt planned",
    "accepted": "done refused in_doubt",
    "in_doubt": "done accepted planned refused",
}


def test_only_the_listed_steps_are_possible() -> None:
    possible = {}
    for before, after in itertools.product(EffectState, EffectState):
        try:
            require_transition(before, after)
        except TransitionError:
            continue
        possible.setdefault(before.value, set()).add(after.value)
    assert possible == {before: set(after.split()) for before, after in ALLOWED.items()}


def test_what_is_final_stays_final() -> None:
    assert [state for state in EffectState if not TRANSITIONS[state]] == [
        state for state in EffectState if not state.open
    ]


@pytest.mark.parametrize("state", [EffectState.DONE, EffectState.REFUSED, EffectState.SUPERSEDED, EffectState.PLANNED])
@pytest.mark.parametrize("outcome", Outcome)
def test_no_receipt_moves_what_is_not_under_way(state: EffectState, outcome: Outcome) -> None:
    with pytest.raises(TransitionError):
        _state_after(state, outcome)


def test_what_was_accepted_is_never_sent_again_because_it_is_not_seen() -> None:
    assert _state_after(EffectState.ACCEPTED, Outcome.NOT_PERFORMED) is EffectState.IN_DOUBT


def test_every_step_leaves_its_audit_entry(desk: Desk) -> None:
    desk.plan("0001", Action.UPDATE)
    with desk.database.write() as connection:
        desk.effects.hold(connection, "run-1")
        desk.effects.release(connection, "run-1")
    desk.claim()
    desk.crash()
    desk.settle(desk.doubtful(), Receipt.accepted())
    assert desk.moves() == [
        (None, "planned"),
        ("planned", "held"),
        ("held", "planned"),
        ("planned", "sent"),
        ("sent", "in_doubt"),
        ("in_doubt", "accepted"),
    ]


class PulledPlugError(Exception):
    pass


def plug_pulled(desk: Desk, step) -> None:
    def torn() -> None:
        with desk.database.write() as connection:
            step(connection)
            raise PulledPlugError

    with pytest.raises(PulledPlugError):
        torn()


STEPS = {
    "hold": lambda desk, connection: desk.effects.hold(connection, "run-1"),
    "supersede": lambda desk, connection: desk.effects.supersede(connection, "sync", "crm", ["0001"], why="newer_plan"),
    "engage": lambda desk, connection: desk.runs.engage(connection, "all", "op", "why"),
    "decide": lambda desk, connection: desk.runs.decide(connection, desk.runs.get(connection, "run-1"), "release", "b", "w"),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_a_rolled_back_step_leaves_neither_row_nor_entry(desk: Desk, step: str) -> None:
    desk.plan("0001")
    with desk.database.read() as connection:
        size = log.head(connection).size
    plug_pulled(desk, lambda connection: STEPS[step](desk, connection))
    assert desk.states() == [("0001", 1, "planned")]
    with desk.database.read() as connection:
        assert log.head(connection).size == size
        assert desk.runs.engaged(connection) == {}
        assert desk.runs.decisions(connection, "run-1") == []
        assert log.verify_database(connection).findings == ()


def test_a_rolled_back_receipt_leaves_effect_link_and_log_as_they_were(desk: Desk) -> None:
    desk.plan("0001")
    (effect,) = desk.claim()
    before = desk.moves()
    plug_pulled(desk, lambda c: desk.leases.settle(c, [Settlement(effect, Receipt.done("x1"))]))
    assert (desk.states(), desk.moves()) == ([("0001", 1, "sent")], before)
    with desk.database.read() as connection:
        link = desk.links.of(connection, "crm", ["0001"])["0001"]
    assert (link.state, link.external_id, link.applied) == ("absent", None, {})


def test_a_newer_plan_supersedes_what_was_not_sent(desk: Desk) -> None:
    desk.plan("0001", Action.UPDATE, Action.DISABLE)
    desk.plan("0001", Action.UPDATE, run="run-2")
    assert desk.states() == [("0001", 1, "superseded"), ("0001", 2, "superseded"), ("0001", 3, "planned")]


def test_a_newer_plan_supersedes_what_was_held(desk: Desk) -> None:
    desk.plan("0001", Action.DISABLE)
    with desk.database.write() as connection:
        desk.effects.hold(connection, "run-1")
    desk.plan("0001", Action.UPDATE, run="run-2")
    assert desk.states() == [("0001", 1, "superseded"), ("0001", 2, "planned")]


def test_what_has_been_sent_is_never_superseded(desk: Desk) -> None:
    desk.plan("0001", Action.UPDATE)
    desk.claim()
    desk.plan("0001", Action.UPDATE, run="run-2")
    assert desk.states() == [("0001", 1, "sent"), ("0001", 2, "planned")]
    assert desk.claim() == []


def test_other_people_and_systems_keep_their_plans(desk: Desk) -> None:
    desk.plan_all(["0001", "0002"])
    with desk.database.write() as connection:
        assert desk.effects.supersede(connection, "sync", "erp", ["0001"], why="newer_plan") == 0
        assert desk.effects.supersede(connection, "sync", "crm", ["0001"], why="newer_plan") == 1
    assert desk.states() == [("0001", 1, "superseded"), ("0002", 1, "planned")]


def test_a_rejected_run_is_superseded_and_a_released_one_is_marked_approved(desk: Desk) -> None:
    desk.plan("0001", Action.DISABLE, run="run-1")
    desk.plan("0002", Action.DISABLE, run="run-2")
    with desk.database.write() as connection:
        for run in ("run-1", "run-2"):
            desk.effects.hold(connection, run)
        assert desk.effects.reject(connection, "run-1") == 1
        assert desk.effects.release(connection, "run-2") == 1
    assert desk.rows("number", "state", "code", "approved") == [
        ("0001", "superseded", "rejected", False),
        ("0002", "planned", "", True),
    ]


def test_held_effects_are_not_sent(desk: Desk) -> None:
    desk.plan("0001")
    with desk.database.write() as connection:
        desk.effects.hold(connection, "run-1")
    assert desk.claim() == []


def test_no_statement_grows_with_how_much_is_given_up_by_its_key(desk: Desk) -> None:
    """PostgreSQL takes no statement with more than 65,535 parameters."""
    desk.plan_all([f"{number:04d}" for number in range(2_000)])
    with desk.database.write() as connection:
        connection.execute(sa.update(effects).values(doubted=True))
    keys = [key for (key,) in desk.rows("key")]
    counted: list[int] = []

    def count(_raw: Any, _cursor: Any, _statement: str, parameters: Any, _context: Any, many: bool) -> None:
        counted.append(0 if many else len(parameters))

    sa.event.listen(desk.database.engine, "before_cursor_execute", count)
    with desk.database.write() as connection:
        gone = desk.effects.cancel_keys(connection, keys, why="overtaken", absent=keys[:1_900])
    assert gone == set(keys[:1_900])
    assert max(counted) < 1_500


def test_an_effect_s_key_can_exist_only_once(desk: Desk) -> None:
    desk.plan("0001")
    with desk.database.read() as connection:
        (effect,) = desk.effects.read(connection)
    assert len(effect.key) == 64
    again = Intention("crm", "0001", Action.PROVISION, desk.clock.now(), {"name": "测试乙"})

    def insert_again() -> None:
        with desk.database.write() as connection:
            desk.effects.insert(connection, "sync", "run-1", [Drafted(again, 1, "", {})])

    with pytest.raises(sa.exc.IntegrityError):
        insert_again()
    assert desk.states() == [("0001", 1, "planned")]
