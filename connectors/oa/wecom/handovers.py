"""Passing customers and groups on, and finding out what has become of it.

Customers go in calls of at most 100 for one holder and one successor. What WeCom answers to that is a promise: the
customer is switched after 24 hours, unless they say no. Groups change owner at once, or so a read-back has to show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from baton.sdk import (
    AccountRef,
    ConnectorError,
    HaltError,
    HoldingKind,
    InDoubtError,
    Intent,
    OwnershipStore,
    Receipt,
    RejectedError,
    RetryableError,
    Transfer,
    in_turn,
)
from connectors.oa.wecom.codes import SWITCHES, Switch, Verdict
from connectors.oa.wecom.customers import Customers
from connectors.oa.wecom.members import LINK, NO_MEMBER, Directory, Names, Presence
from connectors.oa.wecom.open_api import Answer, OpenApi, rows_of
from connectors.oa.wecom.receipts import beside_a_record, not_done

MOST_AT_ONCE: Final = 100
By = Literal["by_status", "resigned", "on_job"]
_CLIENTS: Final = {True: "externalcontact/resigned/transfer_customer", False: "externalcontact/transfer_customer"}
_RESULTS: Final = {True: "externalcontact/resigned/transfer_result", False: "externalcontact/transfer_result"}
_GROUPS: Final = {True: "externalcontact/groupchat/transfer", False: "externalcontact/groupchat/onjob_transfer"}
"""The interfaces for holders who have left, and for those who are still here."""
_ELSEWHERE: Final = (Verdict.STRANGER, Verdict.NOT_HELD)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What WeCom has recorded of the customers passed on between two members."""

    switches: Mapping[str, Switch]
    unread: str
    """The code by which WeCom has refused to list them; empty where what is missing has no record."""


class Handovers:
    """Transfers with the app's secret."""

    def __init__(
        self, app: OpenApi, customers: Customers, directory: Directory, names: Names, *, by: By, success_msg: str
    ) -> None:
        self._app = app
        self._customers = customers
        self._directory = directory
        self._names = names
        self._by = by
        self._success_msg = success_msg

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """One call per holder, successor and kind; the receipts in the order of the transfers."""
        return _in_parts(transfers, lambda parts: in_turn(parts, self._passed_on))

    def results(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """What has become of accepted transfers. Those of a pair that could not be asked about stay accepted.

        That somebody may not be shown, or a question be answered, says nothing of the customers: WeCom had taken them.
        """
        return _in_parts(transfers, self._asked)

    def _asked(self, parts: Sequence[Sequence[Transfer]]) -> Sequence[Sequence[Receipt]]:
        """The receipts of each part. Raises the first error that is about no pair when no part could be asked about."""
        told: list[Sequence[Receipt]] = []
        failed: list[ConnectorError] = []
        unread = 0
        for part in parts:
            try:
                if failed and isinstance(failed[-1], RetryableError):  # the system is not to be asked any further now
                    raise failed[-1]
                told.append(self._become(part))
            except ConnectorError as error:  # that it has not happened would be a guess, and it would be sent again
                unread += 1
                failed += [] if isinstance(error, RejectedError) else [error]
                told.append([Receipt.accepted(transfer.ref.external_id, unread=error.code) for transfer in part])
        if failed and unread == len(parts):
            raise failed[0]
        return told

    def _pair(self, transfer: Transfer) -> tuple[str, str]:
        """Both members' ids. Raises `RejectedError` where one is not known: a guess could be anybody's."""
        holder, successor = self._names.known(transfer.holder), self._names.known(transfer.successor)
        if holder is None or successor is None:
            raise RejectedError(NO_MEMBER, code="no_account", remedy=LINK)
        return holder, successor

    def _passed_on(self, part: Sequence[Transfer]) -> Sequence[Receipt]:
        kind = part[0].ref.kind
        for person in (part[0].holder, part[0].successor):
            self._directory.known(person)  # raises where that is somebody else by now
        if kind is HoldingKind.CLIENT:
            return self._pass_clients(part)
        if kind is HoldingKind.GROUP:
            return self._pass_groups(part)
        raise RejectedError(f"WeCom cannot pass a holding of the kind {kind} on", code="no_transfer")

    def _become(self, part: Sequence[Transfer]) -> Sequence[Receipt]:
        try:
            self._pair(part[0])
        except RejectedError as error:  # nothing can have been passed on for these two
            return [Receipt.refused(error.code, error.message, remedy=error.remedy)] * len(part)
        if part[0].ref.kind is not HoldingKind.CLIENT:
            return [self._group_after(transfer) for transfer in part]
        recorded = self._recorded(*self._pair(part[0]))
        return [self._decided(transfer, recorded) for transfer in part]

    # --- customers

    def _pass_clients(self, part: Sequence[Transfer]) -> Sequence[Receipt]:
        holder, successor = self._pair(part[0])
        resigned = self._has_left(holder)
        body: dict[str, Any] = {
            "handover_userid": holder,
            "takeover_userid": successor,
            "external_userid": [transfer.ref.external_id for transfer in part],
        }
        if self._success_msg and not resigned:
            body["transfer_success_msg"] = self._success_msg
        answer = self._app.call("POST", _CLIENTS[resigned], json=body, intent=Intent.WRITE)
        if answer.verdict is not Verdict.DONE:
            return [not_done(answer.code, answer.meaning, answer.hint)] * len(part)
        codes = _codes(answer, "customer", "external_userid")
        return [self._begun(transfer, codes) for transfer in part]

    def _begun(self, transfer: Transfer, codes: Mapping[str, Any]) -> Receipt:
        client = transfer.ref.external_id
        if client not in codes:
            return Receipt.in_doubt("no_result", "WeCom answered without a result for this customer")
        read = beside_a_record(codes[client])
        if isinstance(read, Receipt):
            return read
        code, meaning = read
        if meaning.verdict is Verdict.DONE:
            return Receipt.accepted(client)
        try:
            if meaning.verdict is Verdict.UNDERWAY:
                return self._underway(transfer)
            if meaning.verdict in _ELSEWHERE:
                return self._elsewhere(transfer)
        except ConnectorError as error:
            return Receipt.not_performed(error.code, error.message)
        return not_done(code, meaning)

    def _underway(self, transfer: Transfer) -> Receipt:
        """Passed on already: to this successor, or to somebody else?"""
        recorded = self._recorded(*self._pair(transfer))
        switch = recorded.switches.get(transfer.ref.external_id)
        if switch in (Switch.DONE, Switch.WAITING):
            return self._decided(transfer, recorded)
        if switch is None and recorded.unread:
            return Receipt.not_performed(recorded.unread, "WeCom does not say to whom this customer is being passed on")
        return Receipt.refused(
            "under_way_elsewhere",
            "this customer is being passed on to somebody else",
            remedy="wait until WeCom has decided that (24 hours), then try again",
        )

    def _elsewhere(self, transfer: Transfer) -> Receipt:
        """The holder does not have the customer: fine if the successor does."""
        client = transfer.ref.external_id
        if self._pair(transfer)[1] in self._customers.followers(client):
            return Receipt.done(client, proof="read_back")
        return _changed()

    def _recorded(self, holder: str, successor: str) -> _Recorded:
        """What WeCom has recorded for these two, asked as of now first: the holder may have left after the call.

        Of a holder who may not be shown it is unknown whether they have left: what is done for leavers comes last.
        """
        try:
            left = self._has_left(holder)
        except RejectedError:
            left = True
        found: dict[str, Switch] = {}
        told: list[Answer] = []
        for resigned in (left, not left):
            asked = {"handover_userid": holder, "takeover_userid": successor}
            unknown = (Verdict.ABSENT, Verdict.REFUSED, Verdict.STRANGER, Verdict.NOT_HELD)
            for page in self._app.pages(_RESULTS[resigned], asked, *unknown):
                told.append(page)
                for row in rows_of(page, "customer"):
                    found.setdefault(str(row.get("external_userid")), _switch(row.get("status")))
        # One alone is refused where the two do not belong into it, and is absent where somebody is gone for good.
        refused = [page.code for page in told if page.verdict is Verdict.REFUSED]
        read = any(page.verdict not in (Verdict.ABSENT, Verdict.REFUSED) for page in told)
        return _Recorded(found, f"wecom_{refused[0]}" if refused and not read else "")

    def _decided(self, transfer: Transfer, recorded: _Recorded) -> Receipt:
        client = transfer.ref.external_id
        switch = recorded.switches.get(client)
        if switch is Switch.DONE:
            return Receipt.done(client)
        if switch is Switch.WAITING:
            return Receipt.accepted(client)
        if switch is Switch.CLIENT_REFUSED:
            return Receipt.refused(
                Switch.CLIENT_REFUSED.value,
                "the customer does not want to be passed on to this successor",
                remedy="name another successor, or have somebody talk to the customer",
            )
        if switch is Switch.SUCCESSOR_FULL:
            return Receipt.refused(
                Switch.SUCCESSOR_FULL.value,
                "the successor has as many customers as they may",
                remedy="name another successor",
            )
        holder, successor = self._pair(transfer)
        followers = self._customers.followers(client)
        if successor in followers and holder not in followers:
            return Receipt.done(client, proof="read_back")
        if switch is None and recorded.unread:
            return Receipt.accepted(client, unread=recorded.unread)
        return Receipt.refused(
            Switch.NO_RECORD.value,
            "WeCom accepted this transfer and has no record of it now",
            remedy="look who has the customer in WeCom, then pass it on again",
        )

    # --- groups

    def _pass_groups(self, part: Sequence[Transfer]) -> Sequence[Receipt]:
        """WeCom names no owner to be expected, so the owner is compared just before."""
        holder, successor = self._pair(part[0])
        before = [self._standing(transfer) for transfer in part]
        due = [transfer.ref.external_id for transfer, standing in zip(part, before, strict=True) if standing is None]
        failed: Mapping[str, Any] = {}
        if due:
            body = {"chat_id_list": due, "new_owner": successor}
            path = _GROUPS[self._has_left(holder)]
            answer = self._app.call("POST", path, json=body, intent=Intent.WRITE)
            if answer.verdict is not Verdict.DONE:
                refusal = not_done(answer.code, answer.meaning, answer.hint)
                return [refusal if standing is None else standing for standing in before]
            failed = _codes(answer, "failed_chat_list", "chat_id")
        return [
            self._group_passed(transfer, failed) if standing is None else standing
            for transfer, standing in zip(part, before, strict=True)
        ]

    def _standing(self, transfer: Transfer) -> Receipt | None:
        """None for a group that the expected owner has, else what that means."""
        holder, successor = self._pair(transfer)
        owner = self._customers.owner(transfer.ref.external_id)
        if owner is not None and owner == successor:
            return Receipt.done(transfer.ref.external_id, proof="read_back")
        return None if owner == holder else _changed()

    def _group_passed(self, transfer: Transfer, failed: Mapping[str, Any]) -> Receipt:
        chat = transfer.ref.external_id
        if chat in failed:
            read = beside_a_record(failed[chat])
            return read if isinstance(read, Receipt) else not_done(*read)
        try:
            return self._group_after(transfer)
        except ConnectorError as error:
            return Receipt.accepted(chat, unread=error.code)

    def _group_after(self, transfer: Transfer) -> Receipt:
        """By who owns it now."""
        standing = self._standing(transfer)
        return Receipt.accepted(transfer.ref.external_id) if standing is None else standing

    def _has_left(self, holder: str) -> bool:
        if self._by != "by_status":
            return self._by == "resigned"
        presence = self._directory.presence(holder)
        if presence is Presence.UNSEEN:
            raise RejectedError(
                "the holder belongs to the corporation, and the app cannot see them",
                code="not_visible",
                remedy="add the member to the app's visible range (可见范围)",
            )
        return presence is Presence.LEFT


def _in_parts(
    transfers: Sequence[Transfer], perform: Callable[[Sequence[Sequence[Transfer]]], Sequence[Sequence[Receipt]]]
) -> Sequence[Receipt]:
    """The receipts in the order asked; ``perform`` gets those of one holder, successor and kind as a part."""
    parts: dict[tuple[HoldingKind, AccountRef, AccountRef], list[int]] = {}
    for place, transfer in enumerate(transfers):
        parts.setdefault((transfer.ref.kind, transfer.holder, transfer.successor), []).append(place)
    places = list(parts.values())
    told = perform([[transfers[at] for at in part] for part in places])
    found = {
        at: receipt for part, some in zip(places, told, strict=True) for at, receipt in zip(part, some, strict=True)
    }
    return [found[at] for at in range(len(transfers))]


def _codes(answer: Answer, rows: str, name: str) -> Mapping[str, Any]:
    """The code beside each record of an answer to a write. Raises `InDoubtError` when there is no such list."""
    try:
        return {str(row.get(name)): row.get("errcode") for row in rows_of(answer, rows)}
    except HaltError as error:
        raise InDoubtError(error.message, code=error.code) from None


def _changed() -> Receipt:
    return Receipt.refused(
        OwnershipStore.CHANGED,
        "somebody else has it by now, or it is gone",
        remedy="look at the checklist again: it shows who has what now",
    )


def _switch(status: object) -> Switch:
    switch = SWITCHES.get(status) if isinstance(status, int) else None
    if switch is None:
        raise HaltError(
            f"WeCom gives a transfer the unknown status {str(status)[:12]}",
            code="unknown_status",
            remedy="look the status up on the page of transfer_result and have it added to codes.py",
        )
    return switch
