"""From a departure told too late to the last cent back: found, opened once, written, agreed, taken in, closed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from baton.contracts.payments import AnswerFile, AnswerKind
from baton.errors import ApprovalError, ConfigurationError, TransitionError
from baton.hub.payment.answering import take_answers
from baton.hub.payment.money_back import credit_to, credits_of, kept_from_wages, take_back
from baton.hub.payment.noticing import drafted_letters, notice
from baton.hub.payment.overpayments import figures, find
from baton.hub.payment.recovering import Consent, agree, find_case, open_cases, withdraw_case, write_off
from baton.hub.payment.reissuing import reissue_run
from baton.jobs.payment.overpayment import Remedy
from baton.jobs.payment.roles import Role
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from baton.model.recovery import EntryKind, Instalment, RecoveryCase, RecoveryState, Way
from baton.store.pay_runs import LineChange
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_answers import ACCOUNT, booked
from tests.rig.bank_papers import statement
from tests.rig.payroll import BANK, DIRECTOR, HR, MAKER, PAYROLL, card

TWO = {"0001": "8000.00", "0002": "12,345.67"}
LATE: dict[str, Any] = {"status": EmploymentStatus.DEPARTED, "last_working_day": date(2026, 10, 31)}
PAPER = Consent(date(2026, 11, 23), "file 2026/17")


@pytest.fixture
def late(office: Office) -> Office:
    """Two people are paid; afterwards HR tells that one had left before the month began."""
    office.hire(*TWO)
    lines = office.draft(TWO).lines
    with office.hub.database.write() as connection:
        office.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID) for line in lines])
    office.company.clock.advance(timedelta(days=10))
    office.hire("0002", **LATE)
    return office


def say(office: Office, data: bytes) -> None:
    office.bank.answers.append(AnswerFile(f"statement-{len(office.bank.answers)}", AnswerKind.STATEMENT, data))
    take_answers(office.hub, BANK)


def came_in(office: Office, reference: str, amount: str, number: int = 2) -> None:
    """A plain credit on the next statement."""
    data = statement(ACCOUNT, [(reference, amount, "CRDT")], number=number)
    say(office, data.replace(b"<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>", b""))


def opened(office: Office) -> RecoveryCase:
    (case,) = open_cases(office.hub, "0002", PAYROLL, "departure told late")
    return case


def told(office: Office, tmp: Path) -> RecoveryCase:
    return notice(office.hub, opened(office).id, PAYROLL, tmp / "letters").case


def state(office: Office, case: RecoveryCase) -> RecoveryState:
    return find_case(office.hub, case.id)[0].state


def test_a_departure_told_after_the_pay_day_is_found_with_its_cause(late: Office) -> None:
    found = find(late.hub)
    assert list(found) == ["0002"]
    (one,) = found["0002"].not_owed
    assert (one.amount_minor, one.remedy, one.cause.version) == (1_234_567, Remedy.RECOVER, 2)
    assert one.cause.recorded_at == late.hub.clock.now()
    assert figures(found) == Counter(
        {"people": 1, "hold": 0, "recall": 0, "recover": 1, "wait": 0, "unclear": 0, "claimed_too_much": 0}
    )
    assert find(late.hub, ["0001"]) == {}


def test_looking_writes_nothing(late: Office) -> None:
    with late.hub.database.read() as connection:
        before = late.hub.recoveries.listed(connection)
    find(late.hub)
    with late.hub.database.read() as connection:
        assert late.hub.recoveries.listed(connection) == before == []


def test_by_the_clock_a_line_is_held_then_recalled(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.signed(TWO)
    office.hire("0002", **LATE)
    assert [each.remedy for each in find(office.hub)["0002"].not_owed] == [Remedy.HOLD]
    office.check(run_id)
    assert find(office.hub) == {}  # the check has left the line out
    assert open_cases(office.hub, "0002", PAYROLL, "nothing is out") == []


def test_what_is_on_its_way_is_recalled_and_what_has_arrived_recovered(office: Office) -> None:
    office.hire(*TWO)
    office.release(office.signed(TWO))
    office.deliver()
    office.hire("0002", **LATE)
    assert [each.remedy for each in find(office.hub)["0002"].not_owed] == [Remedy.RECALL]
    assert open_cases(office.hub, "0002", PAYROLL, "on its way") == []
    say(office, statement(ACCOUNT, booked(office, "0001", "0002")))
    assert [each.remedy for each in find(office.hub)["0002"].not_owed] == [Remedy.RECOVER]


def test_the_same_is_claimed_once(late: Office) -> None:
    case = opened(late)
    assert (case.amount_minor, case.state) == (1_234_567, RecoveryState.CLAIMED)
    assert open_cases(late.hub, "0002", MAKER, "again") == []
    assert figures(find(late.hub))["recover"] == 0


def test_nothing_personal_is_in_the_clear(late: Office, tmp_path: Path) -> None:
    case = told(late, tmp_path)
    with late.hub.database.engine.connect() as connection:
        rows = [
            str(tuple(value for value in row if not isinstance(value, bytes | memoryview)))
            for table in ("recovery_cases", "recovery_entries", "audit_entries")
            for row in connection.exec_driver_sql(f"select * from {table}")
        ]
    assert any(case.id in row for row in rows)
    assert [row for row in rows if "1234567" in row or "12,345.67" in row or "测试0002" in row] == []


def test_a_case_goes_from_the_letter_to_the_last_cent(late: Office, tmp_path: Path) -> None:
    case = told(late, tmp_path)
    day = late.hub.clock.now().date()
    plan = [Instalment(day + timedelta(days=30), 1_000_000), Instalment(day + timedelta(days=60), 234_567)]
    assert agree(late.hub, case.id, PAYROLL, plan, PAPER).state is RecoveryState.AGREED
    came_in(late, case.reference, "10000.00")
    assert take_back(late.hub) == {case.id: 1}
    assert state(late, case) is RecoveryState.PARTLY_BACK
    came_in(late, case.reference, "2345.67", number=3)
    take_back(late.hub)
    assert take_back(late.hub) == {}
    after, entries = find_case(late.hub, case.id)
    assert (after.state, after.open_minor, after.owed_back_minor) == (RecoveryState.REPAID, 0, 0)
    assert [entry.kind.value for entry in entries] == ["opened", "letter", "agreement", "money", "money"]


def test_the_same_booking_in_two_files_counts_once(late: Office) -> None:
    case = opened(late)
    came_in(late, case.reference, "10000.00")
    came_in(late, case.reference, "10000.00")
    assert take_back(late.hub) == {case.id: 1}
    assert find_case(late.hub, case.id)[0].back_minor == 1_000_000


def test_a_booking_without_the_reference_is_a_persons_to_give_once(late: Office) -> None:
    case = opened(late)
    came_in(late, "THANKS", "12345.67")
    assert take_back(late.hub) == {}
    with late.hub.database.read() as connection:
        (credit,) = credits_of(late.hub, connection)
    assert credit_to(late.hub, case.id, credit.evidence, PAYROLL, "her account").state is RecoveryState.REPAID
    with pytest.raises(TransitionError) as twice:
        credit_to(late.hub, case.id, credit.evidence, PAYROLL, "again")
    assert twice.value.code == "taken_in"
    with pytest.raises(ApprovalError):
        credit_to(late.hub, case.id, "0" * 64, PAYROLL, "made up")


def test_what_the_bank_returns_is_back(late: Office) -> None:
    case = opened(late)
    say(late, statement(ACCOUNT, [(case.lines[0].reference, "12345.67", "CRDT")], number=2))
    assert take_back(late.hub) == {case.id: 1}
    assert state(late, case) is RecoveryState.REPAID
    assert take_back(late.hub) == {}


def test_nobody_agrees_to_what_they_were_not_told_of_or_to_a_wrong_plan(late: Office, tmp_path: Path) -> None:
    case = opened(late)
    soon = late.hub.clock.now().date() + timedelta(days=30)
    with pytest.raises(TransitionError):
        agree(late.hub, case.id, PAYROLL, [Instalment(soon, case.amount_minor)], PAPER)
    notice(late.hub, case.id, PAYROLL, tmp_path)
    wrong = {
        "add up": [Instalment(soon, 1)],
        "no instalment": [],
        "in the past": [Instalment(PAY_DAY.replace(year=2025), case.amount_minor)],
        "above zero": [Instalment(soon, case.amount_minor + 5), Instalment(soon + timedelta(days=1), -5)],
        "order": [Instalment(soon, 1_000_000), Instalment(soon, 234_567)],
        "how high": [Instalment(soon, case.amount_minor, Way.WAGES)],
    }
    for what, plan in wrong.items():
        with pytest.raises(ApprovalError, match=what):
            agree(late.hub, case.id, PAYROLL, plan, PAPER)
    with pytest.raises(ApprovalError, match="signed paper"):
        agree(late.hub, case.id, PAYROLL, [Instalment(soon, case.amount_minor)], Consent(PAPER.given_on, " "))


def test_wages_are_touched_within_the_limits_and_with_consent_only(late: Office, tmp_path: Path) -> None:
    assert late.company.policy is not None
    case = told(late, tmp_path)
    soon = late.hub.clock.now().date() + timedelta(days=30)
    month = f"{soon:%Y-%m}"
    rest = Instalment(soon + timedelta(days=1), case.amount_minor - 160_000)
    plan = [Instalment(soon, 160_000, Way.WAGES), rest]
    with pytest.raises(ApprovalError) as unknown:
        agree(late.hub, case.id, PAYROLL, plan, PAPER, wage_minor=800_000)
    assert unknown.value.code == "minimum_wage"
    late.company.policy.write_text(
        late.company.policy.read_text("utf-8") + "overpayment: {minimum_wage_minor: 650000}\n", "utf-8"
    )
    with pytest.raises(ApprovalError, match="limit"):  # 20 % of 8,000 is 1,600, but 6,500 has to remain
        agree(late.hub, case.id, PAYROLL, plan, PAPER, wage_minor=800_000)
    with pytest.raises(ApprovalError) as without:
        kept_from_wages(late.hub, case.id, PAYROLL, month, 100)
    assert without.value.code == "consent"
    agree(late.hub, case.id, PAYROLL, plan, PAPER, wage_minor=810_000)
    with pytest.raises(ApprovalError):
        kept_from_wages(late.hub, case.id, PAYROLL, month, 160_001)
    assert kept_from_wages(late.hub, case.id, PAYROLL, month, 160_000).back_minor == 160_000
    with pytest.raises(TransitionError):
        kept_from_wages(late.hub, case.id, PAYROLL, month, 1)


def test_what_one_case_has_kept_from_a_months_wages_no_other_may_keep_again(office: Office, tmp_path: Path) -> None:
    assert office.company.policy is not None
    written = office.company.policy.read_text("utf-8")
    office.company.policy.write_text(f"{written}overpayment: {{minimum_wage_minor: 200000}}\n", "utf-8")
    office.hire("0002")
    cases = []
    for amount, component in (("1000.00", Component.SALARY), ("900.00", Component.BONUS)):
        lines = office.draft({"0002": amount}, component=component).lines
        with office.hub.database.write() as connection:
            office.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID) for line in lines])
        office.company.clock.advance(timedelta(days=10))
        office.hire("0002", **LATE)
        cases.append(opened(office))
    soon = office.hub.clock.now().date() + timedelta(days=5)
    month = f"{soon:%Y-%m}"
    for case in cases:
        notice(office.hub, case.id, PAYROLL, tmp_path / case.id)
    one, other = cases
    all_of_one, all_of_other = [Instalment(soon, 100_000, Way.WAGES)], [Instalment(soon, 90_000, Way.WAGES)]
    agree(office.hub, one.id, PAYROLL, all_of_one, PAPER, wage_minor=500_000)
    assert state(office, kept_from_wages(office.hub, one.id, PAYROLL, month, 100_000)) is RecoveryState.REPAID
    with pytest.raises(ApprovalError, match="limit"):  # a fifth of 5,000 is kept already
        agree(office.hub, other.id, PAYROLL, all_of_other, PAPER, wage_minor=500_000)
    agree(office.hub, other.id, PAYROLL, all_of_other, PAPER, wage_minor=1_000_000)
    with office.hub.database.write() as connection:  # as if agreed to while nothing was known of the other case
        case = office.hub.recoveries.locked(connection, other.id)
        assert case is not None
        agreed = office.hub.recoveries.entries(connection, other.id)[-1]
        office.hub.recoveries.step(connection, case, agreed, wage_minor=500_000)
    with pytest.raises(ApprovalError) as caught:
        kept_from_wages(office.hub, other.id, PAYROLL, month, 90_000)
    assert caught.value.code == "limit"


def test_of_a_payment_that_came_back_only_what_nobody_claims_is_paid_again(office: Office) -> None:
    run = office.delivered({"0002": "8000.00"})
    (line,) = office.lines(run)
    say(office, statement(ACCOUNT, [(line.reference, "8000.00", "DBIT")], number=1))
    office.company.clock.advance(timedelta(days=10))
    office.hire("0002", status=EmploymentStatus.DEPARTED, last_working_day=date(2026, 11, 10))
    case = opened(office)
    assert 0 < case.amount_minor < 800_000
    say(office, statement(ACCOUNT, [(line.reference, "8000.00", "CRDT")], number=2))
    take_back(office.hub)
    assert state(office, case) is RecoveryState.REPAID
    new = {"bank_account_number": card(7), "status": EmploymentStatus.DEPARTED, "last_working_day": date(2026, 11, 10)}
    office.hire("0002", **new)
    again = reissue_run(office.hub, run, MAKER, date(2026, 12, 15))
    assert [each.payable.amount_minor for each in again.lines] == [800_000 - case.amount_minor]


def test_a_payment_that_came_back_and_is_claimed_whole_is_not_paid_again(late: Office) -> None:
    case = opened(late)
    came_back = statement(ACCOUNT, [(case.lines[0].reference, "12345.67", "CRDT")], number=2)
    say(late, came_back)
    with pytest.raises(ApprovalError, match="claimed"):
        reissue_run(late.hub, case.lines[0].run_id, MAKER, date(2026, 12, 15))


def test_a_claim_is_given_up_by_the_named_office_with_a_reason(late: Office) -> None:
    case = opened(late)
    for person, role, why in ((HR, Role.DIRECTOR, "x"), (HR, Role.HR, "x"), (DIRECTOR, Role.DIRECTOR, " ")):
        with pytest.raises(ApprovalError):
            write_off(late.hub, case.id, person, role, why)
    assert write_off(late.hub, case.id, DIRECTOR, Role.DIRECTOR, "costs more").state is RecoveryState.WRITTEN_OFF
    came_in(late, case.reference, "12345.67")
    take_back(late.hub)
    assert state(late, case) is RecoveryState.REPAID
    with pytest.raises(TransitionError):
        write_off(late.hub, case.id, DIRECTOR, Role.DIRECTOR, "again")


def test_whoever_opened_a_case_does_not_give_it_up(late: Office) -> None:
    (case,) = open_cases(late.hub, "0002", " Director-Sun", "mine")
    with pytest.raises(ApprovalError) as own:
        write_off(late.hub, case.id, DIRECTOR, Role.DIRECTOR, "mine")
    assert own.value.code == "opener"


def test_a_departure_taken_back_ends_the_claim_and_what_came_back_is_owed(late: Office) -> None:
    case = opened(late)
    came_in(late, case.reference, "5000.00")
    take_back(late.hub)
    late.hire("0002")
    assert find(late.hub, ["0002"])["0002"].claimed_too_much == {case.lines[0].reference: 1_234_567}
    after = withdraw_case(late.hub, case.id, HR, Role.HR, "she stayed")
    assert (after.state, after.open_minor, after.owed_back_minor) == (RecoveryState.WITHDRAWN, 0, 500_000)
    assert find(late.hub, ["0002"]) == {}


def test_the_letters_say_what_was_paid_and_on_what_ground(late: Office, tmp_path: Path) -> None:
    case = opened(late)
    with pytest.raises(ApprovalError) as nobody:
        notice(late.hub, case.id, PAYROLL)
    assert nobody.value.code == "unreachable"
    chinese, english = drafted_letters(late.hub, case.id)
    assert state(late, case) is RecoveryState.CLAIMED
    for letter, law in ((chinese, "民法典》第九百八十五条"), (english, "article 985")):
        assert law in letter.text
        assert case.reference in letter.text
        assert "12,345.67 CNY" in letter.text
        assert "测试0002" in letter.text
        assert case.id in letter.subject
        assert "{" not in letter.text
    noticed = notice(late.hub, case.id, PAYROLL, tmp_path)
    assert [path.name for path in noticed.files] == [f"{case.id}-1.zh.txt", f"{case.id}-1.en.txt"]
    assert english.text in noticed.files[1].read_text("utf-8")
    (entry,) = [each for each in find_case(late.hub, case.id)[1] if each.kind is EntryKind.NOTICE]
    assert [each["digest"] for each in entry.facts["letters"]] == [chinese.digest, english.digest]


def test_an_unknown_case_is_named_with_those_there_are(late: Office) -> None:
    case = opened(late)
    with pytest.raises(ConfigurationError, match=case.id):
        find_case(late.hub, "recovery-none")


def test_what_the_bank_returns_without_a_reason_is_no_booking_for_a_person_to_give_a_second_time(late: Office) -> None:
    case = opened(late)
    came_in(late, case.lines[0].reference, "12345.67")
    assert take_back(late.hub) == {case.id: 1}
    with late.hub.database.read() as connection:
        assert list(credits_of(late.hub, connection)) == []
    after = find_case(late.hub, case.id)[0]
    assert (after.state, after.owed_back_minor) == (RecoveryState.REPAID, 0)


def test_a_letter_says_on_which_day_it_was_told_by_the_clock_here(late: Office) -> None:
    late.company.clock.advance(timedelta(hours=16))  # 17:00 of 3 December in UTC
    late.hire("0001", **LATE)
    (case,) = open_cases(late.hub, "0001", PAYROLL, "departure told late")
    english = drafted_letters(late.hub, case.id)[1]
    assert "updated on 2026-12-04" in english.text


def test_what_the_bank_returns_is_back_in_the_case_that_claims_it_and_in_none_that_was_withdrawn(late: Office) -> None:
    first = opened(late)
    withdraw_case(late.hub, first.id, HR, Role.HR, "opened for the wrong month")
    second = opened(late)
    say(late, statement(ACCOUNT, [(first.lines[0].reference, "12345.67", "CRDT")], number=2))
    assert take_back(late.hub) == {second.id: 1}
    one, two = (find_case(late.hub, each.id)[0] for each in (first, second))
    assert (one.owed_back_minor, two.owed_back_minor, two.state) == (0, 0, RecoveryState.REPAID)
