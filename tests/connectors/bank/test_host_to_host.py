"""The bank's payee roster against a real OpenSSH server (and, for the life cycle, asyncssh's stand-in)."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import ConnectorError, HaltError, InDoubtError, RetryableError
from baton.model.account import AccountRef, AccountState, AccountWrite, Action, Outcome
from baton.sandbox.openssh import find_sshd
from baton.sandbox.sftp import AsyncsshServer, OpenSshServer, SftpServer
from connectors.bank.host_to_host import remote
from connectors.bank.host_to_host.connector import HostToHost
from connectors.bank.host_to_host.exchange import Exchange
from connectors.bank.host_to_host.simulator import Simulator

pytestmark = pytest.mark.server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    sshd = find_sshd()
    if sshd is None:
        pytest.skip("SERVER NOT AVAILABLE: OpenSSH: no sshd on this machine, and none could be fetched")
    with OpenSshServer(tmp_path / "server", sshd=sshd) as running:
        assert running.real
        yield running


@pytest.fixture
def bank(server: SftpServer) -> Simulator:
    return Simulator(server)


def connector(bank: Simulator, **changes: object) -> HostToHost:
    client = Client(EgressRule.for_urls([bank.server.url], allow_private=True))
    return HostToHost(HostToHost.Settings(**{**bank.settings, **bank.secrets, **changes}), client)


def write(n: int, action: Action = Action.PROVISION, *, batch: str = "batch-1", version: int = 1, **fields: object):
    key = hashlib.sha256(f"{n} {action} {version}".encode()).hexdigest()
    return AccountWrite(key, AccountRef(f"{n:04d}"), action, version, fields, batch)


def people(bank: Simulator, *numbers: int, batch: str = "batch-1") -> list[AccountWrite]:
    return [write(n, batch=batch, **bank.sample(n)) for n in numbers]


def outcomes(receipts) -> list[Outcome]:
    return [receipt.outcome for receipt in receipts]


def files(bank: Simulator, folder: str = "in") -> list[str]:
    return sorted(path.name for path in (bank.server.root / folder).iterdir())


@pytest.mark.parametrize("kind", [OpenSshServer, AsyncsshServer])
def test_a_payee_is_added_changed_suspended_and_reactivated(kind: type[SftpServer], tmp_path: Path) -> None:
    if kind is OpenSshServer and find_sshd() is None:
        pytest.skip("SERVER NOT AVAILABLE: OpenSSH: no sshd on this machine, and none could be fetched")
    with kind(tmp_path / "server") as server:
        bank = Simulator(server)
        target = connector(bank)
        assert [finding.ok for finding in target.check()] == [True] * 4
        steps = [
            (target.provision, write(8, batch="b1", **bank.sample(8))),
            (target.update, write(8, Action.UPDATE, batch="b2", version=2, **bank.changed(8))),
            (target.disable, write(8, Action.DISABLE, batch="b3", version=3)),
            (target.enable, write(8, Action.ENABLE, batch="b4", version=4)),
        ]
        states = []
        for call, one in steps:
            assert outcomes(target.look_up([one])) == [Outcome.NOT_PERFORMED]
            assert outcomes(call([one])) == [Outcome.ACCEPTED]
            assert outcomes(target.results([one])) == outcomes(target.look_up([one])) == [Outcome.ACCEPTED]
            bank.process()
            assert outcomes(target.results([one])) == outcomes(target.look_up([one])) == [Outcome.DONE]
            (account,) = target.find([AccountRef("0008")])
            assert account is not None
            states.append(account.state)
        on, off = AccountState.ENABLED, AccountState.DISABLED
        assert states == [on, on, off, on]
        assert [entry.action for entry in bank.journal] == ["provision", "update", "disable", "enable"]
        assert account.fields == {
            "holder_name": "䶮测试8",
            "account_tail": "0008",
            "bank_code": "102100099996",
            "bank_name": "示例银行第二支行",
            "currency": "CNY",
        }
        assert bank.roster["0008"].values["account_number"] == bank.changed(8)["account_number"]
        assert target.find([AccountRef("9999")]) == [None]


def test_the_same_batch_twice_is_one_file_and_one_effect(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2, 3)
    first = target.provision(batch)
    content = (bank.drop / files(bank)[0]).read_bytes()
    assert outcomes(target.provision(batch[::-1])) == outcomes(first) == [Outcome.ACCEPTED] * 3
    assert [(bank.drop / name).read_bytes() for name in files(bank)] == [content]
    bank.process()
    assert outcomes(target.provision(batch)) == [Outcome.ACCEPTED] * 3
    assert bank.process() == 0
    assert len(bank.journal) == 3


def test_many_workers_with_the_same_batch_deliver_one_file(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, *range(50))
    with ThreadPoolExecutor(6) as pool:
        for receipts in pool.map(lambda _: target.provision(batch), range(6)):
            assert outcomes(receipts) == [Outcome.ACCEPTED] * 50
    assert len(files(bank)) == 1
    bank.process()
    assert len(bank.journal) == 50


def test_the_same_lines_in_another_file_are_applied_once(bank: Simulator) -> None:
    target = connector(bank)
    for batch in ("first", "second"):
        target.provision(people(bank, 1, 2, batch=batch))
    assert bank.process() == 2
    assert len(bank.journal) == 2
    assert outcomes(target.results(people(bank, 1, 2, batch="second"))) == [Outcome.DONE] * 2


@pytest.mark.parametrize("collected", ["archived", "vanishes"])
def test_a_file_the_bank_has_fetched_is_not_sent_again(server: SftpServer, collected: str) -> None:
    bank = Simulator(server, collected=collected)
    target, batch = connector(bank), people(bank, 1, 2)
    target.provision(batch)
    bank.process()
    assert files(bank) == []
    assert outcomes(target.provision(batch)) == [Outcome.ACCEPTED] * 2
    assert files(bank) == []
    assert outcomes(target.look_up(batch)) == [Outcome.DONE] * 2
    nowhere = {"archived": Outcome.NOT_PERFORMED, "vanishes": Outcome.IN_DOUBT}[collected]
    assert outcomes(target.look_up(people(bank, 1, batch="other"))) == [nowhere]


def test_a_crash_between_upload_and_rename_leaves_no_roster_file(
    bank: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    def crash(*_: object) -> bool:
        raise Crash

    target, batch = connector(bank), people(bank, 1)
    with monkeypatch.context() as patch:
        patch.setattr(remote.Session, "publish", crash)
        with pytest.raises(Crash):
            target.provision(batch)
    assert [name.endswith(".part") for name in files(bank)] == [True]
    assert bank.process() == 0
    assert outcomes(target.look_up(batch)) == [Outcome.NOT_PERFORMED]
    assert outcomes(target.provision(batch)) == [Outcome.ACCEPTED]
    assert [name.endswith(".hpf") for name in files(bank)] == [True]
    assert bank.process() == 1


def test_a_lost_answer_to_the_rename_is_in_doubt_and_found_by_look_up(
    bank: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = remote.Session._rename

    async def lose(self: remote.Session, part: str, path: str) -> bool:
        await rename(self, part, path)
        raise asyncssh.ConnectionLost("gone")

    target, batch = connector(bank), people(bank, 1)
    with monkeypatch.context() as patch:
        patch.setattr(remote.Session, "_rename", lose)
        with pytest.raises(InDoubtError):
            target.provision(batch)
    assert outcomes(target.look_up(batch)) == [Outcome.ACCEPTED]
    assert outcomes(target.provision(batch)) == [Outcome.ACCEPTED]
    assert len(files(bank)) == 1


def test_other_content_under_the_final_name_stops_everything(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    (name,) = files(bank)
    mine = (bank.drop / name).read_bytes()
    target.provision(people(bank, 2, batch="other"))
    other = next(bank.drop / found for found in files(bank) if found != name).read_bytes()
    for planted in (b"", b"garbage" * 100, mine[:-1], mine[:-100] + b"\0" * 100, other):
        (bank.drop / name).write_bytes(planted)
        with pytest.raises(HaltError) as caught:
            target.provision(batch)
        assert caught.value.code == "other_content"
        assert (bank.drop / name).read_bytes() == planted
    (bank.drop / name).write_bytes(mine)
    with pytest.raises(HaltError):  # the same batch id with other content is a broken promise of ours
        target.provision(people(bank, 1, 2))


def test_a_name_that_is_taken_during_the_upload_is_never_overwritten(
    bank: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, batch = connector(bank), people(bank, 1)
    upload = remote.Session.upload

    def upload_and_lose_the_race(self: remote.Session, path: str, data: bytes) -> str:
        part = upload(self, path, data)
        (bank.server.root / path).write_bytes(b"somebody else's")
        return part

    monkeypatch.setattr(remote.Session, "upload", upload_and_lose_the_race)
    with pytest.raises(HaltError) as caught:
        target.provision(batch)
    assert caught.value.code == "other_content"
    assert [(bank.drop / n).read_bytes() for n in files(bank) if n.endswith(".hpf")] == [b"somebody else's"]


def stranger() -> str:
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()


def test_a_wrong_host_key_stops_before_any_login(bank: Simulator) -> None:
    log = bank.server.directory / "sshd.log"
    before = log.read_text().count("publickey")
    target = connector(bank, host_keys=[stranger()])
    with pytest.raises(HaltError) as caught:
        target.provision(people(bank, 1))
    assert caught.value.code == "host_key"
    assert files(bank) == []
    assert [finding.ok for finding in target.check()] == [False]
    assert log.read_text().count("publickey") == before
    assert before > 0  # the log would show a login: the server's own start has left one
    other_kind = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    with pytest.raises(HaltError) as caught:
        connector(bank, host_keys=[other_kind]).provision(people(bank, 1))
    assert caught.value.code == "host_key"


def test_two_pins_bridge_a_change_of_the_host_key(bank: Simulator) -> None:
    target = connector(bank, host_keys=[stranger(), bank.server.host_key])
    assert outcomes(target.provision(people(bank, 1))) == [Outcome.ACCEPTED]
    with pytest.raises(ValueError, match="host_keys"):
        connector(bank, host_keys=[stranger(), stranger(), bank.server.host_key])


def test_refused_logins_missing_directories_and_dead_servers_are_told_apart(bank: Simulator) -> None:
    batch = people(bank, 1)
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    cases: list[tuple[dict[str, object], type[ConnectorError], str]] = [
        ({"client_key": key}, HaltError, "login"),
        ({"drop_directory": "nowhere"}, HaltError, "directory"),
        ({"server_url": "sftp://127.0.0.1:9"}, HaltError, "egress"),
    ]
    for changes, kind, code in cases:
        with pytest.raises(kind) as caught:
            connector(bank, **changes).provision(batch)
        assert caught.value.code == code
    target = connector(bank)
    bank.server.stop()
    with pytest.raises(RetryableError):
        target.provision(batch)
    assert [finding.ok for finding in target.check()] == [False]


def test_a_silent_server_ends_by_the_deadline(bank: Simulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bank.server.stop()
        client = Client(EgressRule(frozenset({f"127.0.0.1:{silent.getsockname()[1]}"}), allow_private=True))
        url = f"sftp://127.0.0.1:{silent.getsockname()[1]}"
        values = {**bank.settings, **bank.secrets, "server_url": url, "deadline_s": 0.5}
        started = time.monotonic()
        with pytest.raises(RetryableError):
            HostToHost(HostToHost.Settings(**values), client).provision(people(bank, 1))
        assert time.monotonic() - started < 5


# --- the bank's answers


def answer(bank: Simulator, lines: list[tuple[str, str, str, str]], **changes: str) -> None:
    """Plant an acknowledgement for the one file in the drop directory."""
    (name,) = files(bank)
    (bank.out / f"ack_{name}").write_bytes(bank.acknowledgement(name, changes.get("digest", digest_of(bank)), lines))


def digest_of(bank: Simulator) -> str:
    (name,) = files(bank)
    data = (bank.drop / name).read_bytes()
    return data.split(b'"plaintext_sha256":"')[1][:64].decode()


def line(one: AccountWrite, status: str = "APPLIED", reason: str = "") -> tuple[str, str, str, str]:
    return (one.key, status, reason, one.ref.number)


def test_the_bank_refuses_one_line_by_name_and_takes_the_others(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2, 3)
    bank.refuse[str(bank.sample(2)["account_number"])] = "NAME_MISMATCH"
    target.provision(batch)
    bank.process()
    receipts = target.results(batch)
    assert outcomes(receipts) == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
    assert receipts[1].code == "name_mismatch"
    assert "holder's name" in receipts[1].remedy
    assert [receipt.external_id for receipt in receipts] == ["0001", "0002", "0003"]
    assert sorted(bank.roster) == ["0001", "0003"]


def test_an_unknown_payee_and_an_older_version_are_refused_by_the_bank(bank: Simulator) -> None:
    target = connector(bank)
    target.provision([write(1, version=5, batch="b1", **bank.sample(1))])
    late = [write(1, Action.UPDATE, version=4, batch="b2", bank_name="旧"), write(2, Action.UPDATE, batch="b2")]
    target.update(late)
    bank.process()
    receipts = target.results(late)
    assert outcomes(receipts) == [Outcome.REFUSED] * 2
    assert [receipt.code for receipt in receipts] == ["stale_version", "payee_unknown"]
    assert list(bank.roster) == ["0001"]
    assert bank.roster["0001"].values["bank_name"] == bank.sample(1)["bank_name"]


def test_results_come_in_the_order_asked_across_batches(bank: Simulator) -> None:
    target = connector(bank)
    first, second = people(bank, 1, 2, batch="a"), people(bank, 3, batch="b")
    bank.refuse[str(bank.sample(1)["account_number"])] = "ACCOUNT_CLOSED"
    target.provision(first)
    bank.process()
    bank.answering = False
    target.provision(second)
    bank.process()
    mixed = [second[0], first[1], first[0]]
    assert outcomes(target.results(mixed)) == [Outcome.ACCEPTED, Outcome.DONE, Outcome.REFUSED]
    bank.answering = True
    bank.process()
    assert outcomes(target.results(mixed)) == [Outcome.DONE, Outcome.DONE, Outcome.REFUSED]


def test_pending_lines_stay_accepted_until_a_newer_answer(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    target.provision(batch)
    answer(bank, [line(batch[0]), line(batch[1], "PENDING")])
    assert outcomes(target.results(batch)) == [Outcome.DONE, Outcome.ACCEPTED]
    answer(bank, [line(batch[0]), line(batch[1], "DUPLICATE")])
    assert outcomes(target.results(batch)) == [Outcome.DONE, Outcome.DONE]


def wrong_answers(batch: list[AccountWrite], extra: AccountWrite) -> dict[str, list[tuple[str, str, str, str]]]:
    return {
        "fewer": [line(batch[0])],
        "none": [],
        "extra": [*map(line, batch), line(extra)],
        "other": [line(batch[0]), line(extra)],
        "double": [line(batch[0]), line(batch[1]), line(batch[1])],
    }


@pytest.mark.parametrize("which", ["fewer", "none", "extra", "other", "double"])
def test_an_answer_with_other_lines_than_the_file_settles_nothing(bank: Simulator, which: str) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    target.provision(batch)
    answer(bank, wrong_answers(batch, write(3))[which])
    for asked in (batch, batch[:1]):
        for ask in (target.results, target.look_up):
            with pytest.raises(InDoubtError) as caught:
                ask(asked)
            assert caught.value.code == "acknowledgement"


def test_an_answer_about_other_content_settles_nothing(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    answer(bank, [line(batch[0])], digest="0" * 64)
    with pytest.raises(InDoubtError):
        target.results(batch)


@pytest.mark.parametrize(("status", "reason"), [("applied", ""), ("OK", ""), ("", ""), ("REFUSED", "BAD_LUCK")])
def test_an_unknown_word_of_the_bank_is_its_own_loud_error(bank: Simulator, status: str, reason: str) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    answer(bank, [line(batch[0], status, reason)])
    with pytest.raises(HaltError) as caught:
        target.results(batch)
    assert caught.value.code == "unmapped_status"


def test_a_forged_or_displaced_answer_is_refused(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    (name,) = files(bank)
    digest = digest_of(bank)
    good = bank.acknowledgement(name, digest, [line(batch[0])])
    impostor = Simulator(bank.server)
    forgeries = {
        "signed by somebody else": impostor.acknowledgement(name, digest, [line(batch[0])]),
        "damaged": good[:200] + bytes([good[200] ^ 1]) + good[201:],
        "cut": good[:-1],
        "empty": b"",
        "of another file": bank.acknowledgement("roster_bank_0000000000000000.hpf", digest, [line(batch[0])]),
        "a statement": bank.sealed(f"ack_{name}", "baton/payee-roster-statement; profile=generic-1", b"", {}),
        "our own file": (bank.drop / name).read_bytes(),
    }
    for what, data in forgeries.items():
        (bank.out / f"ack_{name}").write_bytes(data)
        with pytest.raises(HaltError) as caught:
            target.results(batch)
        assert caught.value.code == "forged", what
    (bank.out / f"ack_{name}").write_bytes(good)
    assert outcomes(target.results(batch)) == [Outcome.DONE]


def test_an_answer_to_a_file_never_sent_is_loud(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    (name,) = files(bank)
    bank.process()
    (bank.drop / name).unlink()
    for call in (target.results, target.look_up, target.provision):
        with pytest.raises(HaltError) as caught:
            call(batch)
        assert caught.value.code == "never_sent"
    finding = next(found for found in target.check() if found.what == "answers to files never sent")
    assert not finding.ok
    assert finding.detail == f"ack_{name}"


def test_a_file_the_bank_refuses_as_a_whole_refuses_each_line(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    other = Ed25519PrivateKey.generate()
    bank._hub_signing, ours = other, bank._hub_signing
    bank_secrets = dict(bank.secrets)
    bank._hub_signing = ours
    assert bank_secrets["signing_key"] != bank.secrets["signing_key"]
    stranger_target = connector(bank, signing_key=bank_secrets["signing_key"])
    stranger_target.provision(batch)
    bank.process()
    receipts = stranger_target.results(batch)
    assert outcomes(receipts) == [Outcome.REFUSED] * 2
    assert receipts[0].code == "file_signature"
    assert bank.journal == []
    with pytest.raises(HaltError):  # and the rightful sender finds a stranger's file under its name
        target.provision(batch)


# --- what is sent


def test_lines_no_bank_could_take_are_refused_here_and_the_others_go(bank: Simulator) -> None:
    good = people(bank, 1)[0]
    wrong = {
        "account_number": "6222 0000",
        "bank_code": "1021",
        "holder_name": "测试\n甲",
        "currency": "cny",
        "identity_number": "x" * 19,
        "nickname": "甲",
    }
    batch = [good, *(write(n, **{**bank.sample(n), name: wrong[name]}) for n, name in enumerate(wrong, 2))]
    batch.append(write(90, **{name: v for name, v in bank.sample(90).items() if name != "holder_name"}))
    batch.append(write(91, **{**bank.sample(91), "holder_name": None}))
    batch.append(write(92, **{**bank.sample(92), "account_tail": "9999"}))
    batch.append(write(93, **{**bank.sample(93), "holder_name": " 测试"}))
    target = connector(bank)
    receipts = target.provision(batch)
    assert outcomes(receipts) == [Outcome.ACCEPTED] + [Outcome.REFUSED] * 10
    assert not any("测试" in receipt.message + receipt.remedy for receipt in receipts)
    bank.process()
    assert list(bank.roster) == ["0001"]
    assert outcomes(target.results(batch)) == [Outcome.DONE] + [Outcome.REFUSED] * 10
    assert outcomes(target.provision([write(5, batch="none", bank_code="1")])) == [Outcome.REFUSED]
    assert len(files(bank)) == 1


def test_fields_not_given_stay_and_none_clears(bank: Simulator) -> None:
    target = connector(bank)
    target.provision(people(bank, 1))
    target.update([write(1, Action.UPDATE, batch="b2", version=2, bank_name=None)])
    for _ in range(2):
        bank.process()
    (account,) = target.find([AccountRef("0001")])
    assert account is not None
    assert account.fields["bank_name"] is None
    assert account.fields["holder_name"] == bank.sample(1)["holder_name"]


def test_writes_of_several_batches_make_several_files(bank: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    target = connector(bank)
    mixed = [people(bank, n, batch=f"b{n % 2}")[0] for n in range(1, 6)]
    put_once = Exchange.put_once
    calls = []

    def fail_the_second(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise RetryableError("gone", code="unreachable")
        put_once(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Exchange, "put_once", fail_the_second)
        with pytest.raises(InDoubtError):  # the first file is there: not "nothing happened"
            target.provision(mixed)
    assert len(files(bank)) == 1
    assert outcomes(target.provision(mixed)) == [Outcome.ACCEPTED] * 5
    assert len(files(bank)) == 2
    bank.process()
    assert outcomes(target.results(mixed)) == [Outcome.DONE] * 5
    assert len(bank.journal) == 5


def test_nothing_personal_is_readable_on_the_server(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    target.provision(batch)
    bank.process()
    secrets = [str(value) for one in batch for name, value in one.fields.items() if name != "currency"]
    secrets += [one.ref.number for one in batch]
    contents = [path.read_bytes() for path in bank.server.root.rglob("*.hpf")]
    names = " ".join(path.name for path in bank.server.root.rglob("*"))
    assert len(contents) == 4
    for secret in secrets:
        if len(secret) > 4:
            assert not any(secret.encode() in content for content in contents)
            assert secret not in names


# --- the roster statement


def test_scan_reads_the_newest_statement_and_insists_on_a_fresh_one(bank: Simulator) -> None:
    target = connector(bank)
    bank.seed([{"payee_number": "0012", "status": "SUSPENDED", **bank.sample(12)}])
    assert [(a.number, a.state) for a in target.scan()] == [("0012", AccountState.DISABLED)]

    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(hours=49)

        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(time.sleep)

    later = Client(EgressRule.for_urls([bank.server.url], allow_private=True), clock=Later())
    with pytest.raises(RetryableError) as caught:
        HostToHost(target.settings, later).find([AccountRef("0012")])
    assert caught.value.code == "stale_statement"
    statements = sorted(bank.out.glob("roster_statement_*"))
    statements[0].rename(bank.out / "roster_statement_99991231T235959Z_000001.hpf")
    with pytest.raises(HaltError) as halted:  # an old statement under a new name
        target.find([AccountRef("0012")])
    assert halted.value.code == "forged"
    for path in bank.out.iterdir():
        path.unlink()
    with pytest.raises(RetryableError) as caught:
        target.find([AccountRef("0012")])
    assert caught.value.code == "no_statement"


# --- kill -9

UPLOADER = """
import sys
from connectors.bank.host_to_host.connector import HostToHost
from baton.client import Client
from baton.egress import EgressRule
import json
values = json.loads(sys.stdin.read())
client = Client(EgressRule.for_urls([values["server_url"]], allow_private=True))
settings = HostToHost.Settings(**values)
with settings.server().session(client) as session:
    part = session.upload("in/" + sys.argv[1], bytes(60_000_000))
    session.publish(part, "in/" + sys.argv[1])
"""


def wait_until(ready: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_kill_9_during_an_upload_leaves_a_part_and_no_roster_file(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1)
    name = target.provision(batch)[0].evidence["file"]
    (bank.drop / name).unlink()
    values = json.dumps({**bank.settings, **bank.secrets})
    kept: list[Path] = []
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", UPLOADER, name], stdin=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            process.stdin.write(values)
            process.stdin.close()
            wait_until(lambda: any(path.stat().st_size for path in bank.drop.iterdir()))
            process.send_signal(signal.SIGKILL)
            process.wait()
        (left,) = bank.drop.iterdir()
        assert left.suffix == ".part"
        assert left.stat().st_size < 60_000_000
        kept.append(left.rename(bank.server.root / left.name))
    for part in kept:
        part.rename(bank.drop / part.name)
    assert bank.process() == 0
    assert outcomes(target.provision(batch)) == [Outcome.ACCEPTED]
    assert files(bank) == [name]
    assert bank.process() == 1
    assert outcomes(target.results(batch)) == [Outcome.DONE]
