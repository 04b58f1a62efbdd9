"""The report's data: what it says of a migration is what happened, and nothing in it is one person's figure."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from baton.hub.migration.figures import FEWEST, agreement, column_figures, shown_stages, shown_totals
from baton.hub.migration.findings import plan_document, report_document
from baton.hub.migration.planning import plan_migration, preview_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.model.account import FieldSpec, FieldType, Receipt
from baton.records.totals import ColumnTotal, Totals
from tests.rig.migrated import ROWS, archive, documents, staff
from tests.rig.records import Archive, NewSystem, old_row

PAY = FieldSpec(FieldType.DECIMAL, personal=True, places=2)
FIELDS = {"code": FieldSpec(), "pay": PAY, "rank": FieldSpec(FieldType.INTEGER)}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    return documents(tmp_path_factory.mktemp("reports"))


def totals(frame: dict[str, list]) -> Totals:
    return Totals.of(
        pl.DataFrame(frame, schema={"code": pl.String, "pay": pl.Decimal(38, 2), "rank": pl.Int64}), FIELDS
    )


@pytest.mark.parametrize(("count", "hidden"), [(1, True), (FEWEST - 1, True), (FEWEST, False)])
def test_a_personal_sum_over_few_values_is_withheld(count, hidden):
    rows = {"code": ["a"] * count, "pay": ["12345.67"] * count, "rank": [3] * count}
    shown = shown_totals(totals(rows), FIELDS)["columns"]
    assert shown["pay"] == ({"count": count, "withheld": True} if hidden else {"count": count, "sum": "61728.35"})
    assert shown["rank"]["sum"] == str(3 * count), "what is not personal stands in clear"


def pays(*amounts: int) -> Totals:
    return totals({"code": ["a"] * len(amounts), "pay": [f"{pay}.00" for pay in amounts], "rank": [1] * len(amounts)})


@pytest.mark.parametrize(
    ("stages", "hidden"),
    [
        ({"planned": range(20), "expected": range(20), "result": range(20)}, set()),
        ({"planned": range(20), "expected": range(10), "result": range(9)}, {"result"}),
        ({"planned": range(20), "expected": range(19), "result": range(10)}, {"expected"}),
        ({"planned": range(20), "expected": range(17), "result": range(14)}, {"expected"}),
        ({"planned": range(20), "expected": range(14), "result": range(8)}, set()),
        ({"expected": range(20), "result": range(19)}, {"result"}),
        ({"expected": range(20), "result": [*range(19), 0]}, {"result"}),
        ({"expected": range(4), "result": range(4)}, {"expected", "result"}),
    ],
)
def test_no_two_stages_that_are_shown_are_a_few_values_apart(stages, hidden):
    """The sums of what the target took and of what was read back differ by the pay of the one record that is missing."""
    shown = shown_stages({name: pays(*amounts) for name, amounts in reversed(stages.items())}, FIELDS)
    assert {name for name, each in shown.items() if "withheld" in each["columns"]["pay"]} == hidden
    assert all("sum" in each["columns"]["rank"] for each in shown.values()), "what is not personal stands in clear"
    assert list(shown) == list(reversed(stages))


class Losing(NewSystem):
    """Refuses ten records, and says of another that it is written."""

    def insert(self, collection, rows):
        found = []
        for row in rows.to_dicts():
            if 100 <= int(row["code"]) < 110:
                found.append(Receipt.refused("too_long", "no"))
                continue
            if int(row["code"]) != 77:
                self.shelf.rows[row["code"]] = row
            found.append(Receipt.done())
        return found


def test_the_report_of_a_run_and_that_of_its_rollback_show_nobodys_pay(small: Archive):
    small.kind = Losing
    small.rows = [old_row(number) for number in range(1, 401)]
    with small.open() as hub:
        run = plan_migration(hub, small.request()).run.id
        carry_on(hub, run)
        stages = report_document(hub, run)["stages"]
        assert [stages[name]["columns"]["pay"]["count"] for name in ("expected", "result")] == [390, 389]
        assert ["sum" in stages[name]["columns"]["pay"] for name in ("expected", "result")] == [True, False]
        small.shelf.rows["00200"]["pay"] = Decimal("9.00")
        undo = plan_rollback(hub, run, "tester").id
        carry_on(hub, undo)
        stages = report_document(hub, undo)["stages"]
    for column in ("pay", "hired"):
        counts = {name: stages[name]["columns"][column]["count"] for name in stages}
        clear = [count for name, count in counts.items() if "withheld" not in stages[name]["columns"][column]]
        assert all(one == other or abs(one - other) >= FEWEST for one in clear for other in clear), counts


def test_totals_agree_even_where_they_are_not_shown():
    one, other = ({"code": ["a"], "pay": [pay], "rank": [1]} for pay in ("1.00", "2.00"))
    stages = {"expected": totals(one), "result": totals(other)}
    assert agreement(stages)["result"] == {
        "against": "expected", "held": ["#", "code", "pay", "rank"], "differing": ["pay"],
    }  # fmt: skip


def test_rows_lost_between_source_and_plan_are_a_disagreement():
    source, planned = Totals(3, {"pay": ColumnTotal(2)}), Totals(2, {"pay": ColumnTotal(2)})
    assert agreement({"source": source, "planned": planned})["planned"]["differing"] == ["#"]


def test_a_record_that_is_missing_is_alike_in_no_column():
    rows = [(2, "", "missing"), (3, "pay", "value"), (3, "rank", "value"), (4, "pay", "scale"), (2, "pay", "value")]
    unlike = pl.DataFrame(rows, schema=["row", "column", "cause"], orient="row")
    figures = column_figures(FIELDS, 10, unlike)
    assert {name: figure["alike"] for name, figure in figures.items()} == {"code": 9, "pay": 7, "rank": 8}
    assert {name: figure["different"] for name, figure in figures.items()} == {"code": 0, "pay": 3, "rank": 1}


def test_a_field_that_cannot_be_read_back_was_not_compared():
    figures = column_figures({"password": FieldSpec(readable=False)}, 10, pl.DataFrame(schema=["row", "column"]))
    assert (figures["password"]["compared"], figures["password"]["alike"]) == (0, 0)


def test_a_spoiled_migration_is_described_as_it_was(reports):
    document = reports["different"]
    counts = document["counts"]
    assert (counts["read"], counts["planned"], counts["quarantined"]) == (ROWS, ROWS - 2, 2)
    assert (counts["compared"], counts["alike"], counts["different"]) == (298, 295, 3)
    assert document["causes"] == {
        "missing": {"cells": 1, "representation": False},
        "padding": {"cells": 1, "representation": True},
        "value": {"cells": 1, "representation": False},
    }
    assert [(each["row"], each["column"], each["cause"]) for each in document["differences"]] == [
        (151, "name", "value"), (154, "note", "padding"), (201, "", "missing"),
    ]  # fmt: skip
    assert document["columns"]["name"]["alike"] == 296
    assert document["columns"]["code"]["alike"] == 297
    assert document["rules"] == {"via.decimal": 1, "cleaning": 1, "via.integer": 1}
    assert document["cleaning"] == {"级别": 33}
    assert document["agreement"]["planned"]["differing"] == []
    assert document["agreement"]["result"]["differing"][0] == "#"


def test_what_was_put_aside_shows_nobodys_pay(reports):
    assert reports["different"]["stages"]["quarantined"]["columns"]["pay"] == {"count": 2, "withheld": True}


def test_a_dry_run_has_the_same_shape_and_keeps_nothing(tmp_path):
    company = archive(tmp_path, staff())
    hub = company.open()
    document = plan_document(preview_migration(hub, company.request()))
    assert company.shelf.rows == {}
    assert not list(hub.staging.folders())
    plan = plan_migration(hub, company.request())
    planned = report_document(hub, plan.run.id)
    hub.close()
    assert list(document) == list(planned)
    assert all(list(document[part]) == list(planned[part]) for part in ("run", "route", "columns", "listed"))
    same = ("counts", "waves", "stages", "agreement", "cleaning", "rules", "columns", "listed")
    assert {part: document[part] for part in same} == {part: planned[part] for part in same}
    assert sorted(map(str, document["quarantine"])) == sorted(map(str, planned["quarantine"]))
    assert (document["run"]["verdict"], document["run"]["kind"]) == ("dry run", "dry run")
    assert document["run"]["plan_hash"] == planned["run"]["plan_hash"]


def test_a_held_run_shows_what_was_proved_before_it_was_held(reports):
    document = reports["held"]
    assert (document["counts"]["compared"], document["counts"]["alike"]) == (1, 0)
    assert document["stages"]["result"]["rows"] == 1
    assert document["columns"]["name"]["alike"] == 0


def test_a_rollback_is_not_described_by_the_migration_it_takes_back(reports):
    document = reports["undone"]
    assert (document["run"]["kind"], document["run"]["verdict"]) == ("rollback", "clean")
    assert set(document["stages"]) == {"expected", "result"}
    assert (document["rules"], document["cleaning"]) == ({}, {})
    assert set(document["roots"]) == {"result"}
    assert document["roots"] != {"result": reports["clean"]["roots"]["result"]}


def test_a_rollback_counts_its_own_time_only(small: Archive):
    small.rows = [old_row(number) for number in range(1, 20)]
    small.shelf.on_write = lambda *_: small.clock.sleep(30)
    hub = small.open()
    plan = plan_migration(hub, small.request())
    carry_on(hub, plan.run.id)
    assert report_document(hub, plan.run.id)["timings_s"]["sent_in_s"] >= 60
    small.shelf.on_write = lambda *_: None
    undo = plan_rollback(hub, plan.run.id, "tester")
    assert report_document(hub, undo.id)["timings_s"] == {}
    assert report_document(hub, undo.id)["roots"] == {}
    hub.close()
