"""baton pay differences, acknowledge: what does not agree with the banks, and who looks after it."""

from __future__ import annotations

from typing import Final

import click

from baton.cli.context import Context, command
from baton.cli.pay_options import as_person
from baton.cli.pay_options import why as with_why

_TOLD: Final = (
    *("key", "system", "run_id", "kind", "what", "place", "weight", "expected_minor", "found_minor", "hint"),
    *("since", "decided_at", "person", "why"),
)


@command("differences")
@click.option("--bank", "only", default=None, help="Only this system.")
def differences_command(context: Context, only: str | None) -> int:
    """What stood against the banks at the last comparison (exit 1: something waits for somebody)."""
    voice = context.voice
    with context.hub() as hub, hub.database.read() as connection:
        found = hub.bank_differences.current(connection, None if only is None else [only])
    if found:
        rows = [
            (each.key, each.system, voice.words(each.weight) if each.weight else voice.words("listed"),
             each.kind, each.what, each.place, f"{each.since:%Y-%m-%d %H:%M} UTC", each.person)
            for each in found
        ]  # fmt: skip
        voice.table(["key", "system", "weight", "kind", "what", "place", "since", "taken on by"], rows)
    else:
        voice.say("nothing differs")
    voice.document({"differences": [{name: getattr(each, name) for name in _TOLD} for each in found]})
    return 1 if any(each.weight and each.decided_at is None for each in found) else 0


@command("acknowledge")
@click.argument("key")
@as_person
@with_why
def acknowledge_command(context: Context, key: str, person: str, why: str) -> None:
    """Take a difference on: nobody is told of it any more. It stays listed while it stands."""
    from baton.hub.payment.differing import acknowledge

    with context.hub() as hub:
        found = acknowledge(hub, key, person, why)
    context.voice.say("{key}: {person} looks after it", key=found.key, person=person)
    context.voice.document({"key": found.key, "kind": found.kind, "what": found.what, "person": person})


COMMANDS = (differences_command, acknowledge_command)
