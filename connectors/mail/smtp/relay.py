"""A mail relay, one connection at a time: dialled where the egress rule says, encrypted, and judged step by step.

`smtplib` speaks the protocol. The steps of a delivery are taken one by one, because only the step at which something
fails tells whether the letter may have been taken: until the last line is sent it has not, after that nobody knows. So
the last line goes by itself.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from baton.sdk import Client, ConnectorError, HaltError, Receipt, RetryableError
from connectors.mail.smtp.letter import Letter

_GREYLISTED_S: Final = 300.0
"""How long most relays want a stranger to wait."""
_CLOSING: Final = 421
_ENHANCED: Final = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")
_QUEUED: Final = re.compile(rb"queued as ([A-Za-z0-9]{4,40})\b")
_END: Final = b".\r\n"
"""The line after which a relay takes a letter over."""
_LOST: Final = Receipt.not_performed("connection_lost", "the connection to the relay ended before this was sent")


@dataclass(frozen=True, slots=True)
class Relay:
    """Where to connect, how, and as whom."""

    host: str
    port: int
    implicit_tls: bool
    encrypted: bool
    username: str
    password: str = field(repr=False)
    our_name: str
    ca_file: Path | None
    connect_timeout_s: float
    answer_timeout_s: float
    deadline_s: float

    def context(self) -> ssl.SSLContext:
        """Certificates are checked, always. Raises `HaltError` for a CA file that cannot be read, or that is none."""
        remedy = "name a readable PEM file, or leave ca_file out"
        try:
            if self.ca_file is not None:
                self.ca_file.open("rb").close()  # OpenSSL says of some files that cannot be read that they hold no CA
            return ssl.create_default_context(cafile=self.ca_file)
        except ssl.SSLError as error:
            message = f"the file named by ca_file is no CA: {self.ca_file}"
            raise HaltError(message, code="ca_file", remedy=remedy) from error
        except OSError as error:
            message = f"the file named by ca_file cannot be read: {self.ca_file} ({error.strerror})"
            raise HaltError(message, code="ca_file", remedy=remedy) from error

    @contextmanager
    def session(self, client: Client) -> Iterator[Session]:
        """A connection, encrypted and logged in. It counts as one call of the system's rate limit."""
        client.limiter.acquire()
        addresses = client.egress.addresses_for(self.host, self.port)
        with Session(self, addresses) as session:
            with self._translated():
                session.open()
            yield session

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What happens before anything is sent, as connector errors."""
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            remedy = "install the right certificate there, or name its CA with ca_file"
            raise HaltError(f"{self.host} shows no valid certificate", code="certificate", remedy=remedy) from error
        except smtplib.SMTPNotSupportedError as error:
            remedy = "switch STARTTLS and AUTH on at the relay, or correct server_url and username"
            raise HaltError(f"{self.host} offers no STARTTLS or no login", code="not_offered", remedy=remedy) from error
        except smtplib.SMTPResponseException as error:
            raise self._refused(error) from error
        except UnicodeError:  # without its cause: that holds the password
            remedy = "give the account at the relay a name and a password of ASCII characters"
            raise HaltError("username or password are not in ASCII", code="login_not_ascii", remedy=remedy) from None
        except (smtplib.SMTPException, OSError) as error:
            if type(error) is smtplib.SMTPException:  # the login has no method that both sides know
                remedy = "have the relay offer PLAIN, LOGIN or CRAM-MD5"
                raise HaltError(f"{self.host} offers no usable login", code="not_offered", remedy=remedy) from error
            raise RetryableError(
                f"{self.host} cannot be reached, or was lost ({type(error).__name__})", code="unreachable"
            ) from error

    def _refused(self, error: smtplib.SMTPResponseException) -> ConnectorError:
        """Greeting, STARTTLS or login answered with a no."""
        what, code = f"{self.host} refuses us", f"smtp_{error.smtp_code}"
        if 400 <= error.smtp_code < 500:
            return RetryableError(f"{what} for now", code=code, retry_after_s=_GREYLISTED_S)
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return HaltError(f"{self.host} refuses the login", code=code, remedy="check username and password")
        return HaltError(what, code=code, remedy="ask whoever keeps the relay to let this host in")


class _Dialled(smtplib.SMTP):
    """Connects to addresses that were judged already, whatever a second look-up of the name would give."""

    def __init__(self, relay: Relay, addresses: list[str], dialled: Callable[[socket.socket], None]) -> None:
        self._relay = relay
        self._addresses = addresses
        self._dialled = dialled
        super().__init__(relay.host, relay.port, local_hostname=relay.our_name, timeout=relay.connect_timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        last: OSError | None = None
        for address in self._addresses:
            try:
                made = socket.create_connection((address, port), timeout)
            except OSError as error:
                last = error
                continue
            self._dialled(made)
            made.settimeout(self._relay.answer_timeout_s)
            if not self._relay.implicit_tls:
                return made
            return self._relay.context().wrap_socket(made, server_hostname=host)
        raise last or OSError("there is no address")


class Session:
    """One connection. After it is lost, everything is simply not sent."""

    def __init__(self, relay: Relay, addresses: list[str]) -> None:
        self._relay = relay
        self._addresses = addresses
        self._smtp: smtplib.SMTP | None = None
        self._line: socket.socket | None = None
        """A second handle of the connection: TLS takes the first one over, and hides it while hands are shaken."""
        self._over = threading.Event()
        self._alarm = threading.Timer(relay.deadline_s, self._cut)
        self._alarm.daemon = True
        self.encryption = "none"

    def __enter__(self) -> Self:
        self._alarm.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._alarm.cancel()
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):  # it is over either way
                self._smtp.quit()
            self._smtp.close()
        if self._line is not None:
            self._line.close()

    def open(self) -> None:
        """Greet, encrypt, log in. Raises what smtplib raises, and `TimeoutError` when the deadline is over."""
        try:
            self._open()
        except smtplib.SMTPResponseException as error:
            if self._over.is_set():  # of a line that was cut off by us, smtplib makes an answer that nobody has given
                raise TimeoutError("the deadline is over") from error
            raise

    def _open(self) -> None:
        smtp = self._smtp = _Dialled(self._relay, self._addresses, self._keep)
        smtp.ehlo_or_helo_if_needed()
        if self._relay.encrypted and not self._relay.implicit_tls:
            smtp.starttls(context=self._relay.context())
            smtp.ehlo_or_helo_if_needed()
        if isinstance(smtp.sock, ssl.SSLSocket):
            self.encryption = smtp.sock.version() or "TLS"
        if self._relay.username:
            smtp.login(self._relay.username, self._relay.password)

    def probe(self, sender: str) -> Receipt:
        """Whether the relay would take a letter of this sender; none is sent."""
        return self._stepwise(lambda smtp: self._begin(smtp, sender) or Receipt.done())

    def send(self, sender: str, letter: Letter) -> Receipt:
        """Hand one letter over."""
        return self._stepwise(lambda smtp: self._deliver(smtp, sender, letter))

    def _stepwise(self, steps: Callable[[smtplib.SMTP], Receipt]) -> Receipt:
        """Take steps, and leave the relay ready for the next letter, or the connection closed."""
        smtp = self._smtp
        if smtp is None or smtp.sock is None:
            return _LOST
        try:
            receipt = steps(smtp)
        except (smtplib.SMTPException, OSError):
            smtp.close()
            return _LOST
        try:
            if smtp.sock is not None:
                smtp.rset()
        except (smtplib.SMTPException, OSError):
            smtp.close()
        return receipt

    def _deliver(self, smtp: smtplib.SMTP, sender: str, letter: Letter) -> Receipt:
        no = self._begin(smtp, sender) or self._address(smtp, letter.receiver)
        if no is not None:
            return no
        code, text = smtp.docmd("DATA")
        if code != 354:
            return _refusal(code, text, "the letter")
        smtp.send(_dotted(letter.content))  # lost in here, it has no end, and no relay takes it over
        try:
            smtp.send(_END)
            code, text = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            smtp.close()
            what = f"the relay's answer to the letter was lost ({type(error).__name__})"
            return Receipt.in_doubt("lost_answer", what, message_id=letter.message_id)
        return _verdict(code, text, letter)

    def _begin(self, smtp: smtplib.SMTP, sender: str) -> Receipt | None:
        """MAIL FROM. Raises `HaltError` when the relay does not let us write in this name: it will for no letter."""
        code, text = smtp.mail(sender)
        if code == 250:
            return None
        if code >= 500:
            raise HaltError(
                f"{self._relay.host} does not let us send as the configured sender",
                code=_code(code, text),
                remedy="check sender_address and username, and that the relay takes mail from this host",
            )
        return _refusal(code, text, "the sender")

    @staticmethod
    def _address(smtp: smtplib.SMTP, receiver: str) -> Receipt | None:
        code, text = smtp.rcpt(receiver)
        return None if code in (250, 251) else _refusal(code, text, "the address")

    def _keep(self, made: socket.socket) -> None:
        # Or a letter's end waits until the rest is confirmed.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._line = made.dup()
        if self._over.is_set():  # dialling took until then
            self._cut()

    def _cut(self) -> None:
        """The deadline is over: whoever waits on this connection wakes up."""
        self._over.set()
        if self._line is not None:
            with suppress(OSError):  # it was closed meanwhile
                self._line.shutdown(socket.SHUT_RDWR)


def _refusal(code: int, text: bytes, what: str) -> Receipt:
    """A no to one step, by which certainly nothing was sent. Raises when the relay is closing the connection."""
    if code == _CLOSING:
        raise smtplib.SMTPServerDisconnected("the relay is closing")
    if 500 <= code < 600:
        remedy = "correct the address in HR, or ask whoever keeps the relay"
        return Receipt.refused(_code(code, text), f"the relay refuses {what}", remedy=remedy)
    return Receipt.not_performed(_code(code, text), f"the relay defers {what}", retry_after_s=_GREYLISTED_S)


def _verdict(code: int, text: bytes, letter: Letter) -> Receipt:
    """What the answer to the whole letter means."""
    if code == 250:
        queued = _QUEUED.search(text)
        more = {"queue_id": queued.group(1).decode()} if queued else {}
        return Receipt.done(letter.message_id, message_id=letter.message_id, **more)
    if 400 <= code < 600:
        return _refusal(code, text, "the letter")
    return Receipt.in_doubt("garbled_answer", "the relay's answer to the letter is none", message_id=letter.message_id)


def _code(code: int, text: bytes) -> str:
    """``smtp_550_5.1.1``. The relay's words are left out: they repeat the address."""
    enhanced = _ENHANCED.match(text)
    return f"smtp_{code}" + (f"_{enhanced.group().decode()}" if enhanced else "")


def _dotted(content: bytes) -> bytes:
    """As DATA wants it, up to `_END`: a leading dot doubled, and the last line ended."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended)
