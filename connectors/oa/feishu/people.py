"""Who somebody is in Feishu, looked at before anything is done with them.

A ``user_id`` can be given to somebody else once its owner has resigned, and a link may name it still.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from baton.sdk import Account, AccountRef, RejectedError
from connectors.oa.feishu.directory import Directory, is_theirs

_LEGAL_USER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
NO_ACCOUNT: Final = "Feishu has no account with this person's id and employee number"
LINK: Final = "reconcile to link the account, or set the employee number in Feishu"


class Looked:
    """What one look has shown of some people; everything raises `RejectedError` for one who may not be looked at."""

    def __init__(self, shown: Mapping[AccountRef, Account | RejectedError | None]) -> None:
        self._shown = shown

    def theirs(self, person: AccountRef) -> Account | None:
        """This person's account; another person's is never given."""
        account = self._shown[person]
        if isinstance(account, RejectedError):
            raise account
        return account if account is not None and is_theirs(account.number, person) else None

    def id_of(self, person: AccountRef) -> str | None:
        """The id this person has here, also where Feishu shows nobody under the one that is linked; None for none.

        Raises `RejectedError` where the linked account carries another number.
        """
        account = self.theirs(person)
        if account is not None:
            return account.external_id
        if person.external_id and self._shown[person] is not None:
            raise RejectedError(
                "the linked account carries another employee number",
                code="number_differs",
                remedy="reconcile to link the account anew, or correct the number in Feishu",
            )
        return person.external_id

    def required(self, person: AccountRef) -> str:
        """As `id_of`. Raises `RejectedError` for somebody who has no account."""
        user_id = self.id_of(person)
        if user_id is None:
            raise RejectedError(NO_ACCOUNT, code="no_account", remedy=LINK)
        return user_id

    def account(self, person: AccountRef) -> Account:
        """This person's account, resigned or not. Raises `RejectedError` where there is none, or another person's."""
        self.required(person)
        account = self.theirs(person)
        if account is None:
            raise RejectedError(NO_ACCOUNT, code="no_account", remedy=LINK)
        return account


class People:
    """Finds people by the id a link names, else by the id that is made of their number."""

    def __init__(self, directory: Directory, prefix: str) -> None:
        self._directory = directory
        self._prefix = prefix

    def user_id(self, number: str) -> str | None:
        """The id this person would be given; None where their number cannot be one."""
        user_id = self._prefix + number
        return user_id if _LEGAL_USER_ID.fullmatch(user_id) else None

    def look(self, people: Sequence[AccountRef]) -> Looked:
        """Look at all of them, in one call for fifty."""
        ids = {person: person.external_id or self.user_id(person.number) for person in people}
        users = self._directory.looked_up([user_id for user_id in ids.values() if user_id])
        return Looked({person: users.get(user_id or "") for person, user_id in ids.items()})

    def shown(self, person: AccountRef) -> Mapping[str, Any] | None:
        """This person as Feishu gives them, ``user_id`` in any case; None and errors as of `Looked.id_of`."""
        asked = person.external_id or self.user_id(person.number)
        user = self._directory.shown(asked) if asked else None
        account = None if user is None else self._directory.account_of(user)
        user_id = Looked({person: account}).id_of(person)
        return None if user_id is None else {**(user or {}), "user_id": user_id}

    def id_of(self, person: AccountRef) -> str | None:
        """As `Looked.id_of`, of one person."""
        return self.look([person]).id_of(person)
