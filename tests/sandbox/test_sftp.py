"""The bank's SFTP server in the sandbox: where sshd comes from, and what both servers have in common."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import asyncssh
import pytest

from baton.sandbox import openssh, sftp
from baton.sandbox.openssh import Sshd, find_sshd
from baton.sandbox.sftp import AsyncsshServer, OpenSshServer, SftpServer, bank_sftp

SERVERS = [pytest.param(OpenSshServer, marks=pytest.mark.server), AsyncsshServer]


def needs_sshd() -> Sshd:
    sshd = find_sshd()
    if sshd is None:
        pytest.skip("SERVER NOT AVAILABLE: OpenSSH: no sshd on this machine, and none could be fetched")
    return sshd


async def visit(server: SftpServer, client_key: str | None = None) -> dict[str, object]:
    """What a client sees: its start directory, and what a plain rename onto an existing name does."""
    nothing: list[asyncssh.SSHKey] = []
    async with (
        asyncssh.connect(
            server.host,
            server.port,
            username=server.username,
            client_keys=[asyncssh.import_private_key(client_key or server.client_key)],
            known_hosts=([asyncssh.import_public_key(server.host_key)], nothing, nothing),
            config=None,
            agent_path=None,
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        for name in ("a", "b"):
            async with client.open(name, "xb") as target:
                await target.write(name.encode())
        with pytest.raises(asyncssh.SFTPFailure):
            await client.rename("a", "b")
        with pytest.raises(asyncssh.SFTPFailure):
            await client.open("a", "xb")
        await client.rename("a", "c")
        return {"names": sorted({str(name) for name in await client.listdir(".")} - {".", ".."})}


@pytest.mark.parametrize("kind", SERVERS)
def test_a_client_starts_in_root_and_rename_never_overwrites(kind: type[SftpServer], tmp_path: Path) -> None:
    if kind is OpenSshServer:
        needs_sshd()
    with kind(tmp_path) as server:
        assert server.title.startswith("OpenSSH" if kind.real else "asyncssh")
        assert ("stand-in" in server.title) is not kind.real
        assert asyncio.run(visit(server)) == {"names": ["b", "c"]}
        assert {path.name: path.read_text() for path in server.root.iterdir()} == {"b": "b", "c": "a"}
        port = server.port
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass


@pytest.mark.parametrize("kind", SERVERS)
def test_keys_survive_a_restart_and_strangers_stay_out(kind: type[SftpServer], tmp_path: Path) -> None:
    if kind is OpenSshServer:
        needs_sshd()
    pins = []
    for _ in range(2):
        with kind(tmp_path) as server:
            pins.append((server.host_key, server.client_key))
            stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
            with pytest.raises(asyncssh.PermissionDenied):
                asyncio.run(visit(server, stranger))
    assert pins[0] == pins[1]
    assert (tmp_path / "client_key").stat().st_mode & 0o077 == 0


def test_without_sshd_the_stand_in_takes_over_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sftp, "find_sshd", lambda: None)
    with bank_sftp(tmp_path) as server:
        assert not server.real
        assert "stand-in" in server.title
    assert "stand-in" in caplog.text
    with pytest.raises(RuntimeError, match="no sshd"):
        OpenSshServer(tmp_path)


def test_an_sshd_that_does_not_start_is_replaced_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sftp, "find_sshd", lambda: Sshd(Path("/bin/false"), "OpenSSH_0"))
    with bank_sftp(tmp_path) as server:
        assert not server.real
    assert "does not start" in caplog.text


@pytest.mark.server
def test_a_path_sshd_cannot_take_falls_back(tmp_path: Path) -> None:
    needs_sshd()
    with bank_sftp(tmp_path / "with blank") as server:
        assert not server.real
    with bank_sftp(tmp_path / "without") as server:
        assert server.real


def test_nothing_is_found_where_nothing_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openssh.shutil, "which", lambda *_, **__: None)
    assert find_sshd(tmp_path / "cache") is None


def test_an_sshd_that_does_not_run_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openssh.shutil, "which", lambda name, **_: "/bin/true" if name == "sshd" else None)
    assert find_sshd(tmp_path / "cache") is None
