"""Half of a surrogate pair is no text, however it comes in."""

from __future__ import annotations

import json

import pytest

from baton.whole_text import is_whole, is_whole_json


@pytest.mark.parametrize("text", ["", "测试䶮", "😀", "a\x00b", "\ufffd", "\uffff"])
def test_whole_text_is_whole(text: str) -> None:
    assert is_whole(text)
    assert is_whole_json(json.dumps({"name": text}).encode())
    assert is_whole_json(json.dumps({"name": text}, ensure_ascii=False).encode())


@pytest.mark.parametrize("text", ["\ud83d", "\ude00\ud83d", "测试\udcff", "a\ud83d b", "\ud83d\ud83d\ude00"])
def test_half_a_character_is_found(text: str) -> None:
    assert not is_whole(text)
    assert not is_whole_json(json.dumps({"name": text}).encode())
    assert not is_whole_json(json.dumps({text: 1}).encode())


def test_what_looks_like_an_escape_and_is_none_is_whole() -> None:
    assert is_whole_json(b'{"path": "C:\\\\ud83d"}')
