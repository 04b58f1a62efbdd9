"""How the simulated org describes one field of an object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One field of an object, as ``describe`` tells it."""

    kind: str = "string"
    length: int = 255
    writable: bool = True
    refers_to: str = ""
    external_id: bool = False
    unique: bool = False
    required: bool = False
    relationship: str = ""
    """The name a reference is followed by: ``Owner`` for ``OwnerId``."""
    choices: tuple[str, ...] = ()
    """Of a restricted picklist."""
    scale: int = 0
    create_only: bool = False
    """Settable when a row is made, and never after."""


TEXT = Column()
FLAG = Column("boolean", 0)
STAMP = Column("datetime", 0, writable=False)
