"""What Airflow reads to offer the connectors as connection types with labelled fields.

Every Airflow process asks for this while it starts, so it must cost next to nothing: the derived forms are kept in a
cache file named after the state of the connectors' folders, and the connectors are imported only when that changes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

DISTRIBUTION: Final = "baton-hub"


def get_provider_info() -> dict[str, Any]:
    """Derived from the connectors there are: a new folder is a new connection type."""
    return {
        "package-name": DISTRIBUTION,
        "name": "Baton",
        "description": "Self-hosted HR integration hub.",
        "versions": [version(DISTRIBUTION)],
        "connection-types": _connection_types(),
    }


def _connection_types() -> list[dict[str, Any]]:
    cache = _cache_folder() / f"connection-types-{_state_of_connectors()}.json"
    try:
        kept: list[dict[str, Any]] = json.loads(cache.read_bytes())
    except (OSError, ValueError):
        from baton.describe import connection_types

        kept = connection_types()
        _keep(cache, json.dumps(kept))
    return kept


def _state_of_connectors() -> str:
    """Changes whenever a connector is added, removed or edited."""
    spec = importlib.util.find_spec("connectors")
    roots = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
    seen = sorted(
        (str(path), path.stat().st_mtime_ns, path.stat().st_size) for root in roots for path in root.rglob("*.py")
    )
    return hashlib.sha256(repr((version(DISTRIBUTION), seen)).encode()).hexdigest()[:16]


def _cache_folder() -> Path:
    home = os.environ.get("AIRFLOW_HOME")
    return Path(home) / "baton" if home else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "baton"


def _keep(cache: Path, text: str) -> None:
    """Whole or not at all. A folder that cannot be written costs time at every start, nothing else."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=cache.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(cache)
    except OSError:
        return
