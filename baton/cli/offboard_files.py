"""Files of an item: put there, listed, fetched again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from baton.cli.context import Context, command
from baton.errors import ConfigurationError, Fault
from baton.model.case import LARGEST_NUMBER, Act


@command("attach")
@click.argument("case")
@click.argument("item", type=click.IntRange(1, LARGEST_NUMBER))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--as", "person", required=True, help="Who puts it there: the leaver, the manager, or HR.")
def attach_command(context: Context, case: str, item: int, file: Path, person: str) -> None:
    """Put a small file to an item: sealed at rest, its digest in a signed statement and so in the certificate."""
    from baton.hub.offboarding.casework import find_case
    from baton.hub.offboarding.files import Upload, attach
    from baton.hub.offboarding.standing import speaks_as

    voice = context.voice
    with context.hub() as hub:
        found = find_case(hub, case)
        role = speaks_as(hub, found, person, Act.ATTACH)
        kept = attach(hub, Upload(found.id, item, person, role, file.name, _read(file)))
    voice.say("item {item}: {name} is kept, SHA-256 {digest}", item=item, name=kept.name, digest=kept.digest)
    voice.document({"case": found.id, "item": item, "name": kept.name, "size": kept.size, "sha256": kept.digest})


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError([Fault(str(file), "unreadable", f"cannot be read: {reason}")]) from None


@command("files")
@click.argument("case")
@click.argument("item", type=click.IntRange(1, LARGEST_NUMBER))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write them to.")
def files_command(context: Context, case: str, item: int, out: Path | None) -> None:
    """The files of an item; with --out they are written there, each compared with its digest."""
    from baton.hub.handed_out import file_over, folder_for
    from baton.hub.offboarding.casework import find_case
    from baton.hub.offboarding.files import attached, content

    voice = context.voice
    written: list[Path] = []
    with context.hub() as hub:
        found = find_case(hub, case)
        known = attached(hub, found, item)
        if out is not None:
            for each in known:
                path = folder_for(out) / f"{each.file.digest[:8]}-{each.file.name}"
                with file_over(path) as file:
                    file.write(content(hub, found, item, each.file.digest)[1])
                written.append(path)
    rows = [(each.file.name, each.file.size, f"{each.said.at:%Y-%m-%d %H:%M} UTC", each.file.digest) for each in known]
    if rows:
        voice.table(["file", "bytes", "at", "SHA-256"], rows)
    else:
        voice.say("item {item} has no files", item=item)
    for path in written:
        voice.say("written: {path}", path=path)
    documents: list[dict[str, Any]] = [
        {"name": each.file.name, "size": each.file.size, "sha256": each.file.digest, "by": each.said.person}
        for each in known
    ]
    voice.document({"case": found.id, "item": item, "files": documents, "written": written})


COMMANDS = (attach_command, files_command)
