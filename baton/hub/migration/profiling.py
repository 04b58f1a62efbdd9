"""Looking at what a system holds before anything is moved, and drafting a mapping from what was seen."""

from __future__ import annotations

from baton.contracts import RecordSource
from baton.errors import BatonError, ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.migration.ends import record_source, record_target, system_at
from baton.hub.migration.extraction import Phase, Progress, unwatched
from baton.mapping.draft_records import suggest_records
from baton.records.column_profile import Profile
from baton.records.profile import Profiler


def profile(hub: Hub, system: str, collection: str = "", progress: Progress = unwatched) -> Profile:
    """Read one collection of a system (its only one where none is named) and say what its columns hold.

    `BatonError` (``profile``) for one with too many columns, or with others on a later page.
    """
    source = record_source(hub, system)
    profiler = Profiler()
    rows = 0
    for page in source.records(collection or _only(source, system)).pages:
        try:
            profiler.add(page.rows, page.first_row)
        except ValueError as error:
            remedy = "name another collection, or have the export made again with fewer columns, the same on every page"
            raise BatonError(f"{system} cannot be profiled: {error}", code="profile", remedy=remedy) from None
        profiler.pass_over(page.rejected)
        rows += page.rows.height
        progress(Phase.READING, rows)
    return profiler.result()


def suggest(hub: Hub, source: tuple[str, str], target: tuple[str, str], progress: Progress = unwatched) -> str:
    """A draft of the record mapping between two (system, collection), from what both hold where both can be read."""
    (source_name, read), (target_name, into) = source, target
    reader, writer = record_source(hub, source_name), record_target(hub, target_name)
    read = read or _only(reader, source_name)
    collection = writer.collection(into)
    seen = profile(hub, source_name, read, progress)
    held = profile(hub, target_name, into, progress) if isinstance(writer, RecordSource) else None
    names = (system_at(hub, name).connector for name in (source_name, target_name))
    source_connector, target_connector = names
    return suggest_records(
        seen, collection, source=source_connector, target=target_connector, read=read, target_profile=held
    )


def _only(source: RecordSource, system: str) -> str:
    names = source.collections()
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names[:20]) or "none"
    raise ConfigurationError([Fault("--collection", "which_collection", f"{system} has several collections: {listed}")])
