"""What a write does to the records of a file, block by block, and the receipt of every record sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from baton.sdk import Collection, HaltError, Receipt, Receipts, RecordTarget
from connectors.data.file.stored import Stored
from connectors.data.file.values import as_text, as_types

_AT: Final = "\x00at"
_SENT: Final = "\x00sent"


class Change(ABC):
    """One call's records, met with those in the file. `run` is walked once; then `made` and `receipts` are known."""

    def __init__(self, stored: Stored, collection: Collection, sent: pl.DataFrame) -> None:
        self._stored = stored
        self._collection = collection
        self._key = list(collection.key)
        self._sent = sent
        self._others: dict[int, Receipt] = {}
        self._seen: set[int] = set()
        self.made = 0
        """How many records are other than before."""
        self._refuse_keys()

    def run(self) -> Iterator[pl.DataFrame]:
        """The records of the new file."""
        for block in self._stored.blocks():
            yield self._applied(block)
        rest = self._rest()
        if rest.height:
            yield rest

    def receipts(self) -> Sequence[Receipt]:
        """One per record sent, in order."""
        return Receipts(self._sent.height, others=self._others)

    @abstractmethod
    def _applied(self, block: pl.DataFrame) -> pl.DataFrame:
        """What becomes of these records."""

    def _rest(self) -> pl.DataFrame:
        """What comes after the last record there was."""
        return pl.DataFrame()

    def _refuse_keys(self) -> None:
        blank = pl.any_horizontal(pl.col(self._key).is_null())
        twice = ~pl.struct(self._key).is_first_distinct()
        flags = self._sent.select(blank=blank, twice=twice)
        for place in flags.get_column("twice").arg_true():
            self._others[place] = Receipt.refused("sent_twice", "this key is in the call already")
        for place in flags.get_column("blank").arg_true():
            self._others[place] = Receipt.refused("no_key", "a field of the key has no value")

    def _pairs(self, block: pl.DataFrame) -> pl.DataFrame:
        """(place in the block, place among those sent) of the records with the same key, refused ones left out."""
        keys, _ = as_types(block.select(self._key), self._collection.fields)
        sent = self._sent.select(self._key).with_row_index(_SENT)
        if self._others:
            sent = sent.filter(~pl.col(_SENT).is_in(list(self._others)) | pl.col(_SENT).is_in(list(self._seen)))
        pairs = keys.with_row_index(_AT).join(sent, on=self._key, how="inner", maintain_order="left")
        places = pairs.get_column(_SENT).to_list()
        if len(set(places)) != len(places) or not self._seen.isdisjoint(places):
            raise HaltError(
                "two records in the file have the same key; nothing was written",
                code="duplicate_key",
                remedy="correct the file, or the key declared in layout",
            )
        self._seen.update(places)
        return pairs.select(_AT, _SENT)

    def _as_expected(self, block: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The pairs whose record is as expected and their records; the others are refused."""
        pairs = self._pairs(block)
        there = block[pairs.get_column(_AT)]
        found, wrong = as_types(there.select(before.columns), self._collection.fields)
        expected = before[pairs.get_column(_SENT)]
        same = pl.Series([True]).new_from_index(0, pairs.height)
        for name in before.columns:
            same &= found.get_column(name).eq_missing(expected.get_column(name)) & ~wrong.get_column(name)
        for place in pairs.get_column(_SENT).filter(~same):
            self._others[place] = changed()
        return pairs.filter(same), there.filter(same)

    def _writable(self, pairs: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Those whose record the file can hold; the others are refused."""
        bad = self._stored.unwritable(rows)
        if not bad:
            return pairs, rows
        places = pairs.get_column(_SENT)
        self._others |= {places[at]: receipt for at, receipt in bad.items()}
        good = ~pl.int_range(rows.height, eager=True).is_in(list(bad))
        return pairs.filter(good), rows.filter(good)

    def _unseen(self) -> list[int]:
        return [at for at in range(self._sent.height) if at not in self._seen and at not in self._others]


def changed() -> Receipt:
    """The receipt of a record that is not as expected."""
    return Receipt.refused(RecordTarget.CHANGED, "the record is not (or no longer) as expected")


class Insert(Change):
    """New records, after those there are."""

    def _applied(self, block: pl.DataFrame) -> pl.DataFrame:
        for place in self._pairs(block).get_column(_SENT):
            self._others[place] = changed()
        return block

    def _rest(self) -> pl.DataFrame:
        new = self._sent.with_row_index(_SENT).filter(~pl.col(_SENT).is_in(list(self._others)))
        texts = as_text(new.drop(_SENT), self._collection.fields)
        absent = [pl.lit(None, pl.String()).alias(name) for name in self._stored.headers if name not in texts.columns]
        rows = texts.with_columns(absent).select(self._stored.headers)
        _, rows = self._writable(new.select(_SENT), rows)
        self.made += rows.height
        return rows


class Update(Change):
    """Fields set in records that are as expected."""

    def __init__(self, stored: Stored, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> None:
        super().__init__(stored, collection, rows)
        self._before = before
        self._texts = as_text(rows, collection.fields)

    def _applied(self, block: pl.DataFrame) -> pl.DataFrame:
        pairs, there = self._as_expected(block, self._before)
        if not pairs.height:
            return block
        fresh = there.with_columns(self._texts[pairs.get_column(_SENT)].get_columns())
        pairs, fresh = self._writable(pairs, fresh)
        self.made += fresh.height
        fresh = fresh.with_columns(pairs.get_column(_AT))
        return block.with_row_index(_AT).update(fresh, on=_AT, include_nulls=True).drop(_AT)

    def _rest(self) -> pl.DataFrame:
        self._others |= {place: changed() for place in self._unseen()}
        return pl.DataFrame()


class Delete(Change):
    """Records taken out that are as expected; those not there are done."""

    def __init__(self, stored: Stored, collection: Collection, before: pl.DataFrame) -> None:
        super().__init__(stored, collection, before)

    def _applied(self, block: pl.DataFrame) -> pl.DataFrame:
        pairs, _ = self._as_expected(block, self._sent)
        self.made += pairs.height
        return block.with_row_index(_AT).join(pairs, on=_AT, how="anti", maintain_order="left").drop(_AT)
