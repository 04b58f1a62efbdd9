"""Make ``.venv`` from ``uv.lock`` on a machine that has nothing but Python 3.11 or newer.

    python3 tools/bootstrap.py [--group NAME ...]

Without a group: what running Baton needs. Groups add what testing needs (``dev``, ``counterpart``). Run again it does
nothing, in a fraction of a second, until ``uv.lock`` or ``pyproject.toml`` changes; groups that are there stay there.

uv does the installing. It is taken from PATH, else installed with pip into ``.uv/``, else (Debian's Python has neither
venv nor pip until asked) its wheel is fetched from the package index with nothing but the standard library and checked
against the digests below. An index set for pip or uv is used for everything.
"""

from __future__ import annotations

import argparse
import configparser
import hashlib
import io
import os
import platform
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / ".baton-stamp"
TOOL = ROOT / ".uv"
TOOL_UV = TOOL / "bin" / "uv"

OLDEST_PYTHON = (3, 11)
UV_VERSION = "0.13.9"
OLDEST_UV = (0, 8, 0)
"""The first whose lock files look like ours; an older one on PATH is passed over."""
WHEELS = {
    ("linux", "x86_64", "glibc"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("linux", "x86_64", "musl"): (
        "musllinux_1_1_x86_64",
        "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
    ),
    ("linux", "aarch64", "glibc"): (
        "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
    ("darwin", "x86_64", ""): (
        "macosx_10_12_x86_64",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
    ("darwin", "arm64", ""): (
        "macosx_11_0_arm64",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
}
"""Platform tag and sha256 of uv's wheel, as the package index published them."""
PUBLIC_INDEX = "https://pypi.org/simple"
INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
LARGEST_WHEEL = 100 * 1024 * 1024
NETWORK_TIMEOUT_S = 60
PIP_TIMEOUT_S = 300


class CannotPrepareError(Exception):
    """What went wrong and what a person does next; ends the program with exit code 2."""


def main() -> int:
    """Prepare the environment; 0 when it is ready, 2 when it cannot be made."""
    parser = argparse.ArgumentParser(description="Make .venv from uv.lock.")
    parser.add_argument("--group", action="append", default=[], help="a dependency group to add (repeatable)")
    asked = set(parser.parse_args().group)
    if sys.version_info < OLDEST_PYTHON:
        _start_again_with_a_newer_python()
    kept = _stamped()
    state = _state()
    if kept is not None and kept[0] == state and asked <= kept[1]:
        return 0
    groups = sorted(asked | (kept[1] if kept else set()))
    try:
        uv = _find_uv()
        _install(uv, groups)
    except CannotPrepareError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 2
    _offer(uv)
    STAMP.write_text("\n".join([state, *groups]) + "\n", encoding="utf-8")
    return 0


def _start_again_with_a_newer_python() -> None:
    """Replace this process by the same program under the newest Python on PATH, if that is new enough."""
    for minor in range(14, OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])  # noqa: S606 - the program found on PATH is the one to run
    needed = ".".join(str(part) for part in OLDEST_PYTHON)
    print(
        f"bootstrap: this is Python {platform.python_version()}; Baton needs {needed} or newer. Install one (Debian, "
        f"Ubuntu: apt-get install python3) and name it: make PYTHON=/path/to/python3 demo",
        file=sys.stderr,
    )
    raise SystemExit(2)


def _state() -> str:
    """Changes whenever the environment has to be made anew: the lock, the project, this Python, this folder."""
    parts = [sys.version, str(ROOT), *((ROOT / name).read_text("utf-8") for name in ("uv.lock", "pyproject.toml"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _stamped() -> tuple[str, set[str]] | None:
    """The state and the groups that the environment was last made for."""
    if not (ENVIRONMENT / "bin" / "python").exists():
        return None
    try:
        state, *groups = STAMP.read_text("utf-8").split()
    except (OSError, ValueError):
        return None
    return state, set(groups)


# --- uv


def _find_uv() -> str:
    for candidate in (shutil.which("uv"), str(TOOL_UV)):
        if candidate and _usable(candidate):
            return candidate
    print(f"bootstrap: fetching uv {UV_VERSION}", file=sys.stderr)
    tried = []
    for way in (_uv_by_pip, _uv_by_wheel):
        shutil.rmtree(TOOL, ignore_errors=True)
        try:
            way()
        except CannotPrepareError as error:
            tried.append(f"  - {error}")
            continue
        if _usable(str(TOOL_UV)):
            return str(TOOL_UV)
        tried.append(f"  - {way.__name__[1:].replace('_', ' ')}: what was installed does not run")
    raise CannotPrepareError(
        "uv, which installs everything else, could not be had:\n"
        + "\n".join(tried)
        + "\nCheck that this machine reaches the Python package index (behind a proxy set HTTPS_PROXY, for a mirror "
        "PIP_INDEX_URL), or install uv yourself (https://docs.astral.sh/uv/) and run this again."
    )


def _usable(uv: str) -> bool:
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.match(r"uv (\d+)\.(\d+)\.(\d+)", answer.stdout)
    return version is not None and tuple(int(part) for part in version.groups()) >= OLDEST_UV


def _uv_by_pip() -> None:
    """A virtual environment with uv in it; pip knows every setting a company may have made for it."""
    steps = (
        [sys.executable, "-m", "venv", str(TOOL)],
        [str(TOOL / "bin" / "python"), "-m", "pip", "install", "--quiet", "--only-binary=:all:", f"uv=={UV_VERSION}"],
    )
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotPrepareError(f"{' '.join(step[1:3])}: {type(error).__name__}") from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise CannotPrepareError(f"{' '.join(step[1:3])}: {said[-1] if said else f'exit {done.returncode}'}")


def _uv_by_wheel() -> None:
    """The program out of uv's wheel, checked against the digest we know."""
    libc = ("glibc" if platform.libc_ver()[0] == "glibc" else "musl") if sys.platform == "linux" else ""
    here = (sys.platform, platform.machine(), libc)
    if here not in WHEELS:
        raise CannotPrepareError(f"by hand: no wheel of uv is known here for {'/'.join(here)}")
    tag, digest = WHEELS[here]
    name = f"uv-{UV_VERSION}-py3-none-{tag}.whl"
    content = _download(_address_of(name))
    if hashlib.sha256(content).hexdigest() != digest:
        raise CannotPrepareError(f"by hand: {name} as served is not the file that was published; nothing was run")
    TOOL_UV.parent.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        TOOL_UV.write_bytes(wheel.read(f"uv-{UV_VERSION}.data/scripts/uv"))
    TOOL_UV.chmod(0o755)


def _address_of(name: str) -> str:
    """Where the index keeps that file. The simple index in HTML is what every mirror has."""
    page = f"{_index().rstrip('/')}/uv/"
    links: list[str] = re.findall(r'href="([^"]+)"', _download(page).decode("utf-8", "replace"))
    for link in links:
        address = urllib.parse.urljoin(page, link.replace("&amp;", "&"))
        if urllib.parse.unquote(urllib.parse.urlsplit(address).path).endswith(f"/{name}"):
            return address
    raise CannotPrepareError(f"by hand: {_index_shown()} does not have {name}")


def _download(address: str) -> bytes:
    if not address.startswith(("https://", "http://", "file://")):
        raise CannotPrepareError(f"by hand: {_index_shown()} is not an address this can read")
    parts = urllib.parse.urlsplit(address)
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
        urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])), headers={"Accept": "text/html"}
    )
    if parts.username:
        user, password = urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")
        manager = urllib.request.HTTPPasswordMgrWithPriorAuth()
        manager.add_password(None, request.full_url, user, password, is_authenticated=True)
        opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
    else:
        opener = urllib.request.build_opener()
    try:
        with opener.open(request, timeout=NETWORK_TIMEOUT_S) as answer:
            content: bytes = answer.read(LARGEST_WHEEL + 1)
    except (OSError, urllib.error.URLError) as error:
        raise CannotPrepareError(f"by hand: {parts.hostname}: {error}") from error
    if len(content) > LARGEST_WHEEL:
        raise CannotPrepareError(f"by hand: {parts.hostname} answered more than {LARGEST_WHEEL} bytes")
    return content


# --- the index


def _index() -> str:
    """The package index set for uv or pip on this machine, else the public one."""
    for variable in INDEX_VARIABLES:
        if os.environ.get(variable):
            return os.environ[variable]
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - never raises, unlike Path.home()
    named = os.environ.get("PIP_CONFIG_FILE")
    files = [Path(named)] if named else [home / ".config/pip/pip.conf", home / ".pip/pip.conf", Path("/etc/pip.conf")]
    for file in files:
        config = configparser.ConfigParser(interpolation=None)
        try:
            config.read(file, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError):
            continue
        for section in ("install", "global"):
            if config.has_option(section, "index-url"):
                configured: str = config.get(section, "index-url")
                return configured
    return PUBLIC_INDEX


def _index_shown() -> str:
    """The index without the password that may stand in its address."""
    return re.sub(r"//[^/@]*@", "//", _index())


# --- the environment


def _install(uv: str, groups: list[str]) -> None:
    print(f"bootstrap: preparing {ENVIRONMENT.name}", file=sys.stderr)
    chosen = [part for group in groups for part in ("--group", group)]
    if _index().rstrip("/") == PUBLIC_INDEX:
        _uv(uv, "sync", "--frozen", "--no-default-groups", *chosen, "--python", sys.executable)
        return
    # The lock names the public index's files. A mirror has the same files under other addresses: their digests decide.
    print(f"bootstrap: from {_index_shown()}", file=sys.stderr)
    pins = TOOL / "pins.txt"
    pins.parent.mkdir(exist_ok=True)
    export = ("export", "--frozen", "--quiet", "--no-default-groups", *chosen, "--no-emit-project")
    _uv(uv, *export, "--format", "requirements-txt", "--output-file", str(pins))
    _uv(uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(ENVIRONMENT))
    inside = ("--python", str(ENVIRONMENT / "bin" / "python"))
    _uv(uv, "pip", "sync", "--require-hashes", *inside, str(pins))
    _uv(uv, "pip", "install", "--quiet", "--no-deps", *inside, "--editable", str(ROOT))


def _offer(uv: str) -> None:
    """Put uv, with the settings that worked, beside the environment's Python: the sandbox's servers need it too."""
    beside = ENVIRONMENT / "bin" / "uv"
    settled = _environment()
    words = [
        f"{name}={shlex.quote(settled[name])}"
        for name in sorted(settled)
        if name.startswith("UV_") and "INDEX" not in name
    ]
    beside.unlink(missing_ok=True)
    beside.write_text(f'#!/bin/sh\nexport {" ".join(words)}\nexec {shlex.quote(uv)} "$@"\n', encoding="utf-8")
    beside.chmod(0o755)


def _uv(uv: str, *arguments: str) -> None:
    done = subprocess.run([uv, *arguments], cwd=ROOT, env=_environment(), check=False)
    if done.returncode:
        raise CannotPrepareError(
            f"uv {arguments[0]} ended with {done.returncode}; its own words are above. Usual causes: the package index "
            "is not reachable (HTTPS_PROXY, PIP_INDEX_URL), the disk is full (1.5 GB are needed), or the folder cannot "
            "be written. When the environment itself is broken: make clean, then try again."
        )


def _environment() -> dict[str, str]:
    foreign = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON", "CONDA_PREFIX")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    settled = {"UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON_PREFERENCE": "only-system", "UV_NO_PROGRESS": "1"}
    kept |= settled | {"UV_HTTP_TIMEOUT": kept.get("UV_HTTP_TIMEOUT", "120")}
    if _index().rstrip("/") != PUBLIC_INDEX:
        kept["UV_DEFAULT_INDEX"] = _index()
    if _machine_has_certificates():
        # uv brings its own list of certificate authorities; a company's proxy is only in the machine's.
        kept |= {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}
    if not {"UV_CACHE_DIR", "XDG_CACHE_HOME"} & kept.keys() and not _home_is_writable():
        kept["UV_CACHE_DIR"] = str(TOOL / "cache")
    return kept


def _machine_has_certificates() -> bool:
    places = ssl.get_default_verify_paths()
    return bool(places.cafile or (places.capath and any(Path(places.capath).iterdir())))


def _home_is_writable() -> bool:
    cache = Path(os.path.expanduser("~")) / ".cache"  # noqa: PTH111 - never raises, unlike Path.home()
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(cache, os.W_OK)


if __name__ == "__main__":
    raise SystemExit(main())
