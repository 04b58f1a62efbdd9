"""The command group, and the translation of errors into words and exit codes."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from baton.cli import decide, inspect, integrate, keep, migrate, offboard, pay, person, restoring, sync, vitals
from baton.cli.context import Context, reported
from baton.cli.output import language_of
from baton.cli.streams import ended, endure
from baton.structured_log import write_harmless_lines
from baton.telemetry import exporting


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--systems", type=click.Path(path_type=Path), help="systems.yaml to use (else BATON_SYSTEMS, else ./).")
@click.option("--lang", type=click.Choice(["en", "zh"]), help="Language of the output; the locale decides otherwise.")
@click.version_option(package_name="baton-hub")
@click.pass_context
def cli(context: click.Context, systems: Path | None, lang: str | None) -> None:
    """Carry people's changes from HR to every other system, and prove it."""
    context.obj = Context(systems, language_of(lang))


for module in (sync, migrate, offboard, pay, decide, inspect, keep, restoring, person, integrate, vitals):
    for command in module.COMMANDS:
        cli.add_command(command)


def execute(arguments: Sequence[str]) -> int:
    """One command line; the exit code. With ``--json`` exactly one document goes to stdout, whatever happens."""
    options = list(itertools.takewhile(lambda argument: argument != "--", arguments))
    return reported(lambda: cli.main(list(arguments), "baton", standalone_mode=False), as_json="--json" in options)


def run() -> None:
    """Run the command line."""
    outlet = endure()
    write_harmless_lines()
    with exporting():
        code = execute(sys.argv[1:])
    sys.exit(ended(code, outlet))
