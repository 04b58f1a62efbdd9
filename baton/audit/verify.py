"""The offline verifier: an export, a public key and old checkpoints are all it takes; nothing of the hub is trusted.

What each check finds: a changed entry no longer has its leaf hash; a removed, inserted or moved one breaks the
sequence; a cut tail leaves a log smaller than a checkpoint; a rewrite, however careful, cannot meet the root that an
earlier checkpoint signed; a re-signed checkpoint is not signed with the given key. Entries newer than the newest
checkpoint are not proven by anything yet: the report counts them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Final, Protocol

from baton.audit.canonical import dump, is_canonical_entry
from baton.audit.checkpoint import Checkpoint
from baton.audit.merkle import HASH_BYTES, Frontier, leaf_hash
from baton.errors import TamperedError

LONGEST_LINE_BYTES: Final = 256 * 1024
MOST_FINDINGS: Final = 100


class Opener(Protocol):
    """The public key of a log, or all its keys, each with the moment from which it signs no more."""

    def open(self, note: bytes) -> Checkpoint:
        """What a signed checkpoint says; raises `TamperedError` where no key that signed at that time has signed it."""
        ...


class Verdict(StrEnum):
    """What an examination comes to."""

    PROVEN = "proven"
    """Every entry up to the newest checkpoint is what was signed."""
    UNPROVEN = "unproven"
    """Nothing wrong was seen, but no checkpoint was given, so nothing is proven."""
    TAMPERED = "tampered"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold, and where."""

    what: str
    """``malformed``, ``changed``, ``duplicate``, ``reordered``, ``gap``, ``cut_tail``, ``rewritten``, ``head``, or the
    code of a refused checkpoint: ``wrong_key``, ``bad_signature``, ``wrong_origin``, ``malformed``."""
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.what}]"


@dataclass(frozen=True, slots=True)
class Report:
    """What the verifier saw. ``root`` is that of all entries present."""

    entries: int
    root: bytes
    proven: int
    """Entries covered by the newest checkpoint that holds."""
    checkpoints: int
    """Checkpoints that hold."""
    findings: Sequence[Finding]

    @property
    def verdict(self) -> Verdict:
        """Tampered beats proven; without a signed checkpoint nothing is proven."""
        if self.findings:
            return Verdict.TAMPERED
        return Verdict.PROVEN if self.checkpoints else Verdict.UNPROVEN

    @property
    def ok(self) -> bool:
        """True only for a log that was proven."""
        return self.verdict is Verdict.PROVEN

    def __str__(self) -> str:
        lines = [f"{self.verdict}: {self.entries} entries, root {self.root.hex()}"]
        if self.verdict is Verdict.UNPROVEN:
            lines.append("  no checkpoint was given: an edit that recomputes the hashes would not be seen")
        else:
            newer = self.entries - self.proven
            lines.append(f"  {self.checkpoints} checkpoints hold; {self.proven} entries proven, {max(newer, 0)} newer")
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])


@dataclass(frozen=True, slots=True)
class StatedEntry:
    """An entry as found: where, the sequence number and leaf hash it states, and the bytes that are hashed."""

    place: str
    seq: int
    content: bytes
    leaf: bytes


def export_line(content: bytes, leaf: bytes) -> bytes:
    """One line of an export: ``{"entry":{…},"leaf":"<hex>"}`` and a newline."""
    return b'{"entry":' + content + b',"leaf":"' + leaf.hex().encode() + b'"}\n'


def verify_export(file: BinaryIO, keys: Opener, notes: Iterable[bytes] = ()) -> Report:
    """Check an export against signed notes (the contents of checkpoint files) of any age."""
    findings: list[Finding] = []
    return examine(_read(file, findings), opened(notes, keys, findings), findings)


def opened(notes: Iterable[bytes], keys: Opener, findings: list[Finding]) -> list[Checkpoint]:
    """The checkpoints in these notes; what cannot be opened becomes a finding."""
    checkpoints = []
    for number, note in enumerate(notes, 1):
        try:
            checkpoints.append(keys.open(note))
        except TamperedError as error:
            _note(findings, error.code, f"checkpoint file {number}", error.message)
    return checkpoints


def examine(entries: Iterable[StatedEntry], checkpoints: Sequence[Checkpoint], findings: list[Finding]) -> Report:
    """Check entries, given in the order found, against each other and against opened checkpoints."""
    due = sorted(checkpoints, key=lambda checkpoint: checkpoint.size)
    frontier = Frontier()
    roots = {0: frontier.root}
    sizes = {checkpoint.size for checkpoint in due}
    expected = 0
    highest = -1
    for entry in entries:
        if leaf_hash(entry.content) != entry.leaf:
            _note(findings, "changed", entry.place, f"entry {entry.seq} does not have its leaf hash")
        if entry.seq != expected:
            _note(findings, *_out_of_sequence(entry, expected, highest))
        highest = max(highest, entry.seq)
        expected = entry.seq + 1
        frontier = frontier.append(leaf_hash(entry.content))
        if frontier.size in sizes:
            roots[frontier.size] = frontier.root
    holding = _compare(due, roots, frontier.size, findings)
    return Report(frontier.size, frontier.root, max(holding, default=0), len(holding), tuple(findings))


def _out_of_sequence(entry: StatedEntry, expected: int, highest: int) -> tuple[str, str, str]:
    if entry.seq == expected - 1:
        return "duplicate", entry.place, f"entry {entry.seq} is there twice"
    if entry.seq <= highest:
        return "reordered", entry.place, f"entry {entry.seq} stands where {expected} should"
    return "gap", entry.place, f"entry {entry.seq} stands where {expected} should: something was removed or moved"


def _compare(due: Sequence[Checkpoint], roots: dict[int, bytes], size: int, findings: list[Finding]) -> list[int]:
    """The sizes of the checkpoints that hold; what does not becomes a finding."""
    holding: list[int] = []
    for checkpoint in due:
        place = f"checkpoint of size {checkpoint.size}"
        if checkpoint.size > size:
            missing = checkpoint.size - size
            _note(findings, "cut_tail", place, f"the log has {size} entries, {missing} fewer than were signed")
        elif roots[checkpoint.size] != checkpoint.root:
            since = max(holding, default=0)
            between = f"between entry {since} and {checkpoint.size - 1}"
            _note(findings, "rewritten", place, f"the signed root is not that of the log: look {between}")
        else:
            holding.append(checkpoint.size)
    return holding


def _read(file: BinaryIO, findings: list[Finding]) -> Iterator[StatedEntry]:
    number = 0
    while line := file.readline(LONGEST_LINE_BYTES + 1):
        number += 1
        place = f"line {number}"
        if len(line) > LONGEST_LINE_BYTES:
            _note(findings, "malformed", place, "the line is too long; nothing after it was read")
            return
        entry = _parse(line, place)
        if entry is None:
            _note(findings, "malformed", place, "this is not a line of an export in its canonical form")
        else:
            yield entry


def _parse(line: bytes, place: str) -> StatedEntry | None:
    """The entry on a line, or None unless writing it again gives the same bytes."""
    try:
        found = json.loads(line.decode())
        leaf = bytes.fromhex(found["leaf"])
        content = dump(found["entry"]).encode()
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not is_canonical_entry(found["entry"]) or len(leaf) != HASH_BYTES or export_line(content, leaf) != line:
        return None
    return StatedEntry(place, found["entry"]["seq"], content, leaf)


def _note(findings: list[Finding], what: str, place: str, message: str) -> None:
    """Record a finding; past the limit further ones add nothing a person could read."""
    if len(findings) < MOST_FINDINGS:
        findings.append(Finding(what, place, message))
