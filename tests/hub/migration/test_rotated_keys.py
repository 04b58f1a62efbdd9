"""Keys rotated while a migration can still be taken back: its staged records open with the new key alone."""

from __future__ import annotations

import copy
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.engine.settle import Verdict
from baton.hub import Hub
from baton.hub import keys as hub_keys
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.proving import proven_so_far
from baton.hub.migration.retention import purge
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.settings import HubSettings
from baton.store.personal import Keyring
from baton.store.staging import Stage, Staged
from baton.store.tables import staged
from baton.vault import FileSecrets, Vault
from tests.rig.company import KEYS
from tests.rig.records import Archive, old_row

TWO_DAYS_AGO = 2 * 24 * 3600.0


class KilledError(Exception):
    """The process ends here."""


@pytest.fixture
def kept(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """An archive whose keyring is a file, as it is where keys are rotated."""
    former = archive.settings

    def settings() -> HubSettings:
        found = former()
        return replace(found, vault=Vault([FileSecrets(found.hub.secrets_dir), *found.vault.providers]))

    monkeypatch.setattr(archive, "settings", settings)
    place = settings().hub.secrets_dir / "hub"
    place.mkdir(parents=True)
    (place / "keyring").write_text(KEYS, "utf-8")
    return archive


def moved(hub: Hub, archive: Archive) -> str:
    archive.rows = [old_row(number) for number in range(1, 301)]
    plan = plan_migration(hub, archive.request())
    assert carry_on(hub, plan.run.id).verdict is Verdict.CLEAN
    return plan.run.id


def rotated(hub: Hub) -> tuple[int, int]:
    return list(hub_keys.rotate_keys(hub))[-1]


def without_the_first(archive: Archive) -> None:
    """As the manual has it once no backup needs the old version any more."""
    ring = archive.settings().hub.secrets_dir / "hub" / "keyring"
    ring.write_text(Keyring.load(ring.read_text("utf-8")).retire(1).to_text(), "utf-8")


def records(hub: Hub, run_id: str) -> list[Staged]:
    with hub.database.read() as connection:
        return [each for stage in Stage for each in hub.staging.of(connection, run_id, stage).values()]


def files(hub: Hub, run_id: str) -> set[Path]:
    return set((hub.staging.folder / run_id).iterdir())


def test_a_migration_is_taken_back_though_the_key_it_was_staged_with_is_gone(kept: Archive) -> None:
    before = copy.deepcopy(kept.shelf.rows)
    with kept.open() as hub:
        run_id = moved(hub, kept)
        count = len(records(hub, run_id))
        done, total = rotated(hub)
        assert done == total > count, "each staged record is counted, beside the rows"
    without_the_first(kept)
    with kept.open() as hub:
        assert proven_so_far(hub, run_id).counts["compared"] == 300, "the sealed figures open as well"
        assert carry_on(hub, plan_rollback(hub, run_id, "tester").id).verdict is Verdict.CLEAN
    assert kept.shelf.rows == before


@pytest.mark.parametrize("step", ["staging_again", "staged_again"])
def test_killed_between_file_and_row_every_record_opens_and_the_rotation_goes_on(kept: Archive, step: str) -> None:
    with kept.open() as hub:
        run_id = moved(hub, kept)

        def killed(point: str) -> None:
            if point == step:
                raise KilledError

        hub.crash_point = killed
        with pytest.raises(KilledError):
            rotated(hub)
        hub.crash_point = lambda _: None
        for record in records(hub, run_id):
            hub.staging.read(record)
        rotated(hub)
        assert hub.keyring.active == 2, "it goes on with the key it has made"
    without_the_first(kept)
    with kept.open() as hub:
        for record in records(hub, run_id):
            hub.staging.read(record)


def test_who_has_read_the_rows_before_still_finds_the_files_for_a_day(kept: Archive) -> None:
    with kept.open() as hub:
        run_id = moved(hub, kept)
        former, there = records(hub, run_id), files(hub, run_id)
        for path in there:
            os.utime(path, (time.time() - TWO_DAYS_AGO,) * 2)
        rotated(hub)
        purge(hub)
        for record in former:
            hub.staging.read(record)
        for path in files(hub, run_id):
            os.utime(path, (time.time() - TWO_DAYS_AGO,) * 2)
        purge(hub)
        assert not there & files(hub, run_id)
        assert {hub.keyring.key_version(path.read_bytes()) for path in files(hub, run_id)} == {2}
        for record in records(hub, run_id):
            hub.staging.read(record)


def test_a_record_that_was_replaced_or_deleted_meanwhile_stays_so(kept: Archive) -> None:
    with kept.open() as hub:
        run_id = moved(hub, kept)
        record = records(hub, run_id)[0]
        frame = hub.staging.read(record)

        def others(point: str) -> None:
            if point == "staging_again":
                hub.crash_point = lambda _: None
                newer = hub.staging.write((run_id, record.stage, record.number), frame.head(1))
                with hub.database.write() as connection:
                    hub.staging.keep(connection, [newer])
                    connection.execute(sa.delete(staged).where(staged.c.stage == Stage.RESULT.value))

        hub.crash_point = others
        done, total = rotated(hub)
        assert done < total, "what is gone was not sealed again"
        kinds = {each.stage for each in records(hub, run_id)}
        assert Stage.RESULT not in kinds
        (now,) = [each for each in records(hub, run_id) if (each.stage, each.number) == (record.stage, record.number)]
        assert hub.staging.read(now).height == 1
