"""One spelling per audit entry: the bytes that are hashed are the same in every database and on every machine.

The form is canonical JSON, the subset of RFC 8785 that needs no number formatting: keys sorted, no white space, text
in NFC and UTF-8, only what must be escaped is escaped. JSON tags types and delimits text by itself, so ``"1"``, ``1``,
``true``, ``null`` and ``""`` differ and neighbours cannot run into each other. Floats are refused; decimals, dates and
the like are not JSON and come in as text the caller has spelt. An entry is::

    {"at":"2026-11-22T06:25:37.000000Z","body":{…},"kind":"effect.sent","seq":17}

A body holds ids and keyed commitments only, never personal data: an entry can not be erased later.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final, TypeAlias

import orjson

Json: TypeAlias = "str | int | bool | list[Json] | tuple[Json, ...] | Mapping[str, Json] | None"

LARGEST_INTEGER: Final = 2**53 - 1
"""Beyond it other JSON readers round."""
BODY_BYTES: Final = 64 * 1024
_DEEPEST = 8
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_KIND = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def stamp(at: datetime) -> str:
    """An instant as text: UTC, always six decimals. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError("an audit stamp needs a time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def body_text(body: Mapping[str, Json]) -> str:
    """The canonical JSON of an entry's body. Raises ValueError for what has no canonical form."""
    text = orjson.dumps(_normal(body, 0), option=orjson.OPT_SORT_KEYS)
    if len(text) > BODY_BYTES:
        raise ValueError(f"an audit body is larger than {BODY_BYTES} bytes")
    return text.decode()


def entry_bytes(seq: int, at: str, kind: str, body: str) -> bytes:
    """The bytes that are hashed into a leaf, from a row's columns: ``body`` is a `body_text`, ``at`` a `stamp`."""
    return f'{{"at":{_quoted(at)},"body":{body},"kind":{_quoted(kind)},"seq":{seq}}}'.encode()


def checked_kind(kind: str) -> str:
    """The kind itself, or ValueError when it is not a short lower-case word such as ``effect.sent``."""
    if not _KIND.fullmatch(kind):
        raise ValueError("an audit kind is lower-case letters, digits, dots and underscores, at most 64")
    return kind


def is_canonical_entry(entry: object) -> bool:
    """Whether a parsed entry has exactly the four keys, in the types and spellings this module writes."""
    if not isinstance(entry, dict) or set(entry) != {"at", "body", "kind", "seq"}:
        return False
    at, kind, seq, body = entry["at"], entry["kind"], entry["seq"], entry["body"]
    shaped = (
        isinstance(at, str)
        and _STAMP.fullmatch(at) is not None
        and isinstance(kind, str)
        and _KIND.fullmatch(kind) is not None
        and type(seq) is int
        and seq >= 0
        and isinstance(body, dict)
    )
    if not shaped:
        return False
    try:
        return body_text(body) == dump(body)
    except ValueError:
        return False


def dump(value: object) -> str:
    """JSON in canonical spelling; whether the content is canonical too is for the functions above to say."""
    return _ENCODER.encode(value)


def _quoted(text: object) -> str:
    """The same for text, without the machinery; a row that somebody edited may hold anything else there."""
    return encode_basestring(text) if isinstance(text, str) else dump(text)


def _normal(value: Any, depth: int) -> Any:
    """The value with all text in NFC, or ValueError."""
    if depth > _DEEPEST:
        raise ValueError(f"an audit body is nested deeper than {_DEEPEST}")
    match value:
        case str():
            return _text(value)
        case None | bool():
            return value
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise ValueError("an integer in an audit body is too large; write it as text")
            return int(value)
        case list() | tuple():
            return [_normal(item, depth + 1) for item in value]
        case Mapping():
            return {_key(key): _normal(item, depth + 1) for key, item in value.items()}
    raise ValueError(f"an audit body cannot hold a {type(value).__name__}")


def _text(value: str) -> str:
    if value.isascii():
        return str(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("text in an audit body holds a lone surrogate") from None
    return unicodedata.normalize("NFC", value)


@lru_cache(maxsize=1024)
def _key(key: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError("a key in an audit body is ASCII letters, digits, dots, dashes and underscores, at most 64")
    return key
