"""Encryption and sealing of large files on one core, against ``openssl`` doing the same to the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Figure, Line
from tests.bench.migration.bars import AtLeast, AtMost, Unknown
from tests.bench.migration.measure import ROOT, BrokenRunError, Measured, measure

TWICE = 2.0
LONG_TIMES = 5
"""So many times the bytes for the run that shows that memory does not grow."""
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Files:
    """The bytes to be sealed (a file with nothing in it but its length), and the bank's key."""

    large: Path
    small: Path
    folder: Path

    @property
    def mib(self) -> float:
        """What the large file has more than the small one."""
        return (self.large.stat().st_size - self.small.stat().st_size) / 2**20


def figures(folder: Path, mib: int) -> Iterator[Line]:
    """``mib`` MiB are encrypted by each side; five times as much once, to see the memory."""
    openssl = shutil.which("openssl")
    if openssl is None:
        yield Unknown("envelopes", "there is no openssl on this machine")
        return
    files = _prepared(folder, mib, openssl)
    peers = {
        "openssl enc -aes-256-cbc": ["enc", "-aes-256-cbc", "-K", "00" * 32, "-iv", "00" * 16, "-in", "@"],
        "openssl enc -aes-256-ctr": ["enc", "-aes-256-ctr", "-K", "00" * 32, "-iv", "00" * 16, "-in", "@"],
        "openssl cms -encrypt (GCM, streamed)": [*_CMS, "-recip", str(folder / "bank.crt"), "-in", "@"],
    }
    speeds = {
        name: _speed(files, lambda path, words=words: [openssl, *_at(words, path), "-out", os.devnull])
        for name, words in peers.items()
    }
    ours = {what: _speed(files, lambda path, what=what: _ours(what, path, files)) for what in _WHAT}
    for what in ("chunks", "gcm"):
        for name, speed in speeds.items():
            note = f"{ours[what]:.0f} and {speed:.0f} MiB per second of CPU"
            yield AtLeast(ours[what] / speed, TWICE, f"times the throughput of {name}", _WHAT[what], note)
    pipe = _speed(files, lambda path: ["/bin/sh", "-c", _signing_pipe(path, folder, openssl)])
    for what in ("hpf1", "cms"):
        # No bar: both sides mostly hash, which nobody does faster than the other. hpf1 also reads everything twice.
        note = f"{ours[what]:.0f} and {pipe:.0f} MiB per second of CPU"
        name = "openssl cms -sign | openssl cms -encrypt"
        yield Figure(_WHAT[what], files.mib / ours[what], name, files.mib / pipe, note)
    yield from _memory(files, mib)


def _memory(files: Files, mib: int) -> Iterator[Line]:
    for what in ("hpf1", "cms"):
        one = _measured(_ours(what, files.large, files), files.folder)
        long = files.folder / "long"
        with long.open("wb") as sparse:
            sparse.truncate(LONG_TIMES * mib * 2**20)
        more = _measured(_ours(what, long, files), files.folder)
        note = f"{one.peak_mb:.1f} MB for {mib:,} MiB, {more.peak_mb:.1f} MB for {LONG_TIMES * mib:,} MiB"
        yield AtMost(more.peak_mb / one.peak_mb, 1.05, "times the memory", f"{what}: {LONG_TIMES} times the file", note)


_WHAT = {
    "chunks": "encrypting in chunks, as hpf1 does",
    "gcm": "encrypting as cms does",
    "hpf1": "signing and encrypting a file, hpf1",
    "cms": "signing and encrypting a file, cms",
}
_CMS = ["cms", "-encrypt", "-binary", "-stream", "-outform", "DER", "-aes-256-gcm"]


def _prepared(folder: Path, mib: int, openssl: str) -> Files:
    for name, size in (("large", mib * 2**20), ("small", 2**20)):
        with (folder / name).open("wb") as sparse:
            sparse.truncate(size)
    words = ["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=Synthetic bank", "-days", "30"]
    for name in ("bank", "own"):
        pair = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt")]
        subprocess.run([openssl, *words, *pair], check=True, capture_output=True)
    return Files(folder / "large", folder / "small", folder)


def _ours(what: str, path: Path, files: Files) -> Sequence[str]:
    size = str(path.stat().st_size)
    return [
        sys.executable,
        "-m",
        "tests.bench.payments.seal_once",
        what,
        str(path),
        size,
        str(files.folder / "bank.key"),
    ]


def _at(words: Sequence[str], path: Path) -> list[str]:
    return [str(path) if word == "@" else word for word in words]


def _signing_pipe(path: Path, folder: Path, openssl: str) -> str:
    sign = f"{openssl} cms -sign -binary -stream -nodetach -outform DER -md sha256 -signer {folder}/own.crt"
    seal = f"{openssl} {' '.join(_CMS)} -recip {folder}/bank.crt -out {os.devnull}"
    return f"{sign} -inkey {folder}/own.key -in {path} | {seal}"


def _speed(files: Files, command: Callable[[Path], Sequence[str]]) -> float:
    """MiB per second of CPU time, start-up taken off: the least of some rounds, since other work only ever adds."""
    least_s = [
        min(_measured(command(path), files.folder).cpu_s for _ in range(ROUNDS)) for path in (files.large, files.small)
    ]
    return files.mib / max(least_s[0] - least_s[1], 1e-6)


def _measured(command: Sequence[str], folder: Path) -> Measured:
    """One run, held to one core where the system can do that."""
    taskset = shutil.which("taskset")
    pinned = [taskset, "-c", str(min(os.sched_getaffinity(0))), *command] if taskset else list(command)
    program = shutil.which(pinned[0]) or pinned[0]
    found = measure([program, *pinned[1:]], folder, cwd=ROOT)
    if found.cpu_s <= 0:
        raise BrokenRunError(f"{command[0]} took no time at all")
    return found
