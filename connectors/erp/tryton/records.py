"""Tryton's collections as records: read as text pages, written under the condition of what was there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from baton.sdk import (
    Client,
    Collection,
    ConfigurationError,
    ConnectorError,
    Fault,
    Feed,
    FeedRefusedError,
    GuardBreach,
    InDoubtError,
    Origin,
    Outcome,
    Receipt,
    RecordTarget,
    Scalar,
    SourcePage,
    frame_schema,
)
from connectors.erp.tryton.directory import PAGE, Directory, chunks
from connectors.erp.tryton.isolate import isolate
from connectors.erp.tryton.record_employees import Employees
from connectors.erp.tryton.record_parties import Parties
from connectors.erp.tryton.record_rows import Held, RecordKind
from connectors.erp.tryton.rpc import Rpc

if TYPE_CHECKING:
    import polars as pl

_CHANGED: Final = RecordTarget.CHANGED
_AGAIN: Final = "read the record again; if this value is right, plan the migration anew"


class Records:
    """Parties and employees of one Tryton database, by their whole party code (no prefix is added or taken off)."""

    def __init__(self, rpc: Rpc, client: Client, directory: Directory, company_id: int) -> None:
        # English makes refusals readable; inactive parties and leavers are records like any other.
        context: Mapping[str, Any] = {"company": company_id, "active_test": False, "language": "en"}
        kinds: Sequence[RecordKind] = (Parties(rpc, context), Employees(rpc, context, directory, company_id))
        self._client = client
        self._kinds = {kind.model: kind for kind in kinds}

    def names(self) -> Sequence[str]:
        """Of the collections, parents first."""
        return tuple(self._kinds)

    def collection(self, name: str) -> Collection:
        """What is known of one collection."""
        return self._kind(name).collection

    def count(self, collection: Collection) -> int:
        """How many records Tryton has."""
        return self._kind(collection.name).count()

    # --- reading

    def feed(self, name: str) -> Feed:
        """All records by id. The marks of all records are read before and after: equal ones prove a single state."""
        kind = self._kind(name)
        as_of, digest = self._client.clock.now(), _digest(kind)
        return Feed(Origin(f"Tryton {name}", digest, as_of), _pages(kind, digest))

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        """`PAGE` keys per call to Tryton."""
        import polars as pl

        kind = self._kind(collection.name)
        names = list(dict.fromkeys((*collection.key, *fields)))
        found = self._held(kind, keys[collection.key[0]].to_list(), fields)
        rows = [{name: held.values[name] for name in names} for held in found]
        return pl.DataFrame(rows, schema=frame_schema(collection.fields, names))

    # --- writing

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        """Create what is not there; Tryton does a batch wholly or not at all, so a bad record is isolated."""
        kind = self._kind(collection.name)
        (key,) = collection.key
        there = {held.key for held in self._held(kind, rows[key].to_list(), ())}
        receipts: dict[int, Receipt] = {}
        given = rows.to_dicts()
        for place, row in enumerate(given):
            name = str(row[key] or "")
            if not name or name != name.strip():
                receipts[place] = _unfit_key(key)
            elif name in there:
                receipts[place] = Receipt.refused(_CHANGED, "a record with this key exists already", remedy=_AGAIN)
            there.add(name)
        ready = _prepared(kind, given, receipts, key)
        created = isolate([(name, values) for _, name, values in ready], kind.create)
        receipts |= {place: receipt for (place, _, _), receipt in zip(ready, created, strict=True)}
        return _in_order(receipts)

    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        """Compare with ``before``, then write under the condition that nobody wrote since the comparison."""
        kind = self._kind(collection.name)
        found = self._expected(kind, collection, before)
        given = rows.to_dicts()
        receipts = {place: held for place, held in enumerate(found) if isinstance(held, Receipt)}
        receipts |= {
            place: refusal
            for place, held in enumerate(found)
            if isinstance(held, Held) and (refusal := kind.objection(held, given[place]))
        }
        ready: dict[int, tuple[Held, Any]] = {}
        for place, _, values in _prepared(kind, given, receipts, collection.key[0]):
            if isinstance(held := found[place], Held):
                ready[place] = (held, values)
        opened = kind.open(ready)
        for place, now in opened.items():
            if isinstance(now, Receipt):
                receipts[place] = now
                del ready[place]
            else:
                ready[place] = (now, ready[place][1])
        woken = {place: held for place, held in opened.items() if isinstance(held, Held)}
        try:
            receipts |= zip(ready, isolate(list(ready.values()), lambda some: _changed(kind, some)), strict=True)
        except ConnectorError as error:
            if not isinstance(error, InDoubtError):  # then nothing was changed, and nothing may stay open
                kind.close(list(woken.values()))
            raise
        undone = (Outcome.REFUSED, Outcome.NOT_PERFORMED)
        kind.close([held for place, held in woken.items() if receipts[place].outcome in undone])
        return _in_order(receipts)

    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        """Compare with ``before``, then delete under the same condition."""
        kind = self._kind(collection.name)
        found = self._expected(kind, collection, before)
        receipts = {place: _gone(held) for place, held in enumerate(found) if isinstance(held, Receipt)}
        places = [place for place, held in enumerate(found) if isinstance(held, Held)]
        doomed = [held for held in found if isinstance(held, Held)]
        used = kind.guard_removal(doomed) if doomed else {}
        receipts |= {place: used[held.id] for place, held in zip(places, doomed, strict=True) if held.id in used}
        chosen = [(place, held) for place, held in zip(places, doomed, strict=True) if held.id not in used]
        removed = isolate([held for _, held in chosen], kind.remove)
        receipts |= {place: receipt for (place, _), receipt in zip(chosen, removed, strict=True)}
        return _in_order(receipts)

    # --- inside

    def _kind(self, name: str) -> RecordKind:
        if name not in self._kinds:
            message = f"Tryton has no collection {name[:80]!r} here; there are {', '.join(self._kinds)}"
            raise ConfigurationError([Fault("collection", "unknown_collection", message)])
        return self._kinds[name]

    def _held(self, kind: RecordKind, keys: Sequence[str], fields: Sequence[str]) -> list[Held]:
        wanted = dict.fromkeys(key for key in keys if key)
        # Tryton strips what it searches for, and so finds more than was asked for.
        return [held for some in chunks(list(wanted)) for held in kind.read(some, fields) if held.key in wanted]

    def _expected(self, kind: RecordKind, collection: Collection, before: pl.DataFrame) -> list[Held | Receipt]:
        """The record of every row of ``before``, or why it is not as that row says."""
        (key,) = collection.key
        by_key: dict[str, list[Held]] = {}
        for held in self._held(kind, before[key].to_list(), before.columns):
            by_key.setdefault(held.key, []).append(held)
        return [_judged(by_key.get(str(row[key]), []), row) for row in before.to_dicts()]


_MISSING: Final = Receipt.refused(_CHANGED, "there is no record with this key (any more)", remedy=_AGAIN)


def _judged(found: Sequence[Held], row: Mapping[str, Scalar]) -> Held | Receipt:
    if not found:
        return _MISSING
    if len(found) > 1:
        return Receipt.refused(
            "ambiguous",
            f"{len(found)} records have this key",
            remedy="look at them in Tryton and leave one (a party should be employed once)",
        )
    differing = sorted(name for name in row if found[0].values[name] != row[name])
    if differing:
        what = f"the record was changed by others: {', '.join(differing)}"
        return Receipt.refused(_CHANGED, what, remedy=_AGAIN, fields=",".join(differing))
    return found[0]


def _gone(receipt: Receipt) -> Receipt:
    return Receipt.done() if receipt is _MISSING else receipt


def _prepared(
    kind: RecordKind, given: Sequence[Mapping[str, Scalar]], receipts: dict[int, Receipt], key: str
) -> list[tuple[int, str, Any]]:
    """The rows without a receipt as (place, key, values); those that cannot be prepared get their refusal."""
    for place, row in enumerate(given):
        if place not in receipts and (altered := _altered(kind, row)):
            receipts[place] = _unfit_text(altered)
    places = [place for place in range(len(given)) if place not in receipts]
    prepared = kind.prepare([given[place] for place in places]) if places else []
    ready = []
    for place, values in zip(places, prepared, strict=True):
        if isinstance(values, Receipt):
            receipts[place] = values
        else:
            ready.append((place, str(given[place][key]), values))
    return ready


def _changed(kind: RecordKind, changes: Sequence[tuple[Held, Any]]) -> list[Receipt]:
    kind.change(changes)
    return [Receipt.done(str(held.id)) for held, _ in changes]


def _in_order(receipts: Mapping[int, Receipt]) -> list[Receipt]:
    return [receipts[place] for place in range(len(receipts))]


def _altered(kind: RecordKind, row: Mapping[str, Scalar]) -> list[str]:
    """The fields whose text Tryton would turn into another one: it takes an empty one for none, and strips most."""
    texts = {name: value for name, value in row.items() if isinstance(value, str)}
    return sorted(
        name for name, text in texts.items() if not text or (name not in kind.unstripped and text != text.strip())
    )


def _unfit_text(names: Sequence[str]) -> Receipt:
    return Receipt.refused(
        "unfit_text",
        f"Tryton would cut blanks off, or take an empty text for no value: {', '.join(names)}",
        remedy="trim the text in the mapping, and map empty texts to no value",
    )


def _unfit_key(key: str) -> Receipt:
    return Receipt.refused(
        "unfit_key",
        f"{key} is empty, or has blanks around it that Tryton would cut off",
        remedy="trim the key in the mapping",
    )


def _digest(kind: RecordKind) -> str:
    digest = hashlib.sha256()
    for line in kind.marks():
        digest.update(line)
    return digest.hexdigest()


def _pages(kind: RecordKind, digest: str) -> Iterator[SourcePage]:
    import polars as pl

    schema = dict.fromkeys(kind.collection.fields, pl.String)
    last, first_row = 0, 1
    while True:
        page = kind.page(last, PAGE)
        rows = [{name: _text(held.values[name]) for name in schema} for held in page]
        ends = len(page) < PAGE
        if ends and _digest(kind) != digest:
            raise FeedRefusedError(
                [GuardBreach("source_changed", f"records of {kind.model} were written while they were read")],
                feed_digest=digest,
            )
        last = page[-1].id if page else last
        yield SourcePage(pl.DataFrame(rows, schema=schema), first_row, cursor=None if ends else str(last))
        if ends:
            return
        first_row += len(page)


def _text(value: Scalar) -> str | None:
    """A value in the form of source pages."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else None if value is None else str(value)
