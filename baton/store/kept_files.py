"""Files kept beside the database for as long as their case: sealed like a personal column, each to its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from baton.errors import TamperedError
from baton.store.folders import files_below, passing_over_what_is_gone, require_links
from baton.store.personal import Keyring
from baton.store.staging import write_whole

_VERSION: Final = 1
_PLACE: Final = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_SUFFIX: Final = ".sealed"
_AGAIN: Final = "give the file again, or run again what was making it"


class KeptFiles:
    """Whole files by place: ``kind/case/name``, of letters, digits, ``_`` and ``-``."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self.folder = folder
        self.keyring = keyring

    def put(self, place: str, data: bytes) -> None:
        """Seal and store; what is there already is replaced.

        Raises `StorageFullError` when there is no room, `LostLinkError` where a disk is away.
        """
        path = self._path(place)
        require_links(path)
        write_whole(path, self._sealed(place, data), again=_AGAIN)

    def get(self, place: str) -> bytes:
        """What was stored.

        Raises `TamperedError` when it is gone, changed, or belongs to another place; `LostLinkError` where a disk is
        away.
        """
        path = self._path(place)
        with passing_over_what_is_gone(path):
            return self._opened(place, path.read_bytes())
        raise TamperedError("a kept file is gone", code="kept_file", remedy="restore it from a backup")

    def names(self, under: str) -> list[str]:
        """The names of what is stored directly under a place, in order."""
        return sorted(path.name.removesuffix(_SUFFIX) for path in self._path(under, "").glob(f"*{_SUFFIX}"))

    def folders(self, kind: str) -> list[str]:
        """The cases of which something of this kind is stored, in order; never a `lost+found`."""
        found = (path for path in self._path(kind, "").glob("*") if _PLACE.fullmatch(path.name))
        return sorted(path.name for path in found if path.is_dir())

    def drop(self, place: str) -> None:
        """Delete one; nothing where it is gone already."""
        self._path(place).unlink(missing_ok=True)

    def outdated(self) -> Iterator[str]:
        """The places of all that is not sealed with the newest key; `LostLinkError` where a disk is away.

        Also of what `seal_again` will refuse: it does not say by which key it is sealed, or lies at no place.
        """
        for ways in self._ways():
            sealed = [path for path in ways if path.suffix == _SUFFIX]
            for path in self._put_by(sealed) or sealed[:1]:
                with passing_over_what_is_gone(path):
                    if not path.read_bytes().startswith(self.keyring.mark):
                        yield self._place(path)

    def files(self) -> Iterator[Path]:
        """Every file here, as it is to be copied; `LostLinkError` where a disk is away.

        Of the ways by which links lead to one file only that to the place it was put to: by another it opens nowhere
        once it is a file of its own. All of them where it opens by none.
        """
        for ways in self._ways():
            yield from self._put_by(ways) or ways

    def seal_all_again(self) -> list[Path]:
        """Seal all with the newest key; which files stay as they are, since they do not open or lie at no place."""
        closed = []
        for place in list(self.outdated()):
            try:
                self.seal_again(place)
            except TamperedError:
                closed.append(self.folder / f"{place}{_SUFFIX}")
        return closed

    def seal_again(self, place: str) -> None:
        """Seal one with the newest key; nothing where it is gone by now.

        Raises `TamperedError` for what does not open or lies at no place, `LostLinkError` where a disk is away.
        """
        if not _PLACE.fullmatch(place):
            raise TamperedError("a file lies where none is kept", code="kept_file", remedy="take it away")
        path = self._path(place)
        with passing_over_what_is_gone(path):
            data = self._opened(place, path.read_bytes())
            if path.exists():
                self.put(place, data)

    def _ways(self) -> Iterable[list[Path]]:
        """Of every file here the ways by which links lead to it."""
        found: dict[Path, list[Path]] = {}
        for path in files_below(self.folder):
            found.setdefault(path.resolve(), []).append(path)
        return found.values()

    def _put_by(self, ways: Sequence[Path]) -> Sequence[Path]:
        """The one of several ways to a file that leads to the place it was put to; none where it opens by none."""
        for path in ways if len(ways) > 1 else ():
            place = self._place(path)
            if path.suffix == _SUFFIX and _PLACE.fullmatch(place):
                with suppress(TamperedError):
                    self.get(place)
                    return [path]
        return ()

    def _place(self, path: Path) -> str:
        return str(path.relative_to(self.folder)).removesuffix(_SUFFIX)

    def _opened(self, place: str, sealed: bytes) -> bytes:
        return self.keyring.open(sealed, table="kept_files", row=place, column="file", version=_VERSION)

    def _sealed(self, place: str, data: bytes) -> bytes:
        return self.keyring.seal(data, table="kept_files", row=place, column="file", version=_VERSION)

    def _path(self, place: str, suffix: str = _SUFFIX) -> Path:
        if not _PLACE.fullmatch(place):
            raise ValueError("a kept file has no such place")
        return self.folder / f"{place}{suffix}"
