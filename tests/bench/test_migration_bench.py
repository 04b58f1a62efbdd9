"""The bench itself, small: its data are what they say, and each side does the work it is timed for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import polars as pl
import pytest

from baton.records.check_digits import identity_fits, luhn_fits
from tests.bench.figures import Verdict
from tests.bench.migration.bars import AtLeast, AtMost, Unknown
from tests.bench.migration.data import bad_rows, employees, write_csv
from tests.bench.migration.loading import Loads
from tests.bench.migration.measure import BrokenRunError, measure, median
from tests.bench.migration.ours import check_rows, write_pair
from tests.bench.migration.ours.map_rows import mapped
from tests.bench.migration.ours.reading import records
from tests.bench.migration.workbooks import with_false_dimension, write_workbook
from tests.servers.postgres import Postgres

ROWS = 2_000


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "staff.csv"
    write_csv(path, ROWS)
    return path


def test_the_invented_numbers_fit_but_for_the_rows_that_must_not():
    people = pl.concat(list(employees(6_000)))
    fits = people.select(identity_fits(pl.col("证件号码")) & luhn_fits(pl.col("银行卡号"))).to_series()
    assert people["工号"].is_unique().all()
    assert people["银行卡号"].is_unique().all()
    assert (~fits).arg_true().to_list() == [499, 4_499, 5_499]
    assert bad_rows(6_000) == 6


def test_the_same_rows_are_made_however_many_are_wanted():
    few, many = next(employees(100)), next(employees(ROWS))
    assert few.equals(many.head(100))


def test_the_mapping_takes_all_but_the_bad_rows(source):
    assert sum(page.height for page in mapped(source)) == ROWS - bad_rows(ROWS)


def test_one_record_in_a_hundred_is_changed(source):
    before = pl.concat(list(mapped(source)))
    after = write_pair.changed(before)
    different = sum((before[name].ne_missing(after[name])).sum() for name in before.columns)
    assert different == len(range(0, before.height, 100))


def test_the_result_check_finds_every_record_that_was_changed(source, tmp_path, capsys, monkeypatch):
    expected, found = tmp_path / "expected.parquet", tmp_path / "found.parquet"
    for script, arguments in ((write_pair, (source, expected, found)), (check_rows, (expected, found))):
        monkeypatch.setattr(sys, "argv", ["script", *map(str, arguments)])
        script.main()
    assert capsys.readouterr().out == "20 differ\n"


def test_a_workbook_with_a_false_dimension_is_otherwise_the_same(tmp_path):
    write_workbook(tmp_path / "book.xlsx", 20)
    with_false_dimension(tmp_path / "book.xlsx", tmp_path / "false.xlsx")
    there = [_rows(tmp_path / name) for name in ("book.xlsx", "false.xlsx")]
    assert there[0] == there[1]
    assert len(there[0]) == 20


def _rows(path: Path) -> list[tuple[object, ...]]:
    return [row for page in records(path).pages for row in page.rows.rows()]


@pytest.mark.server
def test_the_hub_and_the_script_by_hand_load_the_same(source, tmp_path, postgres_server: Postgres):
    loads = Loads(tmp_path, postgres_server, source, ROWS, times=1)
    ours, hand = loads.baton(), loads.by_hand()
    assert ours.said == hand.said
    assert ours.said.startswith(f"{ROWS - bad_rows(ROWS)} rows ")
    assert ours.cpu_s > 0
    assert ours.peak_mb > 20


def test_a_process_that_fails_is_no_figure(tmp_path):
    with pytest.raises(BrokenRunError, match="ended with 3: no luck"):
        measure([sys.executable, "-c", "import sys; sys.stderr.write('no luck'); sys.exit(3)"], tmp_path)


def test_the_peak_is_the_childs_own(tmp_path):
    ballast = bytearray(os.urandom(1)) * 300_000_000
    taken = measure([sys.executable, "-c", "print(len(bytearray(80_000_000)))"], tmp_path)
    assert taken.said == "80000000"
    assert 80 < taken.peak_mb < 150 < len(ballast) / 1e6


def test_runs_that_come_to_different_results_are_no_figure(tmp_path):
    with pytest.raises(BrokenRunError, match="different results"):
        median(lambda: measure([sys.executable, "-c", "import os; print(os.getpid())"], tmp_path), 2)


def test_a_bar_says_whether_it_is_met():
    assert AtLeast(3.0, 3, "times", "load").verdict is Verdict.MET
    assert AtLeast(2.99, 3, "times", "load").verdict is Verdict.MISSED
    assert AtMost(2.5, 2.5, "times", "load").verdict is Verdict.MET
    assert AtMost(2.51, 2.5, "times", "load").line().startswith("MISSED")
    assert Unknown("load", "no server").line() == "NOT MEASURED  load: no server"
