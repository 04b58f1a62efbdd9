"""Twelve ways in which a record goes wrong on its way, each with what a proof has to say about it."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from baton.hub.migration.verifying import Proof
from baton.records.compare import Cause

Values = dict[str, Any]
"""One record: target field -> value (text only, where it is a source's)."""
Hurt = Callable[[Values, random.Random], tuple[str, ...]]
"""Changes a record in place and says in which fields; in none where this record cannot be hurt so."""
TEXTS = ("name", "city", "unit")
_MISREAD = (("utf-8", "gbk"), ("utf-8", "latin-1"), ("utf-8", "cp1252"), ("gbk", "latin-1"))


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault."""

    stage: Proof
    kind: str
    number: int
    """Which record, from 0."""
    seed: int

    @property
    def cause(self) -> Cause:
        """What a report has to call it."""
        return CAUSES[self.kind]

    def chance(self) -> random.Random:
        """Its own dice: a fault is the same whatever else is planted."""
        return random.Random(self.seed)


def cut(record: Values, chance: random.Random) -> tuple[str, ...]:
    field = chance.choice(TEXTS)
    record[field] = record[field][: chance.randrange(1, len(record[field]))]
    return (field,)


def unicode_form(record: Values, chance: random.Random) -> tuple[str, ...]:
    field = chance.choice(("name", "unit"))
    record[field] = unicodedata.normalize("NFD", record[field])
    return (field,)


def zone_shift(record: Values, chance: random.Random) -> tuple[str, ...]:
    hours = timedelta(hours=chance.choice((8, -8, 5.5, -1, 12)))
    seen = record["seen"]
    record["seen"] = (datetime.fromisoformat(seen) + hours).isoformat() if isinstance(seen, str) else seen + hours
    return ("seen",)


def leading_zeros(record: Values, _chance: random.Random) -> tuple[str, ...]:
    record["card"] = record["card"].lstrip("0")
    return ("card",)


def no_value(record: Values, _chance: random.Random) -> tuple[str, ...]:
    if record["note"] is not None:
        return ()
    record["note"] = ""
    return ("note",)


def padding(record: Values, chance: random.Random) -> tuple[str, ...]:
    field = chance.choice(TEXTS)
    record[field] += chance.choice((" ", "  ", "\u3000", "\u00a0", "\t", "\u200b"))
    return (field,)


def scale(record: Values, chance: random.Random) -> tuple[str, ...]:
    record["rate"] = chance.choice((record["rate"] + "0", record["rate"].rstrip("0").rstrip(".")))
    return ("rate",)


def swapped(record: Values, chance: random.Random) -> tuple[str, ...]:
    one, other = chance.sample((*TEXTS, "note"), 2)
    record[one], record[other] = record[other], record[one]
    return (one, other)


def mojibake(record: Values, chance: random.Random) -> tuple[str, ...]:
    written, read = chance.choice(_MISREAD)
    field = "city" if written == "gbk" else chance.choice(TEXTS)
    record[field] = record[field].encode(written).decode(read, chance.choice(("replace", "ignore")))
    return (field,)


CELLS: dict[str, tuple[Hurt, Cause]] = {
    "cut text": (cut, Cause.CUT),
    "NFC/NFD": (unicode_form, Cause.UNICODE),
    "time-zone shift": (zone_shift, Cause.ZONE_SHIFT),
    "lost leading zero": (leading_zeros, Cause.LEADING_ZEROS),
    "NULL or empty": (no_value, Cause.NO_VALUE),
    "trailing space": (padding, Cause.PADDING),
    "decimal scale": (scale, Cause.SCALE),
    "swapped columns": (swapped, Cause.SWAPPED),
    "mojibake": (mojibake, Cause.MOJIBAKE),
}
WHOLE: dict[str, Cause] = {"missing": Cause.MISSING, "extra": Cause.EXTRA, "duplicate": Cause.DUPLICATE}
CAUSES: dict[str, Cause] = {**{kind: cause for kind, (_, cause) in CELLS.items()}, **WHOLE}
KINDS: Sequence[str] = tuple(CAUSES)


def faults(count: int, among: int, chance: random.Random) -> list[Fault]:
    """So many faults, evenly of every kind at every stage, each on a record of its own among so many."""
    numbers = iter(chance.sample(range(among), among))
    places = [(stage, kind) for kind in KINDS for stage in Proof]
    found = []
    for stage, kind in (places[place % len(places)] for place in range(count)):
        found.append(Fault(stage, kind, _fitting(kind, numbers), chance.getrandbits(32)))
    return found


def _fitting(kind: str, numbers: Iterator[int]) -> int:
    """The next record that can be hurt so: only one without a note can have an empty one."""
    return next(number for number in numbers if kind != "NULL or empty" or (number + 1) % 3)
