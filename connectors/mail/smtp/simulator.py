"""A mail relay to try the connector on: `aiosmtpd`, an independent SMTP server, with a mailbox one can look into.

Nothing of the protocol is written here: greeting, STARTTLS, AUTH, dot-stuffing and limits are aiosmtpd's own. Added are
the answers a relay gives for reasons of its own (unknown receiver, greylisting, a queue that is full) and a connection
that breaks at a chosen step.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import logging
import socket
import ssl
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOST = "127.0.0.1"
_USER, _PASSWORD = "baton", "synthetic-relay-password"


@dataclass(frozen=True)
class JournalEntry:
    """One letter taken over."""

    action: str
    number: str | None
    external_id: str


class Simulator:
    """A relay on a free port of this machine; ``scratch`` is a directory for its certificate. Close it at the end."""

    def __init__(
        self, scratch: Path, *, encryption: Literal["starttls", "tls", "none"] = "starttls", port: int = 0
    ) -> None:
        self.encryption = encryption
        self.journal: list[JournalEntry] = []
        self.letters: list[tuple[str, EmailMessage]] = []
        """Every letter taken over: the envelope's receiver, and the letter as parsed."""
        self.raw: list[bytes] = []
        self.connections = 0
        self.rejected: dict[str, str] = {}
        """Receiver -> the answer to RCPT TO."""
        self.greylisted: set[str] = set()
        """Receivers that are deferred the first time."""
        self.answer_data = ""
        """The answer to the next letter's last line, when not the usual one; it is not taken over."""
        self.break_at = ""
        """Where the connection breaks, once: ``rcpt``, ``data`` (before it is taken over) or ``taken`` (after)."""
        self.answer_mail = ""
        self._certificate = scratch / "relay-certificate.pem"
        key = scratch / "relay-private.pem"
        _make_certificate(self._certificate, key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate, key)
        for name in ("mail.log", "mail.debug", "mail.error"):  # aiosmtpd tells them every address and every line
            logging.getLogger(name).disabled = True
        self._listener = _Listener(self, context, encryption, port)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._listener.stop()

    @property
    def port(self) -> int:
        return self._listener.bound

    @property
    def settings(self) -> Mapping[str, object]:
        scheme = "smtps" if self.encryption == "tls" else "smtp"
        common = {
            "server_url": f"{scheme}://{_HOST}:{self.port}",
            "sender_address": "baton@example.com",
            "sender_name": "交接中心",
            "connect_timeout_s": 5.0,
            "answer_timeout_s": 5.0,
        }
        if self.encryption == "none":
            return {**common, "unencrypted_relay": _HOST}
        return {**common, "ca_file": str(self._certificate), "username": _USER}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {} if self.encryption == "none" else {"password": _PASSWORD}

    @property
    def outbox(self) -> Sequence[tuple[str, str, str]]:
        """Address, subject and plain text of every letter taken over."""
        return [(address, str(letter["Subject"]), _text(letter, "plain")) for address, letter in self.letters]

    @property
    def html(self) -> list[str]:
        return [_text(letter, "html") for _, letter in self.letters]

    def seed_person(self, n: int) -> str:
        """Mail needs no account; the address of the n-th person."""
        return f"test{n:04d}@example.com"

    # --- what aiosmtpd asks

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        if self.encryption != "none" and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.answer_mail:
            return self.answer_mail
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        self._maybe_break("rcpt", server)
        if address in self.greylisted:
            self.greylisted.discard(address)
            return f"451 4.7.1 <{address}>: greylisted, try again in five minutes"
        if address in self.rejected:
            return self.rejected[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._maybe_break("data", server)
        if self.answer_data:
            answer, self.answer_data = self.answer_data, ""
            return answer
        content = cast("bytes", envelope.original_content)
        self.raw.append(content)
        for address in envelope.rcpt_tos:
            self.letters.append((address, message_from_bytes(content, policy=default)))
            self.journal.append(JournalEntry("message", None, address))
        self._maybe_break("taken", server)
        return f"250 2.0.0 OK: queued as {len(self.journal):08X}"

    def _maybe_break(self, step: str, server: SMTP) -> None:
        if self.break_at == step:
            self.break_at = ""
            cast("asyncio.Transport", server.transport).abort()
            raise asyncio.CancelledError


class _Listener(Controller):
    """aiosmtpd on a socket that is bound before its port is told."""

    def __init__(self, relay: Simulator, context: ssl.SSLContext, encryption: str, port: int) -> None:
        self._bound = socket.create_server((_HOST, port))
        self.bound: int = self._bound.getsockname()[1]
        self._relay = relay
        super().__init__(
            relay,
            hostname=_HOST,
            port=self.bound,
            server_hostname="relay.example.com",
            ssl_context=context if encryption == "tls" else None,
            tls_context=context if encryption == "starttls" else None,
            require_starttls=encryption == "starttls",
            auth_require_tls=encryption == "starttls",
            authenticator=self._judge,
            enable_SMTPUTF8=False,
        )

    def _create_server(self) -> Awaitable[asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._bound, ssl=self.ssl_context)

    def _judge(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and given == LoginPassword(_USER.encode(), _PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    def factory(self) -> Any:
        self._relay.connections += 1
        return super().factory()  # type: ignore[no-untyped-call]  # aiosmtpd's own signature has no types here


def _text(letter: EmailMessage, kind: Literal["plain", "html"]) -> str:
    part = letter.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n").rstrip("\n") if part is not None else ""


def _make_certificate(certificate: Path, key_file: Path) -> None:
    """A throw-away certificate for 127.0.0.1 that is its own CA, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay.example.com")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=7))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(_HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
