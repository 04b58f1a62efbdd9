"""The writes of one call on their way to their receipts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from baton.sdk import AccountWrite, ConnectorError, InDoubtError, Receipt

NO_ACCOUNT = Receipt.refused(
    "no_account",
    "no user carries this employee number",
    remedy="provision the person, or enter the number on the user in Salesforce",
)
AMBIGUOUS = Receipt.refused(
    "ambiguous_number",
    "several users carry this employee number",
    remedy="leave the number on one user only, then release the effect",
)
OTHER_NUMBER = Receipt.refused(
    "number_differs",
    "the mapping gives the number field another value than the employee number",
    remedy="take the number field out of the mapping: the hub fills it",
)
GIVEN_AWAY = Receipt.refused(
    "number_differs",
    "the linked user carries another employee number",
    remedy="reconcile to link the account anew, or correct the number in Salesforce",
)
NO_LOGIN = Receipt.refused(
    "no_login_record",
    "the user has no UserLogin record to freeze",
    remedy="freeze or unfreeze the user by hand: Setup > Users",
)
SHARED = Receipt.refused(
    "shared_user",
    "two people of this call are linked to one Salesforce user",
    remedy="find out whose user it is and correct the other link",
)


@dataclass
class Batch:
    """The writes of one call on their way: the user id of each, and what is settled already."""

    writes: Sequence[AccountWrite]
    users: dict[int, str] = field(default_factory=dict)
    settled: dict[int, Receipt] = field(default_factory=dict)
    written: bool = False
    """True once a call of this batch has been answered and may have changed something."""

    @property
    def open(self) -> list[int]:
        """The places in `writes` that are not settled."""
        return [i for i in range(len(self.writes)) if i not in self.settled]

    def receipts(self) -> list[Receipt]:
        """One per write, in order: what was settled on the way, done for the rest."""
        return [self.settled.get(i) or Receipt.done(self.users[i]) for i in range(len(self.writes))]

    @contextmanager
    def step(self) -> Iterator[None]:
        """One call. After an earlier one has written, its failing no longer means that nothing happened."""
        try:
            yield
        except ConnectorError as error:
            if not self.written or isinstance(error, InDoubtError):
                raise
            message = f"a later step of this call failed: {error.message}"
            raise InDoubtError(message, code=error.code, remedy=error.remedy) from error
