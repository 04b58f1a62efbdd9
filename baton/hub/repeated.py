"""Reading a source that mostly repeats itself: only the lines it did not say before, where that is beyond doubt."""

from __future__ import annotations

import hashlib
import inspect
import sys
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final

from baton.contracts import RepeatingSource
from baton.hub.core import Hub
from baton.hub.unforeseen import told_by_place
from baton.jobs.sync.reading import Reading, RowDigester, read_others
from baton.store.told_lines import ToldLines

_WHOLE_EVERY: Final = timedelta(hours=24)
"""So often all lines are read, whether they are known or not."""
_READERS: Final = ("baton.tables", "baton.mapping", "baton.jobs.sync.reading", "baton.jobs.contradictions")
"""What decides what a line says."""


def read_besides(hub: Hub, name: str) -> Reading | None:
    """The source without the lines that stand as they stood; None where it has to be read as a whole.

    Raises what reading raises. What is known of the lines is worth nothing under another mapping, another release of
    anything that reads or maps, or once something else was recorded of people.
    """
    mapping, now = hub.mappings[name], hub.clock.now()
    with told_by_place(name):
        source = hub.source(name)
        if not isinstance(source, RepeatingSource):
            return None
        program = f"{mapping.digest} {_program(type(source))}"
    with hub.database.read() as connection:
        told = hub.told_lines.read(connection, name)
    if told is None or told.program != program:
        told = ToldLines.nothing(program, now)
    if not timedelta() <= now - told.read_at < _WHOLE_EVERY:
        told = replace(told, context="", read_at=now)
    with told_by_place(name):
        lines = source.besides(told.before)
        if lines is None:
            return None
        return read_others(lines, told, mapping, row_digester(hub), now)


def row_digester(hub: Hub) -> RowDigester:
    """What rows are known by, read as a whole or line by line: in one way only, or everybody would have news."""
    return partial(hub.keyring.text_digests, context="people")


@cache
def _program(source: type) -> str:
    """All code that a line goes through until it is an employee, as one digest."""
    found = hashlib.sha256(f"{sys.version} {version('polars')}".encode())
    for place in (*_READERS, source.__module__):
        file = Path(inspect.getfile(import_module(place)))
        for part in sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]:
            found.update(part.read_bytes())
    return found.hexdigest()
