"""Below a folder: all of it, or a word of what is missing."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from baton.store.folders import LostLinkError, files_below


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


@pytest.mark.parametrize("name", ["", "uploads", "uploads/case-1", "uploads/case-1/a"])
def test_a_link_to_what_is_not_there_is_told_and_not_taken_for_nothing(tmp_path: Path, name: str) -> None:
    kept = tmp_path / "kept"
    link = kept / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "unplugged")
    with pytest.raises(LostLinkError, match=f"{link} is a link") as refused:
        list(files_below(kept))
    assert (refused.value.code, "bring that disk back" in refused.value.remedy) == ("lost_link", True)


def test_a_disk_that_goes_while_it_is_being_walked_is_told_too(tmp_path: Path) -> None:
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    for name in ("case-1", "case-2"):
        (disk / name).mkdir(parents=True)
        (disk / name / "a").write_bytes(b"a")
    kept.symlink_to(disk)
    found = files_below(kept)
    assert next(found) == kept / "case-1" / "a"
    disk.rename(tmp_path / "unplugged")
    with pytest.raises(LostLinkError):
        next(found)


def test_what_goes_meanwhile_is_passed_over_and_where_there_is_no_folder_there_is_nothing(tmp_path: Path) -> None:
    for name in ("case-1", "case-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_bytes(b"a")
    found = files_below(tmp_path)
    assert next(found) == tmp_path / "case-1" / "a"
    shutil.rmtree(tmp_path / "case-2")
    assert list(found) == []
    assert list(files_below(tmp_path / "nowhere")) == []
