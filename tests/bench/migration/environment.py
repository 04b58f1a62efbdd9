"""An environment for the peers, thrown away afterwards: what they want must not change what the hub runs on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.bench.migration.measure import HERE, ROOT

PEERS: Final = HERE / "peers"
INSTALL_S: Final = 600


class NoPeersError(Exception):
    """The peers cannot be had here; why."""


def peers_python(folder: Path) -> Path:
    """A Python with the pinned peers, below ``folder``. `NoPeersError` where they cannot be installed."""
    uv = _uv()
    python = folder / "bin" / "python"
    steps = (
        [uv, "venv", "--quiet", "--python", sys.executable, folder],
        [uv, "pip", "sync", "--quiet", "--python", python, PEERS / "requirements.txt"],
    )
    for step in steps:
        try:
            done = subprocess.run(
                [str(part) for part in step], capture_output=True, text=True, timeout=INSTALL_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoPeersError(f"uv: {error}") from error
        if done.returncode:
            raise NoPeersError(f"uv {step[1]}: {done.stderr.strip()[-600:]}")
    return python


def _uv() -> str:
    beside = (ROOT / ".venv" / "bin" / "uv", ROOT / ".uv" / "bin" / "uv")
    found = next((str(place) for place in beside if place.exists()), shutil.which("uv"))
    if found is None:
        raise NoPeersError("there is no uv: run make ready-to-test")
    return found
