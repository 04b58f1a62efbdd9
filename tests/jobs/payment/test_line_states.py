"""The machine of a pay line: what banks say converges, whatever its order; nothing is overwritten in silence."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.errors import TransitionError
from baton.jobs.payment.line_states import (
    EVENTS,
    TABLE,
    LineEvent,
    Reported,
    alarming,
    event_of_entry,
    settled,
    step,
)
from baton.model.bank_answers import (
    AnswerLevel,
    BankAnswer,
    BankState,
    Direction,
    Reason,
    ReasonKind,
    StatementEntry,
)
from baton.model.pay_run import LineState as S

BANKS = [E for E in LineEvent if E in {each for each in EVENTS.values() if each is not None}]
AT_THE_BANK = [S.RELEASED, S.IN_DOUBT, S.ACCEPTED, S.DEBITED, S.PAID, S.REJECTED, S.RECALLED, S.DISPUTED, S.RETURNED]


def test_every_state_has_its_row_and_every_bank_state_its_event():
    assert set(TABLE) == set(S)
    assert set(EVENTS) == set(BankState)


@given(
    st.lists(st.sampled_from(BANKS), max_size=7).flatmap(lambda said: st.tuples(st.just(said), st.permutations(said)))
)
def test_any_order_of_the_same_answers_ends_in_the_same_state(both):
    said, shuffled = both
    assert settled(S.RELEASED, said) is settled(S.RELEASED, shuffled)


def test_every_order_of_every_three_answers_from_every_state():
    for state in AT_THE_BANK:
        for said in [(a, b, c) for a in BANKS for b in BANKS for c in BANKS]:
            assert len({settled(state, order) for order in permutations(said)}) == 1, (state, said)


@given(st.lists(st.sampled_from(BANKS), max_size=6), st.randoms())
def test_what_is_said_twice_is_said_once(said, chance):
    doubled = [*said, *said]
    chance.shuffle(doubled)
    assert settled(S.RELEASED, doubled) is settled(S.RELEASED, said)


def test_paid_needs_the_banks_last_word_or_a_booking_and_settled_on_our_side_is_neither():
    for said in BANKS:
        assert (step(S.RELEASED, said) is S.PAID) == (said is LineEvent.PAID)
    assert [state for state, event in EVENTS.items() if event is LineEvent.PAID] == [BankState.PAID]
    assert settled(S.RELEASED, [EVENTS[BankState.DEBITED]] * 3) is S.DEBITED


def test_a_refusal_beats_doubt_and_promises():
    for before in (S.RELEASED, S.IN_DOUBT, S.ACCEPTED):
        assert step(before, LineEvent.REFUSED) is S.REJECTED
    assert settled(S.REJECTED, [LineEvent.LOSE_SIGHT, LineEvent.TAKEN]) is S.REJECTED


@pytest.mark.parametrize("money", [LineEvent.PAID, LineEvent.DEBITED])
@pytest.mark.parametrize("no", [LineEvent.REFUSED, LineEvent.STOPPED, LineEvent.KEPT])
def test_a_refusal_never_overwrites_money_it_is_an_alarm_until_the_money_is_back(money, no):
    before = step(S.RELEASED, money)
    after = step(before, no)
    assert after is S.DISPUTED
    assert alarming(before, after)
    assert step(after, LineEvent.CAME_BACK) is S.RETURNED


def test_a_return_is_the_end_and_an_alarm_when_it_had_been_paid():
    assert alarming(S.PAID, S.RETURNED)
    assert not alarming(S.DISPUTED, S.DISPUTED)
    assert not alarming(S.ACCEPTED, S.PAID)
    assert {step(S.RETURNED, said) for said in BANKS} == {S.RETURNED}


@pytest.mark.parametrize("state", [S.DRAFT, S.HELD, S.LEFT_OUT, S.FILED, S.CANCELLED])
def test_the_bank_cannot_know_a_line_that_was_never_released(state):
    for said in BANKS:
        with pytest.raises(TransitionError):
            step(state, said)


@pytest.mark.parametrize("state", [each for each in AT_THE_BANK if each is not S.RELEASED])
def test_nothing_takes_a_line_back_once_its_bytes_may_have_left(state):
    for event in (
        LineEvent.VOID,
        LineEvent.GIVE_UP,
        LineEvent.HOLD,
        LineEvent.LEAVE_OUT,
        LineEvent.FILE,
        LineEvent.RELEASE,
    ):
        with pytest.raises(TransitionError):
            step(state, event)


def test_only_a_line_in_doubt_can_turn_out_not_to_be_there():
    assert step(S.IN_DOUBT, LineEvent.NOT_THERE) is S.RELEASED
    for state in AT_THE_BANK:
        if state is not S.IN_DOUBT:
            with pytest.raises(TransitionError):
                step(state, LineEvent.NOT_THERE)


def test_the_way_through():
    way = [LineEvent.HOLD, LineEvent.WAIVE, LineEvent.FILE, LineEvent.VOID, LineEvent.FILE, LineEvent.RELEASE]
    assert settled(S.DRAFT, [*way, LineEvent.TAKEN, LineEvent.DEBITED, LineEvent.PAID]) is S.PAID


def entry(direction, **more):
    return StatementEntry("A1", direction, 100, "CNY", date(2026, 11, 25), **more)


def test_a_booking_pays_a_credit_brings_back_and_what_is_pending_does_nothing():
    assert event_of_entry(entry(Direction.DEBIT)) is LineEvent.PAID
    assert event_of_entry(entry(Direction.CREDIT)) is LineEvent.CAME_BACK
    assert (
        event_of_entry(entry(Direction.CREDIT, returned=Reason("AC04", ReasonKind.DEAD_ACCOUNT))) is LineEvent.CAME_BACK
    )
    # Money that leaves (again, after a return was taken back) has not come back, whatever reason stands beside it.
    assert event_of_entry(entry(Direction.DEBIT, returned=Reason("AC04", ReasonKind.DEAD_ACCOUNT))) is LineEvent.PAID
    assert event_of_entry(entry(Direction.DEBIT, pending=True)) is None


FILE, BATCH, LINE = AnswerLevel.FILE, AnswerLevel.BATCH, AnswerLevel.LINE


def reported(*answers):
    report = Reported()
    for level, state, name in answers:
        names = {BATCH: {"batch_id": name}, LINE: {"reference": name}, FILE: {}}[level]
        report.add(BankAnswer(level, state, "", **names))
    return report


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([(FILE, BankState.REJECTED, "")], S.REJECTED),
        ([(FILE, BankState.ACCEPTED, "")], S.ACCEPTED),
        ([(FILE, BankState.ACCEPTED, ""), (LINE, BankState.REJECTED, "R1")], S.REJECTED),
        ([(FILE, BankState.ACCEPTED, ""), (LINE, BankState.REJECTED, "R2")], S.ACCEPTED),
        ([(FILE, BankState.PARTIAL, ""), (LINE, BankState.REJECTED, "R2")], S.RELEASED),
        ([(FILE, BankState.PARTIAL, ""), (BATCH, BankState.DEBITED, "B1")], S.DEBITED),
        ([(FILE, BankState.PARTIAL, ""), (BATCH, BankState.REJECTED, "B2")], S.RELEASED),
        ([(FILE, BankState.ACCEPTED, ""), (BATCH, BankState.PARTIAL, "B1")], S.ACCEPTED),
        ([(FILE, BankState.REJECTED, ""), (LINE, BankState.ACCEPTED, "R1")], S.REJECTED),
        ([(FILE, BankState.REJECTED, ""), (LINE, BankState.PAID, "R1")], S.DISPUTED),
        ([(BATCH, BankState.REJECTED, "B1"), (LINE, BankState.DEBITED, "R1")], S.DISPUTED),
        ([(LINE, BankState.ACCEPTED, "R1"), (LINE, BankState.REJECTED, "R1")], S.REJECTED),
        ([], S.RELEASED),
    ],
)
def test_a_finer_answer_overrides_unlisted_lines_inherit_and_a_refusal_of_all_is_one_of_each(answers, state):
    assert settled(S.RELEASED, reported(*answers).events("R1", "B1")) is state
