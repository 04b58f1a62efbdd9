"""The literal tables are complete, and say what they must of the codes that money hangs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.banking.reading.iso_reasons import RETURN_REASONS, STATUS_REASONS
from baton.banking.reading.iso_states import GROUP_STATES, TRANSACTION_STATES
from baton.model.bank_answers import BankState, ReasonKind

SETS = Path(__file__).parent / "code_sets"


@pytest.mark.parametrize(
    ("name", "table", "count"),
    [
        ("transaction_states", TRANSACTION_STATES, 25),
        ("group_states", GROUP_STATES, 13),
        ("status_reasons", STATUS_REASONS, 315),
        ("return_reasons", RETURN_REASONS, 104),
    ],
)
def test_every_code_of_the_code_set_is_in_its_table_and_no_other(name, table, count):
    codes = (SETS / f"{name}.txt").read_text().split()
    assert len(codes) == count
    assert sorted(table) == codes


def test_one_state_of_a_line_is_money_with_the_payee_and_settled_on_our_side_is_not():
    paid = {code for code, state in TRANSACTION_STATES.items() if state is BankState.PAID}
    assert paid == {"ACCC", "CPUC"}  # credited, or the cash was picked up
    assert TRANSACTION_STATES["ACSC"] is GROUP_STATES["ACSC"] is BankState.DEBITED
    assert {code for code, state in GROUP_STATES.items() if state is BankState.PAID} == {"ACCC"}


def test_refused_cancelled_and_blocked_are_one_code_each():
    by_state = {state: [code for code, found in TRANSACTION_STATES.items() if found is state] for state in BankState}
    assert by_state[BankState.REJECTED] == ["RJCT"]
    assert by_state[BankState.CANCELLED] == ["CANC"]
    assert by_state[BankState.BLOCKED] == ["BLCK"]


@pytest.mark.parametrize("code", ["AM05", "DU01", "DU02", "DU03", "DU04", "DU05", "DUPL", "DS15", "RF01"])
def test_what_the_bank_has_already_is_a_duplicate(code):
    assert STATUS_REASONS[code] is ReasonKind.DUPLICATE
    assert RETURN_REASONS.get(code, ReasonKind.DUPLICATE) is ReasonKind.DUPLICATE


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AC01", ReasonKind.DATA),
        ("AC04", ReasonKind.DEAD_ACCOUNT),
        ("AC06", ReasonKind.DEAD_ACCOUNT),
        ("AM04", ReasonKind.FUNDS),
        ("AM02", ReasonKind.LIMIT),
        ("BE01", ReasonKind.DATA),
        ("RC04", ReasonKind.DATA),
        ("RR04", ReasonKind.REGULATORY),
        ("TM01", ReasonKind.CUT_OFF),
        ("MS03", ReasonKind.UNNAMED),
        ("NARR", ReasonKind.UNNAMED),
    ],
)
def test_the_codes_that_are_met_most(code, kind):
    assert STATUS_REASONS[code] is RETURN_REASONS[code] is kind


def test_a_code_that_means_something_else_of_a_return_is_read_as_the_return():
    assert (STATUS_REASONS["BE08"], RETURN_REASONS["BE08"]) == (ReasonKind.DATA, ReasonKind.UNNAMED)
    assert (STATUS_REASONS["AC16"], RETURN_REASONS["AC16"]) == (ReasonKind.DATA, ReasonKind.DEAD_ACCOUNT)
