"""The bank's payee roster against a real OpenSSH server (and, for the life cycle, asyncssh's stand-in)."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncssh
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import ConnectorError, HaltError, InDoubtError, RetryableError
from baton.model.account import AccountRef, AccountState, Action, Outcome
from baton.sandbox.openssh import find_sshd
from baton.sandbox.sftp import AsyncsshServer, OpenSshServer, SftpServer
from connectors.bank.host_to_host import remote
from connectors.bank.host_to_host.connector import HostToHost
from connectors.bank.host_to_host.simulator import Simulator
from tests.connectors.bank.roster_desk import connector, files, outcomes, people, write

pytestmark = pytest.mark.server


@pytest.mark.parametrize("kind", [OpenSshServer, AsyncsshServer])
def test_a_payee_is_added_changed_suspended_and_reactivated(kind: type[SftpServer], tmp_path: Path) -> None:
    if kind is OpenSshServer and find_sshd() is None:
        pytest.skip("SERVER NOT AVAILABLE: OpenSSH: no sshd on this machine, and none could be fetched")
    with kind(tmp_path / "server") as server:
        bank = Simulator(server)
        target = connector(bank)
        assert [finding.ok for finding in target.check()] == [True] * 5
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


@pytest.mark.parametrize("lost", [asyncssh.SFTPConnectionLost("gone"), asyncssh.SFTPPermissionDenied("no")])
def test_parts_that_cannot_be_removed_take_nothing_away_from_a_roster_that_is_there(
    bank: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, lost: asyncssh.Error
) -> None:
    async def lose(self: remote.Session, directory: str) -> dict[str, int]:
        raise lost

    target, batch = connector(bank), people(bank, 1)
    with monkeypatch.context() as patch:
        patch.setattr(remote.Session, "_names", lose)
        assert outcomes(target.provision(batch)) == [Outcome.ACCEPTED]
        assert outcomes(target.provision(batch)) == [Outcome.ACCEPTED]
    (name,) = files(bank)
    assert f"parts of {name} were left at the bank" in caplog.text


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
