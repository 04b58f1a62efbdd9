"""Feishu accounts: created, moved, frozen, resurrected, and removed with every acceptor named; callbacks as hints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from baton.sdk import (
    AccessControl,
    Account,
    AccountRef,
    AccountState,
    AccountWrite,
    Blocker,
    BlockerSource,
    Client,
    ConnectorError,
    ConnectorSettings,
    FieldSpec,
    Finding,
    Grant,
    GrantChange,
    HintReply,
    HintSource,
    Holding,
    HoldingKind,
    HoldingRef,
    Message,
    Notifier,
    Promise,
    Rate,
    Receipt,
    RemovalTarget,
    SessionControl,
    SessionEnd,
    Transfer,
    Undo,
    WorkTransfer,
    one_by_one,
)
from connectors.oa.feishu.approvals import Approvals
from connectors.oa.feishu.blockers import BY_HAND, Blockers
from connectors.oa.feishu.checkup import findings
from connectors.oa.feishu.codes import Verdict
from connectors.oa.feishu.directory import Directory, user_path
from connectors.oa.feishu.events import Callbacks
from connectors.oa.feishu.groups import Groups
from connectors.oa.feishu.messages import Messages
from connectors.oa.feishu.open_api import Answer, OpenApi, TenantToken
from connectors.oa.feishu.people import People
from connectors.oa.feishu.receipts import receipt
from connectors.oa.feishu.sessions import Sessions
from connectors.oa.feishu.settings import FeishuSettings
from connectors.oa.feishu.slow_lane import SlowLane
from connectors.oa.feishu.wire import FIELDS, removal_payload, user_payload

_KEY_DIGITS = 32
"""The length of a client_token (128 bits of the effect key's digest); the vendor documents no limit."""


class Feishu(RemovalTarget, HintSource, WorkTransfer, AccessControl, SessionControl, BlockerSource, Notifier):
    """A Feishu tenant: its directory, and what a leaver's approvals, groups, sessions and colleagues need.

    The employee number is ``employee_no`` and, for accounts made here, ``user_id``.
    """

    title: ClassVar[str] = "Feishu 飞书 / Lark"
    Settings: ClassVar[type[ConnectorSettings]] = FeishuSettings
    rate: ClassVar[Rate] = Rate(calls=15, per_s=1.0, burst=15)  # documented per API: 1000 a minute and 50 a second
    promise: ClassVar[Promise] = Promise.KEY
    batch_limit: ClassVar[int] = 20
    fields: ClassVar[Mapping[str, FieldSpec]] = FIELDS
    work_kinds: ClassVar[frozenset[HoldingKind]] = frozenset({HoldingKind.APPROVAL})
    reassigns: ClassVar[Mapping[HoldingKind, Undo]] = {HoldingKind.APPROVAL: Undo.REVERSIBLE}
    reassign_limit: ClassVar[int] = 20
    change_limit: ClassVar[int] = 20
    message_limit: ClassVar[int] = 20
    by_hand: ClassVar[Sequence[Blocker]] = BY_HAND

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        super().__init__(settings, client)
        if not isinstance(settings, FeishuSettings):
            raise TypeError("Feishu needs FeishuSettings")
        self._own = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._token = TenantToken(client, settings.base_url, settings.app_id, settings.app_secret.get_secret_value())
        self._api = OpenApi(client, settings.base_url, self._token)
        self._directory = Directory(self._api, settings.department_id_type, self._zone)
        self._people = People(self._directory, settings.user_id_prefix)
        self._callbacks = Callbacks(
            settings.encrypt_key.get_secret_value(), settings.verification_token.get_secret_value(), settings.app_id
        )
        self._slow_lane = SlowLane(client, settings.slow_write_interval_s)
        self._approvals = Approvals(self._api, SlowLane(client, settings.transfer_interval_s))
        self._blockers = Blockers(self._api, self._directory, self._approvals, settings.fallback_acceptor_user_id)
        self._groups, self._sessions, self._messages = Groups(self._api), Sessions(self._api), Messages(self._api)

    def check(self) -> Sequence[Finding]:
        """Token, contact permissions, readable fields, the fallback acceptor and the callback secrets."""
        return findings(self._token, self._directory, self._callbacks, self._own.fallback_acceptor_user_id)

    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        """Verify, decrypt and answer one callback of Feishu (see `events`)."""
        return self._callbacks.receive(headers, body)

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """By ``user_id``, then checked against ``employee_no``: another person's account is never given."""
        looked = self._people.look(refs)
        return [looked.theirs(ref) for ref in refs]

    def scan(self) -> Iterator[Account]:
        """Everyone in the app's contact range; the resigned are in no department and so not among them."""
        return self._directory.everyone()

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Create with the effect key as idempotency key; take over (or resurrect) an account that exists."""
        looked = self._people.look([write.ref for write in writes])
        return one_by_one(writes, lambda write: self._provision(write, looked.theirs(write.ref)))

    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Set the given fields only."""
        looked = self._people.look([write.ref for write in writes])
        return one_by_one(writes, lambda write: self._patch(looked.required(write.ref), self._payload(write)))

    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Freeze: the person cannot log in, nothing is moved or lost."""
        looked = self._people.look([write.ref for write in writes])
        return one_by_one(writes, lambda write: self._disable(write, looked.required(write.ref)))

    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Unfreeze; a user resigned for at most 30 days is resurrected first."""
        looked = self._people.look([write.ref for write in writes])
        return one_by_one(writes, lambda write: self._enable(write, looked.account(write.ref)))

    def remove(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Resign the user with an acceptor for every kind of resource, then read back that it is so."""
        looked = self._people.look([write.ref for write in writes])
        return one_by_one(writes, lambda write: self._remove(write, looked.account(write.ref)))

    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The approvals that wait for this person (see `approvals`)."""
        user_id = self._people.id_of(person)
        return iter(()) if user_id is None else self._approvals.pending(user_id)

    def workers(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """Whom each approval waits for, followed through transfers."""
        return self._approvals.workers(refs)

    def reassign(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """Pass approvals on, one call each, read before and after."""
        looked = self._people.look([person for one in transfers for person in (one.holder, one.successor)])

        def pass_on(transfer: Transfer) -> Receipt:
            for person in (transfer.holder, transfer.successor):
                looked.id_of(person)  # raises where that is somebody else by now
            return self._approvals.reassign(transfer)

        return one_by_one(transfers, pass_on)

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        """User groups, and the administrator's role; other rights Feishu does not list by person (see the README)."""
        user = self._people.shown(person)
        return () if user is None else self._groups.grants(user)

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Take people out of user groups."""
        looked = self._people.look([one.person for one in changes])
        return one_by_one(changes, lambda one: self._groups.revoke(looked.required(one.person), one.grant_id))

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Put people into user groups."""
        looked = self._people.look([one.person for one in changes])
        return one_by_one(changes, lambda one: self._groups.entitle(looked.required(one.person), one.grant_id))

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        """Log people out on every device."""
        looked = self._people.look([end.person for end in ends])
        return one_by_one(ends, lambda end: self._end_sessions(looked.id_of(end.person)))

    def blockers(self, person: AccountRef) -> Sequence[Blocker]:
        """What would keep this person from being removed, asked beforehand."""
        user_id = person.external_id or self._people.user_id(person.number)
        return () if user_id is None else list(self._blockers.of(user_id, person))

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """Send messages by the app's bot; at most one under one key within an hour."""
        looked = self._people.look([message.to for message in messages])
        return one_by_one(messages, lambda message: self._messages.send(message, looked.required(message.to)))

    def _end_sessions(self, user_id: str | None) -> Receipt:
        return Receipt.done(state="no account") if user_id is None else self._sessions.end(user_id)

    def _provision(self, write: AccountWrite, account: Account | None) -> Receipt:
        payload = self._payload(write)
        if account is None:
            return self._create(write, payload)
        if account.state is AccountState.REMOVED:
            revived = self._resurrect(account.external_id, payload)
            if revived.verdict is Verdict.UNRECOVERABLE:
                return self._create(write, payload)
            if revived.verdict not in (Verdict.DONE, Verdict.IN_SERVICE):
                return receipt(revived, account.external_id)
        if account.state is not AccountState.ENABLED:
            payload["is_frozen"] = False
        return self._patch(account.external_id, payload)

    def _create(self, write: AccountWrite, payload: dict[str, Any]) -> Receipt:
        user_id = self._people.user_id(write.ref.number)
        if user_id is None:
            return Receipt.refused(
                "illegal_user_id",
                "the employee number cannot be a Feishu user id (letters, digits, _ . @ -; at most 64)",
                remedy="correct the number in HR, or create the account in Feishu and reconcile",
            )
        answer = self._api.call(
            "POST",
            "/contact/v3/users",
            (*self._directory.id_types, ("client_token", _client_token(write.key))),
            json={**payload, "user_id": user_id, "employee_no": write.ref.number},
        )
        if answer.verdict is Verdict.TAKEN:
            owner = self._owner(write.ref, user_id, payload)
            if owner is None:
                return receipt(answer, user_id)
            if owner.state is not AccountState.ENABLED:
                payload["is_frozen"] = False
            return self._patch(owner.external_id, payload)
        created = answer.data.get("user")
        given = created.get("user_id") if isinstance(created, dict) else None
        return receipt(answer, str(given or user_id))

    def _owner(self, ref: AccountRef, user_id: str, payload: Mapping[str, Any]) -> Account | None:
        """The account in service that holds what must be unique, if it carries this very employee number."""
        ids = (user_id, *self._directory.ids_by_contact(payload.get("mobile"), payload.get("email")))
        for account in self._directory.users(ids).values():
            if account.number == ref.number and account.state is not AccountState.REMOVED:
                return account
        return None

    def _disable(self, write: AccountWrite, user_id: str) -> Receipt:
        answer = self._patched(user_id, {**self._payload(write), "is_frozen": True})
        if answer.verdict is Verdict.RESIGNED:
            return Receipt.done(user_id, log_id=answer.log_id, state="resigned")
        return receipt(answer, user_id)

    def _enable(self, write: AccountWrite, account: Account) -> Receipt:
        payload = {**self._payload(write), "is_frozen": False}
        if account.state is AccountState.REMOVED:
            revived = self._resurrect(account.external_id, payload)
            if revived.verdict not in (Verdict.DONE, Verdict.IN_SERVICE):
                return receipt(revived, account.external_id)
        return self._patch(account.external_id, payload)

    def _remove(self, write: AccountWrite, account: Account) -> Receipt:
        user_id = account.external_id
        if account.state is AccountState.REMOVED:
            return Receipt.done(user_id, state="resigned before")
        body = removal_payload(write.fields, user_id, self._own.fallback_acceptor_user_id)
        answer = self._api.call("DELETE", user_path(user_id), self._directory.id_types[:1], json=body)
        if answer.verdict is not Verdict.DONE:
            return receipt(answer, user_id)
        try:
            left = self._directory.user(user_id)
        except ConnectorError as error:  # whatever it says, it says of the reading: the removal was taken
            return Receipt.in_doubt("not_read_back", error.message, log_id=answer.log_id)
        if left is None or left.state is AccountState.REMOVED:
            return Receipt.done(user_id, log_id=answer.log_id, state="resigned")
        return Receipt.in_doubt("not_confirmed", "Feishu took the removal but shows the user in service")

    def _patch(self, user_id: str, payload: Mapping[str, Any]) -> Receipt:
        return receipt(self._patched(user_id, payload), user_id) if payload else Receipt.done(user_id)

    def _patched(self, user_id: str, payload: Mapping[str, Any]) -> Answer:
        slow = payload.keys() & {"department_ids", "is_frozen"}  # one such change a second, and never two at once
        with self._slow_lane.turn() if slow else nullcontext():
            return self._api.call("PATCH", user_path(user_id), self._directory.id_types, json=payload)

    def _resurrect(self, user_id: str, payload: Mapping[str, Any]) -> Answer:
        """Bring a resigned user back, into the department of the payload (without one Feishu takes the root)."""
        departments = [{"department_id": one} for one in payload.get("department_ids", ())]
        body = {"departments": departments} if departments else {}
        return self._api.call("POST", user_path(user_id, "/resurrect"), self._directory.id_types, json=body)

    def _payload(self, write: AccountWrite) -> dict[str, Any]:
        return user_payload(write.fields, write.ref.number, self._zone)


def _client_token(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_KEY_DIGITS]
