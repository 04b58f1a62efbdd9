"""check, mapping, new-connector: the integrator's commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from baton import mapping as mappings
from baton.cli.context import BROKEN, Context, command
from baton.cli.output import working
from baton.contracts import AccountTarget, Finding
from baton.errors import BatonError, ConfigurationError, Fault
from baton.hub import Hub
from baton.mapping.schema import EMPLOYEE
from baton.model.account import FieldSpec
from baton.model.people import EMPLOYEE_COLUMNS, PERSONAL_COLUMNS
from baton.registry import Registry
from baton.settings import transform_modules

_SAMPLES = 50


@command("check")
@click.argument("system", required=False)
def check_command(context: Context, system: str | None) -> int:
    """Check a system of systems.yaml (its credentials and permissions, live and without writing, then the laws of its
    connector against the simulator), a connector such as crm/example (laws only), or everything.
    """
    from baton.cli.laws import try_laws

    voice = context.voice
    registry = Registry()
    findings: dict[str, Sequence[Finding]] = {}
    connectors = [system] if system is not None and "/" in system else []
    if not connectors:
        with context.hub() as hub:
            names = [system] if system is not None else list(hub.settings.enabled)
            for name in names:
                connectors.append(hub.settings.system(name).connector)
                with working(voice, name):
                    findings[name] = _look(hub, name)
    for name, found in findings.items():
        rows = [(name, f.what, voice.words("well" if f.ok else "not well"), f.detail, f.remedy) for f in found]
        voice.table(["system", "what", "result", "detail", "what to do"], rows)
    tried = try_laws(voice, connectors, registry)
    voice.document({"findings": findings, "laws": tried.laws, "laws_tried_elsewhere": tried.elsewhere})
    unwell = any(not finding.ok for found in findings.values() for finding in found)
    return BROKEN if tried.broken or unwell else 0


def _look(hub: Hub, name: str) -> Sequence[Finding]:
    try:
        return hub.connector(name).check()
    except BatonError as error:
        return [Finding("connection", ok=False, detail=error.message, remedy=error.remedy)]


@click.group("mapping")
def mapping_group() -> None:
    """Mappings: check them, run their examples, draft new ones."""


def _load(path: Path, registry: Registry) -> Any:
    """A mapping checked against what the two sides really offer, as far as its own header names them.

    What a collection of records offers, only the system itself can tell: a migration checks that before it reads.
    """
    first = mappings.load_mapping(path, source_fields=None, target_fields=None)
    if first.target == EMPLOYEE or first.records is not None:
        return first
    connector = registry.load(first.target)
    fields = connector.fields if issubclass(connector, AccountTarget) else None
    return mappings.load_mapping(path, source_fields=None, target_fields=fields)


def _files(context: Context, files: Sequence[Path]) -> list[Path]:
    if files:
        return list(files)
    return sorted({system.mapping for system in context.settings().systems.values() if system.mapping is not None})


def _faults_of_transforms(context: Context) -> list[Fault]:
    """Make known the transforms of one's own; what keeps a module of theirs from being loaded."""
    modules, file = transform_modules(context.systems)
    try:
        mappings.load_transforms(modules, file=file)
    except ConfigurationError as error:
        return list(error.faults)
    return []


def _mapping_faults(context: Context, files: Sequence[Path], *, examples: bool) -> int:
    voice = context.voice
    registry = Registry()
    faults = _faults_of_transforms(context)
    checked = []
    for path in _files(context, files):
        try:
            mapping = _load(path, registry)
        except ConfigurationError as error:
            faults += error.faults
            continue
        broken = mappings.check_examples(mapping) if examples else []
        faults += broken
        if not broken:
            checked.append({"path": path, "fields": len(mapping.fields), "examples": len(mapping.examples)})
            voice.say("{path}: {fields} fields, {examples} examples hold", **checked[-1])
    voice.document({"checked": checked, "faults": faults})
    if faults:
        for fault in faults:
            click.echo(str(fault), err=True)
        return BROKEN
    return 0


@command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def mapping_check_command(context: Context, files: tuple[Path, ...]) -> int:
    """Check mapping files (default: all that systems.yaml names): every fault at once, with file and line."""
    return _mapping_faults(context, files, examples=False)


@command("test")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def mapping_test_command(context: Context, files: tuple[Path, ...]) -> int:
    """Check mapping files and run their worked examples."""
    return _mapping_faults(context, files, examples=True)


@command("suggest")
@click.argument("source")
@click.argument("target")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the draft here (never over a file)."
)
def mapping_suggest_command(context: Context, source: str, target: str, out: Path | None) -> int:
    """Draft a mapping: SOURCE is an HR system of systems.yaml or `employee`, TARGET is `employee` or a connector."""
    registry = Registry()
    columns, source_name = _source_columns(context, source)
    draft = mappings.suggest(columns, _target_fields(registry, target), source=source_name, target=target)
    voice = context.voice
    if out is None:
        voice.content(draft)
    else:
        if out.exists():
            raise ConfigurationError([Fault(str(out), "exists", "is already there; nothing was written")])
        out.write_text(draft, encoding="utf-8")
        voice.say("written: {path}", path=out)
    voice.document({"draft": draft, "path": out})
    return 0


def _source_columns(context: Context, source: str) -> tuple[Mapping[str, Sequence[str]], str]:
    if source == EMPLOYEE:
        return dict.fromkeys(EMPLOYEE_COLUMNS, ()), EMPLOYEE
    with Hub(context.settings()) as hub:
        page = next(iter(hub.source(source).census().pages), None)
        connector = hub.settings.system(source).connector
    if page is None:
        raise ConfigurationError([Fault(source, "empty", "the source has no rows to learn from")])
    return {
        name: list(islice((value for value in page.rows[name] if value is not None), _SAMPLES))
        for name in page.rows.columns
    }, connector


def _target_fields(registry: Registry, target: str) -> Mapping[str, FieldSpec]:
    if target == EMPLOYEE:
        return {
            name: FieldSpec(required=name in ("number", "status"), personal=name in PERSONAL_COLUMNS)
            for name in EMPLOYEE_COLUMNS
        }
    connector = registry.load(target)
    if not issubclass(connector, AccountTarget):
        raise ConfigurationError([Fault(target, "no_target", "is not an account target")])
    return connector.fields


for mapping_command in (mapping_check_command, mapping_test_command, mapping_suggest_command):
    mapping_group.add_command(mapping_command)


@command("new-connector")
@click.argument("name")
@click.option("--root", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The checkout.")
def new_connector_command(context: Context, name: str, root: Path) -> None:
    """Write the files of a new connector, such as crm/my_vendor: it passes its laws before you change a line."""
    from baton.kit.scaffold import new_connector

    written = new_connector(name, root)
    for path in written:
        context.voice.say("written: {path}", path=path)
    context.voice.say("now: baton check {name}", name=name)
    context.voice.document({"written": written})


COMMANDS = (check_command, mapping_group, new_connector_command)
