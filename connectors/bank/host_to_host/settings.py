"""The settings of one bank connection, and the keys they hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import asyncssh
from pydantic import Field, SecretStr, field_validator, model_validator

from baton.sdk import EnvelopeSettings
from connectors.bank.host_to_host.remote import Server

_Kid = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_Folder = Annotated[str, Field(pattern=r"^/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$")]
_NoFolder = Annotated[str, Field(pattern=r"^(/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)?$")]


class HostToHostSettings(EnvelopeSettings):
    """What was agreed with the bank. Keys of the bank are public and stand here; ours are secrets.

    The roster always travels in our own container, so its keys are needed whatever the payments travel in.
    """

    server_url: str = Field(description="sftp://host:port")
    username: str = Field(min_length=1)
    host_keys: tuple[str, ...] = Field(
        min_length=1, max_length=2, description="the server's public host keys; two only while the bank changes it"
    )
    system_id: str = Field(pattern=r"^[a-z0-9-]{1,24}$", description="stands in the file names")

    drop_directory: _Folder = "in"
    answer_directory: _Folder = "out"
    collected: Literal["stays", "archived", "vanishes"] = Field(
        default="stays", description="what happens to a file once the bank has fetched it"
    )
    archive_directory: _NoFolder = ""
    statement_age_h: int = Field(default=48, ge=1, le=24 * 31, description="oldest roster statement still believed")
    deadline_s: float = Field(default=60.0, gt=0, le=600, description="for one whole session")

    payment_drop_directory: _NoFolder = Field(default="", description="where payment files go; empty: none do")
    payment_answer_directory: _NoFolder = Field(default="", description="where the bank answers them")
    payment_read_back: Literal["digest", "size"] = Field(
        default="digest", description="size, where the bank does not let us read our own files"
    )
    acknowledgement_names: str = Field(default="ack_*", description="what the bank's acknowledgements are called")
    report_names: str = Field(default="report_*", description="what its reports on lines are called")
    statement_names: str = Field(default="statement_*", description="what its account statements are called")

    bank_reading_kid: _Kid
    bank_reading_key: str = Field(description="PEM, X25519 or RSA of 3072 bits or more: files are sealed for it")
    bank_signing_keys: dict[_Kid, str] = Field(
        min_length=1, max_length=2, description="kid: PEM (Ed25519); two only while the bank changes it"
    )
    signing_kid: _Kid
    reading_kid: _Kid

    client_key: SecretStr = Field(description="private key for the login (OpenSSH format)")
    signing_key: SecretStr = Field(description="our Ed25519 private key (PEM): signs what we send")
    reading_key: SecretStr = Field(description="our X25519 or RSA private key (PEM): opens what the bank sends")

    @field_validator("server_url")
    @classmethod
    def _is_sftp(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "sftp" or not parts.hostname or parts.username or parts.password or parts.path.strip("/"):
            raise ValueError("must be sftp://host or sftp://host:port")
        return url

    @model_validator(mode="after")
    def _keys_are_usable(self) -> Self:
        if (self.collected == "archived") != bool(self.archive_directory):
            raise ValueError("archive_directory is needed with collected: archived, and only then")
        if bool(self.payment_drop_directory) != bool(self.payment_answer_directory):
            raise ValueError("payment_drop_directory and payment_answer_directory are needed together")
        tries: dict[str, Callable[[], object]] = {
            "host_keys": partial(_host_keys, self.host_keys),
            "client_key": partial(_client_key, self.client_key),
            "bank_reading_key": self.bank_reader,
            "bank_signing_keys": self.bank_verification,
            "signing_key": self.signer,
            "reading_key": self.opener,
        }
        faults = []
        for name, read in tries.items():
            try:
                read()
            except (ValueError, TypeError):
                faults.append(name)
        if faults:
            raise ValueError(f"not a key of the right kind: {', '.join(faults)}")
        return self

    def server(self) -> Server:
        """Where and how to log in."""
        parts = urlsplit(self.server_url)
        pins = _host_keys(self.host_keys)
        key = _client_key(self.client_key)
        return Server(parts.hostname or "", parts.port or 22, self.username, pins, key, self.deadline_s)


def _host_keys(lines: tuple[str, ...]) -> list[asyncssh.SSHKey]:
    return [asyncssh.import_public_key(line) for line in lines]


def _client_key(key: SecretStr) -> asyncssh.SSHKey:
    return asyncssh.import_private_key(key.get_secret_value())
