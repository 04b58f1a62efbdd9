"""A backup is whole, says what is in it, and is nothing at all where it could not be made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from baton.errors import ConfigurationError
from baton.hub.keeping import backup
from baton.store.database import Database
from baton.store.folders import LostLinkError
from baton.store.trail import log
from tests.hub.keeping.conftest import OPERATOR, World
from tests.hub.keeping.leaver import lived

Make = Callable[..., World]


def test_a_backup_says_how_many_entries_are_in_it_though_more_are_written_meanwhile(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world()
    lived(it)
    with it.hub.database.read() as connection:
        before = log.head(connection).size
    copied = backup.copy_database

    def copied_while_others_write(database: Database, to: Path) -> None:
        copied(database, to)
        with database.write() as connection:
            it.hub.runs.engage(connection, "all", OPERATOR, "meanwhile")

    monkeypatch.setattr(backup, "copy_database", copied_while_others_write)
    assert backup.take(it.hub, it.folder / "backup").entries == before


@pytest.mark.parametrize("step", ["require_sound", "digest_of", "append"])
def test_a_backup_that_fails_leaves_nothing_and_can_be_made_again(
    world: Make, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    it = world()
    lived(it)
    folder = it.folder / "backups" / "tonight"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(backup, step, full)
        with pytest.raises(OSError, match="No space"):
            backup.take(it.hub, folder)
    assert list(folder.parent.iterdir()) == []
    assert backup.opened(it.hub, backup.take(it.hub, folder).folder).folder == folder


def test_a_backup_that_was_killed_is_called_unfinished_and_no_backup(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world()
    lived(it)
    folder = it.folder / "tonight"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(backup, "digest_of", killed)
        patched.setattr(backup.shutil, "rmtree", lambda *_, **__: None)  # nothing runs any more
        with pytest.raises(KeyboardInterrupt):
            backup.take(it.hub, folder)
    unfinished = it.folder / "tonight.part"
    assert unfinished.is_dir()
    assert not folder.exists()
    with pytest.raises(ConfigurationError, match="no_backup"):
        backup.opened(it.hub, unfinished)
    with pytest.raises(ConfigurationError, match="broken off"):
        backup.take(it.hub, folder)


def moved_to_another_disk(it: World, folder: str) -> Path:
    """A folder below `state/` became a link to where there is more room."""
    disk = it.folder / "other-disk"
    disk.mkdir()
    place = it.hub.state_dir / folder
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(disk)
    return disk


@pytest.mark.parametrize("folder", ["kept", "kept/uploads", "kept/uploads/case-1"])
def test_what_lies_behind_a_link_to_another_disk_is_backed_up_and_comes_back(world: Make, folder: str) -> None:
    it = world()
    lived(it)
    disk = moved_to_another_disk(it, folder)
    it.hub.kept_files.put("uploads/case-1/a", b"data")
    kept = it.back_up()
    assert "state/kept/uploads/case-1/a.sealed" in backup.opened(it.hub, kept).files
    it.hub.kept_files.drop("uploads/case-1/a")
    it.restore(kept)
    assert it.hub.kept_files.get("uploads/case-1/a") == b"data"
    assert [path.name for path in disk.rglob("*") if path.is_file()] == ["a.sealed"]
    assert (it.hub.state_dir / folder).is_symlink()


def test_a_link_whose_disk_is_not_there_is_told_before_anything_is_replaced(world: Make) -> None:
    it = world()
    lived(it)
    disk = moved_to_another_disk(it, "kept")
    it.hub.kept_files.put("uploads/case-1/a", b"data")
    kept = it.back_up()
    it.hub.close()
    disk.rename(it.folder / "unplugged")
    place = it.folder / "state" / "hub.sqlite3"
    before = place.stat().st_ino
    with pytest.raises(ConfigurationError, match="a link to a folder that is not there"):
        it.restore_only(kept)
    assert place.stat().st_ino == before
    assert [path.name for path in place.parent.glob("before-restore-*")] == []
    it.hub = it.company.open()


@pytest.mark.parametrize("folder", ["kept", "kept/uploads"])
def test_while_the_disk_behind_a_link_is_away_there_is_no_backup(world: Make, folder: str) -> None:
    it = world()
    lived(it)
    disk = moved_to_another_disk(it, folder)
    it.hub.kept_files.put("uploads/case-1/a", b"data")
    disk.rename(it.folder / "unplugged")
    with pytest.raises(LostLinkError, match="a link to what is not there"):
        backup.take(it.hub, it.folder / "tonight")
    assert list(it.folder.glob("tonight*")) == []
    (it.folder / "unplugged").rename(disk)
    assert "state/kept/uploads/case-1/a.sealed" in backup.take(it.hub, it.folder / "tonight").files


def test_a_link_that_leads_back_ends_no_backup(world: Make) -> None:
    it = world()
    lived(it)
    it.hub.kept_files.put("uploads/case-1/a", b"data")
    (it.hub.kept_files.folder / "uploads" / "again").symlink_to(it.hub.kept_files.folder)
    files = [name for name in backup.take(it.hub, it.folder / "backup").files if name.startswith("state/kept/")]
    assert files == ["state/kept/uploads/case-1/a.sealed"]


@pytest.mark.parametrize("link", ["again", "zagain"])
@pytest.mark.parametrize("within", [True, False])
def test_a_file_to_which_two_ways_lead_is_backed_up_once_and_comes_back_as_one(
    world: Make, *, link: str, within: bool
) -> None:
    it = world()
    lived(it)
    it.hub.kept_files.put("uploads/case-1/a", b"data")
    uploads = it.hub.kept_files.folder / "uploads"
    if not within:
        uploads.rename(it.folder / "other-disk")
        uploads.symlink_to(it.folder / "other-disk")
    (it.hub.kept_files.folder / link).symlink_to(uploads.resolve())
    (uploads / "case-1" / "a").symlink_to("a.sealed")
    kept = it.back_up()
    files = [name for name in backup.opened(it.hub, kept).files if name.startswith("state/kept/")]
    assert files == ["state/kept/uploads/case-1/a.sealed"]
    it.hub.kept_files.folder.rename(it.folder / "the disk has died")
    it.restore(kept)
    assert it.hub.kept_files.get("uploads/case-1/a") == b"data"
    assert len([path for path in it.hub.kept_files.folder.rglob("*") if path.is_file()]) == 1


def test_a_file_that_opens_by_neither_of_two_ways_is_backed_up_by_both(world: Make) -> None:
    it = world()
    lived(it)
    it.hub.kept_files.put("uploads/case-1/a", b"data")
    uploads = it.hub.kept_files.folder / "uploads"
    (it.hub.kept_files.folder / "again").symlink_to(uploads)
    sealed = uploads / "case-1" / "a.sealed"
    sealed.write_bytes(sealed.read_bytes()[:-1] + b"x")
    files = [name for name in backup.take(it.hub, it.folder / "backup").files if name.startswith("state/kept/")]
    assert files == [f"state/kept/{way}/case-1/a.sealed" for way in ("again", "uploads")], "nobody can tell which"
