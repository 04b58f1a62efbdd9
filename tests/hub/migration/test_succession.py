"""One run into a collection after the other: none is planned on what another is still to write or to take back."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.contracts import Feed
from baton.engine.settle import Verdict
from baton.errors import BatonError
from baton.hub import Hub
from baton.hub.decisions import reject
from baton.hub.migration.planning import plan_migration, preview_migration
from baton.hub.migration.quarantine import write_quarantine
from baton.hub.migration.retention import purge
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import Running, carry_on
from baton.jobs.migration.waves import WavePlan
from baton.model.effect import EffectState
from baton.store.tables import effects
from tests.rig.records import Archive, OldSystem, Shelf, old_row

UNFINISHED = "is not finished, and is about new/staff as well"


class Untouchable(OldSystem):
    """Nobody may read it."""

    def records(self, collection: str) -> Feed:
        raise AssertionError("the source was read for nothing")


def begun(archive: Archive, hub: Hub) -> str:
    """A migration of which the first of two waves is written."""
    run_id = plan_migration(hub, archive.request(waves=WavePlan(1, 0))).run.id
    assert Running(hub, run_id).send(1) == ""
    return run_id


def states(hub: Hub, run_id: str) -> set[EffectState]:
    with hub.database.read() as connection:
        return {effect.state for effect in hub.effects.read(connection, effects.c.run_id == run_id)}


def test_nothing_is_read_for_a_plan_while_another_run_is_unfinished_and_a_dry_run_is_free(archive: Archive) -> None:
    archive.rows = [old_row(number) for number in range(1, 5)]
    with archive.open() as hub:
        run_id = begun(archive, hub)
        assert preview_migration(hub, archive.request()).run.counts["insert"] == 3
        archive.source = Untouchable
        with pytest.raises(BatonError, match=f"{run_id} {UNFINISHED}") as refused:
            plan_migration(hub, archive.request())
        archive.source = OldSystem
        assert refused.value.code == "unfinished"
        assert f"baton migrate resume {run_id}" in refused.value.remedy
        assert carry_on(hub, run_id).verdict is Verdict.CLEAN
        assert plan_migration(hub, archive.request()).run.counts["nothing"] == 4


def test_a_newer_plan_of_the_same_takes_the_place_of_one_that_nobody_has_begun_with(archive: Archive) -> None:
    archive.rows = [old_row(number) for number in range(1, 5)]
    with archive.open() as hub:
        first = plan_migration(hub, archive.request()).run.id
        archive.rows[0]["备注"] = "changed"
        second = plan_migration(hub, archive.request()).run.id
        assert states(hub, first) == {EffectState.SUPERSEDED}
        carry_on(hub, first)
        assert archive.shelf.rows == {}
        assert carry_on(hub, second).verdict is Verdict.CLEAN
    assert archive.shelf.rows["00001"]["note"] == "changed"


def test_a_plan_by_another_mapping_waits_for_its_turn(small: Archive) -> None:
    small.rows = [old_row(1)]
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        small.mapping = small.mapping.replace("  rank: {from: 级别, via: [trim, integer]}\n", "")
        with pytest.raises(BatonError, match=UNFINISHED):
            plan_migration(hub, small.request())
        assert states(hub, first) == {EffectState.PLANNED}


def test_what_is_fed_back_from_the_quarantine_does_not_take_the_place_of_all_the_rest(
    small: Archive, tmp_path: Path
) -> None:
    small.rows = [old_row(1), old_row(2, 级别="none")]
    aside = tmp_path / "aside.csv"
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        write_quarantine(hub, first, aside)
        with pytest.raises(BatonError, match=UNFINISHED):
            plan_migration(hub, small.request(quarantine=aside, corrects=first))
        assert states(hub, first) == {EffectState.PLANNED}


def test_no_migration_is_planned_while_another_is_being_taken_back(small: Archive) -> None:
    small.rows = [old_row(1), old_row(2)]
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        carry_on(hub, first)
        undo = plan_rollback(hub, first, "tester").id
        with pytest.raises(BatonError, match=f"{undo} {UNFINISHED}"):
            plan_migration(hub, small.request())
        assert carry_on(hub, undo).verdict is Verdict.CLEAN
        again = plan_migration(hub, small.request())
        assert (again.run.counts["insert"], carry_on(hub, again.run.id).verdict) == (2, Verdict.CLEAN)


def test_nothing_is_taken_back_under_a_plan_that_is_still_to_go(small: Archive) -> None:
    small.rows = [old_row(1)]
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        carry_on(hub, first)
        small.rows.append(old_row(2))
        small.clock.sleep(60)
        second = plan_migration(hub, small.request()).run.id
        with pytest.raises(BatonError, match=f"{second} {UNFINISHED}"):
            plan_rollback(hub, first, "tester")
        plan_rollback(hub, second, "tester")
        assert carry_on(hub, plan_rollback(hub, first, "tester").id).verdict is Verdict.CLEAN
    assert small.shelf.rows == {}


def test_what_is_held_keeps_others_waiting_until_somebody_has_decided(small: Archive) -> None:
    def another(shelf: Shelf, _action: str, rows: object) -> None:
        for row in shelf.rows.values():
            row["note"] = "rewritten by the target"

    small.rows = [old_row(number) for number in range(1, 5)]
    small.shelf.after_write = another
    with small.open() as hub:
        held = plan_migration(hub, small.request(waves=WavePlan(1, 0))).run.id
        assert carry_on(hub, held).verdict is Verdict.HELD
        with pytest.raises(BatonError, match=UNFINISHED):
            plan_migration(hub, small.request())
        reject(hub, held, "reviewer", "not like this")
        assert plan_migration(hub, small.request()).run.counts["insert"] == 3


def test_what_can_never_go_on_keeps_nobody_waiting(small: Archive) -> None:
    """The staged records of a run that was judged and left have been deleted: nothing of it can be sent any more."""
    small.rows = [old_row(number) for number in range(1, 4)]
    with small.open() as hub:
        run_id = begun(small, hub)
        Running(hub, run_id).conclude()
        small.clock.sleep(31 * 86_400)
        assert purge(hub) == [run_id]
        assert EffectState.PLANNED in states(hub, run_id)
        assert plan_migration(hub, small.request()).run.counts["insert"] == 2


def test_a_plan_that_another_run_has_overtaken_is_not_saved(small: Archive) -> None:
    """Both looked at an empty target; the one that was planned later has written all of it meanwhile."""
    small.rows = [old_row(number) for number in range(1, 6)]

    def overtake(point: str) -> None:
        if point == "planning":
            slow.crash_point = lambda _: None
            small.clock.sleep(5)
            carry_on(fast, plan_migration(fast, small.request()).run.id)

    with small.open() as slow, small.open() as fast:
        slow.crash_point = overtake
        with pytest.raises(BatonError, match="while this was planned"):
            plan_migration(slow, small.request())
        assert plan_migration(slow, small.request()).run.counts["nothing"] == 5
