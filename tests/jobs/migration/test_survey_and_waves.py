"""What is said over all rows together: duplicates, who comes first, circles; and how waves are cut."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from baton.jobs.migration.survey import DEEPEST, Standing, Survey
from baton.jobs.migration.transform import ROW
from baton.jobs.migration.waves import WavePlan, cut


def standing(*pages: list[tuple[int, str, str | None]]) -> Standing:
    survey = Survey()
    for page in pages:
        schema = {ROW: pl.Int64, "code": pl.String, "boss": pl.String}
        survey.add(pl.DataFrame(page, schema=schema, orient="row"), ("code",), ("boss",))
    return survey.result()


@given(
    st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 12)), max_size=14),
    st.integers(1, 5),
)
def test_depths_duplicates_and_circles_are_those_of_a_plain_walk(pairs, per_page) -> None:
    rows = [(place + 2, str(key), None if boss is None else str(boss)) for place, (key, boss) in enumerate(pairs)]
    found = standing(*(rows[start : start + per_page] for start in range(0, len(rows), per_page)))
    keys = [key for _, key, _ in rows]
    single = {key: (row, boss) for row, key, boss in rows if keys.count(key) == 1}

    def depth(key: str, seen: tuple[str, ...] = ()) -> int | None:
        boss = single[key][1]
        if key in seen:
            return None
        if boss is None or boss not in single:
            return 0
        above = depth(boss, (*seen, key))
        return None if above is None else above + 1

    expected = {single[key][0]: depth(key) for key in single}
    bad = {row for row, key, _ in rows if keys.count(key) > 1} | {row for row, at in expected.items() if at is None}
    assert set(found.unusable["row"].to_list()) == bad
    good = sorted(set(expected) - bad)
    assert found.depth_of(pl.Series(good, dtype=pl.Int64)).to_list() == [expected[row] for row in good]


def test_below_a_record_that_is_missing_no_chain_is_followed_deeper_than_any_is_taken() -> None:
    """Each level is a search among all rows: a chain of a million rows would be followed for days."""
    length = DEEPEST + 501
    survey = Survey()
    bosses = ["gone", *map(str, range(length - 1))]
    codes = list(map(str, range(length)))
    survey.add(pl.DataFrame({ROW: list(range(length)), "code": codes, "boss": bosses}), ("code",), ("boss",))
    found = survey.result(lambda wanted: wanted)
    assert found.depths is not None
    assert found.depths.is_empty()
    assert dict(found.unusable["rule"].value_counts().rows()) == {"reference": DEEPEST + 1, "cycle": 500}


def test_rows_below_a_missing_record_are_named_and_the_others_keep_their_depth() -> None:
    survey = Survey()
    rows = [(2, "a", None), (3, "b", "a"), (4, "c", "gone"), (5, "d", "c"), (6, "e", "b"), (7, "f", "f")]
    survey.add(pl.DataFrame(rows, schema=[ROW, "code", "boss"], orient="row"), ("code",), ("boss",))
    found = survey.result(lambda wanted: wanted)
    assert sorted(found.unusable.select("row", "rule").rows()) == [(4, "reference"), (5, "reference"), (7, "cycle")]
    assert found.depth_of(pl.Series([2, 3, 6])).to_list() == [0, 1, 2]
    assert found.depths is not None
    assert sorted(found.depths.get_column("depth")) == [0, 1, 2]


def test_rows_without_parents_stand_at_depth_nothing() -> None:
    found = standing([(2, "a", None), (3, "b", None)])
    assert (found.depths, found.depth_of(pl.Series([2, 3])).to_list()) == (None, [0, 0])


@given(st.lists(st.integers(1, 30), max_size=20), st.integers(0, 5), st.floats(0, 1))
def test_waves_are_cut_one_after_the_other_and_lose_no_record(lengths, first, share) -> None:
    sizes = WavePlan(first, share).sizes(sum(lengths))
    found = cut(lengths, sizes)
    waves = [wave for pieces in found for wave, rows in pieces for _ in range(rows)]
    assert sum(sizes) == sum(lengths)
    assert [sum(rows for _, rows in pieces) for pieces in found] == lengths
    assert [waves.count(wave) for wave in range(1, len(sizes) + 1)] == list(sizes)
    assert waves == sorted(waves)


def test_a_wave_is_at_least_one_record_and_none_is_empty() -> None:
    assert WavePlan().sizes(0) == ()
    assert WavePlan().sizes(2) == (1, 1)
    assert WavePlan().sizes(150) == (1, 2, 147)
