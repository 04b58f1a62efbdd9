"""Storing what became of claimed effects: when each is tried again, when it is given up, and what a report says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from baton.engine.performer import Outcomes
from baton.engine.report import Report
from baton.engine.workplace import Workplace
from baton.model.account import Outcome, Receipt
from baton.model.effect import Effect, EffectState
from baton.store.leases import Settlement
from baton.telemetry import count_effects
from baton.whole_text import COMPLAINT, is_whole

UNSENT = "unsent"
"""What a report calls effects that were claimed and given back before anything of them left."""


class Storing:
    """Outcomes of one system's effects on their way into the store."""

    def __init__(self, place: Workplace) -> None:
        self.place = place

    def store(self, outcomes: Outcomes, report: Report) -> None:
        """Store a receipt for each; one whose effect somebody else owns by now is dropped, and counted as lost."""
        place = self.place
        settlements = [self._settlement(effect, receipt) for effect, receipt in outcomes]
        with place.database.write() as connection:
            after = place.leases.settle(connection, settlements)
            unresolved = [
                settlement.effect.number
                for settlement, state in zip(settlements, after, strict=True)
                if state is EffectState.DONE
                and not settlement.effect.references.keys() <= settlement.effect.digests.keys()
            ]
            place.leases.links.mark_dirty(connection, place.system, unresolved)
        for settlement, state in zip(settlements, after, strict=True):
            report.count(_told(settlement.effect, state))
            if state is not None:
                count_effects(place.system, settlement.effect.action.value, state.value)

    def put_back(self, unsent: Sequence[Effect], why: Receipt, report: Report, put_off_s: float = 0.0) -> None:
        """Give back what was claimed and has never left: no attempt, and so never a reason to give it up."""
        with self.place.database.write() as connection:
            back = self.place.leases.put_back(connection, [Settlement(effect, why, put_off_s) for effect in unsent])
        for state in back:
            report.count("lost" if state is None else UNSENT)

    def backoff_s(self, tries: int) -> float:
        """How long to leave something alone after so many tries."""
        longest = min(2.0 ** min(tries, 20), self.place.pace.longest_backoff_s)
        return longest * (0.5 + self.place.chance.random() / 2)

    def _settlement(self, effect: Effect, receipt: Receipt) -> Settlement:
        pace = self.place.pace
        if not _legible(receipt):
            receipt = _ILLEGIBLE
        if receipt.outcome is Outcome.NOT_PERFORMED:
            if effect.attempts >= pace.attempt_limit:
                given_up = Receipt.refused(
                    receipt.code, receipt.message, remedy="the target never took it; mend the cause, then reconcile"
                )
                return Settlement(effect, given_up)
            return Settlement(effect, receipt, receipt.retry_after_s or self.backoff_s(effect.attempts))
        if receipt.outcome in (Outcome.IN_DOUBT, Outcome.ACCEPTED):
            if effect.state is EffectState.IN_DOUBT and self.place.performer.blind:
                return Settlement(effect, receipt, pace.longest_backoff_s)  # a person will have to look
            waited = effect.state in (EffectState.IN_DOUBT, EffectState.ACCEPTED)
            return Settlement(effect, receipt, self.backoff_s(effect.attempts) if waited else 0.0)
        return Settlement(effect, receipt)


_ILLEGIBLE: Final = Receipt.in_doubt("illegible", f"what the target said of this {COMPLAINT}")


def _legible(receipt: Receipt) -> bool:
    """Whether it can be stored: one that could not would take those of all other effects with it."""
    said = (receipt.external_id or "", receipt.code, receipt.message, receipt.remedy, *receipt.evidence.values())
    return all(is_whole(text) for text in said)


def _told(effect: Effect, after: EffectState | None) -> str:
    """What a report calls an outcome. A doubt that ends in "it did not arrive" is an answer, not a failed write."""
    if after is None:
        return "lost"
    if after is not EffectState.PLANNED:
        return after.value
    return "resend" if effect.state is EffectState.IN_DOUBT else "retry"
