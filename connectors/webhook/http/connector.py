"""Messages as signed JSON, posted to one address of your own: one request and one receipt per message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from baton.sdk import (
    Client,
    ConnectorError,
    ConnectorSettings,
    Finding,
    Message,
    Notifier,
    Rate,
    Receipt,
    Response,
    one_by_one,
)
from connectors.webhook.http import wire

_SHORTEST_SECRET = 16


class WebhookSettings(ConnectorSettings):
    """Where to post, and what to sign with."""

    receiver_url: str = Field(description="https://host/path of the receiver; nothing else is ever asked")
    signing_secret: SecretStr = Field(description="at least 16 characters, known to the receiver alone")

    @field_validator("receiver_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
            raise ValueError("must be https://host/path, without a login and without a #part")
        return url

    @field_validator("signing_secret")
    @classmethod
    def _is_long(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"must have at least {_SHORTEST_SECRET} characters")
        return secret


class Webhook(Notifier):
    """An HTTP receiver. Nobody can ask it afterwards what became of a message: promise class D."""

    title: ClassVar[str] = "Webhook (HTTP)"
    Settings: ClassVar[type[ConnectorSettings]] = WebhookSettings
    rate: ClassVar[Rate] = Rate(calls=5, per_s=1.0, burst=5)
    message_limit: ClassVar[int] = 20

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        super().__init__(settings, client)
        if not isinstance(settings, WebhookSettings):
            raise TypeError("Webhook needs WebhookSettings")
        self._url = settings.receiver_url
        self._secret = settings.signing_secret.get_secret_value().encode()

    def check(self) -> Sequence[Finding]:
        """Post a ping; a receiver answers it with 2xx and tells nobody."""
        now = self.client.clock.now()
        delivery = f"ping-{int(now.timestamp())}"
        try:
            response = self._post(wire.ping(delivery, now), delivery)
            error = None if response.ok else wire.fault(response)
        except ConnectorError as unreachable:
            return [Finding("receiver", ok=False, detail=str(unreachable), remedy=unreachable.remedy)]
        if error is not None:
            return [Finding("receiver", ok=False, detail=f"{error.message} [{error.code}]", remedy=error.remedy)]
        remedy = "" if response.ok else "have it answer a ping with 2xx"
        return [Finding("receiver", ok=response.ok, detail=f"answers HTTP {response.status}", remedy=remedy)]

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """Post each message. "Done" is the receiver's 2xx: it has taken the message over."""
        return one_by_one(messages, self._send)

    def _send(self, message: Message) -> Receipt:
        if not message.address:
            return Receipt.refused(
                "no_address", "there is no address for this person", remedy="enter a work address in HR"
            )
        body = wire.notice(message, self.client.clock.now())
        return wire.receipt(self._post(body, message.key), message.key)

    def _post(self, body: bytes, delivery: str) -> Response:
        signed = wire.headers(body, delivery, self._secret, self.client.clock.now())
        return self.client.request("POST", self._url, content=body, headers=signed)
