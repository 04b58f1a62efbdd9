"""baton offboard certificate, verify: the proof of a finished handover, and the check of one anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from baton.audit.public_keys import PublicKeys
from baton.cli.context import BROKEN, Context, command
from baton.cli.keep import public_keys
from baton.cli.output import Voice, working
from baton.cli.sync import login

if TYPE_CHECKING:
    from baton.hub.offboarding.certificate import Verified

LANGUAGES = ("zh", "en", "ja", "ko")


@command("certificate")
@click.argument("case")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder (default: here).")
@click.option("--language", type=click.Choice(LANGUAGES), default="zh", show_default=True, help="Of the pages.")
@click.option("--as", "person", default=None, help="Who issues it (default: the login name).")
@click.option("--kept", is_flag=True, help="The one that was kept when the case was completed; no system is asked.")
def certificate_command(context: Context, case: str, out: Path, language: str, person: str | None, kept: bool) -> None:
    """The certificate of a completed case: a PDF with the signed manifest in it, and the manifest on its own.

    It is issued anew, by what every system says now; with --kept it is that of the completion, in the language it has.
    """
    from baton.hub.handed_out import file_over, folder_for
    from baton.hub.offboarding import certifying
    from baton.hub.offboarding.certificate import issue

    voice = context.voice
    with context.hub() as hub, working(voice, "looking everywhere"):
        issued = certifying.kept(hub, case) if kept else issue(hub, case, person or login(), language)
    folder_for(out)
    files = {out / f"{issued.case_id}.pdf": issued.pdf, out / f"{issued.case_id}.json": issued.manifest}
    for file, content in files.items():
        with file_over(file) as written:
            written.write(content)
        voice.say("written: {path}", path=file)
    voice.document({"case": issued.case_id, "files": list(files)})


@command("verify")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), help="The public keys (audit.pub).")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="An export of the audit log.")
def verify_command(context: Context, file: Path, key: Path | None, log: Path | None) -> int:
    """Check a certificate (the PDF, or its manifest) against the hub's public keys; 2 when anything does not hold.

    With --key nothing else is read: no settings, no database, no network. Without it, those of the hub here are used.
    With --log (`baton audit export`) it is also checked that nothing that was said was left out.
    """
    from baton.hub.offboarding.certificate import verify_file

    verified = verify_file(file, trusted_keys(context, key), log)
    _tell(context.voice, file, verified)
    context.voice.document(verified.shown())
    return 0 if verified.holds else BROKEN


def trusted_keys(context: Context, file: Path | None) -> PublicKeys:
    """The keys in a file, or those of the hub here."""
    if file is not None:
        return public_keys(file)
    from baton.hub import proof

    with context.hub() as hub:
        return proof.public_keys(hub)


def _tell(voice: Voice, file: Path, verified: Verified) -> None:
    if not verified.holds:
        voice.say("{path} does not hold: do not rely on it", path=file)
        voice.table(["what", "place", "message"], [(each.what, each.place, each.message) for each in verified.broken])
        return
    said = verified.document
    assert said is not None
    voice.say(
        "{path} holds: {case} of employee {number}, {items} items, completed {at}, signed by {hub} (key {key})",
        path=file, case=said.case.id, number=said.case.number, items=len(said.items), at=said.case.completed_at,
        hub=said.hub.name, key=said.hub.key_id,
    )  # fmt: skip
    if count := sum(item.not_asked for item in said.items):
        voice.say("it proves nothing of {count} items: their system had been taken out, and was not asked", count=count)
    if not verified.pages_checked:
        voice.say("this is the manifest alone: the pages were not checked")
    if verified.log_checked:
        voice.say("the log knows of nothing more that was said in this case")


COMMANDS = (certificate_command, verify_command)
