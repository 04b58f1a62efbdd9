"""One spelling per entry (I17)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.audit.canonical import body_text, checked_kind, entry_bytes, is_canonical_entry, stamp

KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.randoms())
def test_the_order_of_keys_does_not_matter_and_the_text_is_stable(body: dict, rng) -> None:
    keys = list(body)
    rng.shuffle(keys)
    text = body_text(body)
    assert body_text({key: body[key] for key in keys}) == text
    assert body_text(json.loads(text)) == text
    entry = json.loads(entry_bytes(7, stamp(datetime(2026, 1, 2, tzinfo=UTC)), "effect.sent", text))
    assert is_canonical_entry(entry)


def test_values_that_look_alike_stay_apart() -> None:
    values = ["1", 1, True, None, "", "null", "true", [], {}, [[]], ["a", "bc"], ["ab", "c"], "0012", "12"]
    assert len({body_text({"v": value}) for value in values}) == len(values)


def test_text_is_nfc_and_rare_characters_survive() -> None:
    assert body_text({"v": "e\u0301"}) == body_text({"v": "\u00e9"})
    assert json.loads(body_text({"v": "䶮\u2028\U0002000b"}))["v"] == "䶮\u2028\U0002000b"


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        Decimal(1),
        datetime(2026, 1, 1, tzinfo=UTC),
        b"x",
        {1},
        "\ud800",
        2**53,
        {"ä": 1},
        {1: 2},
        {"": 1},
        "x" * 70_000,
    ],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        body_text({"v": value})


def test_depth_is_limited() -> None:
    deep: dict = {}
    for _ in range(20):
        deep = {"d": deep}
    with pytest.raises(ValueError, match="deeper"):
        body_text(deep)


def test_stamps_are_utc_with_six_decimals() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert stamp(datetime(2026, 11, 22, 8, 0, tzinfo=shanghai)) == "2026-11-22T00:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        stamp(datetime(2026, 11, 22))  # noqa: DTZ001 - the very thing that must be refused


@pytest.mark.parametrize("kind", ["", "Effect", "a b", "x" * 65, 'a"b', "1a", "名"])
def test_kinds_are_plain_words(kind: str) -> None:
    with pytest.raises(ValueError):
        checked_kind(kind)


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1}, {"seq": -1}, {"seq": True}, {"seq": "0"}, {"seq": 0.0}, {"at": "2026-01-01"}, {"at": None},
        {"kind": "X"}, {"body": []}, {"body": {"v": "e\u0301"}}, {"body": {"v": 1.5}},
    ],
)  # fmt: skip
def test_other_shapes_are_not_entries(change: dict) -> None:
    good = {"at": "2026-01-01T00:00:00.000000Z", "body": {}, "kind": "k", "seq": 0}
    assert is_canonical_entry(good)
    assert not is_canonical_entry(good | change)
