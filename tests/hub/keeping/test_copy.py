"""The copy that a person may ask for, and what an erasure names: also of systems and tables that nobody thinks of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from baton.errors import ApprovalError
from baton.hub.keeping import erasing, subject_access
from baton.hub.offboarding import hourly
from baton.hub.offboarding.casework import Opening, open_case
from baton.hub.offboarding.moving import send_messages
from baton.model.account import AccountState
from baton.model.case import Cause
from baton.model.effect import Link
from baton.model.handover import HoldingKind
from baton.model.people import EmploymentStatus
from baton.settings_shape import OffboardingPart
from tests.hub.keeping.conftest import OPERATOR, World
from tests.hub.keeping.leaver import CANARY, erase, lived, sync
from tests.hub.keeping.test_erasing_messages import talking, unsent_about
from tests.hub.offboarding.conftest import NEXT_YEAR
from tests.rig.belongings import Belongings, TalkingTarget
from tests.rig.company import row
from tests.rig.payroll import card, person, record

Make = Callable[..., World]
CARD = card(1)
GIVEN_UP = "old_crm"
"""A system that was taken out of the settings; the account there was never removed."""


def with_an_account_in_a_system_given_up(world: World) -> None:
    lived(world)
    with world.hub.database.write() as connection:
        world.hub.links.observe(connection, [Link(GIVEN_UP, "0001", "OLD-77", AccountState.DISABLED)])


def test_the_copy_tells_of_accounts_in_systems_that_are_not_in_the_settings_any_more(world: Make) -> None:
    it = world()
    with_an_account_in_a_system_given_up(it)
    told = subject_access.answer(it.hub, "0001", OPERATOR).sections["accounts"]
    assert {"system": GIVEN_UP, "external_id": "OLD-77", "state": "disabled"} in told
    assert [each["system"] for each in told] == ["crm", GIVEN_UP]


def test_an_erasure_names_a_system_given_up_in_which_an_account_is_left(world: Make) -> None:
    it = world()
    with_an_account_in_a_system_given_up(it)
    assert erase(it).elsewhere == [GIVEN_UP]


def test_the_copy_tells_to_whom_messages_about_their_handover_went_and_nothing_that_lets_anybody_in(
    world: Make,
) -> None:
    it = talking(world)
    unsent_about(it)
    it.company.clock.advance(timedelta(hours=1))
    send_messages(it.hub)
    (to, *_) = it.company.truths["crm"].belongings.outbox[0]
    copy = subject_access.answer(it.hub, "0001", OPERATOR)
    (told,) = [each for each in copy.sections["recipients"] if each["what"] == "notify"]
    assert (told["system"], told["to"], told["state"]) == ("crm", to, "done")
    assert "values" not in told
    assert to in [cells[-1] for cells in copy.recipient_rows()]
    assert subject_access.answer(it.hub, "0003", OPERATOR).sections["messages"] == []


def test_the_copy_of_who_was_sent_a_way_in_tells_that_one_was_sent_and_lets_nobody_in(world: Make) -> None:
    part = OffboardingPart(notifiers=("crm",), address="https://hub.example")
    it = world(targets={"crm": TalkingTarget}, offboarding=part)
    it.company.rows = [row("0001", name=CANARY, manager="0002"), *(row(f"{n:04d}") for n in range(2, 12))]
    sync(it)
    truth = it.company.truths["crm"]
    truth.belongings = Belongings()
    truth.belongings.plant(HoldingKind.CLIENT, 1, truth.accounts["0001"].external_id)
    open_case(it.hub, Opening("0001", Cause.BY_HAND, "hr-wang", last_working_at=NEXT_YEAR))
    hourly.tick(it.hub)
    (sent,) = [text for number, _, text in truth.belongings.outbox if number == "0002"]
    assert "https://hub.example/handover/" in sent  # else nothing here would be worth hiding
    copy = subject_access.answer(it.hub, "0002", OPERATOR)
    (told,) = copy.sections["messages"]
    assert (told["state"], told["with_link"], "link" in told) == ("done", True, False)
    assert told["text"]
    assert told["text"] in sent
    assert len(copy.sections["links"]) == 1
    assert "/handover/" not in repr((copy.document, list(copy.data_rows()), list(copy.recipient_rows())))


@pytest.mark.parametrize(
    "why",
    [
        f"letter of {CANARY}, of 2026-11-20",
        f"letter of {CANARY[0]} {CANARY[1:]}",
        "called from +86 138-9999-0001",
        "called from 13899990001",
    ],
)
def test_a_reason_that_names_whom_it_is_about_is_refused_and_kept_nowhere(world: Make, why: str) -> None:
    it = world()
    lived(it)
    with pytest.raises(ApprovalError) as refused:
        erasing.ask(it.hub, "0001", OPERATOR, why)
    assert refused.value.code == "names_them"
    assert why not in str(refused.value)
    with it.hub.database.read() as connection:
        assert it.hub.erasures.all(connection) == []
    erasing.ask(it.hub, "0001", OPERATOR, "letter 13/899 of 2026-11-20, about 0001")


@pytest.mark.parametrize(
    "why",
    [
        "letter of Zhang San",
        "letter of Zhang, San",
        "letter of Zhang-San",
        "letter of San Zhang",
        "letter of SAN, ZHANG",
        f"account {CARD[:4]}-{CARD[4:8]}-{CARD[8:12]}-{CARD[12:]}",
        f"account {CARD[:4]}.{CARD[4:8]}.{CARD[8:]}",
        "letter of Osman D'Arc",
        "letter of D’Arc-Osman",
    ],
)
def test_a_reason_names_them_however_the_name_or_the_number_is_set(world: Make, why: str) -> None:
    it = world()
    left_as(it, "Zhang San", bank_account_number=CARD, bank_account_holder="Osman DArc")
    with pytest.raises(ApprovalError) as refused:
        erasing.ask(it.hub, "0001", OPERATOR, why)
    assert refused.value.code == "names_them"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Li An", "letter of Li An"),
        ("Li An", "letter of An,Li."),
        ("Li An", "收到LiAn的信"),
        ("Ma-Na", "Ma Na has written"),
        ("Zhang Xiaoming", "letter of Zhang Xiao-Ming"),
        ("Zhang Xiaoming", "letter of Zhang Xiao Ming"),
        ("张三 Zhang", "letter of张三 ZHANG"),
    ],
)
def test_a_short_name_is_found_as_words_of_its_own(world: Make, name: str, why: str) -> None:
    it = world()
    left_as(it, name)
    with pytest.raises(ApprovalError, match="holds a name"):
        erasing.ask(it.hub, "0001", OPERATOR, why)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Li An", "GDPR compliance request"),
        ("Li An", "letter to the Italian office"),
        ("Ma Na", "asked by the manager"),
        ("Ma Na", "asked by a man, a year ago"),
        ("An Li", "on the plan list"),
    ],
)
def test_a_short_name_is_not_found_within_other_words(world: Make, name: str, why: str) -> None:
    it = world()
    left_as(it, name, latin_name=name)
    assert erasing.ask(it.hub, "0001", OPERATOR, why) == [], "it is taken, and nothing will have to be kept"


@pytest.mark.parametrize(
    ("mobile", "why"),
    [
        ("+85291234567", "call 9123 4567"),
        ("+821012345678", "called from 010-1234-5678"),
        ("+819012345678", "called from 090-1234-5678"),
        ("+12125550123", "called from 212-555-0123"),
        ("+3546110000", "called from 611 0000"),
        ("+64 021 00000", "called from 21-00000"),
    ],
)
def test_a_mobile_of_another_country_is_found_as_it_is_dialled_there(world: Make, mobile: str, why: str) -> None:
    it = world()
    left_as(it, "Zhang San", mobile=mobile)
    with pytest.raises(ApprovalError, match="a number"):
        erasing.ask(it.hub, "0001", OPERATOR, why)
    erasing.ask(it.hub, "0001", OPERATOR, "letter 13/899 of 2026-11-20, ticket 4711, about 0001")


def test_a_chinese_name_is_not_looked_for_the_other_way_round(world: Make) -> None:
    it = world()
    left_as(it, "张 三")
    with pytest.raises(ApprovalError, match="holds a name"):
        erasing.ask(it.hub, "0001", OPERATOR, "张-三的信")
    erasing.ask(it.hub, "0001", OPERATOR, "letter of 2026-11-20, 复印件三张")


def left_as(it: World, name: str, **given: str) -> None:
    """Somebody of this name has left."""
    record(it.hub, person("0001", full_name=name, status=EmploymentStatus.DEPARTED, **given))


def test_the_copy_says_that_reasons_stand_in_the_audit_log_as_they_were_typed(world: Make) -> None:
    it = world()
    lived(it)
    (said,) = [
        each for each in subject_access.answer(it.hub, "0001", OPERATOR).document["not_in_here"] if "audit" in each
    ]
    assert "reason" in said
    assert "only" not in said
