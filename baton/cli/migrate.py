"""baton migrate …: records from one system into another, with proof, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from baton.cli.context import Context, command
from baton.cli.counting import counting
from baton.cli.migrate_look import COMMANDS as LOOKING
from baton.cli.output import Voice
from baton.cli.sync import login
from baton.kept_reasons import in_language
from baton.languages import LANGUAGES

if TYPE_CHECKING:
    from baton.hub.migration.planning import MigrationPlan
    from baton.hub.migration.route import MigrationRequest
    from baton.hub.migration.running import Migrated

_SHOWN = 20
_LANGUAGE = click.option(
    "--language",
    "languages",
    type=click.Choice(list(LANGUAGES)),
    multiple=True,
    help="Of the report (repeatable; default: migrations.report_languages in systems.yaml).",
)


def _request_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        _LANGUAGE,
        click.option(
            "--report", type=click.Path(path_type=Path, file_okay=False), help="Write the report into this folder."
        ),
        click.option("--as", "person", default=None, help="Who asks (default: the login name)."),
        click.option("--retention-days", type=click.IntRange(1, 3650), default=30, show_default=True),
        click.option("--of", "corrects", default="", metavar="RUN", help="The run that the quarantine file is from."),
        click.option(
            "--resume-quarantine",
            "quarantine",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Migrate the corrected rows of this file instead of the source.",
        ),
        click.option(
            "--share", type=click.FloatRange(0, 100), default=1.0, show_default=True, help="Second wave, in %."
        ),
        click.option(
            "--first", type=click.IntRange(0), default=1, show_default=True, help="Records in the first wave."
        ),
        click.option("--to", "target", default="", metavar="SYSTEM", help="Target, where several would do."),
        click.option("--from", "source", default="", metavar="SYSTEM", help="Source, where several would do."),
        click.argument("mapping", type=click.Path(path_type=Path)),
    ):
        function = option(function)
    return function


def _request(person: str | None, first: int, share: float, **given: Any) -> MigrationRequest:
    from baton.hub.migration.route import MigrationRequest
    from baton.jobs.migration.waves import WavePlan

    return MigrationRequest(requested_by=person or login(), waves=WavePlan(first, share / 100), **given)


@command("plan")
@_request_options
def plan_command(context: Context, report: Path | None, languages: Sequence[str], **given: Any) -> int:
    """Dry run: read, map, compare with the target and say what would be written. Nothing is written anywhere."""
    return _preview(context, _request(**given), report, languages)


@command("run")
@click.option("--dry-run", is_flag=True, help="Only plan; the same as: baton migrate plan.")
@_request_options
def run_command(context: Context, dry_run: bool, report: Path | None, languages: Sequence[str], **given: Any) -> int:
    """Plan, write wave by wave, prove each wave, and give the verdict."""
    from baton.hub.migration.findings import report_document
    from baton.hub.migration.planning import plan_migration
    from baton.hub.migration.report import write_report
    from baton.hub.migration.running import carry_on

    if dry_run:
        return _preview(context, _request(**given), report, languages)
    _require_report(report, languages)
    voice = context.voice
    with context.hub() as hub, counting(voice) as progress:
        plan = plan_migration(hub, _request(**given), progress)
        _show_plan(voice, plan)
        done = carry_on(hub, plan.run.id, progress)
        spoken = languages or hub.settings.migrations.report_languages
        files = write_report(report_document(hub, plan.run.id), report, spoken) if report else []
    return _conclude(voice, done, files)


def _require_report(report: Path | None, languages: Sequence[str]) -> None:
    """Nothing else has a language of its own: who names one without a folder is told so before anything is done."""
    if languages and report is None:
        raise click.UsageError("--language is that of the report: give --report FOLDER as well")


def _preview(context: Context, request: MigrationRequest, report: Path | None, languages: Sequence[str]) -> int:
    from baton.hub.migration import findings
    from baton.hub.migration.planning import preview_migration
    from baton.hub.migration.report import write_report

    _require_report(report, languages)
    voice = context.voice
    with context.hub() as hub, counting(voice) as progress:
        plan = preview_migration(hub, request, progress)
        spoken = languages or hub.settings.migrations.report_languages
    _show_plan(voice, plan)
    voice.say("dry run: nothing was stored and nothing will be sent; plan {hash}", hash=plan.run.plan_hash[:16])
    files = write_report(findings.plan_document(plan), report, spoken) if report else []
    for path in files:
        voice.say("written: {path}", path=path)
    voice.document({**plan_document(plan), "files": files})
    return 1 if plan.run.counts.get("quarantined") else 0


@command("resume")
@click.argument("run")
def resume_command(context: Context, run: str) -> int:
    """Go on with a migration or a rollback where it stopped: after an interruption, or after it was released."""
    from baton.hub.migration.running import carry_on

    with context.hub() as hub, counting(context.voice) as progress:
        done = carry_on(hub, run, progress)
    return _conclude(context.voice, done)


@command("rollback")
@click.argument("run")
@click.option("--as", "person", default=None, help="Who asks (default: the login name).")
@click.option(
    "--again", is_flag=True, help="Also what was taken back before and is as migrated again, whoever has entered it."
)
def rollback_command(context: Context, run: str, person: str | None, again: bool) -> int:
    """Take a migration back. What others have changed since stays as it is, and is listed."""
    from baton.hub.migration.rollback import plan_rollback
    from baton.hub.migration.running import carry_on

    with context.hub() as hub, counting(context.voice) as progress:
        undo = plan_rollback(hub, run, person or login(), again=again)
        done = carry_on(hub, undo.id, progress)
    return _conclude(context.voice, done)


@command("verify")
@click.argument("run")
def verify_command(context: Context, run: str) -> int:
    """Look again: source, mapping and target anew against what the run has kept; each difference with its stage."""
    from baton.hub.migration.verifying import Untold, verify

    voice = context.voice
    with context.hub() as hub, counting(voice) as progress:
        found = verify(hub, run, progress)
    for stage, frame in found.differences.items():
        figures = {"count": found.compared[stage], "differing": frame.height}
        voice.say("{stage}: {count} compared, {differing} differ", stage=voice.words(stage), **figures)
    if found.untold is Untold.NOT_EMPTY:
        voice.say("surplus was not looked for: the collection held records before this run, and they may be those")
    elif found.untold is Untold.DELETED:
        voice.say(
            "surplus was not looked for: a later run into the same collection is deleted: its records cannot be told"
        )
    rows = [(stage, *row) for stage, frame in found.differences.items() for row in frame.head(_SHOWN).rows()]
    if rows:
        voice.table(["stage", "row", "column", "cause", "expected", "found"], rows)
    differences = {stage: frame.to_dicts() for stage, frame in found.differences.items()}
    document = {"run": run, "compared": found.compared, "differences": differences, "alike": found.alike}
    voice.document({**document, "surplus": found.untold or "looked_for"})
    return 0 if found.alike else 1


@command("report")
@click.argument("run")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the files.")
@_LANGUAGE
def report_command(context: Context, run: str, out: Path, languages: Sequence[str]) -> None:
    """Write what a migration did and proved: a page and a workbook in each language, and JSON."""
    from baton.hub.migration.findings import report_document
    from baton.hub.migration.report import write_report

    with context.hub() as hub:
        files = write_report(report_document(hub, run), out, languages or hub.settings.migrations.report_languages)
    for path in files:
        context.voice.say("written: {path}", path=path)
    context.voice.document({"run": run, "files": files})


@command("log")
@click.argument("run")
@click.option(
    "--key", "keys", multiple=True, required=True, metavar="FIELD=VALUE", help="The record's key (repeatable)."
)
def log_command(context: Context, run: str, keys: tuple[str, ...]) -> int:
    """One record's path: source row, digests, effect, receipt, read-back."""
    from baton.hub.migration.findings import paths

    wrong = [each for each in keys if "=" not in each]
    if wrong:
        raise click.BadParameter(f"write FIELD=VALUE, not {wrong[0]!r}", param_hint="--key")
    voice = context.voice
    with context.hub() as hub:
        found = list(paths(hub, run, dict(each.split("=", 1) for each in keys)))
    for path in found:
        shown = [(name, getattr(path, name)) for name in path.__dataclass_fields__]
        voice.table(["step", "value"], shown)
    if not found:
        voice.say("no record of this run has that key")
    voice.document({"run": run, "paths": found})
    return 0 if found else 1


@command("quarantine")
@click.argument("run")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A .csv or .xlsx that does not exist yet.")
def quarantine_command(context: Context, run: str, out: Path) -> None:
    """Write the rows that were put aside, in clear, each with its reasons, for a person to correct."""
    from baton.hub.migration.quarantine import write_quarantine

    with context.hub() as hub:
        count = write_quarantine(hub, run, out)
    context.voice.say("{count} rows written to {path}: correct them there", count=count, path=out)
    context.voice.say("then: baton migrate run MAPPING --resume-quarantine {path} --of {run}", path=out, run=run)
    context.voice.document({"run": run, "rows": count, "path": out})


@command("purge")
def purge_command(context: Context) -> None:
    """Delete the staged records of all runs whose retention has ended."""
    from baton.hub.migration.retention import purge

    with context.hub() as hub:
        gone = purge(hub)
    context.voice.say("staged records of {count} runs deleted", count=len(gone))
    context.voice.document({"purged": gone})


def _show_plan(voice: Voice, plan: MigrationPlan) -> None:
    counts = {name: plan.run.counts.get(name, 0) for name in ("read", "insert", "update", "nothing", "quarantined")}
    voice.say(
        "{run}: {read} rows: {insert} to insert, {update} to update, {nothing} alike, {quarantined} in quarantine",
        run=plan.run.id,
        **counts,
    )
    outside = plan.run.counts.get("out_of_scope", 0)
    if outside:
        voice.say("{count} rows are outside the scope of the mapping: they are left out", count=outside)
    if plan.faults:
        shown = [(fault.place, fault.field, fault.rule, fault.message) for fault in plan.faults[:_SHOWN]]
        voice.table(["place", "field", "rule", "message"], shown)


def plan_document(plan: MigrationPlan) -> dict[str, Any]:
    """A plan for machines; totals (as a report shows them) and figures, no values."""
    from baton.hub.migration import findings

    move = plan.move
    return {
        "run": plan.run,
        "waves": move.waves,
        "totals": findings.plan_document(plan)["stages"],
        "roots": move.facts["roots"],
        "cleaning": move.facts["fixed"],
        "rules": move.facts["rules"],
        "faults": plan.faults,
    }


def _conclude(voice: Voice, done: Migrated, files: Sequence[Path] = ()) -> int:
    if done.undone_by:
        voice.say("{run} was taken back by {undone_by}: nothing is done", run=done.run.id, undone_by=done.undone_by)
    else:
        _say_verdict(voice, done)
    for path in files:
        voice.say("written: {path}", path=path)
    document = {
        "files": list(files),
        "run": done.run,
        "verdict": done.verdict,
        "counts": done.counts,
        "reasons": done.reasons,
        "undone_by": done.undone_by,
    }
    voice.document(document)
    return done.verdict.exit_code


def _say_verdict(voice: Voice, done: Migrated) -> None:
    figures = " ".join(f"{name}={count}" for name, count in sorted(done.counts.items()) if count)
    voice.say("{run}: {verdict} ({figures})", run=done.run.id, verdict=voice.words(done.verdict.value), figures=figures)
    for reason in done.reasons:
        voice.say("note: {note}", note=in_language(reason, voice.language))
    if done.verdict.value == "held":
        run = done.run.id
        for reason in done.run.reasons:
            voice.say("held: {reason}", reason=in_language(reason, voice.language))
        voice.say("plan {hash}", hash=done.run.plan_hash[:16])
        voice.say("if that is right: baton release {run} --as YOU --why TEXT; baton migrate resume {run}", run=run)
        voice.say("if it is not: baton migrate rollback {run}", run=run)


migrate = click.Group("migrate", help="Records from one system into another, proved three times, and back.")
for each in (
    *LOOKING,
    plan_command,
    run_command,
    resume_command,
    rollback_command,
    verify_command,
    report_command,
    log_command,
    quarantine_command,
    purge_command,
):
    migrate.add_command(each)
COMMANDS = (migrate,)
