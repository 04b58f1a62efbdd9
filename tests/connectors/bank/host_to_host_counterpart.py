"""The bank as the laws meet it: a real SFTP server, and for every bench a bank with a folder of its own on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from baton.sandbox.sftp import bank_sftp
from connectors.bank.host_to_host.simulator import Simulator


@contextmanager
def counterparts(scratch: Path) -> Iterator[Callable[[], Simulator]]:
    """OpenSSH where it can be had, else asyncssh's server."""
    numbers = itertools.count(1)
    with bank_sftp(scratch) as server:
        yield lambda: Simulator(server, folder=f"bank-{next(numbers)}")
