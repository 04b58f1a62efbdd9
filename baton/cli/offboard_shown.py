"""Cases and items as people and machines get to see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from baton.cli.output import Voice
from baton.model.case import Case, Item, ItemState

if TYPE_CHECKING:
    from baton.hub import Hub
    from baton.hub.offboarding.hourly import Hour
    from baton.hub.offboarding.undecided import Waiting

_SHOWN: Final = 200


def show(hub: Hub, voice: Voice, case: Case, states: tuple[str, ...]) -> None:
    """A case with its items (those in some states), and what is missing."""
    from baton.hub.offboarding.completing import known_obstacles

    with hub.database.read() as connection:
        items = hub.cases.items(connection, case.id, states=[ItemState(state) for state in states])
        missing = known_obstacles(hub, connection, case)
    voice.say("{case}: {name} ({number}), {state}", case=case.id, name=case.name, number=case.number,
              state=voice.words(case.state.value))  # fmt: skip
    rows = [_row(voice, item) for item in items[:_SHOWN]]
    if rows:
        voice.table(["item", "system", "kind", "what", "state", "who", "detail"], rows)
    if len(items) > _SHOWN:
        voice.say("and {count} more: --state shows a part, --json all", count=len(items) - _SHOWN)
    for obstacle in missing:
        voice.say("missing: {what}", what=obstacle.message)
    if not missing:
        voice.say("nothing is missing: baton offboard complete {case} --as YOU --why TEXT", case=case.id)
    voice.document({"case": case_document(case), "items": [item_document(item) for item in items], "missing": missing})


def _row(voice: Voice, item: Item) -> tuple[object, ...]:
    who = item.successor if item.state not in (ItemState.GONE, ItemState.LEFT) else ""
    place = f"{item.id}@{item.version}"
    detail = item.message or item.by_hand
    return (place, item.system, voice.words(item.kind.value), item.title, voice.words(item.state.value), who, detail)


def item_document(item: Item) -> dict[str, Any]:
    """An item for machines."""
    names = ("id", "version", "system", "state", "title", "facts", "undo", "successor", "accepted_by", "approved_by",
             "due_at", "code", "message", "by_hand")  # fmt: skip
    document = {name: getattr(item, name) for name in names}
    about = str(item.about) if item.about else ""
    return {**document, "facts": {k: str(v) for k, v in item.facts.items()}, "ref": str(item.ref), "about": about}


def case_document(case: Case) -> dict[str, Any]:
    """A case for machines."""
    names = ("id", "number", "state", "cause", "policy", "manager", "department", "opened_by", "opened_at", "dates",
             "checked_at", "completed_at", "protected_until")  # fmt: skip
    return {name: getattr(case, name) for name in names}


def last_moment(case: Case) -> str:
    """The last working moment, for people."""
    last = case.dates.last_working_at
    return "" if last is None else f"{last:%Y-%m-%d %H:%M} UTC"


def progress(tally: Mapping[ItemState, int]) -> tuple[int, int]:
    """How many items there are, and how many are closed."""
    return sum(tally.values()), sum(count for state, count in tally.items() if state.closed)


def show_unread(voice: Voice, unread: Mapping[str, str]) -> None:
    """The systems that could not be read, and why."""
    for system, why in unread.items():
        voice.say("{system} cannot be read: {why}", system=system, why=why)


def show_hour(voice: Voice, hour: Hour) -> None:
    """What one round of the schedule did."""
    for case in hour.opened:
        voice.say("opened: {case}", case=case)
    for case in hour.retracted:
        voice.say("retracted, as HR says: {case}", case=case)
    for case in hour.reopened:
        voice.say("opened again: {case}", case=case)
    voice.say("{refreshed} cases looked at; {moved} items on their way, {done} done, {stuck} stuck",
              refreshed=hour.refreshed, moved=hour.moved, done=hour.done, stuck=hour.stuck)  # fmt: skip
    voice.say("{blocked} cannot go, {log_outs} log-outs, {told} messages ({escalations} escalated), {alerts} alerts",
              blocked=hour.blocked, log_outs=hour.log_outs, told=hour.told, escalations=hour.escalations,
              alerts=hour.alerts)  # fmt: skip
    if hour.ahead:
        voice.say("looked ahead to the last day in {count} cases", count=hour.ahead)
    _show_waiting(voice, hour.waiting)
    for report in hour.reports:
        if report.halted:
            voice.say("{system}: stopped: {why}", system=report.system, why=report.halted)
    for what, why in hour.troubles.items():
        if what not in hour.waiting.troubles():
            voice.say("{what}: {why}", what=what, why=why)
    voice.document(hour)


def _show_waiting(voice: Voice, waiting: Waiting) -> None:
    """From whom nothing is taken yet although they leave by HR's data, and what to do."""
    from baton.hub.offboarding.undecided import first_few

    for run, numbers in waiting.held.items():
        voice.say("{count} leave by a run that is held, and keep what they have until it is decided: {numbers}",
                  count=len(numbers), numbers=first_few(numbers))  # fmt: skip
        voice.say(
            "  look: baton effects {run} --state held; then: baton release {run}, or: baton reject {run}", run=run
        )
    if waiting.rejected:
        voice.say("{count} leave only by what was rejected, and keep what they have until HR says otherwise: {numbers}",
                  count=len(waiting.rejected), numbers=first_few(waiting.rejected))  # fmt: skip
    if waiting.protected:
        voice.say("{count} on hub.protected leave by HR's data, and keep all until a person opens a case: {numbers}",
                  count=len(waiting.protected), numbers=first_few(waiting.protected))  # fmt: skip
        voice.say(
            "  who does leave: baton offboard open NUMBER; off the list alone, who left over 31 days ago gets no case"
        )
    if waiting.held or waiting.rejected:
        voice.say("  who must be out all the same: baton offboard open NUMBER --cause emergency")
