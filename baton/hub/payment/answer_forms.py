"""In what form a bank answers, and which line it means by a place in a file."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from baton.banking.catalogue import load_profile
from baton.banking.profile import Answers, CmbAnswers, IcbcAnswers, RowAnswers
from baton.banking.splitting import file_order
from baton.hub.core import Hub


def answer_forms(hub: Hub, connection: sa.Connection, system: str) -> Iterator[Answers]:
    """The forms that the profiles of this bank's runs give, each once, the newest run's first; then the one in use now.

    A profile may be replaced while answers to files of the one before are still to come; and a store that was set back
    to a backup may know of no run at a bank that answers.
    """
    given: list[Answers] = []
    runs = hub.pay_runs.of_system(connection, system)
    banks = hub.settings.payments.banks
    in_use = [banks[system].profile] if system in banks else []
    for name in dict.fromkeys([*(run.profile for run in reversed(runs)), *in_use]):
        form = load_profile(name, hub.settings.payments.profiles).answers
        if form not in given:
            given.append(form)
            yield form


def names_by_place(form: Answers) -> bool:
    """Whether it names a line by where that stands in our file, and not by our reference."""
    return isinstance(form, CmbAnswers | IcbcAnswers) or (isinstance(form, RowAnswers) and form.named_by == "position")


class Places:
    """The end-to-end references of our files' lines, by message id and place; each file is looked up once."""

    def __init__(self, hub: Hub, connection: sa.Connection) -> None:
        self._hub = hub
        self._connection = connection
        self._known: dict[str, list[str]] = {}

    def __call__(self, message_id: str, place: int) -> str:
        """The line's reference; empty when there is no such line."""
        if message_id not in self._known:
            keys = self._hub.pay_runs.keys_of_file(self._connection, message_id)
            self._known[message_id] = [key.reference for key in sorted(keys, key=file_order)]
        references = self._known[message_id]
        return references[place - 1] if 1 <= place <= len(references) else ""
