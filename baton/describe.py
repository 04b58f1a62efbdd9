"""What a connector is, read off its class: for documentation tables, the console and Airflow's connection forms."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from baton import contracts
from baton.contracts import AccountTarget, Connector, Rate, RecordTarget
from baton.model.account import Action, FieldSpec
from baton.registry import Registry
from baton.typed_settings import secret_fields
from baton.vault import connection_field

HOOK_CLASS: Final = "baton.tasks.opening.BatonHook"
_SCHEMA_KEYS: Final = ("enum", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "items", "const")
_HIDDEN: Final = ("schema", "port", "host", "login", "password")
"""Airflow's built-in fields: a connector's settings live in its own fields, under their own names."""


@dataclass(frozen=True, slots=True)
class SettingFacts:
    """One setting of a connector."""

    name: str
    type: str
    required: bool
    secret: bool
    default: object = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class ConnectorFacts:
    """What can be said about a connector without running it."""

    name: str
    kind: str
    title: str
    capabilities: tuple[str, ...]
    """Names of the contracts it implements, in the order of `baton.contracts`."""
    actions: tuple[Action, ...]
    """On accounts."""
    promise: str | None
    batch_limit: int | None
    whole_batches: bool
    rate: Rate
    settings: tuple[SettingFacts, ...]
    fields: Mapping[str, FieldSpec]


def describe(name: str, connector: type[Connector]) -> ConnectorFacts:
    """The facts of one connector class."""
    accounts = connector if issubclass(connector, AccountTarget) else None
    records = connector if issubclass(connector, RecordTarget) else None
    promise = accounts.promise if accounts else records.record_promise if records else None
    limit = accounts.batch_limit if accounts else records.record_batch_limit if records else None
    return ConnectorFacts(
        name=name,
        kind=name.partition("/")[0],
        title=connector.title,
        capabilities=capabilities(connector),
        actions=tuple(action for action in Action if accounts and callable(getattr(connector, action.value, None))),
        promise=promise.value if promise else None,
        batch_limit=limit,
        whole_batches=accounts.whole_batches if accounts else False,
        rate=connector.rate,
        settings=_settings(connector),
        fields=accounts.fields if accounts else {},
    )


def capabilities(connector: type[Connector]) -> tuple[str, ...]:
    """The contracts a class implements."""
    return tuple(
        name
        for module in (contracts.people, contracts.accounts, contracts.records, contracts.handover, contracts.payments)
        for name, contract in vars(module).items()
        if inspect.isclass(contract)
        and contract.__module__ == module.__name__
        and contract is not Connector
        and inspect.isabstract(contract)
        and issubclass(connector, contract)
    )


def connection_type(name: str, *, registry: Registry | None = None, hook_class: str = HOOK_CLASS) -> dict[str, Any]:
    """One entry of ``connection-types`` in Airflow's provider info: a form with the connector's own settings.

    Secret fields have the format ``password`` and a name by which Airflow masks them (`connection_field`); what is
    entered there is checked by the connector's settings model when it is used, since Airflow does not check it.
    """
    connector = (registry or Registry()).load(name)
    schema = connector.Settings.model_json_schema()
    secrets = secret_fields(connector.Settings)
    required = set(schema.get("required", ()))
    fields: dict[str, Any] = {}
    for setting, part in schema.get("properties", {}).items():
        shape = _form_schema(part, schema.get("$defs", {}), required=setting in required)
        if setting in secrets:
            # Never "required": the value may come from the environment or a secrets file instead.
            shape = {"type": ["string", "null"], "format": "password"}
        field = {"label": _label(setting, part), "schema": shape}
        if part.get("description"):
            field["description"] = part["description"]
        fields[connection_field(setting) if setting in secrets else setting] = field
    return {
        "connection-type": f"baton_{name.replace('/', '_')}",
        "hook-class-name": hook_class,
        "hook-name": f"Baton: {connector.title}",
        "ui-field-behaviour": {"hidden-fields": list(_HIDDEN), "relabeling": {}, "placeholders": {}},
        "conn-fields": fields,
    }


def connection_types(*, registry: Registry | None = None, hook_class: str = HOOK_CLASS) -> list[dict[str, Any]]:
    """The connection types of all connectors there are."""
    found = registry or Registry()
    return [connection_type(name, registry=found, hook_class=hook_class) for name in found.names()]


def _settings(connector: type[Connector]) -> tuple[SettingFacts, ...]:
    schema = connector.Settings.model_json_schema()
    definitions = schema.get("$defs", {})
    secrets = secret_fields(connector.Settings)
    required = set(schema.get("required", ()))
    return tuple(
        SettingFacts(
            name=name,
            type=_type_words(_form_schema(part, definitions, required=True)),
            required=name in required,
            secret=name in secrets,
            default=None if name in secrets else part.get("default"),
            about=part.get("description", ""),
        )
        for name, part in schema.get("properties", {}).items()
    )


def _form_schema(part: Mapping[str, Any], definitions: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    """A property of a pydantic JSON schema in the small dialect of the form: one type, perhaps with null."""
    default = part.get("default")
    options = [_resolved(option, definitions) for option in part.get("anyOf", [part])]
    concrete = [option for option in options if option.get("type") != "null"]
    chosen = concrete[0] if concrete else {"type": "string"}
    kind = chosen.get("type", "string")
    shape: dict[str, Any] = {"type": kind if required else [kind, "null"]}
    if kind == "boolean":
        shape["type"] = "boolean"
    shape |= {key: chosen[key] for key in _SCHEMA_KEYS if key in chosen and chosen[key] != "path"}
    for exclusive, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if exclusive in chosen:
            shape[inclusive] = chosen[exclusive]
    if default is not None:
        shape["default"] = default
    return shape


def _resolved(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in part:
        resolved: Mapping[str, Any] = definitions[part["$ref"].rpartition("/")[2]]
        return resolved
    return part


def _type_words(shape: Mapping[str, Any]) -> str:
    if "enum" in shape:
        return " | ".join(str(choice) for choice in shape["enum"])
    return str(shape["type"])


def _label(setting: str, part: Mapping[str, Any]) -> str:
    words = str(part.get("title") or setting).replace("_", " ")
    return words[:1].upper() + words[1:]
