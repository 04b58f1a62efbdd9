"""The bank over SFTP: the payee roster as one sealed file per batch, payment files, and the bank's sealed answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, TypeAlias

from baton.sdk import (
    Account,
    AccountRef,
    AccountTarget,
    AccountWrite,
    AnswerFile,
    Client,
    ConnectorError,
    ConnectorSettings,
    Finding,
    InDoubtError,
    LookupTarget,
    PaymentChannel,
    PaymentFile,
    Promise,
    Rate,
    Receipt,
    ResultSource,
    RetryableError,
    Sealing,
)
from connectors.bank.host_to_host import wire
from connectors.bank.host_to_host.exchange import Exchange
from connectors.bank.host_to_host.payments import PaymentDoor
from connectors.bank.host_to_host.remote import Session
from connectors.bank.host_to_host.settings import HostToHostSettings

_Unanswered: TypeAlias = Callable[[Session, str], Receipt]


class HostToHost(AccountTarget, LookupTarget, ResultSource, PaymentChannel):
    """A bank that takes its payee roster (the generic profile of wire.py) and payment files over SFTP."""

    title = "Bank, host to host (sealed files over SFTP)"
    Settings: ClassVar[type[ConnectorSettings]] = HostToHostSettings
    rate = Rate(calls=2, per_s=1.0, burst=4)
    promise = Promise.KEY
    batch_limit = 1000
    whole_batches = True
    logs_in = False
    fields = wire.FIELDS
    settings: HostToHostSettings

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        if not isinstance(settings, HostToHostSettings):
            raise TypeError("HostToHost needs HostToHostSettings")
        super().__init__(settings, client)
        self.settings = settings
        self._exchange = Exchange(settings, client)
        self._door = PaymentDoor(settings, client)

    # --- writing

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Add payees; one who is already there is taken over and changed."""
        return self._deliver(writes)

    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Change the given fields of payees."""
        return self._deliver(writes)

    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Suspend payees: nothing can be paid to them."""
        return self._deliver(writes)

    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Reactivate payees."""
        return self._deliver(writes)

    def _deliver(self, writes: Sequence[AccountWrite]) -> list[Receipt]:
        """Put each batch's one file at the bank, once; a repeat finds it there and sends nothing."""
        problems = [wire.problem(write) for write in writes]
        files: dict[str, list[AccountWrite]] = {}
        for write, refusal in zip(writes, problems, strict=True):
            if refusal is None:
                files.setdefault(self._file(write), []).append(write)
        if files:
            self._put(files)
        return [
            refusal or Receipt.accepted(write.ref.number, file=self._file(write))
            for write, refusal in zip(writes, problems, strict=True)
        ]

    def _put(self, files: Mapping[str, Sequence[AccountWrite]]) -> None:
        with self._exchange.session() as session:
            for position, (name, lines) in enumerate(files.items()):
                try:
                    self._exchange.put_once(session, name, lines)
                except RetryableError as error:
                    if position == 0:
                        raise
                    # "Nothing happened" is no longer true of the whole call.
                    raise InDoubtError(error.message, code=error.code) from error

    def _file(self, write: AccountWrite) -> str:
        return wire.roster_name(self.settings.system_id, write.batch_id)

    # --- what became of it

    def results(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Per line what the bank's acknowledgement says; still accepted while there is none."""
        return self._outcomes(writes, unanswered=_still_accepted)

    def look_up(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """The acknowledgement if there is one, else whether the file is there under its name."""
        return self._outcomes(writes, unanswered=self._exchange.by_name)

    def _outcomes(self, writes: Sequence[AccountWrite], unanswered: _Unanswered) -> list[Receipt]:
        problems = [wire.problem(write) for write in writes]
        names = [self._file(write) for write in writes]
        answers: dict[str, wire.Acknowledgement | None] = {}
        waiting: dict[str, Receipt] = {}
        asked = {name for name, refusal in zip(names, problems, strict=True) if refusal is None}
        if asked:
            with self._exchange.session() as session:
                for name in sorted(asked):
                    answers[name] = self._exchange.answer(session, name)
                    if answers[name] is None:
                        waiting[name] = unanswered(session, name)
        receipts = []
        for write, name, refusal in zip(writes, names, problems, strict=True):
            answer = answers.get(name)
            receipt = refusal or (waiting[name] if answer is None else answer.receipt(write.key))
            # A payee's id is the employee number, whether or not the bank repeats it in every line.
            receipts.append(replace(receipt, external_id=write.ref.number))
        return receipts

    # --- reading the roster

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """The payees as the bank's newest roster statement has them."""
        accounts = {account.number: account for account in self.scan()}
        return [accounts.get(ref.number) for ref in refs]

    def scan(self) -> Iterator[Account]:
        """All payees of the newest statement. Raises `RetryableError` while there is no fresh one."""
        with self._exchange.session() as session:
            envelope, plain = self._exchange.statement(session)
        return wire.read_statement(envelope.name, plain)

    # --- payment files

    def sealing(self) -> Sealing:
        """By the profile in the settings."""
        return self.settings.sealing()

    def submit(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """Put each file under its name, once and whole; another file under that name stays and ours is refused."""
        return self._door.submit(files)

    def trace(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """Whether each file lies at the bank under its name, by size and digest."""
        return self._door.trace(files)

    def answers(self, known: Collection[str]) -> Iterator[AnswerFile]:
        """The bank's files about payments, opened; those that do not verify are named by an error at the end."""
        return self._door.answers(known)

    def marks(self) -> Mapping[str, str]:
        """When each of them was written, by the bank's own list."""
        return self._door.marks()

    # --- self-check

    def check(self) -> Sequence[Finding]:
        """Log in, look at the directories, the newest statement, and answers nobody asked for."""
        settings = self.settings
        try:
            with self._exchange.session() as session:
                findings = [Finding("login with the pinned host key", ok=True)]
                sent = session.names(settings.drop_directory)
                if settings.collected == "archived":
                    sent |= session.names(settings.archive_directory)
                answers = session.names(settings.answer_directory)
                findings.append(Finding("directories", ok=True, detail=f"{len(sent)} sent, {len(answers)} answers"))
                findings.append(self._unasked(sent, answers))
                findings.append(self._statement_finding(session))
                findings += self._door.findings(session)
        except ConnectorError as error:
            return [Finding("login and directories", ok=False, detail=error.message, remedy=error.remedy)]
        return findings

    def _unasked(self, sent: set[str], answers: set[str]) -> Finding:
        prefix = f"ack_roster_{self.settings.system_id}_"
        strange = sorted(name for name in answers if name.startswith(prefix) and name.removeprefix("ack_") not in sent)
        well = not strange or self.settings.collected == "vanishes"
        remedy = "" if well else "ask the bank which file it believes to have received, and from whom"
        return Finding("answers to files never sent", ok=well, detail=", ".join(strange[:5]), remedy=remedy)

    def _statement_finding(self, session: Session) -> Finding:
        try:
            envelope, _ = self._exchange.statement(session)
        except ConnectorError as error:
            return Finding("roster statement", ok=False, detail=error.message, remedy=error.remedy)
        return Finding("roster statement", ok=True, detail=f"{envelope.name} of {envelope.created}")


def _still_accepted(_: Session, name: str) -> Receipt:
    return Receipt.accepted(file=name)
