"""A line that counts rows while a migration works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baton.cli.output import Voice
    from baton.hub.migration.extraction import Progress


@contextmanager
def counting(voice: Voice) -> Iterator[Progress]:
    """A line that counts rows, on a terminal and for people only."""
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    from baton.hub.migration.extraction import unwatched

    console = Console(stderr=True)
    if voice.json or not console.is_terminal:
        yield unwatched
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda phase, rows: bar.update(task, description=f"{voice.words(phase.value)} {rows:,}")
