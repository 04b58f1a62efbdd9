"""Writes under the marks of what was looked at: Tryton refuses the whole call when one record has been written since.

Then everything still open is looked at again, which tells apart what a rival has changed from what only stood beside
it. That takes two calls more, where halving the batch would take many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from baton.sdk import Outcome, Receipt, RejectedError, RetryableError
from connectors.erp.tryton import wire
from connectors.erp.tryton.isolate import isolate
from connectors.erp.tryton.reader import Reader

_LOOKS: Final = 5
_BUSY: Final = Receipt.not_performed("busy", "others keep changing these records in Tryton", retry_after_s=5.0)


@dataclass(frozen=True, slots=True)
class Change:
    """Values for one record that is as its mark says, on behalf of the writes at these places."""

    record: int
    mark: str
    values: Mapping[str, Any]
    places: tuple[int, ...]
    external_id: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the records has shown: receipts for what is decided, changes for what is to be written."""

    receipts: Mapping[int, Receipt]
    changes: Sequence[Change]


def write_marked(
    reader: Reader,
    model: str,
    count: int,
    look: Callable[[Sequence[int]], Look],
    objections: Callable[[Sequence[Change]], Mapping[int, Receipt]],
) -> list[Receipt]:
    """One receipt for each of ``count`` writes, in order.

    ``look`` is asked about the places still open. When Tryton first refuses a call, ``objections`` is asked and all are
    looked at again, so that one cause for many records does not make a call for each; it may raise what concerns
    everything. Only after that the bad record is isolated.
    """
    receipts: dict[int, Receipt] = {}
    written = asked = False
    for _ in range(_LOOKS):
        pending = [place for place in range(count) if place not in receipts]
        if not pending:
            break
        seen = look(pending)
        receipts |= seen.receipts
        changes = seen.changes
        try:
            results = _together(reader, model, changes, written)
        except RejectedError:
            if not asked:  # a record may have got into a state that forbids the change, which the next look will tell
                asked = True
                receipts |= objections(changes)
                continue
            results = isolate(changes, lambda some: _send(reader, model, some), split=1)
        written = written or any(result is not None and result.outcome is Outcome.DONE for result in results)
        receipts |= _settled(changes, results)
    return [receipts.get(place, _BUSY) for place in range(count)]


def _together(reader: Reader, model: str, changes: Sequence[Change], written: bool) -> Sequence[Receipt | None]:
    """All changes in one call. What concerns the call is raised as long as no earlier one has written anything."""
    if not changes:
        return []
    if written:
        return isolate(changes, lambda some: _send(reader, model, some), split=1)
    return _send(reader, model, changes)


def _send(reader: Reader, model: str, changes: Sequence[Change]) -> Sequence[Receipt | None]:
    """One transaction of Tryton; None for every change when somebody has written one of the records since the look."""
    marks = {f"{model},{change.record}": change.mark for change in changes}
    alike: dict[str, tuple[list[int], Mapping[str, Any]]] = {}
    for change in changes:
        alike.setdefault(repr(change.values), ([], change.values))[0].append(change.record)
    pairs = [part for records, values in alike.values() for part in (records, values)]
    try:
        reader.rpc.write(f"model.{model}.write", *pairs, context={**reader.context, "_timestamp": marks})
    except RetryableError as error:
        if error.code == wire.CONCURRENCY:
            return [None] * len(changes)
        raise
    return [Receipt.done(change.external_id) for change in changes]


def _settled(changes: Sequence[Change], results: Sequence[Receipt | None]) -> dict[int, Receipt]:
    """The receipts of the writes whose records are all settled; of several that are not all done, the one that is not.

    A write of which a record has yet to be written stays open, even when another of its records is done.
    """
    by_place: dict[int, list[Receipt | None]] = {}
    for change, result in zip(changes, results, strict=True):
        for place in change.places:
            by_place.setdefault(place, []).append(result)
    settled: dict[int, Receipt] = {}
    for place, found in by_place.items():
        undone = [each for each in found if each is not None and each.outcome is not Outcome.DONE]
        if undone:
            settled[place] = undone[0]
        elif None not in found and found[0] is not None:
            settled[place] = found[0]
    return settled
