"""backup, restore: keeping a copy of the hub, and going back to it beside a world that has gone on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from baton.cli.context import Context, command
from baton.cli.output import Voice, working
from baton.cli.pay_declare import declare_command
from baton.cli.pay_options import as_person, why
from baton.hub.keeping import backup, restoring
from baton.hub.keeping.restoring import Restored

if TYPE_CHECKING:
    from baton.hub.payment.declaring import Declared

_SYSTEMS = click.option("--system", "systems", multiple=True, metavar="S", help="Only this system (repeatable).")
_LEDGER_LOST = click.option(
    "--ledger-lost", is_flag=True, help="No copy of the ledger of erasures is left: go on without what it lacks."
)


@command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
def backup_command(context: Context, folder: Path) -> None:
    """Copy the database and the sealed files beside it into FOLDER, which must not exist; everything goes on."""
    with context.hub() as hub, working(context.voice, "backup"):
        made = backup.take(hub, folder)
    context.voice.say(
        "{files} files in {path}, {entries} audit entries; the keyring is not in it: keep that apart",
        files=len(made.files),
        path=folder,
        entries=made.entries,
    )
    context.voice.document({"folder": folder, "files": len(made.files), "entries": made.entries, "digest": made.digest})


@click.group("restore")
def restore_group() -> None:
    """Going back to a backup. Nothing is sent before every system was read back and a second person has opened it."""


def _decided(function: Callable[..., Any]) -> Callable[..., Any]:
    return as_person(why(function))


@command("files")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_LEDGER_LOST
@_decided
def files_command(context: Context, folder: Path, person: str, why: str, *, ledger_lost: bool) -> None:
    """Put the backup in FOLDER in the place of the SQLite database. Stop everything else first."""
    with working(context.voice, "going back"):
        restored = restoring.restore(context.settings(), folder, person, why, ledger_lost=ledger_lost)
    _show(context.voice, restored)


@command("begin")
@_LEDGER_LOST
@_decided
def begin_command(context: Context, person: str, why: str, *, ledger_lost: bool) -> None:
    """Say that the database was just restored by its own tools (PostgreSQL): fences it, replays erasures."""
    with context.hub() as hub, working(context.voice, "going back"):
        restored = restoring.begin(hub, person, why, ledger_lost=ledger_lost)
    _show(context.voice, restored)


def _show(voice: Voice, restored: Restored) -> None:
    voice.say(
        "restored: {anew} writes are planned anew, {doubt} are looked up before they are sent, {held} stay held",
        anew=restored.moved["planned_anew"],
        doubt=restored.moved["to_look_up"],
        held=restored.moved["held"],
    )
    voice.say("erased again: {count} people", count=len(restored.erased))
    if not restored.scrubbed:
        voice.say("the log of the database still holds what was taken out; the next sync empties it")
    if restored.former is not None:
        voice.say("what was replaced is in {path}", path=restored.former)
    voice.say("nothing is sent to {systems}; next: baton restore read-back", systems=", ".join(restored.fenced))
    voice.document(restored)


@command("read-back")
@_SYSTEMS
def read_back_command(context: Context, systems: tuple[str, ...]) -> int:
    """Find out what was done since the backup, by reading the systems. Sends nothing."""
    from baton.hub.keeping import reading_back  # loads readers of bank files, which no other command here needs

    voice = context.voice
    with context.hub() as hub, working(voice, "reading back"):
        found = reading_back.read_back(hub, systems)
    for report in found:
        figures = ", ".join(f"{name}={count}" for name, count in sorted(report.counts.items()))
        voice.say("{system}: {figures}", system=report.system, figures=figures or "-")
        for line in report.look_at:
            voice.say("{system}: look at {what}", system=report.system, what=line)
        if report.trouble:
            voice.say("{system} cannot be read back: {why}", system=report.system, why=report.trouble)
    if not found:
        voice.say("nothing waits to be read back")
    voice.document({"systems": found})
    return 1 if any(report.trouble for report in found) else 0


@command("open")
@_SYSTEMS
@_decided
def open_command(context: Context, systems: tuple[str, ...], person: str, why: str) -> None:
    """Let what was read back be sent to again. Never by who restored."""
    with context.hub() as hub:
        opened = restoring.open_systems(hub, person, why, systems)
    context.voice.say("open again: {systems}", systems=", ".join(opened) or "-")
    context.voice.document({"opened": opened})


@command("status")
def status_command(context: Context) -> int:
    """Which systems wait to be read back, which for a second person, and of which payment files nobody can tell yet."""
    from baton.hub.payment import declaring  # with what reads the settings of banks

    voice = context.voice
    with context.hub() as hub, hub.database.read() as connection:
        fences = restoring.fences(hub, connection)
        files = [_row(name, each) for name in fences.unread for each in declaring.awaited(hub, connection, name)]
    voice.say("to be read back: {systems}", systems=", ".join(fences.unread) or "-")
    voice.say("waiting for a second person: {systems}", systems=", ".join(fences.read_back) or "-")
    if fences.not_in_use:
        voice.say("not in use, to be read back once they are: {systems}", systems=", ".join(fences.not_in_use))
    if files:
        voice.say("payment files that may have been sent since the backup:")
        voice.table(["system", "file", "run", "declared", "by"], [list(each.values()) for each in files])
    voice.document({**asdict(fences), "files": files})
    return 1 if fences.unread or fences.read_back else 0


def _row(system: str, said: Declared) -> dict[str, str]:
    file = said.file
    of = {"system": system, "file": file.message_id, "run": file.run_id}
    return {**of, "declared": said.word or "", "by": ", ".join(said.people)}


for each in (files_command, begin_command, read_back_command, declare_command, open_command, status_command):
    restore_group.add_command(each)

COMMANDS = (backup_command, restore_group)
