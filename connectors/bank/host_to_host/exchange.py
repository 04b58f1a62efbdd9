"""What lies in the bank's directories, and what may be believed of it: our files, its answers, its statements."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from baton.sdk import (
    AccountWrite,
    Client,
    Envelope,
    InDoubtError,
    Label,
    Receipt,
    RetryableError,
    TamperedError,
    inspect_sealed,
    open_sealed,
    seal,
)
from connectors.bank.host_to_host import faults, wire
from connectors.bank.host_to_host.remote import Session
from connectors.bank.host_to_host.settings import HostToHostSettings


class Exchange:
    """The rules of delivery and of belief. A session is passed in, so that one login serves several steps."""

    def __init__(self, settings: HostToHostSettings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._server = settings.server()
        self._bank = settings.bank_reader()
        self._bank_keys = settings.bank_verification()
        self._opener = settings.opener()
        self._signer = settings.signer()
        self._own_keys = {self._signer.kid: self._signer.key.public_key()}

    def session(self) -> Session:
        """Log in at the bank."""
        return self._server.session(self._client)

    def put_once(self, session: Session, name: str, writes: Sequence[AccountWrite]) -> None:
        """Deliver these writes as the file of that name, unless it is there already."""
        plain = wire.roster_bytes(writes)
        folder = self._settings.drop_directory
        path = f"{folder}/{name}"
        if not self._already_there(session, name, plain):
            data = self._sealed(name, plain, writes)
            part = session.upload(path, data)
            if not session.publish(part, path) and not self._already_there(session, name, plain):
                raise InDoubtError(f"{name} appeared at the bank and is gone again", code="lost_answer")
        session.discard_parts(folder, name)

    def _already_there(self, session: Session, name: str, plain: bytes) -> bool:
        """Whether this very batch has been delivered before. Raises `HaltError` when its name holds something else."""
        digest = hashlib.sha256(plain).hexdigest()
        sent = self._sent(session, name)
        if sent is None:
            acknowledgement = self._acknowledgement(session, name)
            if acknowledgement is None:
                return False
            if self._settings.collected == "vanishes" and acknowledgement.answered_sha256 == digest:
                return True
            raise faults.never_sent(acknowledgement.file)
        if sent.plaintext_sha256 != digest:
            raise faults.other_content(name)
        return True

    def _sealed(self, name: str, plain: bytes, writes: Sequence[AccountWrite]) -> bytes:
        references = [write.key for write in writes]
        label = Label(
            content_type=wire.ROSTER,
            name=name,
            sender=self._settings.sender,
            recipient=self._settings.recipient,
            created=self._client.clock.now(),
            facts={
                "batch": hashlib.sha256(writes[0].batch_id.encode()).hexdigest(),
                "lines": str(len(references)),
                "references": wire.references_digest(references),
            },
        )
        target = io.BytesIO()
        seal(io.BytesIO(plain), target, label=label, readers=[self._bank], signer=self._signer)
        return target.getvalue()

    def answer(self, session: Session, name: str) -> wire.Acknowledgement | None:
        """The acknowledgement of a file, once it is shown to answer exactly the file we sent."""
        acknowledgement = self._acknowledgement(session, name)
        if acknowledgement is None:
            return None
        sent = self._sent(session, name)
        if sent is None:
            if self._settings.collected == "vanishes":
                return acknowledgement
            raise faults.never_sent(acknowledgement.file)
        if acknowledgement.refused is not None and acknowledgement.answered_sha256 == "":
            return acknowledgement  # a bank that could not open the file cannot say what was in it
        same_lines = acknowledgement.references == sent.facts.get("references") or acknowledgement.refused is not None
        if acknowledgement.answered_sha256 != sent.plaintext_sha256 or not same_lines:
            raise InDoubtError(
                f"{acknowledgement.file} has fewer, more or other lines than the file it answers",
                code="acknowledgement",
                remedy="ask the bank for a corrected acknowledgement; nothing was concluded from this one",
            )
        return acknowledgement

    def by_name(self, session: Session, name: str) -> Receipt:
        """What the mere presence of an unanswered file says."""
        if any(session.exists(path) for path in self._places(name)):
            return Receipt.accepted(file=name)
        if self._settings.collected == "vanishes":
            return Receipt.in_doubt("no_trace", "neither the file nor an answer is at the bank", file=name)
        return Receipt.not_performed("not_delivered", f"{name} is not at the bank")

    def _places(self, name: str) -> list[str]:
        archive = [self._settings.archive_directory] if self._settings.collected == "archived" else []
        return [f"{folder}/{name}" for folder in (self._settings.drop_directory, *archive)]

    def _sent(self, session: Session, name: str) -> Envelope | None:
        """The signed header of our own file as it lies at the bank."""
        for path in (*self._places(name), *self._places(name)[:1]):  # it may move between the first look and the second
            data = session.read(path)
            if data is not None:
                try:
                    envelope = inspect_sealed(io.BytesIO(data), trusted=self._own_keys)
                except TamperedError:
                    raise faults.other_content(name) from None
                if envelope.name != name:
                    raise faults.other_content(name)
                return envelope
        return None

    def _acknowledgement(self, session: Session, roster: str) -> wire.Acknowledgement | None:
        file = wire.acknowledgement_name(roster)
        data = session.read(f"{self._settings.answer_directory}/{file}")
        if data is None:
            return None
        envelope, plain = self._opened(session, file, data, wire.ACKNOWLEDGEMENT)
        acknowledgement = wire.read_acknowledgement(file, envelope, plain)
        if acknowledgement.answers != roster:
            raise faults.forged(file)
        return acknowledgement

    def _opened(self, session: Session, file: str, data: bytes, content_type: str) -> tuple[Envelope, bytes]:
        """A file of the bank's: from the bank, for us, of that kind, under its own name.

        Raises `RetryableError` for one that does not verify while it may still be being written.
        """
        target = io.BytesIO()
        try:
            envelope = open_sealed(io.BytesIO(data), target, opener=self._opener, trusted=self._bank_keys)
        except TamperedError as error:
            if session.unfinished(f"{self._settings.answer_directory}/{file}", self._client.clock.now()):
                raise faults.unfinished([file]) from error
            raise faults.forged(file) from error
        seen = (envelope.content_type, envelope.name, envelope.sender, envelope.recipient)
        if seen != (content_type, file, self._settings.recipient, self._settings.sender):
            raise faults.forged(file)
        return envelope, target.getvalue()

    def statement(self, session: Session) -> tuple[Envelope, bytes]:
        """The newest roster statement. Raises `RetryableError` when there is none, or none fresh enough."""
        folder = self._settings.answer_directory
        found = [name for name in session.names(folder) if name.startswith("roster_statement_")]
        newest = max((name for name in found if name.endswith(".hpf")), default=None)
        data = session.read(f"{folder}/{newest}") if newest else None
        if newest is None or data is None:
            raise RetryableError("the bank has left no roster statement yet", code="no_statement")
        envelope, plain = self._opened(session, newest, data, wire.STATEMENT)
        age = self._client.clock.now() - datetime.strptime(envelope.created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if age > timedelta(hours=self._settings.statement_age_h):
            raise RetryableError(
                f"the newest roster statement is {age.total_seconds() / 3600:.0f} hours old",
                code="stale_statement",
                remedy="ask the bank why no newer one has come",
            )
        return envelope, plain
