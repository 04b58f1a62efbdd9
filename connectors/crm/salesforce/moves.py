"""Changing the owners of records, 200 a call, with one receipt each whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from baton.sdk import HoldingRef, InDoubtError, Intent, Receipt
from connectors.crm.salesforce.composite import Composite, portions
from connectors.crm.salesforce.org import BATCH_LIMIT, COLLECTIONS, Org, Row, collection, results
from connectors.crm.salesforce.parts import part_by_part
from connectors.crm.salesforce.sorts import BY_KIND, TABLES
from connectors.crm.salesforce.teams import STILL_THERE, Member
from connectors.crm.salesforce.wire import refusal

_TEAM_CALLS: Final = 4
"""A composite call takes five collections; the first one changes the owners."""
_REMEDIES: Final[Mapping[str, tuple[str, str]]] = {
    "INACTIVE_OWNER_OR_USER": ("inactive_successor", "name another successor, or activate the user (Setup > Users)"),
    "TRANSFER_REQUIRES_READ": (
        "successor_cannot_read",
        "give the successor a profile or permission set that may read this object, then release the effect",
    ),
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": (
        "successor_cannot_own",
        "name a successor with a full Salesforce licence: this kind of user cannot own such records",
    ),
    "ENTITY_IS_LOCKED": (
        "locked",
        "the record is locked, mostly by a running approval: finish or recall it (Approval History on the record)",
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": ("no_transfer_right", "give the integration user Edit and Transfer Record"),
    "INSUFFICIENT_ACCESS": ("no_transfer_right", "give the integration user Edit and Transfer Record on the object"),
}
"""Statuses that mean something of their own where an owner is changed: our code, and what to do."""

_TEAM_TOO_LARGE: Final = Receipt.refused(
    "team_too_large",
    "its team has more members than can be made anew in the same call",
    remedy="change the owner by hand in Salesforce, with Keep Account Team",
)


class Moves:
    """Owner changes that have been looked at and found right."""

    def __init__(self, org: Org, composite: Composite) -> None:
        self._org = org
        self._composite = composite

    def perform(
        self, moves: Mapping[int, tuple[HoldingRef, str]], members: Mapping[str, Sequence[Member]]
    ) -> dict[int, Receipt]:
        """Record and new owner by place -> receipts by place.

        A call whose answer is lost leaves its own records in doubt; what was not sent yet is not performed. Raises
        only as long as nothing has been sent.
        """
        large = {
            place: _TEAM_TOO_LARGE
            for place, (ref, _) in moves.items()
            if len(members.get(ref.external_id, ())) > _TEAM_CALLS * BATCH_LIMIT
        }
        rest = {place: move for place, move in moves.items() if place not in large}
        parts = [
            (places, partial(self._one_call, {place: moves[place] for place in places}, members))
            for places in _calls(rest, members)
        ]
        return large | part_by_part(parts)

    def _one_call(
        self, moves: Mapping[int, tuple[HoldingRef, str]], members: Mapping[str, Sequence[Member]]
    ) -> dict[int, Receipt]:
        records = [(BY_KIND[ref.kind].table, ref.external_id, {"OwnerId": to}) for ref, to in moves.values()]
        again = [member for ref, _ in moves.values() for member in members.get(ref.external_id, ())]
        lost: dict[str, list[str]] = {}
        if again:
            changed, lost = self._with_teams(records, again)
        else:
            changed = self._org.update_several(records)
        return {
            place: _receipt(ref, result, lost.get(ref.external_id, ()))
            for (place, (ref, _)), result in zip(moves.items(), changed, strict=True)
        }

    def _with_teams(
        self, records: Sequence[tuple[str, str, Row]], again: Sequence[Member]
    ) -> tuple[Sequence[Row], dict[str, list[str]]]:
        """Change the owners and make the team members anew, in one call: it is done there even if the answer is lost.

        The results of the owner changes, and the users who could not be put back, by record.
        """
        parts = list(_team_calls(again))
        body = collection([(table, {"id": key, **row}) for table, key, row in records])
        asked: list[tuple[str, str, Row | None]] = [("PATCH", COLLECTIONS, body)]
        asked += [("POST", COLLECTIONS, _team(part)) for part in parts]
        first, *rest = self._composite.send(asked, Intent.WRITE)
        if first.status >= 300:
            raise InDoubtError(f"the owner changes were answered HTTP {first.status}", code=f"http_{first.status}")
        changed = results(first.body, [key for _, key, _ in records])
        missing: list[Member] = []
        for part, answer in zip(parts, rest, strict=True):
            missing += [each for each, result in zip(part, _made(answer.body, part), strict=True) if not _back(result)]
        gone: dict[str, list[str]] = {}
        for member in missing:
            gone.setdefault(member.parent, []).append(member.user)
        return changed, gone


def _calls(
    moves: Mapping[int, tuple[HoldingRef, str]], members: Mapping[str, Sequence[Member]]
) -> Iterator[Sequence[int]]:
    """The places of the records of each call: objects in one order (a call takes ten runs of one), teams apart."""
    ordered = sorted(moves, key=lambda place: TABLES.index(BY_KIND[moves[place][0].kind].table))
    teams = {place: [member.table for member in members.get(moves[place][0].external_id, ())] for place in ordered}
    yield from portions([place for place in ordered if not teams[place]], BATCH_LIMIT)
    chosen: list[int] = []
    load: dict[str, int] = {}
    for place in ordered:
        if not (here := teams[place]):
            continue
        heavier = {**load, here[0]: load.get(here[0], 0) + len(here)}
        if chosen and (len(chosen) == BATCH_LIMIT or sum(-(-n // BATCH_LIMIT) for n in heavier.values()) > _TEAM_CALLS):
            yield chosen
            chosen, heavier = [], {here[0]: len(here)}
        chosen, load = [*chosen, place], heavier
    if chosen:
        yield chosen


def _team_calls(again: Sequence[Member]) -> Iterator[Sequence[Member]]:
    for table in dict.fromkeys(member.table for member in again):
        yield from portions([member for member in again if member.table == table], BATCH_LIMIT)


def _team(part: Sequence[Member]) -> dict[str, Any]:
    return collection([(member.table, member.fields) for member in part])


def _made(body: Any, part: Sequence[Member]) -> Sequence[Row]:
    """One result per member; where the answer does not say, none counts as made."""
    fits = isinstance(body, list) and len(body) == len(part) and all(isinstance(item, dict) for item in body)
    return body if fits else [{"success": False, "errors": []}] * len(part)


def _back(result: Row) -> bool:
    codes = {str(error.get("statusCode")) for error in result.get("errors") or [] if isinstance(error, dict)}
    return bool(result.get("success")) or bool(codes & STILL_THERE)


def _receipt(ref: HoldingRef, result: Row, lost: Sequence[str]) -> Receipt:
    """The receipt of one owner change; team members who are not back are named by their ids, to be added by hand."""
    if result["success"]:
        evidence = {"team_not_restored": ",".join(lost)} if lost else {}
        return Receipt.done(ref.external_id, **evidence)
    error = result["errors"][0]
    plain, status = refusal(error), str(error.get("statusCode", ""))
    if status not in _REMEDIES:
        return plain
    code, remedy = _REMEDIES[status]
    return Receipt.refused(code, "Salesforce refused the change of owner", remedy=remedy, status=status)
