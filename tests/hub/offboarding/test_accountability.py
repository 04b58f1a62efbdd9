"""Who answers for what, from what the hub has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from baton.contracts import OwnershipStore
from baton.hub.offboarding import casework, undoing
from baton.hub.offboarding.accountability import table
from baton.jobs.offboarding.accountability import Reason
from baton.model.case import Act, ItemState, Role
from baton.model.handover import HoldingKind
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, Desk

Make = Callable[..., Desk]


def test_every_client_and_receivable_has_somebody_at_any_time(desk: Make) -> None:
    d = desk()
    client = d.plant(HoldingKind.CLIENT, 1)
    d.plant(HoldingKind.RECEIVABLE, 1, about=client)
    d.open()
    began = d.company.clock.now()
    d.tick()
    before = table(d.hub)
    assert [(span.person, span.reason) for span in before.clients] == [
        (LEAVER, Reason.EARLIEST_KNOWN),
        (LEAVER, Reason.HOLDS),
    ]
    assert [(answer.person, answer.amount) for answer in before.receivables] == [(LEAVER, "1 CNY")]
    d.agree(d.case(_case(d)))
    d.company.clock.sleep(3600)
    d.tick()
    after = table(d.hub)
    assert [span.person for span in after.clients] == [LEAVER, LEAVER, MANAGER]
    (then,) = table(d.hub, began).receivables
    assert then.person == LEAVER


def _case(d: Desk):
    with d.hub.database.read() as connection:
        (case,) = d.hub.cases.listed(connection)
    return case


def test_what_comes_back_to_the_leaver_is_theirs_again(desk: Make) -> None:
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.company.clock.sleep(60)
    d.tick()
    assert table(d.hub).clients[-1].person == MANAGER
    d.things.holders[ref] = d.id_of(LEAVER)
    d.company.clock.sleep(60)
    d.tick()
    assert [span.person for span in table(d.hub).clients] == [LEAVER, LEAVER, MANAGER, LEAVER]
    d.things.holders[ref] = d.id_of(OTHER)
    d.tick()
    last = table(d.hub).clients[-1]
    assert (last.person, last.reason) == (LEAVER, Reason.HELD_LAST), "nobody is known to have it since"


def test_a_receivable_is_as_it_was_seen_last_also_in_a_later_case_of_the_same_person(desk: Make) -> None:
    d = desk()
    ref = d.plant(HoldingKind.RECEIVABLE, 1)
    first = d.open()
    d.tick()
    casework.decide(d.hub, first.id, Act.RETRACT, HR, "stays")
    d.things.holdings[ref] = replace(d.things.holdings[ref], amount=Decimal(99))
    d.company.clock.sleep(60)
    d.open()
    d.tick()
    assert [(answer.person, answer.amount) for answer in table(d.hub).receivables] == [(LEAVER, "99 CNY")]


def test_what_was_passed_on_by_hand_is_answered_for_by_who_has_it(desk: Make) -> None:
    d = desk()
    mine, theirs = d.plant(HoldingKind.RECEIVABLE, 1), d.plant(HoldingKind.RECEIVABLE, 2)
    for ref in (mine, theirs):
        d.things.holdings[ref] = replace(d.things.holdings[ref], by_hand="the ERP has no way")
    case = d.open()
    d.tick()
    d.company.clock.sleep(60)
    d.say(case, [d.item(case, mine)], Act.CONFIRM, MANAGER, Role.SUCCESSOR, "invoice 17")
    with_me = d.company.clock.now()
    d.say(case, [d.item(case, theirs)], Act.REFUSE, MANAGER, Role.SUCCESSOR, "not mine")
    d.say(case, [d.item(case, theirs)], Act.CONFIRM, HR, Role.HR, "the debt is with the court")
    assert _answered(d) == [(MANAGER, Reason.HOLDS), (LEAVER, Reason.HELD_LAST)]
    assert [answer.person for answer in table(d.hub, with_me - timedelta(seconds=1)).receivables] == [LEAVER, LEAVER]
    d.company.clock.sleep(60)
    d.tick()
    assert _answered(d)[0] == (LEAVER, Reason.HOLDS), "said, and not so: their system still shows it with them"


def test_who_was_only_asked_answers_for_nothing_that_others_say_was_passed_on(desk: Make) -> None:
    d = desk()
    asked, accepted = d.plant(HoldingKind.RECEIVABLE, 1), d.plant(HoldingKind.RECEIVABLE, 2)
    for ref in (asked, accepted):
        d.things.holdings[ref] = replace(d.things.holdings[ref], by_hand="the ERP has no way")
    case = d.open()
    d.tick()
    d.company.clock.sleep(60)
    d.say(case, [d.item(case, accepted)], Act.ACCEPT, MANAGER, Role.SUCCESSOR)
    d.say(case, [d.item(case, accepted)], Act.APPROVE, HR, Role.HR)
    assert {d.item(case, ref).successor for ref in (asked, accepted)} == {MANAGER}
    for ref in (asked, accepted):
        d.say(case, [d.item(case, ref)], Act.CONFIRM, HR, Role.HR, "moved in the ERP by hand")
    assert _answered(d) == [(LEAVER, Reason.HELD_LAST), (MANAGER, Reason.HOLDS)]


def _answered(d: Desk) -> list[tuple[str, Reason]]:
    return [(answer.person, answer.reason) for answer in table(d.hub).receivables]


def test_who_holds_something_no_longer_held_it_last_and_holds_it_again_when_it_is_back(desk: Make) -> None:
    d = desk()
    ref = d.plant(HoldingKind.RECEIVABLE, 1)
    d.open()
    d.tick()
    for holder, reason in ((OTHER, Reason.HELD_LAST), (LEAVER, Reason.HOLDS)):
        d.company.clock.sleep(60)
        d.things.holders[ref] = d.id_of(holder)
        d.tick()
        assert _answered(d) == [(LEAVER, reason)]


def test_what_others_gave_on_before_it_could_come_back_was_held_last_by_its_successor(desk: Make) -> None:
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    d.tick()
    d.agree(case)
    d.company.clock.sleep(60)
    d.tick()
    d.things.holders[ref] = d.id_of(OTHER)
    undoing.undo(d.hub, case.id, HR, "the wrong person")
    d.company.clock.sleep(60)
    d.tick()
    assert (d.item(case, ref).state, d.item(case, ref).code) == (ItemState.GONE, OwnershipStore.CHANGED)
    last = table(d.hub).clients[-1]
    assert (last.person, last.reason) == (MANAGER, Reason.HELD_LAST)
