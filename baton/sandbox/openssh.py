"""Where an sshd comes from: the machine, or its distribution's package unpacked into a cache without installing it."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_LOG = logging.getLogger(__name__)
_FETCH_S: Final = 120
_USUAL_PLACES: Final = "/usr/sbin:/usr/local/sbin:/sbin:/opt/homebrew/sbin"


@dataclass(frozen=True, slots=True)
class Sshd:
    """A usable sshd: the binary, its version, and what it needs when it does not stand where it was built for."""

    binary: Path
    version: str
    environment: dict[str, str] = field(default_factory=dict)
    configuration: tuple[str, ...] = ()


def default_cache() -> Path:
    """``.servers/openssh`` in the working directory (the checkout)."""
    return Path.cwd() / ".servers" / "openssh"


def installed_sshd() -> Sshd | None:
    """The sshd that this machine has; None when there is none that runs. Fetches nothing."""
    path = os.pathsep.join([os.environ.get("PATH", ""), _USUAL_PLACES])
    installed = shutil.which("sshd", path=path)
    return None if installed is None else _usable(Path(installed), Path("/"))


def find_sshd(cache: Path | None = None) -> Sshd | None:
    """An sshd of this machine, or one unpacked into ``cache`` (fetched when missing); None when none can be had."""
    installed = installed_sshd()
    if installed is not None:
        return installed
    tree = (cache or default_cache()) / "tree"
    if not (tree / "usr/sbin/sshd").exists() and not _fetch(tree):
        return None
    return _usable(tree / "usr/sbin/sshd", tree)


def _usable(binary: Path, tree: Path) -> Sshd | None:
    """The sshd with the settings it needs inside ``tree``, or None when it does not run."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
    configuration: tuple[str, ...] = ()
    if tree != Path("/"):
        found = sorted({str(library.parent) for library in tree.rglob("*.so.*")})
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(found)
        # OpenSSH 9.8 split sshd; the parts are looked for where the package would have put them.
        parts = {"SshdSessionPath": "sshd-session", "SshdAuthPath": "sshd-auth"}
        places = {keyword: tree / "usr/lib/openssh" / name for keyword, name in parts.items()}
        configuration = tuple(f'{keyword} "{place}"' for keyword, place in places.items() if place.exists())
    answer = subprocess.run(
        [str(binary), "-V"], capture_output=True, text=True, timeout=10, check=False, env=environment
    )
    version = answer.stderr.partition(",")[0].strip()
    if not version.startswith("OpenSSH"):
        _LOG.warning("%s does not run here: %s", binary, answer.stderr.strip()[:200])
        return None
    return Sshd(binary, version.splitlines()[-1], environment, configuration)


def _fetch(tree: Path) -> bool:
    """Download and unpack the distribution's package; True when the tree stands."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return False
    tree.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=tree.parent) as name:
        work = Path(name)
        if not (_download(work, []) or _download(work, _own_lists(work))):
            return False
        unpacked = work / "tree"
        for package in work.glob("*.deb"):
            _run(["dpkg", "-x", str(package), str(unpacked)], work)
        if not (unpacked / "usr/sbin/sshd").exists():
            return False
        try:
            unpacked.rename(tree)
        except OSError:  # another process was faster
            return (tree / "usr/sbin/sshd").exists()
    return True


def _download(work: Path, options: list[str]) -> bool:
    """openssh-server and those of its libraries this machine lacks."""
    plan = _run(["apt-get", *options, "install", "-s", "--no-install-recommends", "openssh-server"], work)
    missing = [line.split()[1] for line in plan.stdout.splitlines() if line.startswith("Inst lib")]
    return _run(["apt-get", *options, "download", "openssh-server", *missing], work).returncode == 0


def _own_lists(work: Path) -> list[str]:
    """Fresh package lists of our own, for an image that ships without; needs no root."""
    for folder in ("lists/partial", "archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    options = ["-o", f"Dir::State::Lists={work / 'lists'}", "-o", f"Dir::Cache={work}"]
    _run(["apt-get", *options, "update"], work)
    return options


def _run(command: list[str], work: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    answer = subprocess.run(
        command, capture_output=True, text=True, timeout=_FETCH_S, check=False, cwd=work, env=environment
    )
    if answer.returncode != 0:
        _LOG.info("%s failed: %s", command[0], answer.stderr.strip()[-300:])
    return answer
