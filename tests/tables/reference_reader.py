"""A plain reading of one worksheet, cell by cell with an XML tree: slow, and written without a look at the product."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

Cell = tuple[int, int]


def local(node: ET.Element) -> str:
    return node.tag.rsplit("}", 1)[-1]


def child(node: ET.Element, name: str) -> ET.Element | None:
    return next((each for each in node if local(each) == name), None)


def meant(node: ET.Element) -> str:
    text = node.text or ""
    keep = node.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
    return text if keep else text.strip(" \t\r\n")


def decoded(text: str) -> str:
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


def string(node: ET.Element) -> str:
    parts = []
    for each in node:
        if local(each) == "t":
            parts.append(meant(each))
        elif local(each) == "r":
            parts += [meant(inner) for inner in each if local(inner) == "t"]
    return decoded("".join(parts))


def place(reference: str) -> Cell:
    match = re.fullmatch("([A-Z]+)([0-9]+)", reference)
    assert match
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return int(match[2]), column


def number(text: str) -> str | None:
    value = float(text)
    if abs(value) >= 10**15:
        return None
    plain = format(Decimal(repr(value)), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain


def moment(text: str, form: str, *, from_1904: bool) -> str | None:
    """``form``: date, time, date_time or duration, as the style is known to be."""
    ms = round(float(text) * 86_400_000)
    if form == "duration":
        seconds = (abs(ms) + 500) // 1000
        return f"{'-' if ms < 0 else ''}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    day, rest = divmod(ms, 86_400_000)
    if ms < 0 or (not from_1904 and (day == 60 or (day == 0 and form == "date"))):
        return None
    if day == 0 and (form == "time" or not from_1904):
        return (datetime(2000, 1, 1) + timedelta(milliseconds=rest)).time().isoformat()  # noqa: DTZ001
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if day < 60 else 30)  # noqa: DTZ001
    at = first + timedelta(days=day, milliseconds=rest)
    return at.date().isoformat() if rest == 0 else at.isoformat()


def read(data: bytes, moments: dict[int, str], padded: dict[int, int], part: str) -> dict[Cell, str | None]:
    """Every filled cell of the sheet by place; None where its value must not be taken."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    shared = []
    if "xl/sharedStrings.xml" in archive.namelist():
        shared = [string(node) for node in ET.fromstring(archive.read("xl/sharedStrings.xml")) if local(node) == "si"]
    from_1904 = b'date1904="1"' in archive.read("xl/workbook.xml")
    found: dict[Cell, str | None] = {}
    for node in ET.fromstring(archive.read(part)).iter():
        if local(node) != "c":
            continue
        kind, style = node.get("t", "n"), int(node.get("s", "0"))
        value, inline, formula = child(node, "v"), child(node, "is"), child(node, "f")
        text = string(inline) if inline is not None else value.text if value is not None else None
        at = place(node.get("r", ""))
        if kind == "e" or (formula is not None and not text and kind != "str"):
            found[at] = None
        elif not text:
            continue
        elif kind == "s":
            found[at] = shared[int(text)]
        elif kind == "b":
            found[at] = "TRUE" if text == "1" else "FALSE"
        elif kind == "str":
            found[at] = decoded(text)
        elif kind == "n" and style in moments:
            found[at] = moment(text, moments[style], from_1904=from_1904)
        elif kind == "n":
            found[at] = number(text)
            shown = found[at]
            if style in padded and shown is not None and shown.isdigit():
                found[at] = shown.zfill(padded[style])
        else:
            found[at] = text
    return {at: text for at, text in found.items() if text != ""}
