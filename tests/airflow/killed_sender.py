"""A worker that dies while it sends a wave: after the writing, before anything of it is stored."""

from __future__ import annotations

import os
import sys

from baton.hub import Hub
from baton.hub.migration import running
from baton.settings import load


def _die(point: str) -> None:
    if point == "written":
        os._exit(9)


if __name__ == "__main__":
    systems_file, run_id, wave = sys.argv[1:]
    running.LEASE_S = 1.0  # type: ignore[misc] - whoever comes next need not wait a minute
    with Hub(load(systems_file), crash_point=_die) as hub:
        running.Running(hub, run_id).send(int(wave))
