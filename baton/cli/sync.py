"""plan, run, apply, settle, reconcile: the four verbs by hand."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from typing import Any

import click

from baton.cli.context import BROKEN, Context, command
from baton.cli.output import Voice, working
from baton.engine.report import Report
from baton.engine.settle import Verdict, summarise
from baton.errors import BatonError, ConnectorError
from baton.hub import Hub, execution
from baton.hub.execution import Settled
from baton.hub.reconcile import NUMBER_GONE, UNKNOWN, Reconciled, reconcile
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync, preview_sync
from baton.hub.unplanned import apply_unplanned
from baton.kept_reasons import in_language
from baton.store.runs import RunState

_FAULTS_SHOWN = 20


def _request_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--accept-feed", default="", metavar="DIGEST", help="Use this very feed although guards refuse it."
        ),
        click.option("--employee", "employees", multiple=True, metavar="N", help="Only this person (repeatable)."),
        click.option("--system", "systems", multiple=True, metavar="S", help="Only this target (repeatable)."),
        click.option("--as", "person", default=None, help="Who asks (default: the login name)."),
    ):
        function = option(function)
    return function


def _request(person: str | None, **given: Any) -> SyncRequest:
    return SyncRequest(requested_by=person or login(), **given)


def login() -> str:
    """Who asks where nobody says: the name of the account this runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"uid-{os.getuid()}"


@command("plan")
@click.argument("job", type=click.Choice(["sync"]), expose_value=False)
@click.option("--save", is_flag=True, help="Keep the plan as a run for a later apply; otherwise nothing is stored.")
@_request_options
def plan_command(context: Context, save: bool, person: str | None, **given: Any) -> int:
    """Work out what a run would write. Calls no target's write; without --save stores nothing either."""
    voice = context.voice
    with context.hub() as hub, working(voice, "planning"):
        plan = (plan_sync if save else preview_sync)(hub, _request(person, **given))
    show_plan(voice, plan)
    voice.document(plan_document(plan))
    if save:
        voice.say("plan {hash}", hash=plan.run.plan_hash[:16])
        if plan.run.state is RunState.READY:
            voice.say("send it with: baton apply {run}; then: baton settle {run}", run=plan.run.id)
    else:
        voice.say("dry run: nothing was stored and nothing will be sent; plan {hash}", hash=plan.run.plan_hash[:16])
    return Verdict.HELD.exit_code if plan.run.state is RunState.HELD else 0


@command("run")
@click.argument("job", type=click.Choice(["sync"]), expose_value=False)
@click.option("--dry-run", is_flag=True, help="Only plan; the same as: baton plan.")
@_request_options
def run_command(context: Context, dry_run: bool, person: str | None, **given: Any) -> int:
    """Plan, apply and settle in one go."""
    voice = context.voice
    with context.hub() as hub:
        try:
            with working(voice, "planning"):
                plan = (preview_sync if dry_run else plan_sync)(hub, _request(person, **given))
        except BatonError as error:
            if dry_run:
                raise
            raise _sent_unplanned(hub, voice, error) from None
        show_plan(voice, plan)
        if dry_run:
            voice.document(plan_document(plan))
            voice.say("dry run: nothing was stored and nothing will be sent; plan {hash}", hash=plan.run.plan_hash[:16])
            return Verdict.HELD.exit_code if plan.run.state is RunState.HELD else 0
        reports = _apply(hub, voice)
        settled = execution.settle(hub, plan.run.id)
    show_settled(voice, settled)
    _say_stopped(voice, reports)
    voice.document({**settled_document(settled), "plan": plan_document(plan), "applied": reports})
    return exit_code(settled, reports)


@command("apply")
@click.argument("run")
@click.option("--system", default=None, help="Only this target.")
def apply_command(context: Context, run: str, system: str | None) -> int:
    """Perform everything that is released and due: the run's effects, and what earlier runs left."""
    voice = context.voice
    with context.hub() as hub:
        found = execution.find_run(hub, run)
        reports = _apply(hub, voice, system)
    voice.document({"run": found.id, "state": found.state, "applied": reports})
    if found.state is RunState.HELD:
        return Verdict.HELD.exit_code
    return 1 if any(report.halted for report in reports) else 0


@command("settle")
@click.argument("run")
def settle_command(context: Context, run: str) -> int:
    """Read back what a run wrote, compare, give the verdict."""
    voice = context.voice
    with context.hub() as hub, working(voice, "reading back"):
        settled = execution.settle(hub, run)
    show_settled(voice, settled)
    voice.document(settled_document(settled))
    return exit_code(settled, [])


@command("reconcile")
@click.option("--system", default=None, help="Only this target.")
def reconcile_command(context: Context, system: str | None) -> int:
    """Compare every account of the targets with what the hub has proven there; report drift (exit 2: no target)."""
    voice = context.voice
    found: list[Reconciled] = []
    unreadable: dict[str, str] = {}
    with context.hub() as hub:
        targets = hub.chosen_targets(system)
        for target in targets:
            try:
                with working(voice, target.name):
                    found.append(reconcile(hub, target.name))
            except ConnectorError as error:
                unreadable[target.name] = str(error)
    for result in found:
        figures = {name: result.counts[name] for name in ("scanned", "alike", "drifted", "unknown")}
        voice.say(
            "{system}: {scanned} accounts, {alike} as expected, {drifted} drifted, {unknown} unknown",
            system=result.system,
            **figures,
        )
    for name, why in unreadable.items():
        voice.say("{system} cannot be read back: {why}", system=name, why=why)
    drifts = [drift for result in found for drift in result.drifts]
    if drifts:
        rows = [(d.system, d.number, d.kind, ", ".join(d.fields), d.detail) for d in drifts]
        voice.table(["system", "person", "kind", "fields", "detail"], rows)
    if any(drift.kind not in (NUMBER_GONE, UNKNOWN) for drift in drifts):
        voice.say("the repairs are planned by the next run")
    if nameless := sum(drift.kind == NUMBER_GONE for drift in drifts):
        voice.say(
            "{count} accounts carry no employee number any more: put it back in their systems, no run does that",
            count=nameless,
        )
    if not targets:
        voice.say("no target is enabled: nothing was compared")
    voice.document({"systems": found, "unreadable": unreadable})
    if not targets:
        return BROKEN
    return 1 if unreadable or any(result.counts["drifted"] for result in found) else 0


def _apply(
    hub: Hub, voice: Voice, only: str | None = None, done: Callable[[Report], None] = lambda _: None
) -> list[Report]:
    def say(report: Report) -> None:
        done(report)
        figures = " ".join(f"{name}={count}" for name, count in sorted(report.counts.items()) if count)
        if figures:
            voice.say("{system}: {figures}", system=report.system, figures=figures)
        if report.halted:
            voice.say("{system}: stopped: {why}", system=report.system, why=report.halted)
        elif not figures:
            voice.say("{system}: {figures}", system=report.system, figures=voice.words("nothing to do"))

    with working(voice, "sending"):
        return execution.apply(hub, only, say)


def _sent_unplanned(hub: Hub, voice: Voice, why: BatonError) -> BatonError:
    def work(done: Callable[[Report], None]) -> None:
        reports = _apply(hub, voice, done=done)
        voice.say("nothing was planned; what earlier runs left was sent as far as it is due")
        _say_stopped(voice, reports)

    return apply_unplanned(hub, why, work)


def _say_stopped(voice: Voice, reports: list[Report]) -> None:
    stopped = [report.system for report in reports if report.halted]
    if stopped:
        voice.say("not everything: what waits for {systems} is sent by a later run", systems=", ".join(stopped))


def exit_code(settled: Settled, reports: list[Report]) -> int:
    """The verdict's code; a system that had to be left alone makes a clean run incomplete."""
    if settled.run.state is RunState.HELD:
        return Verdict.HELD.exit_code
    code = settled.verdict.exit_code
    return max(code, 1) if any(report.halted for report in reports) else code


def show_plan(voice: Voice, plan: SyncPlan) -> None:
    """A plan in words: figures, what is intended per system, what could not be used, why it is held."""
    counts = {name: plan.run.counts.get(name, 0) for name in ("effects", "rows", "changed", "rejected")}
    voice.say(
        "{run}: {effects} effects from {rows} rows, {changed} people changed, {rejected} rows rejected",
        run=plan.run.id,
        **counts,
    )
    tally: dict[tuple[str, str, str], int] = {}
    for draft in plan.drafted:
        what = draft.intention
        later = "" if what.due_at <= plan.run.created_at else f"{what.due_at:%Y-%m-%d %H:%M} UTC"
        place = (what.system, what.action.value, later)
        tally[place] = tally.get(place, 0) + 1
    if tally:
        rows = [(system, voice.words(action), due, n) for (system, action, due), n in sorted(tally.items())]
        voice.table(["system", "action", "due", "count"], rows)
    for note in plan.notes:
        voice.say("note: {note}", note=note)
    if plan.faults:
        voice.say("{count} rows or cells could not be used:", count=len(plan.faults))
        shown = [(fault.place, fault.field, fault.rule, fault.message) for fault in plan.faults[:_FAULTS_SHOWN]]
        voice.table(["place", "field", "rule", "message"], shown)
    for reason in plan.run.reasons:
        voice.say("held: {reason}", reason=in_language(reason, voice.language))
    if plan.run.state is RunState.HELD:
        voice.say(
            "look at it with: baton effects {run}; then: baton release {run} --as YOU --why TEXT, or baton reject",
            run=plan.run.id,
        )


def plan_document(plan: SyncPlan) -> dict[str, Any]:
    """A plan for machines: field names, never values."""
    intended = [
        {
            "system": draft.intention.system,
            "person": draft.intention.number,
            "action": draft.intention.action,
            "due_at": draft.intention.due_at,
            "fields": sorted(draft.digests),
        }
        for draft in plan.drafted
    ]
    return {"run": plan.run, "effects": intended, "faults": plan.faults, "notes": plan.notes}


def show_settled(voice: Voice, settled: Settled) -> None:
    """A verdict in words."""
    figures = " ".join(summarise(settled.settlement.counts)) or voice.words("nothing to do")
    verdict = voice.words(settled.run.verdict or settled.verdict.value)
    voice.say("{run}: {verdict} ({figures})", run=settled.run.id, verdict=verdict, figures=figures)
    for difference in settled.settlement.differences:
        voice.say(
            "{system} {person}: read back differently: {fields}",
            system=difference.system,
            person=difference.number,
            fields=", ".join(difference.fields),
        )
    for system, why in settled.settlement.unreadable.items():
        voice.say("{system} cannot be read back: {why}", system=system, why=why)


def settled_document(settled: Settled) -> dict[str, Any]:
    """A verdict for machines."""
    settlement = settled.settlement
    return {
        "run": settled.run,
        "verdict": settled.run.verdict or settled.verdict.value,
        "counts": settlement.counts,
        "differences": settlement.differences,
        "unreadable": settlement.unreadable,
    }


COMMANDS = (plan_command, run_command, apply_command, settle_command, reconcile_command)
