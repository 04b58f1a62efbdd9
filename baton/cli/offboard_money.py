"""baton offboard accountability, commission: who answers for what, and who gets what, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from baton.cli.context import Context, command
from baton.cli.output import Voice
from baton.cli.sync import login

_FILE = click.Path(dir_okay=False, path_type=Path)


@command("accountability")
@click.option("--at", "moment", type=click.DateTime(["%Y-%m-%dT%H:%M%z"]), help="Of which moment (default: now).")
@click.option("--csv", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder for two CSV files.")
def accountability_command(context: Context, moment: datetime | None, folder: Path | None) -> None:
    """Who held which client when, and who answers for which receivable at a moment."""
    from baton.hub.offboarding.accountability import table

    voice = context.voice
    with context.hub() as hub:
        found = table(hub, moment)
    shown = found.document()
    clients, receivables = shown["clients"], shown["receivables"]
    voice.say("who held which client when:")
    spans = [(r["system"], r["id"], r["person"], r["since"], r["until"], r["reason"]) for r in clients]
    voice.table(["system", "client", "person", "since", "until", "why"], spans)
    voice.say("who answers for which receivable at {at}:", at=found.moment.isoformat())
    due = [(r["system"], r["id"], r["amount"], r["person"], r["reason"]) for r in receivables]
    voice.table(["system", "receivable", "amount", "person", "why"], due)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _write(voice, folder / "clients.csv", clients)
        _write(voice, folder / "receivables.csv", receivables)
    voice.document(shown)


@command("commission")
@click.option("--orders", type=_FILE, required=True, help="CSV: order, client, signed_on, currency.")
@click.option("--payments", type=_FILE, required=True, help="CSV: payment, order, paid_on, amount_minor.")
@click.option("--owners", type=_FILE, help="CSV: client, person, since, until (default: as the hub has seen).")
@click.option("--leavers", type=_FILE, help="CSV: person, left_on (default: the hub's cases).")
@click.option("--policy", type=_FILE, required=True, help="The policy, such as mappings/offboarding/commission.yaml.")
@click.option("--closed", type=_FILE, help="Months closed before the hub remembered them, as written by --save.")
@click.option("--close", "through", metavar="MONTH", help="Close every month up to this one (2026-10), for good.")
@click.option("--save", type=_FILE, help="Where to write a copy of the closed months; a new file.")
@click.option("--book", default="commission", show_default=True, help="Which months are closed is remembered by book.")
@click.option("--as", "by", default=None, help="Who closes: HR (default: the login name).")
@click.option("--person", help="Only this employee's statement.")
@click.option("--csv", "table_file", type=_FILE, help="The lines as CSV.")
def commission_command(
    context: Context,
    orders: Path,
    payments: Path,
    owners: Path | None,
    leavers: Path | None,
    policy: Path,
    closed: Path | None,
    through: str | None,
    save: Path | None,
    book: str,
    by: str | None,
    person: str | None,
    table_file: Path | None,
) -> None:
    """Commission when clients pass on: every line with its reason, and what would have made it another amount."""
    from baton.hub.offboarding import closing
    from baton.hub.offboarding.commission import Sheet, Sheets, document, read_closed, read_facts, write_closed
    from baton.hub.offboarding.standing import require_hr
    from baton.jobs.offboarding.commission import statement
    from baton.jobs.offboarding.commission_policy import load_commission_policy

    if through is None and save is not None:
        raise click.UsageError("--save goes with --close")
    voice = context.voice
    rules = load_commission_policy(policy)
    named = (None if path is None else Sheet.on_disk(path) for path in (owners, leavers))
    sheets = Sheets(Sheet.on_disk(orders), Sheet.on_disk(payments), *named)
    before = None if closed is None else read_closed(closed)
    with context.hub() as hub:
        if through is not None or before is not None:
            require_hr(hub, by or login())
        facts = read_facts(sheets, lambda: nullcontext(hub))
        known = closing.remembered(hub, book) if before is None else closing.adopt(hub, book, before, by or login())
        lines = statement(facts, rules, known)
        if through is not None:
            kept = closing.close(hub, book, through, lines, by or login())
            voice.say("closed through {month}: these lines stay as they are", month=kept.through)
            if save is not None:
                write_closed(save, kept)
                voice.say("written: {path}", path=save)
    _tell(voice, document(lines, person or ""), table_file)


def _tell(voice: Voice, shown: Mapping[str, Sequence[Mapping[str, Any]]], table_file: Path | None) -> None:
    lines, totals = shown["lines"], shown["totals"]
    amounts = [f"{line['amount_minor']} {line['currency']}" for line in lines]
    names = ("month", "person", "order", "payment"), ("reason", "counter")
    rows = [
        (*(line[name] for name in names[0]), amount, *(line[name] for name in names[1]))
        for line, amount in zip(lines, amounts, strict=True)
    ]
    voice.table(["month", "person", "order", "payment", "amount", "why", "otherwise"], rows)
    sums = [(each["person"], each["month"], f"{each['amount_minor']} {each['currency']}") for each in totals]
    voice.table(["person", "month", "amount"], sums)
    if table_file is not None:
        _write(voice, table_file, lines)
    voice.document(shown)


def _write(voice: Voice, file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    from baton.hub.handed_out import file_over
    from baton.tables.harmless import csv_bytes

    columns = list(rows[0]) if rows else []
    with file_over(file) as out:
        out.write(csv_bytes(columns, ([row[name] for name in columns] for row in rows)))
    voice.say("written: {path}", path=file)


COMMANDS = (accountability_command, commission_command)
