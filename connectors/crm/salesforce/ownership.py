"""What a person owns in an org, who owns it now, and giving it to somebody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from baton.sdk import AccountRef, Holding, HoldingKind, HoldingRef, OwnershipStore, Receipt, Transfer
from connectors.crm.salesforce.batch import GIVEN_AWAY
from connectors.crm.salesforce.composite import PAGE_ROWS, Composite, id_list, is_id, portions
from connectors.crm.salesforce.moves import Moves
from connectors.crm.salesforce.org import ID, Org, Row
from connectors.crm.salesforce.people import People
from connectors.crm.salesforce.sorts import BY_KIND, OWNER, TABLES, Sort, holding, kinds_by_prefix
from connectors.crm.salesforce.teams import Member, Teams

_CHANGED: Final = OwnershipStore.CHANGED
_UNKNOWN_KIND: Final = Receipt.refused(
    "no_transfer", "this connector does not hand over such things", remedy="a person has to do it in Salesforce"
)
_BAD_ID: Final = Receipt.refused("MALFORMED_ID", "this is no id of a Salesforce record", remedy="read the list anew")
_NO_SUCCESSOR: Final = Receipt.refused(
    "no_account", "the successor has no user in this org", remedy="provision the successor first, or name another"
)
_INACTIVE: Final = Receipt.refused(
    "inactive_successor",
    "the successor's user is inactive",
    remedy="name another successor, or activate the user (Setup > Users); then release the effect",
)
_GONE: Final = Receipt.refused(_CHANGED, "the record is gone, or hidden from the integration user")
_ELSEWHERE: Final = Receipt.refused(_CHANGED, "somebody else owns it by now", remedy="look who it is and decide anew")
_TWICE: Final = Receipt.not_performed("same_record", "another transfer of this record travels in the same call")


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen just before records are given away."""

    owners: Mapping[HoldingRef, str]
    active: frozenset[str]
    """The successors whose users are active."""
    users: Sequence[Row]
    """Of holders and successors."""
    members: Mapping[str, Sequence[Member]]
    """Team members by the id of the record."""

    def judged(self, ref: HoldingRef, holder: str | None, successor: str) -> Receipt | None:
        """What can be said of a transfer without making it; None when it is to be made."""
        owner = self.owners.get(ref)
        if owner is None:
            return _GONE
        if owner == successor:
            return Receipt.done(ref.external_id, proof="read_before")
        if owner != holder:
            return _ELSEWHERE
        return None if successor in self.active else _INACTIVE


class Ownership:
    """The records of one org by their owners."""

    def __init__(self, org: Org, composite: Composite, people: People, sorts: Sequence[Sort]) -> None:
        self._sorts = sorts
        self._composite = composite
        self._people = people
        self._teams = Teams(composite)
        self._moves = Moves(org, composite)

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The open records of one person, object by object, 2,000 a page."""
        for page in self.owned_by([person]):
            yield [each for _, each in page]

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The same of several people with whose each record is: so many owners in a query as a page has rows."""
        # An id is told in its long form, whichever one was asked for.
        users = zip(self._people.user_ids(people), people, strict=True)
        asked = {user[:ID]: ref.external_id or user for user, ref in users if user}
        if not asked:
            return
        described = self._composite.describe(TABLES)
        kinds = kinds_by_prefix(described)
        sorts = [sort for sort in self._sorts if OWNER in getattr(described.get(sort.table), "fields", ())]
        wanted = [(sort, some) for some in portions(list(asked.values()), PAGE_ROWS) for sort in sorts]
        queries = [sort.open_records(described[sort.table], id_list(some)) for sort, some in wanted]
        for (sort, _), pages in zip(wanted, self._composite.ask(queries), strict=True):
            for rows in pages:
                if rows:
                    here = described[sort.table]
                    yield [(asked[str(row[OWNER])[:ID]], holding(sort, row, here, kinds)) for row in rows]

    def holders(self, refs: Sequence[HoldingRef]) -> list[str | None]:
        """Owners in order."""
        asked = _owner_queries([ref for ref in refs if ref.kind in BY_KIND and is_id(ref.external_id)])
        owners = _told(asked, self._composite.rows([soql for _, soql in asked]))
        return [owners.get(ref) for ref in refs]

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """Look at all of them, refuse what is not as expected, then give the rest away, 200 a call."""
        holders = self._people.user_ids([each.holder for each in transfers])
        successors = self._people.user_ids([each.successor for each in transfers])
        receipts = _impossible(transfers, successors)
        open_ = [place for place in range(len(transfers)) if place not in receipts]
        involved = [*(successors[place] for place in open_), *(holders[place] for place in open_)]
        look = self._look([transfers[place].ref for place in open_], [user for user in involved if user])
        away = self._people.given_away([each.holder for each in transfers], look.users)
        away |= self._people.given_away([each.successor for each in transfers], look.users)
        moves: dict[int, tuple[HoldingRef, str]] = {}
        for place in open_:
            ref, to = transfers[place].ref, str(successors[place])
            settled = GIVEN_AWAY if place in away else look.judged(ref, holders[place], to)
            if settled is None:
                moves[place] = (ref, to)
            else:
                receipts[place] = settled
        receipts |= self._moves.perform(moves, look.members)
        return [receipts[place] for place in range(len(transfers))]

    def _look(self, refs: Sequence[HoldingRef], involved: Sequence[str]) -> Look:
        """Owners, users, and the teams that would be lost: in one call for 4,000 of one kind."""
        if not refs:
            return Look({}, frozenset(), [], {})
        owners = _owner_queries(refs)
        users = [self._people.numbers(some) for some in portions(list(dict.fromkeys(involved)), PAGE_ROWS)]
        teams = self._teams.queries(_by_table(refs))
        found = self._composite.rows([*(soql for _, soql in owners), *users, *(soql for _, soql in teams)])
        known = [row for rows in found[len(owners) :][: len(users)] for row in rows]
        active = frozenset(str(row["Id"]) for row in known if row["IsActive"])
        members: dict[str, list[Member]] = {}
        for (table, _), rows in zip(teams, found[len(owners) + len(users) :], strict=True):
            members |= self._teams.members(table, rows)
        return Look(_told(owners, found[: len(owners)]), active, known, members)


def _impossible(transfers: Sequence[Transfer], successors: Sequence[str | None]) -> dict[int, Receipt]:
    """The places of transfers that cannot be asked for at all."""
    receipts: dict[int, Receipt] = {}
    seen: set[HoldingRef] = set()
    for place, (each, successor) in enumerate(zip(transfers, successors, strict=True)):
        if each.ref.kind not in BY_KIND:
            receipts[place] = _UNKNOWN_KIND
        elif not is_id(each.ref.external_id):
            receipts[place] = _BAD_ID
        elif successor is None or not is_id(successor):
            receipts[place] = _NO_SUCCESSOR
        elif each.ref in seen:
            receipts[place] = _TWICE
        seen.add(each.ref)
    return receipts


def _by_table(refs: Sequence[HoldingRef]) -> dict[str, list[str]]:
    """The ids of the records of each object."""
    found: dict[str, list[str]] = {}
    for ref in refs:
        found.setdefault(BY_KIND[ref.kind].table, []).append(ref.external_id)
    return found


def _owner_queries(refs: Sequence[HoldingRef]) -> list[tuple[HoldingKind, str]]:
    """Kind and query for the owners of these records, as many ids in each as a page has rows."""
    asked: dict[HoldingKind, list[str]] = {}
    for ref in dict.fromkeys(refs):
        asked.setdefault(ref.kind, []).append(ref.external_id)
    return [
        (kind, f"SELECT Id, OwnerId FROM {BY_KIND[kind].table} WHERE Id IN {id_list(some)}")  # noqa: S608 - checked ids
        for kind, ids in asked.items()
        for some in portions(ids, PAGE_ROWS)
    ]


def _told(asked: Sequence[tuple[HoldingKind, str]], found: Sequence[Sequence[Row]]) -> dict[HoldingRef, str]:
    """The owners that the answers to these queries tell."""
    return {
        HoldingRef(kind, str(row["Id"])): str(row["OwnerId"])
        for (kind, _), rows in zip(asked, found, strict=True)
        for row in rows
    }
