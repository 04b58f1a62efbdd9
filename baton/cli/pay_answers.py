"""baton pay answers, reconcile: what the bank says, and whether every cent is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from baton.cli.context import Context, command
from baton.cli.output import Voice, working
from baton.model.money import major_text as amount

if TYPE_CHECKING:
    from baton.jobs.payment.differences import Difference
    from baton.jobs.payment.reconciliation import Reconciliation

    _Runs = Mapping[str, tuple[str, Reconciliation]]
    """Run -> its bank, and how it stands."""

_SHOWN: Final = 200
_SUMS: Final = ("filed", "booked", "refused", "waiting", "came_back", "rest")


@command("answers")
@click.option("--bank", "only", default=None, help="Only this system.")
def answers_command(context: Context, only: str | None) -> int:
    """Take in what the banks have said: acknowledgements, reports and statements, each file once."""
    from baton.hub.payment.answering import take_answers
    from baton.hub.payment.every_bank import answers_of_all

    voice = context.voice
    with context.hub() as hub, working(voice, "reading"):
        taken = {only: take_answers(hub, only)} if only else answers_of_all(hub)
    for name, each in taken.items():
        told = ", ".join(f"{voice.words(state)} {count}" for state, count in sorted(each.moved.items()))
        voice.say("{system}: {files} files; {figures}", system=name, files=each.files,
                  figures=told or voice.words("nothing to do"))  # fmt: skip
        for alarm in each.alarms:
            voice.say("ALARM {system}: {what}", system=name, what=alarm)
        for file, why in each.refused.items():
            voice.say("{system}: {file} could not be read: {why}", system=name, file=file, why=why)
        if each.halted is not None:
            voice.say("{system}: stopped: {why}", system=name, why=each.halted)
    names = ("files", "moved", "alarms", "refused", "warnings")
    voice.document({
        name: {**{of: getattr(each, of) for of in names}, "halted": str(each.halted or "")}
        for name, each in taken.items()
    })  # fmt: skip
    return 1 if any(each.alarms or each.refused or each.halted for each in taken.values()) else 0


@command("reconcile")
@click.option("--bank", "only", default=None, help="Only this system (default: every bank that is paid through).")
@click.option("--period", default="", metavar="MONTH", help="Only runs for this month, such as 2026-11.")
def reconcile_command(context: Context, only: str | None, period: str) -> int:
    """Compare files, signatures, answers and statements to zero (exit 0: clean, 1: different or open, 2: nothing)."""
    from baton.hub.payment.reconciling import reconcile
    from baton.jobs.payment.reconciliation import Verdict, worst

    voice = context.voice
    with context.hub() as hub, working(voice, "comparing"):
        names = [only] if only else sorted(hub.settings.payments.banks)
        views = {name: reconcile(hub, name, period) for name in names}
    # A bank through which nothing was paid then, and of which nothing is to be said, is no part of the month.
    told = {name: view for name, view in views.items() if only or view.runs or view.beside}
    runs = {run_id: (name, run) for name, view in told.items() for run_id, run in view.runs.items()}
    _table_of_runs(voice, runs)
    found = [(run_id, each) for run_id, (_, run) in runs.items() for each in run.differences]
    found += [("", each) for view in told.values() for each in view.beside]
    if found:
        voice.table(
            ["run", "kind", "what", "expected", "found"], [_row(run_id, each) for run_id, each in found][:_SHOWN]
        )
    for name, view in told.items():
        voice.say("{system}: {verdict}, {entries} bookings compared", system=name,
                  verdict=voice.words(view.verdict.value), entries=view.entries)  # fmt: skip
    verdict = worst(view.verdict for view in told.values())
    if len(told) != 1:
        voice.say("all banks: {verdict}", verdict=voice.words(verdict.value))
    voice.document({"verdict": verdict, "entries": sum(view.entries for view in told.values()),
                    "banks": {name: {"verdict": view.verdict, "entries": view.entries} for name, view in told.items()},
                    "runs": {run_id: _run_document(name, run) for run_id, (name, run) in runs.items()},
                    "sums_minor": {currency: dict(sums) for currency, sums in _sums(runs).items()},
                    "differences": [_document(run_id, each) for run_id, each in found]})  # fmt: skip
    return {Verdict.CLEAN: 0, Verdict.NOTHING_COMPARED: 2}.get(verdict, 1)


def _table_of_runs(voice: Voice, runs: _Runs) -> None:
    """What was filed, booked, refused, on its way and came back of each run, and of all in one currency."""
    rows = [
        (run_id, name, found.period, voice.words(found.verdict.value), found.lines, found.compared)
        for run_id, (name, found) in runs.items()
    ]
    voice.table(["run", "system", "period", "verdict", "lines", "compared"], rows)
    sums = [
        (run_id, *(amount(getattr(found, f"{sum_}_minor"), found.currency) for sum_ in _SUMS))
        for run_id, (_, found) in runs.items()
    ]
    sums += [
        (voice.words("total"), *(amount(total[sum_], currency) for sum_ in _SUMS))
        for currency, total in sorted(_sums(runs).items())
    ]
    voice.table(["run", "filed", "booked", "refused", "waiting", "returned", "rest"], sums)


def _sums(runs: _Runs) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for _, run in runs.values():
        of_currency = found.setdefault(run.currency, Counter())
        of_currency.update({sum_: getattr(run, f"{sum_}_minor") for sum_ in _SUMS})
    return found


def _run_document(name: str, run: Reconciliation) -> dict[str, Any]:
    plain = {each: getattr(run, each) for each in ("period", "verdict", "currency", "lines", "compared")}
    return {"system": name, **plain, **{f"{sum_}_minor": getattr(run, f"{sum_}_minor") for sum_ in _SUMS}}


def _row(run_id: str, difference: Difference) -> tuple[object, ...]:
    return run_id, difference.kind.value, difference.what, difference.expected_minor, difference.found_minor


def _document(run_id: str, difference: Difference) -> dict[str, Any]:
    names = ("kind", "what", "expected_minor", "found_minor", "hint", "alarm")
    return {"run": run_id, **{name: getattr(difference, name) for name in names}}


COMMANDS = (answers_command, reconcile_command)
