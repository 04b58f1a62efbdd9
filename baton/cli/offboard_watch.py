"""Alerts: what was done to a leaver's clients, looked at, dismissed, or stopped by two people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from baton.cli.context import Context, command
from baton.cli.offboard_shown import show_unread
from baton.cli.output import Voice, working

if TYPE_CHECKING:
    from baton.model.alert import Alert

_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"])


@command("alerts")
@click.argument("case", default="")
def alerts_command(context: Context, case: str) -> int:
    """The alerts of a case, or of all; exit code 1 while somebody has to decide."""
    from baton.hub.offboarding.casework import find_case
    from baton.model.alert import AlertState

    with context.hub() as hub:
        case_id = find_case(hub, case).id if case else ""
        with hub.database.read() as connection:
            found = hub.alerts.of(connection, case_id)
    _show(context.voice, found)
    return int(any(alert.state in (AlertState.RAISED, AlertState.FREEZE_ASKED) for alert in found))


@command("watch")
@click.argument("case")
@click.option(
    "--since",
    type=_MOMENT,
    help="Replay from here on, older than the case or not (2026-11-01T00:00+0800); nothing is stored.",
)
@click.option("--until", type=_MOMENT, help="Replay up to here (default: now).")
def watch_command(context: Context, case: str, since: datetime | None, until: datetime | None) -> int:
    """Look at what was done since the last look and raise what is new; or replay the rules over history."""
    from baton.hub.offboarding.casework import find_case
    from baton.hub.offboarding.watching import replay, watch

    if until is not None and since is None:
        raise click.UsageError("--until is the end of a replay: say where it begins with --since")
    voice = context.voice
    with context.hub() as hub, working(voice, "looking everywhere"):
        found = find_case(hub, case)
        watched = watch(hub, found.id) if since is None else replay(hub, found.id, since, until or hub.clock.now())
    show_unread(voice, watched.unread)
    _show(voice, watched.alerts)
    return 1 if watched.alerts or watched.unread else 0


def _decision(name: str, about: str) -> click.Command:
    @command(name, help=about)
    @click.argument("alert")
    @click.option("--as", "person", required=True, help="Who decides; never the leaver.")
    @click.option("--why", required=True, help="The reason; whoever decides next reads it.")
    def decide_command(context: Context, alert: str, person: str, why: str) -> None:
        from baton.hub.offboarding import watching

        act = {"dismiss": watching.dismiss, "ask-freeze": watching.ask_freeze, "freeze": watching.freeze}[name]
        with context.hub() as hub:
            act(hub, alert, person, why)
            with hub.database.read() as connection:
                after = hub.alerts.get(connection, alert)
        assert after is not None
        context.voice.say("{alert}: {state}", alert=alert, state=context.voice.words(after.state.value))
        context.voice.document({"alert": alert, "state": after.state})

    return decide_command


def _show(voice: Voice, found: list[Alert]) -> None:
    if found:
        rows = [
            (
                alert.key,
                f"{alert.at:%Y-%m-%d %H:%M} UTC",
                voice.words(alert.rule.value),
                voice.words(alert.state.value),
                alert.text,
            )
            for alert in found
        ]
        voice.table(["alert", "at", "rule", "state", "what"], rows)
    else:
        voice.say("there are no alerts")
    voice.document([_document(alert) for alert in found])


def _document(alert: Alert) -> dict[str, Any]:
    names = (
        "key",
        "case_id",
        "rule",
        "event",
        "system",
        "actor",
        "about",
        "at",
        "text",
        "state",
        "asked_by",
        "asked_why",
        "decided_by",
        "decided_why",
    )
    return {name: getattr(alert, name) for name in names}


COMMANDS = (
    alerts_command,
    watch_command,
    _decision("dismiss", "Say that there is nothing wrong about an alert."),
    _decision("ask-freeze", "Want the leaver stopped in that system at once; a second person must agree."),
    _decision("freeze", "Agree to it: rights are taken away and sessions ended there at the next run."),
)
