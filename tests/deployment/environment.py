"""The environment of the image, made beside ours: what ``uv sync --extra celery`` of the Dockerfile installs."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.deployment.compose import ROOT

PLACE = ROOT / ".servers" / "celery"
_EXTRA = "celery"


def ready() -> Path:
    """The folder with its programs; installed on the first call and whenever the lock file has changed."""
    stamp = PLACE / "stamp"
    wanted = hashlib.sha256((ROOT / "uv.lock").read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        _install(PLACE)
        stamp.write_text(wanted, encoding="utf-8")
    return PLACE / "bin"


def _install(place: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(exist_ok=True)
    python = ("--python", str(place / "bin" / "python"))
    pins = place.with_suffix(".pins")
    export = ("export", "--frozen", "--quiet", "--no-default-groups", "--extra", _EXTRA, "--no-emit-project")
    # The lock names the public index's files; exported, their digests decide, wherever they come from.
    for arguments in (
        (*export, "--format", "requirements-txt", "--output-file", str(pins)),
        ("venv", "--quiet", "--python", sys.executable, str(place)),
        ("pip", "sync", "--quiet", "--require-hashes", *python, str(pins)),
        ("pip", "install", "--quiet", "--no-deps", *python, "--editable", str(ROOT)),
    ):
        subprocess.run([uv, *arguments], cwd=ROOT, check=True)
