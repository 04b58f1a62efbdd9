"""One account in two currencies: a bank may name the statements, and the bookings, of each alike. Each is money."""

from __future__ import annotations

import pytest

from baton.errors import TransitionError
from baton.hub.payment import money_back
from baton.hub.payment.money_back import Credit, credit_to, credits_of, not_taken_in, take_back
from baton.hub.payment.recovering import find_case
from tests.hub.payment.office import Office
from tests.hub.payment.test_recovering import came_in, late, opened, say  # noqa: F401 - a fixture
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, PAYROLL


def in_dollars(office: Office, reference: str, amount: str, number: int) -> None:
    """The same booking on a statement of the same name, of the other half of the account."""
    said = statement(ACCOUNT, [(reference, amount, "CRDT")], number=number)
    said = (
        said.replace(b'"CNY"', b'"USD"')
        .replace(b">CNY<", b">USD<")
        .replace(b"<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>", b"")
    )
    say(office, said)


def listed(office: Office) -> dict[str, Credit]:
    with office.hub.database.read() as connection:
        return {
            each.entry.currency: each
            for each in not_taken_in(office.hub, connection, credits_of(office.hub, connection))
        }


def test_what_came_in_in_one_is_not_what_came_in_in_the_other(late: Office) -> None:  # noqa: F811
    case = opened(late)
    in_dollars(late, "HELLO", "100.00", 2)
    came_in(late, "THANKS", "100.00")
    found = listed(late)
    assert set(found) == {"CNY", "USD"}
    after = credit_to(late.hub, case.id, found["CNY"].evidence, PAYROLL, "her account")
    assert after.back_minor == 10_000
    assert set(listed(late)) == {"USD"}


@pytest.mark.parametrize("named", [True, False])
def test_what_was_taken_in_before_the_currency_was_in_its_name_is_taken_in(
    late: Office,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    *,
    named: bool,
) -> None:
    case = opened(late)
    came_in(late, case.reference if named else "THANKS", "100.00")
    with monkeypatch.context() as before:
        before.setattr(money_back, "_evidence", lambda before, _: before)
        (credit,) = listed(late).values()
        assert credit.evidence == credit.before
        if named:
            assert take_back(late.hub) == {case.id: 1}
        else:
            credit_to(late.hub, case.id, credit.evidence, PAYROLL, "her account")
    assert take_back(late.hub) == {}
    assert listed(late) == {}
    with late.hub.database.read() as connection:
        (credit,) = credits_of(late.hub, connection)
    assert credit.evidence != credit.before
    with pytest.raises(TransitionError) as twice:
        credit_to(late.hub, case.id, credit.evidence, PAYROLL, "again")
    assert twice.value.code == "taken_in"
    in_dollars(late, "HELLO", "100.00", 2)
    assert set(listed(late)) == {"USD"}
    assert find_case(late.hub, case.id)[0].back_minor == 10_000
