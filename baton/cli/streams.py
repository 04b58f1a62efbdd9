"""Where commands speak to. A reader that goes away, or a full disk, ends no command halfway: what it does counts."""

from __future__ import annotations

import errno
import io
import sys
from typing import TYPE_CHECKING

from baton.cli.context import BROKEN

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Outlet(io.FileIO):
    """A stream of this process that takes everything; once it has broken, what comes is dropped."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)
        self.trouble: OSError | None = None
        """What broke it."""

    def write(self, data: ReadableBuffer, /) -> int:
        """How many bytes were taken, as `io.FileIO.write`; never raises `OSError`."""
        if self.trouble is None:
            try:
                return super().write(data)
            except OSError as error:
                self.trouble = error
        return memoryview(data).nbytes


class _AtOnce(io.BufferedWriter):
    """A buffer that holds nothing back, and still writes on where a pipe took a part only."""

    def write(self, data: ReadableBuffer, /) -> int:
        taken = super().write(data)
        self.flush()
        return taken


def _through(stream: io.TextIOWrapper, number: int) -> tuple[io.TextIOWrapper, Outlet]:
    """A stream that writes to the same place, in the same words, and as soon (``PYTHONUNBUFFERED``)."""
    stream.flush()
    outlet = Outlet(number)
    buffered = (_AtOnce if stream.write_through else io.BufferedWriter)(outlet)
    through = io.TextIOWrapper(
        buffered,
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    return through, outlet


def endure() -> Outlet | None:
    """Make stdout and stderr take everything; gives stdout's outlet, None where it is none of the process's own.

    A terminal in GBK has no 䶮: that must not end a command either, so what it cannot show is written out.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr is sys.__stderr__:
        sys.stderr, _ = _through(sys.stderr, sys.stderr.fileno())
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout, outlet = _through(sys.stdout, sys.stdout.fileno())
        return outlet
    return None


def ended(code: int, outlet: Outlet | None) -> int:
    """The exit code: the command's, whoever has stopped reading; broken where what it said found no room."""
    if outlet is None:
        return code
    sys.stdout.flush()
    if outlet.trouble is None or outlet.trouble.errno == errno.EPIPE:
        return code
    sys.stderr.write(f"baton: not all that was to be said could be written: {outlet.trouble.strerror}\n")
    return code or BROKEN
