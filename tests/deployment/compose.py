"""docker-compose.yml and the Dockerfile as a plan for native processes: the same commands, environment and secrets.

Only what a container provides is translated: its folders, its name among the others, its ports. Nothing is repeated here
that the two files say.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
_SECRETS = "/run/secrets/"
_OF_A_CONTAINER = re.compile(
    r"/run/secrets/|(?<![\w.-])/app/|(?<![\w.-])/airflow\b|api-server:|:8080|--port 8080|:8974"
)
"""What must not be left in anything that is started here."""


class UntranslatedError(Exception):
    """Something of a container is left in a command or a setting: it would not run here as it runs there."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where things listen on this machine."""

    postgres: int
    redis: int
    api: int
    health: int
    logs: Sequence[int]
    """One a worker: containers have one each for themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """One service's folders on this machine."""

    shared: Path
    """Stands for ``/app``: systems.yaml, dags, mappings, secrets, state."""
    home: Path
    """Stands for the container: ``/airflow``, ``/tmp`` and the secrets it is granted."""
    ports: Ports

    def native(self, text: str) -> str:
        """A command or a setting with this machine's places in it. Raises `UntranslatedError`."""
        swaps = {
            _SECRETS: f"{self.home}/granted/",
            "/tmp/": f"{self.home}/tmp/",
            "/app/": f"{self.shared}/",
            "http://api-server:8080": f"http://127.0.0.1:{self.ports.api}",
            "http://127.0.0.1:8080": f"http://127.0.0.1:{self.ports.api}",
            "--port 8080": f"--port {self.ports.api}",
            "127.0.0.1:8974": f"127.0.0.1:{self.ports.health}",
            # Where the container has a network of its own.
            "exec redis-server -": f"exec redis-server --port {self.ports.redis} --bind 127.0.0.1 -",
            "redis-cli ": f"redis-cli -p {self.ports.redis} ",
        }
        # In one pass: what is put in is not looked at again, as this machine's folders may be called anything.
        sought = "|".join(re.escape(theirs) for theirs in swaps)
        pattern = rf"(?<![\w.-])(?:{sought}|(?P<home>/airflow)(?=/|$))"
        found = text.replace("$$", "$")
        bare = re.sub(pattern, "", found)
        if left := _OF_A_CONTAINER.search(bare):
            raise UntranslatedError(f"{left.group()!r} in {text!r}")
        return re.sub(pattern, lambda part: str(self.home) if part["home"] else swaps[part[0]], found)


@dataclass(frozen=True, slots=True)
class Service:
    """One service as the file has it."""

    name: str
    described: Mapping[str, Any]

    @property
    def secrets(self) -> dict[str, str]:
        """Name -> the file, relative to the project, of each secret it is granted."""
        return {name: COMPOSE["secrets"][name]["file"] for name in self.described.get("secrets", ())}

    @property
    def own(self) -> bool:
        """Whether it runs our image."""
        return "build" in self.described

    def command(self, place: Place) -> list[str]:
        """What is started."""
        return [place.native(part) for part in self.described["command"]]

    def environment(self, place: Place) -> dict[str, str]:
        """The settings it is started with: the image's, then the service's."""
        given = {**(image_environment() if self.own else {}), **self.described.get("environment", {})}
        return {name: place.native(str(value)) for name, value in given.items() if name != "PATH"}

    def health_check(self, place: Place) -> list[str]:
        """The command that says whether it is well."""
        kind, *words = self.described["healthcheck"]["test"]
        native = [place.native(word) for word in words]
        return native if kind == "CMD" else ["sh", "-c", *native]


def service(name: str) -> Service:
    """A service by its name."""
    return Service(name, COMPOSE["services"][name])


def image_environment() -> dict[str, str]:
    """What the Dockerfile's last stage sets."""
    last = (ROOT / "Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    words = [word for line in re.findall(r"^ENV (.*)$", last, re.MULTILINE) for word in shlex.split(line)]
    return dict(word.split("=", 1) for word in words)


def databases_script(place: Place) -> str:
    """What makes the three databases when PostgreSQL starts for the first time."""
    return place.native(COMPOSE["configs"]["databases"]["content"])
