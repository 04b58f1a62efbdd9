"""What pages read of pay runs, on each database: several runs at once, lines a page at a time."""

from __future__ import annotations

import pytest

from baton.errors import ApprovalError
from baton.hub.payment.signing import reach, release
from baton.hub.payment.waiving import find_run
from baton.model.pay_run import LineState
from tests.hub.payment.office import Office
from tests.rig.payroll import MAKER

FOUR = {f"{n:04d}": "100.00" for n in range(1, 5)}


def test_runs_and_lines_are_read_in_parts(office: Office) -> None:
    office.hire(*FOUR)
    hub, first = office.hub, office.signed(FOUR)
    second = office.draft({"0001": "1.00", "0005": "2.00"}).run.run_id
    with hub.database.read() as connection:
        assert hub.pay_runs.tallies(connection, [first, second]) == {
            first: {LineState.FILED: 4},
            second: {LineState.LEFT_OUT: 1, LineState.DRAFT: 1},
        }
        assert {name: run.id for name, run in hub.runs.several(connection, [first, second, "none"]).items()} == {
            first: first,
            second: second,
        }
        lines = hub.pay_runs.some_lines(connection, first, (), after=1, limit=2)
        assert [line.line for line in lines] == [2, 3]
        assert hub.pay_runs.some_lines(connection, first, (LineState.HELD,), after=0, limit=9) == []
        references = [line.reference for line in lines]
        assert hub.pay_runs.numbers(connection, first, references) == dict(
            zip(references, ("0002", "0003"), strict=True)
        )
        assert hub.pay_runs.numbers(connection, second, references) == {}
        assert reach(hub, connection, *find_run(hub, first)).decision.sufficient


def test_whoever_made_a_run_does_not_release_it(office: Office) -> None:
    office.hire(*FOUR)
    run_id = office.signed(FOUR)
    with pytest.raises(ApprovalError) as refused:
        release(office.hub, run_id, f" {MAKER.upper()}", "pay day")
    assert refused.value.code == "maker"
    assert set(office.states(run_id).values()) == {LineState.FILED}
