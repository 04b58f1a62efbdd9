"""A restore that fails, or dies, leaves what it found: the log that goes on keeps every checkpoint that protects it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baton.audit.verify import Verdict
from baton.errors import ConfigurationError, TamperedError
from baton.hub import proof
from baton.hub.keeping import backup, erasing, ledger
from baton.store.migrate import HEAD
from tests.hub.keeping.conftest import World
from tests.hub.keeping.leaver import erase, lived, sync
from tests.rig.company import row

Make = Callable[..., World]


def beside(it: World) -> dict[str, bytes]:
    """What lies in the state directory, but for the database and its own files."""
    found = (path for path in it.hub.state_dir.rglob("*") if path.is_file())
    return {
        str(path.relative_to(it.hub.state_dir)): path.read_bytes() for path in found if "hub.sqlite3" not in str(path)
    }


def told(it: World) -> int:
    with it.hub.database.read() as connection:
        kind = sa.text("SELECT count(*) FROM audit_entries WHERE kind = 'checkpoints_set_aside'")
        return int(connection.execute(kind).scalar_one())


def signed_since(it: World) -> Path:
    """A backup between two checkpoints, and somebody erased after it."""
    lived(it)
    proof.checkpoint(it.hub)
    kept = it.back_up()
    it.company.rows.append(row("0050"))
    sync(it)
    proof.checkpoint(it.hub)
    erase(it)
    return kept


def fails(it: World, kept: Path, error: type[BaseException]) -> None:
    before = beside(it)
    it.hub.close()
    with pytest.raises(error):
        it.restore_only(kept)
    it.hub = it.company.open()
    assert beside(it) == before
    assert not list(it.hub.state_dir.glob("*.restoring*")), "no copy of the backup is left lying"


def test_one_that_is_refused_takes_no_checkpoint_from_the_log_that_goes_on(world: Make) -> None:
    it = world()
    kept = signed_since(it)
    good = ledger.path(it.hub).read_text("utf-8")
    ledger.path(it.hub).write_text(good.replace('"0001"', '"0002"'), "utf-8")
    fails(it, kept, TamperedError)
    assert proof.verify(it.hub).checkpoints == 2
    ledger.path(it.hub).write_text(good, "utf-8")
    assert it.restore(kept).set_aside == 1
    assert told(it) == 1
    assert proof.verify(it.hub).verdict is Verdict.PROVEN


@pytest.mark.parametrize("step", ["replay", "exchange"])
def test_nor_does_one_that_dies_before_the_database_is_in_its_place(
    world: Make, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    it = world()
    kept = signed_since(it)
    rename = Path.rename

    def killed(*given: Any) -> Path:
        if not isinstance(given[0], Path) or given[0].name.endswith(".restoring"):
            raise KeyboardInterrupt
        renamed: Path = rename(*given)
        return renamed

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        if step == "replay":
            patch.setattr(erasing, "replay", killed)
        it.hub.close()
        with pytest.raises(KeyboardInterrupt):
            it.restore_only(kept)
    it.hub = it.company.open()
    assert proof.verify(it.hub).checkpoints == 2
    assert not list(it.hub.state_dir.glob("*.restoring*"))


def test_one_that_dies_before_it_has_set_them_aside_is_called_again(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = world()
    kept = signed_since(it)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    it.hub.close()
    with monkeypatch.context() as patch:
        patch.setattr(proof, "set_aside", killed)
        with pytest.raises(KeyboardInterrupt):
            it.restore_only(kept)
    it.hub = it.company.open()
    assert proof.verify(it.hub).findings, "it is not passed over"
    it.company.clock.advance(timedelta(seconds=1))
    assert it.restore(kept).set_aside == 1
    assert told(it) == 1
    assert proof.verify(it.hub).verdict is Verdict.PROVEN


def test_a_log_that_does_not_hold_is_refused_before_anything_is_fenced(world: Make) -> None:
    it = world()
    lived(it)
    proof.checkpoint(it.hub)
    with it.hub.database.write() as connection:
        connection.execute(sa.text("UPDATE audit_entries SET body = '{}' WHERE seq = 1"))
    fails(it, it.back_up(), TamperedError)


def test_a_backup_and_what_comes_back_from_it_are_for_their_owner_only(world: Make) -> None:
    it = world()
    lived(it)
    kept = it.back_up()
    assert (kept / backup.DATABASE).stat().st_mode & 0o777 == 0o600
    (kept / backup.DATABASE).chmod(0o644)  # carried through other hands
    it.restore(kept)
    assert (it.hub.state_dir / "hub.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_backup_of_a_newer_baton_is_told_as_such(world: Make) -> None:
    it = world()
    lived(it)
    newer = sa.text("UPDATE alembic_version SET version_num = :number")
    with it.hub.database.write() as connection:
        connection.execute(newer, {"number": "0099"})
    kept = it.back_up()
    with it.hub.database.write() as connection:
        connection.execute(newer, {"number": HEAD})
    fails(it, kept, ConfigurationError)
