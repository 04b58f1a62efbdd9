"""What stands in a running Tryton's database, read from the file beside the server: at no cost to it, and not as we do.

The laws look after every write at everything that may have changed; asking the server each time took longer than the
laws themselves.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHANGED: Final = "COALESCE(r.write_date, r.create_date)"
_OF_PARTY: Final = "FROM {table} r JOIN party_party p ON p.id = r.party"
_WATCHED: Final = {
    "party.party": f"SELECT r.id, {_CHANGED}, r.code FROM party_party r WHERE r.code GLOB ?",
    **{
        model: f"SELECT r.id, {_CHANGED}, p.code {_OF_PARTY.format(table=model.replace('.', '_'))} WHERE p.code GLOB ?"
        for model in (
            *("company.employee", "party.contact_mechanism", "party.address"),
            *("sale.opportunity", "sale.sale"),
        )
    },
}
_LOGINS: Final = """
FROM res_user u
JOIN "res_user-company_employee" link ON link.user = u.id
JOIN company_employee e ON e.id = link.employee
JOIN party_party p ON p.id = e.party
"""
_WATCHED_LOGINS: Final = {
    "res.user": f"""
        SELECT DISTINCT u.id, COALESCE(u.write_date, u.create_date), u.login {_LOGINS} WHERE p.code GLOB ?""",
    "res.user.application": f"""
        SELECT DISTINCT r.id, {_CHANGED}, u.login {_LOGINS} JOIN res_user_application r ON r.user = u.id
        WHERE p.code GLOB ?""",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One record as it stands."""

    model: str
    id: int
    changed: str
    code: str
    """Of the party it belongs to; of a login its name."""


class Ledger:
    """The database of one server, opened for reading only. Each query is a transaction of its own."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30, check_same_thread=False)
        self._turn = threading.Lock()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def records(self, prefix: str) -> Iterator[Standing]:
        """Everything that belongs to parties whose codes begin with the prefix."""
        for model, query in (_WATCHED | _WATCHED_LOGINS).items():
            for number, changed, code in self._rows(query, f"{prefix}*"):
                yield Standing(model, number, changed, code)

    def employee(self, code: str) -> int | None:
        """The employee of the party with this code."""
        query = "SELECT e.id FROM company_employee e JOIN party_party p ON p.id = e.party WHERE p.code = ?"
        found = self._rows(query, code)
        return None if not found else int(found[0][0])

    def column(self, model: str, column: str, number: int) -> int | None:
        """One reference of one record; None when it is empty or there is no such record."""
        found = self._rows(f'SELECT "{column}" FROM {model.replace(".", "_")} WHERE id = ?', number)
        return None if not found or found[0][0] is None else int(found[0][0])

    def _rows(self, query: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        with self._turn:
            return self._connection.execute(query, values).fetchall()
