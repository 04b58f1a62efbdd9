"""Payment files at the bank's door: each is delivered once and whole, looked for by name, and answered by files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from baton.sdk import (
    AnswerFile,
    AnswerKind,
    Client,
    ConnectorError,
    Finding,
    HaltError,
    InDoubtError,
    PaymentFile,
    Receipt,
    TamperedError,
    Unsealer,
    one_by_one,
)
from connectors.bank.host_to_host import faults
from connectors.bank.host_to_host.remote import FILE_LIMIT_BYTES, Session
from connectors.bank.host_to_host.settings import HostToHostSettings

_BLOCK_BYTES: Final = 1024 * 1024
_WILD: Final = frozenset("*?[")


class PaymentDoor:
    """The rules of delivery of finished files. They are opaque here: sealed before they come, by whoever built them."""

    def __init__(self, settings: HostToHostSettings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._server = settings.server()

    def submit(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """Deliver each file, unless it is there already."""
        with self._session() as session:
            return one_by_one(files, partial(self._deliver, session))

    def trace(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """What the bank's directories say of each file. Raises when one cannot be looked for: that says nothing."""
        with self._session() as session:
            return [self._traced(session, file) for file in files]

    def answers(self, known: Collection[str]) -> Iterator[AnswerFile]:
        """New answers that verify, oldest first; then an error if there are any that do not.

        One that may still be being written is asked for again the next time.
        """
        settings, unsealer = self._settings, self._settings.unsealer()
        folder, seen = settings.payment_answer_directory, frozenset(known)
        wrong: list[str] = []
        young: list[str] = []
        with self._session() as session:
            for name in session.oldest_first(folder):
                if name in seen or name.endswith(".part"):
                    continue
                path = f"{folder}/{name}"
                kind, size = self._kind(name), session.size(path)
                # What is too large to be an answer is not read at all: reading it would end all that is behind it.
                data = session.read(path) if kind is not None and (size or 0) <= FILE_LIMIT_BYTES else b""
                if size is None or data is None:
                    continue  # taken away just now
                content = _opened(unsealer, name, data)
                if kind is not None and content is not None:
                    yield AnswerFile(name, kind, content)
                elif kind is not None and size <= FILE_LIMIT_BYTES and session.unfinished(path, self._now()):
                    young.append(name)
                else:
                    wrong.append(name)
        if wrong:
            raise faults.not_an_answer(wrong, young)
        if young:
            raise faults.unfinished(young)

    def marks(self) -> Mapping[str, str]:
        """The time of writing of each answer: told by the list of the directory, so that none is read for it."""
        with self._session() as session:
            written = session.written(self._settings.payment_answer_directory)
        return {name: str(at) for name, at in written.items() if at}

    def findings(self, session: Session) -> Sequence[Finding]:
        """What a self-check sees of payments."""
        settings = self._settings
        if not settings.payment_drop_directory:
            return [Finding("payment files", ok=True, detail="not set up: payment_drop_directory is empty")]
        sent, answers = (
            session.names(folder) for folder in (settings.payment_drop_directory, settings.payment_answer_directory)
        )
        strange = sorted(name for name in answers if not name.endswith(".part") and self._kind(name) is None)
        detail = f"{len(sent)} sent, {len(answers)} answers" + (f"; of no known kind: {strange[:3]}" if strange else "")
        remedy = "add their pattern to acknowledgement_names, report_names or statement_names" if strange else ""
        return [Finding("payment files", ok=not strange, detail=detail, remedy=remedy)]

    def _now(self) -> datetime:
        return self._client.clock.now()

    def _session(self) -> Session:
        if not self._settings.payment_drop_directory:
            raise HaltError(
                "this bank's system takes no payment files",
                code="no_payments",
                remedy="set payment_drop_directory and payment_answer_directory in systems.yaml",
            )
        return self._server.session(self._client)

    def _deliver(self, session: Session, file: PaymentFile) -> Receipt:
        for _ in _approved(file):  # before anything is created there
            pass
        folder = self._settings.payment_drop_directory
        path, seen = f"{folder}/{file.name}", self._there(session, file)
        if seen is None:
            answered = self._answered(session, file)
            if answered is not None:
                return answered  # fetched long ago: put there again, it would be paid again
            try:
                part = session.upload_pieces(path, _approved(file))
            except HaltError:
                session.discard_parts(folder, file.name)
                raise
            seen = self._read_back(session, file, published=session.publish(part, path))
        if not seen:
            return _other_content(file.name)
        session.discard_parts(folder, file.name)
        return Receipt.accepted(file=file.name, sha256=file.sha256, compared=self._settings.payment_read_back)

    def _read_back(self, session: Session, file: PaymentFile, *, published: bool) -> bool:
        """Whether it is this file that has the name after our rename. Raises nothing but `InDoubtError`."""
        try:
            seen = self._there(session, file)
        except ConnectorError as error:  # whatever it says, it says of the reading: the file may be with the bank
            raise InDoubtError(
                f"{file.name} was put there and could not be read back: {error.message}", code="not_read_back"
            ) from error
        if seen is None and published and self._settings.collected != "stays":
            return True  # the bank was faster than our second look
        if seen is None:
            raise InDoubtError(f"{file.name} appeared at the bank and is gone again", code="vanished")
        return seen

    def _answered(self, session: Session, file: PaymentFile) -> Receipt | None:
        """That a file which is not there (any more) has come to the bank, since the bank has answered it."""
        if self._settings.collected != "vanishes":
            return None
        for answer in self._acknowledgements(file.name):
            if session.exists(f"{self._settings.payment_answer_directory}/{answer}"):
                return Receipt.accepted(file=file.name, answered_by=answer)
        return None

    def _acknowledgements(self, name: str) -> list[str]:
        """What the bank's acknowledgement of a file may be called, by the pattern agreed on."""
        pattern = self._settings.acknowledgement_names
        before, star, after = pattern.partition("*")
        told = [f"{before}{name}{after}"] if star and not _WILD.intersection(before + after) else []
        usual = f"ack_{name}"
        return list(dict.fromkeys([*told, *([usual] if fnmatchcase(usual, pattern) else [])]))

    def _traced(self, session: Session, file: PaymentFile) -> Receipt:
        seen = self._there(session, file)
        if seen is False:
            return _other_content(file.name)
        if seen:
            return Receipt.accepted(file=file.name, sha256=file.sha256, compared=self._settings.payment_read_back)
        if self._settings.collected != "vanishes":
            return Receipt.not_performed("not_delivered", f"{file.name} is not at the bank")
        doubt = Receipt.in_doubt("no_trace", "neither the file nor an answer is at the bank", file=file.name)
        return self._answered(session, file) or doubt

    def _there(self, session: Session, file: PaymentFile) -> bool | None:
        """Whether the file lies at the bank: this one (True), another under its name (False), none (None)."""
        places = [self._settings.payment_drop_directory]
        if self._settings.collected == "archived":
            places += [self._settings.archive_directory, *places]  # it may move between the first look and the second
        for folder in places:
            size = session.size(f"{folder}/{file.name}")
            if size is None:
                continue
            if size != file.size_bytes:
                return False
            if self._settings.payment_read_back == "size":
                return True
            digest = session.sha256(f"{folder}/{file.name}")
            if digest is not None:
                return digest == file.sha256
        return None

    def _kind(self, name: str) -> AnswerKind | None:
        kinds: Mapping[AnswerKind, str] = {
            AnswerKind.ACKNOWLEDGEMENT: self._settings.acknowledgement_names,
            AnswerKind.REPORT: self._settings.report_names,
            AnswerKind.STATEMENT: self._settings.statement_names,
        }
        return next((kind for kind, pattern in kinds.items() if fnmatchcase(name, pattern)), None)


def _opened(unsealer: Unsealer, name: str, data: bytes) -> bytes | None:
    """What is in an answer; None for one that is not the bank's, or not whole."""
    try:
        return unsealer.open(name, data) if data else None
    except TamperedError:
        return None


def _approved(file: PaymentFile) -> Iterator[bytes]:
    """The bytes of a file, which must turn out to be those that were approved. Raises `HaltError`."""
    digest, length = hashlib.sha256(), 0
    try:
        with file.path.open("rb") as source:
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
                length += len(block)
                yield block
    except OSError as error:
        raise faults.not_the_approved_file(file.name, type(error).__name__) from None
    if (digest.hexdigest(), length) != (file.sha256, file.size_bytes):
        raise faults.not_the_approved_file(file.name, "other bytes")


def _other_content(name: str) -> Receipt:
    return Receipt.refused(
        "other_content",
        f"another file is at the bank under the name {name}",
        remedy="stop and ask the bank who put it there; nothing was overwritten",
        file=name,
    )
