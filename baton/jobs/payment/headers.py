"""Columns of files that people export: recognised by their headers, each once, and what is missing is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from baton.errors import ConfigurationError, Fault
from baton.tables.table import header_key

EMPLOYEE_NUMBER: Final = (
    *("工号", "员工编号", "员工号", "人员编号", "职工号"),
    *("employee number", "employee id", "number"),
)
"""What the employee number is headed, in any file about people."""


@dataclass(frozen=True)
class Headers:
    """What the columns of one kind of file may be headed."""

    known: Mapping[str, Sequence[str]]
    """Column -> the headers it goes by, in any spelling of blanks, width and case."""
    required: Sequence[str]

    def recognised(self, headers: Sequence[str], file: str) -> dict[str, str]:
        """Column -> header, for the known ones. Raises `ConfigurationError` for what is missing or double."""
        names = {header_key(header): name for name, several in self.known.items() for header in several}
        found: dict[str, str] = {}
        faults: list[Fault] = []
        for header in headers:
            name = names.get(header_key(header))
            if name is None:
                continue
            if name in found:
                message = f"the columns {found[name]!r} and {header!r} both look like the {name}; take one of them out"
                faults.append(Fault(file, "doubtful_column", message))
            found.setdefault(name, header)
        for name in self.required:
            if name not in found:
                known = ", ".join(self.known[name])
                faults.append(
                    Fault(file, "missing_column", f"there is no column for the {name}; it may be headed: {known}")
                )
        if faults:
            raise ConfigurationError(faults)
        return found
