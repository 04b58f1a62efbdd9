"""Record sources broken in just one way each."""

import dataclasses
import itertools
import random
from datetime import UTC, datetime

import polars as pl

from baton.errors import BatonError
from baton.sdk import Feed, SourcePage
from tests.kit.breakers_of_records import breaks
from tests.kit.shelf import THINGS, ShelfRecords


class OtherPages(ShelfRecords):
    """Changes the pages of a reading."""

    def records(self, collection):
        feed = super().records(collection)
        return Feed(feed.origin, self.other(feed.pages))


@breaks("every_record_is_read_once_as_it_stands")
class ReadsThePageTwice(OtherPages):
    def other(self, pages):
        return itertools.chain.from_iterable((page, page) for page in pages)


@breaks("every_record_is_read_once_as_it_stands", "record_values_have_one_canonical_form")
class CutsTheZeros(OtherPages):
    def other(self, pages):
        amount = pl.col("amount").str.strip_chars_end("0")
        return (dataclasses.replace(page, rows=page.rows.with_columns(amount)) for page in pages)


@breaks("every_record_is_read_once_as_it_stands", "record_values_have_one_canonical_form")
class DropsTheOffset(OtherPages):
    def other(self, pages):
        moment = pl.col("moment").str.head(19)
        return (dataclasses.replace(page, rows=page.rows.with_columns(moment)) for page in pages)


@breaks("records_are_text_and_no_value_is_null")
class WritesEmptyText(OtherPages):
    def other(self, pages):
        return (dataclasses.replace(page, rows=page.rows.with_columns(pl.lit("").alias("note"))) for page in pages)


@breaks("records_are_text_and_no_value_is_null")
class MakesNumbers(OtherPages):
    def other(self, pages):
        return (dataclasses.replace(page, rows=page.rows.cast({"number": pl.Int64})) for page in pages)


@breaks("row_numbers_go_on_from_page_to_page")
class CountsEachPageAnew(OtherPages):
    def other(self, pages):
        return (dataclasses.replace(page, first_row=1) for page in pages)


@breaks("row_numbers_go_on_from_page_to_page")
class NeverSaysTheLast(OtherPages):
    def other(self, pages):
        return (dataclasses.replace(page, cursor="more") for page in pages)


@breaks("two_readings_of_records_are_alike")
class ShufflesRows(OtherPages):
    def other(self, pages):
        rows = pl.concat([page.rows for page in pages])
        return iter([SourcePage(rows.sample(fraction=1.0, shuffle=True, seed=random.randrange(2**30)))])


class OtherOrigin(ShelfRecords):
    """Changes what a reading says of itself."""

    def records(self, collection):
        feed = super().records(collection)
        return Feed(dataclasses.replace(feed.origin, **self.change()), feed.pages)


@breaks("a_reading_says_where_it_came_from")
class KnowsNoTimeZone(OtherOrigin):
    def change(self):
        return {"as_of": datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None)}


@breaks("a_reading_says_where_it_came_from")
class DigestsTheName(OtherOrigin):
    def change(self):
        return {"digest": "0" * 64}


@breaks("two_readings_of_records_are_alike")
class NewDigestEachTime(OtherOrigin):
    def change(self):
        return {"digest": random.randbytes(32).hex()}


@breaks("every_collection_that_is_named_can_be_read")
class NamesWhatIsNotThere(ShelfRecords):
    def collections(self):
        return [*super().collections(), "nothing"]


@breaks("an_unknown_collection_cannot_be_read")
class ReadsAnything(ShelfRecords):
    def records(self, collection):
        return super().records(THINGS.name)


class NeverLooksBack(ShelfRecords):
    """Takes every state of the source for the one it began with."""

    def pages(self, mark):
        start = 0
        while start is not None:
            body = self._ask("/page", {"start": start})
            following = body["next"]
            yield SourcePage(pl.DataFrame(body["rows"]), start + 1, cursor=following and str(following))
            start = following


breaks("records_that_change_meanwhile_are_never_mixed")(NeverLooksBack)


@breaks("pages_are_read_when_they_are_asked_for")
class ReadsAhead(OtherPages):
    def other(self, pages):
        return iter(list(pages))


@breaks("a_lost_answer_is_an_error_never_fewer_records")
class EndsAtTrouble(OtherPages):
    def other(self, pages):
        try:
            yield from pages
        except BatonError:
            return
