"""What every hostile input is tried on: measured, watched from outside, and with something to steal beside it.

Each attempt makes its input first and hands it in through `Ground.refusal` or `Ground.result`; only that is measured.
Afterwards nobody may have been called, no file may have appeared or changed, and no error may repeat what it read.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from baton.errors import BatonError

T = TypeVar("T")
MOST_S: Final = 2.0
MOST_MIB: Final = 200.0
_FORGET_PEAK: Final = Path("/proc/self/clear_refs")
SECRET: Final = "canary-7f3a-geheim-密"
"""Stands in the file that hostile inputs ask for."""
PERSONAL: Final = "测试密"
"""A name that stands in hostile rows: no error repeats it."""


class Sentinel:
    """A listener that nobody has a reason to call."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls = 0
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            connection.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2)


@dataclass
class Ground:
    """Where one attempt is made."""

    folder: Path
    """Its own, for the files it needs."""
    sentinel: Sentinel
    treasure: Path
    """A file outside that folder, whose content no parser has business with."""
    trials: int = 0
    seconds: float = 0.0
    mebibytes: float = 0.0
    _treasury: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self._treasury = _digest(self.treasure.parent)

    def refusal(self, call: Callable[..., Any], *given: Any, **named: Any) -> BatonError:
        """The Baton error that the call ends with; anything else it does fails the test."""
        with self._trial():
            try:
                found = call(*given, **named)
            except BatonError as error:
                told = error
            else:
                raise AssertionError(f"taken: {type(found).__name__}")
        said = f"{told}{told!r}{told.remedy}"
        assert SECRET not in said
        assert PERSONAL not in said
        assert told.code
        return told

    def no_value(self, call: Callable[..., Any], *given: Any) -> None:
        """A pure function refuses its argument with a ValueError, which does not repeat it."""
        with self._trial():
            try:
                found = call(*given)
            except ValueError as error:
                said = str(error)
            else:
                raise AssertionError(f"taken: {found!r}")
        told = [each for each in given if isinstance(each, str) and len(each) > 2]
        assert not [each for each in told if each in said]

    def result(self, call: Callable[..., T], *given: Any, **named: Any) -> T:
        """What the call gives; it raises nothing."""
        with self._trial():
            return call(*given, **named)

    def write(self, name: str, content: bytes | str) -> Path:
        """A file of this attempt."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    @contextmanager
    def _trial(self) -> Iterator[None]:
        self.trials += 1
        before = _peak_from_here()
        began, spent = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            # Of the two clocks the kinder: the machine may be busy with something else, or several threads with this.
            self.seconds = max(self.seconds, min(time.perf_counter() - began, time.process_time() - spent))
            self.mebibytes = max(self.mebibytes, _peak_mib() - before)

    def unharmed(self) -> None:
        """Nothing happened but what the attempt has asserted, and it cost what an input may cost."""
        assert self.trials, "the attempt tried nothing"
        assert self.sentinel.calls == 0, "something was called"
        assert _digest(self.treasure.parent) == self._treasury, "a file outside was touched"
        assert self.seconds < MOST_S, f"{self.seconds:.2f} s"
        assert self.mebibytes < MOST_MIB, f"{self.mebibytes:.0f} MiB"


def _digest(folder: Path) -> str:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in found)).hexdigest()


def _peak_from_here() -> float:
    """Have the kernel forget the peak so far; the memory in use now, in MiB."""
    _FORGET_PEAK.write_text("5")
    return _peak_mib()


def _peak_mib() -> float:
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    return int(peak.group(1)) / 1024


@dataclass(frozen=True, slots=True)
class Attempt:
    """One variant of one hostile input."""

    number: int
    title: str
    variant: str
    make: Callable[[Ground], None]
    """Makes the input, hands it in and asserts what became of it."""

    @property
    def label(self) -> str:
        """As pytest names it."""
        return f"{self.number:02d} {self.title}: {self.variant}"


CORPUS: Final[list[Attempt]] = []
"""Every attempt there is; the modules of this folder fill it when they are imported."""


def hostile(number: int, title: str, **variants: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as input ``number`` of the corpus, once for each variant, whose value is its second argument.

    Without variants the function takes the ground alone.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        def bound(value: Any) -> Callable[[Ground], None]:
            return lambda ground: function(ground, value)

        for name, value in variants.items():
            CORPUS.append(Attempt(number, title, f"{function.__name__} {name}".replace("_", " "), bound(value)))
        if not variants:
            CORPUS.append(Attempt(number, title, function.__name__.replace("_", " "), function))
        return function

    return register
