"""The folder payroll files are handed in through: named by their file names only, never by a path."""

from __future__ import annotations

from pathlib import Path

from baton.errors import ConfigurationError, Fault
from baton.hub.core import Hub
from baton.strict_yaml import require_folder

_SUFFIXES = (".csv", ".txt", ".xlsx")


def _handed_in(folder: Path) -> list[str]:
    """The payroll files that lie there. A folder that is not there is no empty one: it may not be mounted."""
    try:
        require_folder(folder)
    except ConfigurationError as error:
        error.remedy = "correct payments.inbox, make the folder, or give this service permission to read it"
        raise
    return sorted(path.name for path in folder.iterdir() if path.is_file() and path.suffix.lower() in _SUFFIXES)


def payroll_file(hub: Hub, name: str) -> Path:
    """The file of that name.

    `ConfigurationError` naming those there are when there is none, and naming the folder when that cannot be listed.
    """
    folder = hub.settings.payments.inbox
    if folder is None:
        message = "payments.inbox is not set: the folder in which payroll files are handed in"
        raise ConfigurationError([Fault(str(hub.settings.file), "no_inbox", message)])
    names = _handed_in(folder)
    if name not in names:
        known = ", ".join(names[:10]) or "none"
        message = f"there is no payroll file {name[:100]!r} in {folder}; there are: {known}"
        raise ConfigurationError([Fault(str(folder), "unknown_file", message)])
    return folder / name
