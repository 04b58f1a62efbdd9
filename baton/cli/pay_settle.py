"""baton pay settle, settlement …: what a leaver is owed, worked out by a rule pack, reviewed, drafted as a pay run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from baton.cli.context import Context, command
from baton.cli.output import Voice
from baton.cli.pay_options import as_person
from baton.cli.pay_options import role as with_role
from baton.cli.pay_options import why as with_why
from baton.model.money import major_text
from baton.model.settlement import KeptSettlement

_CURRENCY: Final = "CNY"


@command("settle")
@click.argument("case", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--as", "person", default=None, help="Keep it for review, prepared by you; without it nothing is kept.")
def settle_command(context: Context, case: Path, person: str | None) -> None:
    """Work out what a leaver is owed (CASE: a YAML file), each line with its rule and source."""
    from baton.hub.payment.settling import prepare, work_out
    from baton.jobs.payment.settlement.case_file import load_case

    voice = context.voice
    told = load_case(case)
    with context.hub() as hub:
        if person is None:
            result: Mapping[str, Any] = work_out(hub, told, case.name).settlement.document
            kept = None
        else:
            kept = prepare(hub, told, case.name, person)
            result = kept.result
    _tell(voice, result)
    if kept is not None:
        voice.say("kept as {settlement}; a second person: baton pay settlement review {settlement} {digest}",
                  settlement=kept.id, digest=kept.digest[:12])  # fmt: skip
    voice.document({**result, "kept": "" if kept is None else kept.id})


@click.group("settlement")
def settlement() -> None:
    """Final settlements that were kept: looked at, reviewed by a second person, drafted as a pay run."""


@command("list")
@click.option("--person", "number", default="", help="Only this person's.")
def list_command(context: Context, number: str) -> None:
    """The settlements that were kept, the oldest first."""
    voice = context.voice
    with context.hub() as hub, hub.database.read() as connection:
        found = hub.settlements.listed(connection, number)
    voice.table(["settlement", "person", "period", "state", "amount", "prepared by", "reviewed by", "run"], [
        (kept.id, kept.number, kept.period, voice.words(kept.state.value), _amount(kept.result["total_minor"]),
         kept.prepared_by, kept.reviewed_by, kept.run_id)
        for kept in found
    ])  # fmt: skip
    voice.document([_document(kept) for kept in found])


@command("show")
@click.argument("settlement_id", metavar="SETTLEMENT")
def show_command(context: Context, settlement_id: str) -> None:
    """What was kept: every line with its rule, source and working, and who has said yes to it."""
    from baton.hub.payment.settling import find_settlement

    voice = context.voice
    with context.hub() as hub:
        kept = find_settlement(hub, settlement_id)
    _tell(voice, kept.result)
    _tell_state(voice, kept)
    voice.document(_document(kept) | {"case": kept.case, "result": kept.result})


@command("review")
@click.argument("settlement_id", metavar="SETTLEMENT")
@click.argument("digest")
@with_role
@as_person
def review_command(context: Context, settlement_id: str, digest: str, role: str, person: str) -> None:
    """Say yes to exactly this calculation (DIGEST: at least 8 digits, as show tells it). Never by who prepared it."""
    from baton.hub.payment.settling import review
    from baton.jobs.payment.roles import Role

    with context.hub() as hub:
        kept = review(hub, settlement_id, digest, person, Role(role))
    _tell_state(context.voice, kept)
    context.voice.document(_document(kept))


@command("withdraw")
@click.argument("settlement_id", metavar="SETTLEMENT")
@with_why
@as_person
def withdraw_command(context: Context, settlement_id: str, why: str, person: str) -> None:
    """Give a settlement up that is in no pay run."""
    from baton.hub.payment.settling import withdraw_settlement

    with context.hub() as hub:
        kept = withdraw_settlement(hub, settlement_id, person, why)
    _tell_state(context.voice, kept)
    context.voice.document(_document(kept))


@command("import")
@click.argument("settlement_ids", metavar="SETTLEMENT...", nargs=-1, required=True)
@click.option("--bank", "system", required=True, help="The system it is paid through (payments.banks).")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day it is to be paid on.")
@as_person
def import_command(context: Context, settlement_ids: tuple[str, ...], system: str, day: datetime, person: str) -> None:
    """Draft a pay run of reviewed settlements, to the accounts that HR knows. By who prepared them: its maker."""
    from baton.hub.payment.settling import Into, import_settlements

    voice = context.voice
    with context.hub() as hub:
        drafted = import_settlements(hub, settlement_ids, Into(system, day.date()), person)
    run = drafted.run.run_id
    voice.say("{run}: {count} settlements drafted; check it: baton pay check {run}", run=run, count=len(drafted.lines))
    voice.document({"run": run, "lines": len(drafted.lines), "settlements": list(settlement_ids)})


def _tell(voice: Voice, result: Mapping[str, Any]) -> None:
    """A settlement for people."""
    voice.say("{person}: {ground} in {region}, {first} to {last}; due by {due}", person=result["number"],
              ground=result["ground"], region=result["region"], first=result["first_day"], last=result["last_day"],
              due=result["due_day"])  # fmt: skip
    voice.table(["what", "amount", "working", "rule", "source", "compared with its text"], [
        (line["title"]["zh" if voice.language == "zh" else "en"], _amount(line["amount_minor"]), line["working"],
         line["rule"], line["source"], voice.words("yes" if line["verified"] else "no"))
        for line in result["lines"]
    ])  # fmt: skip
    for rest in result["remaining"]:
        voice.say("not taken, a claim of its own: {amount} of {kind} (limit: {why})", kind=rest["kind"],
                  amount=_amount(rest["amount_minor"]), why=rest["why"])  # fmt: skip
    voice.say("total {amount}", amount=_amount(result["total_minor"]))
    voice.say("rule pack {version} ({pack}), digest {digest}", version=result["pack"]["version"],
              pack=result["pack"]["digest"][:12], digest=result["digest"])  # fmt: skip


def _tell_state(voice: Voice, kept: KeptSettlement) -> None:
    voice.say("{settlement}: {state}; prepared by {person}", settlement=kept.id, state=voice.words(kept.state.value),
              person=kept.prepared_by)  # fmt: skip
    if kept.reviewed_by:
        voice.say("reviewed by {person} as {role}", person=kept.reviewed_by, role=kept.reviewed_as)
    if kept.run_id:
        voice.say("drafted into {run}", run=kept.run_id)


def _document(kept: KeptSettlement) -> dict[str, Any]:
    """A settlement for machines, without what it was worked out from."""
    names = ("id", "number", "period", "state", "digest", "prepared_by", "prepared_at", "reviewed_by", "reviewed_as",
             "reviewed_at", "run_id")  # fmt: skip
    return {**{name: getattr(kept, name) for name in names}, "total_minor": kept.result["total_minor"],
            "pack": {"version": kept.pack_version, "digest": kept.pack_digest}}  # fmt: skip


def _amount(minor: int) -> str:
    return major_text(minor, _CURRENCY)


for each in (list_command, show_command, review_command, withdraw_command, import_command):
    settlement.add_command(each)

COMMANDS = (settle_command, settlement)
