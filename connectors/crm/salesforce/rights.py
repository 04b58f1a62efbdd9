"""The rights of a person in an org: permission sets, their groups and licences, groups, queues, account teams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from baton.sdk import AccountRef, Grant, GrantChange, HaltError, HoldingKind, HoldingRef, Receipt
from connectors.crm.salesforce.batch import GIVEN_AWAY
from connectors.crm.salesforce.composite import PAGE_ROWS, Composite, id_list, is_id, portions
from connectors.crm.salesforce.org import ID, Org, Row
from connectors.crm.salesforce.parts import part_by_part
from connectors.crm.salesforce.people import People
from connectors.crm.salesforce.wire import refusal


@dataclass(frozen=True, slots=True)
class Membership:
    """An object whose rows say that a person has a right."""

    prefix: str
    """What the ids of such grants begin with."""
    table: str
    person: str
    right: str
    title: str
    """The path of what people call the right."""
    level: str
    """The vendor's word, or the path of the field that tells it."""
    condition: str = ""
    object: HoldingKind | None = None
    """What the right is to, where it is to one record."""
    details: Sequence[str] = ()
    """Fields that say how much the right allows: part of its name, and given along with it."""
    optional: bool = False
    """Whether an org may be without it."""


MEMBERSHIPS: Final[Sequence[Membership]] = (
    Membership(
        "permission_set",
        "PermissionSetAssignment",
        "AssigneeId",
        "PermissionSetId",
        "PermissionSet.Label",
        "permission set",
        # Every profile owns a hidden permission set, which is assigned to whoever has the profile.
        "PermissionSetGroupId = null AND PermissionSet.IsOwnedByProfile = false",
    ),
    Membership(
        "permission_set_group",
        "PermissionSetAssignment",
        "AssigneeId",
        "PermissionSetGroupId",
        "PermissionSetGroup.MasterLabel",
        "permission set group",
        "PermissionSetGroupId != null",
    ),
    Membership(
        "licence",
        "PermissionSetLicenseAssign",
        "AssigneeId",
        "PermissionSetLicenseId",
        "PermissionSetLicense.MasterLabel",
        "permission set licence",
        optional=True,
    ),
    Membership("group", "GroupMember", "UserOrGroupId", "GroupId", "Group.Name", "Group.Type"),
    Membership(
        "account_team",
        "AccountTeamMember",
        "UserId",
        "AccountId",
        "Account.Name",
        "AccountAccessLevel",
        object=HoldingKind.CLIENT,
        details=("AccountAccessLevel", "OpportunityAccessLevel", "CaseAccessLevel", "TeamMemberRole"),
        optional=True,
    ),
)
"""Revoked in this order: a licence is not given back while a permission set needs it."""
_BY_PREFIX: Final[Mapping[str, Membership]] = {each.prefix: each for each in MEMBERSHIPS}
_PROFILE: Final = "a user always has one profile: deactivating the user ends what it allows"
_NO_USER: Final = Receipt.refused("no_account", "this person has no user in this org", remedy="provision them first")
_NOT_HERE: Final = Receipt.refused(
    "no_such_right", "no right of this org has such an id", remedy="read the list of rights anew"
)
_BY_HAND: Final = Receipt.refused("by_hand", _PROFILE, remedy="change the profile, or deactivate the user")
_GONE: Final = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"})
_THERE: Final = frozenset({"DUPLICATE_VALUE"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One change: which right of whom."""

    membership: Membership
    user: str
    right: str
    details: Sequence[str]

    def row(self) -> Row:
        """The row that says that the person has it."""
        told = {name: value for name, value in zip(self.membership.details, self.details, strict=True) if value}
        return {self.membership.person: self.user, self.membership.right: self.right, **told}


class Rights:
    """The memberships of users."""

    def __init__(self, org: Org, composite: Composite, people: People) -> None:
        self._org = org
        self._composite = composite
        self._people = people

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        """Everything in `MEMBERSHIPS`, and of an active user the profile, which cannot be taken away."""
        (found,) = self.grants_of([person])
        return found

    def grants_of(self, people: Sequence[AccountRef]) -> Sequence[Sequence[Grant]]:
        """The same of several people, in order: so many users in a query as a page has rows."""
        users = self._people.user_ids(people)
        told: dict[str, list[Grant]] = {user[:ID]: [] for user in users if user}
        if told:
            here = self._here(MEMBERSHIPS)
            for some in portions(list(dict.fromkeys(filter(None, users))), PAGE_ROWS):
                active = f"SELECT Id, ProfileId, Profile.Name FROM User WHERE IsActive = true AND Id IN {id_list(some)}"  # noqa: S608
                queries = [_query(each, some, (each.title, each.level)) for each in here]
                profiles, *found = self._composite.rows([active, *queries])
                for row in profiles:
                    told[str(row["Id"])[:ID]].append(_profile(row))
                for each, rows in zip(here, found, strict=True):
                    for row in rows:
                        told[str(row[each.person])[:ID]].append(_grant(each, row))
        grants = [told[user[:ID]] if user else [] for user in users]
        return [list({grant.id: grant for grant in some}.values()) for some in grants]

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Delete the rows; where there is none it is done."""

        def part(wanted: Mapping[int, Wanted], rows: Mapping[int, Sequence[str]]) -> Mapping[int, Receipt]:
            places = [place for place in wanted for _ in rows[place]]
            results = self._org.delete([key for place in wanted for key in rows[place]])
            return _receipts(changes, places, results, _GONE)

        return self._change(changes, bool, part)

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Make the rows that are missing."""

        def part(wanted: Mapping[int, Wanted], _: Mapping[int, Sequence[str]]) -> Mapping[int, Receipt]:
            table = next(iter(wanted.values())).membership.table
            results = self._org.create(table, [each.row() for each in wanted.values()])
            return _receipts(changes, list(wanted), results, _THERE)

        return self._change(changes, lambda rows: not rows, part)

    def _change(
        self,
        changes: Sequence[GrantChange],
        needed: Callable[[Sequence[str]], bool],
        perform: Callable[[Mapping[int, Wanted], Mapping[int, Sequence[str]]], Mapping[int, Receipt]],
    ) -> Sequence[Receipt]:
        """Look at the rows there are, settle what needs no change, and change the rest, one object a call."""
        receipts: dict[int, Receipt] = {}
        wanted: dict[int, Wanted] = {}
        users = self._people.user_ids([change.person for change in changes])
        for place, (change, user) in enumerate(zip(changes, users, strict=True)):
            understood = _wanted(change.grant_id, user)
            if isinstance(understood, Receipt):
                receipts[place] = understood
            else:
                wanted[place] = understood
        rows, known = self._rows(wanted)
        away = self._people.given_away([change.person for change in changes], known) & wanted.keys()
        receipts |= dict.fromkeys(away, GIVEN_AWAY)
        receipts |= {
            place: Receipt.done(changes[place].grant_id) for place in wanted.keys() - away if not needed(rows[place])
        }
        parts = []
        for membership in MEMBERSHIPS:
            some = {
                place: each for place, each in wanted.items() if each.membership is membership and place not in receipts
            }
            if some:
                parts.append((list(some), partial(perform, some, rows)))
        receipts |= part_by_part(parts)
        return [receipts[place] for place in range(len(changes))]

    def _here(self, memberships: Iterable[Membership]) -> list[Membership]:
        """Those whose objects the org has. Without one that every org has, what a person may do cannot be told."""
        asked = list(memberships)
        described = self._composite.describe([each.table for each in asked])
        hidden = sorted({each.table for each in asked if each.table not in described and not each.optional})
        if hidden:
            raise HaltError(
                f"hidden from the integration user: {', '.join(hidden)}",
                code="rights_hidden",
                remedy="give the integration user View Setup and Configuration and Manage Users",
            )
        return [each for each in asked if each.table in described]

    def _rows(self, wanted: Mapping[int, Wanted]) -> tuple[dict[int, list[str]], list[Row]]:
        """The ids of the rows that say that these people have these rights, and the users' own rows."""
        if not wanted:
            return {}, []
        here = self._here(each for each in MEMBERSHIPS if any(one.membership is each for one in wanted.values()))
        queries = []
        for each in here:
            some = [one for one in wanted.values() if one.membership is each]
            rights = f"{each.right} IN {id_list(one.right for one in some)}"
            queries.append(f"{_query(each, [one.user for one in some])} AND {rights}")
        found: dict[tuple[Membership, str, str], list[str]] = {}
        known, *told = self._composite.rows([self._people.numbers([one.user for one in wanted.values()]), *queries])
        for each, rows in zip(here, told, strict=True):
            for row in rows:
                found.setdefault((each, str(row[each.person]), str(row[each.right])), []).append(str(row["Id"]))
        return {place: found.get((one.membership, one.user, one.right), []) for place, one in wanted.items()}, known


def _query(membership: Membership, users: Sequence[str], paths: Sequence[str] = ()) -> str:
    """The rows of these users; paths that are words, not fields, are left out."""
    fields = ["Id", membership.person, membership.right, *membership.details]
    fields += [path for path in paths if " " not in path]
    where = " AND ".join(filter(None, (f"{membership.person} IN {id_list(users)}", membership.condition)))
    return f"SELECT {', '.join(dict.fromkeys(fields))} FROM {membership.table} WHERE {where}"  # noqa: S608 - checked ids


def _profile(row: Row) -> Grant:
    return Grant(f"profile:{row['ProfileId']}", str(_at(row, "Profile.Name")), "profile", by_hand=_PROFILE)


def _grant(membership: Membership, row: Row) -> Grant:
    right = str(row[membership.right])
    details = [str(row[name] or "") for name in membership.details]
    return Grant(
        ":".join((membership.prefix, right, *details)),
        str(_at(row, membership.title) or right),
        membership.level if " " in membership.level else str(_at(row, membership.level) or ""),
        HoldingRef(membership.object, right) if membership.object else None,
    )


def _wanted(grant_id: str, user: str | None) -> Wanted | Receipt:
    """What a grant's id and a person mean, or why they mean nothing here."""
    prefix, _, rest = grant_id.partition(":")
    membership = _BY_PREFIX.get(prefix)
    if prefix == "profile":
        return _BY_HAND
    if membership is None:
        return _NOT_HERE
    right, *details = rest.split(":", len(membership.details))
    if not is_id(right) or len(details) != len(membership.details):
        return _NOT_HERE
    return _NO_USER if user is None else Wanted(membership, user, right, details)


def _receipts(
    changes: Sequence[GrantChange], places: Sequence[int], results: Sequence[Row], harmless: frozenset[str]
) -> Mapping[int, Receipt]:
    """One receipt per change: done unless one of its rows was refused."""
    receipts = {place: Receipt.done(changes[place].grant_id) for place in places}
    for place, result in zip(places, results, strict=True):
        if not result["success"] and str(result["errors"][0].get("statusCode")) not in harmless:
            receipts[place] = refusal(result["errors"][0])
    return receipts


def _at(row: Row, path: str) -> Any:
    """A value of a row, also one of its parent's."""
    at: Any = row
    for name in path.split("."):
        at = at.get(name) if isinstance(at, Mapping) else None
    return at
