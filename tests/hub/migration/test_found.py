"""Records that somebody else has brought into the planned state first: they are there, and they are not ours."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from baton.engine.settle import Verdict
from baton.errors import HaltError, InDoubtError, RejectedError
from baton.hub import Hub
from baton.hub.migration.findings import refusals
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import Migrated, carry_on
from baton.jobs.migration.waves import WavePlan
from baton.model.account import FieldSpec
from baton.model.effect import LATEST_COPY
from tests.rig.records import STAFF, Archive, NewSystem, Shelf, old_row

AT_ONCE = WavePlan(0, 0)
THEIRS = "00002"


def planned(archive: Archive, hub: Hub) -> str:
    return plan_migration(hub, archive.request(waves=AT_ONCE)).run.id


def taken_back(archive: Archive, hub: Hub, run_id: str) -> Migrated:
    undo = plan_rollback(hub, run_id, "tester")
    archive.clock.sleep(LATEST_COPY.total_seconds() + 1)
    return carry_on(hub, undo.id)


def as_planned(archive: Archive, code: str, **given: Any) -> dict[str, Any]:
    """The record as a migration would make it, from a second archive of the same rows."""
    other = Archive(archive.folder / "other", f"sqlite:///{archive.folder}/other.sqlite3", rows=archive.rows)
    other.folder.mkdir(exist_ok=True)
    with other.open() as hub:
        carry_on(hub, planned(other, hub))
    return {**other.shelf.rows[code], **given}


@pytest.fixture
def entered(small: Archive) -> Archive:
    """Twenty records are to be migrated into a collection with a field that the mapping does not know."""
    small.fields = {**STAFF, "theirs": FieldSpec()}
    small.rows = [old_row(number) for number in range(1, 21)]
    return small


def test_a_record_that_a_clerk_entered_first_is_proved_and_outlives_the_way_back(entered: Archive) -> None:
    theirs = as_planned(entered, THEIRS, theirs="entered by hand")
    with entered.open() as hub:
        run = planned(entered, hub)
        entered.shelf.rows[THEIRS] = theirs
        done = carry_on(hub, run)
        assert (done.verdict, done.counts["compared"], done.counts["found"]) == (Verdict.CLEAN, 20, 1)
        assert refusals(hub, run).select("row", "outcome").rows() == [(3, "found")]
        back = taken_back(entered, hub, run)
    assert (entered.shelf.rows, back.verdict, back.counts["compared"]) == ({THEIRS: theirs}, Verdict.CLEAN, 19)


@pytest.mark.parametrize("name", ["测试", "测试2 "], ids=["shorter", "padded"])
def test_a_record_that_a_clerk_wrote_a_little_otherwise_is_not_taken_for_ours(entered: Archive, name: str) -> None:
    with entered.open() as hub:
        run = planned(entered, hub)
        entered.shelf.rows[THEIRS] = as_planned(entered, THEIRS, name=name)
        done = carry_on(hub, run)
        assert refusals(hub, run).select("row", "code").rows() == [(3, "changed")]
        taken_back(entered, hub, run)
    assert (list(entered.shelf.rows), done.verdict) == ([THEIRS], Verdict.INCOMPLETE)


def test_a_change_that_a_clerk_made_first_is_not_reverted(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 4)]
    with small.open() as hub:
        carry_on(hub, planned(small, hub))
        small.clock.sleep(60)
        small.rows[0]["备注"] = small.rows[1]["备注"] = "new note"
        run = planned(small, hub)
        small.shelf.rows[THEIRS]["note"] = "new note"
        done = carry_on(hub, run)
        back = taken_back(small, hub, run)
    assert [small.shelf.rows[code]["note"] for code in ("00001", THEIRS)] == [None, "new note"]
    assert (done.verdict, done.counts["found"], back.verdict) == (Verdict.CLEAN, 1, Verdict.CLEAN)


class _Narrow(NewSystem):
    """Takes five records per call, so that a segment is several."""

    record_batch_limit = 5


@pytest.mark.parametrize("resumed", [True, False], ids=["carried on", "taken back at once"])
def test_it_stays_theirs_when_the_target_goes_away_after_it(entered: Archive, *, resumed: bool) -> None:
    theirs = as_planned(entered, THEIRS)

    def gone(shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
        if len(shelf.rows) > 5:
            raise HaltError("the password has expired", remedy="renew it")

    entered.kind = _Narrow
    entered.shelf.on_write = gone
    with entered.open() as hub:
        run = planned(entered, hub)
        entered.shelf.rows[THEIRS] = theirs
        carry_on(hub, run)
        entered.shelf.on_write = lambda *_: None
        assert len(entered.shelf.rows) == 10
        if resumed:
            entered.clock.sleep(7200)
            done = carry_on(hub, run)
            assert (done.verdict, done.counts["found"]) == (Verdict.CLEAN, 1)
        taken_back(entered, hub, run)
    assert entered.shelf.rows == {THEIRS: theirs}


def test_it_stays_theirs_when_it_cannot_be_looked_at_at_first(entered: Archive) -> None:
    theirs = as_planned(entered, THEIRS)
    blind: list[bool] = []

    class Blind(NewSystem):
        def fetch(self, collection, keys, fields):
            if blind:
                raise RejectedError("cannot read just now", code="stored_value")
            return super().fetch(collection, keys, fields)

    entered.kind = Blind
    entered.shelf.after_write = lambda *_: blind.append(True)
    with entered.open() as hub:
        run = planned(entered, hub)
        entered.shelf.rows[THEIRS] = theirs
        assert carry_on(hub, run).verdict is not Verdict.CLEAN
        entered.shelf.after_write = lambda *_: blind.clear()
        blind.clear()
        entered.clock.sleep(7200)
        assert carry_on(hub, run).counts["found"] == 1
        taken_back(entered, hub, run)
    assert entered.shelf.rows == {THEIRS: theirs}


def _killed(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
    raise KeyboardInterrupt


def _lost(_shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
    raise InDoubtError("no answer")


@pytest.mark.parametrize("after", [_killed, _lost])
def test_what_we_wrote_and_never_heard_of_is_ours_though_it_is_found_as_planned(
    entered: Archive, after: Callable[[Shelf, str, pl.DataFrame], None]
) -> None:
    entered.shelf.after_write = after
    with entered.open() as hub:
        run = planned(entered, hub)
        with contextlib.suppress(KeyboardInterrupt):
            carry_on(hub, run)
    entered.shelf.after_write = lambda *_: None
    entered.clock.sleep(7200)
    with entered.open() as hub:
        done = carry_on(hub, run)
        assert (done.verdict, done.counts["found"]) == (Verdict.CLEAN, 0)
        taken_back(entered, hub, run)
    assert entered.shelf.rows == {}
