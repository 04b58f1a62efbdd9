"""Letters as files that a person sends: by registered mail, or over the counter of a bank."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from baton.hub.handed_out import folder_for, new_file
from baton.jobs.payment.recovery_letters import Letter


def write_letters(folder: Path, name: str, letters: Sequence[Letter]) -> list[Path]:
    """One file a language. Raises `FileExistsError` rather than write over one that is there."""
    written = []
    for letter in letters:
        path = folder_for(folder) / f"{name}.{letter.language}.txt"
        with new_file(path) as file:
            file.write(f"{letter.subject}\n\n{letter.text}\n".encode())
        written.append(path)
    return written
