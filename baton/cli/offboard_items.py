"""What people say about items, from the command line: one command for each act, all through the same door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from baton.cli.context import Context, command
from baton.errors import ConfigurationError, Fault
from baton.hub import Hub
from baton.model.case import LARGEST_NUMBER, Act, Case, Item, Role


@command("item")
@click.argument("case")
@click.argument("item", type=click.IntRange(1, LARGEST_NUMBER))
def item_command(context: Context, case: str, item: int) -> None:
    """One item: every version, every statement."""
    from baton.hub.offboarding.casework import find_case

    voice = context.voice
    with context.hub() as hub:
        found = find_case(hub, case)
        (known,) = _items(hub, found, [item])
        with hub.database.read() as connection:
            versions = hub.cases.versions(connection, found.id, item)
            said = hub.cases.said(connection, found.id, item)
    voice.say("{item}@{version} {title}: {state}", item=known.id, version=known.version, title=known.title,
              state=voice.words(known.state.value))  # fmt: skip
    rows = [
        (number, f"{at:%Y-%m-%d %H:%M} UTC", holding.title, ", ".join(f"{k}={v}" for k, v in holding.facts.items()))
        for number, at, holding in versions
    ]
    voice.table(["version", "at", "what", "facts"], rows)
    if said:
        spoken = [
            (f"{s.at:%Y-%m-%d %H:%M} UTC", s.item_version, s.person, voice.words(s.act.value), s.text) for s in said
        ]
        voice.table(["at", "version", "person", "act", "text"], spoken)
    voice.document(
        {
            "item": known.id,
            "state": known.state,
            "versions": [
                {"version": n, "seen_at": at, "title": h.title, "facts": {k: str(v) for k, v in h.facts.items()}}
                for n, at, h in versions
            ],
            "said": [
                {
                    "at": s.at,
                    "version": s.item_version,
                    "person": s.person,
                    "role": s.role,
                    "act": s.act,
                    "text": s.text,
                }
                for s in said
            ],
        }
    )


def _items(hub: Hub, case: Case, ids: Sequence[int]) -> list[Item]:
    with hub.database.read() as connection:
        found = hub.cases.items(connection, case.id, ids=ids)
    if len(found) != len(set(ids)):
        missing = sorted(set(ids) - {item.id for item in found})
        message = f"{case.id} has no item {', '.join(map(str, missing))}"
        raise ConfigurationError([Fault("ITEM", "unknown_item", message)])
    return found


def _spoken(name: str, act: Act, about: str, *, text_needed: bool, text_help: str) -> click.Command:
    def wanted(function: Callable[..., Any]) -> Callable[..., Any]:
        if act is Act.NAME:
            function = click.option("--successor", required=True, help="Employee number of who is to have it.")(
                function
            )
        return function

    @command(name, help=about + " ITEM: its number, or NUMBER@VERSION for exactly that version.")
    @click.argument("case")
    @click.argument("items", nargs=-1, required=True, metavar="ITEM...")
    @click.option("--as", "person", required=True, help="Who says it: an employee number, or a name for HR.")
    @click.option("--role", type=click.Choice([each.value for each in Role]), help="As what (default: what they are).")
    @click.option("--text", "--why", "text", default="", required=text_needed, help=text_help)
    @wanted
    def say_command(
        context: Context,
        case: str,
        items: tuple[str, ...],
        person: str,
        role: str | None,
        text: str,
        successor: str = "",
    ) -> None:
        from baton.hub.offboarding.casework import find_case
        from baton.hub.offboarding.saying import Saying, say
        from baton.hub.offboarding.standing import speaks_as

        voice = context.voice
        with context.hub() as hub:
            found = find_case(hub, case)
            versions = _versions(hub, found, items)
            spoken_as = speaks_as(hub, found, person, act) if role is None else Role(role)
            after = say(hub, Saying(found.id, versions, act, person, spoken_as, text, successor))
        for item in after:
            voice.say("item {item}: {state}", item=item.id, state=voice.words(item.state.value))
        voice.document({"case": found.id, "items": {str(item.id): item.state for item in after}})

    return say_command


def _versions(hub: Hub, case: Case, named: Sequence[str]) -> dict[int, int]:
    """Item number -> the version meant; without ``@`` the newest there is."""
    wanted: dict[int, int | None] = {}
    for text in named:
        number, at, version = text.partition("@")
        if not _is_number(number) or (at and not _is_number(version)):
            message = f"{text[:40]!r} is no item; write 12, or 12@3 for its third version"
            raise ConfigurationError([Fault("ITEM", "item", message)])
        wanted[int(number)] = int(version) if at else None
    newest = {item.id: item.version for item in _items(hub, case, sorted(wanted))}
    return {number: newest[number] if version is None else version for number, version in wanted.items()}


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= len(str(LARGEST_NUMBER)) and int(text) <= LARGEST_NUMBER


_TEXT = "What is said."
_WHY = "The reason."

COMMANDS = (
    item_command,
    _spoken("name", Act.NAME, "Name who is to have these items.", text_needed=False, text_help=_WHY),
    _spoken("note", Act.NOTE, "Add a note to these items.", text_needed=True, text_help=_TEXT),
    _spoken("ask", Act.ASK, "Ask something about these items.", text_needed=True, text_help=_TEXT),
    _spoken("answer", Act.ANSWER, "Answer a question.", text_needed=True, text_help=_TEXT),
    _spoken("accept", Act.ACCEPT, "Accept these items.", text_needed=False, text_help=_TEXT),
    _spoken("refuse", Act.REFUSE, "Refuse these items.", text_needed=True, text_help=_WHY),
    _spoken("approve", Act.APPROVE, "Approve what was accepted.", text_needed=False, text_help=_TEXT),
    _spoken("leave", Act.LEAVE, "Decide not to pass these on.", text_needed=True, text_help=_WHY),
    _spoken(
        "confirm",
        Act.CONFIRM,
        "Say that this was done by hand.",
        text_needed=True,
        text_help="What proves it.",
    ),
)
