"""How to reach one mail relay."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from baton.sdk import ConnectorSettings
from connectors.mail.smtp.letter import ADDRESS
from connectors.mail.smtp.relay import Relay

_PORTS = {"smtp": 25, "smtps": 465}


class SmtpSettings(ConnectorSettings):
    """Where the relay is, how to log in, and in whose name to write."""

    server_url: str = Field(description="smtp://host:port (STARTTLS) or smtps://host:port (TLS from the first byte)")
    username: str = Field("", description="empty: no login")
    password: SecretStr = SecretStr("")
    sender_address: str = Field(description="such as baton@example.com; the relay must let us use it")
    sender_name: str = Field("", max_length=100, description="shown before the address")
    unencrypted_relay: str = Field(
        "", description="the relay's host name once more, if it stands in your own network and cannot do STARTTLS"
    )
    ca_file: Path | None = Field(
        None, description="PEM file with the CA of the relay's certificate, if it is not a public one"
    )
    connect_timeout_s: float = Field(10.0, gt=0, le=120)
    answer_timeout_s: float = Field(60.0, gt=0, le=600, description="for each answer of the relay")
    deadline_s: float = Field(300.0, gt=0, le=1800, description="for one whole connection")

    @field_validator("server_url")
    @classmethod
    def _is_smtp(cls, url: str) -> str:
        parts = urlsplit(url)
        plain = not (parts.username or parts.password or parts.path.strip("/") or parts.query or parts.fragment)
        if parts.scheme not in _PORTS or not parts.hostname or not plain or (parts.port is not None and not parts.port):
            raise ValueError("must be smtp://host, smtp://host:port, smtps://host or smtps://host:port")
        return url

    @field_validator("sender_address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        if not ADDRESS.fullmatch(address):
            raise ValueError("must be a plain mail address in ASCII")
        return address

    @field_validator("ca_file", mode="before")
    @classmethod
    def _named(cls, file: Any) -> Any:
        return None if file == "" else file  # an empty path would be the folder of systems.yaml

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if bool(self.username) != bool(self.password.get_secret_value()):
            raise ValueError("username and password belong together")
        if not self.unencrypted_relay:
            return self
        if self.unencrypted_relay != urlsplit(self.server_url).hostname or self.server_url.startswith("smtps:"):
            raise ValueError("unencrypted_relay must repeat the host of an smtp:// server_url")
        if self.username:
            raise ValueError("a password is never sent over an unencrypted connection")
        return self

    def relay(self) -> Relay:
        """Where and how to connect."""
        parts = urlsplit(self.server_url)
        return Relay(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            implicit_tls=parts.scheme == "smtps",
            encrypted=not self.unencrypted_relay,
            username=self.username,
            password=self.password.get_secret_value(),
            our_name=self.sender_address.rpartition("@")[2],
            ca_file=self.ca_file,
            connect_timeout_s=self.connect_timeout_s,
            answer_timeout_s=self.answer_timeout_s,
            deadline_s=self.deadline_s,
        )

    def hosts(self) -> tuple[str]:
        """For the egress rule: the relay and nothing else."""
        relay = self.relay()
        return (f"{relay.host}:{relay.port}",)
