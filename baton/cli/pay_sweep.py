"""baton pay sweep: away with what interrupted builds have left."""

from __future__ import annotations

import click

from baton.cli.context import Context, command


@command("sweep")
@click.option("--older-than-h", type=click.FloatRange(min=1.0), default=24.0, show_default=True, help="In hours.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
def sweep_command(context: Context, older_than_h: float, dry_run: bool) -> None:
    """Delete sealed files that interrupted builds have left, never one that a run knows. The schedule does so too."""
    from baton.hub.payment.sweeping import strays, sweep

    voice = context.voice
    with context.hub() as hub:
        found = strays(hub, older_than_h) if dry_run else sweep(hub, older_than_h)
    if found:
        rows = [(each.name, each.size_bytes, f"{each.age_h:.0f}") for each in found]
        voice.table(["file", "bytes", "hours old"], rows)
    if dry_run:
        voice.say("{count} files of interrupted builds would be deleted", count=len(found))
    else:
        voice.say("{count} files of interrupted builds deleted", count=len(found))
    voice.document({"dry_run": dry_run, "files": found})
