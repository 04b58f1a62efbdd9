"""Files beside the database: sealed, each to its own place."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.errors import TamperedError
from baton.store.folders import LostLinkError
from baton.store.kept_files import KeptFiles
from baton.store.personal import Keyring

KEYRING = Keyring(1, {1: b"e" * 32}, b"i" * 32, b"d" * 32)


def test_what_is_kept_comes_back_and_is_not_to_be_read_on_the_disk(tmp_path: Path) -> None:
    kept = KeptFiles(tmp_path, KEYRING)
    kept.put("uploads/case-1/a", "测试文件".encode())
    assert kept.get("uploads/case-1/a") == "测试文件".encode()
    assert (kept.names("uploads/case-1"), kept.names("uploads/case-2")) == (["a"], [])
    (file,) = tmp_path.rglob("*.sealed")
    assert ("测试文件".encode() in file.read_bytes(), file.stat().st_mode & 0o777) == (False, 0o600)


def test_a_file_that_was_changed_moved_or_deleted_is_refused(tmp_path: Path) -> None:
    kept = KeptFiles(tmp_path, KEYRING)
    kept.put("uploads/case-1/a", b"one")
    kept.put("uploads/case-1/b", b"two")
    first, second = sorted(tmp_path.rglob("*.sealed"))
    first.write_bytes(second.read_bytes())
    second.write_bytes(second.read_bytes()[:-1] + b"x")
    for name in ("a", "b", "c"):
        with pytest.raises(TamperedError):
            kept.get(f"uploads/case-1/{name}")


@pytest.mark.parametrize("place", ["../a", "a/../b", "/a", "a//b", "", "a/b.txt", "测试"])
def test_no_place_leads_out_of_the_folder(tmp_path: Path, place: str) -> None:
    with pytest.raises(ValueError, match="no such place"):
        KeptFiles(tmp_path, KEYRING).put(place, b"x")


def test_after_a_rotation_what_is_outdated_is_named_and_still_opens(tmp_path: Path) -> None:
    KeptFiles(tmp_path, KEYRING).put("uploads/case-1/a", b"one")
    kept = KeptFiles(tmp_path, KEYRING.rotate())
    assert list(kept.outdated()) == ["uploads/case-1/a"]
    kept.put("uploads/case-1/a", kept.get("uploads/case-1/a"))
    assert (list(kept.outdated()), kept.get("uploads/case-1/a")) == ([], b"one")
    kept.drop("uploads/case-1/a")
    kept.drop("uploads/case-1/a")
    assert kept.names("uploads/case-1") == []


def test_what_lies_behind_a_link_is_outdated_like_any_other(tmp_path: Path) -> None:
    disk, folder = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    folder.mkdir()
    (folder / "uploads").symlink_to(disk)
    KeptFiles(folder, KEYRING).put("uploads/case-1/a", b"one")
    assert list(KeptFiles(folder, KEYRING.rotate()).outdated()) == ["uploads/case-1/a"]


def test_what_else_a_disk_of_its_own_has_at_its_root_is_no_case(tmp_path: Path) -> None:
    kept = KeptFiles(tmp_path, KEYRING)
    kept.put("uploads/case-1/a", b"one")
    (tmp_path / "uploads" / "lost+found").mkdir()
    assert [(case, kept.names(f"uploads/{case}")) for case in kept.folders("uploads")] == [("case-1", ["a"])]


@pytest.mark.parametrize("link", ["again", "zagain"])
def test_a_file_to_which_two_ways_lead_is_outdated_at_the_place_it_was_put_to(tmp_path: Path, link: str) -> None:
    kept = KeptFiles(tmp_path, KEYRING)
    kept.put("uploads/case-1/a", b"one")
    (tmp_path / link).symlink_to(tmp_path / "uploads")
    kept.put(f"{link}/case-2/b", b"two")
    assert set(KeptFiles(tmp_path, KEYRING.rotate()).outdated()) == {f"{link}/case-2/b", "uploads/case-1/a"}
    first, second = sorted((tmp_path / "uploads").rglob("*.sealed"))
    first.write_bytes(second.read_bytes())
    again = KeptFiles(tmp_path, KEYRING.rotate())
    (strange,) = [place for place in again.outdated() if place.endswith("a")]
    with pytest.raises(TamperedError):
        again.seal_again(strange)


@pytest.mark.parametrize("link", ["kept", "kept/uploads", "kept/uploads/case-1"])
def test_while_the_disk_behind_a_link_is_away_a_file_is_not_said_to_be_gone(tmp_path: Path, link: str) -> None:
    disk, folder = tmp_path / "disk", tmp_path / link
    disk.mkdir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(disk)
    kept = KeptFiles(tmp_path / "kept", KEYRING)
    kept.put("uploads/case-1/a", b"one")
    disk.rename(tmp_path / "unplugged")
    for call in (lambda: kept.get("uploads/case-1/a"), lambda: kept.put("uploads/case-1/a", b"two")):
        with pytest.raises(LostLinkError, match=f"{folder} is a link") as refused:
            call()
        assert "bring that disk back" in refused.value.remedy
    (tmp_path / "unplugged").rename(disk)
    assert kept.get("uploads/case-1/a") == b"one"
