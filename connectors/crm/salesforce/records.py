"""Records of Salesforce objects: read by Bulk API query jobs, found by key, written where they are as expected."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from baton.sdk import (
    Collection,
    ConnectorError,
    Feed,
    FeedRefusedError,
    GuardBreach,
    HaltError,
    Origin,
    Receipt,
    RecordTarget,
    RejectedRow,
    Scalar,
    SourcePage,
    frame_schema,
)
from connectors.crm.salesforce.bulk import BulkJobs, Clock
from connectors.crm.salesforce.objects import Objects
from connectors.crm.salesforce.org import Org
from connectors.crm.salesforce.record_values import canonical, cell, read_value, unsendable
from connectors.crm.salesforce.record_writes import RecordWrites

if TYPE_CHECKING:
    import polars as pl

_CHANGED: Final = RecordTarget.CHANGED
_AGAIN: Final = "read the record again; if this value is right, plan the migration anew"
_TAKEN: Final = frozenset({"DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"})
Values = Mapping[str, Scalar]


class Records:
    """The objects in ``record_keys``."""

    def __init__(self, org: Org, clock: Clock, keys: Mapping[str, str], wait_s: float) -> None:
        self._org = org
        self._clock = clock
        self._objects = Objects(org, keys)
        self._jobs = BulkJobs(org, clock, wait_s)
        self._writes = RecordWrites(org, self._jobs)

    def names(self) -> Sequence[str]:
        """Of the objects."""
        return self._objects.names()

    def collection(self, name: str) -> Collection:
        """Fields and key."""
        return self._objects.collection(name)

    def count(self, collection: Collection) -> int:
        """By a query that answers with a number."""
        return self._org.count(collection.name)

    # --- reading

    def feed(self, name: str) -> Feed:
        """One query job. Number and newest change of the records are asked before and after it ran."""
        collection = self._objects.collection(name)
        as_of, digest = self._clock.now(), self._mark(name)
        return Feed(Origin(f"Salesforce {name}", digest, as_of), self._job_pages(collection, digest))

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        """Salesforce compares text without case; only keys that are exactly those asked for count."""
        import polars as pl

        names = list(dict.fromkeys((*collection.key, *fields)))
        rows = [values for _, values in self._found(collection, keys[collection.key[0]].to_list(), names)]
        return pl.DataFrame(rows, schema=frame_schema(collection.fields, names))

    def _found(self, collection: Collection, keys: Sequence[str], names: Sequence[str]) -> list[tuple[str, Values]]:
        """The id and the values of the records with these keys."""
        (key,) = collection.key
        wanted = {str(each) for each in keys if each}
        columns = list(dict.fromkeys(("Id", key, *names)))
        rows = self._org.rows_in(collection.name, columns, key, sorted(wanted))
        try:
            return [
                (str(row["Id"]), {name: read_value(collection.fields[name], cell(row, name)) for name in names})
                for row in rows
                if row[key] in wanted
            ]
        except (KeyError, ValueError) as error:
            raise HaltError(
                f"a field of {collection.name} has a value that its description rules out",
                code="contract",
                remedy="compare the object's fields in Setup with their values",
            ) from error

    def _mark(self, name: str) -> str:
        """Changes with every insert, update or delete: the number of records, the newest change, and of how many."""
        # The name is a setting with a strict pattern.
        soql = f"SELECT SystemModstamp FROM {name} ORDER BY SystemModstamp DESC LIMIT 1"  # noqa: S608
        newest = next((str(row["SystemModstamp"]) for row in self._org.query(soql)), "")
        number = self._org.count(name)
        moment = datetime.fromisoformat(newest).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") if newest else ""
        latest = self._org.count(name, f"WHERE SystemModstamp >= {moment}") if newest else 0
        return hashlib.sha256(f"{name} {number} {newest} {latest}".encode()).hexdigest()

    def _job_pages(self, collection: Collection, digest: str) -> Iterator[SourcePage]:
        name, columns = collection.name, list(collection.fields)

        def settled() -> None:
            if self._mark(name) != digest:
                raise FeedRefusedError(
                    [GuardBreach("source_changed", f"records of {name} were written while they were read")],
                    feed_digest=digest,
                )

        # Names come from the org's own description.
        soql = f"SELECT {', '.join(columns)} FROM {name} ORDER BY Id"  # noqa: S608
        return _pages(collection, self._jobs.query(soql, columns, settled))

    # --- writing

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        """Plain inserts: the unique key makes Salesforce itself refuse what exists, also when it came up just now."""
        (key,) = collection.key
        given = rows.to_dicts()
        there = {str(values[key]) for _, values in self._found(collection, rows[key].to_list(), [key])}
        receipts: dict[int, Receipt] = {}
        for place, row in enumerate(given):
            name = row[key]
            if key == "Id" or not name:
                receipts[place] = _no_key(key)
            elif name in there:
                receipts[place] = Receipt.refused(_CHANGED, "a record with this key exists already", remedy=_AGAIN)
            elif names := unsendable(row):
                receipts[place] = _unsendable(names)
            there.add(str(name))
        places = [place for place in range(len(given)) if place not in receipts]
        sent = self._writes.insert(collection.name, key, [given[place] for place in places])
        receipts |= zip(places, sent, strict=True)
        suspects = [place for place in places if receipts[place].code in _TAKEN]
        now = self._come_up(collection, [str(given[place][key]) for place in suspects])
        for place in suspects:
            if given[place][key] in now:
                receipts[place] = Receipt.refused(_CHANGED, "a record with this key came up meanwhile", remedy=_AGAIN)
        return [receipts[place] for place in range(len(given))]

    def _come_up(self, collection: Collection, keys: Sequence[str]) -> set[str]:
        """Which of the keys are there now."""
        try:
            return {str(values[collection.key[0]]) for _, values in self._found(collection, keys, collection.key)}
        except ConnectorError:
            return set()  # the refusals stand, only without the better name; raising would hide what was written

    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        """By id, of the records that are as ``before`` says when looked at just before."""
        (key,) = collection.key
        given = [{name: value for name, value in row.items() if name != key} for row in rows.to_dicts()]
        found = self._expected(collection, before)
        receipts = {place: each for place, each in enumerate(found) if isinstance(each, Receipt)}
        receipts |= {
            place: _unsendable(names)
            for place, row in enumerate(given)
            if place not in receipts and (names := unsendable(row))
        }
        places = [place for place in range(len(given)) if place not in receipts]
        sent = self._writes.update(collection.name, {str(found[place]): given[place] for place in places})
        receipts |= zip(places, sent, strict=True)
        return [receipts[place] for place in range(len(given))]

    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        """Into the recycle bin, the same way."""
        found = self._expected(collection, before)
        receipts = {
            place: Receipt.done() if each is _MISSING else each
            for place, each in enumerate(found)
            if isinstance(each, Receipt)
        }
        places = [place for place in range(len(found)) if place not in receipts]
        sent = self._writes.delete(collection.name, [str(found[place]) for place in places])
        receipts |= zip(places, sent, strict=True)
        return [receipts[place] for place in range(len(found))]

    def _expected(self, collection: Collection, before: pl.DataFrame) -> list[str | Receipt]:
        """The id of the record of every row of ``before``, or why it is not as that row says."""
        (key,) = collection.key
        found = {
            str(values[key]): (record_id, values)
            for record_id, values in self._found(collection, before[key].to_list(), before.columns)
        }
        judged: list[str | Receipt] = []
        for row in before.to_dicts():
            record_id, values = found.get(str(row[key]), ("", {}))
            differing = sorted(name for name in row if values and values[name] != row[name])
            if not values:
                judged.append(_MISSING)
            elif differing:
                what = f"the record was changed by others: {', '.join(differing)}"
                judged.append(Receipt.refused(_CHANGED, what, remedy=_AGAIN, fields=",".join(differing)))
            else:
                judged.append(record_id)
        return judged


_MISSING: Final = Receipt.refused(_CHANGED, "there is no record with this key (any more)", remedy=_AGAIN)


def _pages(collection: Collection, parts: Iterable[list[list[str]]]) -> Iterator[SourcePage]:
    """Pages of consecutive readable rows, so that ``first_row`` plus the position is a row's place in the source."""
    import polars as pl

    schema = dict.fromkeys(collection.fields, pl.String)

    def page() -> SourcePage:
        frame = pl.DataFrame(good, schema=schema, orient="row")
        return SourcePage(frame, first_row, tuple(rejected), cursor=f"row:{number + 1}")

    good: list[list[str | None]] = []
    rejected: list[RejectedRow] = []
    number, first_row = 0, 1
    for part in parts:
        if good:
            yield page()
            good, rejected = [], []
        for row in part:
            texts = _texts(collection, row, number + 1)
            if isinstance(texts, RejectedRow) and good:
                yield page()
                good, rejected = [], []
            number += 1
            if isinstance(texts, RejectedRow):
                rejected.append(texts)
                continue
            first_row = first_row if good else number
            good.append(texts)
    yield replace(page(), cursor=None)


def _texts(collection: Collection, row: Sequence[str], number: int) -> list[str | None] | RejectedRow:
    """One row in canonical text, or which value its description rules out."""
    texts: list[str | None] = []
    for (name, spec), raw in zip(collection.fields.items(), row, strict=True):
        try:
            texts.append(canonical(read_value(spec, raw)))
        except ValueError as error:
            return RejectedRow(number, "unreadable_value", str(error)[:80], name)
    return texts


def _no_key(key: str) -> Receipt:
    remedy = "map the field that record_keys names; with Id as the key records can be read and changed, not created"
    return Receipt.refused("no_key", f"{key} cannot name a new record", remedy=remedy)


def _unsendable(names: Sequence[str]) -> Receipt:
    return Receipt.refused(
        "unsendable",
        f"Salesforce would not keep these as they are: {', '.join(names)}",
        remedy="map empty text and #N/A to no value, take NUL characters out, round moments to milliseconds",
    )
