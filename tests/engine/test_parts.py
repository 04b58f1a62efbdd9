"""A system with owned records and open work: each part of a batch keeps what it was told, whatever the other meets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from baton.contracts import Finding, OwnershipStore, Rate, WorkTransfer
from baton.engine.handovers import TransferAbility
from baton.errors import ConnectorError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import AccountRef, Outcome, Receipt
from baton.model.handover import HoldingKind, HoldingRef, Transfer, Undo
from tests.rig.targets import NoClient, NoSettings

OLD, NEW = AccountRef("0001", "old"), AccountRef("0002", "new")


def transfer(kind: HoldingKind, name: str) -> Transfer:
    return Transfer(name * 32, HoldingRef(kind, name), OLD, NEW, "batch")


CLIENTS = [transfer(HoldingKind.CLIENT, name) for name in ("c1", "c2")]
APPROVALS = [transfer(HoldingKind.APPROVAL, name) for name in ("a1", "a2")]
MIXED = [CLIENTS[0], APPROVALS[0], CLIENTS[1], APPROVALS[1]]


class Both(OwnershipStore, WorkTransfer):
    """Its two halves fail as they are told to."""

    title: ClassVar[str] = "A system with two halves"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1)
    transfers: ClassVar = {HoldingKind.CLIENT: Undo.REVERSIBLE}
    reassigns: ClassVar = {HoldingKind.APPROVAL: Undo.REVERSIBLE}
    transfer_limit: ClassVar[int] = 10
    reassign_limit: ClassVar[int] = 10

    def __init__(self, owned: Exception | None = None, work: Exception | None = None) -> None:
        super().__init__(NoSettings(), NoClient())  # type: ignore[arg-type]
        self.troubles = {"owned": owned, "work": work}

    def check(self) -> Sequence[Finding]:
        return []

    def _met(self, half: str) -> None:
        trouble = self.troubles[half]
        if trouble is not None:
            raise trouble

    def owned(self, person):
        return iter(())

    def work(self, person):
        return iter(())

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        self._met("owned")
        return [Receipt.accepted(each.ref.external_id) for each in transfers]

    def reassign(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        self._met("work")
        return [Receipt.done(each.ref.external_id) for each in transfers]

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        self._met("owned")
        return ["new" for _ in refs]

    def workers(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        self._met("work")
        return ["old" for _ in refs]


def outcomes(receipts: Sequence[Receipt]) -> list[Outcome]:
    return [receipt.outcome for receipt in receipts]


def test_each_transfer_has_its_own_receipt_in_the_order_of_the_writes() -> None:
    told = TransferAbility(Both()).perform(MIXED)
    assert [receipt.external_id for receipt in told] == ["c1", "a1", "c2", "a2"]
    assert outcomes(told) == [Outcome.ACCEPTED, Outcome.DONE] * 2


@pytest.mark.parametrize(
    ("trouble", "then"),
    [
        (RetryableError("busy", code="busy"), Outcome.NOT_PERFORMED),
        (HaltError("no permission", code="permission"), Outcome.NOT_PERFORMED),
        (RejectedError("bad", code="bad"), Outcome.REFUSED),
        (InDoubtError("no answer", code="lost"), Outcome.IN_DOUBT),
        (KeyError("nobody foresaw this"), Outcome.IN_DOUBT),
    ],
)
def test_what_one_part_was_told_stays_when_the_next_fails(trouble: Exception, then: Outcome) -> None:
    told = TransferAbility(Both(work=trouble)).perform(MIXED)
    assert outcomes(told) == [Outcome.ACCEPTED, then] * 2


@pytest.mark.parametrize("ask", [lambda able: able.perform, lambda able: able.look_up])
def test_where_nothing_has_been_done_or_learnt_what_stops_the_system_comes_through(ask: Callable) -> None:
    busy = RetryableError("busy", code="busy")
    with pytest.raises(RetryableError):
        ask(TransferAbility(Both(owned=busy, work=busy)))(MIXED)
    with pytest.raises(RetryableError):
        ask(TransferAbility(Both(work=busy)))(APPROVALS)


@pytest.mark.parametrize("trouble", [RetryableError("busy", code="no"), HaltError("no permission", code="no")])
def test_doubt_about_one_part_is_no_doubt_about_the_other_and_never_a_loss(trouble: ConnectorError) -> None:
    told = TransferAbility(Both(work=trouble)).look_up(MIXED)
    assert outcomes(told) == [Outcome.DONE, Outcome.IN_DOUBT] * 2
    told = TransferAbility(Both(owned=trouble)).look_up(MIXED)
    assert outcomes(told) == [Outcome.IN_DOUBT, Outcome.NOT_PERFORMED] * 2
    assert told[0].code == "no"
