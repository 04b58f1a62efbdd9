"""Which files Baton itself writes in this process, told by the interpreter's audit events: whoever asks for the file.

A test, a simulator, the sandbox and the kit write what other people's systems have; there such values belong. A file is
Baton's when Baton's code stands nearer to its opening than any of those. One that is removed is looked at before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final

ROOT: Final = f"{Path(__file__).parents[2]}/"
_OURS: Final = ("baton/", "connectors/")
_NOT_OURS: Final = ("tests/", "baton/sandbox/", "baton/kit/")
_HEARD: Final = frozenset({"open", "sqlite3.connect", "os.remove", "os.rename"})
_WRITING: Final = os.O_WRONLY | os.O_RDWR
MEANT: Final[Mapping[str, str]] = {
    "baton/cli/offboard_files.py": "files that somebody put to an item",
    "baton/cli/offboard_money.py": "who owned what and earns which commission",
    "baton/cli/offboard_verify.py": "a certificate, with who accepted what",
    "baton/cli/pay_recover.py": "the evidence of an overpayment",
    "baton/cli/person.py": "what is held about somebody, for them",
    "baton/hub/keys.py": "the keys of the hub",
    "baton/hub/migration/quarantine.py": "rows that a person corrects",
    "baton/hub/offboarding/commission.py": "months that are closed",
    "baton/hub/payment/letter_files.py": "letters to somebody who was paid too much, or to a bank",
}
"""Modules that hand such values out on purpose, to a file which only its owner may read -> what."""
_THROUGH: Final = "baton/hub/handed_out.py"
"""Opens files for others, and is no writer itself."""
ELSEWHERE: Final = "connectors/data/"
"""Files and databases of the company's own, which records are moved from and into."""
_COMPILED: Final = "/__pycache__/"
"""What Python compiles is the source once more, with its examples."""
_OTHERS_MAY: Final = 0o077


def writers(frame: FrameType | None) -> tuple[str, ...]:
    """Baton's modules between an opening and whoever is no part of Baton, the nearest first; none when it is not ours."""
    found: list[str] = []
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(ROOT) and name != __file__:
            place = name.removeprefix(ROOT)
            if place.startswith((*_NOT_OURS, ELSEWHERE)) or "/simulator" in place:
                break
            if place.startswith(_OURS) and place != _THROUGH:
                found.append(place)
        frame = frame.f_back
    return tuple(dict.fromkeys(found))


def for_others(path: Path) -> bool:
    """Whether anybody but its owner may read or write a file that is there."""
    try:
        return bool(path.stat().st_mode & _OTHERS_MAY)
    except OSError:
        return False


class Written:
    """The files and SQLite databases that Baton has opened for writing, by path; those for a person by themselves."""

    def __init__(self, before_removal: Callable[[Path], None]) -> None:
        self.files: set[str] = set()
        self.handed_out: set[str] = set()
        self.databases: set[str] = set()
        self._before_removal = before_removal

    def listen(self) -> None:
        """From now on, to the end of the process: an audit hook cannot be taken off."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in _HEARD:  # there are millions of others
            return
        if event == "open":
            path, _, flags = args
            if isinstance(flags, int) and flags & _WRITING and isinstance(path, str | os.PathLike | bytes):
                self._opened(os.fsdecode(path))
        elif event == "sqlite3.connect":
            self._connected(args[0])
        elif event == "os.remove":
            self._removed(*args)
        else:
            self._renamed(*args)

    def _opened(self, path: str) -> None:
        if not path.startswith(("/dev/", "/proc/")) and _COMPILED not in path:
            by = writers(sys._getframe(1))
            if by:
                (self.handed_out if by[0] in MEANT else self.files).add(_absolute(path))

    def _connected(self, database: object) -> None:
        if isinstance(database, str | bytes | os.PathLike) and writers(sys._getframe(1)):
            path = os.fsdecode(database).removeprefix("file:").partition("?")[0]
            if path and path != ":memory:":
                self.databases.add(_absolute(path))

    def _removed(self, path: object, folder: int) -> None:
        if self.files and isinstance(path, str | bytes | os.PathLike):
            place = _absolute(os.fsdecode(path), folder)
            if place in self.files:
                self.files.discard(place)
                self._before_removal(Path(place))

    def _renamed(self, old: object, new: object, old_folder: int, new_folder: int) -> None:
        if isinstance(old, str | bytes | os.PathLike) and isinstance(new, str | bytes | os.PathLike):
            before, after = _absolute(os.fsdecode(old), old_folder), _absolute(os.fsdecode(new), new_folder)
            for known in (self.files, self.handed_out):
                if before in known:
                    known.discard(before)
                    known.add(after)


def _absolute(path: str, folder: int = -1) -> str:
    if folder >= 0 and not path.startswith("/"):
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)  # noqa: PTH115, PTH118 - a descriptor
    return os.path.abspath(path)  # noqa: PTH100 - no link is followed
