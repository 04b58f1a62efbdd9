"""WeCom: members, their customers and groups passed on, approvals that wait, messages, callbacks as hints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field, SecretStr

from baton.sdk import (
    Account,
    AccountRef,
    AccountWrite,
    Blocker,
    BlockerSource,
    Client,
    ConnectorSettings,
    FieldSpec,
    Finding,
    HintReply,
    HintSource,
    Holding,
    HoldingKind,
    HoldingRef,
    Message,
    Notifier,
    OwnershipStore,
    Promise,
    Rate,
    Receipt,
    RemovalTarget,
    Transfer,
    TransferResults,
    Undo,
    WorkScan,
    WorkSource,
    one_by_one,
)
from connectors.oa.wecom.accounts import Accounts
from connectors.oa.wecom.approvals import Approvals
from connectors.oa.wecom.blockers import BY_HAND, Blockers
from connectors.oa.wecom.callbacks import Callbacks
from connectors.oa.wecom.checkup import findings
from connectors.oa.wecom.customers import Customers
from connectors.oa.wecom.handovers import MOST_AT_ONCE, By, Handovers
from connectors.oa.wecom.members import FIELDS, Directory, Names
from connectors.oa.wecom.messages import Messages
from connectors.oa.wecom.open_api import OpenApi, Token


class WeComSettings(ConnectorSettings):
    """How to reach one WeCom corporation: one secret for the contacts, one for an app of our own."""

    base_url: str = Field("https://qyapi.weixin.qq.com", pattern=r"^https?://[^/?#]+$")
    corp_id: str
    agent_id: int = Field(gt=0)
    contact_secret: SecretStr
    app_secret: SecretStr
    callback_token: SecretStr = SecretStr("")
    callback_aes_key: SecretStr = SecretStr("")
    userid_prefix: str = Field("", pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,15})?$")
    number_attribute: str = ""
    invite: bool = True
    handover: By = "by_status"
    transfer_success_msg: str = Field("", max_length=200)
    approval_days: int = Field(365, ge=1, le=1100)


class WeCom(RemovalTarget, OwnershipStore, TransferResults, WorkSource, WorkScan, BlockerSource, HintSource, Notifier):
    """A WeCom corporation. The employee number is the userid, or a custom attribute of the member."""

    title: ClassVar[str] = "WeCom 企业微信"
    Settings: ClassVar[type[ConnectorSettings]] = WeComSettings
    rate: ClassVar[Rate] = Rate(calls=50, per_s=1.0, burst=50)  # documented per API: 10,000 a minute, 150,000 an hour
    promise: ClassVar[Promise] = Promise.KEY
    batch_limit: ClassVar[int] = 20
    fields: ClassVar[Mapping[str, FieldSpec]] = FIELDS
    transfers: ClassVar[Mapping[HoldingKind, Undo]] = {
        HoldingKind.CLIENT: Undo.TIME_LIMITED,
        HoldingKind.GROUP: Undo.TIME_LIMITED,
    }
    transfer_limit: ClassVar[int] = MOST_AT_ONCE
    work_kinds: ClassVar[frozenset[HoldingKind]] = frozenset({HoldingKind.APPROVAL})
    message_limit: ClassVar[int] = 20
    by_hand: ClassVar[Sequence[Blocker]] = BY_HAND

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        super().__init__(settings, client)
        if not isinstance(settings, WeComSettings):
            raise TypeError("WeCom needs WeComSettings")

        def opened(secret: SecretStr) -> OpenApi:
            token = Token(client, settings.base_url, settings.corp_id, secret.get_secret_value())
            return OpenApi(client, settings.base_url, token)

        contacts, app = opened(settings.contact_secret), opened(settings.app_secret)
        names = Names(settings.userid_prefix, settings.number_attribute)
        self._app = app
        self._directory = Directory(contacts, app, names)
        self._accounts = Accounts(contacts, self._directory, names, invite=settings.invite)
        self._customers = Customers(app, self._directory)
        self._handovers = Handovers(
            app,
            self._customers,
            self._directory,
            names,
            by=settings.handover,
            success_msg=settings.transfer_success_msg,
        )
        self._blockers = Blockers(self._customers, self._directory, client.clock.now, by=settings.handover)
        self._approvals = Approvals(app, client, self._directory, settings.approval_days)
        self._messages = Messages(app, self._directory, settings.agent_id)
        self._callbacks = Callbacks(
            settings.corp_id,
            settings.callback_token.get_secret_value(),
            settings.callback_aes_key.get_secret_value(),
            names,
        )

    def check(self) -> Sequence[Finding]:
        """Both secrets, the app's visible range, customers, approvals, and the callback secrets."""
        return findings(self._app, self._directory, self._callbacks, self.client)

    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        """Verify, decrypt and answer one callback, or the GET that checks the address (see `callbacks`)."""
        return self._callbacks.receive(headers, body)

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """One call per person; another person's account is never given."""
        return [self._directory.find(ref) for ref in refs]

    def scan(self) -> Iterator[Account]:
        """Everybody in the corporation's list of ids, read one by one. Raises when the app cannot see them all."""
        return self._directory.everyone()

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Create under a userid made from the employee number; take over a member who carries it."""
        return self._accounts.provision(writes)

    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Set the given fields only."""
        return one_by_one(writes, self._accounts.update)

    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """``enable: 0``: the member cannot log in, and has not left."""
        return one_by_one(writes, self._accounts.disable)

    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """``enable: 1``. A removed member has to be provisioned anew."""
        return one_by_one(writes, self._accounts.enable)

    def remove(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Delete the member: from then on they have left, and what they had waits to be passed on."""
        return one_by_one(writes, self._accounts.remove)

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """Customers and customer groups, of a member or of one who has left."""
        return self._customers.owned(person)

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """One call each. A customer whom several members follow has them all, joined by ``|``."""
        return self._customers.holders(refs)

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """Customers are only accepted: the proof comes after 24 hours, with `transfer_results`."""
        return self._handovers.transfer(transfers)

    def transfer_results(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """Done, refused by the customer or for the successor's limit, or still waiting."""
        return self._handovers.results(transfers)

    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """Approvals whose turn it is with this person; WeCom passes none on, so each is ``by_hand``."""
        return self._approvals.waiting_for(person)

    def work_of(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The same of several people, in as many calls as of one: all pending forms are read either way."""
        return self._approvals.waiting_for_any(people)

    def blockers(self, person: AccountRef) -> Sequence[Blocker]:
        """Customers who may change hands no more, groups that would lose their owner, who is out of sight."""
        return list(self._blockers.of(person))

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """A text card with the link, or a text, in the name of the app."""
        return one_by_one(messages, self._messages.send)
