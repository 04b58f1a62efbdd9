"""Of a font with tens of thousands of characters, the part that a document needs.

Whoever draws with the whole font reads all of it for the sake of a few hundred characters: ten times the other work.
"""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Final

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

_MOST: Final = 4000
"""So many characters are kept from one document for the next."""
_FOR_LAYOUT: Final = ("BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx")
"""Tables that a page of horizontal text does not use."""


class Typeface:
    """One font file. What was cut out of it for the documents before is there for the next; threads may share it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._one_cuts = threading.Lock()
        self._held: frozenset[int] = frozenset()
        self._part = b""

    def part_with(self, characters: frozenset[int]) -> bytes:
        """A font with these characters, as far as the file has them; it may have others too. Metrics are the file's."""
        with self._one_cuts:
            if not self._part or not characters <= self._held:
                held = characters | self._held
                self._held = held if len(held) <= _MOST else characters
                self._part = self._cut(self._held)
            return self._part

    def _cut(self, characters: frozenset[int]) -> bytes:
        options = Options(notdef_outline=True, recommended_glyphs=True)
        options.drop_tables += _FOR_LAYOUT
        cutting = Subsetter(options)
        cutting.populate(unicodes=characters)
        with TTFont(self._file, lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:
            cutting.subset(font)
            cut = io.BytesIO()
            font.save(cut)
        return cut.getvalue()
