"""The pages in a real browser: phone and desktop, four languages, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from baton.console.handover.words import WORDS
from baton.model.alert import AlertState
from baton.model.case import Act, ItemState, Role
from tests.console.conftest import Place
from tests.console.test_handover_alerts import raised, stored
from tests.hub.offboarding.conftest import OTHER, SUCCESSOR
from tests.rig.browser import SIZES, Watched

pytestmark = pytest.mark.server
LOCALES = {"zh": "zh-CN", "en": "en-GB", "ja": "ja-JP", "ko": "ko-KR"}
Open = Callable[..., Any]


@contextmanager
def window(browser: Any, place: Place, size: str, language: str, **more: Any) -> Iterator[Watched]:
    """A page of a person who speaks this language; whatever goes wrong in it fails the test at the end."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale=LOCALES[language],
        has_touch=size == "phone",
        **more,
    )
    context.set_default_timeout(10_000)
    watched = Watched(context.new_page(), place.address)
    yield watched
    context.close()
    assert watched.troubles == []


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("size", SIZES)
def test_a_link_is_opened_one_item_accepted_one_refused_and_the_manager_approves(
    browser: Any, place: Place, size: str, language: str
) -> None:
    words = WORDS[language]
    with window(browser, place, size, language) as watched:
        page = watched.page
        page.goto(f"{place.address}{place.path(Role.SUCCESSOR)}")
        assert page.locator("html").get_attribute("lang") == words["html"]
        assert page.locator(".item").count() == 2
        watched.require_fit()
        # one item from its own page
        watched.follow(page.get_by_role("link", name="测试opportunity1䶮"))
        watched.require_fit()
        watched.follow(page.get_by_role("button", name=words["act.accept"], exact=True))
        assert page.get_by_role("status").text_content() == words["said.accept"].format(n=1)
        assert place.item("deal").state is ItemState.ACCEPTED
        # another from the list, with a reason
        watched.follow(page.get_by_role("link", name="测试离职"))
        watched.require_once()
        page.locator("label.pick").first.click()
        page.locator(".decide summary").click()
        watched.require_fit()
        refuse = page.locator('.decide button[value="refuse"]')
        refuse.click()
        assert page.locator(".decide .problem").is_visible()
        assert place.item("client").state is ItemState.OFFERED
        page.locator(".decide textarea").fill("不是我的区域")
        watched.follow(refuse)
        assert place.item("client").state is ItemState.OPEN
        assert page.locator(".item").count() == 1
    with window(browser, place, size, language) as watched:
        page = watched.page
        page.goto(f"{place.address}{place.path(Role.MANAGER)}?show=accepted")
        watched.require_fit()
        approve = page.locator('.decide button[value="approve"]')
        assert approve.is_disabled()
        page.locator("label.pick").first.click()
        watched.follow(approve)
        assert place.item("deal").state is ItemState.APPROVED
    place.desk.tick()
    assert place.desk.holder(place.refs["deal"]) == SUCCESSOR


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("role", Role)
def test_every_role_has_pages_that_fit(browser: Any, place: Place, role: Role, size: str) -> None:
    place.desk.things.change(place.refs["deal"], stage="谈判", note="很长的说明" * 40)
    place.desk.tick()
    with window(browser, place, size, "zh") as watched:
        base = f"{place.address}{place.path(role)}"
        number = place.item("deal").id
        raised(place)
        more = {Role.HR: ["/finish", "/alerts"], Role.MANAGER: ["/alerts"]}.get(role, [])
        for path in ("/", "/?show=all&lang=en", f"/items/{number}", *more):
            watched.page.goto(base + path)
            watched.require_fit()


def test_everything_works_without_scripts(browser: Any, place: Place) -> None:
    with window(browser, place, "phone", "en", java_script_enabled=False) as watched:
        page = watched.page
        page.goto(f"{place.address}{place.path(Role.SUCCESSOR)}/")
        page.locator("label.pick input").nth(0).check()
        page.locator("label.pick input").nth(1).check()
        watched.follow(page.get_by_role("button", name="Accept", exact=True))
        assert "Accepted: 2." in page.content()
    alert = raised(place)
    with window(browser, place, "phone", "en", java_script_enabled=False) as watched:
        page = watched.page
        page.goto(f"{place.address}{place.path(Role.MANAGER)}/")
        watched.follow(page.get_by_role("link", name="1 alerts to decide on"))
        watched.require_fit()
        page.locator("textarea").fill("不该由他下单")
        watched.follow(page.get_by_role("button", name="Ask for a stop"))
        assert "不该由他下单" in page.content()
        watched.require_fit()
    assert stored(place, alert).state is AlertState.FREEZE_ASKED
    with window(browser, place, "phone", "en", java_script_enabled=False) as watched:
        page = watched.page
        page.goto(f"{place.address}{place.path(Role.LEAVER)}/items/{place.item('group').id}")
        page.locator("textarea").fill("钥匙在抽屉里")
        watched.follow(page.get_by_role("button", name="Leave a note"))
        assert "钥匙在抽屉里" in page.content()
    assert place.item("client").state is ItemState.ACCEPTED


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_in_the_field_of_a_successor_names_whom_it_names(browser: Any, place: Place, scripts: bool) -> None:
    assert place.post(f"{place.path(Role.SUCCESSOR)}/say", Act.ACCEPT, "deal").status_code == 303
    item, base = place.item("deal"), f"{place.address}{place.path(Role.MANAGER)}"
    with window(browser, place, "desktop", "en", java_script_enabled=scripts) as watched:
        page = watched.page
        for path, number in (("/?show=accepted", OTHER), (f"/items/{item.id}", SUCCESSOR)):
            page.goto(base + path)
            if path.startswith("/?"):
                page.locator("label.pick input").first.check()
            page.locator("form details.more:has(input) summary").click()
            watched.require_fit()
            page.locator('input[name="successor"]').fill(number)
            with page.expect_navigation(wait_until="load"):
                page.locator('input[name="successor"]').press("Enter")
            assert (place.item("deal").state, place.item("deal").successor) == (ItemState.OFFERED, number)


def test_an_item_that_changes_while_it_is_read_is_shown_anew(browser: Any, place: Place) -> None:
    width, height = SIZES["phone"]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    # Not watched to its end: the answer to what has changed is a conflict (409), which the browser notes as an error.
    watched = Watched(context.new_page(), place.address)
    page = watched.page
    page.goto(f"{place.address}{place.path(Role.SUCCESSOR)}/items/{place.item('deal').id}")
    place.desk.things.change(place.refs["deal"], stage="lost")
    place.desk.tick()
    watched.follow(page.get_by_role("button", name="Accept", exact=True))
    assert "It has changed since you looked at it." in page.get_by_role("alert").first.text_content()
    assert page.locator("ins").text_content() == "lost"
    watched.follow(page.get_by_role("button", name="Accept", exact=True))
    assert page.get_by_role("status").is_visible()
    assert place.item("deal").accepted_version == 2
    context.close()


def test_the_language_can_be_changed_and_stays(browser: Any, place: Place) -> None:
    with window(browser, place, "phone", "zh") as watched:
        page = watched.page
        page.goto(f"{place.address}{place.path(Role.LEAVER)}/?show=all")
        watched.follow(page.get_by_role("link", name="한국어"))
        assert page.locator("html").get_attribute("lang") == "ko"
        watched.follow(page.get_by_role("link", name="测试client1䶮"))
        assert page.locator("html").get_attribute("lang") == "ko"
        assert page.get_by_role("button", name=WORDS["ko"][f"act.{Act.NOTE}"]).is_visible()


def test_a_link_that_opens_nothing_says_so(browser: Any, place: Place) -> None:
    page = browser.new_page(locale="ja-JP")
    answer = page.goto(f"{place.address}/handover/{'A' * 64}/")
    assert answer.status == 404
    assert page.locator("h1").text_content() == WORDS["ja"]["door.link.title"]
    page.close()
