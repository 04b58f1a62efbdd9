"""How long files of handovers are kept: from the end of each handover, however it ended, and never while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from baton.hub.keeping import retention
from baton.hub.offboarding import casework, completing, files
from baton.model.case import Act, Cause
from baton.model.handover import HoldingKind
from tests.hub.offboarding.conftest import HR, Desk
from tests.hub.offboarding.test_certifying import finished
from tests.hub.offboarding.test_files import one_item, stored, upload

Make = Callable[..., Desk]
YEARS = timedelta(days=5 * 366)
"""Longer than the five years that are kept without a word in the settings."""


def test_what_was_put_to_a_handover_that_was_retracted_goes_in_its_time(desk: Make) -> None:
    d = desk()
    case, item = one_item(d)
    files.attach(d.hub, upload(case, item))
    d.company.clock.advance(timedelta(days=400))
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "stays after all")
    d.company.clock.advance(YEARS - timedelta(days=40))
    assert retention.due(d.hub) == [], "the years count from the day on which it was retracted"
    d.company.clock.advance(timedelta(days=40))
    over = retention.due(d.hub)
    assert [(each.kind, each.name, each.files) for each in over] == [("uploads", case.id, 1)]
    retention.carry_out(d.hub, over)
    assert stored(d) == []


def test_the_record_of_a_retracted_handover_is_kept_from_the_day_it_was_retracted(desk: Make) -> None:
    d = desk()
    case, _ = one_item(d)
    d.company.clock.advance(timedelta(days=400))
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "stays after all")
    with d.hub.database.read() as connection:
        assert d.hub.kept_records.last_handover(connection, case.number) == d.company.clock.now()


def test_a_handover_that_was_opened_again_keeps_its_files_while_it_goes_on(desk: Make) -> None:
    d = desk()
    case = finished(d)
    ref = d.plant(HoldingKind.CLIENT, 2)
    d.tick()
    files.attach(d.hub, upload(case, d.item(case, ref)))
    d.agree(case)
    d.tick()
    completing.complete(d.hub, case.id, HR, "done")
    d.company.clock.advance(YEARS - timedelta(days=40))
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "something was forgotten")
    d.company.clock.advance(timedelta(days=40))
    assert d.case(case).completed_at is not None
    assert retention.due(d.hub) == []


def test_a_handover_that_never_ended_keeps_its_files(desk: Make) -> None:
    d = desk()
    case, item = one_item(d)
    assert case.cause is Cause.EMERGENCY
    files.attach(d.hub, upload(case, item))
    d.company.clock.advance(2 * YEARS)
    assert retention.due(d.hub) == []
