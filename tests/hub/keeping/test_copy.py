"""The copy that a person may ask for, and what an erasure names: also of systems and tables that nobody thinks of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from baton.hub.keeping import subject_access
from baton.hub.offboarding.moving import send_messages
from baton.model.account import AccountState
from baton.model.effect import Link
from tests.hub.keeping.conftest import OPERATOR, World
from tests.hub.keeping.leaver import erase, lived
from tests.hub.keeping.test_erasing_messages import talking, unsent_about

Make = Callable[..., World]
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
