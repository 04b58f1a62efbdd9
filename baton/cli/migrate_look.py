"""baton migrate profile and suggest: looking before moving."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from baton.cli.context import Context, command
from baton.cli.counting import counting
from baton.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from baton.cli.output import Voice
    from baton.records.column_profile import ColumnProfile, Profile


@command("profile")
@click.argument("system")
@click.option("--collection", default="", help="Table, sheet, object; needed where the system has several.")
def profile_command(context: Context, system: str, collection: str) -> None:
    """What the columns of a system hold: types, blanks, keys, patterns, and what may be wrong with them."""
    from baton.hub.migration.profiling import profile

    voice = context.voice
    with context.hub() as hub, counting(voice) as progress:
        found = profile(hub, system, collection, progress)
    _show(voice, found)
    voice.document(found.to_document())


@command("suggest")
@click.option("--from", "source", required=True, metavar="SYSTEM[:COLLECTION]")
@click.option("--to", "target", required=True, metavar="SYSTEM:COLLECTION")
@click.option("--out", type=click.Path(path_type=Path), help="Write the draft here (a file that does not exist yet).")
def suggest_command(context: Context, source: str, target: str, out: Path | None) -> None:
    """Draft a mapping from what both sides hold. Check every line; a draft does not load before it has an example."""
    from baton.hub.migration.profiling import suggest

    voice = context.voice
    read, into = source.partition(":"), target.partition(":")
    if not into[2]:
        raise click.BadParameter(f"name the collection: {target}:COLLECTION", param_hint="--to")
    if out is not None and out.exists():  # said before both sides are read, which may take long
        fault = Fault(str(out), "exists", "is there already: move it away, it may be somebody's work")
        raise ConfigurationError([fault])
    with context.hub() as hub, counting(voice) as progress:
        draft = suggest(hub, (read[0], read[2]), (into[0], into[2]), progress)
    if out is None:
        voice.content(draft)
    else:
        with out.open("x", encoding="utf-8") as file:
            file.write(draft)
        voice.say("written: {path}", path=out)
    voice.document({"draft": draft, "path": out})


def _show(voice: Voice, found: Profile) -> None:
    voice.say("{rows} rows, {columns} columns", rows=found.rows, columns=len(found.columns))
    if found.unreadable:
        count = sum(each.count for each in found.unreadable.values())
        rules = "; ".join(
            f"{rule} {each.count} (row {', '.join(map(str, each.rows))})" for rule, each in found.unreadable.items()
        )
        voice.say("{count} rows cannot be read: {rules}", count=count, rules=rules)
    keys = "; ".join(" + ".join(key) for key in found.keys)
    voice.say("possible keys: {keys}", keys=keys or voice.words("none"))
    rows = [_row(column) for column in found.columns.values()]
    voice.table(["column", "type", "blank", "distinct", "length", "pattern", "sensitive", "suspicious"], rows)


def _row(column: ColumnProfile) -> tuple[object, ...]:
    share = "" if column.type_share in (0, 1) else f" {column.type_share:.1%}"
    kind = "" if column.blanks == column.rows else f"{column.type.value}{share}"
    distinct = f"{column.distinct}" if column.distinct_exact else f"~{column.distinct}"
    doubts = "; ".join(
        f"{found.doubt.value} {found.count} (row {', '.join(map(str, found.rows))})" for found in column.suspicions
    )
    pattern = column.patterns[0].what if column.patterns else ""
    sensitive = column.sensitive.value if column.sensitive else ""
    length = f"{column.min_length}-{column.max_length}"
    return (column.name, kind, column.blanks, distinct, length, pattern, sensitive, doubts)


COMMANDS = (profile_command, suggest_command)
