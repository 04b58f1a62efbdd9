"""``baton pay recall``: ask the bank to stop what it has taken and not carried out."""

from __future__ import annotations

from pathlib import Path

import click

from baton.cli.context import Context, command
from baton.cli.pay_options import as_person, why


@command("recall")
@click.argument("run")
@click.option("--line", "places", type=click.IntRange(min=1), multiple=True, required=True, metavar="N",
              help="The place of a line in the run (may be given again).")  # fmt: skip
@why
@as_person
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where the letters are written.")
@click.option("--dry-run", is_flag=True, help="Only show the letters.")
def recall_command(
    context: Context, run: str, places: tuple[int, ...], why: str, person: str, folder: Path | None, dry_run: bool
) -> None:
    """Write to the bank to stop lines that it has taken and not carried out; the reason stands in the letter."""
    from baton.hub.payment.recalling import drafted_recall, recall

    if folder is None and not dry_run:
        raise click.UsageError("name a folder for the letters with --to (or --dry-run to read them first)")
    voice = context.voice
    with context.hub() as hub:
        if folder is None or dry_run:
            recalled = drafted_recall(hub, run, places, person, why)
        else:
            recalled = recall(hub, run, places, person, why, folder)
    if not recalled.files:
        for letters in recalled.letters.values():
            for letter in letters:
                voice.text(f"{letter.subject}\n\n{letter.text}\n")
    for path in recalled.files:
        voice.say("written: {path}", path=path)
    if recalled.files:
        voice.say("{run}: give the letters to the bank; what it answers: baton pay answers", run=run)
    voice.document(recalled)


COMMANDS = (recall_command,)
