"""Personal links: what opens one case for one person, and everything that does not."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from baton.errors import ApprovalError, ConfigurationError
from baton.hub.offboarding import casework, links
from baton.hub.offboarding.links import LinkRefusedError, Offer
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Case, Cause, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from baton.store.tables import audit, personal_links
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.rig.company import row

Make = Callable[..., Desk]


@pytest.fixture
def d(desk: Make) -> Desk:
    return desk(offboarding=OffboardingPart(address="https://hub.example/baton/"))


@pytest.fixture
def case(d: Desk) -> Case:
    d.plant(HoldingKind.CLIENT, 1)
    return d.open()


def token(d: Desk, case: Case, person: str = SUCCESSOR, role: Role = Role.SUCCESSOR) -> str:
    return links.make_token(d.hub, Offer(case.id, person, role, HR))


def refused(d: Desk, given: str, case_id: str = "") -> bool:
    with pytest.raises(LinkRefusedError) as error:
        links.admit(d.hub, given, case_id)
    return str(error.value) == "this link is not valid (any more) — ask HR for a new one"


def entries(d: Desk, kind: str) -> list[str]:
    with d.hub.database.read() as connection:
        query = sa.select(audit.entries.c.body).where(audit.entries.c.kind == kind)
        return [str(body) for body in connection.execute(query).scalars()]


def rewrite(d: Desk, **values: Any) -> None:
    with d.hub.database.write() as connection:
        connection.execute(sa.update(personal_links).values(**values))


def test_a_link_lets_one_person_into_one_case_as_one(d: Desk, case: Case) -> None:
    address = links.make_link(d.hub, Offer(case.id, SUCCESSOR, Role.SUCCESSOR, HR))
    start = "https://hub.example/baton/handover/"
    assert address.startswith(start)
    let_in = links.admit(d.hub, address.removeprefix(start), case.id)
    assert (let_in.case.id, let_in.link.person, let_in.link.role) == (case.id, SUCCESSOR, Role.SUCCESSOR)
    assert let_in.link.expires_at == d.hub.clock.now() + timedelta(days=14)


def test_making_and_ending_are_in_the_audit_log_and_the_token_is_not(d: Desk, case: Case) -> None:
    given = token(d, case)
    assert links.revoke(d.hub, case.id, HR, person=SUCCESSOR) == 1
    assert links.revoke(d.hub, case.id, HR) == 0
    (made,), (ended,) = entries(d, "link"), entries(d, "link_revoked")
    for entry in (made, ended):
        assert SUCCESSOR in entry
        assert HR in entry
        assert base64.urlsafe_b64decode(given)[16:].hex() not in entry
        assert given not in entry


def test_every_use_is_noted_once_a_minute(d: Desk, case: Case) -> None:
    given = token(d, case)

    def noted() -> Any:
        return links.links_of(d.hub, case.id)[0].used_at

    assert noted() is None
    links.admit(d.hub, given)
    first = noted()
    assert first == d.hub.clock.now()
    d.company.clock.sleep(30)
    links.admit(d.hub, given)
    assert noted() == first
    d.company.clock.sleep(30)
    links.admit(d.hub, given)
    assert noted() == d.hub.clock.now()


def test_an_altered_token_is_refused_whichever_byte_it_is(d: Desk, case: Case) -> None:
    given = token(d, case)
    raw = base64.urlsafe_b64decode(given)
    for place in range(len(raw)):
        wrong = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert refused(d, base64.urlsafe_b64encode(wrong).decode())
    links.admit(d.hub, given)


@pytest.mark.parametrize("given", ["", "x", "A" * 64, "A" * 63 + "é", "A" * 10_000, "../" * 21 + "x", "=" * 64])
def test_what_is_no_token_is_refused_alike(d: Desk, case: Case, given: str) -> None:
    token(d, case)
    assert refused(d, given)


def test_padding_line_breaks_and_the_other_alphabet_make_no_second_form(d: Desk, case: Case) -> None:
    given = token(d, case)
    for other in (given + "=", given + "\n", " " + given, given.replace("-", "+").replace("_", "/") + "?"):
        assert refused(d, other)


def test_the_parts_of_two_links_make_no_third(d: Desk, case: Case) -> None:
    mine, other = (base64.urlsafe_b64decode(token(d, case, who)) for who in (SUCCESSOR, OTHER))
    assert refused(d, base64.urlsafe_b64encode(mine[:16] + other[16:]).decode())


def test_a_link_opens_no_other_case(d: Desk, case: Case) -> None:
    given = token(d, case)
    assert refused(d, given, "case-of-somebody-else")


def test_it_ends_when_it_expires(d: Desk, case: Case) -> None:
    given = token(d, case)
    d.company.clock.sleep(14 * 86400 - 1)
    links.admit(d.hub, given)
    d.company.clock.sleep(1)
    assert refused(d, given)


def test_one_revoked_link_leaves_the_others_alone(d: Desk, case: Case) -> None:
    mine, other = token(d, case, SUCCESSOR), token(d, case, OTHER)
    assert links.revoke(d.hub, case.id, HR, link_id=links.admit(d.hub, mine).link.id) == 1
    assert refused(d, mine)
    links.admit(d.hub, other)


def test_whoever_can_write_the_database_cannot_widen_a_link(d: Desk, case: Case) -> None:
    given = token(d, case)
    link = links.admit(d.hub, given).link
    second = casework.open_case(d.hub, casework.Opening(OTHER, Cause.BY_HAND, HR))
    for change in (
        {"role": "hr"},
        {"person": MANAGER},
        {"case_id": second.id},
        {"expires_at": link.expires_at + timedelta(days=1)},
        {"id": "0" * 32},
    ):
        before = {name: getattr(link, name) for name in change}
        rewrite(d, **change)
        assert refused(d, given)
        rewrite(d, **before)
    links.admit(d.hub, given)


def test_a_row_is_not_enough_to_make_a_token(d: Desk, case: Case) -> None:
    """A row put into the database by hand opens nothing with any MAC that can be made from what is in there."""
    given = token(d, case)
    row_id = links.admit(d.hub, given).link.id
    for mac in (bytes(32), bytes.fromhex(row_id) * 2, case.salt):
        assert refused(d, base64.urlsafe_b64encode(bytes.fromhex(row_id) + mac).decode())


def test_new_keys_for_the_columns_end_nobodys_link(d: Desk, case: Case) -> None:
    given = token(d, case)
    d.hub.use_keyring(d.hub.keyring.rotate())
    assert links.admit(d.hub, given).case.id == case.id


@pytest.mark.parametrize(
    ("person", "role", "code"),
    [
        (LEAVER, Role.SUCCESSOR, "role"),
        (LEAVER, Role.MANAGER, "role"),
        (LEAVER, Role.HR, "role"),
        (MANAGER, Role.LEAVER, "role"),
        ("9999", Role.SUCCESSOR, "successor"),
        ("9999", Role.MANAGER, "successor"),
        ("", Role.HR, "role"),
        ("x" * 101, Role.HR, "role"),
    ],
)
def test_nobody_gets_a_link_for_a_role_they_cannot_have(
    d: Desk, case: Case, person: str, role: Role, code: str
) -> None:
    with pytest.raises(ApprovalError) as error:
        token(d, case, person, role)
    assert error.value.code == code
    assert links.links_of(d.hub, case.id) == []


def test_hr_is_let_in_by_the_name_of_a_login(d: Desk, case: Case) -> None:
    assert links.admit(d.hub, token(d, case, "hr-li", Role.HR)).link.person == "hr-li"


def test_who_has_left_meanwhile_is_not_let_in(d: Desk, case: Case) -> None:
    given = token(d, case)
    d.company.rows[2] = row(SUCCESSOR, status="departed", last_day="2026-11-01", department="销售部", manager=MANAGER)
    plan_sync(d.hub, SyncRequest())
    assert refused(d, given)


def test_the_leaver_is_let_in_until_the_last_working_moment(d: Desk) -> None:
    d.plant(HoldingKind.CLIENT, 1)
    last = d.hub.clock.now() + timedelta(days=3)
    case = d.open(last_working_at=last)
    given = token(d, case, LEAVER, Role.LEAVER)
    d.company.clock.advance(timedelta(days=3) - timedelta(seconds=1))
    links.admit(d.hub, given)
    d.company.clock.sleep(1)
    assert refused(d, given)
    with pytest.raises(ApprovalError, match="last working moment"):
        token(d, case, LEAVER, Role.LEAVER)


def test_without_an_address_there_is_no_link(desk: Make) -> None:
    d = desk()
    case = d.open()
    with pytest.raises(ConfigurationError, match=r"offboarding\.address"):
        links.make_link(d.hub, Offer(case.id, SUCCESSOR, Role.SUCCESSOR, HR))
    assert links.links_of(d.hub, case.id) == []
