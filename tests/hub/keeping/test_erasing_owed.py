"""Nobody is erased who is still owed pay: afterwards no check lets anything be paid to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerKind
from baton.errors import ApprovalError
from baton.hub.payment.reissuing import reissue_run
from baton.hub.payment.signing import cancel
from baton.model.pay_run import LineState
from baton.store.pay_runs import LineChange
from tests.hub.keeping.conftest import World
from tests.hub.keeping.leaver import LEAVER, erase, lived
from tests.hub.payment.office import PAY_DAY
from tests.hub.payment.test_answers import say
from tests.rig.bank_papers import report, statement
from tests.rig.company import row
from tests.rig.payroll import ACCOUNT, MAKER

Make = Callable[..., World]
PAID = {"0001": "5000.00", "0002": "6000.00"}


def refused(it: World, code: str) -> str:
    """A run whose lines the bank has refused; one of its people has left since, with no account to pay to."""
    run = it.office.delivered(PAID)
    told = {line.reference: ("RJCT", code) for line in it.office.lines(run)}
    say(it.office, AnswerKind.REPORT, report(list(it.office.bank.contents.values())[-1], "PART", told))
    leave(it)
    return run


def leave(it: World) -> None:
    it.company.rows = [LEAVER, *(row(f"{n:04d}") for n in range(2, 12))]
    lived(it)


def stands(it: World, state: LineState) -> None:
    run = it.office.delivered(PAID)
    with it.hub.database.write() as connection:
        (line, _) = it.hub.pay_runs.lines(connection, run)
        it.hub.pay_runs.move_lines(connection, [LineChange(line, state)])
    leave(it)


def test_who_was_refused_their_pay_is_owed_it_until_it_is_paid_again_or_given_up(world: Make) -> None:
    it = world()
    run = refused(it, "AM04")
    with pytest.raises(ApprovalError, match=f"of {run} is rejected.*baton pay reissue"):
        erase(it)
    again = reissue_run(it.hub, run, MAKER, PAY_DAY).run.run_id
    with pytest.raises(ApprovalError, match=f"payment {again}"):
        erase(it)
    cancel(it.hub, again, MAKER, "paid in cash, receipt 17")
    assert erase(it).rows


def test_that_the_checks_leave_the_next_attempt_out_pays_nobody(world: Make) -> None:
    it = world()
    run = refused(it, "AM04")
    again = reissue_run(it.hub, run, MAKER, PAY_DAY).run.run_id
    with it.hub.database.write() as connection:
        left_out = [LineChange(line, LineState.LEFT_OUT) for line in it.hub.pay_runs.lines(connection, again)]
        it.hub.pay_runs.move_lines(connection, left_out)
    with pytest.raises(ApprovalError, match=f"of {run} is rejected"):
        erase(it)


def test_what_the_bank_says_it_has_already_keeps_nobody(world: Make) -> None:
    it = world()
    refused(it, "AM05")
    assert erase(it).rows


def test_what_has_come_back_is_owed(world: Make) -> None:
    it = world()
    run = it.office.delivered(PAID)
    (line, _) = it.office.lines(run)
    for number, way in enumerate(("DBIT", "CRDT"), start=1):
        say(it.office, AnswerKind.STATEMENT, statement(ACCOUNT, [(line.reference, "5000.00", way)], number=number))
    leave(it)
    with pytest.raises(ApprovalError, match=f"of {run} is returned"):
        erase(it)


def test_what_is_debited_may_still_come_back_for_a_month(world: Make) -> None:
    it = world()
    stands(it, LineState.DEBITED)
    with pytest.raises(ApprovalError, match="payment pay-"):
        erase(it)
    it.company.clock.advance(timedelta(days=32))
    assert erase(it).rows
