"""Taking in what came back: booked with a case's reference, named by a person, returned by a bank, kept from wages."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError, TransitionError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.bookings import ENTRY, HEAD, content_digest, in_one, kept_entry, kept_head, lines_of, statements
from baton.hub.payment.policies import policy_of
from baton.hub.payment.recovering import BY, kept_or_planned, locked_case
from baton.hub.payment.repaying import repay
from baton.hub.payment.returned_money import add, returns
from baton.jobs.payment.instalments import most_from_wages
from baton.jobs.payment.matching import Expectations
from baton.jobs.payment.periods import period_of
from baton.jobs.payment.statements import statement_key
from baton.model.bank_answers import Direction, Statement, StatementEntry
from baton.model.recovery import EntryKind, Instalment, RecoveryCase, RecoveryEntry, Way
from baton.store.bank_answers import BankEvent

_PLACED: Final = "#"
"""With which a booking's name begins that is its place on the statement, since the bank gives it none."""


@dataclass(frozen=True, slots=True)
class Credit:
    """Money that was booked to an account of ours."""

    evidence: str
    """Its name: the same in every copy of the statement it stands on, and another one in another currency."""
    before: str
    """Its name as it was once, without the currency: what was taken in under it still is."""
    entry: StatementEntry
    placed: str = ""
    """Its name as it was once where the bank gives it none: with its place on the statement. What was taken in under it
    still is, and so is whatever stood at this place. Empty where the bank names it."""
    doubtful: bool = False
    """Whether it may be one that another page of its statement has shown: a person says."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What of the money that came back is in ledgers now, and what waits for somebody."""

    counts: dict[str, int]
    """How many pieces of money each case got, by its id; only those that got some."""
    to_be_given: int = 0
    """How many bookings name a case in their currency and are in no ledger: a person says whose they are, if any's."""


def take_back(hub: Hub) -> dict[str, int]:
    """The same as `take_in`; only how many pieces of money each case got, by its id."""
    return take_in(hub).counts


def take_in(hub: Hub) -> TakenIn:
    """Take in whatever came back since: by a case's reference, or because the bank returned the payment itself.

    A return that the bank has taken back is taken out again, and opens its case. What was paid to people out of what
    came back too much is booked as well. Repeated, nothing counts twice.
    """
    counts: dict[str, int] = {}
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        cases = {case.reference: case for case in hub.recoveries.listed(connection)}
        if not cases:
            return TakenIn(counts)
        rest = not_taken_in(hub, connection, credits_of(hub, connection))
        money = [*_named(hub, rest, cases), *returns(hub, connection, cases, BY)]
        known = hub.recoveries.taken_in(connection, [entry.evidence for _, entry in money])
        for reference, entry in money:
            if entry.evidence in known:
                continue
            known.add(entry.evidence)
            cases[reference] = add(hub, connection, cases[reference], entry)
            counts[cases[reference].id] = counts.get(cases[reference].id, 0) + 1
        for case_id, count in repay(hub, connection, cases.values(), BY).items():
            counts[case_id] = counts.get(case_id, 0) + count
        hub.crash_point("taking_back")
    waiting = {
        each.evidence for each in rest if any(case.currency == each.entry.currency for case in named_by(each, cases))
    }
    return TakenIn(counts, len(waiting - known))


def named_by(credit: Credit, cases: Mapping[str, RecoveryCase]) -> list[RecoveryCase]:
    """Which of these cases, by their references, a booking names."""
    return [cases[reference] for reference in dict.fromkeys(credit.entry.references) if reference in cases]


def credits_of(hub: Hub, connection: sa.Connection) -> Iterator[Credit]:
    """Everything booked to our accounts at all banks, as statements show it; notices beforehand are no bookings.

    Nor is a payment of ours that the bank has returned, or a whole file of them in one: with or without its reason,
    that is taken in by its lines.
    """
    for system in hub.settings.payments.banks:
        files: dict[str, Expectations] = {}
        names = _Names(system)
        for head, entries in statements(hub.bank_answers.bookings(connection, system, (HEAD, ENTRY))):
            statement, notification = kept_head(head)
            if notification:
                continue
            credits_ = [event for event in entries if event.state == Direction.CREDIT.value]
            ours = hub.pay_runs.by_reference(connection, [event.reference for event in credits_ if event.reference])
            names.begin(statement, head, entries)
            for event in credits_:
                entry = kept_entry(event)
                if entry.pending or entry.returned is not None or event.reference in ours:
                    continue
                if event.message_id and event.message_id not in files:
                    files[event.message_id] = lines_of(hub, connection, system, [event.message_id])
                if event.message_id and in_one(files[event.message_id], statement.account, entry):
                    continue
                yield names.credit(entry)


def not_taken_in(hub: Hub, connection: sa.Connection, credits_: Iterable[Credit]) -> list[Credit]:
    """Those of these whose money is in no case's ledger yet."""
    found = list(credits_)
    taken = hub.recoveries.taken_in(connection, [each.evidence for each in found])
    taken |= hub.recoveries.taken_in(connection, [each.placed for each in found if each.placed])
    once = hub.recoveries.currencies(connection, [each.before for each in found])
    # A copy of the statement may have it at another place than the one under which it was taken in.
    taken |= {each.evidence for each in found if each.placed in taken or once.get(each.before) == each.entry.currency}
    return [each for each in found if each.evidence not in taken]


def credit_to(hub: Hub, case_id: str, evidence: str, person: str, why: str) -> RecoveryCase:
    """Take in a booking that does not name the case, because a person says whose it is.

    Raises `ApprovalError` (``no_booking``) when it is no booking of ours, and `TransitionError` (``taken_in``) when it
    is in a ledger already.
    """
    with hub.database.write() as connection:
        case = locked_case(hub, connection, case_id)
        same = [each for each in credits_of(hub, connection) if each.evidence == evidence]
        if not same or same[0].entry.currency != case.currency:
            raise ApprovalError(
                "no such booking in this currency has come in",
                code="no_booking",
                remedy="see: baton pay recover bookings",
            )
        if not not_taken_in(hub, connection, same):
            raise TransitionError("this money is taken in already", code="taken_in")
        found = same[0]
        facts = {"way": Way.TRANSFER.value, "booked": found.entry.booked.isoformat(), "why": why}
        return add(hub, connection, case, _entry(hub, case, person, found.evidence, found.entry.amount_minor, facts))


def kept_from_wages(
    hub: Hub, case_id: str, person: str, period: str, amount_minor: int, due: date | None = None
) -> RecoveryCase:
    """Note what payroll has kept from a month's wage: only what the plan says, and within the policy's limit.

    Each instalment of the plan once: ``due`` is the day of the one that was kept, where the plan has several from that
    month's wage and not all of them were kept whole. Raises `ApprovalError` where it is not agreed to or too much, and
    (``which``) where nobody can tell which one it is; `TransitionError` (``taken_in``) for what is noted already.
    """
    with hub.database.write() as connection:
        case = locked_case(hub, connection, case_id)
        parts = [part for part in case.plan if part.way is Way.WAGES and period_of(part.due) == period]
        planned = sum(part.amount_minor for part in parts)
        if case.wage_minor is None or not 0 < amount_minor <= planned:
            raise _no_consent(period)
        entries = hub.recoveries.entries(connection, case.id)
        noted = _noted(entries, period)
        kept = sum(entry.amount_minor for entry in noted)
        told = "" if due is None else due.isoformat()
        if len(noted) >= len(parts) or kept >= planned or told in [entry.facts.get("due") for entry in noted]:
            raise TransitionError("this money is taken in already", code="taken_in")
        part = _kept_part(parts, period, amount_minor, due)
        if kept + amount_minor > planned or (part is not None and amount_minor > part.amount_minor):
            raise _no_consent(period)
        taken = kept_or_planned(hub, connection, case)[period]
        if amount_minor > most_from_wages(policy_of(hub).overpayment, case.wage_minor, taken):
            raise ApprovalError("this is more than the policy lets be kept from a month's wage", code="limit")
        facts = {"way": Way.WAGES.value, "period": period}
        if part is not None:
            facts["due"] = part.due.isoformat()
        plan = sum(entry.kind is EntryKind.AGREEMENT for entry in entries)
        evidence = f"wages/{case.id}/plan-{plan}/{facts.get('due', period)}"
        return add(hub, connection, case, _entry(hub, case, person, evidence, amount_minor, facts))


def _noted(entries: Sequence[RecoveryEntry], period: str) -> list[RecoveryEntry]:
    """What is noted as kept from a month's wage under the plan of now: a new one is of what was open by then."""
    noted: list[RecoveryEntry] = []
    for entry in entries:
        if entry.kind is EntryKind.AGREEMENT:
            noted.clear()
        elif entry.facts.get("way") == Way.WAGES.value and entry.facts["period"] == period:
            noted.append(entry)
    return noted


def _kept_part(parts: Sequence[Instalment], period: str, amount_minor: int, due: date | None) -> Instalment | None:
    """Which of a month's instalments was kept; None for all of them, kept whole."""
    if due is not None:
        found = next((part for part in parts if part.due == due), None)
        if found is None:
            raise _no_consent(period)
        return found
    if len(parts) == 1:
        return parts[0]
    if amount_minor == sum(part.amount_minor for part in parts):
        return None
    raise ApprovalError(
        f"the plan has {len(parts)} instalments from the wages of {period}: it is not told which was kept",
        code="which",
        remedy=f"say its day: --due with one of {', '.join(part.due.isoformat() for part in parts)}",
    )


def _no_consent(period: str) -> ApprovalError:
    return ApprovalError(
        f"the person has not agreed that this much is kept from the wages of {period[:7]}",
        code="consent",
        remedy="agree on a plan first: baton pay recover agree",
    )


def _named(
    hub: Hub, credits_: Iterable[Credit], cases: Mapping[str, RecoveryCase]
) -> Iterator[tuple[str, RecoveryEntry]]:
    for credit in credits_:
        named = named_by(credit, cases)
        if len(named) != 1 or credit.doubtful:
            continue  # it names none, or two, or may be counted: a person says whose it is
        (case,) = named
        if credit.entry.currency == case.currency:
            facts = {"way": Way.TRANSFER.value, "booked": credit.entry.booked.isoformat()}
            yield case.reference, _entry(hub, case, BY, credit.evidence, credit.entry.amount_minor, facts)


def _entry(
    hub: Hub, case: RecoveryCase, person: str, evidence: str, amount_minor: int, facts: dict[str, str]
) -> RecoveryEntry:
    return RecoveryEntry(EntryKind.MONEY, hub.clock.now(), person, case.state, evidence, amount_minor, facts)


def _evidence(before: str, entry: StatementEntry) -> str:
    """A booking's name (hex): a bank may name the statements and bookings of each currency of an account alike."""
    return hashlib.sha256(f"baton-credit-2/{before}/{entry.currency}".encode()).hexdigest()


@dataclass(slots=True)
class _Alike:
    """One of the credits of a statement that are alike in all that is told of them."""

    name: str
    piece: int
    """The page that shows it; 0 while only copies in one piece do."""
    whole: bool
    """Whether a copy in one piece has shown it."""
    doubtful: bool = False


class _Pages:
    """The pages of one statement as they came: whether it was cut in one way only."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[str, bool]] = {}
        self.cut_anew = False
        """Whether one of them came again as another, or stands behind the last."""

    def add(self, statement: Statement, digest: str) -> None:
        told = (digest, statement.pages_follow)
        same = self._told.setdefault(statement.page, told) == told
        end = max(self._told)
        self.cut_anew |= not same or any(not follow and page < end for page, (_, follow) in self._told.items())


class _Names:
    """Names the credits of a bank's statements, one after another: alike in any copy, whole or in pages.

    By account, statement and the bank's own reference, whatever the file. Where the bank gives a booking none, its
    place stands for one as it is read; but the next copy may have a row more, and each page begins anew. Such a booking
    is known by all that it refers to, and by how many are alike: those on the pages of a statement are those on a copy
    of it in one piece. Its name is that of where it was first seen. Where nobody can say whether it is another one, it
    is doubtful.
    """

    def __init__(self, system: str) -> None:
        self._system = system
        self._alike: dict[tuple[str, ...], list[_Alike]] = {}
        self._pages: dict[tuple[str, ...], _Pages] = {}

    def begin(self, statement: Statement, head: BankEvent, entries: Sequence[BankEvent]) -> None:
        """The next statement, or page of one, whose credits are named from now on."""
        self._stands_on = (self._system, statement.account, statement.sequence, statement.statement_id)
        self._seen: Counter[tuple[str, ...]] = Counter()
        # What the bank names itself needs no page; one without any booking tells that the others were cut anew.
        if not entries or any(str(event.facts["entry_id"]).startswith(_PLACED) for event in entries):
            first = date.fromisoformat(entries[0].facts["booked"]) if entries else None
            digest = content_digest(head, entries)
            key = statement_key(statement, digest, first, notification=False)
            self._named, self._piece, self._page = key[3], key[5], statement.page
            self._cut = self._pages.setdefault((*self._stands_on, statement.currency, key[3], key[4]), _Pages())
            if statement.page:
                self._cut.add(statement, digest)

    def credit(self, entry: StatementEntry) -> Credit:
        """The next one, with its names."""
        amount = (entry.booked.isoformat(), str(entry.amount_minor))
        before = _digest("baton-credit-1", *self._stands_on, entry.entry_id, *amount)
        placed = _evidence(before, entry)
        if not entry.entry_id.startswith(_PLACED):
            return Credit(placed, before, entry)
        _, _, of_one = entry.entry_id.partition("/")  # of a transaction inside it: a name, or a place again
        told = ("" if of_one.isdecimal() else of_one, *amount, entry.currency, *entry.references)
        self._seen[told] += 1
        number = self._seen[told]
        alike = self._alike.setdefault((*self._stands_on, self._named, *told), [])
        found = self._on_page(alike, number) if self._piece else _on_whole(alike, number)
        if found is None:
            place = (self._named, str(self._piece), str(number))
            name = _digest("baton-credit-3", *self._stands_on, *place, *told)
            found = _Alike(name, self._piece, whole=not self._piece, doubtful=self._may_be_one_of(alike))
            alike.append(found)
        return Credit(found.name, before, entry, placed, found.doubtful)

    def _on_page(self, alike: Sequence[_Alike], number: int) -> _Alike | None:
        """That which this page has shown as the same of them, or one that only a whole copy has shown."""
        here = [each for each in alike if each.piece == self._piece]
        if number <= len(here):
            return here[number - 1]
        found = next((each for each in alike if not each.piece), None)
        if found is not None:
            found.piece = self._piece
        return found

    def _may_be_one_of(self, alike: Sequence[_Alike]) -> bool:
        """Whether what this page shows beyond those known from it may be one that another page has shown."""
        elsewhere = [each for each in alike if self._piece and each.piece != self._piece]
        # The pages of a message are of the delivery: a statement that has no pages itself may come on any of them.
        return bool(elsewhere) and (not self._page or self._cut.cut_anew or any(each.whole for each in alike))


def _on_whole(alike: Sequence[_Alike], number: int) -> _Alike | None:
    """That which a copy in one piece shows as this one of them: it has all of them, so that none is in doubt."""
    if number > len(alike):
        return None
    found = sorted(alike, key=lambda each: each.doubtful)[number - 1]
    found.whole, found.doubtful = True, False
    return found


def _digest(kind: str, *told: str) -> str:
    digest = hashlib.sha256(kind.encode())
    for part in told:
        digest.update(len(part.encode()).to_bytes(4, "big") + part.encode())
    return digest.hexdigest()
