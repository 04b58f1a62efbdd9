"""An honest log of any size, and what somebody may do to an export of it: each must be found."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeAlias

from baton.audit.canonical import body_text, entry_bytes, stamp
from baton.audit.checkpoint import Checkpoint, Signer
from baton.audit.merkle import leaf_hash, root_of
from baton.audit.verify import export_line

START: Final = datetime(2026, 11, 22, tzinfo=UTC)
SIGNER: Final = Signer.generate("baton.example/audit")
Forged: TypeAlias = tuple[bytes, list[bytes]]
"""An export and the checkpoints it comes with."""


def content(seq: int, word: str = "") -> bytes:
    """An entry as it is hashed."""
    body = body_text({"effect": f"{seq:064x}", "system": "示例", "word": word, "step": seq % 3})
    return entry_bytes(seq, stamp(START + timedelta(seconds=seq)), "effect.sent", body)


def line(item: bytes) -> bytes:
    """Its line in an export."""
    return export_line(item, leaf_hash(item))


def lines_of(contents: Sequence[bytes]) -> list[bytes]:
    return [line(item) for item in contents]


def note(contents: Sequence[bytes], signer: Signer = SIGNER) -> bytes:
    """A checkpoint of a log with these entries."""
    root = root_of([leaf_hash(item) for item in contents])
    return signer.sign(Checkpoint(signer.name, len(contents), root, START))


def renumbered(contents: Sequence[bytes]) -> list[bytes]:
    entries = [json.loads(item) for item in contents]
    return [entry_bytes(seq, e["at"], e["kind"], body_text(e["body"])) for seq, e in enumerate(entries)]


class History:
    """An honest log with its checkpoints: of its beginning, of some of it, of all of it."""

    def __init__(self, size: int, sizes: Sequence[int] = ()) -> None:
        self.size = size
        self.contents = [content(seq) for seq in range(size)]
        self.lines = lines_of(self.contents)
        self.notes = [note(self.contents[:part]) for part in sizes or (1, size // 3, 2 * size // 3, size)]

    @cached_property
    def export(self) -> bytes:
        return b"".join(self.lines)

    def attacked(self, name: str, rng: random.Random) -> Forged:
        """What comes of one manipulation."""
        return ATTACKS[name](self, rng)


def _with(history: History, start: int, end: int, new: Sequence[bytes]) -> bytes:
    """The export with the lines from ``start`` to before ``end`` replaced."""
    return b"".join([*history.lines[:start], *new, *history.lines[end:]])


def _flip(history: History, rng: random.Random) -> Forged:
    data = bytearray(history.export)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data), history.notes


def _edit(history: History, rng: random.Random) -> Forged:
    seq = rng.randrange(history.size)
    return _with(history, seq, seq + 1, [line(content(seq, f"edited {rng.random()}"))]), history.notes


def _delete(history: History, rng: random.Random) -> Forged:
    seq = rng.randrange(history.size)
    return _with(history, seq, seq + 1, []), history.notes


def _delete_and_renumber(history: History, rng: random.Random) -> Forged:
    seq = rng.randrange(history.size)
    kept = [*history.contents[:seq], *history.contents[seq + 1 :], content(history.size - 1, "filler")]
    return b"".join(lines_of(renumbered(kept))), history.notes


def _insert(history: History, rng: random.Random) -> Forged:
    seq = rng.randrange(history.size)
    return _with(history, seq, seq, [line(content(seq, "inserted"))]), history.notes


def _insert_and_renumber(history: History, rng: random.Random) -> Forged:
    seq = rng.randrange(history.size)
    more = [*history.contents[:seq], content(seq, "inserted"), *history.contents[seq:]]
    return b"".join(lines_of(renumbered(more))), history.notes


def _repeat(history: History, rng: random.Random) -> Forged:
    seq = rng.randrange(history.size)
    return _with(history, seq, seq, [history.lines[seq]]), history.notes


def _swap(history: History, rng: random.Random) -> Forged:
    one, other = sorted(rng.sample(range(history.size), 2))
    lines = list(history.lines)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines), history.notes


def _cut_tail(history: History, rng: random.Random) -> Forged:
    return b"".join(history.lines[: rng.randrange(history.size)]), history.notes


def _cut_inside_a_line(history: History, rng: random.Random) -> Forged:
    return history.export[: rng.randrange(1, len(history.export))], history.notes


def _rewritten(history: History, rng: random.Random) -> list[bytes]:
    """Another past, with every hash as it should be: what somebody with the database's password can do."""
    begin = rng.randrange(history.size)
    new = [content(seq, f"another past {rng.random()}") for seq in range(begin, history.size + rng.randrange(10))]
    return [*history.contents[:begin], *new]


def _rewrite(history: History, rng: random.Random) -> Forged:
    return b"".join(lines_of(_rewritten(history, rng))), history.notes


def _rewrite_with_a_new_key(history: History, rng: random.Random) -> Forged:
    contents = _rewritten(history, rng)
    return b"".join(lines_of(contents)), [note(contents, Signer.generate(SIGNER.name))]


def _rewrite_by_the_key_holder(history: History, rng: random.Random) -> Forged:
    """Signed again with the stolen true key: one old checkpoint of all of it that an auditor kept is enough."""
    contents = _rewritten(history, rng)
    return b"".join(lines_of(contents)), [note(contents), history.notes[-1]]


Attack: TypeAlias = Callable[[History, random.Random], Forged]
ATTACKS: Final[Mapping[str, Attack]] = MappingProxyType(
    {
        "flip": _flip,
        "edit": _edit,
        "delete": _delete,
        "delete and renumber": _delete_and_renumber,
        "insert": _insert,
        "insert and renumber": _insert_and_renumber,
        "repeat": _repeat,
        "swap": _swap,
        "cut tail": _cut_tail,
        "cut inside a line": _cut_inside_a_line,
        "rewrite": _rewrite,
        "rewrite, new key": _rewrite_with_a_new_key,
        "rewrite, true key": _rewrite_by_the_key_holder,
    }
)
