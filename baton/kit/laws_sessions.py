"""Laws of logging people out: they are, and nobody else is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from baton.contracts import SessionControl
from baton.kit import trouble_checks
from baton.kit.bench import Bench, LawBrokenError, expect
from baton.kit.handover_desk import LEAVER, OTHER, SUCCESSOR, People
from baton.kit.record_desk import insist
from baton.kit.trouble_checks import Attempt, Plays
from baton.model.account import Outcome, Receipt
from baton.model.handover import SessionEnd

_AT_ONCE: Final = 6


def a_person_is_logged_out_and_nobody_else(bench: Bench) -> None:
    people = _logged_in(bench, LEAVER, OTHER)
    insist(Outcome.DONE, _end(people, LEAVER), "logging somebody out")
    expect(not bench.counterpart.logged_in(people.id(LEAVER)), "somebody who was logged out is still logged in")
    expect(bench.counterpart.logged_in(people.id(OTHER)), "logging one person out logged out another one")


def logging_out_who_is_not_logged_in_is_done(bench: Bench) -> None:
    people = _logged_in(bench, LEAVER)
    people.person(SUCCESSOR)
    for _ in range(2):
        insist(Outcome.DONE, _end(people, SUCCESSOR, LEAVER), "logging out people who may not be logged in")
    expect(not bench.counterpart.logged_in(people.id(LEAVER)), "somebody who was logged out twice is logged in")
    bench.counterpart.log_in(people.id(LEAVER))
    expect(bench.counterpart.logged_in(people.id(LEAVER)), "logging somebody out has kept them out: that is disabling")


def several_people_are_logged_out_at_once(bench: Bench) -> None:
    everybody = range(1, _AT_ONCE + 1)
    people = _logged_in(bench, *everybody)
    leaving = everybody[::2]
    insist(Outcome.DONE, _end(people, *leaving), f"logging {len(leaving)} people out")
    here = [n for n in everybody if bench.counterpart.logged_in(people.id(n))]
    expect(
        here == list(everybody[1::2]), f"of {_AT_ONCE} people {len(leaving)} were logged out, and not just those are"
    )
    expect(_end(people) == [], "logging nobody out has receipts")


def logging_out_that_may_have_happened_is_in_doubt(bench: Bench) -> None:
    trouble_checks.doubt_is_said(bench, _ENDS)


def logging_out_that_was_not_taken_is_retryable(bench: Bench) -> None:
    trouble_checks.not_taken_is_retryable(bench, _ENDS)


def what_is_said_of_broken_logging_out_is_true(bench: Bench) -> None:
    trouble_checks.what_is_said_is_true(bench, _ENDS, _AT_ONCE)


def a_refused_credential_halts_logging_out(bench: Bench) -> None:
    trouble_checks.a_refused_credential_stops(bench, _ENDS)


def _logged_in(bench: Bench, *numbers: int) -> People:
    people = People(bench)
    if not hasattr(bench.counterpart, "log_in"):
        raise LawBrokenError("the counterpart has no log_in, so nothing shows that the law holds")
    for n in numbers:
        bench.counterpart.log_in(people.id(n))
        expect(bench.counterpart.logged_in(people.id(n)), "the counterpart does not log anybody in")
    return people


def _end(people: People, *numbers: int) -> list[Receipt]:
    return _sent(people.bench.connector, [SessionEnd(people.key(), people.person(n)) for n in numbers])


def _sent(control: SessionControl, ends: Sequence[SessionEnd]) -> list[Receipt]:
    receipts = list(control.end_sessions(ends))
    expect(len(receipts) == len(ends), f"{len(receipts)} receipts for {len(ends)} people, one each is the law")
    return receipts


def _ending(bench: Bench, count: int) -> Attempt:
    numbers = range(1, count + 1)
    people = _logged_in(bench, *numbers)
    ends = [SessionEnd(people.key(), people.person(n)) for n in numbers]
    return Attempt(
        send=partial(_sent, bench.connector, ends),
        happened=lambda: [not bench.counterpart.logged_in(people.id(n)) for n in numbers],
        personal=(),
    )


_ENDS: Final[Plays] = {"logging out": _ending}

LAWS = (
    a_person_is_logged_out_and_nobody_else,
    logging_out_who_is_not_logged_in_is_done,
    several_people_are_logged_out_at_once,
    logging_out_that_may_have_happened_is_in_doubt,
    logging_out_that_was_not_taken_is_retryable,
    what_is_said_of_broken_logging_out_is_true,
    a_refused_credential_halts_logging_out,
)
