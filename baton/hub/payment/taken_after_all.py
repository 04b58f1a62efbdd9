"""What a bank has refused or stopped and then, by its own clock, has taken all the same: it takes its refusal back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.out_again import systems_of
from baton.hub.payment.refusals import has_it_by_code, refuses
from baton.model.bank_answers import AnswerLevel, BankState
from baton.model.pay_run import PayLine
from baton.store.bank_answers import NOT_TAKEN, BankEvent

_NO_NEWS: Final = (BankState.PARTIAL.value, BankState.RECEIVED.value)
"""What an answer about a whole file says that takes none of its lines: see them; it was received."""
_LEVELS: Final = frozenset(level.value for level in AnswerLevel)


def taken_after_all(hub: Hub, connection: sa.Connection, refused: Iterable[PayLine]) -> set[str]:
    """Of these lines, refused or stopped, the references of those that the bank has taken at a later time.

    Only the bank can say which of the two holds: what it says after that counts.
    """
    lines = list(refused)
    if not lines:
        return set()
    systems = systems_of(hub, connection, lines)
    said = hub.bank_answers.of_lines(connection, [line.reference for line in lines])
    files = {(systems[line.run_id], line.message_id) for line in lines}
    of_file = {file: hub.bank_answers.of_file(connection, *file) for file in files}
    return {
        line.reference
        for line in lines
        if _taken_later(said.get(line.reference, ()), of_file[systems[line.run_id], line.message_id])
    }


def _taken_later(own: Sequence[BankEvent], whole: Sequence[BankEvent]) -> bool:
    """Whether an answer that takes a line is newer than all that refuse it.

    Of a line that was refused by itself only what is said of it by itself counts: that the bank has its file is no news
    of it. A refusal since it has it already, or in words that nobody has read, takes nothing back that was said before.
    """
    answers = [event for event in own if event.kind in _LEVELS]
    if all(event.state not in NOT_TAKEN for event in answers):
        answers += [event for event in whole if event.kind in _LEVELS and event.state not in _NO_NEWS]
    unpaid = max((event.at for event in answers if refuses(event)), default=None)
    first = min((event.at for event in answers if event.state in NOT_TAKEN), default=None)
    last = unpaid or first
    if last is None:
        return False
    # That it has it already is news after another refusal only: as the refusal itself it holds the next attempt anyway.
    return any(
        event.at > last
        for event in answers
        if event.state not in NOT_TAKEN or (unpaid is not None and has_it_by_code(event))
    )
