"""audit, keys, doctor: keeping the hub honest and in health."""

from __future__ import annotations

from pathlib import Path

import click

from baton.audit.public_keys import PublicKeys
from baton.audit.verify import verify_export
from baton.cli.context import BROKEN, Context, command
from baton.cli.output import working
from baton.errors import ConfigurationError, Fault
from baton.hub import health, proof
from baton.hub.keeping.audit_key import rotate_audit_key
from baton.hub.keys import create_keys, rotate_keys


@click.group("audit")
def audit_group() -> None:
    """The audit log: sign it, export it, verify it."""


@command("checkpoint")
def checkpoint_command(context: Context) -> None:
    """Sign the log as it is now. Refuses if it no longer contains what was signed before."""
    with context.hub() as hub, working(context.voice, "audit log"):
        signed, path = proof.checkpoint(hub)
    context.voice.say(
        "checkpoint of {size} entries in {path}; copy it to where this hub cannot rewrite it",
        size=signed.size,
        path=path,
    )
    context.voice.document({"size": signed.size, "root": signed.root.hex(), "path": path})


@command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_command(context: Context, file: Path) -> None:
    """Write the whole log as JSON lines, for `baton audit verify --export` on another machine."""
    with context.hub() as hub, file.open("wb") as out, working(context.voice, "audit log"):
        count = proof.export(hub, out)
    context.voice.say("{count} entries exported to {path}", count=count, path=file)
    context.voice.document({"entries": count, "path": file})


@command("verify")
@click.option("--export", "exported", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Offline.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The public key (audit.pub).")
@click.option("--checkpoint", "notes", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify_command(context: Context, exported: Path | None, key: Path | None, notes: tuple[Path, ...]) -> int:
    """Prove that nothing was changed, removed, added or re-ordered.

    Without --export: the database against every checkpoint kept here, and against those brought along; with --key by
    that key and not by the hub's own. With --export, --key and --checkpoint: offline, from an export, a public key and
    an old checkpoint; no settings and no database are needed.
    """
    voice = context.voice
    if exported is not None and (key is None or not notes):
        raise click.UsageError("an offline check needs --key and at least one --checkpoint")
    keys = None if key is None else public_keys(key)
    brought = [note.read_bytes() for note in notes]
    if exported is None:
        with context.hub() as hub, working(voice, "audit log"):
            report = proof.verify(hub, keys, brought)
    else:
        assert keys is not None, "asked for above"
        with exported.open("rb") as file, working(voice, "audit log"):
            report = verify_export(file, keys, brought)
    if not voice.json:
        click.echo(str(report))
    voice.document(
        {
            "verdict": report.verdict,
            "entries": report.entries,
            "root": report.root.hex(),
            "proven": report.proven,
            "checkpoints": report.checkpoints,
            "findings": report.findings,
        }
    )
    return {"proven": 0, "unproven": 1}.get(report.verdict.value, BROKEN)


def public_keys(file: Path) -> PublicKeys:
    """The public keys in a file such as ``audit.pub``; `ConfigurationError` for what is none."""
    try:
        return PublicKeys.from_text(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([Fault(str(file), "unreadable", f"cannot be read: {error.strerror}")]) from None
    except ValueError as error:
        raise ConfigurationError([Fault(str(file), "public_key", f"is not a public key: {error}")]) from None


for audit_command in (checkpoint_command, export_command, verify_command):
    audit_group.add_command(audit_command)


@click.group("keys")
def keys_group() -> None:
    """The keys of the personal columns and of the audit log."""


@command("init")
def init_command(context: Context) -> None:
    """Make the keys that are missing, as files in the secrets directory."""
    written = create_keys(context.settings())
    for path in written:
        context.voice.say("written: {path} (keep a copy apart from the database)", path=path)
    if not written:
        context.voice.say("keys are already there; nothing was written")
    context.voice.document({"written": written})


@command("rotate")
def rotate_command(context: Context) -> None:
    """Add a key version and seal every personal value with it. Can be interrupted and called again."""
    voice = context.voice
    done = total = 0
    with context.hub() as hub:
        with working(voice, "personal values"):
            for done, total in rotate_keys(hub):  # noqa: B007 - the last figures are the result
                pass
        version = hub.keyring.active
    voice.say(
        "{done} of {total} personal values sealed with key version {version}", done=done, total=total, version=version
    )
    voice.document({"version": version, "sealed": done})


@command("rotate-audit")
def rotate_audit_command(context: Context) -> None:
    """Sign the audit log with a new key from now on. What the old one has signed stays verifiable."""
    with context.hub() as hub, working(context.voice, "audit log"):
        key = rotate_audit_key(hub)
        path = hub.state_dir / "audit.pub"
    context.voice.say(
        "the audit log is signed with key {key} from now on; copy {path} to the auditors", key=key, path=path
    )
    context.voice.document({"key": key, "public": path})


for keys_command in (init_command, rotate_command, rotate_audit_command):
    keys_group.add_command(keys_command)


@command("doctor")
def doctor_command(context: Context) -> int:
    """Look at everything that must be right here: settings and what they name, secrets, keys, database, mappings."""
    voice = context.voice
    with working(voice, "looking"):
        findings = health.examine(context.settings)
    voice.table(
        ["what", "result", "detail", "what to do"],
        [(f.what, voice.words("well" if f.ok else "not well"), f.detail, "" if f.ok else f.remedy) for f in findings],
    )
    well = all(finding.ok for finding in findings)
    if well:
        voice.say("everything is in order")
    voice.document({"well": well, "findings": findings})
    return 0 if well else BROKEN


COMMANDS = (audit_group, keys_group, doctor_command)
