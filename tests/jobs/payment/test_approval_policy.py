"""Signatures: whose, how many, for what, until when; nothing else opens a file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.errors import ConfigurationError
from baton.jobs.payment.approval_policy import REMEDY, ApprovalPolicy, Decision, Refusal, Signature, Subject, decide
from baton.jobs.payment.files import loads
from baton.jobs.payment.roles import Role

NOW = datetime(2026, 11, 3, 8, tzinfo=UTC)
HOLDERS = {
    "an": [Role.TREASURY, Role.PAYROLL], "t-li": [Role.TREASURY], "p-sun": [Role.PAYROLL], "zhao": [Role.TREASURY, Role.PAYROLL, Role.DIRECTOR],
    "maker": [Role.TREASURY, Role.PAYROLL], "hr-wang": [Role.HR],
}  # fmt: skip
POLICY = ApprovalPolicy.model_validate(
    {
        "valid_h": 24,
        "levels": [
            {"up_to_minor": 1000, "up_to_warnings": 2, "roles": ["payroll", "treasury"]},
            {"up_to_minor": 5000, "roles": ["hr", "treasury"]},
            {"roles": ["hr", "treasury", "director"]},
        ],
    }
)
SUBJECT = Subject("f" * 64, "hr-41", "d" * 64, frozenset({"maker"}), 1000, 2)


def signature(person, role, **more):
    told = {"at": NOW, "file_sha256": "f" * 64, "hr_version": "hr-41", "report_digest": "d" * 64}
    return Signature(person=person, role=role, **(told | more))


TREASURY, PAYROLL = signature("t-li", Role.TREASURY), signature("p-sun", Role.PAYROLL)


def judged(*signatures: Signature, subject: Subject = SUBJECT, now: datetime = NOW) -> Decision:
    return decide(subject, signatures, POLICY, HOLDERS, now)


def test_two_signatures_of_two_persons_suffice():
    decision = judged(TREASURY, PAYROLL)
    assert decision.sufficient
    assert decision.refused == ()
    assert decision.valid_until == NOW + timedelta(hours=24)


def test_one_does_not():
    decision = judged(TREASURY)
    assert decision.missing == (Role.PAYROLL,)
    assert decision.valid_until is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"person": "maker"}, Refusal.MAKER),
        ({"person": "MAKER "}, Refusal.MAKER),
        ({"person": "ｍaker"}, Refusal.MAKER),
        ({"person": " "}, Refusal.MAKER),
        ({"person": "p-sun"}, Refusal.ROLE_NOT_HELD),
        ({"person": "nobody"}, Refusal.ROLE_NOT_HELD),
        ({"file_sha256": "e" * 64}, Refusal.ANOTHER_FILE),
        ({"hr_version": "hr-42"}, Refusal.ANOTHER_HR_STATE),
        ({"report_digest": "c" * 64}, Refusal.ANOTHER_REPORT),
        ({"at": NOW + timedelta(microseconds=1)}, Refusal.IN_THE_FUTURE),
        ({"at": NOW - timedelta(hours=24)}, Refusal.EXPIRED),
        ({"role": Role.HR, "person": "hr-wang"}, Refusal.NOT_ASKED_FOR),
    ],
)
def test_a_signature_that_does_not_count_says_why(changed, why):
    wrong = replace(TREASURY, **changed)
    decision = judged(wrong, PAYROLL)
    assert decision.missing == (Role.TREASURY,)
    assert decision.refused == ((wrong, why),)


def test_what_was_signed_before_the_store_was_set_back_does_not_count():
    later = replace(PAYROLL, at=TREASURY.at + timedelta(microseconds=1))
    set_back = replace(SUBJECT, set_back_at=later.at)
    decision = judged(TREASURY, later, subject=set_back, now=later.at)
    assert decision.counted == (later,)
    assert decision.refused == ((TREASURY, Refusal.BEFORE_RESTORE),)


def test_every_refusal_says_what_to_do():
    assert set(REMEDY) == set(Refusal)


def test_one_person_in_two_roles_is_one_person():
    decision = judged(signature("zhao", Role.TREASURY), signature("Zhao", Role.PAYROLL))
    assert len(decision.missing) == 1
    assert [why for _, why in decision.refused] == [Refusal.NOT_ASKED_FOR]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize(("both", "one"), [("zhao", TREASURY), ("zhao", PAYROLL), ("an", TREASURY), ("an", PAYROLL)])
def test_who_signed_in_two_roles_fills_the_one_that_is_left(both, one, order):
    """Whoever is seated first: they move for somebody who can sit nowhere else."""
    given_ = [signature(both, Role.TREASURY), signature(both, Role.PAYROLL), one]
    decision = judged(*(given_[place] for place in order))
    assert decision.sufficient
    assert {each.person for each in decision.counted} == {both, one.person}
    assert [why for _, why in decision.refused] == [Refusal.NOT_ASKED_FOR]


@pytest.mark.parametrize(
    ("total", "warnings", "roles"),
    [
        (1000, 2, ("payroll", "treasury")),
        (1001, 2, ("hr", "treasury")),
        (0, 3, ("hr", "treasury")),
        (5000, 10**6, ("hr", "treasury")),
        (5001, 0, ("hr", "treasury", "director")),
    ],
)
def test_amount_and_warnings_choose_the_level(total, warnings, roles):
    decision = judged(subject=replace(SUBJECT, total_minor=total, warnings=warnings))
    assert decision.missing == roles


def test_the_first_to_lapse_ends_it():
    older = replace(PAYROLL, at=NOW - timedelta(hours=20))
    assert judged(TREASURY, older).valid_until == NOW + timedelta(hours=4)
    assert not judged(TREASURY, older, now=NOW + timedelta(hours=4)).sufficient


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("levels: []", "levels"),
        ("levels: [{roles: [hr]}]", "roles"),
        ("levels: [{roles: [hr, boss]}]", "roles.1"),
        ("levels: [{up_to_minor: 3, roles: [hr, treasury]}]", "the last level must be for everything"),
        ("levels: [{up_to_minor: 9, roles: [hr, hr]}, {up_to_minor: 3, roles: [hr, hr]}, {roles: [hr, hr]}]", "in order"),
        ("levels: [{roles: [hr, hr]}, {up_to_warnings: 3, roles: [hr, hr]}, {roles: [hr, hr]}]", "in order"),
        ("levels: [{up_to_minor: 9, roles: [hr, hr, hr]}, {roles: [hr, treasury]}]", "fewer signatures"),
        ("levels: [{roles: [hr, treasury]}]\nvalid: 3", "valid"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_is_refused(text, told):
    with pytest.raises(ConfigurationError, match=told):
        loads(text.encode(), "policy.yaml", ApprovalPolicy)


signatures = st.builds(
    Signature,
    at=st.sampled_from([NOW, NOW - timedelta(hours=24), NOW + timedelta(hours=1)]),
    person=st.sampled_from([*HOLDERS, "ZHAO", "nobody"]),
    role=st.sampled_from(Role),
    file_sha256=st.sampled_from(["f" * 64, "e" * 64]),
    hr_version=st.sampled_from(["hr-41", "hr-42"]),
    report_digest=st.just("d" * 64),
)


@given(st.lists(signatures, max_size=8), st.integers(0, 9000))
@settings(deadline=None)
def test_whatever_is_signed_what_opens_is_right(signed, total):
    decision = judged(*signed, subject=replace(SUBJECT, total_minor=total))
    assert set(decision.counted) | {each for each, _ in decision.refused} == set(signed)
    assert not set(decision.counted) & {each for each, _ in decision.refused}
    roles = POLICY.level(total, 2).roles
    assert sorted([*decision.missing, *(each.role for each in decision.counted)]) == sorted(roles)
    people = [each.person.casefold() for each in decision.counted]
    assert len(set(people)) == len(people)
    for each in decision.counted:
        assert each.person != "maker"
        assert (each.file_sha256, each.hr_version, each.at) == ("f" * 64, "hr-41", NOW)
        held = [role for name, roles in HOLDERS.items() if name == each.person.casefold() for role in roles]
        assert each.role in held


@given(st.lists(signatures, max_size=8))
@settings(deadline=None)
def test_further_signatures_never_hurt(signed):
    assert judged(*signed, TREASURY, PAYROLL).sufficient
