"""declare: what people have found out at a bank that does not tell by itself whether it has a file."""

from __future__ import annotations

import click

from baton.cli.context import Context, command
from baton.cli.pay_options import as_person, why


@command("declare")
@click.argument("file")
@click.argument("word", type=click.Choice(["has", "has-not"]))
@why
@as_person
def declare_command(context: Context, file: str, word: str, person: str, why: str) -> None:
    """Say whether the bank has the payment FILE, where it cannot tell. It counts once two people say the same.

    Ask the bank first, each by a way of your own. What was declared absent may be paid by another run: if the bank has
    it after all, people are paid twice. What was declared to be there is never sent again and cannot be taken back.
    """
    from baton.hub.payment import declaring  # with what reads the settings of banks

    voice = context.voice
    with context.hub() as hub:
        said = declaring.declare(hub, file, declaring.Word(word), person, why)
    if not said.counts:
        voice.say("noted; it counts once a second person says the same")
    elif said.reading_back:
        voice.say("two people say so; next: baton restore read-back")
    elif word == declaring.Word.HAS:
        voice.say("two people say so: it is never sent again; what becomes of it is told by the bank's answers")
    else:
        voice.say("two people say so; next: baton pay withdraw {run}", run=said.file.run_id)
    if word == declaring.Word.HAS_NOT:
        voice.say("if the bank has it after all, everybody in it who is paid otherwise is paid twice")
    voice.document({"file": file, "word": word, "counts": said.counts})
