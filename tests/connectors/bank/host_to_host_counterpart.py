"""The bank as the laws meet it: a real SFTP server, and for every bench a bank with a folder of its own on it.

The wire to the server can break in the middle of an upload, as a simulator in memory would have it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from baton.sandbox.sftp import SftpServer, bank_sftp
from connectors.bank.host_to_host.simulator import Simulator
from tests.connectors.bank.cutting_proxy import CuttingProxy

_HALF_WAY_BYTES = 90_000
"""More than a login takes and less than the laws' payment files have."""


class BehindAWire(Simulator):
    """The bank, reached through a wire that can break."""

    def __init__(self, server: SftpServer, folder: str, wire: CuttingProxy) -> None:
        self._wire = wire
        super().__init__(server, folder=folder)

    @property
    def settings(self) -> Mapping[str, object]:
        return {**super().settings, "server_url": f"sftp://127.0.0.1:{self._wire.port}"}

    def cut_next_upload(self) -> None:
        self._wire.cut_after(_HALF_WAY_BYTES)


@contextmanager
def counterparts(scratch: Path) -> Iterator[Callable[[], Simulator]]:
    """OpenSSH where it can be had, else asyncssh's server."""
    numbers = itertools.count(1)
    with bank_sftp(scratch) as server, CuttingProxy(server.host, server.port) as wire:
        yield lambda: BehindAWire(server, f"bank-{next(numbers)}", wire)
