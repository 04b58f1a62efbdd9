"""A sheet of paper: text in one embedded font, measured and wrapped; the same text always falls the same way."""

from __future__ import annotations

import string
import tempfile
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from baton.jobs.offboarding.certificate.typeface import Typeface

FONT: Final = Path(__file__).parent / "font" / "NotoSansCJKsc-Regular.otf"
_TYPEFACE: Final = Typeface(FONT)
_ALWAYS: Final = frozenset(map(ord, string.printable + "…–—"))
"""What is written on every sheet besides what it is given."""
Colour: TypeAlias = tuple[int, int, int]
INK: Final[Colour] = (28, 36, 48)
GREY: Final[Colour] = (110, 120, 134)
BLUE: Final[Colour] = (23, 78, 131)
PALE: Final[Colour] = (240, 244, 249)
LINE: Final[Colour] = (206, 214, 224)
MARGIN_MM: Final = 18.0
FOOT_MM: Final = 20.0
_FAMILY: Final = "cjk"
_PAGES: Final = "{nb}"
"""Stands where the number of pages will."""
_NEVER_BEFORE: Final = frozenset("，。、；：？！）》」』】〉〕’”％・,.;:?!)]}ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
"""What does not begin a line: signs that close, and the small kana of Japanese."""


class Sheet(FPDF):
    """A4 pages with a foot line. Lengths are millimetres, sizes points.

    ``texts`` is all that will be written on them, in any order; other characters come out as their numbers.
    """

    def __init__(self, at: datetime, title: str, language: str, texts: str) -> None:
        super().__init__("portrait", "mm", "A4")
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=False)
        known = _ALWAYS.union(map(ord, texts), map(ord, unicodedata.normalize("NFC", texts)))
        with tempfile.TemporaryDirectory(prefix="baton-font-") as folder:  # read here and now, or kept open
            file = Path(folder) / FONT.name
            file.write_bytes(_TYPEFACE.part_with(known))
            self.add_font(_FAMILY, "", file)
        # The box around all characters is the font's own; drawing each to measure it again is half of all the work.
        self._font.recalcBBoxes = False
        self.set_creation_date(at)
        self.set_title(title)
        self.set_lang(language)
        self.set_producer("Baton")
        self.set_compression(True)
        self._glyphs = known & self.fonts[_FAMILY].cmap.keys()  # type: ignore[union-attr]
        self._widths: dict[tuple[str, float], float] = {}
        self.foot_left = ""
        self.foot_right = "{page} / {pages}"

    def drawn(self) -> bytes:
        """The finished document. Its font is closed with it: whoever draws many must not wait for the collector."""
        try:
            return bytes(self.output())
        finally:
            self.close()

    def close(self) -> None:
        """Close the font's file."""
        self._font.close()

    @property
    def _font(self) -> TTFont:
        return self.fonts[_FAMILY].ttfont  # type: ignore[union-attr]

    @property
    def room_mm(self) -> float:
        """What is left of this page."""
        return self.h - FOOT_MM - self.get_y()

    def header(self) -> None:
        """On the page itself `_PAGES` is what somebody has written; only the foot line means the number of pages."""
        self.alias_nb_pages("")

    def footer(self) -> None:
        """The line at the foot of every page."""
        self.set_y(self.h - 13)
        self.set_draw_color(*LINE)
        self.line(MARGIN_MM, self.h - 15, self.w - MARGIN_MM, self.h - 15)
        self.ink(7.5, GREY)
        self.cell(self.epw / 2, 4, self.foot_left, new_x=XPos.RIGHT, new_y=YPos.TOP)
        self.alias_nb_pages(_PAGES)
        text = self.foot_right.format(page=self.page_no(), pages=_PAGES)
        self.cell(self.epw / 2, 4, text, align="R")

    def ink(self, size_pt: float, colour: Colour = INK) -> None:
        """What is written from now on is of this size and colour."""
        self.set_font(_FAMILY, size=size_pt)
        self.set_text_color(*colour)

    def shown(self, text: str) -> str:
        """The text with what the font cannot draw, or a reader could not see, written out by its number."""
        plain = unicodedata.normalize("NFC", text)
        return "".join(char if self._drawn(char) else f"[U+{ord(char):04X}]" for char in plain)

    def _drawn(self, char: str) -> bool:
        return ord(char) in self._glyphs and unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp")

    def wrapped(self, text: str, width_mm: float, most: int = 1000) -> list[str]:
        """The text in lines of this width at the present size; past ``most`` lines it ends with an ellipsis."""
        lines, line, used = [], "", 0.0
        for word in _words(self.shown(text)):
            width = sum(self._width(char) for char in word)
            if used + width > width_mm and line:
                lines.append(line.rstrip())
                line, used, word = "", 0.0, word.lstrip()  # noqa: PLW2901 - a line does not begin with white space
                width = sum(self._width(char) for char in word)
            while width > width_mm:
                head = self._fitting(word, width_mm)
                lines.append(head)
                word = word[len(head) :]  # noqa: PLW2901 - the rest goes on the next line
                width = sum(self._width(char) for char in word)
            line += word
            used += width
        lines.append(line.rstrip())
        if len(lines) > most:
            last = lines[most - 1]
            lines = [*lines[: most - 1], self._fitting(last, width_mm - self._width("…")) + "…"]
        return lines

    def paragraph(self, text: str, width_mm: float, height_mm: float, most: int = 1000) -> None:
        """Text in lines, from the present place down."""
        left = self.get_x()
        for line in self.wrapped(text, width_mm, most):
            self.set_x(left)
            self.cell(width_mm, height_mm, line, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def row(self, texts: Sequence[str], widths_mm: Sequence[float], height_mm: float, right_from: int = 1000) -> None:
        """One line of a table; from column ``right_from`` on, text stands to the right."""
        self.set_x(MARGIN_MM)
        for place, (text, width) in enumerate(zip(texts, widths_mm, strict=True)):
            self.cell(width, height_mm, self.shown(text), align="R" if place >= right_from else "L")
        self.set_xy(MARGIN_MM, self.get_y() + height_mm)

    def rule(self) -> None:
        """A thin line across."""
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        self.line(MARGIN_MM, self.get_y(), self.w - MARGIN_MM, self.get_y())

    def _width(self, char: str) -> float:
        key = (char, self.font_size_pt)
        if key not in self._widths:
            self._widths[key] = self.get_string_width(char)
        return self._widths[key]

    def _fitting(self, text: str, width_mm: float) -> str:
        used, count = 0.0, 0
        for char in text:
            used += self._width(char)
            if used > width_mm:
                break
            count += 1
        return text[: max(count, 1)]


def _words(text: str) -> list[str]:
    """Pieces between which a line may end: a Latin word with the space before it, a single CJK character."""
    pieces: list[str] = []
    for char in text:
        after = pieces[-1][-1] if pieces else ""
        joins = after and ((_latin(char) and (_latin(after) or after == " ")) or char in _NEVER_BEFORE)
        if joins:
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _latin(char: str) -> bool:
    """Whether it stands in words that are not taken apart (Korean words neither)."""
    return char != " " and (ord(char) < 0x2E80 or 0xAC00 <= ord(char) <= 0xD7A3)
