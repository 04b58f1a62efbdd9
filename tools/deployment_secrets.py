"""Make the secret files that docker-compose.yml needs. Those that are there and hold something stay as they are.

    python3 tools/deployment_secrets.py

Standard library only. Prints names, never values.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPLOYMENT = ".deployment"


def files() -> dict[str, Callable[[Callable[[str], str]], str]]:
    """Path in the project -> how its value is made; a value may be built from others, asked for by path."""

    def word(_: Callable[[str], str]) -> str:
        return secrets.token_urlsafe(32)

    def database(scheme: str, role: str) -> Callable[[Callable[[str], str]], str]:
        return lambda value: f"{scheme}://{role}:{value(f'{DEPLOYMENT}/{role}_password')}@postgres/{role}"

    return {
        **{f"{DEPLOYMENT}/{role}_password": word for role in ("postgres", "airflow", "celery", "baton", "redis")},
        f"{DEPLOYMENT}/airflow_database": database("postgresql+psycopg2", "airflow"),
        f"{DEPLOYMENT}/result_backend": database("db+postgresql+psycopg2", "celery"),
        f"{DEPLOYMENT}/broker_url": lambda value: f"redis://:{value(f'{DEPLOYMENT}/redis_password')}@redis:6379/0",
        f"{DEPLOYMENT}/fernet_key": lambda _: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        f"{DEPLOYMENT}/api_secret_key": word,
        f"{DEPLOYMENT}/jwt_secret": lambda _: secrets.token_urlsafe(64),
        f"{DEPLOYMENT}/logins": lambda _: json.dumps({"admin": secrets.token_urlsafe(18)}),
        "secrets/hub/database": database("postgresql+psycopg", "baton"),
        "secrets/hub/metrics_token": word,
    }


def main() -> int:
    """Write what is missing or empty. Containers read the deployment's files as several users: its folder is closed.

    The exit code is 1 where a file could not be looked at or written: its folder is the containers' user's by now.
    """

    def value(name: str) -> str:
        return (ROOT / name).read_text("utf-8")

    closed = []
    for name, make in files().items():
        path = ROOT / name
        try:
            make_folder(path.parent, 0o700)
            if path.exists() and not is_hollow(path.read_text("utf-8"), make):
                continue
            put(path, make(value), 0o644 if name.startswith(DEPLOYMENT) else 0o600)
        except PermissionError:
            closed.append(name)
        else:
            print(f"made {name}")
    if closed:
        print(f"closed to this user, and left as they are: {', '.join(closed)}; to see to them: sudo", file=sys.stderr)
    return 1 if closed else 0


def make_folder(path: Path, mode: int) -> None:
    """A folder and those above it, as far as they are missing; only the last has this mode."""
    if path.is_dir():
        return
    make_folder(path.parent, 0o777)
    path.mkdir(mode)
    if os.geteuid() == 0:  # as with files: what lies in it would be closed to the containers, whosever it is
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def is_hollow(text: str, make: Callable[[Callable[[str], str]], str]) -> bool:
    """Whether a file holds nothing, or was built around another that held nothing: what a full disk has left behind."""
    return text.strip() in ("", make(lambda _: ""))


def put(path: Path, text: str, mode: int) -> None:
    """All of it or nothing: a write that fails leaves no file that the next run would take for made."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)  # of a run that was killed
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123 - closed to others from its first moment
            os.fchmod(file.fileno(), mode)
            if os.geteuid() == 0:  # for whoever has the folder: root's alone would be closed to the containers
                owner = path.parent.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


if __name__ == "__main__":
    if code := main():
        sys.exit(code)
