"""Which line of which pay run a booking on a statement is about: by reference, amount and account. Names only hint.

Banks cut names, and two people may be owed the same sum; so a name never decides, it only tells a person where to look.
A booking that stands for a whole batch is matched by the batch's id and its total, with or without the lines that the
bank has refused. What comes back under a batch's id may also be the money that the bank had kept from a payee.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from baton.model.bank_answers import Direction, StatementEntry
from baton.model.payable import REFERENCE_CHARACTERS

_OURS = re.compile(f"[A-Z2-7]{{{REFERENCE_CHARACTERS}}}")
"""The form of a payable's end-to-end reference."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A line that was in a file to the bank."""

    reference: str
    amount_minor: int = field(repr=False)
    currency: str
    account: str = field(repr=False)
    """Ours, from which it is paid."""
    batch_id: str = ""
    holder: str = field(repr=False, default="")


class MatchKind(StrEnum):
    """How a booking and what was expected go together."""

    LINE = "line"
    BATCH = "batch"
    AMOUNT_DIFFERS = "amount_differs"
    OTHER_ACCOUNT = "other_account"
    """On another account of ours than the one that was to pay, or in another currency."""
    AMBIGUOUS = "ambiguous"
    """Its references name several lines."""
    UNEXPECTED_DEBIT = "unexpected_debit"
    """Money left and nothing of ours asked for it: an alarm."""
    UNRELATED = "unrelated"
    """Money came in that has nothing to do with what was paid."""


@dataclass(frozen=True, slots=True)
class Match:
    """One booking, and the lines it is about."""

    kind: MatchKind
    entry: StatementEntry
    references: tuple[str, ...] = ()
    hint: str = ""
    """The reference of the one line with this amount and this name, for a person to judge; empty when there is none."""


_TRIED: Final = 12
"""Among so many refused lines it is tried which come to an amount."""


class Expectations:
    """Every line that may appear on the accounts that are compared: of all runs, not only of one."""

    def __init__(
        self,
        lines: Iterable[Expected],
        refused: Collection[str] = (),
        disputed: Collection[str] = (),
        back_in_one: Collection[str] = (),
    ) -> None:
        """``refused`` are the references of lines that the bank has said it will not pay.

        ``disputed`` are those of lines whose money has left and may not be the payee's, ``back_in_one`` those of
        returned lines that no booking of their own has brought back: a booking of their batch does, or did, and is
        read again and again.
        """
        self._lines: dict[str, Expected] = {}
        self._batches: dict[str, list[Expected]] = {}
        self._by_amount: dict[tuple[int, str], list[Expected]] = {}
        self._refused = frozenset(refused)
        self._disputed = frozenset(disputed)
        self._back_in_one = frozenset(back_in_one)
        for line in lines:
            if line.reference in self._lines:
                raise ValueError(f"the reference {line.reference} was filed twice")
            self._lines[line.reference] = line
            self._by_amount.setdefault((line.amount_minor, line.currency), []).append(line)
            if line.batch_id:
                self._batches.setdefault(line.batch_id, []).append(line)

    def __len__(self) -> int:
        return len(self._lines)

    def match(self, account: str, entry: StatementEntry) -> Match:
        """What a booking on ``account`` is about."""
        named = {name for name in entry.references if name in self._lines}
        if len(named) > 1:
            return Match(MatchKind.AMBIGUOUS, entry, tuple(sorted(named)))
        if named:
            line = self._lines[named.pop()]
            return Match(self._fits(account, entry, [line]), entry, (line.reference,))
        if entry.batch_id in self._batches:
            return self._batch(account, entry, self._batches[entry.batch_id])
        kind = MatchKind.UNEXPECTED_DEBIT if entry.direction is Direction.DEBIT else MatchKind.UNRELATED
        return Match(kind, entry, hint=self._hint(entry))

    def _batch(self, account: str, entry: StatementEntry, lines: list[Expected]) -> Match:
        """All lines of the batch; without the refused ones where that is what the amount says.

        Only where it is neither, what comes back may be of disputed lines. As much as any of those that were refused
        may be just that: the batch may be booked whole on the same statement, or on one that is still to come.
        """
        paid = [line for line in lines if line.reference not in self._refused]
        if entry.direction is Direction.CREDIT and self._may_be_refused(entry.amount_minor, lines):
            paid = []
        for chosen in (lines, paid, self._coming_back(entry, lines)):
            if chosen and self._fits(account, entry, chosen) is MatchKind.LINE:
                return Match(MatchKind.BATCH, entry, tuple(line.reference for line in chosen))
        told = paid or lines
        return Match(self._fits(account, entry, told), entry, tuple(line.reference for line in told))

    def _may_be_refused(self, amount_minor: int, lines: list[Expected]) -> bool:
        """Whether some of the refused lines of a batch come to an amount; of very many it is not tried which."""
        refused = [line for line in lines if line.reference in self._refused]
        if len(refused) > _TRIED:
            return amount_minor <= _total(refused)
        sums = {0}
        for line in refused:
            sums |= {each + line.amount_minor for each in sums}
        return amount_minor in sums

    def _coming_back(self, entry: StatementEntry, lines: list[Expected]) -> list[Expected]:
        """The one disputed line, or all of them together, whose money came back; none where it may be another's.

        Which of several lines a sum is, is never tried: a payment that bounced may be as much.
        """
        if entry.direction is not Direction.CREDIT:
            return []
        together = [tuple(line for line in lines if line.reference in of) for of in (self._disputed, self._back_in_one)]
        alone = [(line,) for line in lines]
        choices = {chosen for chosen in (*alone, *together) if _total(chosen) == entry.amount_minor}
        chosen = choices.pop() if len(choices) == 1 else ()
        kept = self._disputed | self._back_in_one
        return list(chosen) if all(line.reference in kept for line in chosen) else []

    def _fits(self, account: str, entry: StatementEntry, lines: list[Expected]) -> MatchKind:
        if any(line.account != account or line.currency != entry.currency for line in lines):
            return MatchKind.OTHER_ACCOUNT
        return MatchKind.LINE if _total(lines) == entry.amount_minor else MatchKind.AMOUNT_DIFFERS

    def _hint(self, entry: StatementEntry) -> str:
        if not entry.counterparty:
            return ""
        same = self._by_amount.get((entry.amount_minor, entry.currency), [])
        alike = [line for line in same if line.holder and line.holder.startswith(entry.counterparty)]
        return alike[0].reference if len(alike) == 1 else ""


def _total(lines: Iterable[Expected]) -> int:
    return sum(line.amount_minor for line in lines)


def named_alone(match: Match) -> str:
    """The one reference of our own form on a booking that nothing expected; empty where there is none, or several.

    A line that a restored store has forgotten is booked like this: drafted again, it has the same reference.
    """
    if match.kind not in (MatchKind.UNEXPECTED_DEBIT, MatchKind.UNRELATED):
        return ""
    named = {name for name in match.entry.references if _OURS.fullmatch(name)}
    return named.pop() if len(named) == 1 else ""
