"""Storing what became of claimed effects: when each is tried again, when it is given up, and what a report says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from baton.engine.calls import blamed
from baton.engine.performer import Outcomes
from baton.engine.report import Report
from baton.engine.workplace import Workplace
from baton.errors import ConnectorError, RetryableError
from baton.model.account import Outcome, Receipt
from baton.model.effect import Effect, EffectState
from baton.store import tallies
from baton.store.leases import Settlement
from baton.telemetry import count_effects
from baton.whole_text import COMPLAINT, is_whole

UNSENT = "unsent"
"""What a report calls effects that were claimed and given back before anything of them left."""


class Storing:
    """Outcomes of one system's effects on their way into the store."""

    def __init__(self, place: Workplace) -> None:
        self.place = place

    def store(self, outcomes: Outcomes, report: Report, *, counted: bool = True) -> None:
        """Store a receipt for each; one whose effect somebody else owns by now is dropped, and counted as lost.

        Not ``counted`` is a try that failed for the system, not for its effects: it brings none of them to its end.
        """
        place = self.place
        settlements = [self._settlement(effect, receipt, counted) for effect, receipt in outcomes]
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

    def store_failure(self, batch: Sequence[Effect], error: ConnectorError, report: Report) -> None:
        """Store that a call came to nothing as a whole: its system is away, throttles, or lets nobody in.

        No effect is to blame for that, however long it lasts; but one that fails alone while others get through is.
        """
        throttled = isinstance(error, RetryableError) and bool(error.retry_after_s)
        alone = len(batch) == 1 or self.place.performer.whole_batches  # a file is one thing, whoever is in it
        counted = alone and not throttled and self._others_get_through()
        self.store([(effect, blamed(error)) for effect in batch], report, counted=counted)

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

    def _others_get_through(self) -> bool:
        """Whether the system has done anything lately: within the longest that something is left alone."""
        now, longest = self.place.clock.now(), timedelta(seconds=self.place.pace.longest_backoff_s)
        with self.place.database.read() as connection:
            last = tallies.last_done(connection, self.place.system, now)
        return last is not None and now - last <= longest

    def _settlement(self, effect: Effect, receipt: Receipt, counted: bool) -> Settlement:
        pace = self.place.pace
        if not _legible(receipt):
            receipt = _ILLEGIBLE
        if receipt.outcome is Outcome.NOT_PERFORMED:
            return self._again(effect, receipt, counted)
        if receipt.outcome in (Outcome.IN_DOUBT, Outcome.ACCEPTED):
            if effect.state is EffectState.IN_DOUBT and self.place.performer.blind:
                return Settlement(effect, receipt, pace.longest_backoff_s)  # a person will have to look
            waited = effect.state in (EffectState.IN_DOUBT, EffectState.ACCEPTED)
            later_s = self.backoff_s(effect.attempts) if waited else 0.0
            return Settlement(effect, receipt, receipt.retry_after_s or later_s)
        return Settlement(effect, receipt)

    def _again(self, effect: Effect, receipt: Receipt, counted: bool) -> Settlement:
        """It has not happened: when it is tried again, or that it is given up as what the target never takes."""
        if not counted:  # claims are what grows with every failure
            return Settlement(effect, receipt, receipt.retry_after_s or self.backoff_s(effect.epoch), counted=False)
        performer, limit = self.place.performer, self.place.pace.attempt_limit
        wait_s = receipt.retry_after_s or self.backoff_s(effect.attempts)
        if effect.attempts < limit or not performer.gives_up:
            return Settlement(effect, receipt, wait_s)
        # What is lost on its way again and again is lost for a system that is too slow, unless others get through.
        if effect.state is EffectState.IN_DOUBT and not self._others_get_through():
            return Settlement(effect, receipt, wait_s, counted=False)
        return Settlement(effect, Receipt.refused(receipt.code, receipt.message, remedy=performer.remedy))


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
