"""The work-bench a law is tried on: one connector, one fresh counterpart, and troubles in between."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, Protocol, runtime_checkable

from baton.client import Client, Limits
from baton.contracts import AccountTarget, Connector, Promise, ResultSource
from baton.egress import EgressRule
from baton.errors import InDoubtError, RetryableError
from baton.kit.troubles import TroubledTransport, VirtualClock
from baton.model.account import Account, AccountRef, AccountWrite, Action, Outcome, Receipt, Scalar
from baton.registry import egress_rule

DEADLINE_S = 30.0
_NEEDED = {Action.DISABLE: "disabling", Action.ENABLE: "enabling", Action.REMOVE: "removing"}
"""The counterpart's optional method that gives the fields such a write needs."""


@runtime_checkable
class Counterpart(Protocol):
    """What stands on the other side: a simulator, or a real server with the same face.

    Further, optional: ``handle(httpx.Request) -> httpx.Response`` of a simulator, or ``forward`` with the same shape,
    which carries the request to a real server (with neither, the troubles cannot be played), ``journal`` (accepted
    writes, of this counterpart's people alone where a server is shared), ``expire_sessions()``, ``bad(n)`` (fields the
    other side refuses), ``disabling(n)``, ``enabling(n)`` and ``removing(n)`` (fields such a write needs), ``settle()``
    (let accepted writes be decided), ``people``, ``page_size`` and ``callback()`` for sources, ``exempt`` (laws it
    cannot keep, with reasons).

    For records: ``record_collection`` (the name of one), ``record(n)`` (the whole n-th record), ``seed_records(ns)``
    (plant these by other means than the connector), ``record_changed(n)``, ``bad_record(n)``, and ``record_text`` (a
    field for any text, where it cannot be told).

    For handovers, everything by other means than the connector, people as their external ids: ``seed_person(n)`` (an
    account for the n-th person; its external id), ``holding_kinds``, ``seed_holding(kind, n, holder)`` (its external
    id; the title holds Chinese text), ``holder_of(kind, external_id)``, ``give_away(kind, external_id, holder)``,
    ``change_holding(kind, external_id)``; ``settle()`` and ``refuse(external_id)`` where a transfer is only accepted.
    For rights ``seed_grant(n, person)`` (the id of the right) and ``granted(person)``, for sessions ``log_in(person)``
    and ``logged_in(person)``, for messages ``outbox`` ((address or account, subject, text as the reader sees it, with
    the link)). Optional: ``seed_holdings(kind, ns, holder)`` (many at once, where one by one is slow),
    ``seed_blocker(n, person)``, ``seed_activity(n, person)``, ``seed_export(n, person)`` (an export of theirs that the
    other side's history shows), ``unknown_person`` and ``unknown_grant`` (ids that nobody and nothing has, where one
    cannot be guessed from the others).

    For payment files, by other means than the connector: ``delivered_files`` (name -> bytes of every file that the bank
    would work on), ``plant_file(name, data)`` (somebody else's file under that name), ``leave_answer(n)`` (the bank's
    n-th answer; its name and what is in it), ``leave_forgery(n)`` (one that the bank has not made; its name),
    ``opened(data)`` (what the bank reads in a sealed file).
    Optional: ``cut_next_upload()`` (the next upload breaks half-way).

    For payables: ``seed_payables(amounts, period, component)`` (person -> amount: these are to be paid, with every
    approval it takes; the people come with it), ``seed_unapproved(n)`` (a salary of November 2026 that nobody has
    approved). Optional: ``seed_stranger()`` (an approved salary of that month to somebody who is no employee).
    """

    @property
    def settings(self) -> Mapping[str, object]:
        """The connector's settings that lead to this counterpart."""
        ...

    @property
    def secrets(self) -> Mapping[str, str]:
        """The connector's secret settings."""
        ...


class LawBrokenError(Exception):
    """A law does not hold; the message says what was seen."""


class NotApplicableError(Exception):
    """A law has nothing to say about this connector; the message says why."""


def expect(held: object, message: str) -> None:
    """Raise `LawBrokenError` unless something holds."""
    if not held:
        raise LawBrokenError(message)


def not_applicable(why: str) -> NoReturn:
    """End this law: it has nothing to say here."""
    raise NotApplicableError(why)


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one call: receipts, or the error it raised."""

    receipts: tuple[Receipt, ...] = ()
    error: Exception | None = None

    @property
    def in_doubt(self) -> bool:
        """True when the caller was told that the writes may have happened."""
        if self.error is not None:
            return isinstance(self.error, InDoubtError)
        return bool(self.receipts) and all(receipt.outcome is Outcome.IN_DOUBT for receipt in self.receipts)

    @property
    def went_well(self) -> bool:
        """True when every write was done, or accepted."""
        good = (Outcome.DONE, Outcome.ACCEPTED)
        return self.error is None and all(receipt.outcome in good for receipt in self.receipts)

    @property
    def not_performed(self) -> bool:
        """True when the caller was told that nothing has happened and that the same call may be made again."""
        if self.error is not None:
            return isinstance(self.error, RetryableError)
        return {receipt.outcome for receipt in self.receipts} == {Outcome.NOT_PERFORMED}

    def __str__(self) -> str:
        if self.error is not None:
            return f"{type(self.error).__name__} ({getattr(self.error, 'code', '')})"
        return "receipts " + ", ".join(f"{receipt.outcome} {receipt.code}".strip() for receipt in self.receipts)


@dataclass
class Bench:
    """One connector facing one fresh counterpart."""

    connector_class: type[Connector]
    make: Callable[[], Any]
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Settings of the connector that are not as the counterpart gives them."""
    counterpart: Any = field(init=False)
    connector: Any = field(init=False)
    clock: VirtualClock = field(init=False, default_factory=VirtualClock)
    accounts: dict[int, str] = field(init=False, default_factory=dict)
    """External ids of the people whom the counterpart was asked to give an account."""
    planted: Counter[str] = field(init=False, default_factory=Counter)
    """How many things of each sort it was asked to plant: the next one has the next number."""
    _scratch: Path | None = field(init=False, default=None)
    _troubles: TroubledTransport | None = field(init=False, default=None)
    _ids: dict[str, str] = field(init=False, default_factory=dict)
    _batches: dict[str, str] = field(init=False, default_factory=dict)
    _versions: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.counterpart = self.make()
        settings = self.connector_class.Settings.model_validate(
            {**self.counterpart.settings, **self.counterpart.secrets, **self.overrides}
        )
        carry = getattr(self.counterpart, "handle", None) or getattr(self.counterpart, "forward", None)
        if carry is not None:
            self._troubles = TroubledTransport(carry, self.written, self.clock)
        rule = EgressRule(egress_rule(settings).origins, allow_private=True)
        self.client = Client(rule, limits=Limits(deadline_s=DEADLINE_S), clock=self.clock, transport=self._troubles)
        self.connector = self.connector_class(settings, self.client)

    def fresh(self, **overrides: object) -> Bench:
        """Another bench of the same kind, with nothing on it."""
        return Bench(self.connector_class, self.make, {**self.overrides, **overrides})

    @property
    def scratch(self) -> Path:
        """A directory of this bench's own, gone when it is closed."""
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="baton-law-"))
        return self._scratch

    def close(self) -> None:
        """Let go of the connector and its connections."""
        self.connector.close()
        self.client.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch)

    def written(self) -> int:
        """How many writes the counterpart has accepted."""
        return len(self.counterpart.journal)

    @property
    def over_http(self) -> bool:
        """Whether the other side is reached over HTTP, so that there is a network to play troubles on."""
        return self._troubles is not None

    @property
    def troubles(self) -> TroubledTransport:
        """The network in between. A law that needs it does not apply where it cannot be had."""
        if self._troubles is None:
            not_applicable("the other side is not reached over HTTP, so the troubles of HTTP cannot be played")
        if not hasattr(self.counterpart, "journal"):
            not_applicable("the counterpart keeps no journal, so a write cannot be told from a question")
        return self._troubles

    @property
    def target(self) -> AccountTarget:
        """The connector as an account target."""
        connector: AccountTarget = self.connector
        return connector

    # --- people and writes

    def sample(self, n: int) -> dict[str, Scalar]:
        """Legal fields of the n-th person."""
        return dict(self.counterpart.sample(n))

    def changed(self, n: int) -> dict[str, Scalar]:
        """A legal update of the n-th person."""
        return dict(self.counterpart.changed(n))

    def ref(self, n: int) -> AccountRef:
        """The n-th person: a number with leading zeros, and the external id once it is known."""
        number = f"{n:04d}"
        return AccountRef(number, self._ids.get(number))

    def write(
        self, action: Action, n: int, fields: Mapping[str, Scalar] | None = None, *, key: str | None = None
    ) -> AccountWrite:
        """One write for the n-th person; a new key and a higher version each time unless a key is given."""
        self._versions += 1
        ref = self.ref(n)
        expected = None
        if self.target.promise is Promise.CONDITION and action is not Action.PROVISION:
            expected = self.target.find([ref])[0]
        chosen = key or hashlib.sha256(f"{action}:{n}:{self._versions}".encode()).hexdigest()
        return AccountWrite(
            key=chosen,
            ref=ref,
            action=action,
            version=self._versions,
            fields=self.needed(action, n) if fields is None else fields,
            batch_id=hashlib.sha256(chosen.encode()).hexdigest()[:32],
            expected=expected,
        )

    def needed(self, action: Action, n: int) -> Mapping[str, Scalar]:
        """The fields of an ordinary write of this action."""
        if action is Action.PROVISION:
            return self.sample(n)
        if action is Action.UPDATE:
            return self.changed(n)
        needed = getattr(self.counterpart, _NEEDED[action], None)
        return {} if needed is None else dict(needed(n))

    def call(self, action: Action, writes: Sequence[AccountWrite]) -> tuple[Receipt, ...]:
        """Perform writes in calls of at most the batch limit; connector errors pass through."""
        method = getattr(self.target, action.value)
        receipts: list[Receipt] = []
        for start in range(0, len(writes), self.target.batch_limit):
            part = self._one_call(writes[start : start + self.target.batch_limit])
            answer = method(part)
            expect(
                len(answer) == len(part),
                f"{action}: {len(answer)} receipts for {len(part)} writes, one each is the law",
            )
            receipts += answer
        for write, receipt in zip(writes, receipts, strict=True):
            if receipt.external_id and receipt.outcome in (Outcome.DONE, Outcome.ACCEPTED):
                self._ids[write.ref.number] = receipt.external_id
        return tuple(receipts)

    def _one_call(self, writes: Sequence[AccountWrite]) -> list[AccountWrite]:
        """The writes of one call under the batch id of that call, which a repeat of the same call has again."""
        batch_id = hashlib.sha256("\n".join(write.key for write in writes).encode()).hexdigest()[:32]
        self._batches.update((write.key, batch_id) for write in writes)
        return self.as_sent(writes)

    def as_sent(self, writes: Sequence[AccountWrite]) -> list[AccountWrite]:
        """The writes with the batch ids of the calls they last travelled in."""
        return [replace(write, batch_id=self._batches.get(write.key, write.batch_id)) for write in writes]

    def said(self, action: Action, writes: Sequence[AccountWrite]) -> Said:
        """Like `call`, with an error as a result."""
        try:
            return Said(self.call(action, writes))
        except (LawBrokenError, NotApplicableError):
            raise
        except Exception as error:  # noqa: BLE001 - which error it is, is what the law is about
            return Said(error=error)

    def settled(self, writes: Sequence[AccountWrite], receipts: Sequence[Receipt]) -> tuple[Receipt, ...]:
        """The receipts after the counterpart has decided on what it only accepted."""
        if not isinstance(self.connector, ResultSource):
            return tuple(receipts)
        if hasattr(self.counterpart, "settle"):
            self.counterpart.settle()
        pending = [n for n, receipt in enumerate(receipts) if receipt.outcome is Outcome.ACCEPTED]
        if not pending:
            return tuple(receipts)
        final = dict(zip(pending, self.connector.results(self.as_sent([writes[n] for n in pending])), strict=True))
        return tuple(final.get(n, receipt) for n, receipt in enumerate(receipts))

    def do(self, action: Action, *people: int, fields: Mapping[str, Scalar] | None = None) -> tuple[Receipt, ...]:
        """Perform one action for these people and insist that it is done."""
        return self.perform(action, [self.write(action, n, fields) for n in people])

    def perform(self, action: Action, writes: Sequence[AccountWrite]) -> tuple[Receipt, ...]:
        """Perform writes and insist that they are done."""
        receipts = self.settled(writes, self.call(action, writes))
        seen = [receipt for receipt in receipts if receipt.outcome is not Outcome.DONE]
        expect(not seen, f"{action} of legal records gave {Said(tuple(seen))}")
        return receipts

    def find(self, *people: int) -> list[Account | None]:
        """The accounts of these people, one answer each."""
        found = list(self.target.find([self.ref(n) for n in people]))
        expect(len(found) == len(people), f"find: {len(found)} answers for {len(people)} people")
        return found

    def account(self, n: int) -> Account:
        """The account of one person, which must be there."""
        (found,) = self.find(n)
        if found is None:
            raise LawBrokenError("find does not find an account that was provisioned")
        return found

    def accounts_of(self, n: int) -> list[Account]:
        """Every account that carries this person's number, by scan."""
        return [account for account in self.target.scan() if account.number == self.ref(n).number]

    def expect_fields(self, account: Account, fields: Mapping[str, Scalar]) -> None:
        """Insist that an account reads back as written, in value and in type."""
        for name, written in fields.items():
            spec = self.target.fields.get(name)
            expect(spec is not None, f"the connector does not declare the field {name}")
            if spec is None or not spec.readable:
                continue
            read = account.fields.get(name)
            same = read == written and (written is None or type(read) is type(written))
            expect(same, f"the field {name} does not read back as it was written (a {type(read).__name__} came back)")

    def rehearse(self, action: Action, prepare: Iterable[Action], *people: int) -> list[int]:
        """On another bench: at which requests one call of an action for these people writes."""
        other = self.fresh()
        try:
            for step in prepare:
                other.do(step, *people)
            writes = [other.write(action, n) for n in people]
            other.troubles.clear()
            other.perform(action, writes)
            if not other.troubles.writes_at:
                not_applicable(f"{action} makes no request that the counterpart journals")
            return list(other.troubles.writes_at)
        finally:
            other.close()
