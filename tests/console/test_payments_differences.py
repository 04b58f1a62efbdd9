"""What differs from a bank is taken on from the page of its month and by API, by who holds an office, with a reason, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.payments_desk import SAME_ORIGIN, Counter, counter_with_a_stranger
from tests.rig.payment_pages import PERSON
from tests.rig.payroll import TREASURY

NOBODY = "nobody-zhao"
MONTH = "/payments/months/2026-11"
WHY = "the bank was called"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Counter]:
    """Two paid, and a debit that nobody has asked for."""
    with counter_with_a_stranger(tmp_path) as (found, _):
        yield found


def difference(desk: Counter) -> Any:
    (found,) = desk.get(f"/api{MONTH}", TREASURY).json()["differences"]
    return found


def press(desk: Counter, person: str, headers: Any = SAME_ORIGIN, **fields: str) -> Any:
    """The form of the page sent; not where it leads."""
    return desk.client.post(MONTH, data=fields, headers={PERSON: person, **headers}, follow_redirects=False)


def script(desk: Counter, person: str, key: str, **words: str) -> Any:
    headers = {PERSON: person, "X-Baton-Console": "1", **SAME_ORIGIN}
    return desk.client.post(f"/api/payments/differences/{key}/acknowledge", json=words, headers=headers)


def test_an_officer_takes_it_on_from_the_page_and_the_page_says_who_has(desk: Counter) -> None:
    key = difference(desk)["key"]
    page = desk.get(f"{MONTH}?lang=zh", TREASURY).text
    assert f'name="key" value="{key}"' in page
    assert "由我跟进" in page
    answer = press(desk, TREASURY, key=key, why=WHY)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{MONTH}?lang=en")
    found = difference(desk)
    assert (found["taken_on_by"], found["why"]) == (TREASURY, WHY)
    page = desk.get(MONTH, TREASURY).text
    assert f"{TREASURY}: {WHY}" in page
    assert 'name="key"' not in page, "it is asked of nobody any more"
    again = press(desk, TREASURY, key=key, why="once more")
    assert again.status_code == 409
    assert "somebody has taken it on meanwhile" in again.text
    assert difference(desk)["why"] == WHY


def test_who_holds_no_office_gives_no_reason_or_comes_from_elsewhere_takes_nothing_on(desk: Counter) -> None:
    key = difference(desk)["key"]
    assert 'name="key"' not in desk.get(MONTH, NOBODY).text
    assert press(desk, NOBODY, key=key, why=WHY).status_code == 403
    assert press(desk, TREASURY, key=key, why=" ").status_code == 422
    assert press(desk, TREASURY, key=key, why=WHY * 100).text.count(WHY * 100) == 1, "it stands in its form again"
    assert press(desk, TREASURY, key="../../etc", why=WHY).status_code == 422
    assert press(desk, TREASURY, {"Sec-Fetch-Site": "cross-site"}, key=key, why=WHY).status_code == 403
    assert script(desk, NOBODY, key, why=WHY).status_code == 403
    assert script(desk, TREASURY, key).status_code == 422
    assert difference(desk)["taken_on_by"] == ""


def test_by_api_the_same(desk: Counter) -> None:
    key = difference(desk)["key"]
    assert script(desk, TREASURY, "0" * 16, why=WHY).status_code == 409
    answer = script(desk, TREASURY, key, why=WHY)
    assert (answer.status_code, answer.json()) == (200, {"key": key, "taken_on_by": TREASURY})
    assert script(desk, TREASURY, key, why=WHY).json()["code"] == "no_difference"
