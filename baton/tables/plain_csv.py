"""CSV handed to polars as it is: what looks packed, or begins with a byte order mark, is text here, in a value."""

from __future__ import annotations

import codecs
from typing import Final

_TAKEN_FOR_SOMETHING: Final = (codecs.BOM_UTF8, b"x")
"""A mark is taken off; what begins as zlib's data does (in UTF-8: x with \\x01, ^ or an Arabic letter) is unpacked."""


def as_it_is(body: bytes) -> bytes:
    """The body with a byte order mark of its own before it where polars would do more than read it."""
    return codecs.BOM_UTF8 + body if body.startswith(_TAKEN_FOR_SOMETHING) else body
