"""The audit key is replaced: wherever that ends, what the log says and what signs agree once it is called again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.audit.checkpoint import Signer
from baton.audit.verify import Verdict
from baton.errors import ConfigurationError
from baton.hub import Hub, health, proof
from baton.hub.keeping import backup, erasing, ledger
from baton.hub.keeping.audit_key import rotate_audit_key
from baton.settings import HubSettings
from baton.vault import FileSecrets, Vault
from tests.rig.clock import VirtualClock
from tests.rig.company import SIGNER, Company
from tests.rig.targets import KeyTarget

STEPS = (
    *("audit_key_signed_off", "audit_key_waiting", "audit_key_announcing"),
    *("audit_key_announced", "audit_key_renewed"),
)
ANNOUNCED = STEPS[3:]
"""Steps at which the log has told of the new key."""


class KilledError(Exception):
    """The process ends here."""


class Site(Company):
    """A company whose audit key is a file, as it is where keys are replaced."""

    def settings(self) -> HubSettings:
        found = super().settings()
        return replace(found, vault=Vault([FileSecrets(found.hub.secrets_dir), *found.vault.providers]))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with living(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3") as opened:
        yield opened


@pytest.fixture
def hub_on_both(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with living(tmp_path, database_url) as opened:
        yield opened


@contextmanager
def living(folder: Path, url: str) -> Iterator[Hub]:
    """A hub whose log has been signed once."""
    place = folder / "secrets" / "hub"
    place.mkdir(parents=True)
    (place / "audit_key").write_text(SIGNER.secret_text, "utf-8")
    with Site(folder, url, VirtualClock(), {"crm": KeyTarget}).open() as opened:
        say(opened)
        proof.checkpoint(opened)
        yield opened


def say(hub: Hub) -> None:
    """Something that is in the log."""
    with hub.database.write() as connection:
        hub.runs.engage(connection, "all", "ops-zhao", "a test")


def key_file(hub: Hub) -> Signer:
    return Signer.from_text(hub.settings.hub.secrets_dir.joinpath("hub", "audit_key").read_text("utf-8"))


def told(hub: Hub) -> list[tuple[str, str]]:
    """(former, new) of every announcement, in order."""
    with hub.database.read() as connection:
        rows = connection.execute(sa.text("SELECT body FROM audit_entries WHERE kind = 'keys' ORDER BY seq")).scalars()
        bodies = [json.loads(body) for body in rows]
    return [(body["former"], body["audit_key"]) for body in bodies if "audit_key" in body]


def die_at(step: str) -> Callable[[str], None]:
    def killed(point: str) -> None:
        if point == step:
            raise KilledError

    return killed


def agree(hub: Hub) -> None:
    """Log, file and public keys speak of one key, and everything signed so far holds."""
    say(hub)
    proof.checkpoint(hub)
    published = proof.published(hub)
    assert published is not None
    in_use = key_file(hub).verifier
    assert (published.current, told(hub)[-1][1]) == (in_use, in_use.key_id)
    formers = [former for former, _ in told(hub)]
    assert formers == [SIGNER.verifier.key_id, *(new for _, new in told(hub)[:-1])], "a chain without a gap"
    assert len(published.former) == len(formers)
    assert proof.verify(hub).verdict is Verdict.PROVEN
    assert [path.name for path in hub.settings.hub.secrets_dir.joinpath("hub").iterdir()] == ["audit_key"]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_is_healed_by_calling_it_again(hub: Hub, step: str) -> None:
    hub.crash_point = die_at(step)
    with pytest.raises(KilledError):
        rotate_audit_key(hub)
    hub.crash_point = lambda _: None
    say(hub)
    assert proof.verify(hub).findings == (), "what is signed holds meanwhile as well"
    assert rotate_audit_key(hub) == key_file(hub).verifier.key_id
    assert len(told(hub)) == 1, "one key is new, however often it was tried"
    agree(hub)


@pytest.mark.parametrize("step", STEPS)
def test_a_log_signed_by_the_schedule_in_between_keeps_nothing_from_being_healed(hub: Hub, step: str) -> None:
    hub.crash_point = die_at(step)
    with pytest.raises(KilledError):
        rotate_audit_key(hub)
    hub.crash_point = lambda _: None
    say(hub)
    proof.checkpoint(hub)
    rotate_audit_key(hub)
    agree(hub)


def test_a_commit_that_fails_leaves_the_key_that_signs_in_its_place(hub: Hub) -> None:
    before = key_file(hub)
    failing = [True]

    def commit(_: object) -> None:
        if failing:
            raise KilledError

    proof.checkpoint(hub)
    sa.event.listen(hub.database.engine, "commit", commit)
    try:
        with pytest.raises(KilledError):
            rotate_audit_key(hub)
    finally:
        failing.clear()
    assert (key_file(hub), told(hub)) == (before, [])
    rotate_audit_key(hub)
    agree(hub)


def test_a_commit_of_which_nobody_heard_counts(hub: Hub) -> None:
    """The answer was lost, the entry is there: no second key is announced."""
    hub.crash_point = die_at("audit_key_announced")
    with pytest.raises(KilledError):
        rotate_audit_key(hub)
    hub.crash_point = lambda _: None
    ((_, announced),) = told(hub)
    assert rotate_audit_key(hub) == announced
    agree(hub)


def test_two_people_at_once_make_a_chain(hub: Hub, tmp_path: Path) -> None:
    """The second comes between the announcement of the first and its end: it ends what the first has begun."""
    others: list[str] = []

    def another(point: str) -> None:
        if point == "audit_key_announced" and not others:
            others.append("")
            with Site(tmp_path, hub.settings.database.get_secret_value(), VirtualClock(), {}).open() as second:
                others[0] = rotate_audit_key(second)

    hub.crash_point = another
    assert rotate_audit_key(hub) == others[0]
    agree(hub)


def test_it_is_replaced_as_often_as_it_is_asked_for(hub_on_both: Hub) -> None:
    assert len({rotate_audit_key(hub_on_both) for _ in range(3)}) == 3
    agree(hub_on_both)


def test_half_a_file_of_public_keys_never_lies_there(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    before = proof.published(hub)
    rename = Path.rename

    def killed(path: Path, target: Path) -> Path:
        if Path(target).name == "audit.pub":
            raise KilledError
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KilledError):
            rotate_audit_key(hub)
    assert proof.published(hub) == before
    rotate_audit_key(hub)
    assert len(told(hub)) == 1
    agree(hub)


def test_a_key_that_is_kept_elsewhere_is_not_replaced_here(hub: Hub) -> None:
    hub.settings.hub.secrets_dir.joinpath("hub", "audit_key").unlink()
    with pytest.raises(ConfigurationError, match="replace it where it is kept"):
        rotate_audit_key(hub)
    assert told(hub) == []


def test_a_former_key_put_back_signs_nothing_and_is_told(hub: Hub) -> None:
    rotate_audit_key(hub)
    say(hub)
    place = hub.settings.hub.secrets_dir.joinpath("hub", "audit_key")
    newest, given_out = place.read_text("utf-8"), (hub.state_dir / "audit.pub").read_text("utf-8")
    place.write_text(SIGNER.secret_text, "utf-8")
    for refused in (proof.checkpoint, proof.verify, rotate_audit_key, proof.signer):
        with pytest.raises(ConfigurationError, match="comes from an old copy") as told_so:
            refused(hub)
        assert [fault.rule for fault in told_so.value.faults] == ["old_audit_key"]
    with pytest.raises(ConfigurationError, match="comes from an old copy"):
        backup.take(hub, hub.state_dir.parent / "backup")
    (finding,) = [each for each in health._examine_hub(hub) if each.what == "key of the audit log"]
    assert not finding.ok
    assert (hub.state_dir / "audit.pub").read_text("utf-8") == given_out
    place.write_text(newest, "utf-8")
    agree(hub)


def test_a_clock_that_was_ahead_when_the_former_key_signed_leaves_its_checkpoints_proven(hub: Hub) -> None:
    clock = hub.clock
    assert isinstance(clock, VirtualClock)
    clock.advance(timedelta(hours=1))
    say(hub)
    proof.checkpoint(hub)
    clock.set_wrong(timedelta(hours=-1))
    rotate_audit_key(hub)
    agree(hub)


def test_it_leaves_them_proven_also_where_the_log_was_signed_again_since(hub: Hub) -> None:
    clock = hub.clock
    assert isinstance(clock, VirtualClock)
    clock.advance(timedelta(hours=1))
    proof.checkpoint(hub)
    say(hub)
    clock.advance(timedelta(minutes=1))
    proof.checkpoint(hub)
    clock.set_wrong(timedelta(hours=-1))
    say(hub)
    proof.checkpoint(hub)
    rotate_audit_key(hub)
    agree(hub)


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_clock_that_was_ahead_leaves_the_ledger_and_the_backups_of_the_former_key_valid(
    hub: Hub, tmp_path: Path, interrupted: bool
) -> None:
    clock = hub.clock
    assert isinstance(clock, VirtualClock)
    clock.set_wrong(timedelta(hours=1))
    kept = backup.take(hub, tmp_path / "kept").folder
    clock.advance(timedelta(minutes=1))
    ledger.note(hub, ledger.Forgotten("0001", clock.now(), "director-sun"))
    if not interrupted:
        erasing.replay(hub)
    clock.set_wrong(timedelta(hours=-1))
    rotate_audit_key(hub)
    clock.advance(timedelta(days=2))
    assert erasing.replay(hub).numbers == (["0001"] if interrupted else [])
    assert backup.opened(hub, kept).folder == kept
    agree(hub)


def test_a_ledger_put_back_without_its_last_newline_takes_the_next_erasure(hub: Hub) -> None:
    ledger.note(hub, ledger.Forgotten("0001", hub.clock.now(), "director-sun"))
    file = ledger.path(hub)
    file.write_text(file.read_text("utf-8").rstrip("\n"), "utf-8")
    ledger.note(hub, ledger.Forgotten("0002", hub.clock.now(), "director-sun"))
    assert [each.number for each in ledger.read(hub)] == ["0001", "0002"]
