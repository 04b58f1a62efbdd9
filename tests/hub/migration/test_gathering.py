"""Pages as a source gives them: of any size, and sometimes with other columns than the mapping was written for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import polars as pl
import pytest

from baton.contracts import Feed
from baton.errors import BatonError, ConfigurationError, FeedRefusedError
from baton.hub.migration.extraction import PAGE_ROWS, gathered
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.profiling import profile
from baton.model.source_rows import SourcePage
from tests.rig.records import MAPPING, Archive, OldSystem, old_row


def single_rows(count: int) -> Iterator[SourcePage]:
    """Every second row of a source, as when the others were not put aside."""
    return (SourcePage(pl.DataFrame({"a": [str(at)]}), first_row=2 * at) for at in range(count))


def spent_on(count: int) -> float:
    started = time.thread_time()
    for _ in gathered(single_rows(count), []):
        pass
    return time.thread_time() - started


def test_pages_of_one_row_each_cost_what_their_rows_cost() -> None:
    spent_on(100)
    few, many = spent_on(1_000), spent_on(8_000)
    assert many < 20 * few, "8 times as many pages: 64 times as much where each looks at all before it"


def test_even_pages_whatever_came_in() -> None:
    sizes = [page.height for page in gathered(single_rows(3), [])]
    large = pl.DataFrame({"a": ["x"]}).select(pl.col("a").repeat_by(PAGE_ROWS).explode())
    pages = [SourcePage(large.clone(), first_row=2), SourcePage(large.clone(), first_row=2 + PAGE_ROWS)]
    assert sizes == [3]
    assert [page.height for page in gathered(iter(pages), [])] == [PAGE_ROWS, PAGE_ROWS]


class Shifting(OldSystem):
    """Loses a column from its second page on."""

    def records(self, collection: str) -> Feed:
        feed = super().records(collection)
        whole, *others = feed.pages
        less = [SourcePage(page.rows.drop("备注"), page.first_row) for page in others]
        return Feed(feed.origin, iter([whole, *less]))


def test_a_source_whose_pages_differ_in_their_columns_is_refused_in_words(small: Archive) -> None:
    small.rows = [old_row(number) for number in range(1, 5)]
    small.page_rows, small.source = 2, Shifting
    with small.open() as hub, pytest.raises(FeedRefusedError, match="changed its columns"):
        plan_migration(hub, small.request())


@pytest.mark.parametrize("field", ["  rank: {from: 级别, via: [trim, integer]}\n", ""])
def test_a_column_that_is_only_named_under_cleaning_is_missed_in_words(small: Archive, field: str) -> None:
    """Whether a field reads it as well or not."""
    small.rows = [old_row(1)]
    read = "  rank: {from: 级别, via: [trim, integer]}\n"
    small.mapping = MAPPING.replace("{column: 级别,", "{column: 职级,").replace(read, field.replace("级别", "职级"))
    with (
        small.open() as hub,
        pytest.raises(ConfigurationError, match=r"staff\.yaml:\d+: the rows have no column '职级'"),
    ):
        plan_migration(hub, small.request())


class Wide(OldSystem):
    """Has more columns than are looked at one by one."""

    def records(self, collection: str) -> Feed:
        feed = super().records(collection)
        more = [pl.lit("x").alias(f"c{number}") for number in range(1_000)]
        return Feed(feed.origin, (SourcePage(page.rows.with_columns(more), page.first_row) for page in feed.pages))


@pytest.mark.parametrize(("kind", "said"), [(Wide, "more than 1000 columns"), (Shifting, "not those of the first")])
def test_what_cannot_be_profiled_is_refused_in_words(small: Archive, kind: type[OldSystem], said: str) -> None:
    small.rows = [old_row(number) for number in range(1, 5)]
    small.page_rows, small.source = 2, kind
    with small.open() as hub, pytest.raises(BatonError, match=f"old cannot be profiled: .*{said}"):
        profile(hub, "old")
