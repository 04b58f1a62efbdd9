"""What the nightly purge meets while somebody plans or writes a report beside it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from baton.errors import BatonError
from baton.hub import Hub
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.retention import REPORTS, RETENTION, purge
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.store import passes
from baton.store.staging import Stage
from tests.rig.records import Archive, old_row

LONG_AGO = 40 * 24 * 3600.0


def renamed_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch, listing: str) -> None:
    """Every ``.part`` that a listing names has got its final name before anybody can ask for more."""
    honest = getattr(Path, listing)

    def listed(self: Path, *given: object) -> Iterator[Path]:
        for path in list(honest(self, *given)):
            yield path.rename(path.with_suffix(".sealed")).with_suffix(".part") if path.suffix == ".part" else path

    monkeypatch.setattr(Path, listing, listed)


def states(hub: Hub) -> dict[str, str]:
    """Each run and where it stands, as ``baton runs`` says it."""
    with hub.database.read() as connection:
        return {run.id: run.state.value for run in hub.runs.latest(connection, 20)}


@pytest.mark.parametrize("folder", ["migrations/migration-1", REPORTS])
def test_a_file_that_gets_its_name_just_now_is_young(
    small: Archive, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    with small.open() as hub:
        place = hub.state_dir / folder
        place.mkdir(parents=True)
        (place / "page.1.part").write_bytes(b"half")
        renamed_before_it_is_looked_at(monkeypatch, "iterdir" if "/" in folder else "glob")
        assert purge(hub) == []
        assert (place / "page.1.sealed").exists()


def test_a_plan_that_has_just_made_its_folder_keeps_it(small: Archive) -> None:
    with small.open() as hub:
        beginning, abandoned = hub.staging.folder / "migration-1", hub.staging.folder / "migration-2"
        for folder in (beginning, abandoned):
            folder.mkdir(parents=True)
        os.utime(abandoned, (time.time() - LONG_AGO,) * 2)
        purge(hub)
        assert list(hub.staging.folders()) == [beginning.name]


def test_what_an_interrupted_plan_has_left_goes_when_its_newest_file_is_old(small: Archive) -> None:
    with small.open() as hub:
        hub.staging.write(("migration-1", Stage.SOURCE, 0), pl.DataFrame({"a": ["x"]}))
        purge(hub)
        assert list(hub.staging.folders()) == ["migration-1"]
        for path in (hub.staging.folder / "migration-1", *(hub.staging.folder / "migration-1").iterdir()):
            os.utime(path, (time.time() - LONG_AGO,) * 2)
        purge(hub)
        assert list(hub.staging.folders()) == []


def test_a_plan_that_gave_way_to_a_newer_one_is_deleted_in_time_and_one_that_may_still_go_is_not(
    archive: Archive,
) -> None:
    """The sealed copy of the whole source was kept for ever."""
    archive.rows = [old_row(number) for number in range(1, 4)]
    with archive.open() as hub:
        gave_way = plan_migration(hub, archive.request()).run.id
        archive.clock.sleep(3600)
        newer = plan_migration(hub, archive.request()).run.id
        archive.clock.sleep(29 * 86_400)
        assert purge(hub) == []
        archive.clock.sleep(2 * 86_400)
        assert purge(hub) == [gave_way]
        assert list(hub.staging.folders()) == [newer]
        assert states(hub) == {gave_way: "replaced", newer: "ready"}
        carry_on(hub, newer)
        assert purge(hub) == [newer]


@pytest.mark.parametrize("pay", ["1001.01", "much"])
def test_a_plan_with_nothing_to_send_is_deleted_in_time_once_something_newer_was_planned(
    archive: Archive, pay: str
) -> None:
    """All was alike, or put aside. Nothing of it could be called back, and its copy of the source stayed for ever."""
    archive.rows = [old_row(1)]
    with archive.open() as hub:
        first = plan_migration(hub, archive.request(retention_days=1)).run.id
        carry_on(hub, first)
        archive.clock.sleep(3600)
        archive.rows = [old_row(1, 工资=pay)]
        plan = plan_migration(hub, archive.request())
        assert plan.run.counts["effects"] == 0
        archive.clock.sleep(31 * 86_400)
        assert purge(hub) == [first], "somebody may still have it looked at: it is the newest"
        archive.rows = [old_row(1), old_row(2)]
        newer = plan_migration(hub, archive.request()).run.id
        assert purge(hub) == [plan.run.id]
        assert list(hub.staging.folders()) == [newer]
        assert states(hub) == {first: "settled", plan.run.id: "replaced", newer: "ready"}, "nobody can go on with it"
        carry_on(hub, newer)


def test_a_rollback_does_not_take_the_place_of_a_plan_with_nothing_to_send(small: Archive) -> None:
    small.rows = [old_row(1)]
    with small.open() as hub:
        first = plan_migration(hub, small.request(retention_days=365)).run.id
        carry_on(hub, first)
        small.clock.sleep(3600)
        alike = plan_migration(hub, small.request(retention_days=1)).run.id
        small.clock.sleep(3600)
        carry_on(hub, plan_rollback(hub, first, "tester").id)
        small.clock.sleep(2 * 86_400)
        assert alike not in purge(hub)
        assert carry_on(hub, alike).counts["compared"] == 1, "it is looked at like any other"


def test_a_run_is_kept_as_long_as_an_older_one_that_it_has_to_be_taken_back_before(archive: Archive) -> None:
    """The rows that were fed back were deleted after their 30 days: nobody could take the first run back any more."""
    archive.rows = [old_row(1)]
    with archive.open() as hub:
        runs = []
        for days in (365, 30, 30):
            runs.append(plan_migration(hub, archive.request(retention_days=days)).run.id)
            carry_on(hub, runs[-1])
            archive.clock.sleep(3600)
            archive.rows.append(old_row(len(archive.rows) + 1))
        oldest, newer, newest = runs
        archive.clock.sleep(31 * 86_400)
        assert purge(hub) == []
        with pytest.raises(BatonError, match=newest) as refused:
            plan_rollback(hub, oldest, "tester")
        undo = plan_rollback(hub, newest, "tester").id
        carry_on(hub, undo)
        assert set(purge(hub)) == {newest, undo}, "it was taken back: nothing waits for it any more"
        archive.clock.sleep(335 * 86_400)
        assert set(purge(hub)) == {oldest, newer}, "and no longer than the older one was to be kept"
    assert refused.value.remedy == f"take that back first: baton migrate rollback {newest}"


def test_where_the_newer_run_is_deleted_already_nobody_is_told_to_take_it_back(small: Archive) -> None:
    small.rows = [old_row(1)]
    with small.open() as hub:
        first = plan_migration(hub, small.request()).run.id
        carry_on(hub, first)
        small.clock.sleep(3600)
        small.rows.append(old_row(2))
        newer = plan_migration(hub, small.request()).run.id
        carry_on(hub, newer)
        with hub.database.write() as connection:
            hub.moves.purged(connection, newer, small.clock.now())
        with pytest.raises(BatonError, match=newer) as refused:
            plan_rollback(hub, first, "tester")
    assert (refused.value.code, "neither can be taken back" in refused.value.remedy) == ("later_run", True)


def test_files_that_cannot_be_deleted_are_told_of_until_they_are_gone(
    small: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purge said that they were gone, and nothing ever told otherwise."""
    small.rows = [old_row(1)]
    honest = os.unlink

    def guarded(path: str, **given: int) -> None:
        if Path(path).name.startswith("source-"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        honest(path, **given)

    with small.open() as hub:
        run = plan_migration(hub, small.request(retention_days=1)).run.id
        carry_on(hub, run)
        small.clock.sleep(2 * 86_400)
        folder = hub.staging.folder / run

        def looked_after() -> bool:
            with hub.database.read() as connection:
                return (RETENTION, "") in passes.noted(connection)

        with monkeypatch.context() as patched:
            patched.setattr(os, "unlink", guarded)
            for _ in range(2):
                with pytest.raises(BatonError, match=rf"{run} \(Permission denied\)") as refused:
                    purge(hub)
                assert (refused.value.code, looked_after()) == ("not_deleted", False)
                assert [path.name.partition("-")[0] for path in folder.iterdir()] == ["source"], "all others are gone"
                for path in (folder, *folder.iterdir()):
                    os.utime(path, (time.time() - LONG_AGO,) * 2)
        assert purge(hub) == []
        assert (folder.exists(), looked_after()) == (False, True)


def test_files_that_stay_are_told_of_by_the_next_purge_too_however_young_they_are(
    small: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second purge of a day left them for the next day, said that all was gone, and noted that it had looked."""
    small.rows = [old_row(1)]

    def guarded(path: str, **_: int) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    with small.open() as hub:
        run = plan_migration(hub, small.request(retention_days=1)).run.id
        carry_on(hub, run)
        small.clock.sleep(2 * 86_400)
        being_planned = hub.staging.folder / "migration-1"
        being_planned.mkdir()
        with monkeypatch.context() as patched:
            patched.setattr(os, "unlink", guarded)
            for _ in range(2):
                with pytest.raises(BatonError) as refused:
                    purge(hub)
                assert refused.value.message == f"staged records could not be deleted: {run} (Permission denied)"
                with hub.database.read() as connection:
                    assert (RETENTION, "") not in passes.noted(connection)
        assert purge(hub) == []
        assert list(hub.staging.folders()) == [being_planned.name], "what may just be planned stays for a day"
        with hub.database.read() as connection:
            assert (RETENTION, "") in passes.noted(connection)


@pytest.mark.parametrize("left", ["replaced", "report"])
def test_what_cannot_be_deleted_beside_an_expired_run_is_told_of_as_well(
    small: Archive, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    """A file that a newer one has replaced, or an old report: the purge ended there, and told of neither."""
    small.rows = [old_row(1)]

    def guarded(path: str | Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with small.open() as hub:
        expired = plan_migration(hub, small.request(retention_days=1)).run.id
        carry_on(hub, expired)
        small.clock.sleep(3600)
        small.rows.append(old_row(2))
        kept = plan_migration(hub, small.request(retention_days=365)).run.id
        carry_on(hub, kept)
        small.clock.sleep(2 * 86_400)
        folder = hub.staging.folder / kept if left == "replaced" else hub.state_dir / REPORTS
        old = folder / "plan-000000-0000.sealed"
        old.parent.mkdir(exist_ok=True)
        old.write_bytes(b"old")
        os.utime(old, (time.time() - LONG_AGO,) * 2)
        with monkeypatch.context() as patched:
            patched.setattr(os, "unlink", guarded)
            patched.setattr(Path, "unlink", guarded)
            with pytest.raises(BatonError) as refused:
                purge(hub)
        why = "(Permission denied)"
        said = f"staged records could not be deleted: {expired} {why}; {folder.name}/{old.name} {why}"
        assert (refused.value.code, refused.value.message) == ("not_deleted", said)
        assert "nothing else" in refused.value.remedy, "the rest of that run's folder is to be kept"
        with hub.database.read() as connection:
            assert (RETENTION, "") not in passes.noted(connection)
        assert purge(hub) == []
        assert not old.exists()
