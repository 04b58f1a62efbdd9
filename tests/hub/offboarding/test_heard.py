"""What somebody has heard of is kept in few characters, and only what is added is news."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.hub.offboarding.heard import adds, as_heard

NUMBERS = st.lists(st.integers(0, 2**48), max_size=30) | st.lists(st.integers(0, 40), max_size=60)


def test_a_long_list_is_kept_short() -> None:
    assert as_heard([*range(1, 5001), 5003]) == "1-5000 5003"
    assert as_heard([0, 0]) == "0 0"
    assert as_heard([]) == ""


@given(NUMBERS, NUMBERS)
def test_only_what_was_not_heard_of_is_news(before: list[int], now: list[int]) -> None:
    extra = list(now)
    for number in before:
        if number in extra:
            extra.remove(number)
    assert adds(now, as_heard(before)) == bool(extra)


@pytest.mark.parametrize("kept", ["9f86d081884c7d65", ""])
def test_what_cannot_be_read_was_not_heard_of(kept: str) -> None:
    assert adds([1], kept)
