"""baton pay …: runs drafted, checked, built, signed for, released and delivered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from baton.cli.context import Context, command
from baton.cli.output import Voice, working
from baton.cli.pay_answers import COMMANDS as ANSWER_COMMANDS
from baton.cli.pay_declare import declare_command
from baton.cli.pay_differences import COMMANDS as DIFFERENCE_COMMANDS
from baton.cli.pay_findings import finding_document, kept_findings, table_of_findings
from baton.cli.pay_options import SHORTEST, as_person, line_document, minor_of
from baton.cli.pay_options import role as with_role
from baton.cli.pay_options import seen as with_seen
from baton.cli.pay_options import why as with_why
from baton.cli.pay_recall import COMMANDS as RECALL_COMMANDS
from baton.cli.pay_recover import COMMANDS as RECOVER_COMMANDS
from baton.cli.pay_reissue import reissue_command
from baton.cli.pay_settle import COMMANDS as SETTLE_COMMANDS
from baton.cli.pay_sweep import sweep_command
from baton.cli.sync import login
from baton.model.money import major_text as amount
from baton.model.pay_run import LineState, PayLine
from baton.model.payable import Component

if TYPE_CHECKING:
    from baton.hub import Hub

_SHOWN: Final = 200


@command("draft")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--from", "source", metavar="SYSTEM", help="Instead of a file: what this system (an ERP) has approved.")
@click.option("--bank", "system", required=True, help="The system it is paid through (payments.banks).")
@click.option("--component", type=click.Choice([each.value for each in Component]), default=Component.SALARY.value)
@click.option("--period", required=True, metavar="MONTH", help="What it pays for, such as 2026-11.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day it is to be paid on.")
@click.option("--currency", default="CNY", show_default=True)
@click.option("--count", type=int, help="How many lines there must be (control total).")
@click.option("--total", metavar="AMOUNT", help="What the lines must add up to, such as 1234567.89 (control total).")
@click.option("--as", "person", default=None, help="Who makes the run (default: the login name).")
def draft_command(
    context: Context,
    file: Path | None,
    source: str | None,
    system: str,
    component: str,
    period: str,
    day: datetime,
    currency: str,
    count: int | None,
    total: str | None,
    person: str | None,
) -> int:
    """Make a pay run of a payroll file (CSV or XLSX), or of a system. Nothing can be paid twice: drafts count too."""
    from baton.hub.payment.drafting import Drafting, draft_file, draft_system

    minor = None if total is None else minor_of(total, currency, "--total")
    wanted = Drafting(
        system=system,
        component=Component(component),
        period=period,
        execution_day=day.date(),
        requested_by=person or login(),
        currency=currency,
        declared_count=count,
        declared_minor=minor,
    )
    voice = context.voice
    with context.hub() as hub:
        if file is not None and source is None:
            drafted = draft_file(hub, wanted, file)
        elif source is not None and file is None:
            drafted = draft_system(hub, wanted, source)
        else:
            raise click.UsageError("a run is made of a FILE or of a system's payables (--from): give one of the two")
    out = [line for line in drafted.lines if line.state is LineState.LEFT_OUT]
    voice.say("{run}: {lines} lines, {out} left out, {faults} rows could not be read", run=drafted.run.run_id,
              lines=len(drafted.lines), out=len(out), faults=len(drafted.faults))  # fmt: skip
    _table_of_lines(voice, out)
    if drafted.faults:
        voice.table(["place", "rule", "message"], [(f.place, f.rule, f.message) for f in drafted.faults[:_SHOWN]])
    voice.document({"run": drafted.run.run_id, "lines": len(drafted.lines),
                    "left_out": [line_document(each) for each in out], "faults": drafted.faults})  # fmt: skip
    return 1 if out or drafted.faults else 0


@command("list")
def list_command(context: Context) -> None:
    """The newest pay runs, and where their lines stand."""
    voice = context.voice
    with context.hub() as hub, hub.database.read() as connection:
        found = [
            (run, hub.runs.get(connection, run.run_id), hub.pay_runs.tally(connection, run.run_id))
            for run in hub.pay_runs.latest(connection)
        ]
    rows = [
        (run.run_id, voice.words(run.component.value), run.period, run.system, run.execution_day,
         voice.words(head.state.value) if head else "",
         ", ".join(f"{voice.words(state.value)} {count}" for state, count in tally.items()))
        for run, head, tally in found
    ]  # fmt: skip
    if rows:
        voice.table(["run", "component", "period", "system", "pay day", "state", "lines"], rows)
    else:
        voice.say("there are no pay runs yet")
    voice.document([{"run": run.run_id, "component": run.component, "period": run.period, "system": run.system,
                     "pay_day": str(run.execution_day), "state": head.state if head else "",
                     "lines": {state.value: count for state, count in tally.items()}}
                    for run, head, tally in found])  # fmt: skip


@command("show")
@click.argument("run")
@click.option("--state", "states", type=click.Choice([state.value for state in LineState]), multiple=True)
def show_command(context: Context, run: str, states: tuple[str, ...]) -> None:
    """A run: its lines (in some states), findings and files, and whose signatures it still needs."""
    with context.hub() as hub:
        _show(hub, context.voice, run, [LineState(state) for state in states])


@command("check")
@click.argument("run")
def check_command(context: Context, run: str) -> int:
    """Check a run against HR, other runs and the policy. What was built and signed for before is void."""
    from baton.hub.payment.checking import check
    from baton.hub.payment.policies import policy_of

    voice = context.voice
    with context.hub() as hub, working(voice, "checking"):
        cleared = check(hub, run).cleared
        policy = policy_of(hub).checks
    findings = cleared.report.findings
    table_of_findings(voice, findings, policy)
    figures = {state.value: count for state, count in cleared.report.counts.items()}
    voice.say("{run}: {figures}; {warnings} warnings", run=run,
              figures=", ".join(f"{voice.words(name)} {count}" for name, count in figures.items()),
              warnings=cleared.report.warnings)  # fmt: skip
    for rule in cleared.run_held_by:
        voice.say("the run is kept by: {rule}", rule=rule)
    voice.document({"run": run, "lines": figures, "kept_by": list(cleared.run_held_by), "digest": cleared.digest,
                    "findings": [finding_document(finding, policy) for finding in findings]})  # fmt: skip
    return 0 if cleared.releasable else 1


@command("waive")
@click.argument("run")
@click.argument("finding")
@with_why
@with_role
@as_person
@click.option("--days", type=click.IntRange(1, 31), default=3, show_default=True, help="How long it holds.")
def waive_command(context: Context, run: str, finding: str, person: str, role: str, why: str, days: int) -> int:
    """Take a finding upon yourself (FINDING: at least 8 digits of its digest, as check tells it), and check again."""
    from baton.hub.payment.checking import waive
    from baton.hub.payment.waiving import named

    voice = context.voice
    with context.hub() as hub:
        waiver = named(hub, run, finding, person, role, why, hub.clock.now() + timedelta(days=days))
        cleared = waive(hub, waiver).cleared
    voice.say("{run}: {rule} is waived until {until}", run=run, rule=waiver.rule, until=waiver.until.isoformat())
    voice.document({"run": run, "rule": waiver.rule, "until": waiver.until, "releasable": cleared.releasable})
    return 0 if cleared.releasable else 1


@command("build")
@click.argument("run")
def build_command(context: Context, run: str) -> None:
    """Make the bank's files of a checked run: written, checked by the schema, signed and encrypted."""
    from baton.hub.payment.building import build

    voice = context.voice
    with context.hub() as hub, working(voice, "building"):
        built = build(hub, run)
    voice.table(["file", "lines", "amount", "digest"], [
        (file.name, file.count, amount(file.total_minor, built.run.currency), file.plain_digest[:16])
        for file in built.files
    ])  # fmt: skip
    voice.say("look at it, then: baton pay sign {run} --role ROLE --as YOU", run=run)
    voice.document({"run": run, "files": [_file(file) for file in built.files]})


@command("sign")
@click.argument("run")
@with_role
@with_seen
@as_person
def sign_command(context: Context, run: str, role: str, seen: str, person: str) -> None:
    """Sign for exactly these files, these checks and these people. Never by whoever made the run."""
    from baton.hub.payment.signing import sign
    from baton.jobs.payment.roles import Role

    voice = context.voice
    with context.hub() as hub:
        signed = sign(hub, run, person, Role(role), seen)
    _tell_missing(voice, run, signed.decision.missing)
    voice.document({"run": run, "missing": list(signed.decision.missing), "sufficient": signed.decision.sufficient})


@command("release")
@click.argument("run")
@with_why
@with_seen
@as_person
def release_command(context: Context, run: str, person: str, why: str, seen: str) -> None:
    """Let a signed run go, once. The next delivery takes its files to the bank."""
    from baton.hub.payment.signing import release

    with context.hub() as hub:
        released = release(hub, run, person, why, seen)
    context.voice.say("{run}: {count} files released; deliver them with: baton pay deliver", run=run,
                      count=len(released.files))  # fmt: skip
    context.voice.document({"run": run, "files": [_file(file) for file in released.files]})


@command("cancel")
@click.argument("run")
@with_why
@as_person
def cancel_command(context: Context, run: str, person: str, why: str) -> None:
    """Give up a run that is not released; its payables are free for another one."""
    from baton.hub.payment.signing import cancel

    with context.hub() as hub:
        count = cancel(hub, run, person, why)
    context.voice.say("{run}: given up, {count} lines are free again", run=run, count=count)
    context.voice.document({"run": run, "cancelled": count})


@command("withdraw")
@click.argument("run")
@with_why
@as_person
@click.option("--rest-unpaid", is_flag=True,
              help="Also give up the rest of files that never arrived, as far as known, and of which the bank speaks "
                   "all the same: you have asked it about each payment in them, and it has none of these.")  # fmt: skip
def withdraw_command(context: Context, run: str, person: str, why: str, rest_unpaid: bool) -> int:
    """Take a released run back before any of it has left (exit 1: of some of its files nobody can tell)."""
    from baton.hub.payment.withdrawing import withdraw

    with context.hub() as hub:
        done = withdraw(hub, run, person, why, rest_unpaid=rest_unpaid)
    context.voice.say("{run}: {count} lines taken back; see: baton pay show {run}", run=run, count=done.lines)
    for file, receipt in done.untold.items():
        context.voice.say("{file}: nobody can tell whether the bank has it ({why}); it stays as it is",
                          file=file, why=receipt.message or receipt.code)  # fmt: skip
    for file in done.spoken_of:
        context.voice.say("{file}: never arrived by what is known, but the bank speaks of it (see --rest-unpaid)",
                          file=file)  # fmt: skip
    untold = [{"file": file, "code": each.code, "message": each.message} for file, each in done.untold.items()]
    left = {"untold": untold, "spoken_of": list(done.spoken_of)}
    context.voice.document({"run": run, "withdrawn": done.lines, **left})
    return 1 if any(left.values()) else 0


@command("deliver")
@click.option("--bank", "only", default=None, help="Only this system.")
def deliver_command(context: Context, only: str | None) -> int:
    """Take released files to their banks, and find out about those in doubt."""
    from baton.hub.payment.delivering import deliver
    from baton.hub.payment.every_bank import deliver_everywhere

    voice = context.voice
    with context.hub() as hub:
        reports = [deliver(hub, only)] if only else deliver_everywhere(hub)
    for report in reports:
        told = ", ".join(f"{voice.words(name)} {count}" for name, count in sorted(report.counts.items()) if count)
        voice.say("{system}: {figures}", system=report.system, figures=told or voice.words("nothing to do"))
        if report.halted:
            voice.say("{system}: stopped: {why}", system=report.system, why=report.halted)
    voice.document([{"system": each.system, "counts": dict(each.counts), "halted": each.halted} for each in reports])
    return 1 if any(report.halted for report in reports) else 0


def _show(hub: Hub, voice: Voice, run_id: str, states: list[LineState]) -> None:
    from baton.hub.payment.policies import policy_of
    from baton.hub.payment.signing import look
    from baton.hub.payment.standing import files_digest
    from baton.hub.payment.waiving import find_run

    run, head = find_run(hub, run_id)
    with hub.database.read() as connection:
        lines = list(hub.pay_runs.lines(connection, run_id, *states))
        files = hub.pay_runs.files(connection, run_id)
    signed = look(hub, run_id) if files and head.state.value == "held" else None
    missing = () if signed is None else signed.decision.missing
    stale = signed is not None and signed.stale
    voice.say("{run}: {component} for {period}, {state}", run=run_id, component=voice.words(run.component.value),
              period=run.period, state=voice.words(head.state.value))  # fmt: skip
    for reason in head.reasons:
        voice.say("held: {reason}", reason=reason)
    _table_of_lines(voice, lines)
    found, policy = kept_findings(run), policy_of(hub).checks
    table_of_findings(voice, found, policy)
    together = files_digest(files) if files else ""
    if files:
        voice.table(["file", "lines", "amount", "digest"], [
            (file.name, file.count, amount(file.total_minor, run.currency), file.plain_digest[:16]) for file in files
        ])  # fmt: skip
        voice.say("sign for these: --files {digest}", digest=together[:SHORTEST])
        if stale:
            voice.say("{run}: somebody in it has left, changed or got another account since it was checked: "
                      "baton pay check {run}", run=run_id)  # fmt: skip
        else:
            _tell_missing(voice, run_id, missing)
    voice.document({"run": run_id, "component": run.component, "period": run.period, "state": head.state,
                    "reasons": list(head.reasons), "findings": [finding_document(each, policy) for each in found],
                    "lines": [line_document(line) for line in lines],
                    "files": [_file(file) for file in files], "files_sha256": together, "missing": list(missing),
                    "stale": stale})  # fmt: skip


def _tell_missing(voice: Voice, run: str, missing: Iterable[str]) -> None:
    roles = ", ".join(missing)
    if roles:
        voice.say("still to sign: {roles}", roles=roles)
    else:
        voice.say("everybody has signed: baton pay release {run} --as YOU --why TEXT", run=run)


def _table_of_lines(voice: Voice, lines: list[PayLine]) -> None:
    if not lines:
        return
    rows = [
        (line.line, line.payable.key.number, amount(line.payable.amount_minor, line.payable.currency),
         voice.words(line.state.value), line.code, line.payable.place)
        for line in lines[:_SHOWN]
    ]  # fmt: skip
    voice.table(["line", "person", "amount", "state", "why", "place"], rows)
    if len(lines) > _SHOWN:
        voice.say("and {count} more: --state shows a part, --json all", count=len(lines) - _SHOWN)


def _file(file: Any) -> dict[str, Any]:
    names = ("message_id", "name", "plain_digest", "sealed_digest", "count", "total_minor")
    return {name: getattr(file, name) for name in names}


@click.group("pay")
def pay() -> None:
    """Pay people through their banks: checked, signed by several, delivered once."""


for each in (
    *(draft_command, list_command, show_command, check_command, waive_command, build_command),
    *(sign_command, release_command, cancel_command, withdraw_command, reissue_command, deliver_command),
    declare_command,
    *(*ANSWER_COMMANDS, *DIFFERENCE_COMMANDS, *RECALL_COMMANDS),
    sweep_command,
    *RECOVER_COMMANDS,
    *SETTLE_COMMANDS,
):
    pay.add_command(each)

COMMANDS = (pay,)
