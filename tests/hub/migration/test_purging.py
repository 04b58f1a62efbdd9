"""What the nightly purge meets while somebody plans or writes a report beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from baton.hub.migration.planning import plan_migration
from baton.hub.migration.retention import REPORTS, purge
from baton.hub.migration.running import carry_on
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
        carry_on(hub, newer)
        assert purge(hub) == [newer]
