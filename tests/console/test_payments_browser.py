"""The pages of pay runs in a real browser: phone and desktop, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from baton.hub.payment.settling import prepare
from baton.jobs.payment.settlement.case_file import load_case
from baton.languages import LANGUAGES
from tests.console.payments_desk import Counter, counter, settling_counter
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.browser import SIZES, Watched
from tests.rig.payment_pages import PERSON
from tests.rig.payroll import CNAPS, HR, MAKER, PAYROLL, TREASURY, card

pytestmark = pytest.mark.server
LOCALES = {"phone": "zh-CN", "desktop": "en-GB"}


@contextmanager
def window(browser: Any, desk: Counter, size: str, person: str) -> Iterator[Watched]:
    """A page of this person's; whatever goes wrong in it fails the test at the end."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale=LOCALES[size],
        extra_http_headers={PERSON: person},
    )
    context.set_default_timeout(10_000)
    watched = Watched(context.new_page(), desk.address)
    yield watched
    context.close()
    assert watched.troubles == []


def require_fit_in_every_language(watched: Watched, place: str) -> None:
    """A page with every form of it open."""
    for language in LANGUAGES:
        watched.page.goto(f"{place}?lang={language}")
        watched.require_fit()
        for form in watched.page.locator(".act summary").all():
            form.click()
        watched.require_fit()


def act(watched: Watched, verb: str, why: str = "") -> None:
    """Open the form of an act, fill it in and send it."""
    form = watched.page.locator(f'.act:has(button[value="{verb}"])')
    form.locator("summary").click()
    watched.require_fit()
    if why:
        form.locator("textarea").fill(why)
    watched.follow(form.locator(f'button[value="{verb}"]'))
    assert watched.page.get_by_role("status").is_visible()


def test_a_run_is_waived_and_signed_on_a_phone_and_released_at_a_desk(browser: Any, tmp_path: Path) -> None:
    with counter(tmp_path) as desk:
        desk.office.hire("0001")
        said = {"number": "0001", "amount": "8000", "holder": "测试某", "account": card(1), "bank_code": CNAPS}
        run_id = desk.hand_in(MAKER, said).json()["run"]
        desk.office.check(run_id)
        with window(browser, desk, "phone", HR) as watched:
            watched.page.goto(f"{desk.address}/payments")
            watched.require_fit()
            watched.follow(watched.page.get_by_role("link", name=run_id))
            for place in ("", "/months/2026-10", f"/{run_id}"):
                require_fit_in_every_language(watched, f"{desk.address}/payments{place}")
            watched.page.goto(f"{desk.address}/payments/{run_id}")
            act(watched, "waive", "见同意书")
        desk.office.build(run_id)
        with window(browser, desk, "phone", PAYROLL) as watched:
            watched.page.goto(f"{desk.address}/payments/{run_id}")
            act(watched, "sign")
        with window(browser, desk, "desktop", TREASURY) as watched:
            watched.page.goto(f"{desk.address}/payments/{run_id}")
            act(watched, "sign")
            act(watched, "release", "pay day")
            assert "Released." in watched.page.get_by_role("status").text_content()
        assert desk.document(run_id, HR)["run"]["state"] == "ready"


def test_a_settlement_is_reviewed_on_a_phone(browser: Any, tmp_path: Path) -> None:
    with settling_counter(tmp_path) as desk:
        kept = prepare(desk.office.hub, load_case(EXAMPLE), "case", MAKER)
        with window(browser, desk, "phone", HR) as watched:
            watched.page.goto(f"{desk.address}/payments")
            watched.follow(watched.page.get_by_role("link", name="离职结算"))
            watched.require_fit()
            watched.follow(watched.page.get_by_role("link", name=kept.id))
            watched.require_fit()
            watched.require_once()
            for place in ("settlements", f"settlements/{kept.id}"):
                require_fit_in_every_language(watched, f"{desk.address}/payments/{place}")
            watched.page.goto(f"{desk.address}/payments/settlements/{kept.id}")
            form = watched.page.locator('.act:has(button[value="review"])')
            form.locator("summary").click()
            watched.require_fit()
            watched.follow(form.locator("button"))
            assert "已复核" in (watched.page.locator("h1").text_content() or "")
        with window(browser, desk, "desktop", PAYROLL) as watched:
            watched.page.goto(f"{desk.address}/payments/settlements/{kept.id}")
            watched.require_fit()
            assert watched.page.get_by_text(f"{HR} (HR)").is_visible()
