"""``systems.yaml``: which systems exist here and how they are reached. Every fault in it is reported at once.

The file is read as text with lines (`baton.strict_yaml`); the shapes below turn the text into types. A connector's
own settings are checked against its ``Settings`` model, with its secrets filled in from the vault.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from baton.client import Client
from baton.contracts import ConnectorSettings, Rate
from baton.egress import EgressRule
from baton.errors import ConfigurationError, Fault
from baton.registry import Registry, egress_rule
from baton.settings_names import faults_of_names
from baton.settings_shape import (
    AlarmsPart,
    GatePart,
    GuardsPart,
    HubPart,
    MigrationsPart,
    OffboardingPart,
    PaymentsPart,
    RetentionPart,
    SystemPart,
    SystemsFile,
)
from baton.strict_yaml import Document, did_you_mean, read, trouble_at
from baton.typed_settings import anchored, secret_fields
from baton.vault import ConnectionSecrets, EnvironmentSecrets, FileSecrets, HashiCorpSecrets, SecretProvider, Vault

FILE_NAME: Final = "systems.yaml"
VARIABLE: Final = "BATON_SYSTEMS"

ReadConnection = Callable[[str], "Mapping[str, str | None] | None"]
"""Gives the fields of an Airflow connection by its id; None when there is no such connection."""


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """One system as configured here."""

    name: str
    connector: str
    place: str
    """``systems.yaml:12``, for messages."""
    settings: ConnectorSettings | None = field(repr=False)
    """The connector's own settings, secrets included; None while the system is disabled."""
    mapping: Path | None = None
    rate: Rate | None = None
    """Replaces the connector's own rate where given."""
    threads: int = 4
    allow_private: bool = False
    ca_bundle: Path | None = None
    deadline_s: float = 30.0
    airflow_connection: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Everything ``systems.yaml`` says, checked. Relative paths have been anchored at the file's folder."""

    file: Path
    hub: HubPart
    gate: GatePart
    guards: GuardsPart
    systems: Mapping[str, SystemSettings]
    vault: Vault
    database: SecretStr
    """The SQLAlchemy URL of the hub's own database."""
    offboarding: OffboardingPart = OffboardingPart()
    payments: PaymentsPart = PaymentsPart()
    alarms: AlarmsPart = AlarmsPart()
    retention: RetentionPart = RetentionPart()
    migrations: MigrationsPart = MigrationsPart()

    @property
    def enabled(self) -> Mapping[str, SystemSettings]:
        """The systems that are in use."""
        return {name: system for name, system in self.systems.items() if system.enabled}

    def system(self, name: str) -> SystemSettings:
        """One system by name; `ConfigurationError` with close names when there is none."""
        try:
            return self.systems[name]
        except KeyError:
            hint = did_you_mean(name, self.systems) or f"; there are {', '.join(self.systems) or 'none'}"
            fault = Fault(str(self.file), "unknown_system", f"there is no system {name[:60]!r}{hint}")
            raise ConfigurationError([fault]) from None


def locate(path: Path | str | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The file to read: the path given, else ``BATON_SYSTEMS``, else ``./systems.yaml``.

    What is named explicitly must exist: there is no falling through to the next place.
    """
    variables = os.environ if environ is None else environ
    named = path or variables.get(VARIABLE)
    chosen = Path(named or FILE_NAME)
    trouble = trouble_at(chosen)
    if trouble is None:
        return chosen
    if trouble[0] == "unreadable_file":
        raise ConfigurationError([Fault(str(chosen), *trouble)])
    tried = [
        f"the path given ({path})" if path else "no path was given",
        f"{VARIABLE} ({variables[VARIABLE]})" if variables.get(VARIABLE) else f"{VARIABLE} is not set",
        f"{Path.cwd() / FILE_NAME}" + (" (not tried: a place was named)" if named else ""),
    ]
    message = f"no such file; looked at: {'; '.join(tried)}. Copy systems.example.yaml to start one"
    raise ConfigurationError([Fault(str(chosen), "no_systems_file", message)])


def load(
    path: Path | str | None = None,
    *,
    registry: Registry | None = None,
    environ: Mapping[str, str] | None = None,
    read_connection: ReadConnection | None = None,
    reach: Callable[[], str] = str,
) -> HubSettings:
    """Read, check and complete the settings. Raises one `ConfigurationError` with everything that is wrong.

    ``reach`` says how far ``read_connection`` sees, where it does not see all connections.
    """
    file = locate(path, environ)
    return _Loader(read(file), file, registry or Registry(), environ, read_connection, reach).load()


def transform_modules(path: Path | str | None = None) -> tuple[tuple[str, ...], Path]:
    """The modules with transforms of one's own that the file names, and the file; for whoever needs no more of it.

    Systems are not looked at, nor secrets: a mapping is checked where there are none. Where no file is named and none
    is here, there are no such modules. Raises `ConfigurationError` for a file that cannot be read.
    """
    if not (path or os.environ.get(VARIABLE)) and not Path(FILE_NAME).exists():
        return (), Path(FILE_NAME)
    file = locate(path)
    document = read(file).raise_if_faulty()
    named = document.node(("hub", "transforms"))
    try:
        return HubPart.model_validate({"transforms": named.plain()} if named else {}).transforms, file
    except ValidationError as error:
        raise ConfigurationError(document.faults_of(error, ("hub",))) from None


class _Loader:
    """One reading of one file; collects faults until the end."""

    def __init__(
        self,
        document: Document,
        file: Path,
        registry: Registry,
        environ: Mapping[str, str] | None,
        read_connection: ReadConnection | None,
        reach: Callable[[], str],
    ) -> None:
        self.document = document
        self.root = file.resolve().parent
        self.file = file
        self.registry = registry
        self.environ = environ
        self.read_connection = read_connection
        self.reach = reach
        self.faults: list[Fault] = list(document.faults)

    def load(self) -> HubSettings:
        parts = self._parts()
        hub = anchored(parts.hub, self.root) if parts else HubPart()
        vault = self._vault(hub, parts.systems if parts else {})
        systems = {name: self._system(name, part, vault) for name, part in (parts.systems if parts else {}).items()}
        database = self._database(hub, vault)
        if parts is not None:
            self.faults += faults_of_names(parts, self.document, self.registry)
        if self.faults or parts is None:
            raise ConfigurationError(sorted(self.faults, key=_by_line))
        return HubSettings(
            file=self.file,
            hub=hub,
            gate=parts.gate,
            guards=parts.sources.guards,
            systems=MappingProxyType(systems),
            vault=vault,
            database=database,
            offboarding=anchored(parts.offboarding, self.root),
            payments=anchored(parts.payments, self.root),
            alarms=parts.alarms,
            retention=parts.retention,
            migrations=parts.migrations,
        )

    def _parts(self) -> SystemsFile | None:
        """The file in its shape. A part that is wrong is reported and left out, so that the others are checked too."""
        plain = self.document.plain()
        if not isinstance(plain, dict):
            self._fault((), "shape", "the file holds one table with hub, gate, sources and systems")
            return None
        dropped: set[tuple[str, ...]] = set()
        while True:
            try:
                return SystemsFile.model_validate(plain)
            except ValidationError as error:
                locations = [detail["loc"] for detail in error.errors(include_input=False)]
                self.faults += [
                    self._with_known_names(fault, location)
                    for fault, location in zip(self.document.faults_of(error), locations, strict=True)
                    if location not in dropped
                ]
                doomed = {_existing(plain, location) for location in locations}
                if () in doomed:
                    return None
                _drop(plain, doomed)
                dropped |= doomed

    def _with_known_names(self, fault: Fault, location: tuple[int | str, ...]) -> Fault:
        if fault.rule != "unknown_key":
            return fault
        model: Any = SystemsFile
        for step in location[:-1]:
            if isinstance(step, str) and step in getattr(model, "model_fields", {}):
                model = model.model_fields[step].annotation
            elif location[0] == "systems":
                model = SystemPart
        return Fault(fault.place, fault.rule, fault.message + did_you_mean(str(location[-1]), _fields(model)))

    def _vault(self, hub: HubPart, systems: Mapping[str, SystemPart]) -> Vault:
        providers: list[SecretProvider] = [EnvironmentSecrets(self.environ), FileSecrets(hub.secrets_dir)]
        if self.read_connection is not None:
            named = {name: part.airflow_connection for name, part in systems.items() if part.airflow_connection}
            providers.append(ConnectionSecrets(named, self.read_connection, self.reach))
        token = None
        if hub.hashicorp is not None:
            token = self._secret(Vault(providers), "hub", "hashicorp_token", ("hub", "hashicorp"), required=True)
        if hub.hashicorp is not None and token is not None:
            rule = EgressRule.for_urls([hub.hashicorp.url], allow_private=hub.hashicorp.allow_private)
            client = Client(rule, ca_bundle=str(hub.hashicorp.ca_bundle) if hub.hashicorp.ca_bundle else None)
            providers.append(
                HashiCorpSecrets(client, hub.hashicorp.url, token, mount=hub.hashicorp.mount, path=hub.hashicorp.path)
            )
        return Vault(providers)

    def _system(self, name: str, part: SystemPart, vault: Vault) -> SystemSettings:
        at = ("systems", name)
        part = anchored(part, self.root)
        for key, file in (("mapping", part.mapping), ("ca_bundle", part.ca_bundle)):
            trouble = None if file is None else trouble_at(file)
            if trouble is not None:
                self._fault((*at, key), trouble[0], f"{name}.{key}: {trouble[1]}: {file}")
        if part.connector not in self.registry.names():
            self.faults.append(self.registry.unknown(part.connector, place=self.document.place((*at, "connector"))))
            part = part.model_copy(update={"enabled": False})
        return SystemSettings(
            name=name,
            connector=part.connector,
            place=self.document.place(at),
            settings=self._connector_settings(name, part, vault) if part.enabled else None,
            mapping=part.mapping,
            rate=Rate(part.rate.calls, part.rate.per_s, part.rate.burst) if part.rate else None,
            threads=part.threads,
            allow_private=part.allow_private,
            ca_bundle=part.ca_bundle,
            deadline_s=part.deadline_s,
            airflow_connection=part.airflow_connection,
            enabled=part.enabled,
        )

    def _connector_settings(self, name: str, part: SystemPart, vault: Vault) -> ConnectorSettings | None:
        at = ("systems", name, "settings")
        try:
            model = self.registry.load(part.connector).Settings
        except ConfigurationError as error:
            self.faults += error.faults
            return None
        faults_before = len(self.faults)
        given = {**self._from_connection(part, model), **part.settings}
        for secret, required in secret_fields(model).items():
            if secret in given:
                given[secret] = "misplaced"
                place = "; ".join(vault.places(name, secret)[:2])
                self._fault((*at, secret), "secret_in_file", f"{name}.{secret} is a secret; keep it in: {place}")
                continue
            value = self._secret(vault, name, secret, ("systems", name), required=required)
            if value is not None or required:
                given[secret] = value or "missing"
        return self._validated(model, given, at, faults_before)

    def _from_connection(self, part: SystemPart, model: type[ConnectorSettings]) -> dict[str, Any]:
        """The plain settings filled in on the Airflow connection's form; what the file says goes before them."""
        if part.airflow_connection is None or self.read_connection is None:
            return {}
        fields = self.read_connection(part.airflow_connection) or {}
        secrets = secret_fields(model)
        return {name: fields[name] for name in model.model_fields if name not in secrets and fields.get(name)}

    def _validated(
        self, model: type[ConnectorSettings], given: Mapping[str, Any], at: tuple[str, ...], faults_before: int
    ) -> ConnectorSettings | None:
        try:
            settings = anchored(model.model_validate(given), self.root)
            egress_rule(settings, place=self.document.place(at))
        except ValidationError as error:
            self.faults += self.document.faults_of(error, at, model=model)
        except ConfigurationError as error:
            self.faults += error.faults
        else:
            return settings if len(self.faults) == faults_before else None
        return None

    def _secret(self, vault: Vault, system: str, name: str, at: tuple[str, ...], *, required: bool) -> str | None:
        try:
            value = vault.find(system, name)
        except ConfigurationError as error:
            self.faults += error.faults
            return None
        if value is None and required:
            self.faults.append(vault.missing(system, name, place=self.document.place(at)))
        return value

    def _database(self, hub: HubPart, vault: Vault) -> SecretStr:
        """The URL from the vault (``hub/database``), else from the file, else a SQLite file in the state folder."""
        at = ("hub", "database")
        secret = self._secret(vault, "hub", "database", at, required=False)
        if secret is not None:
            return SecretStr(secret)
        url = hub.database or f"sqlite:///{hub.state_dir / 'baton.sqlite3'}"
        try:
            password = urlsplit(url).password
        except ValueError:  # brackets, as they stand around an IPv6 address
            self._fault(at, "database_url", "hub.database is no database URL (is a sign in it not percent-encoded?)")
            return SecretStr("")
        if password:
            place = "; ".join(vault.places("hub", "database")[:2])
            self._fault(at, "secret_in_file", f"hub.database holds a password; keep the whole URL in: {place}")
        file = url.removeprefix("sqlite:///")
        if file not in (url, "", ":memory:") and not file.startswith("/"):
            return SecretStr(f"sqlite:///{self.root / file}")
        return SecretStr(url)

    def _fault(self, location: tuple[str | int, ...], rule: str, message: str) -> None:
        self.faults.append(self.document.fault(location, rule, message))


def _fields(model: Any) -> tuple[str, ...]:
    return tuple(getattr(model, "model_fields", {}))


def _by_line(fault: Fault) -> tuple[str, int]:
    file, _, line = fault.place.rpartition(":")
    return (file, int(line)) if line.isdigit() else (fault.place, 0)


def _drop(plain: dict[str, Any], doomed: Iterable[tuple[str, ...]]) -> None:
    """Remove what faults are about, so that the rest can be checked."""
    for *path, last in sorted(doomed, key=len, reverse=True):
        here: Any = plain
        for step in path:
            here = here[step]
        del here[last]


def _existing(plain: Any, location: tuple[int | str, ...]) -> tuple[str, ...]:
    """The longest part of a location that exists, list positions left out: a list goes as a whole."""
    path: list[str] = []
    for step in location:
        if not isinstance(step, str) or not isinstance(plain, dict) or step not in plain:
            break
        path.append(step)
        plain = plain[step]
    return tuple(path)
