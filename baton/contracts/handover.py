"""What a handover needs of a system: what somebody holds, passing it on, their rights, and telling people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from baton.contracts.base import Connector
from baton.model.account import AccountRef, Receipt
from baton.model.handover import (
    Activity,
    AddressKind,
    Blocker,
    Grant,
    GrantChange,
    Holding,
    HoldingKind,
    HoldingRef,
    Message,
    MessageForm,
    SessionEnd,
    Transfer,
    Undo,
)


class OwnershipStore(Connector):
    """A system in which records belong to somebody: clients, opportunities, orders, documents, groups.

    ``AccountRef`` names a person by employee number and, where the hub knows it, by their external id here.
    """

    transfers: ClassVar[Mapping[HoldingKind, Undo]]
    """The kinds that can be given to somebody else here, and whether that can be taken back."""
    transfer_limit: ClassVar[int]
    """The most transfers one call takes."""
    holders_limit: ClassVar[int] = 0
    """The most holdings one call of the vendor's tells the holders of; 0 where that is not known. With it the core
    spreads a large read-back over the threads of the system."""

    CHANGED: ClassVar[str] = "changed"
    """The code of a refusal because the holder is not (or no longer) the expected one."""

    @abstractmethod
    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """Everything this person owns that has to be passed on, page by page; each holding once.

        What a company leaves with whoever closed it (won and lost deals, closed tickets) is not given. A person
        without an account here owns nothing. Reading must show one whole picture or raise: a page that cannot be read
        is never left out.
        """

    @abstractmethod
    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """The external ids of who holds these now, in order; None for one that is gone or that nobody holds."""

    @abstractmethod
    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """Give holdings to their successors. One whose holder is the successor already is done.

        One that somebody else than the expected holder has is refused with `CHANGED` and left alone. Nothing but the
        holder changes: teams, shares and rules of the vendor that would act on a change of owner are held off.
        """


class OwnershipScan(ABC):
    """A system that can show in one pass what several people own: an hour costs pages, not people times kinds.

    A pass shows everything, not what is new since the last one. What a handover must see first of all is what went:
    given away, closed, deleted. None of it is left among somebody's records with a newer date, so that a question for
    changes would miss it; and what was read before is there to compare with.
    """

    @abstractmethod
    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """What `OwnershipStore.owned` gives for each of these people, with the holder's external id, page by page.

        The id is the one by which the person was asked for. What several of them hold is given once with each.
        Everybody named has an account here. The whole picture or an error, as there; a `RejectedError` is about one of
        them, and each is then asked for alone.
        """


class WorkSource(Connector):
    """A system in which work waits for a person: approvals, tasks, expenses, advances, assets."""

    work_kinds: ClassVar[frozenset[HoldingKind]]

    @abstractmethod
    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The open work of this person, page by page; each once."""


class WorkScan(ABC):
    """A system that can show in one pass the open work of several people: everything, as in `OwnershipScan`."""

    @abstractmethod
    def work_of(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """What `WorkSource.work` gives for each of these people, with whose it is; see `OwnershipScan.owned_by`."""


class WorkTransfer(WorkSource):
    """A system that can give open work to somebody else."""

    reassigns: ClassVar[Mapping[HoldingKind, Undo]]
    """The kinds it can give, and whether that can be taken back."""
    reassign_limit: ClassVar[int]

    @abstractmethod
    def workers(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """The external ids of who has this work now, in order; None for work that is finished or gone."""

    @abstractmethod
    def reassign(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """Give open work to its successors; the same promises as `OwnershipStore.transfer`."""


class TransferResults(ABC):
    """A system whose "ok" to a transfer is only a promise: the other side may still refuse."""

    @abstractmethod
    def transfer_results(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """What has become of accepted transfers: done, refused (by whom, in the code), or still accepted."""


class AccessControl(Connector):
    """A system that can say which rights a person has, and change them."""

    change_limit: ClassVar[int]
    """The most changes one call takes."""

    @abstractmethod
    def grants(self, person: AccountRef) -> Sequence[Grant]:
        """Every right of this person here. A person without an account has none."""

    @abstractmethod
    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Take rights away; one that the person does not have is done."""

    @abstractmethod
    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Give rights; one that the person has already is done."""


class RightsScan(ABC):
    """A system that can show in one pass which rights several people have."""

    @abstractmethod
    def grants_of(self, people: Sequence[AccountRef]) -> Sequence[Sequence[Grant]]:
        """What `AccessControl.grants` gives for each of these people, in order; see `OwnershipScan.owned_by`."""


class SessionControl(ABC):
    """A system that can log a person out everywhere."""

    @abstractmethod
    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        """End every session and token of these people; nobody logged in is done."""


class BlockerSource(ABC):
    """A system that refuses to close some accounts, and can be asked beforehand which."""

    by_hand: ClassVar[Sequence[Blocker]] = ()
    """What the vendor's interface tells of nobody: for everybody with an account here a person has to look. A ``ref``
    says only what kind of thing it is about."""

    @abstractmethod
    def blockers(self, person: AccountRef) -> Sequence[Blocker]:
        """What would keep this person's account from being closed, or their holdings from being passed on."""


class ActivitySource(ABC):
    """A system that keeps a history of who did what."""

    told_late: ClassVar[timedelta] = timedelta(0)
    """So long after it was done something may be told for the first time: once a day it is asked for again from so far
    back. What was told already is known by its id."""

    @abstractmethod
    def activities(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        """What was done in ``[since, until)`` to these clients by anyone, or by these people to anything.

        Each activity once, the earliest first; with neither clients nor people there is nothing.
        """


class Notifier(Connector):
    """A way to reach people: mail, an OA message, a text message."""

    message_limit: ClassVar[int]
    """The most messages one call takes."""
    addressed_by: ClassVar[AddressKind] = AddressKind.MAIL
    """What `Message.address` is here, unless people have accounts here (`AccountTarget`)."""
    form: ClassVar[MessageForm] = MessageForm.LETTER
    """How much of a message reaches the person. What must be said word for word goes through letters alone."""

    @abstractmethod
    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """Send messages. Done when the other side has taken it over; whether it was read is another matter.

        A `DeliveryRecord` says accepted instead: what became of it is told later.
        """


class DeliveryRecord(ABC):
    """A notifier whose other side can be asked what became of a message it has taken over."""

    NO_REPORT: ClassVar[str] = "no_report"
    """The code of a refusal because the time in which a delivery is told has passed, and nobody has told any."""

    @abstractmethod
    def deliveries(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """What has become of messages, in order, each found by its key.

        Done when it is with the person; refused when it will not be (by whom, in the code), or with `NO_REPORT`;
        accepted while it is under way; in doubt where the record has nothing of it (yet).
        """
