"""Who answers for what, from what the hub has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from baton.hub.offboarding import casework
from baton.hub.offboarding.accountability import table
from baton.jobs.offboarding.accountability import Reason
from baton.model.case import Act
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
    assert table(d.hub).clients[-1].person == LEAVER, "nobody is known to have it since"


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
