"""person, retention: what one person may ask for, and the end of keeping."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from baton.cli.context import Context, command
from baton.cli.output import working
from baton.cli.pay_options import as_person
from baton.hub.handed_out import new_file, new_folder
from baton.hub.keeping import erasing, restoring, retention, subject_access


@click.group("person")
def person_group() -> None:
    """One person's data: a copy of it, and its erasure."""


@command("export")
@click.argument("number")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), help="A folder that does not exist.")
@as_person
def export_command(context: Context, number: str, folder: Path, person: str) -> None:
    """Write everything held about NUMBER as JSON and CSV, and who got what of it and when."""
    with new_folder(folder) as half:
        with context.hub() as hub, working(context.voice, "reading"):
            answer = subject_access.answer(hub, number, person)
        _write(answer, half)
    counts = {area: len(records) for area, records in answer.sections.items()}
    context.voice.say(
        "{count} records about {number} in {path}", count=sum(counts.values()), number=number, path=folder
    )
    context.voice.document({"number": number, "folder": folder, "records": counts})


def _write(answer: subject_access.Answer, folder: Path) -> None:
    from baton.tables.harmless import csv_bytes

    tables = {
        "data.csv": csv_bytes(subject_access.DATA_COLUMNS, answer.data_rows()),
        "recipients.csv": csv_bytes(subject_access.RECIPIENT_COLUMNS, answer.recipient_rows()),
        "everything.json": orjson.dumps(answer.document, option=orjson.OPT_INDENT_2),
    }
    for name, content in tables.items():
        with new_file(folder / name) as file:
            file.write(content)


@command("erase")
@click.argument("number")
@as_person
@click.option("--why", default="", help="Asks for the erasure; no names: it stays for ever.")
@click.option("--confirm", is_flag=True, help="Decides on what somebody else has asked for, and carries it out.")
def erase_command(context: Context, number: str, person: str, why: str, confirm: bool) -> None:
    """Erase NUMBER from the hub: one person asks (--why), another decides (--confirm)."""
    voice = context.voice
    if confirm == bool(why):
        raise click.UsageError("give --why to ask for it, or --confirm to decide on it")
    with context.hub() as hub:
        if why:
            kept = erasing.ask(hub, number, person, why)
            voice.say("asked; a second person decides: baton person erase {number} --as WHO --confirm", number=number)
            document = {"number": number, "asked": True, "erased": False}
        else:
            erased = erasing.decide(hub, number, person)
            kept = erased.kept
            voice.say("{number} is erased: {rows} rows", number=number, rows=erased.rows)
            for system in erased.elsewhere:
                voice.say("{system} still has an account of theirs; erase it there", system=system)
            if not erased.scrubbed:
                voice.say("the log of the database still holds what was taken out; the next sync empties it")
            replaced = restoring.replaced(hub)
            for path in replaced:
                voice.say("{path} holds what a restore replaced, them included; delete it", path=path)
            found = {"elsewhere": erased.elsewhere, "replaced": replaced, "scrubbed": erased.scrubbed}
            document = {"number": number, "asked": True, "erased": True, **found}
    for each in kept:
        voice.say("kept, as law may ask for it: {what} until {until}", what=each.what, until=f"{each.until:%Y-%m-%d}")
    voice.document({**document, "kept": [each.document for each in kept]})


for person_command in (export_command, erase_command):
    person_group.add_command(person_command)


@command("retention")
@click.option("--delete", is_flag=True, help="Delete it; otherwise it is only shown.")
def retention_command(context: Context, delete: bool) -> None:
    """Show (or delete) what has been kept as long as systems.yaml says: files of handovers, payment files, records."""
    voice = context.voice
    with context.hub() as hub:
        over = retention.due(hub)
        if delete:
            retention.carry_out(hub, over)
    voice.table(["what", "detail", "count"], [(each.kind, each.name, each.files) for each in over])
    if delete:
        voice.say("deleted: {count}", count=len(over))
    elif over:
        voice.say("nothing was deleted; do it with: baton retention --delete")
    else:
        voice.say("nothing has been kept too long")
    voice.document({"due": over, "deleted": delete})


COMMANDS = (person_group, retention_command)
