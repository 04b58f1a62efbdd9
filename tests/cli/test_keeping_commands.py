"""audit, keys, doctor."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys

import pytest

import baton.hub.keys as hub_keys
from baton import settings
from baton.audit.checkpoint import Signer
from baton.audit.public_keys import PublicKeys
from baton.errors import TamperedError
from baton.hub import Hub
from baton.hub.sync import SyncRequest, preview_sync
from baton.store.personal import Keyring
from tests.cli.conftest import leaver, person


@pytest.fixture
def synced(company):
    company.ok("keys", "init")
    company.ok("run", "sync", "--as", "hr1")
    return company


def keyring(company):
    return json.loads((company.root / "secrets/hub/keyring").read_text())


def test_keys_are_made_once_and_for_the_owner_only(company):
    written = company.ok("keys", "init", "--json").json["written"]
    assert len(written) == 2
    before = company.files()
    assert company.ok("keys", "init", "--json").json["written"] == []
    assert company.files() == before
    for name in ("keyring", "audit_key"):
        assert (company.root / "secrets/hub" / name).stat().st_mode & 0o777 == 0o600
    assert (company.root / "secrets/hub").stat().st_mode & 0o077 == 0
    assert "nothing was written" in company.ok("keys", "init").out


def test_two_inits_at_once_keep_the_first_keys(company, monkeypatch):
    company.ok("keys", "init")
    before = company.files()
    loaded = settings.load(company.systems)
    monkeypatch.setattr("baton.vault.Vault.find", lambda *_: None)  # the other one has not written yet when we look
    with pytest.raises(FileExistsError):
        hub_keys.create_keys(loaded)
    assert company.files() == before


def test_rotation_seals_everything_again_and_old_copies_stay_readable(synced):
    first = Keyring.load((synced.root / "secrets/hub/keyring").read_text())
    said = synced.ok("keys", "rotate", "--json").json
    assert (said["version"], said["sealed"]) == (2, 61)
    for table, column in (("person_versions", "sealed"), ("effects", "payload")):
        versions = {sealed[1:5] for (sealed,) in synced.query(f"select {column} from {table}")}
        assert versions == {(2).to_bytes(4, "big")}
    assert first.active == 1
    assert set(keyring(synced)["encryption"]) == {"1", "2"}
    assert synced.ok("run", "sync", "--json").json["plan"]["effects"] == []
    kinds = [json.loads(body) for (body,) in synced.query("select body from audit_entries where kind = 'keys'")]
    assert [entry["keyring"] for entry in kinds] == ["rotated", "sealed"]
    synced.ok("audit", "verify") if (synced.root / "state/checkpoints").exists() else None
    assert synced.ok("keys", "rotate", "--json").json["version"] == 3


def test_a_new_key_is_on_the_disk_before_anything_is_sealed_with_it(synced, monkeypatch):
    steps: list[str] = []
    fsync, seal = os.fsync, Keyring.seal

    def flushed(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def sealing(*given, **place) -> bytes:
        steps.append("sealed")
        return seal(*given, **place)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Keyring, "seal", sealing)
    synced.ok("keys", "rotate")
    assert steps[:3] == ["file", "folder", "sealed"]


def test_an_interrupted_rotation_goes_on_with_the_same_key(synced, monkeypatch):
    real = hub_keys._seal_again
    done = []

    def dies(*arguments):
        if len(done) == 7:
            raise KeyboardInterrupt
        done.append(1)
        return real(*arguments)

    monkeypatch.setattr(hub_keys, "_seal_again", dies)
    monkeypatch.setattr(hub_keys, "chunked", lambda rows, _size: [[row] for row in rows])
    assert synced.baton("keys", "rotate").code == 2
    monkeypatch.undo()
    monkeypatch.chdir(synced.root)
    assert keyring(synced)["active"] == 2
    assert synced.ok("run", "sync", "--json").json["plan"]["effects"] == []  # old and new are both readable
    said = synced.ok("keys", "rotate", "--json").json
    assert (said["version"], said["sealed"]) == (2, 54)
    assert keyring(synced)["active"] == 2


def test_a_process_with_the_old_keys_reads_what_was_sealed_with_the_new(synced):
    with Hub(settings.load(synced.systems)) as old:
        people, effects = old.people, old.effects
        synced.ok("keys", "rotate")
        assert old.keyring.active == 1
        with old.database.read() as connection:
            (line,) = people.timelines(connection, ["0012"], old.clock.now()).values()
            assert line[0].employee.full_name == "测试䶮"
            assert len(effects.read(connection)) == 30
        assert old.keyring.active == 2
        synced.feed([person(n, 岗位="经理") for n in range(1, 31)])
        assert len(preview_sync(old, SyncRequest()).drafted) == 30


def test_a_key_version_that_nobody_has_does_not_open(synced):
    synced.query("update person_versions set sealed = cast(x'0100000009' || substr(sealed, 6) as blob)")
    with Hub(settings.load(synced.systems)) as hub, hub.database.read() as connection, pytest.raises(TamperedError):
        hub.people.timelines(connection, ["0012"], hub.clock.now())


def test_two_rotations_at_once_agree_on_one_key(synced):
    """Both have opened the hub with version 1; a second version 2 would make the first one's rows unreadable."""
    with Hub(settings.load(synced.systems)) as one, Hub(settings.load(synced.systems)) as two:
        first, second = hub_keys.rotate_keys(one), hub_keys.rotate_keys(two)
        next(first)
        next(second)
        list(first)
        list(second)
        assert one.keyring.active == two.keyring.active == 2
        assert one.keyring.encryption_keys == two.keyring.encryption_keys
    synced.ok("run", "sync")


def test_keys_that_live_elsewhere_are_not_rotated_here(synced, monkeypatch):
    """The environment is looked at first: a new key in the file would seal rows that nobody could read."""
    monkeypatch.setenv("BATON_SECRET__HUB__KEYRING", Keyring.generate().to_text())
    before = synced.files()
    said = synced.baton("keys", "rotate", "--json")
    assert (said.code, said.json["faults"][0]["rule"]) == (2, "keyring_elsewhere")
    assert {name: digest for name, digest in synced.files().items() if name.startswith("secrets")} == {
        name: digest for name, digest in before.items() if name.startswith("secrets")
    }


def test_without_keys_the_hub_says_how_to_make_them(company):
    company.begin_anew()
    said = company.baton("plan", "sync", "--json")
    assert (said.code, said.json["faults"][0]["rule"]) == (2, "no_keyring")
    assert "baton keys init" in said.err
    assert "BATON_SECRET__HUB__KEYRING" in said.err
    assert not (company.root / "state").exists()


def test_a_keyring_that_is_lost_or_damaged_is_to_be_brought_back_not_made_anew(synced):
    keyring = synced.root / "secrets/hub/keyring"
    keyring.write_text("junk")
    assert "put the copy of it back" in synced.baton("plan", "sync").err
    assert "to_text" not in synced.baton("plan", "sync").err
    keyring.unlink()
    assert "put the copy of it back" in synced.baton("plan", "sync").err


def test_the_audit_log_is_proven_here_and_elsewhere(synced, tmp_path_factory, monkeypatch):
    assert synced.baton("audit", "verify", "--json").json["verdict"] == "unproven"
    signed = synced.ok("audit", "checkpoint", "--json").json
    assert synced.ok("audit", "verify", "--json").json["verdict"] == "proven"
    synced.feed([person(n, 岗位="经理") for n in range(1, 31)])
    synced.ok("run", "sync")
    later = synced.ok("audit", "verify", "--json").json
    assert later["proven"] == signed["size"] < later["entries"]
    elsewhere = tmp_path_factory.mktemp("auditor")
    export = elsewhere / "log.jsonl"
    count = synced.ok("audit", "export", str(export), "--json").json["entries"]
    assert count == later["entries"]
    text = export.read_text("utf-8")
    for value in ("测试", "p12@example.com", "13800000012"):
        assert value not in text
    public = (synced.root / "state/audit.pub").read_text()
    (elsewhere / "audit.pub").write_text(public)
    (elsewhere / "note").write_text((synced.root / signed["path"]).read_text())
    offline = ["audit", "verify", "--export", "log.jsonl", "--key", "audit.pub", "--checkpoint", "note", "--json"]

    def auditor():
        return subprocess.run(
            [sys.executable, "-c", "from baton.cli import main; main()", *offline],
            cwd=elsewhere,
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin", "HOME": str(elsewhere)},
            timeout=60,
        )

    done = auditor()
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "proven"), done
    export.write_text(text.replace('"to":"done"', '"to":"refused"', 1), "utf-8")
    assert auditor().returncode == 2
    export.write_text("".join(text.splitlines(keepends=True)[: signed["size"] - 1]), "utf-8")
    assert auditor().returncode == 2


def test_a_checkpoint_that_is_brought_to_the_hub_is_compared_and_a_key_that_is_brought_is_believed(synced):
    signed = synced.root / synced.ok("audit", "checkpoint", "--json").json["path"]
    good, edited, junk = (synced.root / name for name in ("good", "edited", "junk"))
    good.write_bytes(signed.read_bytes())
    assert synced.ok("audit", "verify", "--checkpoint", "good", "--json").json["checkpoints"] == 2
    edited.write_bytes(good.read_bytes().replace(b"\n", b"\n9", 1))
    junk.write_text("garbage")
    for brought in ("edited", "junk"):
        said = synced.baton("audit", "verify", "--checkpoint", brought, "--json")
        assert (said.code, said.json["verdict"]) == (2, "tampered")
    (synced.root / "other.pub").write_text(f"{PublicKeys(Signer.generate('other/audit').verifier)}\n")
    said = synced.baton("audit", "verify", "--key", "other.pub", "--json")
    assert (said.code, said.json["verdict"]) == (2, "tampered")


@pytest.mark.parametrize("key", ["", "nonsense", "name+00000000+AAAA", "\udcff"])
def test_what_is_no_public_key_is_said_to_be_none(synced, key):
    synced.ok("audit", "checkpoint")
    synced.ok("audit", "export", "log.jsonl")
    (synced.root / "bad.pub").write_bytes(key.encode("utf-8", "surrogateescape"))
    note = str(next((synced.root / "state/checkpoints").glob("checkpoint-*")))
    said = synced.baton("audit", "verify", "--export", "log.jsonl", "--key", "bad.pub", "--checkpoint", note, "--json")
    assert (said.code, said.json["error"]) in ((2, "configuration"), (2, "malformed"))


def test_an_offline_check_needs_all_three(synced):
    synced.ok("audit", "export", "log.jsonl")
    said = synced.baton("audit", "verify", "--export", "log.jsonl", "--json")
    assert (said.code, said.json["error"]) == (2, "usage")


@pytest.mark.parametrize(
    "damage",
    [
        "update audit_entries set body = replace(body, 'planned', 'refused') where seq = 5",
        "delete from audit_entries where seq = 5",
        "delete from audit_entries where seq > 5",
        "update audit_entries set at = '2020-01-01T00:00:00.000000Z' where seq = 3",
    ],
)
def test_a_changed_log_is_found_and_not_signed(synced, damage):
    synced.ok("audit", "checkpoint")
    synced.query(damage)
    assert synced.baton("audit", "verify").code == 2
    assert synced.baton("audit", "checkpoint", "--json").json["error"]
    assert synced.baton("doctor").code == 2


def test_doctor_of_a_healthy_hub(synced):
    said = synced.ok("doctor", "--json").json
    assert said["well"]
    said = synced.ok("doctor").out
    assert "in order" in said
    for remedy in ("install Python", "chmod 600", "kill-switch off"):
        assert remedy not in said


def test_doctor_lists_everything_without_starting_anything(company):
    company.begin_anew()
    company.edit("    rate: {calls: 10000, burst: 1000}\n", "    rate: {calls: -1}\n    treads: 4\n")
    company.edit("path: feed, settle_s: 0", "pth: feed")
    said = company.baton("doctor", "--json")
    assert said.code == 2
    details = [finding["detail"] for finding in said.json["findings"] if not finding["ok"]]
    lines = {re.search(r"systems\.yaml:(\d+):", detail).group(1) for detail in details}
    assert len(details) >= 3
    assert len(lines) >= 3
    assert not (company.root / "state").exists()


def test_doctor_sees_readable_secrets(synced):
    (synced.root / "secrets/crm/client_secret").chmod(0o644)
    said = synced.baton("doctor", "--json")
    assert said.code == 2
    assert "client_secret" in said.out


def test_doctor_does_not_call_a_file_its_owners_alone_that_the_group_can_read(synced):
    keyring = synced.root / "secrets/hub/keyring"
    keyring.chmod(0o640)
    (found,) = [f for f in synced.ok("doctor", "--json").json["findings"] if f["what"] == "secret files"]
    assert (found["ok"], found["detail"]) == (True, f"readable by the group: {keyring}")


def test_a_keyring_of_another_store_is_not_in_order_and_stops_a_restore(synced):
    synced.ok("backup", "kept")
    ring = synced.root / "secrets/hub/keyring"
    good = ring.read_text()
    (found,) = [f for f in synced.ok("doctor", "--json").json["findings"] if f["what"].startswith("keys of")]
    assert found["detail"] == "version 1 is active; opens what is sealed here (versions: 1)"
    ring.write_text(Keyring.generate().to_text())
    said = synced.baton("doctor", "--json")
    (found,) = [f for f in said.json["findings"] if f["what"].startswith("keys of")]
    assert (said.code, found["ok"]) == (2, False)
    assert str(ring) in found["detail"]
    before = synced.rows()
    for command in (("files", "kept", "--as", "ops", "--why", "a drill"), ("read-back",)):
        said = synced.baton("restore", *command)
        assert (said.code, "not the one of this store" in said.err) == (2, True)
    assert synced.rows() == before
    ring.write_text(good)
    synced.ok("restore", "files", "kept", "--as", "ops", "--why", "a drill")


def test_what_a_restore_replaced_is_named_once_it_holds_somebody_who_was_erased(synced):
    def replaced():
        findings = synced.baton("doctor", "--json").json["findings"]
        return next(
            (f["ok"], f["detail"], f["remedy"]) for f in findings if f["what"] == "databases that were replaced"
        )

    assert replaced() == (True, "none is kept", "")
    synced.ok("backup", "kept")
    synced.ok("restore", "files", "kept", "--as", "ops", "--why", "a drill")
    (folder,) = (synced.root / "state").glob("before-restore-*")
    assert replaced() == (True, f"kept beside: {folder}", "")
    synced.ok("restore", "read-back")
    synced.ok("restore", "open", "--as", "other", "--why", "looked")
    synced.feed([leaver(n) if n == 12 else person(n) for n in range(1, 31)])
    synced.ok("run", "sync", "--as", "hr1")
    synced.ok("person", "erase", "0012", "--as", "hr1", "--why", "a letter")
    said = synced.ok("person", "erase", "0012", "--as", "dpo", "--confirm")
    assert f"{folder} holds what a restore replaced, them included" in said.out
    ok, detail, remedy = replaced()
    assert (ok, detail) == (False, f"hold people who were erased since: {folder}")
    assert "delete these folders" in remedy
    shutil.rmtree(folder)
    assert replaced() == (True, "none is kept", "")


def test_the_key_of_the_audit_log_is_replaced_and_what_it_signed_still_holds(synced):
    synced.ok("audit", "checkpoint")
    before = (synced.root / "secrets/hub/audit_key").read_text()
    said = synced.ok("keys", "rotate-audit", "--json").json
    assert (synced.root / "secrets/hub/audit_key").read_text() != before
    assert (synced.root / "secrets/hub/audit_key").stat().st_mode & 0o777 == 0o600
    current, former = (synced.root / "state/audit.pub").read_text().splitlines()
    assert said["key"] in current
    assert before.split("+")[3] in former
    assert synced.ok("audit", "verify", "--json").json["verdict"] == "proven"
    notes = sorted((synced.root / "state/checkpoints").glob("checkpoint-*.txt"))
    assert len(notes) >= 2
    synced.ok("audit", "export", "log.jsonl")
    offline = ("audit", "verify", "--export", "log.jsonl", "--key", "state/audit.pub", "--json")
    for note in notes:
        assert synced.ok(*offline, "--checkpoint", str(note)).json["verdict"] == "proven"


def test_a_backup_a_restore_and_what_a_person_may_ask_for(synced):
    synced.ok("backup", "kept")
    assert synced.baton("backup", "kept").code == 2
    calls = len(synced.crm.journal)
    synced.feed([person(n, 岗位="组长" if n == 3 else "客户经理") for n in range(1, 32)])
    synced.ok("run", "sync", "--as", "hr1")
    written = len(synced.crm.journal)
    assert written > calls
    assert "nothing is sent to crm" in synced.ok("restore", "files", "kept", "--as", "ops", "--why", "a drill").out
    assert synced.baton("run", "sync", "--as", "hr1").code == 2
    said = synced.baton("restore", "status", "--json")
    assert (said.code, said.json) == (1, {"unread": ["crm"], "read_back": [], "not_in_use": [], "files": []})
    found = synced.baton("doctor", "--json").json["findings"]
    assert [each["remedy"] for each in found if each["what"] == "kill switches"] == ["baton restore status"]
    said = synced.baton("restore", "declare", "nothing", "has", "--as", "ops", "--why", "called", "--json")
    assert (said.code, said.json["error"]) == (2, "not_asked")
    (report,) = synced.ok("restore", "read-back", "--json").json["systems"]
    assert report["counts"]["adopted"] == 1
    assert synced.baton("restore", "open", "--as", "ops", "--why", "hurry").code == 2
    synced.ok("restore", "open", "--as", "other", "--why", "looked")
    synced.ok("restore", "status")
    synced.ok("run", "sync", "--as", "hr1")
    assert len(synced.crm.journal) == written
    synced.ok("person", "export", "0012", "--out", "copy", "--as", "hr1")
    assert "测试䶮" in (synced.root / "copy/everything.json").read_text("utf-8")
    assert (synced.root / "copy/data.csv").stat().st_mode & 0o777 == 0o600
    said = synced.baton("person", "erase", "0012", "--as", "hr1", "--why", "too early", "--json")
    assert (said.code, said.json["error"]) == (2, "unfinished")
    assert "kept too long" in synced.ok("retention").out
