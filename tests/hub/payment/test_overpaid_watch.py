"""What the schedule does by itself: it tells in counts, and opens cases only where the policy says so."""

from __future__ import annotations

from baton.hub.payment.overpaid_watch import look_for_overpayments
from baton.hub.payment.recovering import BY
from tests.hub.payment.office import Office
from tests.hub.payment.test_recovering import came_in, late, opened  # noqa: F401 - a fixture

NOTHING = dict.fromkeys(("people", "hold", "recall", "recover", "wait", "unclear", "claimed_too_much"), 0)


def test_it_only_tells(late: Office) -> None:  # noqa: F811
    seen = look_for_overpayments(late.hub)
    assert seen == {**NOTHING, "people": 1, "recover": 1, "taken_in": 0, "opened": 0}
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
