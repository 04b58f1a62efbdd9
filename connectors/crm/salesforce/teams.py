"""Account and opportunity teams: Salesforce deletes them when an owner is changed over the API, unless a header of SOAP
says otherwise. REST has no such header, so the same call that changes owners makes the members anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.crm.salesforce.composite import PAGE_ROWS, Composite, Described, id_list, portions
from connectors.crm.salesforce.org import Row

_PARENTS: Final[Mapping[str, tuple[str, str]]] = {
    "Account": ("AccountTeamMember", "AccountId"),
    "Opportunity": ("OpportunityTeamMember", "OpportunityId"),
}
"""Object -> its team members, and the field in which they name it."""
STILL_THERE: Final = frozenset({"DUPLICATE_VALUE"})
"""What Salesforce says of a member that it had not deleted."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member as it can be made again."""

    table: str
    parent: str
    user: str
    fields: Row


class Teams:
    """The teams of records that are about to be given away."""

    def __init__(self, composite: Composite) -> None:
        self._composite = composite

    def queries(self, ids: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """Object and query for the team members of these records, where the org has teams."""
        wanted = {table: pair for table, pair in _PARENTS.items() if ids.get(table)}
        described = self._composite.describe([members for members, _ in _PARENTS.values()]) if wanted else {}
        # Names are constants and the org's own.
        return [
            (table, f"SELECT {', '.join(_fields(described[members]))} FROM {members} WHERE {key} IN {id_list(some)}")  # noqa: S608
            for table, (members, key) in wanted.items()
            if members in described
            for some in portions(ids[table], PAGE_ROWS)
        ]

    def members(self, table: str, rows: Iterable[Row]) -> dict[str, list[Member]]:
        """The members of these rows, by the record whose team they are of."""
        found: dict[str, list[Member]] = {}
        members, key = _PARENTS[table]
        for row in rows:
            fields: dict[str, Any] = {n: v for n, v in row.items() if n not in ("attributes", "Id") and v is not None}
            member = Member(members, str(row[key]), str(row["UserId"]), fields)
            found.setdefault(member.parent, []).append(member)
        return found


def _fields(described: Described) -> list[str]:
    """Everything of a member that can be given again when it is made anew."""
    return [name for name, column in described.fields.items() if column.get("createable")]
