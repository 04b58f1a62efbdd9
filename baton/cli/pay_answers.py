"""baton pay answers, reconcile: what the bank says, and whether every cent is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from baton.cli.context import Context, command
from baton.cli.output import working

if TYPE_CHECKING:
    from baton.jobs.payment.differences import Difference

_SHOWN: Final = 200


@command("answers")
@click.option("--bank", "only", default=None, help="Only this system.")
def answers_command(context: Context, only: str | None) -> int:
    """Take in what the banks have said: acknowledgements, reports and statements, each file once."""
    from baton.hub.payment.answering import take_answers

    voice = context.voice
    with context.hub() as hub, working(voice, "reading"):
        taken = {name: take_answers(hub, name) for name in ([only] if only else sorted(hub.settings.payments.banks))}
    for name, each in taken.items():
        told = ", ".join(f"{voice.words(state)} {count}" for state, count in sorted(each.moved.items()))
        voice.say("{system}: {files} files; {figures}", system=name, files=each.files,
                  figures=told or voice.words("nothing to do"))  # fmt: skip
        for alarm in each.alarms:
            voice.say("ALARM {system}: {what}", system=name, what=alarm)
        for file, why in each.refused.items():
            voice.say("{system}: {file} could not be read: {why}", system=name, file=file, why=why)
    names = ("files", "moved", "alarms", "refused", "warnings")
    voice.document({name: {each: getattr(taken[name], each) for each in names} for name in taken})
    return 1 if any(each.alarms or each.refused for each in taken.values()) else 0


@command("reconcile")
@click.option("--bank", "system", required=True, help="The system that was paid through.")
@click.option("--period", default="", metavar="MONTH", help="Only runs for this month, such as 2026-11.")
def reconcile_command(context: Context, system: str, period: str) -> int:
    """Compare files, signatures, answers and statements to zero (exit 0: clean, 1: different or open, 2: nothing)."""
    from baton.hub.payment.reconciling import reconcile
    from baton.jobs.payment.reconciliation import Verdict

    voice = context.voice
    with context.hub() as hub, working(voice, "comparing"):
        view = reconcile(hub, system, period)
    rows = [
        (run_id, found.period, voice.words(found.verdict.value), found.lines, found.compared, found.rest_minor)
        for run_id, found in view.runs.items()
    ]
    voice.table(["run", "period", "verdict", "lines", "compared", "rest"], rows)
    found = [(run_id, each) for run_id, run in view.runs.items() for each in run.differences]
    found += [("", each) for each in view.beside]
    if found:
        voice.table(
            ["run", "kind", "what", "expected", "found"], [_row(run_id, each) for run_id, each in found][:_SHOWN]
        )
    voice.say("{system}: {verdict}, {entries} bookings compared", system=system,
              verdict=voice.words(view.verdict.value), entries=view.entries)  # fmt: skip
    voice.document({"verdict": view.verdict, "entries": view.entries, "runs": {
        run_id: {"verdict": run.verdict, "lines": run.lines, "compared": run.compared, "rest_minor": run.rest_minor}
        for run_id, run in view.runs.items()
    }, "differences": [_document(run_id, each) for run_id, each in found]})  # fmt: skip
    return {Verdict.CLEAN: 0, Verdict.NOTHING_COMPARED: 2}.get(view.verdict, 1)


def _row(run_id: str, difference: Difference) -> tuple[object, ...]:
    return run_id, difference.kind.value, difference.what, difference.expected_minor, difference.found_minor


def _document(run_id: str, difference: Difference) -> dict[str, Any]:
    names = ("kind", "what", "expected_minor", "found_minor", "hint", "alarm")
    return {"run": run_id, **{name: getattr(difference, name) for name in names}}


COMMANDS = (answers_command, reconcile_command)
