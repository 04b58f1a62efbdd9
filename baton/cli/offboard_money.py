"""baton offboard accountability, commission: who answers for what, and who gets what, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from baton.cli.context import Context, command
from baton.cli.output import Voice

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
@click.option("--closed", type=_FILE, help="Months that were closed before, as written by --close.")
@click.option("--close", "through", metavar="MONTH", help="Close every month up to this one (2026-10).")
@click.option("--save", type=_FILE, help="Where to keep the closed months; a new file.")
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
    person: str | None,
    table_file: Path | None,
) -> None:
    """Commission when clients pass on: every line with its reason, and what would have made it another amount."""
    from baton.hub.offboarding.commission import Sheet, Sheets, document, read_closed, read_facts, write_closed
    from baton.jobs.offboarding.commission import Closed, statement
    from baton.jobs.offboarding.commission_policy import load_commission_policy

    if (through is None) != (save is None):
        raise click.UsageError("--close and --save go together")
    voice = context.voice
    rules = load_commission_policy(policy)
    named = (None if path is None else Sheet.on_disk(path) for path in (owners, leavers))
    facts = read_facts(Sheets(Sheet.on_disk(orders), Sheet.on_disk(payments), *named), context.hub)
    known = read_closed(closed) if closed is not None else Closed()
    lines = statement(facts, rules, known)
    if through is not None and save is not None:
        _require_month(through, known.through)
        write_closed(save, through, lines)
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


def _require_month(month: str, closed_through: str) -> None:
    try:
        datetime.strptime(month, "%Y-%m")  # noqa: DTZ007 - only its form is asked for
    except ValueError:
        raise click.UsageError("--close takes a month such as 2026-10") from None
    if len(month) != len("2026-10") or month < closed_through:
        raise click.UsageError(f"months are closed through {closed_through} already; name this or a later one")


def _write(voice: Voice, file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    from baton.hub.handed_out import file_over
    from baton.tables.harmless import csv_bytes

    columns = list(rows[0]) if rows else []
    with file_over(file) as out:
        out.write(csv_bytes(columns, ([row[name] for name in columns] for row in rows)))
    voice.say("written: {path}", path=file)


COMMANDS = (accountability_command, commission_command)
