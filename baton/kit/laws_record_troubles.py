"""Laws of record targets in trouble: what is said when the network or the other side misbehaves on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Final

from baton.errors import HaltError, RetryableError
from baton.kit.bench import Bench, Said, expect, not_applicable
from baton.kit.laws_batches import claims
from baton.kit.record_desk import RecordDesk, insist, said_of
from baton.kit.troubles import IN_DOUBT_AFTER, RETRY_AFTER_S, Trouble
from baton.model.account import Outcome, Receipt

_BATCH: Final = (1, 2, 3)
_MOST_POSITIONS: Final = 6
_PATIENCE: Final = 12
"""Requests that a call for one record may take before it counts as a loop."""
Write = Callable[[RecordDesk, Sequence[int]], Sequence[Receipt]]


def a_record_write_that_may_have_happened_is_in_doubt(bench: Bench) -> None:
    for name, write in _WRITES.items():
        for trouble in IN_DOUBT_AFTER:
            with closing(bench.fresh()) as here:
                desk = _ready(here, name, (1,))
                here.troubles.clear()
                here.troubles.on_write(trouble)
                said = said_of(partial(write, desk, (1,)))
                _expect_writes(here, name, said)
                expect(said.in_doubt, f"{name} with trouble after acting ({trouble}) gave {said}, not an InDoubtError")


def a_lost_answer_to_an_insert_and_a_repeat_leave_one_record(bench: Bench) -> None:
    desk = _ready(bench, "insert", (1,))
    start = desk.count()
    bench.troubles.clear()
    bench.troubles.on_write(Trouble.LOST_REPLY)
    said = said_of(partial(_insert, desk, (1,)))
    _expect_writes(bench, "insert", said)
    again = desk.insert([desk.record(1, desk.changes(1))])
    insist(Outcome.REFUSED, again, "a repeat of an insert that had happened", desk.target.CHANGED)
    expect(desk.count() == start + 1, f"an insert and its repeat made {desk.count() - start} records")
    desk.expect_held([desk.record(1)], "after an insert whose answer was lost")


def a_record_write_that_was_not_taken_is_retryable(bench: Bench) -> None:
    for name, write in _WRITES.items():
        position = _positions(bench, name, (1,))[0]
        for at, trouble in {(0, Trouble.UNREACHABLE), (position, Trouble.UNREACHABLE), (position, Trouble.THROTTLED)}:
            with closing(bench.fresh()) as here:
                desk = _ready(here, name, (1,))
                here.troubles.clear()
                here.troubles.at(at, trouble)
                before = here.written()
                said = said_of(partial(write, desk, (1,)))
                expect(said.not_performed, f"{name} with trouble before acting ({trouble}) gave {said}")
                expect(here.written() == before, f"{name} wrote although its request was not taken")
                if trouble is Trouble.THROTTLED:
                    waits = getattr(said.error, "retry_after_s", None) or said.receipts[0].retry_after_s
                    expect(waits == RETRY_AFTER_S, f"{name} answered by 429 with Retry-After 7 says to wait {waits}")


def what_is_said_of_a_broken_batch_of_records_is_true(bench: Bench) -> None:
    if bench.connector.record_batch_limit < len(_BATCH):
        not_applicable(f"a call takes {bench.connector.record_batch_limit} at most")
    for name, write in _WRITES.items():
        for position in _positions(bench, name, _BATCH)[:_MOST_POSITIONS]:
            for trouble in (Trouble.LOST_REPLY, Trouble.UNREACHABLE, Trouble.THROTTLED):
                with closing(bench.fresh()) as here:
                    desk = _ready(here, name, _BATCH)
                    here.troubles.clear()
                    here.troubles.at(position, trouble)
                    said = said_of(partial(write, desk, _BATCH))
                    here.troubles.clear()
                    happened = _happened(desk, name)
                for n, claim, done in zip(_BATCH, claims(said, len(_BATCH)), happened, strict=True):
                    expect(
                        claim is None or claim is done,
                        f"{name} of {len(_BATCH)} records with {trouble} at request {position} gave {said}, "
                        f"yet the write of record {n} {'has' if done else 'has not'} happened",
                    )


def reading_records_is_never_in_doubt(bench: Bench) -> None:
    desk = _ready(bench, "amend", (1,))
    for trouble in (Trouble.LOST_REPLY, Trouble.SERVER_ERROR, Trouble.GARBLED, Trouble.UNREACHABLE):
        for name, read in (("fetch", lambda: desk.held([desk.record(1)])), ("count", desk.count)):
            bench.troubles.clear()
            bench.troubles.always(trouble)
            try:
                read()
            except RetryableError:
                continue
            except Exception as error:  # noqa: BLE001 - every other error is the finding
                said = Said(error=error)
                expect(held=False, message=f"{name} in trouble ({trouble}) gave {said}, not a RetryableError")
            expect(held=False, message=f"{name} in trouble ({trouble}) gave an answer nobody had sent")


def a_refused_credential_halts_record_writes(bench: Bench) -> None:
    desk = _ready(bench, "amend", (1,))
    for name, write in (("insert", _insert), ("amend", _amend), ("delete", _delete)):
        people = (2,) if name == "insert" else (1,)
        bench.troubles.clear()
        bench.troubles.always(Trouble.UNAUTHORIZED)
        said = said_of(partial(write, desk, people))
        made = len(bench.troubles.requests)
        expect(isinstance(said.error, HaltError), f"{name} answered by 401 throughout gave {said}, not a HaltError")
        expect(made <= _PATIENCE, f"{name} answered by 401 throughout made {made} requests")


def _insert(desk: RecordDesk, numbers: Sequence[int]) -> Sequence[Receipt]:
    return desk.insert([desk.record(n) for n in numbers])


def _amend(desk: RecordDesk, numbers: Sequence[int]) -> Sequence[Receipt]:
    names = list(desk.changes(numbers[0]))
    after = [desk.only(desk.record(n, desk.changes(n)), names) for n in numbers]
    return desk.amend(after, [desk.record(n) for n in numbers])


def _delete(desk: RecordDesk, numbers: Sequence[int]) -> Sequence[Receipt]:
    return desk.delete([desk.record(n) for n in numbers])


_WRITES: Final[dict[str, Write]] = {"insert": _insert, "amend": _amend, "delete": _delete}


def _ready(bench: Bench, name: str, numbers: Sequence[int]) -> RecordDesk:
    """A desk on which that write of these records can be done."""
    bench.troubles.clear()
    desk = RecordDesk(bench)
    if name != "insert":
        desk.put(*(desk.record(n) for n in numbers))
    return desk


def _positions(bench: Bench, name: str, numbers: Sequence[int]) -> list[int]:
    """On another bench: at which requests such a write writes."""
    with closing(bench.fresh()) as other:
        desk = _ready(other, name, numbers)
        other.troubles.clear()
        insist(Outcome.DONE, _WRITES[name](desk, numbers), f"{name} of legal records")
        if not other.troubles.writes_at:
            not_applicable(f"{name} makes no request that the counterpart journals")
        return list(other.troubles.writes_at)


def _expect_writes(bench: Bench, name: str, said: Said) -> None:
    if not bench.troubles.writes_at:
        expect(said.went_well, f"{name} without any trouble gave {said}")
        not_applicable(f"{name} makes no request that the counterpart journals")


def _happened(desk: RecordDesk, name: str) -> list[bool]:
    """Of each record, whether the write has happened."""
    rows = [desk.record(n) for n in _BATCH]
    found = desk.held(rows)
    if name == "insert":
        return [desk.key(row) in found for row in rows]
    if name == "delete":
        return [desk.key(row) not in found for row in rows]
    wanted = [{**row, **desk.changes(n)} for n, row in zip(_BATCH, rows, strict=True)]
    return [all(value == row[field] for field, value in found[desk.key(row)].items()) for row in wanted]


LAWS = (
    a_record_write_that_may_have_happened_is_in_doubt,
    a_lost_answer_to_an_insert_and_a_repeat_leave_one_record,
    a_record_write_that_was_not_taken_is_retryable,
    what_is_said_of_a_broken_batch_of_records_is_true,
    reading_records_is_never_in_doubt,
    a_refused_credential_halts_record_writes,
)
