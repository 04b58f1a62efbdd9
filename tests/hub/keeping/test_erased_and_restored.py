"""Going back to a backup that knows nothing of an erasure since, nor of whom came after it under the same number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.contracts import Finding
from baton.errors import TamperedError
from baton.hub import health
from baton.hub.keeping import erasing, ledger, restoring
from baton.hub.keeping.reading_back import ReadBack, read_back
from baton.model.account import AccountState
from baton.store.copying import erasures_in
from baton.store.folders import LostLinkError
from baton.store.tables import erasures
from tests.hub.keeping.conftest import OPERATOR, OTHER, World
from tests.hub.keeping.leaver import CANARY, erase, lived, sync, words
from tests.rig.company import row
from tests.rig.targets import UpsertTarget

Make = Callable[..., World]
LEFT = {"status": "departed", "last_day": "2026-11-24", "contract_end": "2026-11-24"}


def hired_again_and_restored(it: World) -> None:
    """Somebody was erased after the backup, hired again, and given an account of which the backup knows nothing."""
    lived(it)
    kept = it.back_up()
    erase(it)
    it.company.clock.advance(timedelta(days=1))
    it.company.rows[0] = row("0001", name="测试新人", mobile="13700000001")
    sync(it)
    assert it.company.truths["crm"].accounts["0001"].state is AccountState.ENABLED
    it.company.clock.advance(timedelta(days=1))
    it.restore(kept)


def read_back_and_opened(it: World) -> ReadBack:
    (report,) = [each for each in read_back(it.hub) if each.system == "crm"]
    restoring.open_systems(it.hub, OTHER, "looked at all of it")
    return report


def test_who_was_hired_again_before_a_restore_is_read_back_with_their_account(world: Make) -> None:
    it = world(targets={"crm": UpsertTarget})
    hired_again_and_restored(it)
    truth = it.company.truths["crm"]
    written = len(truth.journal)
    report = read_back_and_opened(it)
    assert (report.trouble, report.look_at, report.counts["adopted"]) == ("", [], 1)
    sync(it)
    assert len(truth.journal) == written, "nothing is written that is there"
    it.company.clock.advance(timedelta(days=1))
    it.company.rows[0] = {**row("0001", name="测试新人", mobile="13700000001"), **LEFT}
    sync(it)
    assert truth.accounts["0001"].state is AccountState.REMOVED
    assert truth.stale() == []


def test_of_an_account_in_use_of_who_was_erased_and_is_nobody_now_the_second_person_is_told(world: Make) -> None:
    it = world()
    hired_again_and_restored(it)
    it.company.rows[0] = {**row("0001", name="测试新人", mobile="13700000001"), **LEFT}
    report = read_back_and_opened(it)
    assert (report.trouble, report.look_at) == ("", ["erased_in_use 0001"])
    sync(it)
    assert it.company.truths["crm"].accounts["0001"].state is AccountState.ENABLED, "nobody here ends it"


def test_the_account_that_a_system_has_kept_of_who_was_erased_is_passed_over(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    erase(it)
    it.restore(kept)
    report = read_back_and_opened(it)
    assert (report.trouble, report.look_at, report.counts["accounts"]) == ("", [], 10)


def test_a_ledger_that_was_lost_or_cut_short_is_told_and_brings_nobody_back(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    erase(it)
    file = ledger.path(it.hub)
    copy = file.read_bytes()
    assert ledger_finding(it).ok
    for broken in (None, b""):
        if broken is None:
            file.unlink()
        else:
            file.write_bytes(broken)
        finding = ledger_finding(it)
        assert (finding.ok, "0001" in finding.detail, "put the copy" in finding.remedy) == (False, True, True)
        with pytest.raises(TamperedError, match="0001") as refused:
            it.restore(kept)
        assert refused.value.code == "ledger_short"
        assert not list((it.folder / "state").glob("before-restore-*")), "nothing was replaced"
        it.hub = it.company.open()
    file.write_bytes(copy)
    assert it.restore(kept).erased == ["0001"]
    assert CANARY not in words(it)
    assert ledger_finding(it).ok


@pytest.mark.parametrize("folder", ["reports", "reports/old"])
def test_while_the_disk_of_the_reports_is_away_nobody_is_erased_nor_counts_as_erased(world: Make, folder: str) -> None:
    it = world()
    lived(it)
    disk, link = it.folder / "other-disk", it.hub.state_dir / folder
    disk.mkdir()
    (disk / "a.json").write_bytes(b'{"row": "0001"}')
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(disk)
    kept = it.back_up()
    disk.rename(it.folder / "unplugged")
    with pytest.raises(LostLinkError, match=f"{link} is a link"):
        erase(it)
    assert ledger.read(it.hub) == ()
    assert CANARY in words(it)
    (it.folder / "unplugged").rename(disk)
    erasing.decide(it.hub, "0001", OTHER)
    assert list(disk.iterdir()) == []
    (disk / "b.json").write_bytes(b'{"row": "0001"}')
    disk.rename(it.folder / "unplugged")
    with pytest.raises(LostLinkError):
        it.restore(kept)
    it.hub = it.company.open()
    with pytest.raises(LostLinkError):
        restoring.begin(it.hub, OPERATOR, "set back by other tools")
    with it.hub.database.read() as connection:
        assert list(it.hub.runs.engaged(connection)) == [], "nothing was changed"
    (it.folder / "unplugged").rename(disk)
    assert it.restore(kept).erased == ["0001"]
    assert list(disk.iterdir()) == []


def test_a_backup_that_tells_of_erasures_tells_on_a_new_machine_that_the_ledger_is_lost(world: Make) -> None:
    it = world()
    lived(it)
    erase(it)
    kept = it.back_up()
    file = ledger.path(it.hub)
    copy = file.read_bytes()
    it.hub.close()
    for path in [*file.parent.glob("hub.sqlite3*"), file]:
        path.unlink()
    with pytest.raises(TamperedError, match="0001") as refused:
        it.restore_only(kept)
    assert refused.value.code == "ledger_short"
    assert not list(file.parent.glob("hub.sqlite3*")), "nothing was put in its place"
    file.write_bytes(copy)
    it.restore(kept)
    assert ledger_finding(it).ok


def test_where_no_copy_of_the_ledger_is_left_a_restore_goes_on_by_a_word_and_doctor_goes_on_saying_so(
    world: Make,
) -> None:
    it = world()
    lived(it)
    erase(it)
    kept = it.back_up()
    ledger.path(it.hub).unlink()
    it.hub.close()
    settings, opening = it.company.settings(), it.company.open_with
    restoring.restore(settings, kept, OPERATOR, "the disk has died", ledger_lost=True, opening=opening)
    it.hub = it.company.open()
    assert CANARY not in words(it)
    assert not ledger_finding(it).ok


def test_a_ledger_that_knows_more_than_the_database_is_whole(world: Make) -> None:
    it = world()
    lived(it)
    erase(it)
    with it.hub.database.write() as connection:
        connection.execute(sa.delete(erasures))
    assert ledger_finding(it).ok


def test_a_database_that_nobody_can_read_any_more_keeps_no_backup_from_taking_its_place(tmp_path: Path) -> None:
    file = tmp_path / "hub.sqlite3"
    assert erasures_in(file) == set()
    file.write_bytes(b"no database" * 1000)
    assert erasures_in(file) == set()


def ledger_finding(it: World) -> Finding:
    (found,) = [each for each in health._examine_hub(it.hub) if each.what == "ledger of erasures"]
    return found
