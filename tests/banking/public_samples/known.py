"""What is known of the public samples, and finding them: see ORIGIN.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_LARGEST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Sample:
    """One line of known.txt."""

    sha256: str
    strict: str
    """`trying.READ`, or the rule it is refused by."""
    tolerant: str
    count: int
    """Entries of its statements, or answers of its report."""
    origin: str
    path: str


def samples() -> list[Sample]:
    """All that are known; two names for one content are two."""
    lines = (Path(__file__).parent / "known.txt").read_text("utf-8").splitlines()
    told = (line.split(" ", 5) for line in lines)
    return [
        Sample(sha256, strict, tolerant, int(count), origin, path)
        for sha256, strict, tolerant, count, origin, path in told
    ]


def contents(folders: Iterable[Path]) -> dict[str, bytes]:
    """Every file below these folders that may be one, by its SHA-256."""
    read = (path.read_bytes() for path in _files(folders))
    return {hashlib.sha256(content).hexdigest(): content for content in read}


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path.stat().st_size <= _LARGEST_BYTES:
                yield path
