"""Statements seen so far: none is counted twice, and none is missing between two others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Final, TypeAlias

from baton.jobs.payment.differences import Difference, DifferenceKind
from baton.model.bank_answers import Statement

StatementKey: TypeAlias = tuple[str, str, str, str, str, int]
"""Account, currency, electronic sequence number, id, series and page: what a second copy shares, whatever its file is
called. The page is the statement's, else its message's where it has not both balances; 0 for what is in one piece.

An account that is kept in two currencies has statements in each, and a bank may count and name each kind by itself.
"""
_Pages: TypeAlias = list[tuple[Statement, str]]
"""Each with the day that it is dated by, ``YYYY-MM-DD``; empty where nothing dates it."""
_NOTIFICATIONS: Final = "notifications"


def statement_key(head: Statement, digest: str, first: date | None, *, notification: bool) -> StatementKey:
    """What a second copy of this statement shares with it; where the bank names it not at all, its content.

    Many banks count anew each year, and count notifications apart: each of these is a series of numbers of its own. A
    notification has no balance to be dated by: its year is that of its ``first`` booking.
    """
    named = head.sequence or head.statement_id
    series = f"{_NOTIFICATIONS} {'' if first is None else first.year}" if notification else _series(head, first)
    # The pages of a message are of the delivery: a whole statement comes again on any of them, or alone.
    page = head.page or (0 if _is_whole(head) else head.message_page)
    return (head.account, head.currency, head.sequence, head.statement_id if named else digest, series, page)


class Copies:
    """Statements by their content: a copy may come on another page of its message, or under a page where none was told.

    Two pages of one statement with numbers of their own are no copies, whatever is on them.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[str, ...], list[tuple[StatementKey, int]]] = {}

    def first_of(self, key: StatementKey, digest: str, head: Statement) -> StatementKey:
        """The key of the one that came first and is the same as this one; else its own."""
        # A page that was kept without its number is not dated by its first booking.
        kind = _NOTIFICATIONS if key[4].startswith(_NOTIFICATIONS) else ""
        same = self._first.setdefault((*key[:4], kind, head.closed, digest), [])
        for found, page in same:
            if _is_whole(head) or not (page and head.page) or page == head.page:
                return found
        same.append((key, head.page))
        return key


class SeenStatements:
    """What has been taken in."""

    def __init__(self, known: Mapping[StatementKey, str]) -> None:
        """``known``: the digest of the content by key, of statements read before."""
        self._digests = dict(known)
        self._copies = Copies()
        self._heads: dict[str, list[Statement]] = {}
        self._pages: dict[tuple[str, ...], _Pages] = {}
        """Of statements in several pieces, by what these share."""

    def add(self, head: Statement, digest: str, first: date | None, *, notification: bool) -> Difference | None:
        """Take a statement in. A difference when it was read before: then it must not be counted."""
        key = statement_key(head, digest, first, notification=notification)
        first_key = self._copies.first_of(key, digest, head)
        before = self._digests.get(key, self._digests.get(first_key))
        if before is not None:
            kind = DifferenceKind.DOUBLED_STATEMENT if before == digest else DifferenceKind.CHANGED_STATEMENT
            return Difference(kind, head.statement_id or head.sequence)
        self._digests[key] = digest
        if key[-1] and not notification and not _is_whole(head):
            self._pages.setdefault(_shared(head, key), []).append((head, _day(head, first)))
        elif _has_balance(head):
            self._heads.setdefault(head.account, []).append(head)
        return None

    def gaps(self) -> Iterable[Difference]:
        """Where, on one account and in one currency, one statement does not go on from the one before."""
        whole = {account: list(heads) for account, heads in self._heads.items()}
        for shared, found in self._pages.items():
            heads = whole.setdefault(found[0][0].account, [])
            pages, alone = _told_apart(found)
            pages = _with_first(pages, heads, shared)
            heads += [*alone, *(each for each in _joined(pages, shared) if _has_balance(each))]
            # Pages of what has no name may be of several statements: of them nothing is known to be missing.
            if any(head.page for head, _ in pages) and shared[2] and not _complete([head for head, _ in pages]):
                last = pages[-1][0]
                yield Difference(DifferenceKind.STATEMENT_GAP, last.statement_id or last.sequence)
        for heads in whole.values():
            counted = _Counted(heads)
            ordered = sorted(
                heads, key=lambda head: (head.currency, _year(head), _number(head), head.closed, head.statement_id)
            )
            for before, after in pairwise(ordered):
                if before.currency != after.currency:
                    continue
                known = before.closing_minor is not None and after.opening_minor is not None
                if counted.skipped(before, after) or (known and before.closing_minor != after.opening_minor):
                    what = after.statement_id or after.sequence
                    yield Difference(DifferenceKind.STATEMENT_GAP, what, before.closing_minor, after.opening_minor)


class _Counted:
    """How a bank counts the statements of one account: those of all currencies together, or each currency's apart."""

    def __init__(self, heads: Iterable[Statement]) -> None:
        self._currencies: dict[tuple[str, int], set[str]] = {}
        for head in heads:
            self._currencies.setdefault((_year(head), _number(head)), set()).add(head.currency)
        self._apart = {year for (year, number), found in self._currencies.items() if number and len(found) > 1}

    def skipped(self, before: Statement, after: Statement) -> bool:
        """Whether a number is missing between two statements in one currency; each year may be counted anew."""
        year = _year(before)
        if not _number(before) or year != _year(after):
            return False
        missing = _number(after) - _number(before) - 1
        if missing > 0 and year not in self._apart:
            # A number that another currency has is not missing, unless that counts its own.
            of_year = (number for when, number in self._currencies if when == year)
            missing -= sum(_number(before) < number < _number(after) for number in of_year)
        return missing > 0


def _shared(head: Statement, key: StatementKey) -> tuple[str, ...]:
    """What the pages of one statement share: a bank may name each page anew, and a statement may go over New Year."""
    named = head.sequence or head.statement_id
    return (head.account, head.currency, named) if head.page else (*key[:2], named or key[3], *key[2:5])


def _told_apart(found: _Pages) -> tuple[_Pages, list[Statement]]:
    """The pages in their order, without those that are statements of their own in a numbering that goes on.

    Such a page tells both balances, and its opening one is not that of the page before once more.
    """
    pages: _Pages = []
    alone: list[Statement] = []
    opened: dict[int, int | None] = {}
    for head, day in sorted(found, key=lambda each: (each[0].page, each[0].message_page, each[1])):
        told = head.told_opening_minor
        if told is not None and head.closing_minor is not None and opened.get(head.page - 1) != told:
            alone.append(replace(head, opening_minor=told))
        else:
            pages.append((head, day))
        opened[head.page] = head.opening_minor if told is None else told
    return pages, alone


def _with_first(pages: _Pages, heads: list[Statement], shared: tuple[str, ...]) -> _Pages:
    """The pages with the first one, where that was kept before pages were read and stands among the ``heads``."""
    if not pages or not pages[0][0].page or pages[0][0].page == 1:
        return pages
    for each in heads:
        opens = each.opening_minor is not None and each.closing_minor is None and not each.page
        if opens and each.currency == shared[1] and (each.sequence or each.statement_id) == shared[2]:
            heads.remove(each)
            return [(replace(each, page=1, pages_follow=True), pages[0][1]), *pages]
    return pages


def _complete(pages: Sequence[Statement]) -> bool:
    """Whether none of the pages is missing: each statement from its first to one after which none follows.

    A bank that counts anew each year has several statements of one number, each with pages from 1.
    """
    lasts = [head.page for head in pages if not head.pages_follow]
    return Counter(head.page for head in pages) == Counter(page for last in lasts for page in range(1, last + 1))


def _joined(pages: _Pages, shared: tuple[str, ...]) -> list[Statement]:
    """The statements that these pages make up: each as it opens on its first and closes on its last.

    None where nobody can say which page belongs to which: a gap that is none would never end.
    """
    if not pages or not shared[2]:
        return []
    firsts, lasts = pages[:1], pages[-1:]
    if pages[0][0].page and pages[1:] and pages[1][0].page == 1:
        firsts = sorted((each for each in pages if each[0].page == 1), key=lambda each: each[1])
        lasts = sorted((each for each in pages if not each[0].pages_follow), key=lambda each: each[1])
        if not all(day for _, day in (*firsts, *lasts)) or not _complete([head for head, _ in pages]):
            return []
    return [
        replace(last, opening_minor=first.opening_minor, closed=last.closed or day)
        for (first, _), (last, day) in zip(firsts, lasts, strict=True)
    ]


def _has_balance(head: Statement) -> bool:
    """Whether it opens or closes: what does neither is in no chain."""
    return head.opening_minor is not None or head.closing_minor is not None


def _day(head: Statement, first: date | None) -> str:
    """When it was closed, else that of its first booking, ``YYYY-MM-DD``; empty where it tells neither."""
    return head.closed or ("" if first is None else first.isoformat())


def _series(head: Statement, first: date | None) -> str:
    """The year; a page before the last may have no balance to be dated by."""
    in_pages = head.page or head.message_page
    return _year(head) or (str(first.year) if in_pages and first is not None else "")


def _is_whole(head: Statement) -> bool:
    """Whether it opens and closes: no other page belongs to it."""
    return head.opening_minor is not None and head.closing_minor is not None


def _number(head: Statement) -> int:
    """The sequence number; 0 where there is none."""
    return int(head.sequence) if head.sequence.isascii() and head.sequence.isdecimal() else 0


def _year(head: Statement) -> str:
    """In which it was closed; empty where it does not say."""
    return head.closed[:4]
