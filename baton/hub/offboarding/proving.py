"""Asking a system whether what it has called done is so: who holds a thing now, which rights a person has now."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from baton import tracing
from baton.contracts import AccessControl, OwnershipStore, TransferResults, WorkTransfer
from baton.engine.handovers import as_write
from baton.errors import BatonError, InDoubtError, RejectedError
from baton.hub.core import Hub
from baton.hub.offboarding.intentions import side
from baton.model.account import Outcome
from baton.model.effect import Effect
from baton.model.handover import HandoverAction, HoldingKind, HoldingRef, Transfer
from baton.store.effects import chunked

log = logging.getLogger("baton.offboarding")

Asked = TypeVar("Asked")
Shown = TypeVar("Shown")
_DECIDED: Final = (Outcome.DONE, Outcome.REFUSED)


@dataclass
class Proofs:
    """What the systems themselves have shown."""

    shown: dict[str, bool] = field(default_factory=dict)
    """Effect key -> whether it is as the effect wanted it. By effect, since the next one may want the opposite."""
    unread: dict[str, str] = field(default_factory=dict)
    """System -> why it could not be asked, or about whose rights it could not."""

    def of(self, effect: Effect) -> bool | None:
        """Whether the system shows that this has happened; None where it could not be asked."""
        return self.shown.get(effect.key)


def read_back(hub: Hub, done: Sequence[Effect]) -> Proofs:
    """Ask about effects that are done. What cannot be read is left out: its item stays where it is."""
    proofs = Proofs()
    by_system: dict[str, list[Effect]] = {}
    for effect in done:
        by_system.setdefault(effect.system, []).append(effect)
    for system, effects in by_system.items():
        try:
            rights = _rights(hub, system, effects)
            found = {**_given(hub, system, effects), **rights.shown}
        except BatonError as error:
            proofs.unread[system] = str(error)
        except Exception as error:  # noqa: BLE001 - a broken connector must not keep other systems and cases waiting
            log.error(  # noqa: TRY400 - a traceback with its message may hold personal data
                "%s: %s\n%s", system, tracing.place(error), tracing.whereabouts(error)
            )
            proofs.unread[system] = f"unexpected {tracing.place(error)}: see the log"
        else:
            proofs.shown.update(found)
            proofs.unread.update(rights.unread)
    return proofs


def _given(hub: Hub, system: str, effects: Sequence[Effect]) -> dict[str, bool]:
    """Transfers: the successor holds it."""
    transfers = [effect for effect in effects if effect.action is HandoverAction.TRANSFER]
    if not transfers:
        return {}
    connector = hub.connector(system)
    if isinstance(connector, TransferResults):  # it knows of both sides, where a client may have several holders
        receipts = connector.transfer_results(
            [write for write in map(as_write, transfers) if isinstance(write, Transfer)]
        )
        told = _paired(transfers, receipts)
        return {effect.key: receipt.outcome is Outcome.DONE for effect, receipt in told if receipt.outcome in _DECIDED}
    refs = {effect.key: _ref(effect) for effect in transfers}
    now_with = holders(hub, system, list(refs.values()))
    return {
        effect.key: now == side(effect, "successor").external_id
        for effect, now in zip(transfers, now_with, strict=True)
    }


def _rights(hub: Hub, system: str, effects: Sequence[Effect]) -> Proofs:
    """Rights: the person has it, or has it no more.

    Who may not be asked about keeps nobody else's rights unread. Nor does a refusal prove that they have none left: an
    account that carries another number may still be theirs, with the number mistyped.
    """
    changes = [effect for effect in effects if effect.action in (HandoverAction.REVOKE, HandoverAction.ENTITLE)]
    connector = hub.connector(system)
    if not changes or not isinstance(connector, AccessControl):
        return Proofs()
    having: dict[str, set[str]] = {}
    refused: dict[str, str] = {}
    for number, person in {person.number: person for person in (side(each, "person") for each in changes)}.items():
        try:
            having[number] = {grant.id for grant in connector.grants(person)}
        except RejectedError as error:
            refused[number] = str(error)
    shown = {
        effect.key: (effect.fields["grant_id"] in having[number]) is (effect.action is HandoverAction.ENTITLE)
        for effect in changes
        if (number := side(effect, "person").number) in having
    }
    why = "; ".join(f"rights of {number}: {told}" for number, told in sorted(refused.items()))
    return Proofs(shown, {system: why} if why else {})


def holders(hub: Hub, system: str, refs: Sequence[HoldingRef]) -> list[str | None]:
    """Who holds each of these now (external ids), as their system says; None for what is not there any more."""
    connector = hub.connector(system)
    found: dict[HoldingRef, str | None] = {}
    kinds = connector.reassigns if isinstance(connector, WorkTransfer) else {}
    work = [ref for ref in refs if ref.kind in kinds]
    owned = [ref for ref in refs if ref.kind not in kinds]
    if work and isinstance(connector, WorkTransfer):
        found.update(_paired(work, connector.workers(work)))
    if owned and isinstance(connector, OwnershipStore):
        shares = list(chunked(owned, connector.holders_limit or len(owned)))
        with ThreadPoolExecutor(min(hub.settings.system(system).threads, len(shares))) as pool:
            for share, shown in zip(shares, pool.map(connector.holders, shares), strict=True):
                found.update(_paired(share, shown))
    return [found[ref] for ref in refs]


def _paired(asked: Sequence[Asked], shown: Sequence[Shown]) -> list[tuple[Asked, Shown]]:
    if len(asked) != len(shown):
        raise InDoubtError("the target returned another number of answers", code="answers_mismatch")
    return list(zip(asked, shown, strict=True))


def _ref(effect: Effect) -> HoldingRef:
    return HoldingRef(HoldingKind(str(effect.fields["kind"])), str(effect.fields["external_id"]))
