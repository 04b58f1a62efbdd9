"""At every instant one person answers for each client, whatever is known and in whatever order it comes."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from baton.jobs.offboarding.accountability import History, Reason, Receivable, Turn, answer_rows, answers, rows
from baton.model.handover import HoldingKind, HoldingRef

START = datetime(2026, 1, 1, tzinfo=UTC)
CLIENT = ("crm", HoldingRef(HoldingKind.CLIENT, "c1"))
OTHER = ("crm", HoldingRef(HoldingKind.CLIENT, "c2"))
DUE = ("crm", HoldingRef(HoldingKind.RECEIVABLE, "r1"))


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def turn(holder: str, since: float, until: float | None = None, thing: tuple[str, HoldingRef] = CLIENT) -> Turn:
    return Turn(thing, holder, day(since), None if until is None else day(until))


moments = st.integers(-10, 60).map(day)
turns = st.lists(
    st.builds(
        lambda thing, who, since, length: turn(who, since, None if length is None else since + length, thing),
        st.sampled_from([CLIENT, OTHER, DUE]),
        st.sampled_from(["0001", "0002", "0003"]),
        st.integers(0, 40),
        st.none() | st.integers(0, 30),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(turns, moments, st.randoms(use_true_random=False))
def test_at_every_instant_exactly_one_person_is_responsible(
    known: list[Turn], moment: datetime, chance: random.Random
) -> None:
    history = History(known)
    shuffled = list(known)
    chance.shuffle(shuffled)
    for thing in history.things(HoldingKind.CLIENT):
        spans = history.spans(thing)
        covering = [
            span
            for span in spans
            if (span.since is None or span.since <= moment) and (span.until is None or moment < span.until)
        ]
        assert len(covering) == 1
        assert (covering[0].person, covering[0].reason) == history.at(thing, moment)
        assert covering[0].person in {each.holder for each in known if each.thing == thing}
        assert (spans[0].since, spans[-1].until) == (None, None)
        assert all(before.until == after.since for before, after in itertools.pairwise(spans))
        assert History(shuffled).spans(thing) == spans


def test_reasons() -> None:
    history = History([turn("0002", 1, 10), turn("0003", 12), turn("0004", 20, 30)])
    said = {n: history.at(CLIENT, day(n)) for n in (0, 1, 9, 10, 11, 12, 20, 30, 99)}
    assert said == {
        0: ("0002", Reason.EARLIEST_KNOWN),
        1: ("0002", Reason.HOLDS),
        9: ("0002", Reason.HOLDS),
        10: ("0002", Reason.HELD_LAST),
        11: ("0002", Reason.HELD_LAST),
        12: ("0003", Reason.HOLDS),
        20: ("0004", Reason.HOLDS),
        30: ("0004", Reason.HELD_LAST),
        99: ("0004", Reason.HELD_LAST),
    }


def test_a_receivable_follows_its_own_tenure_and_else_its_client() -> None:
    history = History([turn("0002", 1, 10), turn("0003", 10), turn("0009", 5, thing=DUE)])
    own = Receivable("crm", "r1", CLIENT[1], "100.00 CNY")
    by_client = Receivable("crm", "r2", CLIENT[1], "")
    nobodys = Receivable("crm", "r3", None, "")
    found = answers(history, [nobodys, by_client, own], day(11))
    assert [(each.person, each.reason) for each in found] == [
        ("0009", Reason.HOLDS),
        ("0003", Reason.HOLDS_CLIENT),
        ("", Reason.UNKNOWN),
    ]
    assert answer_rows(found)[0] == {
        "system": "crm", "kind": "receivable", "id": "r1", "client": "client/c1", "amount": "100.00 CNY",
        "person": "0009", "reason": "holds",
    }  # fmt: skip
    assert rows(history.spans(CLIENT))[-1]["until"] == ""
