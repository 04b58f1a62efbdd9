"""What the laws ask of a call in trouble: doubt is said, nothing that is said is untrue, and no part is the whole.

The laws of handovers hand in *plays*: name -> what sets the stage on a bench for a call of so many writes.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final, TypeAlias

from baton.errors import HaltError, RetryableError
from baton.kit.bench import Bench, LawBrokenError, Said, expect, not_applicable
from baton.kit.laws_batches import claims
from baton.kit.laws_troubles import listening
from baton.kit.record_desk import said_of
from baton.kit.troubles import IN_DOUBT_AFTER, RETRY_AFTER_S, Trouble
from baton.model.account import Outcome, Receipt

_BATCH: Final = 3
_MOST_POSITIONS: Final = 6
_PATIENCE: Final = 12
"""Requests that a call for one write may take before it counts as a loop."""
_TOLD: Final = tuple(t for t in Trouble if t not in (Trouble.SHORTENED, Trouble.SLOW, Trouble.LATE_COMMIT))
"""Each is told of in words of its own."""
_MOST_QUESTIONS: Final = 8
_UNREAD: Final = (Trouble.UNREACHABLE, Trouble.THROTTLED, Trouble.LOST_REPLY, Trouble.SERVER_ERROR, Trouble.GARBLED)
_AFTER: Final = (*IN_DOUBT_AFTER, Trouble.LATE_COMMIT)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call, ready to be made; making it again is a repeat of the same writes."""

    send: Callable[[], Sequence[Receipt]]
    happened: Callable[[], Sequence[bool]]
    """Of each write, whether the other side itself shows its effect. Raises `LawBrokenError` for a wrong effect."""
    personal: Sequence[str]
    """What must appear in nothing that is said."""
    settle: Callable[[Sequence[Receipt]], Sequence[Receipt]] = lambda receipts: receipts
    """The receipts after the other side has decided on what it only accepted."""


Play: TypeAlias = Callable[[Bench, int], Attempt]
Plays: TypeAlias = Mapping[str, Play]


def doubt_is_said(bench: Bench, plays: Plays) -> None:
    """After trouble on the way back: in doubt, unless the connector has looked and seen what it says."""
    for name, (play, positions) in _writing(bench, plays).items():
        for trouble in _AFTER:
            with closing(bench.fresh()) as here:
                attempt = play(here, 1)
                here.troubles.clear()
                if trouble is Trouble.LATE_COMMIT:
                    here.troubles.at(positions[0], trouble)
                else:
                    here.troubles.on_write(trouble)
                said = said_of(attempt.send)
                looked = bool(here.troubles.writes_at) and len(here.troubles.requests) > here.troubles.writes_at[0] + 1
                here.troubles.clear()
                seen = said.went_well and looked and all(attempt.happened())
                expect(said.in_doubt or seen, f"{name} with trouble after acting ({trouble}) gave {said}")


def not_taken_is_retryable(bench: Bench, plays: Plays) -> None:
    """A refused connection or a 429: nothing happened, and the wait that was asked for is handed on."""
    for name, (play, positions) in _writing(bench, plays).items():
        at = positions[0]
        for position, trouble in ((0, Trouble.UNREACHABLE), (at, Trouble.UNREACHABLE), (at, Trouble.THROTTLED)):
            with closing(bench.fresh()) as here:
                attempt = play(here, 1)
                here.troubles.clear()
                here.troubles.at(position, trouble)
                said = said_of(attempt.send)
                expect(said.not_performed, f"{name} with trouble before acting ({trouble}) gave {said}")
                expect(not any(attempt.happened()), f"{name} has happened although its request was not taken")
                waits = getattr(said.error, "retry_after_s", None) if said.error else said.receipts[0].retry_after_s
                kept = trouble is not Trouble.THROTTLED or waits == RETRY_AFTER_S
                expect(kept, f"{name} answered by 429 with Retry-After 7 says to wait {waits}")


def what_is_said_is_true(bench: Bench, plays: Plays, limit: int) -> None:
    """Of each write of a call that goes wrong half-way."""
    if limit < _BATCH:
        not_applicable(f"a call takes {limit} at most")
    for name, (play, positions) in _writing(bench, plays, _BATCH).items():
        for position in positions[:_MOST_POSITIONS]:
            for trouble in (Trouble.LOST_REPLY, Trouble.UNREACHABLE, Trouble.THROTTLED):
                with closing(bench.fresh()) as here:
                    attempt = play(here, _BATCH)
                    here.troubles.clear()
                    here.troubles.at(position, trouble)
                    said = said_of(attempt.send)
                    here.troubles.clear()
                    said = Said(tuple(attempt.settle(said.receipts)), said.error)
                    happened = attempt.happened()
                for n, claim, done in zip(range(1, _BATCH + 1), claims(said, _BATCH), happened, strict=True):
                    expect(
                        claim is None or claim is done,
                        f"{name}, {_BATCH} in a call, with {trouble} at request {position} gave {said}, "
                        f"yet number {n} {'has' if done else 'has not'} happened",
                    )


def a_repeat_ends_it(bench: Bench, plays: Plays) -> None:
    """Whatever happened the first time, the same call made again leaves every write done, once."""
    for name, (play, positions) in _writing(bench, plays).items():
        for trouble in (*_AFTER, Trouble.UNREACHABLE):
            with closing(bench.fresh()) as here:
                attempt = play(here, 1)
                here.troubles.clear()
                here.troubles.at(positions[0], trouble)
                said_of(attempt.send)
                here.troubles.clear()
                attempt.happened()
                receipts = attempt.settle(attempt.send())
                done = {receipt.outcome for receipt in receipts} == {Outcome.DONE}
                expect(done, f"{name}, sent again after {trouble}, gave {Said(tuple(receipts))}")
                here.troubles.deliver_late()
                expect(all(attempt.happened()), f"{name}, sent again after {trouble}, is said to be done and is not")


def a_refused_credential_stops(bench: Bench, plays: Plays) -> None:
    """A 401 throughout: a person has to act, and nothing is tried over and over."""
    for name, (play, _) in _writing(bench, plays).items():
        with closing(bench.fresh()) as here:
            attempt = play(here, 1)
            here.troubles.clear()
            here.troubles.always(Trouble.UNAUTHORIZED)
            said = said_of(attempt.send)
            made = len(here.troubles.requests)
            expect(isinstance(said.error, HaltError), f"{name} answered by 401 throughout gave {said}, not a HaltError")
            expect(made <= _PATIENCE, f"{name} answered by 401 throughout made {made} requests")


def an_ended_session_is_renewed(bench: Bench, plays: Plays) -> None:
    """When a token has expired between two calls."""
    expire = getattr(bench.counterpart, "expire_sessions", None)
    if expire is None:
        not_applicable("the counterpart has no expire_sessions(): there are no sessions to expire")
    for name, play in plays.items():
        for _ in range(2):  # the first one logs in
            attempt = play(bench, 1)
            expire()
            bench.troubles.clear()
            receipts = attempt.settle(attempt.send())
            well = Said(tuple(receipts)).went_well and all(attempt.happened())
            expect(well, f"{name} after an expired session gave {Said(tuple(receipts))}")
            expect(len(bench.troubles.requests) <= _PATIENCE, f"{name} made {len(bench.troubles.requests)} requests")


def nothing_private_is_said(bench: Bench, plays: Plays) -> None:
    """In no trouble and in none of the logs: neither secrets nor what the writes are about."""
    secrets = [value for value in map(str, bench.counterpart.secrets.values()) if len(value) >= 4]
    for name, play in plays.items():
        for trouble in (None, *_TOLD) if bench.over_http else (None,):
            with listening() as heard, closing(bench.fresh()) as here:
                attempt = play(here, 1)
                if trouble is not None:
                    here.troubles.clear()
                    here.troubles.always(trouble)
                heard.write(_told(said_of(attempt.send)))
            for private in (*secrets, *attempt.personal):
                what = "a secret" if private in secrets else "personal data"
                expect(private not in heard.getvalue(), f"{what} appears in what is said of {name} ({trouble})")


def _told(said: Said) -> str:
    """Everything that is said of a call."""
    trace = "".join(traceback.format_exception(said.error)) if said.error else ""
    return f"{said}{said.receipts!r}{said.error!r}{trace}"


def _writing(bench: Bench, plays: Plays, count: int = 1) -> dict[str, tuple[Play, list[int]]]:
    """The plays that write, and at which requests they do, when all is well."""
    found = {}
    for name, play in plays.items():
        with closing(bench.fresh()) as here:
            attempt = play(here, count)
            here.troubles.clear()
            receipts = attempt.settle(attempt.send())
            expect(all(receipt.outcome is Outcome.DONE for receipt in receipts), f"{name} gave {Said(tuple(receipts))}")
            if here.troubles.writes_at:
                found[name] = play, list(here.troubles.writes_at)
    if not found:
        not_applicable("nothing that is sent is journaled by the counterpart")
    return found


def never_less(bench: Bench, read: Callable[[], Sequence[object]], what: str) -> None:
    """Insist that a trouble at any request is an error that says to ask again, never a shorter answer."""
    bench.troubles.clear()
    read()
    bench.troubles.clear()
    whole = read()
    positions = range(min(len(bench.troubles.requests), _MOST_QUESTIONS))
    for position in positions:
        for trouble in _UNREAD:
            bench.troubles.clear()
            bench.troubles.at(position, trouble)
            try:
                told = read()
            except RetryableError:
                continue
            except Exception as error:  # noqa: BLE001 - every other error is the finding
                raise LawBrokenError(f"{what} with {trouble} gave {Said(error=error)}, not a RetryableError") from None
            raise LawBrokenError(f"{what} with {trouble} told {len(told)} of {len(whole)}, as if it were the whole")
    bench.troubles.clear()
    if not positions:
        not_applicable(f"{what} makes no request")
