"""Who somebody is in a case is decided in the hub: by the case, the policy and the settings, never by what they say."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from baton.errors import ApprovalError
from baton.hub import Hub
from baton.hub.offboarding import casework, completing, links, saying, undoing
from baton.hub.offboarding.deciders import deciders_of
from baton.hub.offboarding.links import LinkRefusedError, Offer
from baton.hub.offboarding.standing import is_hr, speaks_as, standing
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, Item, ItemState, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.hub.offboarding.test_races import at_once, word
from tests.rig.company import row

Make = Callable[..., Desk]
BOSS = "0009"


def accepted(d: Desk) -> tuple[Case, Item]:
    """A case whose one client the successor has accepted."""
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, d.items(case, ItemState.OFFERED), Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    return case, d.item(case, ref)


def roles(d: Desk, case: Case, person: str) -> frozenset[Role]:
    with d.hub.database.read() as connection:
        return standing(d.hub, connection, case, person)


def with_policy(folder: Path, deputies: str) -> OffboardingPart:
    file = folder / "policies.yaml"
    file.write_text(f"policies:\n  all: {{deputies: {deputies}}}\n", "utf-8")
    return OffboardingPart(policies=file)


CLAIMS = [
    (OTHER, Role.MANAGER, Act.APPROVE, "role"),
    (OTHER, Role.HR, Act.APPROVE, "role"),
    (SUCCESSOR, Role.HR, Act.APPROVE, "role"),
    (MANAGER, Role.HR, Act.NOTE, "role"),
    (HR, Role.MANAGER, Act.APPROVE, "role"),
    (OTHER, Role.LEAVER, Act.ANSWER, "role"),
    (LEAVER, Role.HR, Act.NOTE, "leaver"),
    (LEAVER, Role.MANAGER, Act.APPROVE, "leaver"),
    (LEAVER, Role.LEAVER, Act.APPROVE, "role"),
    (OTHER, Role.SUCCESSOR, Act.NOTE, "not_yours"),
    ("", Role.HR, Act.APPROVE, "role"),
]
"""Who claims to be what, for what, and why they are refused."""


def test_what_somebody_claims_to_be_is_not_believed(desk: Make) -> None:
    d = desk()
    case, item = accepted(d)
    before = d.statement_acts(case)
    told = [(person, role, act, word(d.hub, case, item, act, person, role)) for person, role, act, _ in CLAIMS]
    assert told == CLAIMS
    assert (d.statement_acts(case), d.item(case, item.ref).state) == (before, ItemState.ACCEPTED)


def test_of_two_managers_one_is(desk: Make) -> None:
    d = desk()
    case, item = accepted(d)
    approved, left = at_once(
        d,
        lambda hub: word(hub, case, item, Act.APPROVE, MANAGER, Role.MANAGER),
        lambda hub: word(hub, case, item, Act.LEAVE, OTHER, Role.MANAGER),
    )
    assert (approved, left, d.item(case, item.ref).state) == ("", "role", ItemState.APPROVED)


def test_a_deputy_whom_the_policy_names_decides_as_the_manager_and_one_of_both_is_heard(
    desk: Make, tmp_path: Path
) -> None:
    d = desk(offboarding=with_policy(tmp_path, f"['{OTHER}']"))
    case, item = accepted(d)
    tasks: list[Callable[[Hub], str]] = [
        lambda hub: word(hub, case, item, Act.APPROVE, MANAGER, Role.MANAGER),
        lambda hub: word(hub, case, item, Act.APPROVE, OTHER, Role.MANAGER),
    ]
    assert sorted(at_once(d, *tasks)) == ["", "state"]
    assert d.statement_acts(case).count(Act.APPROVE) == 1


def test_a_deputy_approves_nothing_that_they_have_accepted(desk: Make, tmp_path: Path) -> None:
    d = desk(offboarding=with_policy(tmp_path, f"['{SUCCESSOR}']"))
    case, item = accepted(d)
    assert word(d.hub, case, item, Act.APPROVE, SUCCESSOR, Role.MANAGER) == "maker"


def test_who_manages_the_manager_decides_where_the_policy_says_so(desk: Make, tmp_path: Path) -> None:
    d = desk(offboarding=with_policy(tmp_path, "managers_manager"))
    d.company.rows[0]["manager"] = BOSS
    d.company.rows.append(row(BOSS, department="总部"))
    plan_sync(d.hub, SyncRequest())
    case, item = accepted(d)
    assert roles(d, case, BOSS) == {Role.MANAGER, Role.SUCCESSOR}
    assert word(d.hub, case, item, Act.APPROVE, BOSS, Role.MANAGER) == ""


def test_who_has_left_is_nothing_any_more(desk: Make) -> None:
    d = desk()
    case, item = accepted(d)
    for person in d.company.rows:
        if person["number"] == MANAGER:
            person["status"], person["last_day"] = "departed", "2020-02-01"
    plan_sync(d.hub, SyncRequest())
    assert roles(d, case, MANAGER) == frozenset()
    assert word(d.hub, case, item, Act.APPROVE, MANAGER, Role.MANAGER) == "role"
    assert word(d.hub, case, item, Act.APPROVE, HR, Role.HR) == ""


def test_where_hr_is_named_nobody_else_is(desk: Make) -> None:
    d = desk(offboarding=OffboardingPart(hr=(OTHER, "hr-li")))
    case, item = accepted(d)
    assert (Role.HR in roles(d, case, OTHER), Role.HR in roles(d, case, "hr-li")) == (True, True)
    assert word(d.hub, case, item, Act.APPROVE, HR, Role.HR) == "role"
    with pytest.raises(ApprovalError, match="is not the hr"):
        casework.decide(d.hub, case.id, Act.PAUSE, HR, "wait")
    assert word(d.hub, case, item, Act.APPROVE, OTHER, Role.HR) == ""


def test_a_case_as_a_whole_is_decided_on_by_hr_alone(desk: Make) -> None:
    d = desk()
    case, _ = accepted(d)
    for person, code in ((MANAGER, "role"), (LEAVER, "leaver")):
        for decide in (
            lambda who: casework.decide(d.hub, case.id, Act.RETRACT, who, "so"),
            lambda who: completing.complete(d.hub, case.id, who, "so"),
            lambda who: undoing.undo(d.hub, case.id, who, "so"),
        ):
            with pytest.raises(ApprovalError) as refused:
                decide(person)
            assert refused.value.code == code


def test_a_link_is_made_for_who_somebody_is_and_ends_when_they_are_it_no_more(desk: Make, tmp_path: Path) -> None:
    d = desk(offboarding=with_policy(tmp_path, f"['{OTHER}']"))
    case, _ = accepted(d)
    given = links.make_token(d.hub, Offer(case.id, OTHER, Role.MANAGER, HR))
    assert links.admit(d.hub, given).link.role is Role.MANAGER
    with pytest.raises(ApprovalError):
        links.make_token(d.hub, Offer(case.id, SUCCESSOR, Role.MANAGER, HR))
    with pytest.raises(ApprovalError):
        links.make_token(d.hub, Offer(case.id, MANAGER, Role.HR, HR))
    with_policy(tmp_path, "[]")
    with pytest.raises(LinkRefusedError):
        links.admit(d.hub, given)


def test_who_does_not_say_as_what_speaks_as_what_they_are(desk: Make) -> None:
    d = desk()
    case, item = accepted(d)
    assert speaks_as(d.hub, case, LEAVER, Act.NOTE) is Role.LEAVER
    assert speaks_as(d.hub, case, MANAGER, Act.APPROVE) is Role.MANAGER
    assert speaks_as(d.hub, case, HR, Act.APPROVE) is Role.HR
    assert speaks_as(d.hub, case, MANAGER, Act.ACCEPT) is Role.SUCCESSOR
    unfit = speaks_as(d.hub, case, OTHER, Act.APPROVE)
    with pytest.raises(ApprovalError):
        saying.say(d.hub, saying.Saying(case.id, {item.id: item.version}, Act.APPROVE, OTHER, unfit))


def test_where_nobody_is_named_as_hr_nobody_is_it_by_how_their_name_is_written(desk: Make) -> None:
    d = desk()
    d.company.rows.append(row("Mx-07", department="总部"))
    plan_sync(d.hub, SyncRequest())
    case = d.open()
    numbers = [
        "9999",
        "12",
        "９９９９",
        OTHER,
        f"{OTHER} ",
        "０００４",
        "\u200b0004",
        "Mx-07",
        "mx-07",
        "ＭＸ－07 ",
        " ",
    ]
    with d.hub.database.read() as connection:
        assert [each for each in numbers if is_hr(d.hub, connection, each)] == []
        assert [each for each in numbers if Role.HR in standing(d.hub, connection, case, each)] == []
        opened = [replace(case, id=f"c{n}", opened_by=each) for n, each in enumerate([*numbers, HR])]
        told = deciders_of(d.hub, connection, opened)
        assert [told[each.id].hr for each in opened] == [*[()] * len(numbers), (HR,)]
        assert is_hr(d.hub, connection, HR)
    d.hub.settings = replace(d.hub.settings, offboarding=OffboardingPart(hr=("9999",)))
    with d.hub.database.read() as connection:
        assert is_hr(d.hub, connection, "9999"), "who is named is it, whatever they are called"
        assert not is_hr(d.hub, connection, HR)


@pytest.mark.parametrize("number", ["E 07", "Ж-07", "Ｅ－０７", "E\u300007", "ÄB7"])
def test_an_employee_is_not_hr_by_their_own_number_whatever_signs_it_has(desk: Make, number: str) -> None:
    d = desk()
    d.company.rows.append(row(number, department="总部"))
    plan_sync(d.hub, SyncRequest())
    with d.hub.database.read() as connection:
        assert d.hub.people.statuses(connection, [number]), "it is kept exactly"
        spelled = [number, number.lower(), f"{number} ", unicodedata.normalize("NFKC", number)]
        assert is_hr(d.hub, connection, HR)
        assert [each for each in spelled if is_hr(d.hub, connection, each)] == []
