"""Letters as files that a person sends: by registered mail, or over the counter of a bank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from baton.errors import ApprovalError
from baton.hub.handed_out import folder_for, new_file
from baton.jobs.payment.recovery_letters import Letter


def write_letters(folder: Path, named: Mapping[str, Sequence[Letter]]) -> list[Path]:
    """One file for each letter's name and language; all of them, or none: nobody sends what was not noted.

    Raises `ApprovalError` (``letter_exists``) rather than write over one that is there.
    """
    written: list[Path] = []
    try:
        for name, letters in named.items():
            for letter in letters:
                path = folder_for(folder) / f"{name}.{letter.language}.txt"
                with new_file(path) as file:
                    written.append(path)
                    file.write(f"{letter.subject}\n\n{letter.text}\n".encode())
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise ApprovalError(
                f"{error.filename} is there already: it was written before, or an attempt broke off",
                code="letter_exists",
                remedy="look at it; then move it away, or name another folder with --to",
            ) from None
        raise
    return written
