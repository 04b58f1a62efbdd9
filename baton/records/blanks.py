"""Characters that nobody sees."""

from __future__ import annotations

from typing import Final

BLANKS: Final = (
    " \t\r\n\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)
"""Unicode white space, without the zero-width characters."""
INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff"
"""Zero-width characters that spreadsheets and web forms leave at the ends of a value."""
CONTROLS: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
"""Control characters but for tab and line ends, which texts of several lines have: inside the brackets of a pattern."""
DIRECTION_MARKS: Final = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks that turn the direction of a text, and so make it read as another: inside the brackets of a pattern."""
