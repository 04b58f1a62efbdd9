"""Make the secret files that docker-compose.yml needs. Those that are there stay as they are.

    python3 tools/deployment_secrets.py

Standard library only. Prints names, never values.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
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


def main() -> None:
    """Write what is missing. Containers read the files of the deployment under several users: its folder is closed."""
    for name, make in files().items():
        path = ROOT / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - opened exclusively, never over another
            if name.startswith(DEPLOYMENT):
                os.fchmod(file.fileno(), 0o644)
            file.write(make(lambda other: (ROOT / other).read_text("utf-8")))
        print(f"made {name}")


if __name__ == "__main__":
    main()
