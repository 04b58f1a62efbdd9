"""Going back to a backup beside a world that has gone on: nothing leaves before every system was read back.

A restore is made ready beside the place of the database and moved there when it is fenced already, so that no moment
exists in which an old store could send. Then, per system: `reading_back` finds out what was done since, and a second
person opens it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import sqlalchemy as sa
from pydantic import SecretStr

from baton.contracts import AccountTarget, EmployeeSource
from baton.errors import ApprovalError, ConfigurationError, Fault, TamperedError
from baton.hub import proof
from baton.hub.core import PLANNING, Hub
from baton.hub.keeping import erasing, ledger
from baton.hub.keeping.backup import DATABASE, FILES, Backup, opened
from baton.hub.keys import require_keyring
from baton.model.persons import alike
from baton.settings import HubSettings, SystemSettings
from baton.settings_shape import OWN
from baton.store.copying import erasures_in, require_unused
from baton.store.database import made_private
from baton.store.restores import READ, UNREAD, UNREAD_WHY, fenced
from baton.store.runs import RunState
from baton.store.trail import log

_BESIDE: Final = ("", "-wal", "-shm")
_SYNC: Final = "sync"
_BEFORE: Final = "before-restore-"
_MOMENT: Final = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    moved: Counter[str]
    """Effects: ``planned_anew``, ``to_look_up``, ``held``; and ``links_ended``, people's own ways into handovers."""
    erased: Sequence[str]
    """Whom the ledger had erased again."""
    scrubbed: bool
    """False where the log of the database still holds what was taken out, since somebody read from it for so long."""
    fenced: Sequence[str]
    """Systems to which nothing is sent until they are read back and opened."""
    set_aside: int
    """Checkpoints of the audit log that speak of entries the backup does not have."""
    former: Path | None = None
    """Where the database that was replaced lies; None where there was none, or its own tools replaced it."""


def restore(
    settings: HubSettings,
    folder: Path,
    person: str,
    why: str,
    *,
    ledger_lost: bool = False,
    opening: Callable[[HubSettings], Hub] = Hub,
) -> Restored:
    """Put a backup in the place of the SQLite database. Everything else must be stopped.

    Raises `TamperedError` for a backup that is not as it was signed, and for a ledger of erasures that lacks what the
    database that is replaced, or that of the backup, has erased (unless somebody says that no copy of it is left:
    ``ledger_lost``); `ConfigurationError` while that database is in use.
    """
    place = _sqlite_file(settings)
    require_unused(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _beside(place) as ready:
        scratch = replace(settings, database=SecretStr(f"sqlite:///{ready}"))
        with opening(scratch) as hub:
            backup = opened(hub, folder)
        _require_places(backup, settings.hub.state_dir)
        _drop(ready)
        shutil.copyfile(folder / DATABASE, made_private(ready))
        with opening(scratch) as hub:
            _require_sound(hub, person, why)
            if not ledger_lost:
                ledger.require_whole(hub, erasures_in(place) | ledger.carried_out(hub))
            with hub.database.write() as connection:
                fenced = _fence(hub, connection, person, why, backup.digest)
            replayed = erasing.replay(hub)
            stamp = f"{hub.clock.now():{_MOMENT}}"
        former = _move_aside(place, place.parent / f"{_BEFORE}{stamp}")
        ready.rename(place)
    with opening(settings) as hub:  # not before: until now they bore witness to the log that was replaced
        proof.set_aside(hub, fenced.size)
    _bring_files(backup, settings.hub.state_dir)
    return _restored(fenced, replayed, former)


def begin(hub: Hub, person: str, why: str, backup: str = "", *, ledger_lost: bool = False) -> Restored:
    """Fence the store that is open here, which was just set back to a backup (by whatever tool).

    Raises, and changes nothing: `ConfigurationError` where the keyring in use is not the one of that store,
    `TamperedError` where its audit log or the ledger of erasures does not hold, or that ledger lacks what this store
    has erased (unless ``ledger_lost``: no copy of it is left), `LostLinkError` while the disk is away that holds
    reports on whoever is erased again.
    """
    _require_sound(hub, person, why)
    if not ledger_lost:
        ledger.require_whole(hub, ledger.carried_out(hub))
    with hub.database.write() as connection:
        fenced = _fence(hub, connection, person, why, backup)
        proof.set_aside(hub, fenced.size)
    return _restored(fenced, erasing.replay(hub))


def _require_sound(hub: Hub, person: str, why: str) -> None:
    """Whatever may refuse a restore does so before anything is changed, here or beside the database."""
    if not person.strip() or not why.strip():
        raise ApprovalError("a restore needs a person and a reason", code="reason", remedy="give --as and --why")
    require_keyring(hub)
    proof.require_sound(hub)
    if ledger.read(hub):
        erasing.reports(hub)  # whoever is erased again may be named there


@dataclass(frozen=True, slots=True)
class _Fenced:
    """What fencing a store did."""

    moved: Counter[str]
    systems: Sequence[str]
    newer: int
    """Checkpoints of a larger log than this."""
    size: int
    """Entries of the log as it was restored."""


def _restored(fenced: _Fenced, replayed: erasing.Replayed, former: Path | None = None) -> Restored:
    return Restored(fenced.moved, replayed.numbers, replayed.scrubbed, fenced.systems, fenced.newer, former)


def _fence(hub: Hub, connection: sa.Connection, person: str, why: str, backup: str) -> _Fenced:
    hub.database.alone(connection, PLANNING)
    size = log.head(connection).size
    for run_id in hub.effects.held_by_run(connection, _SYNC):
        hub.runs.change(connection, run_id, RunState.REPLACED, verdict="held")
    moved = hub.restores.begin(connection, person, why, backup)
    names = _receiving(hub, connection)
    for name in names:
        hub.runs.engage(connection, f"{UNREAD}{name}", person, UNREAD_WHY)
    return _Fenced(moved, names, proof.tell_of_newer(hub, connection, size), size)


@contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """Where the database that is to take this place is made ready; nothing of it is left unless it was moved there."""
    ready = place.with_name(f"{place.name}.restoring")
    _drop(ready)
    try:
        yield ready
    finally:
        _drop(ready)


def _drop(database: Path) -> None:
    for suffix in _BESIDE:
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def require_read_back(hub: Hub, systems: Sequence[str] = ()) -> None:
    """Raise `ApprovalError` while one of these targets (empty: any) was restored and not read back: a plan for it
    would be made from what the backup believes.
    """
    with hub.database.read() as connection:
        unread = fenced(list(hub.runs.engaged(connection)), UNREAD)
    targets = {system.name for system in hub.targets()}
    waiting = [name for name in unread if name in targets and (not systems or name in systems)]
    if waiting:
        raise ApprovalError(
            f"restored from a backup and not read back yet: {', '.join(waiting)}",
            code="not_read_back",
            remedy="baton restore read-back; until then only a dry run: baton plan sync",
        )


def open_systems(hub: Hub, person: str, why: str, systems: Sequence[str] = ()) -> list[str]:
    """Let what was read back send again (these systems, or all); which. A second person decides, by what was found.

    Raises `ApprovalError` for who restored, and for what is not read back; `ConfigurationError` for no such system.
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        latest = hub.restores.latest(connection)
        if latest is None:
            raise ApprovalError("this store was never restored", code="not_restored")
        if not person.strip() or not why.strip():
            raise ApprovalError("a decision needs a person and a reason", code="reason", remedy="give --as and --why")
        if alike(person) == alike(latest.person):
            raise ApprovalError(f"{person} restored this store", code="maker", remedy="a second person must open it")
        engaged = list(hub.runs.engaged(connection))
        require_known(hub, engaged, systems)
        ready = fenced(engaged, READ)
        unread = sorted(set(systems) & set(fenced(engaged, UNREAD)))
        if unread:
            message = f"not read back yet: {', '.join(unread)}"
            raise ApprovalError(message, code="not_read_back", remedy="baton restore read-back")
        chosen = [name for name in ready if not systems or name in systems]
        for name in chosen:
            hub.runs.disengage(connection, f"{READ}{name}", person, why)
    return chosen


def require_known(hub: Hub, engaged: Sequence[str], systems: Sequence[str]) -> None:
    """Raise `ConfigurationError` for a system that is in no settings and behind no fence: it is misspelt.

    ``engaged`` are the scopes of the switches that are on.
    """
    unread, read = fenced(engaged, UNREAD), fenced(engaged, READ)
    unknown = [name for name in systems if name not in {*hub.settings.systems, *unread, *read}]
    if unknown:
        names = ", ".join(repr(name[:60]) for name in unknown)
        message = (
            f"there is no system {names}; to be read back: {', '.join(unread) or 'none'}; "
            f"waiting for a second person: {', '.join(read) or 'none'}"
        )
        raise ConfigurationError([Fault("--system", "unknown_system", message)])


@dataclass(frozen=True, slots=True)
class Fences:
    """The systems to which nothing is sent since a restore, by what they wait for."""

    unread: Sequence[str]
    """To be read back."""
    read_back: Sequence[str]
    """For a second person."""
    not_in_use: Sequence[str]
    """Switched off in the settings, or not in them: to be read back once they are in use again."""


def fences(hub: Hub, connection: sa.Connection) -> Fences:
    """What still waits after a restore."""
    engaged, used = list(hub.runs.engaged(connection)), hub.settings.enabled
    unread = fenced(engaged, UNREAD)
    return Fences(
        unread=[name for name in unread if name in used],
        read_back=fenced(engaged, READ),
        not_in_use=[name for name in unread if name not in used],
    )


def _receiving(hub: Hub, connection: sa.Connection) -> list[str]:
    """Every system that something may be sent to, or was: also those that are switched off for now, or taken out.

    One of these may be in use again tomorrow, and would then be written to from what the backup believes.
    """
    configured = {system.name for system in hub.settings.systems.values() if not _only_read(hub, system)}
    return sorted((configured | hub.restores.written_to(connection)) - {OWN})


def _only_read(hub: Hub, system: SystemSettings) -> bool:
    try:
        connector = hub.registry.load(system.connector)
    except ConfigurationError:
        return False  # one that is switched off may not even be installed: nobody can tell
    return issubclass(connector, EmployeeSource) and not issubclass(connector, AccountTarget)


def _sqlite_file(settings: HubSettings) -> Path:
    url = sa.make_url(settings.database.get_secret_value())
    if url.get_backend_name() != "sqlite" or not url.database:
        message = "is not SQLite: restore it with pg_restore, then: baton restore begin (docs/operations.md)"
        raise ConfigurationError([Fault("database", "postgresql", message)])
    return Path(url.database)


def replaced(hub: Hub, before: datetime | None = None) -> list[Path]:
    """The folders, oldest first, with databases that restores have replaced (before that moment); none on PostgreSQL.

    An erasure does not reach into them: they hold whoever was erased after they were put there.
    """
    url = hub.database.url
    if url.get_backend_name() != "sqlite" or not url.database:
        return []
    folders = sorted(path for path in Path(url.database).parent.glob(f"{_BEFORE}*") if path.is_dir())
    if before is None:
        return folders
    return [path for path in folders if path.name.removeprefix(_BEFORE) <= f"{before.astimezone(UTC):{_MOMENT}}"]


def _move_aside(place: Path, folder: Path) -> Path | None:
    """What is replaced is kept: it may be the better one after all, and it is evidence.

    The database itself stays in its place too until the other takes it: where none is, the next start would make an
    empty one, which has no fence.
    """
    found = [path for suffix in _BESIDE if (path := Path(f"{place}{suffix}")).exists()]
    if not found:
        return None
    folder.mkdir(mode=0o700)
    for path in found:
        if path == place:
            (folder / path.name).hardlink_to(path)
        else:
            path.rename(folder / path.name)
    return folder


def _require_places(backup: Backup, state_dir: Path) -> None:
    """Raise, before anything is replaced, where one of the backup's files could not be brought to its place.

    A folder of the state directory may be a link to another disk: it is the name that must not lead out.
    `TamperedError` for such a name, `ConfigurationError` where that disk is not there.
    """
    for name in backup.files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise TamperedError("the backup names a file outside the state directory", code="backup_changed")
    for place in {target.parent for _, target in _places(backup, state_dir)}:
        lost = [path for path in (place, *place.parents) if path.is_symlink() and not path.is_dir()]
        if lost:
            message = "is a link to a folder that is not there; bring it back before you restore"
            raise ConfigurationError([Fault(str(lost[0]), "link", message)])


def _places(backup: Backup, state_dir: Path) -> Iterator[tuple[str, Path]]:
    """The sealed files of a backup, each with the place it is for."""
    for name in backup.files:
        if name.startswith(tuple(f"state/{folder}/" for folder in FILES)):
            yield name, state_dir / Path(name).relative_to("state")


def _bring_files(backup: Backup, state_dir: Path) -> None:
    """Files that are missing. What is there already stays: it is the same, or belongs to what came after the backup."""
    for name, target in _places(backup, state_dir):
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            half = target.with_name(f"{target.name}.part")  # one that is there is whole: else it would stay as it is
            shutil.copyfile(backup.folder / name, half)
            half.chmod(0o600)
            half.rename(target)
