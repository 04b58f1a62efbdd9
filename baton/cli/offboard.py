"""baton offboard …: cases opened, looked at, brought on, completed, taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from baton.cli.context import Context, command
from baton.cli.offboard_files import COMMANDS as FILE_COMMANDS
from baton.cli.offboard_items import COMMANDS as ITEM_COMMANDS
from baton.cli.offboard_links import COMMANDS as LINK_COMMANDS
from baton.cli.offboard_money import COMMANDS as MONEY_COMMANDS
from baton.cli.offboard_shown import (
    case_document,
    last_moment,
    progress,
    show,
    show_hour,
    show_unread,
)
from baton.cli.offboard_verify import COMMANDS as VERIFY_COMMANDS
from baton.cli.offboard_watch import COMMANDS as WATCH_COMMANDS
from baton.cli.output import working
from baton.cli.sync import login
from baton.model.case import LARGEST_NUMBER, Act, CaseState, Cause, ItemState


def _decided_by(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--why", required=True, help="The reason; it goes into the audit log."),
        click.option("--as", "person", required=True, help="Who decides (HR)."),
    ):
        function = option(function)
    return function


@command("open")
@click.argument("number")
@click.option("--cause", type=click.Choice([cause.value for cause in Cause]), default=Cause.BY_HAND.value)
@click.option("--manager", default="", help="Who approves, by employee number (default: as HR says).")
@click.option(
    "--last-working",
    type=click.DateTime(["%Y-%m-%dT%H:%M%z"]),
    help="Last working moment, such as 2026-12-31T18:00+0800.",
)
@click.option("--as", "person", default=None, help="Who opens it: HR (default: the login name).")
def open_command(
    context: Context, number: str, cause: str, manager: str, last_working: datetime | None, person: str | None
) -> int:
    """Open a case for an employee (or give the one that is open), and look everywhere at once."""
    from baton.hub.offboarding.casework import Opening
    from baton.hub.offboarding.opening import open_and_look

    voice = context.voice
    with context.hub() as hub:
        with working(voice, "looking everywhere"):
            opening = Opening(number, Cause(cause), person or login(), manager, last_working)
            refreshed = open_and_look(hub, opening)
        show_unread(voice, refreshed.unread)
        show(hub, voice, refreshed.case, ())
    return 1 if refreshed.unread else 0


@command("list")
@click.option("--state", type=click.Choice([state.value for state in CaseState]), default=None)
def list_command(context: Context, state: str | None) -> None:
    """All cases, newest first, and how far each is."""
    voice = context.voice
    with context.hub() as hub, hub.database.read() as connection:
        cases = hub.cases.listed(connection, *([CaseState(state)] if state else []))
        tallies = {case.id: hub.cases.tally(connection, case.id) for case in cases}
    rows = [
        (case.id, case.number, voice.words(case.state.value), last_moment(case), *progress(tallies[case.id]))
        for case in cases
    ]
    if rows:
        voice.table(["case", "person", "state", "last working moment", "items", "closed"], rows)
    else:
        voice.say("there are no cases yet")
    voice.document([{"case": case_document(case), "items": tallies[case.id]} for case in cases])


@command("show")
@click.argument("case")
@click.option("--state", "states", type=click.Choice([state.value for state in ItemState]), multiple=True)
def show_command(context: Context, case: str, states: tuple[str, ...]) -> None:
    """A case as of the last look: its items, and what keeps it from being completed (CASE: id or employee number)."""
    from baton.hub.offboarding.casework import find_case

    with context.hub() as hub:
        show(hub, context.voice, find_case(hub, case), states)


@command("refresh")
@click.argument("case")
def refresh_command(context: Context, case: str) -> int:
    """Ask every system again what the leaver holds."""
    from baton.hub.offboarding.refreshing import refresh

    voice = context.voice
    with context.hub() as hub, working(voice, "looking everywhere"):
        refreshed = refresh(hub, case)
    figures = {name: getattr(refreshed, name) for name in ("new", "renewed", "gone", "named")}
    voice.say("{new} new, {renewed} changed, {gone} gone, {named} offered to somebody", **figures)
    show_unread(voice, refreshed.unread)
    voice.document({"case": refreshed.case.id, **figures, "unread": refreshed.unread})
    return 1 if refreshed.unread else 0


@command("run")
@click.argument("cases", nargs=-1)
def run_command(context: Context, cases: tuple[str, ...]) -> int:
    """What the schedule does: open cases of those who resign, look everywhere, pass on what is approved, read back."""
    from baton.hub.offboarding.casework import find_case
    from baton.hub.offboarding.hourly import tick

    voice = context.voice
    with context.hub() as hub, working(voice, "handing over"):
        hour = tick(hub, tuple(find_case(hub, case).id for case in cases))
    show_hour(voice, hour)
    return 1 if hour.troubles or hour.stuck or any(report.halted for report in hour.reports) else 0


@command("prescan")
@click.argument("case")
def prescan_command(context: Context, case: str) -> int:
    """What will get in the way of the last day: named, with what to do."""
    from baton.hub.offboarding.ahead import look_ahead
    from baton.hub.offboarding.casework import find_case

    voice = context.voice
    with context.hub() as hub, working(voice, "looking everywhere"):
        (scan,) = look_ahead(hub, [find_case(hub, case)]).values()
    rows = [(found.system or "baton", found.blocker.title, found.blocker.remedy) for found in scan.found]
    if rows:
        voice.table(["system", "what", "what to do"], rows)
    else:
        voice.say("nothing gets in the way, as far as could be asked")
    for system in scan.unasked:
        voice.say("{system} offers no way to ask", system=system)
    for each in scan.by_hand:
        voice.say("{system} cannot be asked, see the checklist: {what}", system=each.system, what=each.blocker.title)
    show_unread(voice, scan.unread)
    voice.document(scan.document())
    return 1 if scan.found or scan.unread else 0


def _decision(name: str, act: Act, about: str) -> click.Command:
    @command(name, help=about)
    @click.argument("case")
    @_decided_by
    def decide_command(context: Context, case: str, person: str, why: str) -> None:
        from baton.hub.offboarding.casework import decide, find_case

        with context.hub() as hub:
            after = decide(hub, find_case(hub, case).id, act, person, why)
        context.voice.say("{case}: {state}", case=after.id, state=context.voice.words(after.state.value))
        context.voice.document({"case": after.id, "state": after.state})

    return decide_command


@command("complete")
@click.argument("case")
@_decided_by
def complete_command(context: Context, case: str, person: str, why: str) -> None:
    """End a case. What is missing is listed; nobody can overrule it."""
    from baton.hub.offboarding.casework import find_case
    from baton.hub.offboarding.certifying import lacks_certificate
    from baton.hub.offboarding.completing import complete

    voice = context.voice
    with context.hub() as hub, working(voice, "looking everywhere"):
        after = complete(hub, find_case(hub, case).id, person, why)
        certified = not lacks_certificate(hub, after)
    voice.say("{case}: {state}", case=after.id, state=voice.words(after.state.value))
    if certified:
        voice.say("its certificate is kept: baton offboard certificate {case} --kept", case=after.id)
    else:
        voice.say("its certificate could not be issued just now; the next run issues it")
    shown = {"case": after.id, "state": after.state, "completed_at": after.completed_at, "certified": certified}
    voice.document(shown)


@command("undo")
@click.argument("case")
@click.argument("items", type=click.IntRange(1, LARGEST_NUMBER), nargs=-1)
@_decided_by
def undo_command(context: Context, case: str, items: tuple[int, ...], person: str, why: str) -> int:
    """Take back what was passed on (all of it, or these items) and can be taken back; the next run carries it out."""
    from baton.hub.offboarding.casework import find_case
    from baton.hub.offboarding.undoing import undo

    voice = context.voice
    with context.hub() as hub:
        undone = undo(hub, find_case(hub, case).id, person, why, items)
    voice.say("{count} items are on their way back: {run}", count=len(undone.items), run=undone.run_id)
    if undone.rights:
        voice.say("{count} rights that successors were given for it are taken from them", count=undone.rights)
    for item in undone.irreversible:
        voice.say("item {item} cannot be taken back: {title}", item=item.id, title=item.title)
    ids = {"back": [item.id for item in undone.items], "irreversible": [item.id for item in undone.irreversible]}
    voice.document({"run": undone.run_id, **ids, "rights": undone.rights})
    return 1 if undone.irreversible else 0


@click.group("offboard")
def offboard() -> None:
    """Hand a leaver's clients, work and rights over, item by item, and prove it."""


for each in (
    open_command,
    list_command,
    show_command,
    refresh_command,
    run_command,
    prescan_command,
    *ITEM_COMMANDS,
    *FILE_COMMANDS,
    *WATCH_COMMANDS,
    *LINK_COMMANDS,
    _decision("pause", Act.PAUSE, "Stop passing on for now; what is on its way is called back where it can be."),
    _decision(
        "retract",
        Act.RETRACT,
        "The person stays after all. What was passed on and can come back does, by the next runs.",
    ),
    _decision("reopen", Act.REOPEN, "Go on with a case that was paused, retracted or completed."),
    complete_command,
    undo_command,
    *VERIFY_COMMANDS,
    *MONEY_COMMANDS,
):
    offboard.add_command(each)

COMMANDS = (offboard,)
