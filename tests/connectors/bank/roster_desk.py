"""What the tests of the payee roster share: a real server, the bank behind it, and our connector."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.model.account import AccountRef, AccountWrite, Action, Outcome
from baton.sandbox.openssh import find_sshd
from baton.sandbox.sftp import OpenSshServer, SftpServer
from connectors.bank.host_to_host.connector import HostToHost
from connectors.bank.host_to_host.simulator import Simulator


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


def age(path: Path, by_s: float = 3600.0) -> None:
    """A file that nobody has written at for so long."""
    then = time.time() - by_s
    os.utime(path, (then, then))
