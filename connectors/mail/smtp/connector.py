"""Mail to people over a company's relay: one connection per batch, one receipt per letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from baton.sdk import (
    Client,
    ConnectorError,
    ConnectorSettings,
    Finding,
    HaltError,
    Message,
    Notifier,
    Outcome,
    Rate,
    Receipt,
    RejectedError,
)
from connectors.mail.smtp.letter import Letter, Sender
from connectors.mail.smtp.relay import Session
from connectors.mail.smtp.settings import SmtpSettings

_HANDED_OVER = (Outcome.DONE, Outcome.IN_DOUBT)


class Smtp(Notifier):
    """A mail relay. Nobody can ask it afterwards what became of a letter: promise class D."""

    title: ClassVar[str] = "Mail (SMTP)"
    Settings: ClassVar[type[ConnectorSettings]] = SmtpSettings
    rate: ClassVar[Rate] = Rate(calls=1, per_s=1.0, burst=5)  # of connections; letters are bounded by the batch
    message_limit: ClassVar[int] = 50

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        super().__init__(settings, client)
        if not isinstance(settings, SmtpSettings):
            raise TypeError("Smtp needs SmtpSettings")
        self._relay = settings.relay()
        self._sender = Sender(settings.sender_address, settings.sender_name)

    def check(self) -> Sequence[Finding]:
        """Connect, log in, and ask whether the sender is taken; no letter is sent."""
        return list(self._look())

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """Send letters. "Done" is the relay's word for having taken one over."""
        letters = [self._letter(message) for message in messages]
        if not any(isinstance(one, Letter) for one in letters):
            return [one for one in letters if isinstance(one, Receipt)]
        with self._relay.session(self.client) as session:
            return self._sent(session, letters)

    def _sent(self, session: Session, letters: Sequence[Letter | Receipt]) -> Sequence[Receipt]:
        receipts: list[Receipt] = []
        for one in letters:
            try:
                receipts.append(one if isinstance(one, Receipt) else session.send(self._sender.address, one))
            except HaltError as error:
                if not any(receipt.outcome in _HANDED_OVER for receipt in receipts):
                    raise
                rest = Receipt.not_performed(error.code, error.message)
                return [*receipts, *[rest] * (len(letters) - len(receipts))]
        return receipts

    def _letter(self, message: Message) -> Letter | Receipt:
        try:
            return self._sender.letter(message, self.client.clock.now())
        except RejectedError as error:
            return Receipt.refused(error.code, error.message, remedy=error.remedy)

    def _look(self) -> Iterator[Finding]:
        try:
            with self._relay.session(self.client) as session:
                yield Finding("connection", ok=True, detail=f"encryption: {session.encryption}")
                yield Finding("login", ok=True, detail="logged in" if self._relay.username else "none is configured")
                taken = session.probe(self._sender.address)
                yield Finding("sender", ok=taken.outcome is Outcome.DONE, detail=taken.message, remedy=taken.remedy)
        except ConnectorError as error:
            detail = f"{error.message} [{error.code}]"
            yield Finding("access to the relay", ok=False, detail=detail, remedy=error.remedy)
