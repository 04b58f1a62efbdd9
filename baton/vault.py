"""Where secrets come from: environment, ``secrets/`` files, Airflow connections, HashiCorp Vault, in that order.

A secret is named by the system it belongs to and its own name. Whoever asks gets the first value found; when there is
none, the error lists every place that was tried. Nothing here ever prints a value.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from baton.client import Client, Intent
from baton.errors import ConfigurationError, Fault

NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""System and secret names: lower case, digits, single underscores (so that no two share an environment variable)."""
MAX_BYTES: Final = 64 * 1024
_SHORTEST_MASKED: Final = 4


class SecretProvider(Protocol):
    """One kind of place a secret may be kept."""

    def get(self, system: str, name: str) -> str | None:
        """The value, or None when this place has none. Raises `ConfigurationError` for a place that is unusable."""
        ...

    def describe(self, system: str, name: str) -> str:
        """Where this looks for that secret, in words a person can act on."""
        ...


class EnvironmentSecrets:
    """``BATON_SECRET__<SYSTEM>__<NAME>``."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def get(self, system: str, name: str) -> str | None:
        """The variable's value; an empty one counts as none."""
        return self._environ.get(self.variable(system, name)) or None

    def describe(self, system: str, name: str) -> str:
        """The variable's name."""
        return f"environment variable {self.variable(system, name)}"

    @staticmethod
    def variable(system: str, name: str) -> str:
        """The variable that would hold this secret."""
        return f"BATON_SECRET__{system.upper()}__{name.upper()}"


class FileSecrets:
    """``<root>/<system>/<name>``, one value a file.

    A byte order mark before it and one newline at its end are not part of the value.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, system: str, name: str) -> str | None:
        """The file's text. A link that leads out of the directory, a device or an oversized file is a fault."""
        path = self.root / system / name
        try:
            inside = path.resolve(strict=True).is_relative_to(self.root.resolve(strict=True))
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError) as error:  # RuntimeError: a link that points at itself
            raise _unusable(path, "cannot be read; check the permissions of the file and its folders") from error
        if not inside:
            raise _unusable(path, f"leads out of {self.root}; put the value itself there")
        return self._read(path) or None

    def describe(self, system: str, name: str) -> str:
        """The file's path."""
        return f"file {self.root / system / name}"

    def exposed(self) -> tuple[Path, ...]:
        """Secret files that every user of this machine can read (for `baton doctor`)."""
        return self._with_mode(stat.S_IROTH)

    def shared(self) -> tuple[Path, ...]:
        """Secret files that their group can read and nobody else: as containers mount them, or by oversight."""
        return tuple(path for path in self._with_mode(stat.S_IRGRP) if not path.stat().st_mode & stat.S_IROTH)

    def _with_mode(self, bit: int) -> tuple[Path, ...]:
        if not self.root.is_dir():
            return ()
        files = (path for path in sorted(self.root.glob("*/*")) if path.is_file() and path.suffix != ".example")
        return tuple(path for path in files if path.stat().st_mode & bit)

    def _read(self, path: Path) -> str:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as stream:  # noqa: PTH123 - the descriptor was opened without blocking on a pipe
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise _unusable(path, "is not a plain file")
                content = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise _unusable(path, "cannot be read; check the permissions of the file and its folders") from error
        if len(content) > MAX_BYTES:
            raise _unusable(path, f"is larger than {MAX_BYTES} bytes")
        try:
            text = content.decode("utf-8-sig")  # an editor may have put a mark before it, which nobody sees
        except UnicodeDecodeError:
            raise _unusable(path, "is not UTF-8 text; encode binary keys as PEM or base64") from None
        return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


class AirflowConnection(Protocol):
    """What is read of an Airflow connection, wherever Airflow keeps its class."""

    host: str | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> Mapping[str, Any]:
        """The extra fields."""
        ...


def connection_fields(connection: AirflowConnection) -> dict[str, str | None]:
    """The fields of a connection, extras included, as text; nested extras are left out."""
    plain = {
        name: str(value)
        for name, value in connection.extra_dejson.items()
        if value is not None and not isinstance(value, dict | list)
    }
    return {**plain, "host": connection.host, "login": connection.login, "password": connection.password}


class ConnectionSecrets:
    """Airflow connections: the fields of the connection a system names with ``airflow_connection``.

    ``read`` gives a connection's fields by its id (None when there is no such connection); it is handed in by the one
    module that knows Airflow. ``reach`` says how far that module sees, where it does not see all connections.
    """

    def __init__(
        self,
        connections: Mapping[str, str],
        read: Callable[[str], Mapping[str, str | None] | None],
        reach: Callable[[], str] = str,
    ) -> None:
        self._connections = connections
        self._read = read
        self._reach = reach

    def get(self, system: str, name: str) -> str | None:
        """The connection's field ``name`` (or its form name, see `connection_field`)."""
        connection = self._connections.get(system)
        fields = self._read(connection) if connection else None
        if fields is None:
            return None
        return fields.get(connection_field(name)) or fields.get(name) or None

    def describe(self, system: str, name: str) -> str:
        """The connection's id and field."""
        connection = self._connections.get(system)
        if connection is None:
            return f"Airflow connection: none named (airflow_connection of {system})"
        reach = self._reach()
        return f"Airflow connection {connection}, field {connection_field(name)}" + (f" ({reach})" if reach else "")


class HashiCorpSecrets:
    """HashiCorp Vault, KV version 2: the key ``name`` of the secret ``<path>/<system>``.

    Source: the KV v2 HTTP API, ``GET /v1/<mount>/data/<path>`` with ``X-Vault-Token``; 404 means there is none.
    """

    def __init__(self, client: Client, url: str, token: str, *, mount: str = "secret", path: str = "baton") -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._token = token
        self._mount = mount
        self._path = path

    def get(self, system: str, name: str) -> str | None:
        """The value as Vault has it now. Connector errors of the client are passed on."""
        answer = self._client.request(
            "GET",
            f"{self._url}/v1/{self._mount}/data/{self._path}/{system}",
            intent=Intent.READ,
            headers={"X-Vault-Token": self._token},
        )
        if answer.status == 404:
            return None
        body = answer.raise_for_status().json()
        try:
            value = body["data"]["data"].get(name)
        except (KeyError, TypeError, AttributeError):
            raise answer.unreadable("is not a KV version 2 secret") from None
        return value if isinstance(value, str) and value else None

    def describe(self, system: str, name: str) -> str:
        """The secret's path and key."""
        return f"HashiCorp Vault {self._mount}/{self._path}/{system}, key {name}"


class Vault:
    """All providers in their order of look-up. Safe to print; values are handed out only by name."""

    def __init__(self, providers: Sequence[SecretProvider]) -> None:
        self.providers = tuple(providers)
        self._handed_out: set[str] = set()

    def __repr__(self) -> str:
        return f"Vault({', '.join(type(provider).__name__ for provider in self.providers)})"

    def find(self, system: str, name: str) -> str | None:
        """The first value found, or None."""
        _check_names(system, name)
        for provider in self.providers:
            value = provider.get(system, name)
            if value is not None:
                self._handed_out.add(value)
                return value
        return None

    def get(self, system: str, name: str) -> str:
        """The first value found; `ConfigurationError` listing every place tried when there is none."""
        value = self.find(system, name)
        if value is None:
            raise ConfigurationError([self.missing(system, name)])
        return value

    def missing(self, system: str, name: str, *, place: str = "secrets") -> Fault:
        """The fault for a secret that nobody has, naming every place tried."""
        tried = "; ".join(self.places(system, name))
        return Fault(place, "missing_secret", f"{system} needs the secret {name}; looked in: {tried}")

    def places(self, system: str, name: str) -> tuple[str, ...]:
        """Every place that is looked in, in order."""
        _check_names(system, name)
        return tuple(provider.describe(system, name) for provider in self.providers)

    def mask(self, text: str) -> str:
        """The text with every value handed out so far replaced by ``***`` (very short values excepted)."""
        for value in sorted(self._handed_out, key=len, reverse=True):
            if len(value) >= _SHORTEST_MASKED:
                text = text.replace(value, "***")
        return text


_MASKED_BY_AIRFLOW: Final = ("secret", "token", "password", "private_key", "api_key", "passphrase")


def connection_field(name: str) -> str:
    """The name a secret has in an Airflow connection: Airflow masks by name, so each must contain a masked word."""
    return name if any(word in name for word in _MASKED_BY_AIRFLOW) else f"{name}_secret"


def _check_names(*names: str) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            message = "system and secret names are lower-case letters, digits and single underscores"
            raise ConfigurationError(
                [Fault("secrets", "secret_name", f"{name[:60]!r} cannot name a secret: {message}")]
            )


def _unusable(path: Path, what: str) -> ConfigurationError:
    return ConfigurationError([Fault(str(path), "secret_file", what)])
