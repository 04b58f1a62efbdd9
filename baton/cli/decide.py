"""release, reject, resolve, kill-switch: what only a person decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from baton.cli.context import Context, command
from baton.hub import decisions
from baton.hub.decisions import Resolution


def _decision_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--why", required=True, help="The reason; it goes into the audit log."),
        click.option("--as", "person", required=True, help="Who decides; never the one who asked for the run."),
    ):
        function = option(function)
    return function


with_plan = click.option(
    "--plan", default="", help="The beginning of the hash of the plan you looked at: on another one nothing is decided."
)


@command("release")
@click.argument("run")
@with_plan
@_decision_options
def release_command(context: Context, run: str, plan: str, person: str, why: str) -> None:
    """Let a held run go."""
    with context.hub() as hub:
        count = decisions.release(hub, run, person, why, plan)
    context.voice.say("{run}: {count} effects released; the next apply sends them", run=run, count=count)
    context.voice.document({"run": run, "released": count})


@command("reject")
@click.argument("run")
@with_plan
@_decision_options
def reject_command(context: Context, run: str, plan: str, person: str, why: str) -> None:
    """Discard a held run; its people stay as they are until the source says something new."""
    with context.hub() as hub:
        count = decisions.reject(hub, run, person, why, plan)
    context.voice.say(
        "{run}: {count} effects discarded; these people stay as they are until the source says something new",
        run=run,
        count=count,
    )
    context.voice.document({"run": run, "rejected": count})


@command("resolve")
@click.argument("effect")
@click.argument("resolution", type=click.Choice([item.value for item in Resolution]))
@_decision_options
def resolve_command(context: Context, effect: str, resolution: str, person: str, why: str) -> None:
    """Settle one effect in doubt by what you found out at the target (EFFECT: at least 8 digits of its key)."""
    with context.hub() as hub:
        key = decisions.resolve(hub, effect, Resolution(resolution), person, why)
    context.voice.say("effect {key}: {resolution}", key=key[:12], resolution=resolution)
    context.voice.document({"effect": key, "resolution": resolution})


@command("kill-switch")
@click.argument("position", type=click.Choice(["on", "off", "status"]))
@click.option("--scope", default="all", metavar="SCOPE", help="all, system:NAME or action:NAME.")
@click.option("--as", "person", default="", help="Who throws it.")
@click.option("--why", default="", help="The reason.")
def kill_switch_command(context: Context, position: str, scope: str, person: str, why: str) -> None:
    """Stop all sending (or one system's, or one action's); what is under way ends and is recorded."""
    voice = context.voice
    with context.hub() as hub:
        if position != "status":
            decisions.kill_switch(hub, scope, position, person, why)
        if position == "off":
            voice.say("kill switch {scope} is off", scope=scope)
        with hub.database.read() as connection:
            engaged = hub.runs.engaged(connection)
    for name, reason in engaged.items():
        voice.say("kill switch {scope} is on: {why}", scope=name, why=reason)
    if not engaged:
        voice.say("no kill switch is on")
    voice.document({"engaged": engaged})


COMMANDS = (release_command, reject_command, resolve_command, kill_switch_command)
