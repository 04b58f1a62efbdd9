"""Looking again: records that nobody planned, and what can be said of them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from baton.contracts import Feed, RecordTarget
from baton.engine.settle import Verdict
from baton.hub.migration import planning
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.running import carry_on
from baton.hub.migration.verifying import Proof, verify
from baton.jobs.migration.surplus import NO_ROW
from baton.jobs.migration.transform import ROW, Transformed
from baton.model.source_rows import SourcePage
from tests.rig.records import STAFF, Archive, NewSystem, OldSystem, old_row


class Unreadable(NewSystem):
    """Can be counted, and asked by key; cannot be read whole."""

    def collections(self) -> list[str]:
        return []


@pytest.mark.parametrize(("kind", "said"), [(NewSystem, "stray (5)"), (Unreadable, "1 records")])
def test_a_record_that_nobody_planned_is_named_where_the_target_can_be_read_and_counted_where_not(
    small: Archive, kind: type[RecordTarget], said: str
) -> None:
    small.kind = kind
    small.rows = [old_row(number) for number in range(1, 101)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
        small.shelf.rows["stray"] = {**dict.fromkeys(STAFF), "code": "stray"}
        del small.shelf.rows["00007"]
        found = verify(hub, plan.run.id).differences[Proof.RESULT]
        assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN, "what was proved then stays proved"
    assert found.select("row", "cause", "found").rows() == [(8, "missing", ""), (NO_ROW, "extra", said)]


def test_in_a_collection_that_was_not_empty_nobody_is_called_surplus(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 11)]
    small.shelf.rows["theirs"] = {**dict.fromkeys(STAFF), "code": "theirs"}
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        assert verify(hub, plan.run.id).alike


def test_planned_records_that_stand_twice_or_come_from_no_row_are_of_the_mapping(
    small: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = planning.transform

    def inventive(*given: object) -> Transformed:
        done = honest(*given)
        copy, invention = (
            done.records[2:3],
            done.records[4:5].with_columns(pl.lit(999, pl.Int64).alias(ROW), pl.lit("nobody").alias("code")),
        )
        return replace(done, records=pl.concat([done.records, copy, invention]))

    monkeypatch.setattr(planning, "transform", inventive)
    monkeypatch.setattr(planning, "agree", lambda *_: [])
    monkeypatch.setattr(planning._Planning, "_used", lambda _self, source, *_: source)
    small.rows = [old_row(number) for number in range(1, 11)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        found = verify(hub, plan.run.id)
    assert set(found.differences[Proof.TRANSFORM].select("row", "cause").rows()) == {(4, "duplicate"), (999, "extra")}
    assert found.differences[Proof.SOURCE].height == found.differences[Proof.RESULT].height == 0


@pytest.mark.parametrize("lost", ["备注", "工号"])
def test_a_column_that_the_source_has_lost_since_is_a_difference_of_the_source(small: Archive, lost: str) -> None:
    """A later export without it is just what a second look is there to find."""
    gone: list[str] = []

    class Narrower(OldSystem):
        def records(self, collection: str) -> Feed:
            feed = super().records(collection)
            return Feed(feed.origin, (SourcePage(page.rows.drop(gone), page.first_row) for page in feed.pages))

    small.source = Narrower
    small.rows = [old_row(number) for number in range(1, 5)]
    with small.open() as hub:
        plan = plan_migration(hub, small.request())
        carry_on(hub, plan.run.id)
        gone.append(lost)
        found = verify(hub, plan.run.id)
    told = found.differences[Proof.SOURCE].select("row", "column", "cause").rows()
    everyone = [(row, "", cause) for cause in ("missing", "extra") for row in range(2, 6)]
    assert told == ([(4, lost, "value")] if lost == "备注" else everyone)
    assert found.differences[Proof.TRANSFORM].height == found.differences[Proof.RESULT].height == 0
