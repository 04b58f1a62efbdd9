"""``baton pay reissue``: draft as next attempts what the bank has refused or returned."""

from __future__ import annotations

from datetime import datetime

import click

from baton.cli.context import Context, command
from baton.cli.pay_options import as_person, line_document
from baton.model.bank_answers import ReasonKind


def _meanings(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, ReasonKind]:
    """``WORDS=KIND``, as often as it is given; the bank's whole code does for words, even of one character."""
    meanings = {}
    for each in given:
        words, _sign, kind = each.rpartition("=")
        if not words.strip() or kind not in {known.value for known in ReasonKind} - {ReasonKind.UNREAD.value}:
            kinds = ", ".join(known.value for known in ReasonKind if known is not ReasonKind.UNREAD)
            raise click.BadParameter(f"{each!r} is no WORDS=KIND; a kind is one of {kinds}")
        meanings[words.strip()] = ReasonKind(kind)
    return meanings


@command("reissue")
@click.argument("run")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day it is to be paid on.")
@click.option("--means", "meanings", multiple=True, metavar="WORDS=KIND", callback=_meanings,
              help="What words of the bank mean: unread, or read wrongly (may be given again).")  # fmt: skip
@as_person
def reissue_command(context: Context, run: str, day: datetime, meanings: dict[str, ReasonKind], person: str) -> int:
    """Draft what the bank refused or returned of a run as next attempts: each tied to the bank's own word."""
    from baton.hub.payment.policies import offices_of
    from baton.hub.payment.reissuing import read_of, reissue_run, unread_of

    voice = context.voice
    with context.hub() as hub:
        # The words may name somebody: they are for whoever may say what they mean.
        decides = bool(offices_of(hub, person))
        unread, read = (unread_of(hub, run, meanings), read_of(hub, run, meanings)) if decides else ([], [])
        if unread:
            voice.say("nobody has said what the bank means by these words; ask it whether it has the payment")
            voice.table(["line", "person", "the bank's words"],
                        [(line.line, line.payable.key.number, words) for line, words in unread])  # fmt: skip
        if read:
            voice.say("these words of the bank were read as follows; where it means something else, name it: --means")
            voice.table(["line", "person", "the bank's words", "read as"],
                        [(line.line, line.payable.key.number, words, kind) for line, words, kind in read])  # fmt: skip
        again = reissue_run(hub, run, person, day.date(), meanings)
    voice.say("{run}: {count} lines are drafted again, {refused} may not be", run=again.run.run_id,
              count=len(again.lines), refused=len(again.refused))  # fmt: skip
    refused = [(line, why.value) for line, why in again.refused]
    if refused:
        voice.table(["line", "person", "why"], [(line.line, line.payable.key.number, why) for line, why in refused])
    voice.document({"run": again.run.run_id, "lines": [line_document(line) for line in again.lines],
                    "refused": [{**line_document(line), "why": why} for line, why in refused]})  # fmt: skip
    return 1 if refused else 0
