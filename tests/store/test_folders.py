"""Below a folder: all of it, or a word of what is missing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from baton.store.folders import files_below


def denied(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nobody may look into this folder any more, whoever runs the tests."""
    honest = os.scandir

    def guarded(path: str | Path) -> object:
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return honest(path)

    monkeypatch.setattr(os, "scandir", guarded)


@pytest.mark.parametrize("place", ["", "uploads"])
def test_the_folder_in_which_a_disk_keeps_what_it_found_is_passed_over_where_it_is_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    (disk / "case-1").mkdir(parents=True)
    (disk / "case-1" / "a").write_bytes(b"a")
    (disk / "lost+found").mkdir()
    link = kept / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(disk)
    denied(monkeypatch, link / "lost+found")
    assert list(files_below(kept)) == [link / "case-1" / "a"]


@pytest.mark.parametrize("name", ["case-1", "lost+found/case-1"])
def test_whatever_else_may_not_be_looked_into_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).mkdir(parents=True)
    denied(monkeypatch, tmp_path / name)
    with pytest.raises(PermissionError, match="case-1"):
        list(files_below(tmp_path))
