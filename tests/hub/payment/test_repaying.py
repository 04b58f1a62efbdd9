"""What a case owes back falls by what is paid to the person for it, wherever it is read, and rises when that fails."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from baton.hub.payment.money_back import take_back
from baton.hub.payment.recovering import find_case, withdraw_case
from baton.hub.payment.recovery_evidence import issue_pack
from baton.hub.payment.reissuing import reissue_run
from baton.jobs.payment.overpayment_policy import Accounts
from baton.jobs.payment.roles import Role
from baton.jobs.payment.vouchers import vouchers
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.recovery import RecoveryCase, RecoveryState
from baton.store.pay_runs import LineChange
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_recovering import LATE, TWO, came_in, late, opened, say  # noqa: F401 - a fixture
from tests.hub.payment.test_returns_taken_back import booked
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, HR, MAKER, card

ACCOUNTS = Accounts(receivable="1221", payroll="2211", bank="1002", loss="6711", payable="2241")


def paid(office: Office, amount: str, period: str, state: LineState = LineState.PAID) -> None:
    """A run of component recovery for the person, as far as this."""
    office.company.clock.advance(timedelta(hours=1))
    (line,) = office.draft({"0002": amount}, component=Component.RECOVERY, period=period).lines
    moved(office, line.run_id, state)


def moved(office: Office, run_id: str, state: LineState) -> None:
    with office.hub.database.write() as connection:
        lines = list(office.hub.pay_runs.lines(connection, run_id))
        office.hub.pay_runs.move_lines(connection, [LineChange(line, state) for line in lines])
    take_back(office.hub)


def withdrawn(office: Office) -> RecoveryCase:
    """A case whose claim was none, after 5000.00 of it had come back."""
    case = opened(office)
    came_in(office, case.reference, "5000.00")
    take_back(office.hub)
    return withdraw_case(office.hub, case.id, HR, Role.HR, "she stayed")


def owed(office: Office, case: RecoveryCase) -> tuple[int, int, int]:
    now = find_case(office.hub, case.id)[0]
    assert now.open_minor == 0
    return now.back_minor, now.repaid_minor, now.owed_back_minor


def test_it_falls_by_each_payment_and_counts_it_once(late: Office) -> None:  # noqa: F811
    case = withdrawn(late)
    assert owed(late, case) == (500_000, 0, 500_000)
    paid(late, "2000.00", "2026-11")
    assert owed(late, case) == (500_000, 200_000, 300_000)
    assert take_back(late.hub) == {}
    paid(late, "3000.00", "2026-12", LineState.DEBITED)
    assert owed(late, case) == (500_000, 500_000, 0)
    assert find_case(late.hub, case.id)[0].state is RecoveryState.WITHDRAWN


def test_what_is_only_on_its_way_is_owed_still(late: Office) -> None:  # noqa: F811
    case = withdrawn(late)
    paid(late, "2000.00", "2026-11", LineState.RELEASED)
    assert owed(late, case) == (500_000, 0, 500_000)


def test_a_payment_that_comes_back_is_owed_again(late: Office) -> None:  # noqa: F811
    case = withdrawn(late)
    paid(late, "2000.00", "2026-11")
    moved(late, late.lines_run(), LineState.RETURNED)
    assert owed(late, case) == (500_000, 0, 500_000)
    assert take_back(late.hub) == {}


def test_more_than_is_owed_is_booked_up_to_that_and_the_oldest_case_first(late: Office) -> None:  # noqa: F811
    first = withdrawn(late)
    late.company.clock.advance(timedelta(hours=1))
    second = opened(late)
    came_in(late, second.reference, "13000.00", number=3)
    take_back(late.hub)
    assert owed(late, second) == (1_300_000, 0, 65_433)
    paid(late, "5100.00", "2026-11")
    assert owed(late, first) == (500_000, 500_000, 0)
    assert owed(late, second) == (1_300_000, 10_000, 55_433)
    paid(late, "9000.00", "2026-12")
    assert owed(late, second) == (1_300_000, 65_433, 0)
    assert find_case(late.hub, second.id)[0].state is RecoveryState.REPAID


def test_what_was_paid_before_the_case_was_opened_is_none_of_its(late: Office) -> None:  # noqa: F811
    paid(late, "2000.00", "2026-11")
    late.company.clock.advance(timedelta(hours=1))
    case = withdrawn(late)
    assert owed(late, case) == (500_000, 0, 500_000)


def test_the_vouchers_and_the_pack_say_the_same(late: Office, tmp_path: Path) -> None:  # noqa: F811
    case = withdrawn(late)
    paid(late, "2000.00", "2026-11")
    now, entries = find_case(late.hub, case.id)
    *_, last = vouchers(now, entries, ACCOUNTS, late.company.clock.now().tzinfo)  # type: ignore[arg-type]
    assert (last.debit, last.credit, last.amount_minor) == ("2241", "1002", 200_000)
    assert last.text_en == "paid back to the person"
    pack = issue_pack(late.hub, case.id, HR)
    told = orjson.loads(pack.manifest)["document"]["case"]
    assert (told["repaid_minor"], told["owed_back_minor"]) == (200_000, 300_000)
    assert "<td>2,000.00 CNY</td><td>3,000.00 CNY</td>" in pack.page


def test_what_came_back_is_owed_again_before_what_was_paid_is_booked(late: Office) -> None:  # noqa: F811
    """In whichever order they were drafted: else the second payment would show as owed until somebody looks again."""
    case = withdrawn(late)
    paid(late, "5000.00", "2026-11", LineState.RELEASED)
    first = late.lines_run()
    paid(late, "5000.00", "2026-12")
    assert owed(late, case) == (500_000, 500_000, 0)
    with late.hub.database.write() as connection:
        (back,) = late.hub.pay_runs.lines(connection, late.lines_run())
        (out,) = late.hub.pay_runs.lines(connection, first)
        changes = [LineChange(back, LineState.RETURNED), LineChange(out, LineState.PAID)]
        late.hub.pay_runs.move_lines(connection, changes)
    assert take_back(late.hub) == {case.id: 2}
    assert owed(late, case) == (500_000, 500_000, 0)
    assert take_back(late.hub) == {}


@pytest.mark.parametrize("sent", [100_000, 1_234_567, 1_300_000])
@pytest.mark.parametrize("first", ["paid", "taken back", "both"])
def test_a_refund_and_a_return_that_is_taken_back_come_to_the_same_in_either_order(
    late: Office,  # noqa: F811
    first: str,
    sent: int,
) -> None:
    """She has the payment again, and the refund of what she had sent: she owes all of the claim, and is told anew.

    Whether what she had sent was less than the claim, all of it or more.
    """
    amount = f"{sent / 100:.2f}"
    case = opened(late)
    booked(late, case, "CRDT", day=1, number=3)
    came_in(late, case.reference, amount, number=4)
    take_back(late.hub)
    assert find_case(late.hub, case.id)[0].owed_back_minor == sent
    paid(late, amount, "2026-12", LineState.RELEASED)
    run_id = late.lines_run()
    late.company.clock.advance(timedelta(hours=1))
    if first == "paid":
        moved(late, run_id, LineState.PAID)
    booked(late, case, "DBIT", day=2, number=5)
    if first == "taken back":
        take_back(late.hub)
    moved(late, run_id, LineState.PAID)
    after = find_case(late.hub, case.id)[0]
    assert (after.state, after.back_minor, after.repaid_minor) == (RecoveryState.CLAIMED, sent, sent)
    assert after.open_minor == case.amount_minor
    assert take_back(late.hub) == {}
    moved(late, run_id, LineState.RETURNED)
    assert find_case(late.hub, case.id)[0].open_minor == max(case.amount_minor - sent, 0)
    assert take_back(late.hub) == {}


def test_of_two_refunds_of_the_same_debt_one_is_booked(late: Office) -> None:  # noqa: F811
    """Also where a return was taken back before the second was paid."""
    case = opened(late)
    booked(late, case, "CRDT", day=1, number=3)
    came_in(late, case.reference, "1000.00", number=4)
    take_back(late.hub)
    paid(late, "1000.00", "2026-11", LineState.RELEASED)
    first = late.lines_run()
    paid(late, "1000.00", "2026-12")
    assert find_case(late.hub, case.id)[0].repaid_minor == 100_000
    booked(late, case, "DBIT", day=2, number=5)
    late.company.clock.advance(timedelta(hours=1))
    moved(late, first, LineState.PAID)
    after = find_case(late.hub, case.id)[0]
    assert (after.repaid_minor, after.open_minor) == (100_000, case.amount_minor)


@pytest.mark.parametrize("reissued", ["before", "after"])
def test_a_refund_that_comes_back_and_is_paid_again_is_booked_whether_or_not_a_return_was_taken_back_before(
    late: Office,  # noqa: F811
    reissued: str,
) -> None:
    """It pays what was owed when the refund was drafted first, whenever its next attempt is."""
    case = opened(late)
    booked(late, case, "CRDT", day=1, number=3)
    came_in(late, case.reference, "1000.00", number=4)
    take_back(late.hub)
    paid(late, "1000.00", "2026-12")
    first = late.lines_run()

    def taken_back() -> None:
        late.company.clock.advance(timedelta(hours=1))
        booked(late, case, "DBIT", day=2, number=5)
        take_back(late.hub)
        late.company.clock.advance(timedelta(hours=1))

    if reissued == "after":
        taken_back()
    (line,) = late.lines(first)
    say(late, statement(ACCOUNT, [(line.reference, "1000.00", "CRDT")], number=6))
    late.hire("0002", bank_account_number=card(77), **LATE)
    again = reissue_run(late.hub, first, MAKER, PAY_DAY).run.run_id
    if reissued == "before":
        taken_back()
    moved(late, again, LineState.PAID)
    after = find_case(late.hub, case.id)[0]
    assert (after.back_minor, after.repaid_minor) == (100_000, 100_000)
    assert after.open_minor == case.amount_minor
    assert take_back(late.hub) == {}
