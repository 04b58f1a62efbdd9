"""How much CPU time a PostgreSQL server has taken, all of its processes together."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.servers.postgres import Postgres

_ENDING_S = 0.3


def server_cpu_s(server: Postgres) -> float:
    """Seconds since its start: ended processes and running ones. Always 0 where there is no /proc."""
    if not sys.platform.startswith("linux"):
        return 0.0
    time.sleep(_ENDING_S)  # the processes of connections that were just closed
    with server.connect() as connection:
        found = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert found is not None
        master = int(_stat(found[0])[1])
        running = sum(_own(stat) for stat in _all() if int(stat[1]) == master)
        main = _stat(master)
        ended = int(main[13]) + int(main[14])
        return (running + _own(main) + ended) / os.sysconf("SC_CLK_TCK")


def _all() -> list[list[str]]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            found.append(_stat(int(place.name)))
        except OSError:
            continue  # ended meanwhile
    return found


def _stat(process: int) -> list[str]:
    """From the state on, as proc(5) numbers them from the third field: [1] is the parent."""
    return Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()


def _own(stat: list[str]) -> int:
    return int(stat[11]) + int(stat[12])
