"""Personal links: made, listed, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from baton.cli.context import Context, command
from baton.cli.sync import login
from baton.model.case import Role

if TYPE_CHECKING:
    from baton.store.personal_links import PersonalLink


@command("link")
@click.argument("case")
@click.option("--for", "person", required=True, help="Employee number of who is to be let in.")
@click.option("--role", type=click.Choice([role.value for role in Role if role is not Role.HR]), required=True)
@click.option("--as", "by", default=None, help="Who makes it (default: the login name).")
def link_command(context: Context, case: str, person: str, role: str, by: str | None) -> None:
    """Make a personal link into a case: one person, one role, for as long as the policy says. It is shown once."""
    from baton.hub.offboarding.casework import find_case
    from baton.hub.offboarding.links import Offer, make_link

    with context.hub() as hub:
        address = make_link(hub, Offer(find_case(hub, case).id, person, Role(role), by or login()))
    context.voice.text(address)
    context.voice.document({"link": address})


@command("links")
@click.argument("case")
def links_command(context: Context, case: str) -> None:
    """The links into a case: for whom, until when, last used. None can be shown again."""
    from baton.hub.offboarding.links import links_of

    voice = context.voice
    with context.hub() as hub:
        found = links_of(hub, case)
    rows = [
        (link.id[:12], link.person, voice.words(link.role.value), f"{link.expires_at:%Y-%m-%d %H:%M} UTC", *_use(link))
        for link in found
    ]
    if rows:
        voice.table(["personal link", "person", "role", "expires", "used", "ended"], rows)
    else:
        voice.say("there are no links into this case")
    voice.document(found)


@command("unlink")
@click.argument("case")
@click.option("--for", "person", default="", help="Only this person's links (default: everybody's).")
@click.option("--as", "by", default=None, help="Who ends them (default: the login name).")
def unlink_command(context: Context, case: str, person: str, by: str | None) -> None:
    """End the links into a case at once."""
    from baton.hub.offboarding.links import revoke

    with context.hub() as hub:
        count = revoke(hub, case, by or login(), person=person)
    context.voice.say("{count} links ended", count=count)
    context.voice.document({"ended": count})


def _use(link: PersonalLink) -> list[str]:
    return [f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "" for moment in (link.used_at, link.revoked_at)]


COMMANDS = (link_command, links_command, unlink_command)
