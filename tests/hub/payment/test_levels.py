"""How much a run's checks have warned of decides who signs for it."""

from __future__ import annotations

import pytest

from baton.errors import ApprovalError
from baton.hub.payment.signing import look, sign
from baton.jobs.payment.roles import Role
from tests.hub.payment.office import Office
from tests.rig.payroll import DIRECTOR, POLICY

TWO, THREE = "    - {roles: [payroll, treasury]}\n", "    - {roles: [payroll, treasury, director]}\n"


def test_one_more_warning_than_a_level_allows_asks_for_the_next_levels_signatures(office: Office) -> None:
    policy = office.company.policy
    assert policy is not None
    assert TWO in POLICY
    policy.write_text(POLICY.replace(TWO, TWO.replace("{", "{up_to_warnings: 1, ") + THREE), "utf-8")
    office.hire("0001", "0002", "0003")
    with office.company.open() as hub:
        desk = Office(office.company, hub)
        # Whoever was never paid before is a warning, in each line.
        one, two = desk.signed({"0001": "1.00"}), desk.signed({"0002": "1.00", "0003": "1.00"})
        assert (look(hub, one).decision.missing, look(hub, two).decision.missing) == ((), (Role.DIRECTOR,))
        desk.release(one)
        with pytest.raises(ApprovalError):
            desk.release(two)
        sign(hub, two, DIRECTOR, Role.DIRECTOR)
        desk.release(two)
