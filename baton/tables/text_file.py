"""A text file of any size, looked at twice: surveyed (digest, encoding), then read piece by piece as UTF-8.

The survey decides everything that can be wrong with the bytes, so the reading can only find that the file has changed;
it hashes what it reads and compares.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from baton.errors import HaltError
from baton.tables.encoding import (
    SAMPLE_BYTES,
    Encoding,
    check_chinese,
    damaged_utf8,
    first_not_utf8,
    marked,
    undecodable,
)
from baton.tables.faults import FileError
from baton.tables.place import open_plain

_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Identity:
    """What the file system says about a file; a write or a replacement changes it."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, info: os.stat_result) -> Identity:
        """From what ``stat`` gives."""
        return cls(info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the whole file told."""

    path: Path
    digest: str
    """SHA-256 (hex) of its bytes."""
    encoding: Encoding
    identity: Identity

    @property
    def as_of(self) -> datetime:
        """When the file was last written."""
        return datetime.fromtimestamp(self.identity.modified_ns / 1e9, UTC)


def survey(path: Path, named: str | None, max_bytes: int) -> Survey:
    """Hash the file and find its encoding (``named`` skips the guessing), every byte of it looked at.

    Raises `FileError` with the row of the first byte that does not decode, `HaltError` or `RetryableError` when the
    file cannot be opened.
    """
    with open_plain(path) as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise HaltError("this is not a regular file", code="not_a_file", remedy="name a plain file")
        if info.st_size > max_bytes:
            raise FileError(
                "too_large",
                f"the file has {info.st_size} bytes, at most {max_bytes} are allowed",
                "check that this is the right file; raise max_bytes if it really is this large",
            )
        digest, not_utf8 = _hashed(file)
        encoding = _encoding(file, named, not_utf8)
        found = Survey(path, digest, encoding, Identity.of(info))
        if Identity.of(os.fstat(file.fileno())) != found.identity:
            raise changed()
    return found


def changed() -> FileError:
    """The fault of a file that did not stay as it was while it was read."""
    return FileError(
        "source_changed",
        "the file changed while it was being read",
        "have it written under another name and renamed when complete, then read it again",
    )


def _hashed(file: BinaryIO) -> tuple[str, int | None]:
    """The file's SHA-256, and the place of the first byte that is not UTF-8."""
    digest = hashlib.sha256()
    not_utf8: int | None = None
    at = 0
    while data := os.pread(file.fileno(), _CHUNK_BYTES, at):
        piece = data[: _whole_characters(data)] or data
        digest.update(piece)
        if not_utf8 is None:
            not_utf8 = _not_utf8(piece, at)
        at += len(piece)
    return digest.hexdigest(), not_utf8


def _whole_characters(data: bytes) -> int:
    """How many bytes are left when a UTF-8 character cut off at the end is not counted."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if needed > back else len(data)
        if byte < 0x80:
            break
    return len(data)


def _not_utf8(piece: bytes, at: int) -> int | None:
    error = first_not_utf8(piece)
    return None if error is None else at + error.start


def _encoding(file: BinaryIO, named: str | None, not_utf8: int | None) -> Encoding:
    head = os.pread(file.fileno(), SAMPLE_BYTES, 0)
    found = marked(head) if named is None else _named(named, head)
    if found is None:
        return Encoding("utf-8", "utf-8") if not_utf8 is None else _chinese(file, head, not_utf8)
    if found.codec != "utf-8" or not_utf8 is not None:
        _check_decodes(file, found)
    return found


def _named(named: str, head: bytes) -> Encoding:
    if named != "utf-16":
        return Encoding(named.removesuffix("-sig"), named)
    big = head.startswith(codecs.BOM_UTF16_BE)
    has_mark = big or head.startswith(codecs.BOM_UTF16_LE)
    return Encoding("utf-16-be" if big else "utf-16-le", named, 2 if has_mark else 0)


def _chinese(file: BinaryIO, head: bytes, not_utf8: int) -> Encoding:
    """GBK or GB18030, as `encoding.decode` would find."""
    start = max(0, not_utf8 - SAMPLE_BYTES)
    if damaged_utf8(os.pread(file.fileno(), not_utf8 + SAMPLE_BYTES - start, start)):
        _check_decodes(file, Encoding("utf-8", "utf-8"))
    found = Encoding("gbk", "gbk")
    try:
        _check_decodes(file, found)
    except FileError:
        found = Encoding("gb18030", "gb18030")
        _check_decodes(file, found)
    check_chinese(next(decoded(file, found), ""), head)
    return found


def _check_decodes(file: BinaryIO, encoding: Encoding) -> None:
    for _ in decoded(file, encoding):
        pass


def decoded(file: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """The file's text from its beginning, piece by piece. Raises `FileError` where a byte does not decode."""
    return _Decoder(encoding).run(_raw(file, encoding.mark_bytes))


def _raw(file: BinaryIO, at: int) -> Iterator[bytes]:
    while data := os.pread(file.fileno(), _CHUNK_BYTES, at):
        at += len(data)
        yield data


class _Decoder:
    """Decodes pieces that may be cut anywhere, strictly, and knows the row of a byte that does not decode."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding.codec)()
        self._fed = encoding.mark_bytes
        self._row = 1

    def run(self, pieces: Iterator[bytes]) -> Iterator[str]:
        for piece in pieces:
            yield self.decode(piece)
        yield self.decode(b"", final=True)

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(self._encoding.codec, "ignore")
            at = self._fed - (len(error.object) - len(piece)) + error.start
            raise undecodable(self._encoding.codec, self._row + before.count("\n"), at + 1) from error
        if self._fed == self._encoding.mark_bytes:
            text = text.removeprefix("\ufeff")
        self._fed += len(piece)
        self._row += text.count("\n")
        return text


class Reading:
    """One pass over a surveyed file as UTF-8, without its byte order mark."""

    def __init__(self, file: BinaryIO, surveyed: Survey) -> None:
        self._file = file
        self._survey = surveyed
        self._digest = hashlib.sha256()
        self._at = 0
        self._decoder = None if surveyed.encoding.codec == "utf-8" else _Decoder(surveyed.encoding)
        self.ended = False
        self.given_bytes = 0
        """How much UTF-8 has been given."""

    def read(self, size_bytes: int) -> bytes:
        """Some bytes more, about as many; none at the end of the file."""
        first = self._at == 0
        raw = self._raw(size_bytes)
        if self._decoder is not None:
            start = self._survey.encoding.mark_bytes if first else 0
            text = self._decoder.decode(raw[start:], final=self.ended).encode("utf-8")
        else:
            text = raw.removeprefix(codecs.BOM_UTF8) if first else raw
        self.given_bytes += len(text)
        return text

    def confirm(self) -> None:
        """Read what is left. Raises `FileError` (``source_changed``) unless all of it was the file surveyed."""
        while not self.ended:
            self._raw(_CHUNK_BYTES)
        try:
            there = Identity.of(self._survey.path.lstat())
        except OSError as error:
            raise changed() from error
        same = self._digest.hexdigest() == self._survey.digest
        if not same or {there, Identity.of(os.fstat(self._file.fileno()))} != {self._survey.identity}:
            raise changed()

    def _raw(self, size_bytes: int) -> bytes:
        raw = os.pread(self._file.fileno(), size_bytes, self._at)
        self._at += len(raw)
        self._digest.update(raw)
        self.ended = not raw
        if self._at > self._survey.identity.size_bytes:
            raise changed()
        return raw
