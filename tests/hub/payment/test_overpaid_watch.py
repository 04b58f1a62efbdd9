"""What the schedule does by itself: it tells in counts, and opens cases only where the policy says so."""

from __future__ import annotations

from datetime import date

from baton.hub.payment.money_back import credit_to
from baton.hub.payment.overpaid_watch import look_for_overpayments
from baton.hub.payment.recovering import BY, open_cases, withdraw_case
from baton.jobs.payment.roles import Role
from tests.hub.payment.office import Office
from tests.hub.payment.test_credits_without_names import listed, page, unnamed
from tests.hub.payment.test_overpaid_again import LEFT, WHOLE, booked, left, paid_again
from tests.hub.payment.test_recovering import LATE, came_in, late, opened, say  # noqa: F401 - a fixture
from tests.rig.payroll import HR, PAYROLL, card

BY_SCHEDULE = "overpayment: {opens: by_schedule}\n"
NOTHING = dict.fromkeys(("people", "hold", "recall", "recover", "wait", "unclear", "claimed_too_much"), 0)


def test_it_only_tells(late: Office) -> None:  # noqa: F811
    seen = look_for_overpayments(late.hub)
    assert seen == {**NOTHING, "people": 1, "recover": 1, "taken_in": 0, "to_be_given": 0, "opened": 0}
    assert look_for_overpayments(late.hub) == seen
    with late.hub.database.read() as connection:
        assert late.hub.recoveries.listed(connection) == []


def test_it_opens_cases_where_the_policy_says_so_and_takes_in_what_comes_back(late: Office) -> None:  # noqa: F811
    assert late.company.policy is not None
    text = late.company.policy.read_text("utf-8")
    late.company.policy.write_text(f"{text}overpayment: {{opens: by_schedule}}\n", "utf-8")
    assert look_for_overpayments(late.hub)["opened"] == 1
    assert look_for_overpayments(late.hub)["opened"] == 0
    with late.hub.database.read() as connection:
        (case,) = late.hub.recoveries.listed(connection)
    assert case.opened_by == BY
    came_in(late, case.reference, "10000.00")
    assert look_for_overpayments(late.hub)["taken_in"] == 1


def test_it_tells_of_money_that_names_a_case_and_waits_for_somebody(late: Office) -> None:  # noqa: F811
    case = opened(late)
    late.hire("0001", **LATE)
    (other,) = open_cases(late.hub, "0001", PAYROLL, "departure told late")
    row = (case.reference, "1000.00", "CRDT")
    say(late, unnamed([row]))
    say(late, page([row], 1, last=False))
    say(late, page([row], 2, last=True))
    both = unnamed([(case.reference, "20.00", "CRDT")], number=8)
    say(late, both.replace(b"</EndToEndId>", f"</EndToEndId><InstrId>{other.reference}</InstrId>".encode()))
    came_in(late, "THANKS", "30.00", number=9)
    for taken_in in (1, 0):
        seen = look_for_overpayments(late.hub)
        assert (seen["taken_in"], seen["to_be_given"]) == (taken_in, 2), "what names no case may be anything"
    doubtful = next(each for each in listed(late) if each.doubtful)
    credit_to(late.hub, case.id, doubtful.evidence, PAYROLL, "she sent it twice")
    assert look_for_overpayments(late.hub)["to_be_given"] == 1


def test_it_opens_no_claim_again_that_hr_has_withdrawn_until_hr_tells_other_dates(late: Office) -> None:  # noqa: F811
    assert late.company.policy is not None
    late.company.policy.write_text(late.company.policy.read_text("utf-8") + BY_SCHEDULE, "utf-8")
    assert look_for_overpayments(late.hub)["opened"] == 1
    with late.hub.database.read() as connection:
        (case,) = late.hub.recoveries.listed(connection)
    withdraw_case(late.hub, case.id, HR, Role.HR, "paid leave, as the board has agreed")
    assert look_for_overpayments(late.hub)["opened"] == 0
    late.hire("0002", **LATE, mobile="13800000002")
    assert look_for_overpayments(late.hub)["opened"] == 0, "nothing new is said of the dates"
    late.hire("0002", status=LATE["status"], last_working_day=date(2026, 10, 30))
    assert look_for_overpayments(late.hub)["opened"] == 0, "the month was no more owed before than now"
    late.hire("0002", status=LATE["status"], last_working_day=date(2026, 11, 3))
    assert look_for_overpayments(late.hub)["opened"] == 1, "another part of it is not owed"


def test_it_opens_no_claim_again_to_the_next_attempt_of_what_hr_has_withdrawn_it_to(office: Office) -> None:
    """Until HR tells other dates, as for the payment itself."""
    assert office.company.policy is not None
    office.company.policy.write_text(office.company.policy.read_text("utf-8") + BY_SCHEDULE, "utf-8")
    run_id = office.delivered({"0002": "8000.00"})
    (line,) = office.lines(run_id)
    booked(office, line.reference, "DBIT", 1)
    left(office, date(2026, 11, 10))
    assert look_for_overpayments(office.hub)["opened"] == 1
    with office.hub.database.read() as connection:
        (case,) = office.hub.recoveries.listed(connection)
    withdraw_case(office.hub, case.id, HR, Role.HR, "paid leave, as the board has agreed")
    for attempt in (2, 3):
        booked(office, line.reference, "CRDT", 2 * attempt)
        office.hire("0002", bank_account_number=card(70 + attempt), status=LATE["status"], **LEFT)
        run_id = paid_again(office, run_id)
        (line,) = office.lines(run_id)
        assert (line.payable.key.attempt, line.payable.amount_minor) == (attempt, WHOLE)
        assert look_for_overpayments(office.hub)["opened"] == 0
    left(office, date(2026, 11, 3))
    assert look_for_overpayments(office.hub)["opened"] == 1, "another part of it is not owed"


def test_it_opens_no_claim_again_that_hr_has_withdrawn_once_both_attempts_are_out(office: Office) -> None:
    assert office.company.policy is not None
    office.company.policy.write_text(office.company.policy.read_text("utf-8") + BY_SCHEDULE, "utf-8")
    run_id = office.delivered({"0002": "8000.00"})
    (line,) = office.lines(run_id)
    booked(office, line.reference, "DBIT", 1)
    left(office, date(2026, 11, 10))
    assert look_for_overpayments(office.hub)["opened"] == 1
    with office.hub.database.read() as connection:
        (case,) = office.hub.recoveries.listed(connection)
    withdraw_case(office.hub, case.id, HR, Role.HR, "paid leave, as the board has agreed")
    booked(office, line.reference, "CRDT", 2)
    office.hire("0002", bank_account_number=card(77), status=LATE["status"], **LEFT)
    paid_again(office, run_id)
    assert look_for_overpayments(office.hub)["opened"] == 0
    for number in (3, 4):  # the bank has booked it out once more than it came back
        booked(office, line.reference, "DBIT", number)
    seen = look_for_overpayments(office.hub)
    assert (seen["recover"], seen["opened"]) == (2, 0), "both are found, and a person may open a case"
    left(office, date(2026, 11, 3))
    assert look_for_overpayments(office.hub)["opened"] == 1, "another part of it is not owed"


def test_a_person_may_open_a_claim_that_was_withdrawn(late: Office) -> None:  # noqa: F811
    case = opened(late)
    withdraw_case(late.hub, case.id, HR, Role.HR, "opened by mistake")
    assert opened(late).amount_minor == case.amount_minor
