"""Feishu accounts: created, moved, frozen, resurrected, and removed with every acceptor named; callbacks as hints."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    RejectedError,
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
from connectors.oa.feishu.directory import Directory, is_theirs, user_path
from connectors.oa.feishu.events import Callbacks
from connectors.oa.feishu.groups import Groups
from connectors.oa.feishu.messages import Messages
from connectors.oa.feishu.open_api import Answer, OpenApi, TenantToken
from connectors.oa.feishu.receipts import receipt
from connectors.oa.feishu.sessions import Sessions
from connectors.oa.feishu.settings import FeishuSettings
from connectors.oa.feishu.slow_lane import SlowLane
from connectors.oa.feishu.wire import FIELDS, removal_payload, user_payload

_LEGAL_USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_NO_ACCOUNT = "Feishu has no account with this person's id and employee number"
_LINK = "reconcile to link the account, or set the employee number in Feishu"
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
        ids = [ref.external_id or self._user_id(ref.number) for ref in refs]
        users = self._directory.users([user_id for user_id in ids if user_id])
        return [_if_theirs(users.get(user_id or ""), ref) for ref, user_id in zip(refs, ids, strict=True)]

    def scan(self) -> Iterator[Account]:
        """Everyone in the app's contact range; the resigned are in no department and so not among them."""
        return self._directory.everyone()

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Create with the effect key as idempotency key; take over (or resurrect) an account that exists."""
        present = dict(zip((write.key for write in writes), self.find([w.ref for w in writes]), strict=True))
        return one_by_one(writes, lambda write: self._provision(write, present[write.key]))

    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Set the given fields only."""
        return one_by_one(writes, lambda write: self._patch(self._id_of(write), self._payload(write)))

    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Freeze: the person cannot log in, nothing is moved or lost."""
        return one_by_one(writes, self._disable)

    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Unfreeze; a user resigned for at most 30 days is resurrected first."""
        return one_by_one(writes, self._enable)

    def remove(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Resign the user with an acceptor for every kind of resource, then read back that it is so."""
        return one_by_one(writes, self._remove)

    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The approvals that wait for this person (see `approvals`)."""
        user_id = self._external_id(person)
        return iter(()) if user_id is None else self._approvals.pending(user_id)

    def workers(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """Whom each approval waits for, followed through transfers."""
        return self._approvals.workers(refs)

    def reassign(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """Pass approvals on, one call each, read before and after."""
        return one_by_one(transfers, self._approvals.reassign)

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        """User groups, and the administrator's role; other rights Feishu does not list by person (see the README)."""
        user_id = self._external_id(person)
        return () if user_id is None else self._groups.grants(user_id)

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Take people out of user groups."""
        return one_by_one(changes, lambda one: self._for(one.person, lambda at: self._groups.revoke(at, one.grant_id)))

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Put people into user groups."""
        return one_by_one(changes, lambda one: self._for(one.person, lambda at: self._groups.entitle(at, one.grant_id)))

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        """Log people out on every device."""
        return one_by_one(ends, self._end_sessions)

    def blockers(self, person: AccountRef) -> Sequence[Blocker]:
        """What would keep this person from being removed, asked beforehand."""
        user_id = person.external_id or self._user_id(person.number)
        return () if user_id is None else list(self._blockers.of(user_id, person))

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """Send messages by the app's bot; at most one under one key within an hour."""
        return one_by_one(messages, lambda one: self._for(one.to, lambda at: self._messages.send(one, at)))

    def _end_sessions(self, end: SessionEnd) -> Receipt:
        user_id = self._external_id(end.person)
        return Receipt.done(state="no account") if user_id is None else self._sessions.end(user_id)

    def _for(self, person: AccountRef, perform: Callable[[str], Receipt]) -> Receipt:
        """Do something for somebody who must have an account."""
        user_id = self._external_id(person)
        return Receipt.refused("no_account", _NO_ACCOUNT, remedy=_LINK) if user_id is None else perform(user_id)

    def _external_id(self, person: AccountRef) -> str | None:
        if person.external_id:
            return person.external_id
        (account,) = self.find([person])
        return account.external_id if account else None

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
        user_id = self._user_id(write.ref.number)
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

    def _disable(self, write: AccountWrite) -> Receipt:
        user_id = self._id_of(write)
        answer = self._patched(user_id, {**self._payload(write), "is_frozen": True})
        if answer.verdict is Verdict.RESIGNED:
            return Receipt.done(user_id, log_id=answer.log_id, state="resigned")
        return receipt(answer, user_id)

    def _enable(self, write: AccountWrite) -> Receipt:
        account = self._existing(write)
        payload = {**self._payload(write), "is_frozen": False}
        if account.state is AccountState.REMOVED:
            revived = self._resurrect(account.external_id, payload)
            if revived.verdict not in (Verdict.DONE, Verdict.IN_SERVICE):
                return receipt(revived, account.external_id)
        return self._patch(account.external_id, payload)

    def _remove(self, write: AccountWrite) -> Receipt:
        account = self._existing(write)
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

    def _id_of(self, write: AccountWrite) -> str:
        return write.ref.external_id or self._existing(write).external_id

    def _existing(self, write: AccountWrite) -> Account:
        (account,) = self.find([write.ref])
        if account is None:
            raise RejectedError(_NO_ACCOUNT, code="no_account", remedy=_LINK)
        return account

    def _user_id(self, number: str) -> str | None:
        user_id = self._own.user_id_prefix + number
        return user_id if _LEGAL_USER_ID.fullmatch(user_id) else None


def _client_token(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_KEY_DIGITS]


def _if_theirs(account: Account | None, ref: AccountRef) -> Account | None:
    return account if account is not None and is_theirs(account.number, ref) else None
