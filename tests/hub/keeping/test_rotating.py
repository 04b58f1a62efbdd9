"""The keyring is rotated beside files that are kept, and stays readable by whom it was readable."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.errors import TamperedError
from baton.hub import keys as hub_keys
from baton.store.folders import LostLinkError
from baton.store.kept_files import KeptFiles
from tests.hub.keeping.conftest import World
from tests.hub.keeping.leaver import lived
from tests.hub.keeping.test_other_keyring import keyring_in_a_file

Make = Callable[..., World]
FIRST, SECOND = "uploads/case-1/1-abc", "uploads/case-1/2-abc"


class KilledError(Exception):
    """The process ends here."""


def with_kept_files(world: Make) -> World:
    it = world()
    keyring_in_a_file(it)
    lived(it)
    it.hub.kept_files.put(FIRST, b"one")
    it.hub.kept_files.put(SECOND, b"two")
    return it


def rotate(it: World) -> int:
    for _ in hub_keys.rotate_keys(it.hub):
        pass
    return it.hub.keyring.active


def ring_of(it: World) -> Path:
    return it.hub.settings.hub.secrets_dir / "hub" / "keyring"


@pytest.mark.parametrize(
    ("before", "after"), [(0o640, 0o640), (0o660, 0o660), (0o600, 0o600), (0o400, 0o400), (0o644, 0o600)]
)
def test_whom_the_keyring_was_readable_by_reads_the_new_one_but_never_everybody(
    world: Make, before: int, after: int
) -> None:
    it = with_kept_files(world)
    ring_of(it).chmod(before)
    assert rotate(it) == 2
    left = stat.S_IMODE(ring_of(it).stat().st_mode)
    ring_of(it).chmod(0o600)  # in tests no secret may be for others at the end
    assert left == after


@pytest.mark.parametrize("error", [errno.EPERM, errno.EINVAL, errno.ENOTSUP])
def test_it_keeps_its_group_or_is_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    former, renewed = tmp_path / "former", tmp_path / "renewed"
    for file in (former, renewed):
        file.write_text("x", "utf-8")
    former.chmod(0o640)
    renewed.chmod(0o600)

    def refused(path: Path, owner: int, group: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "chown", refused)
    real = Path.stat

    def of_another_group(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        told = real(self, follow_symlinks=follow_symlinks)
        return os.stat_result((*told[:5], told.st_gid + 1, *told[6:10])) if self == former else told

    monkeypatch.setattr(Path, "stat", of_another_group)
    hub_keys.make_like(renewed, former)
    assert stat.S_IMODE(real(renewed).st_mode) == 0o600


def test_one_that_ended_among_the_kept_files_is_carried_on_and_makes_no_new_version(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = with_kept_files(world)
    put, done = KeptFiles.put, []

    def killed_at_the_second(self: KeptFiles, place: str, data: bytes) -> None:
        if done:
            raise KilledError
        done.append(place)
        put(self, place, data)

    with monkeypatch.context() as dying:
        dying.setattr(KeptFiles, "put", killed_at_the_second)
        with pytest.raises(KilledError):
            rotate(it)
    assert list(it.hub.kept_files.outdated()) == [SECOND]
    assert rotate(it) == 2
    assert list(it.hub.kept_files.outdated()) == []
    assert rotate(it) == 3, "one that is asked for after it is another one"


def test_a_file_that_is_deleted_meanwhile_ends_no_rotation_and_does_not_come_back(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = with_kept_files(world)
    outdated = KeptFiles.outdated

    def then_one_goes(self: KeptFiles) -> list[str]:
        found = list(outdated(self))
        self.drop(SECOND)
        return found

    with monkeypatch.context() as retention:
        retention.setattr(KeptFiles, "outdated", then_one_goes)
        assert rotate(it) == 2
    assert it.hub.kept_files.get(FIRST) == b"one"
    with pytest.raises(TamperedError, match="gone"):
        it.hub.kept_files.get(SECOND)


@pytest.mark.parametrize("begun", [False, True])
def test_while_the_disk_behind_a_link_is_away_no_rotation_counts_as_complete(
    world: Make, monkeypatch: pytest.MonkeyPatch, *, begun: bool
) -> None:
    it = with_kept_files(world)
    folder, disk = it.hub.kept_files.folder, it.folder / "other-disk"
    folder.rename(disk)
    folder.symlink_to(disk)
    outdated = KeptFiles.outdated

    def found_before_it_went(self: KeptFiles) -> list[str]:
        found = list(outdated(self)) if begun else []
        disk.rename(it.folder / "unplugged")
        return found or list(outdated(self))

    with monkeypatch.context() as unplugged:
        unplugged.setattr(KeptFiles, "outdated", found_before_it_went)
        with pytest.raises(LostLinkError):
            rotate(it)
    (it.folder / "unplugged").rename(disk)
    assert rotate(it) == 2, "the same rotation goes on"
    assert (list(it.hub.kept_files.outdated()), it.hub.kept_files.get(FIRST)) == ([], b"one")


@pytest.mark.parametrize("link", ["again", "zagain"])
@pytest.mark.parametrize("within", [True, False])
def test_files_to_which_links_lead_by_two_ways_are_sealed_again_for_the_place_they_were_put_to(
    world: Make, *, link: str, within: bool
) -> None:
    it = with_kept_files(world)
    uploads = it.hub.kept_files.folder / "uploads"
    if not within:
        uploads.rename(it.folder / "other-disk")
        uploads.symlink_to(it.folder / "other-disk")
    (it.hub.kept_files.folder / link).symlink_to(uploads.resolve())
    assert sorted(it.hub.kept_files.outdated()) == []
    assert rotate(it) == 2
    assert (it.hub.kept_files.get(FIRST), it.hub.kept_files.get(SECOND)) == (b"one", b"two")
    assert list(it.hub.kept_files.outdated()) == []
    assert rotate(it) == 3, "the one before has come to its end"


def damaged(it: World) -> tuple[Path, ...]:
    """One that was changed, one of which the head is gone, a copy somebody made, and a folder they set aside."""
    folder = it.hub.kept_files.folder
    for name in ("3-abc", "4-abc"):
        it.hub.kept_files.put(f"uploads/case-1/{name}", b"three")
    changed, cut = (folder / "uploads" / "case-1" / f"{name}.sealed" for name in ("3-abc", "4-abc"))
    copy = folder / "uploads" / "case-1" / "a b (copy).sealed"
    aside = folder / "uploads" / "case-1.bak" / "1-abc.sealed"
    aside.parent.mkdir()
    for path in (copy, aside):
        path.write_bytes((folder / f"{FIRST}.sealed").read_bytes())
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    cut.write_bytes(b"")
    return changed, cut, copy, aside


def test_damaged_and_stray_files_end_no_rotation_before_the_others_are_sealed_and_are_all_told(world: Make) -> None:
    it = with_kept_files(world)
    whole = (it.hub.kept_files.folder / "uploads" / "case-1" / "1-abc.sealed").read_bytes()
    bad = damaged(it)
    with pytest.raises(TamperedError, match="4 kept files") as refused:
        rotate(it)
    assert [str(path) for path in bad if str(path) not in str(refused.value)] == []
    assert (refused.value.code, "no older key version" in refused.value.remedy) == ("kept_file", True)
    for place in (FIRST, SECOND):
        sealed = (it.hub.kept_files.folder / f"{place}.sealed").read_bytes()
        assert it.hub.keyring.key_version(sealed) == it.hub.keyring.active == 2
    with pytest.raises(TamperedError, match="4 kept files"):
        rotate(it)
    assert it.hub.keyring.active == 3, "another rotation can be made beside them, and names them again"
    changed, *others = bad
    changed.with_name("1-abc.sealed").write_bytes(whole)  # as a backup from before all of it has it
    for path in (changed, *others):
        path.unlink()
    assert rotate(it) == 4
    assert it.hub.kept_files.get(FIRST) == b"one"
    assert list(it.hub.kept_files.outdated()) == []


def test_one_that_ended_beside_a_damaged_file_is_carried_on_to_the_others_first(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = with_kept_files(world)
    damaged(it)

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as dying:
        dying.setattr(KeptFiles, "put", killed)
        with pytest.raises(KilledError):
            rotate(it)
    with pytest.raises(TamperedError, match="4 kept files"):
        rotate(it)
    assert it.hub.keyring.active == 2, "the same rotation, to its end"
    assert {FIRST, SECOND}.isdisjoint(it.hub.kept_files.outdated())
