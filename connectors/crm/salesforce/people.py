"""Whose user is meant, when a person is named."""

from __future__ import annotations

from collections.abc import Sequence

from baton.sdk import AccountRef, HaltError
from connectors.crm.salesforce.composite import id_list
from connectors.crm.salesforce.org import Org, Row, long_id


class People:
    """Users by employee number, as far as the hub does not know their ids."""

    def __init__(self, org: Org, number_field: str) -> None:
        self._org = org
        self._number = number_field

    def user_ids(self, refs: Sequence[AccountRef]) -> list[str | None]:
        """The user of each person, by the long form of their id; None where nobody has that number.

        Raises `HaltError` where several users have it: a guess would hand somebody else's records over.
        """
        unknown = [ref.number for ref in refs if not ref.external_id]
        rows: list[Row] = []
        if unknown:
            rows = self._org.rows_in("User", ("Id", "IsActive", self._number), self._number, unknown)
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(str(row[self._number]), []).append(row)
        return [long_id(ref.external_id) if ref.external_id else _only(found.get(ref.number, [])) for ref in refs]

    def user_id(self, ref: AccountRef) -> str | None:
        """The user of one person."""
        return self.user_ids([ref])[0]

    def numbers(self, users: Sequence[str]) -> str:
        """The query for what `given_away` judges. Raises `RejectedError` for what is no id."""
        # The field is a setting with a strict pattern.
        return f"SELECT Id, IsActive, {self._number} FROM User WHERE Id IN {id_list(users)}"  # noqa: S608

    def given_away(self, refs: Sequence[AccountRef], rows: Sequence[Row]) -> frozenset[int]:
        """The places of those whose linked user carries another number by now, and so is somebody else's."""
        carried = {str(row["Id"]): row[self._number] for row in rows}
        users = [long_id(ref.external_id or "") for ref in refs]
        places = enumerate(zip(users, refs, strict=True))
        return frozenset(place for place, (user, ref) in places if (carried.get(user) or ref.number) != ref.number)


def _only(rows: Sequence[Row]) -> str | None:
    active = [row for row in rows if row["IsActive"]]
    if len(rows) > 1 and len(active) != 1:
        raise HaltError(
            "several users carry one employee number",
            code="ambiguous_number",
            remedy="leave the number on one user only",
        )
    return str((active or rows)[0]["Id"]) if rows else None
