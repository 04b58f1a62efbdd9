"""A rollback that is asked for once more: it tries what the first has left, and nothing that people did since."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import sqlalchemy as sa

from baton.engine.settle import Verdict
from baton.errors import BatonError
from baton.hub import Hub
from baton.hub.migration.findings import differences, paths, refusals, report_document
from baton.hub.migration.left_over import TAKEN_BACK, LeftOver
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.report.verdict import next_steps, standing
from baton.hub.migration.retention import purge
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import Migrated, carry_on
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.store.tables import effects, migrations
from tests.hub.migration.test_rollback import filled
from tests.rig.records import Archive, NewSystem

Rows = dict[str, dict[str, Any]]


def brought(archive: Archive, hub: Hub) -> tuple[str, Rows]:
    """The run of a migration that is through, and what the target held then."""
    plan = plan_migration(hub, archive.request())
    assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
    return plan.run.id, copy.deepcopy(archive.shelf.rows)


def taken_back(hub: Hub, run_id: str) -> Migrated:
    return carry_on(hub, plan_rollback(hub, run_id, "tester").id)


def test_what_people_entered_after_the_first_stays_and_only_what_it_left_is_taken_back(archive: Archive) -> None:
    before = filled(archive, 12)
    rows = archive.shelf.rows
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        rows["00007"]["note"] = "edited later"
        first = taken_back(hub, run_id)
        assert (first.verdict, first.counts["refused"], first.counts[TAKEN_BACK]) == (Verdict.INCOMPLETE, 1, 0)
        for code in ("00003", "00005"):  # the one is corrected, the other entered by hand: they were right after all
            rows[code] = copy.deepcopy(migrated[code])
        rows["00007"] = copy.deepcopy(migrated["00007"])
        second = taken_back(hub, run_id)
        assert (second.verdict, second.run.id != first.run.id) == (Verdict.INCOMPLETE, True)  # theirs is not as before
        assert (second.counts["compared"], second.counts["different"], second.counts[TAKEN_BACK]) == (12, 2, 11)
        assert (second.run.counts["insert"], second.run.counts.get("update", 0), second.move.waves) == (1, 0, (1,))
        assert rows == {**before, "00003": migrated["00003"], "00005": migrated["00005"]}
        document = {**report_document(hub, second.run.id), "retain_until": "2026-12-23"}
        assert (document["counts"][TAKEN_BACK], next_steps(document)) == (11, ["next.again"])
        (tried,) = paths(hub, second.run.id, {"code": "00007"})
        (left,) = paths(hub, second.run.id, {"code": "00003"})
        assert (tried.outcome, left.outcome, left.effect) == ("done", "", "")
        assert "earlier rollback" in left.message


def test_what_the_first_only_seemed_to_take_back_is_named_by_every_further_one_until_it_is_gone(
    archive: Archive,
) -> None:
    before = filled(archive, 12)
    lying = True

    class Lying(NewSystem):
        """Says that it has set back or taken out certain records, and has not."""

        def _one(self, action: str, row: dict[str, Any], was: dict[str, Any] | None) -> Receipt:
            if lying and was is not None and row["code"] in ("00005", "00006") and row["code"] in migrated:
                return Receipt.done()
            return super()._one(action, row, was)

    migrated: Rows = {}
    archive.kind = Lying
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        archive.shelf.rows["00007"]["note"] = "edited later"
        first = taken_back(hub, run_id)
        assert (first.verdict, first.counts["different"], first.counts["refused"]) == (Verdict.INCOMPLETE, 2, 1)
        archive.shelf.rows["00007"] = copy.deepcopy(migrated["00007"])
        lying = False
        second = taken_back(hub, run_id)
        assert (second.verdict, second.counts["different"], second.counts[TAKEN_BACK]) == (Verdict.INCOMPLETE, 2, 11)
        assert f"baton migrate rollback {run_id} --again" in second.reasons[0]
        assert differences(hub, second.run.id)["row"].unique(maintain_order=True).to_list() == [6, 7]
        document = {**report_document(hub, second.run.id), "retain_until": "2026-12-23"}
        assert (standing(document).name, next_steps(document)) == ("undone partly", ["next.again"])
        stays = taken_back(hub, run_id)
        assert (stays.run.id, stays.verdict) == (second.run.id, Verdict.INCOMPLETE)
        assert {code for code, row in archive.shelf.rows.items() if row != before.get(code)} == {"00005", "00006"}
        last = carry_on(hub, plan_rollback(hub, run_id, "tester", again=True).id)
        assert (last.verdict, last.reasons, last.counts["compared"]) == (Verdict.CLEAN, [], 12)
    assert archive.shelf.rows == before


def test_a_target_that_was_restored_between_two_is_not_called_clean_and_can_be_taken_back(archive: Archive) -> None:
    before = filled(archive, 12)
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        archive.shelf.rows["00007"]["note"] = "edited later"
        assert taken_back(hub, run_id).counts["refused"] == 1
        archive.shelf.rows.clear()
        archive.shelf.rows.update(copy.deepcopy(migrated))  # from last night's backup
        second = taken_back(hub, run_id)
        assert (second.verdict, second.counts["different"]) == (Verdict.INCOMPLETE, 11)
        archive.shelf.rows["00002"]["note"] = "edited later"
        third = plan_rollback(hub, run_id, "tester", again=True)
        assert plan_rollback(hub, run_id, "tester").id == third.id  # it is not finished
        done = carry_on(hub, third.id)
        assert (done.verdict, done.counts["different"], done.counts["refused"]) == (Verdict.INCOMPLETE, 0, 1)
        assert archive.shelf.rows == {**before, "00002": {**migrated["00002"], "note": "edited later"}}
        (path,) = paths(hub, third.id, {"code": "00003"})
        assert path.outcome == "done"


def test_where_the_first_left_nothing_it_is_that_one_also_when_asked_again(archive: Archive) -> None:
    filled(archive, 12)
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        first = taken_back(hub, run_id)
        archive.shelf.rows["00005"] = copy.deepcopy(migrated["00005"])
        archive.shelf.calls.clear()
        again = taken_back(hub, run_id)
        assert (again.run.id, again.verdict) == (first.run.id, Verdict.CLEAN)
        assert "00005" in archive.shelf.rows


def test_one_left_over_that_nobody_has_settled_is_incomplete_again_and_a_third_takes_it(archive: Archive) -> None:
    before = filled(archive, 12)
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        archive.shelf.rows["00007"]["note"] = "edited later"
        taken_back(hub, run_id)
        second = taken_back(hub, run_id)
        assert (second.verdict, second.counts["refused"], second.counts["compared"]) == (Verdict.INCOMPLETE, 1, 11)
        document = {**report_document(hub, second.run.id), "retain_until": "2026-12-23"}
        assert next_steps(document) == ["next.changed", "next.earlier"]
        assert refusals(hub, second.run.id)["row"].to_list() == [8]
        archive.shelf.rows["00007"] = copy.deepcopy(migrated["00007"])
        archive.shelf.rows["00006"] = copy.deepcopy(migrated["00006"])
        third = taken_back(hub, run_id)
        assert (third.verdict, third.counts["compared"], third.counts[TAKEN_BACK]) == (Verdict.INCOMPLETE, 12, 11)
        assert differences(hub, third.run.id)["row"].unique().to_list() == [7]
        assert archive.shelf.rows == {**before, "00006": migrated["00006"]}


def test_an_interrupted_second_one_goes_on_and_leaves_the_rest_alone(archive: Archive) -> None:
    before = filled(archive, 12)
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        archive.shelf.rows["00007"]["note"] = "edited later"
        taken_back(hub, run_id)
        archive.shelf.rows["00007"] = copy.deepcopy(migrated["00007"])
        archive.shelf.rows["00005"] = copy.deepcopy(migrated["00005"])
        second = plan_rollback(hub, run_id, "tester")

    for at in ("sending", "written", "proven"):

        def dies(point: str, at: str = at) -> None:
            if point == at:
                raise KeyboardInterrupt

        archive.crash_point = dies
        archive.clock.sleep(120)
        with archive.open() as hub, pytest.raises(KeyboardInterrupt):
            carry_on(hub, second.id)
    archive.crash_point = lambda _: None
    with archive.open() as hub:
        archive.clock.sleep(120)
        done = carry_on(hub, second.id)
    assert (done.verdict, done.counts["compared"], done.counts["different"]) == (Verdict.INCOMPLETE, 12, 1)
    assert archive.shelf.rows == {**before, "00005": migrated["00005"]}


def test_what_people_entered_while_a_rollback_waited_stays_when_it_goes_on(archive: Archive) -> None:
    busy: set[str] = set()

    class Busy(NewSystem):
        def _one(self, action: str, row: dict[str, Any], was: dict[str, Any] | None) -> Receipt:
            if row["code"] in busy:
                return Receipt.not_performed("busy", "not now")
            return super()._one(action, row, was)

    archive.kind = Busy
    before = filled(archive, 12)
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        busy.update(("00006", "00007"))
        first = taken_back(hub, run_id)
        assert first.counts["open"] > 0
        busy.clear()
        for code in ("00003", "00005"):
            archive.shelf.rows[code] = copy.deepcopy(migrated[code])
        archive.clock.sleep(7200)
        done = taken_back(hub, run_id)
        assert (done.run.id, done.verdict, done.counts["open"]) == (first.run.id, Verdict.INCOMPLETE, 0)
        assert (done.counts["refused"], done.counts["different"]) == (0, 2)
        wanted = {**before, "00003": migrated["00003"], "00005": migrated["00005"]}
        assert archive.shelf.rows == wanted
        assert taken_back(hub, run_id).run.id == first.run.id
        assert archive.shelf.rows == wanted


def test_of_a_segment_that_was_given_up_before_it_was_through_all_is_tried_again(archive: Archive) -> None:
    before = filled(archive, 12)
    with archive.open() as hub:
        run_id, _ = brought(archive, hub)
        undo = plan_rollback(hub, run_id, "tester")
        with hub.database.write() as connection:  # by a person, before anything was tried
            given_up = {"state": EffectState.REFUSED.value, "code": "given_up"}
            connection.execute(sa.update(effects).where(effects.c.run_id == undo.id).values(**given_up))
            assert LeftOver.of(hub, connection, run_id).rows(1) is None
        second = taken_back(hub, run_id)
        assert (second.run.id != undo.id, second.verdict, archive.shelf.rows) == (True, Verdict.CLEAN, before)


def test_what_a_person_has_called_done_is_not_tried_again(archive: Archive) -> None:
    filled(archive, 12)
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        undo = plan_rollback(hub, run_id, "tester")
        with hub.database.write() as connection:
            done = {"state": EffectState.DONE.value}
            connection.execute(sa.update(effects).where(effects.c.run_id == undo.id).values(**done))
        assert plan_rollback(hub, run_id, "tester").id == undo.id
        assert archive.shelf.rows == migrated


def test_where_nobody_knows_what_the_first_left_nothing_is_taken_back(archive: Archive) -> None:
    filled(archive, 12)
    with archive.open() as hub:
        run_id, _ = brought(archive, hub)
        archive.shelf.rows["00007"]["note"] = "edited later"
        first = taken_back(hub, run_id)
        held = copy.deepcopy(archive.shelf.rows)
        with hub.database.write() as connection:
            hub.moves.purged(connection, first.run.id, hub.clock.now())
        with pytest.raises(BatonError, match="not known any more") as caught:
            plan_rollback(hub, run_id, "tester")
        assert (caught.value.code, archive.shelf.rows) == ("purged", held)
        assert plan_rollback(hub, run_id, "tester", again=True).id != first.run.id


def test_what_the_first_left_is_kept_while_the_second_is_unfinished(archive: Archive) -> None:
    filled(archive, 12)
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        archive.shelf.rows["00007"]["note"] = "edited later"
        first = taken_back(hub, run_id).run.id
        archive.shelf.rows["00007"] = copy.deepcopy(migrated["00007"])
        second = plan_rollback(hub, run_id, "tester").id
        archive.clock.sleep(60 * 86_400)
        assert purge(hub) == []
        assert carry_on(hub, second).verdict is Verdict.CLEAN
        assert sorted(purge(hub)) == sorted([run_id, first, second])
        with hub.database.read() as connection:
            assert None not in connection.execute(sa.select(migrations.c.purged_at)).scalars().all()


def test_one_that_cannot_go_on_since_the_first_is_deleted_goes_on_by_a_persons_word_and_is_deleted(
    archive: Archive,
) -> None:
    before = filled(archive, 12)
    with archive.open() as hub:
        run_id, migrated = brought(archive, hub)
        archive.shelf.rows["00007"]["note"] = "edited later"
        first = taken_back(hub, run_id).run.id
        archive.shelf.rows["00007"] = copy.deepcopy(migrated["00007"])
        second = plan_rollback(hub, run_id, "tester").id
        archive.clock.sleep(60 * 86_400)
        with hub.database.write() as connection:  # as an earlier Baton did
            hub.moves.purged(connection, first, hub.clock.now())
        with pytest.raises(BatonError, match="not known any more") as caught:
            carry_on(hub, plan_rollback(hub, run_id, "tester").id)
        assert (purge(hub), f"baton migrate rollback {run_id} --again" in caught.value.remedy) == ([], True)
        done = carry_on(hub, plan_rollback(hub, run_id, "tester", again=True).id)
        assert (done.run.id, done.verdict, archive.shelf.rows) == (second, Verdict.CLEAN, before)
        assert sorted(purge(hub)) == sorted([run_id, second])
