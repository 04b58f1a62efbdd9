"""What differs from a bank is told to people while it stands, once for each booking, until somebody takes it on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from baton.contracts.payments import AnswerKind
from baton.errors import ApprovalError, RetryableError
from baton.hub.payment.differing import acknowledge
from baton.hub.payment.reconciling import reconcile_bank
from baton.hub.payment.signed_for import ASKED
from baton.hub.vitals import alarming
from baton.hub.vitals.alarming import rules, watch
from baton.hub.vitals.taking import take
from baton.jobs.alarms import breaches
from baton.jobs.payment.reconciliation import MonthView, Reconciler
from baton.jobs.payment.roles import Role
from baton.store.bank_differences import AUDITED, Standing
from baton.store.tables import pay_signatures
from baton.store.trail import newest_entries
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import TWO, booked, references, say
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, BANK, PAYROLL, TREASURY

LEFT = "79654.33"
"""What is on the account once both are paid."""


@pytest.fixture
def paid(office: Office) -> str:
    """A run that has been delivered and booked."""
    run_id = office.delivered(TWO)
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, *TWO)))
    assert reconcile_bank(office.hub, BANK).alarms == []
    return run_id


def broken(office: Office) -> dict[str, float]:
    """The rules about payments that people are told of now."""
    found = breaches(rules(office.hub).values(), take(office.hub))
    return {each.rule.name: each.value for each in found if each.rule.name.startswith("payment_")}


def twice(office: Office) -> str:
    """The bank books 0001 a second time; the line's reference."""
    again = booked(office, "0001")
    assert say(office, AnswerKind.STATEMENT, statement(ACCOUNT, again, number=2, opening=LEFT)).alarms == []
    return references(office, office.lines_run())["0001"]


def test_a_line_debited_twice_is_told_once_as_news_and_stays_an_alarm_until_somebody_takes_it_on(
    office: Office, paid: str
) -> None:
    assert broken(office) == {}
    reference = twice(office)
    assert reconcile_bank(office.hub, BANK).alarms == [f"paid_twice {reference}"]
    assert reconcile_bank(office.hub, BANK).alarms == [], "no news any more"
    assert broken(office) == {"payment_unexpected": 1.0}, "and still told"
    with office.hub.database.read() as connection:
        (found,) = office.hub.bank_differences.current(connection)
    assert (found.run_id, found.kind, found.what) == (paid, "paid_twice", reference)
    acknowledge(office.hub, found.key, TREASURY, "the bank was called, it books it back")
    assert broken(office) == {}
    reconcile_bank(office.hub, BANK)
    with office.hub.database.read() as connection:
        (found,) = office.hub.bank_differences.current(connection)
        said = [(body["step"], body.get("by")) for _, body in newest_entries(connection, AUDITED, 9)]
    assert (found.person, found.why) == (TREASURY, "the bank was called, it books it back")
    assert said == [("acknowledged", TREASURY), ("found", None)]
    with pytest.raises(ApprovalError, match="no difference"):
        acknowledge(office.hub, found.key, "somebody-else", "me too")


def test_a_third_debit_is_another_difference_than_the_one_that_was_taken_on(office: Office, paid: str) -> None:
    twice(office)
    reconcile_bank(office.hub, BANK)
    with office.hub.database.read() as connection:
        (found,) = office.hub.bank_differences.current(connection)
    acknowledge(office.hub, found.key, TREASURY, "the bank was called")
    third = statement(ACCOUNT, booked(office, "0001"), number=3, opening="71654.33")
    say(office, AnswerKind.STATEMENT, third)
    assert len(reconcile_bank(office.hub, BANK).alarms) == 1
    assert broken(office) == {"payment_unexpected": 1.0}


def test_two_strangers_debits_of_one_name_on_two_statements_are_two(office: Office, paid: str) -> None:
    for number, opening in ((2, LEFT), (3, "79577.33")):
        say(office, AnswerKind.STATEMENT, statement(ACCOUNT, [("STRANGER", "77.00", "DBIT")], number, opening))
        reconcile_bank(office.hub, BANK)
    assert broken(office) == {"payment_unexpected": 2.0}


def test_a_copy_of_a_statement_raises_nothing(office: Office, paid: str) -> None:
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, *TWO)), "a-copy")
    assert reconcile_bank(office.hub, BANK).alarms == []
    assert broken(office) == {}


def test_another_content_under_the_name_of_a_statement_is_told(office: Office, paid: str) -> None:
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001")), "another-content")
    assert [each.split()[0] for each in reconcile_bank(office.hub, BANK).alarms] == ["changed_statement"]
    assert broken(office) == {"payment_unexpected": 1.0}


def test_a_gap_between_statements_is_a_warning_that_ends_when_it_is_filled(office: Office, paid: str) -> None:
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, [("", "1.00", "CRDT")], 3, "79655.33"))
    assert reconcile_bank(office.hub, BANK).alarms == []
    assert broken(office) == {"payment_unaccounted": 1.0}
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, [("", "1.00", "CRDT")], 2, LEFT))
    reconcile_bank(office.hub, BANK)
    assert broken(office) == {}
    with office.hub.database.read() as connection:
        steps = [body["step"] for _, body in newest_entries(connection, AUDITED, 9)]
    assert steps == ["over", "found"]


def test_a_line_that_no_statement_shows_in_time_is_a_warning_once_there_are_statements(office: Office) -> None:
    office.hire(*TWO)
    office.release(office.signed(TWO))
    office.deliver()
    office.company.clock.advance(timedelta(days=20))
    reconcile_bank(office.hub, BANK)
    assert broken(office) == {}, "a bank that has never sent a statement has shown nothing"
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001")))
    reconcile_bank(office.hub, BANK)
    assert broken(office) == {"payment_unaccounted": 1.0}


@pytest.mark.parametrize(("person", "why"), [("", "because"), (TREASURY, "  ")])
def test_a_decision_needs_a_name_and_a_reason(office: Office, paid: str, person: str, why: str) -> None:
    with pytest.raises(ApprovalError, match="a name and a reason"):
        acknowledge(office.hub, "0", person, why)


@pytest.mark.parametrize("person", ["nobody", "treasury-zhao"])
def test_who_holds_no_office_takes_nothing_on(office: Office, paid: str, person: str) -> None:
    twice(office)
    (found,) = reconcile_bank(office.hub, BANK).risen
    with pytest.raises(ApprovalError) as refused:
        acknowledge(office.hub, found.key, person, "the bank was called")
    assert refused.value.code == "role"
    assert broken(office) == {"payment_unexpected": 1.0}
    assert acknowledge(office.hub, found.key, TREASURY, "the bank was called") == found


@pytest.mark.parametrize("lost", [PAYROLL, TREASURY])
def test_a_run_with_fewer_signatures_than_its_release_asked_for_is_an_alarm(
    office: Office, paid: str, lost: str
) -> None:
    with office.hub.database.write() as connection:
        connection.execute(sa.delete(pay_signatures).where(pay_signatures.c.person == lost))
    assert [each.split()[0] for each in reconcile_bank(office.hub, BANK).alarms] == ["not_approved"]
    assert broken(office) == {"payment_unexpected": 1.0}


def test_two_signatures_in_one_office_are_not_what_two_offices_were_asked_for(office: Office, paid: str) -> None:
    with office.hub.database.write() as connection:
        treasury = sa.update(pay_signatures).where(pay_signatures.c.person == TREASURY)
        connection.execute(treasury.values(role=Role.PAYROLL.value))
    assert [each.split()[0] for each in reconcile_bank(office.hub, BANK).alarms] == ["not_approved"]


def test_who_has_left_an_office_since_and_a_stricter_policy_undo_no_release(office: Office, paid: str) -> None:
    office.hub.settings.payments.roles.clear()
    assert office.hub.settings.payments.policy is not None
    policy = "checks: {requires: []}\napprovals: {levels: [{roles: [payroll, treasury, director]}]}\n"
    office.hub.settings.payments.policy.write_text(policy, "utf-8")
    assert reconcile_bank(office.hub, BANK).alarms == []


def test_a_run_released_before_that_was_noted_needs_two_signatures(office: Office, paid: str) -> None:
    with office.hub.database.write() as connection:
        run = office.hub.pay_runs.get(connection, paid)
        assert run is not None
        office.hub.pay_runs.note(connection, run, facts={ASKED: None})
    assert reconcile_bank(office.hub, BANK).alarms == []
    with office.hub.database.write() as connection:
        connection.execute(sa.delete(pay_signatures).where(pay_signatures.c.person == TREASURY))
    assert [each.split()[0] for each in reconcile_bank(office.hub, BANK).alarms] == ["not_approved"]


class Looked(list[Standing]):
    """Differences that count how often all of them are looked through."""

    rounds = 0

    def __iter__(self) -> Iterator[Standing]:
        self.rounds += 1
        return super().__iter__()


def test_very_many_differences_are_looked_through_a_few_times_and_not_once_for_each(office: Office) -> None:
    now = office.hub.clock.now()
    found = Looked(Standing(f"{n:016x}", BANK, "", "missing", "", "", "look", now) for n in range(100))
    for _ in range(2):
        with office.hub.database.write() as connection:
            office.hub.bank_differences.stand(connection, BANK, found)
    assert found.rounds < 20, "everybody waits for the lock meanwhile"


def test_a_comparison_that_was_overtaken_ends_nothing_that_a_newer_one_has_found(
    office: Office, paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    month, overtaken = Reconciler.month, []

    def slow(reconciler: Reconciler, as_of: date) -> MonthView:
        view = month(reconciler, as_of)
        if not overtaken:  # while this one is at work, another process takes a statement in and compares
            overtaken.append(twice(office))
            assert len(reconcile_bank(office.hub, BANK).alarms) == 1
        return view

    monkeypatch.setattr(Reconciler, "month", slow)
    assert reconcile_bank(office.hub, BANK).alarms == [], "no news any more"
    assert broken(office) == {"payment_unexpected": 1.0}


def test_a_comparison_that_is_always_overtaken_says_so(
    office: Office, paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    month, names = Reconciler.month, iter(range(99))

    def slow(reconciler: Reconciler, as_of: date) -> MonthView:
        say(office, AnswerKind.STATEMENT, statement(ACCOUNT, [], number=2, opening=LEFT), f"more-{next(names)}")
        return month(reconciler, as_of)

    monkeypatch.setattr(Reconciler, "month", slow)
    with pytest.raises(RetryableError) as caught:
        reconcile_bank(office.hub, BANK)
    assert caught.value.code == "overtaken"


def test_nobody_without_an_office_ends_what_people_hear_of_a_difference(office: Office, paid: str) -> None:
    """Or ends it for a time: whoever was told of the alarm need not have anything to do with payments."""
    twice(office)
    reconcile_bank(office.hub, BANK)
    (key,) = (alarm.key for alarm in watch(office.hub).current if alarm.rule == "payment_unexpected")
    decisions = (
        lambda person: alarming.acknowledge(office.hub, key, person, "seen"),
        lambda person: alarming.silence(office.hub, key, person, "seen", timedelta(hours=1)),
    )
    for decide in decisions:
        with pytest.raises(ApprovalError) as caught:
            decide("nobody-at-all")
        assert caught.value.code == "role"
    for decide in decisions:
        assert decide(TREASURY).person == TREASURY
    assert paid
