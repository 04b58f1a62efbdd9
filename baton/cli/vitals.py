"""health, metrics, alarms, report, note-backup: whether the hub is well, and who is told when it is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from baton.cli.context import Context, command
from baton.cli.output import Voice, working

if TYPE_CHECKING:
    from baton.model.alarm import Alarm

_FOR: Final = re.compile(r"([0-9]{1,3})([hd])")
_REPORTS: Final = (".html", ".htm", ".json")
_UNITS: Final = {"h": "hours", "d": "days"}


class _Lasting(click.ParamType[timedelta]):
    """``4h`` or ``2d``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The time; a usage error for anything else."""
        found = _FOR.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is no time such as 4h or 2d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _who_and_why(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--why", required=True, help="The reason; it goes into the audit log."),
        click.option("--as", "person", required=True, help="Who decides."),
    ):
        function = option(function)
    return function


@command("health")
def health_command(context: Context) -> int:
    """Whether the hub is well: every figure, every broken rule. Exit code 0 well, 1 a warning, 2 critical."""
    from baton.hub.vitals.document import exit_code, health_document

    voice = context.voice
    with context.hub() as hub, working(voice, "looking"):
        document = health_document(hub)
    _show_health(voice, document)
    voice.document(document)
    return exit_code(document)


def _show_health(voice: Voice, document: Mapping[str, Any]) -> None:
    from baton.hub.vitals.messages import figure
    from baton.hub.vitals.words import words_in

    words = words_in(voice.language)
    groups = (("", {"": document["hub"]}), ("system", document["systems"]), ("job", document["jobs"]))
    rows = [
        (words(kind) if kind else "", name, words(f"measure.{measure}"), figure(words, measure, value))
        for kind, subjects in groups
        for name, figures in sorted(subjects.items())
        for measure, value in figures.items()
    ]
    voice.table(["kind", "about", "what", "figure"], rows)
    broken = [
        (
            words(f"severity.{each['severity']}"),
            each["rule"],
            each["about"],
            words(f"measure.{each['measure']}"),
            figure(words, each["measure"], each["value"]),
            figure(words, each["measure"], each["limit"]),
        )
        for each in document["broken"]
    ]
    if broken:
        voice.table(["severity", "rule", "about", "what", "figure", "limit"], broken)
    else:
        voice.say("no rule is broken")


@command("metrics")
def metrics_command(context: Context) -> None:
    """Every figure in Prometheus' text format, as the console's /metrics gives it."""
    from baton.hub.vitals.exposition import exposition
    from baton.hub.vitals.taking import take

    with context.hub() as hub:
        samples = take(hub)
    context.voice.content(exposition(samples))
    context.voice.document({"samples": samples})


@click.group("alarms")
def alarms_group() -> None:
    """Alarms about the hub's own health: look, tell, take on, silence."""


@command("run")
def run_command(context: Context) -> int:
    """Judge every rule, raise and end alarms, tell the people on their routes. Exit code 1 while one is not over."""
    from baton.hub.vitals.alarming import watch

    voice = context.voice
    with context.hub() as hub, working(voice, "looking"):
        watched = watch(hub)
    voice.say(
        "{raised} alarms raised, {over} over, {messages} messages planned",
        raised=watched.raised,
        over=watched.over,
        messages=watched.messages,
    )
    not_told = [*watched.mute, *watched.halted, *watched.refused]
    for trouble in not_told:
        voice.say("not told: {trouble}", trouble=trouble)
    _show_alarms(voice, watched.current)
    voice.document(
        {
            "alarms": watched.current,
            "raised": watched.raised,
            "over": watched.over,
            "messages": watched.messages,
            "not_told": not_told,
        }
    )
    return int(bool(watched.current))


@command("list")
def list_command(context: Context) -> int:
    """The alarms that are not over; exit code 1 when there are any."""
    with context.hub() as hub, hub.database.read() as connection:
        now = hub.clock.now()
        current = [replace(alarm, state=alarm.state_at(now)) for alarm in hub.alarms.current(connection)]
    _show_alarms(context.voice, current)
    context.voice.document({"alarms": current})
    return int(bool(current))


@command("acknowledge")
@click.argument("alarm")
@_who_and_why
def acknowledge_command(context: Context, alarm: str, person: str, why: str) -> None:
    """Take an alarm on: nobody is told of it again."""
    from baton.hub.vitals.alarming import acknowledge

    with context.hub() as hub:
        _show_one(context.voice, acknowledge(hub, alarm, person, why))


@command("silence")
@click.argument("alarm")
@click.option("--for", "lasting", type=_Lasting(), required=True, metavar="TIME", help="Such as 4h or 2d.")
@_who_and_why
def silence_command(context: Context, alarm: str, lasting: timedelta, person: str, why: str) -> None:
    """Do not hear of an alarm for a time, whatever its figure does."""
    from baton.hub.vitals.alarming import silence

    with context.hub() as hub:
        _show_one(context.voice, silence(hub, alarm, person, why, lasting))


for alarms_command in (run_command, list_command, acknowledge_command, silence_command):
    alarms_group.add_command(alarms_command)


def _show_one(voice: Voice, alarm: Alarm) -> None:
    _show_alarms(voice, [alarm])
    voice.document({"alarm": alarm})


def _show_alarms(voice: Voice, found: list[Alarm] | Any) -> None:
    from baton.hub.vitals.words import words_in

    words = words_in(voice.language)
    if not found:
        voice.say("no alarm is open")
        return
    rows = [
        (
            alarm.key,
            words(f"severity.{alarm.severity}"),
            words(f"state.{alarm.state}"),
            alarm.rule,
            alarm.subject,
            f"{alarm.since:%Y-%m-%d %H:%M} UTC",
            alarm.person,
            alarm.why,
        )
        for alarm in found
    ]
    voice.table(["key", "severity", "state", "rule", "about", "since", "person", "why"], rows)


@click.group("report")
def report_group() -> None:
    """Reports about the hub itself."""


@command("health")
@click.option("--month", required=True, metavar="YYYY-MM", help="In the hub's own time zone.")
@click.option("--language", type=click.Choice(["zh", "en", "ja", "ko"]), default=None, help="Of the page.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="FILE.html, or FILE.json.")
def report_health_command(context: Context, month: str, language: str | None, out: Path | None) -> None:
    """The monthly health report: what ran, failures, time to reach, drift, holds, alarms, decisions."""
    from baton.hub.vitals.month_page import month_page
    from baton.hub.vitals.monthly import month_document

    voice = context.voice
    if out is not None and out.suffix not in _REPORTS:
        raise click.BadParameter("the name ends in .html or .json, for what is to be in the file", param_hint="--out")
    with context.hub() as hub, working(voice, "looking"):
        document = month_document(hub, month)
    page = month_page(document, language or voice.language)
    if out is not None:
        as_json = out.suffix == ".json"
        out.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) if as_json else page.encode())
        voice.say("written: {path}", path=out)
    else:
        voice.content(page)
    voice.document(document)


report_group.add_command(report_health_command)


@command("note-backup")
@_who_and_why
def note_backup_command(context: Context, person: str, why: str) -> None:
    """Say that a backup was made by other means (pg_dump, a snapshot): the health page counts from here."""
    from baton.hub.vitals.backups import note_backup

    with context.hub() as hub:
        at = note_backup(hub, person, why)
    context.voice.say("noted: a backup of {at} UTC", at=f"{at:%Y-%m-%d %H:%M}")
    context.voice.document({"at": at})


COMMANDS = (health_command, metrics_command, alarms_group, report_group, note_backup_command)
