"""Lines that a bank has taken in a file they are not in here: taken back since, or forgotten by a restored store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.said_of_file import Said, Words, said_of
from baton.model.bank_answers import AnswerLevel
from baton.store.bank_answers import NOT_TAKEN, BankEvent


def taken_elsewhere(
    hub: Hub, connection: sa.Connection, told: Mapping[str, Sequence[BankEvent]], here: str = ""
) -> set[str]:
    """Of these lines, by reference with all that banks have said of each, those taken in a file other than ``here``.

    Whether such a file still may pay a line, all that the bank has said of that file tells, its money too.
    """
    by_file: dict[tuple[str, str], dict[str, list[BankEvent]]] = {}
    for reference, events in told.items():
        answers = [event for event in events if event.kind == AnswerLevel.LINE.value]
        if all(event.state in NOT_TAKEN for event in answers):
            continue
        named = {(event.system, event.message_id) for event in answers if event.message_id not in ("", here)}
        for file in named or {(event.system, "") for event in answers if not event.message_id}:
            # What names no file may be said of this one.
            nameless = [event for event in answers if (event.system, event.message_id) == (file[0], "")]
            by_file.setdefault(file, {})[reference] = nameless
    found: set[str] = set()
    for (system, message_id), nameless_of in by_file.items():
        said = said_of(hub, connection, system, message_id) if message_id else Said("", (), came_back=False)
        words = Words(_with(said, nameless_of))
        found |= {reference for reference in nameless_of if words.has_taken(reference)}
    return found


def _with(said: Said, nameless: Mapping[str, Sequence[BankEvent]]) -> Said:
    more = [(event, event.at) for events in nameless.values() for event in events]
    return replace(said, events=sorted((*said.events, *more), key=lambda each: (each[0].at, each[0].key)))
