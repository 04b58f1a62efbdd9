"""The seam between the engine's one loop and what it works on: people's accounts, or segments of records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeAlias

from baton.model.account import Receipt
from baton.model.effect import Effect, EffectState
from baton.store.leases import CRASH_LIMIT, WAITING

CrashPoint: TypeAlias = Callable[[str], None]
"""Called at every step by name; a proof campaign makes it end the process there."""
Outcomes: TypeAlias = Sequence[tuple[Effect, Receipt]]
"""Every effect that was asked about, with what became of it."""


class Call(ABC):
    """Some claimed effects, ready to be performed or asked about."""

    effects: Sequence[Effect]
    """As they will be stored: with the digests of what is really about to be written."""

    @abstractmethod
    def send(self) -> Outcomes:
        """Perform the effects (all of one action).

        Raises `RetryableError` when nothing happened, `RejectedError` when the call as a whole is refused, `HaltError`
        when a person must act. Doubt about a write is a receipt.
        """

    @abstractmethod
    def look_up(self) -> Outcomes:
        """What became of effects in doubt."""

    @abstractmethod
    def results(self) -> Outcomes:
        """What has become of accepted effects."""


class Performer(ABC):
    """Turns claimed effects of one system into calls, and what the system answers into one receipt per effect."""

    batch_limit: int
    """The most effects one call takes."""
    whole_batches: bool = False
    """True when an unfinished batch must be repeated unchanged."""
    crash_limit: int = CRASH_LIMIT
    """After so many claims that ended without a receipt an effect is put aside as the likely cause."""
    gives_up: bool = True
    """False when no number of tries that came to nothing may end an effect: people have to end it, if anybody."""
    remedy: str = "the target never took it; mend the cause, then plan it anew"
    """What to do about an effect that was given up after so many tries."""
    ahead: int = 0
    """How many claimed batches may stand ready for each call under way, while these are as many as the system allows.

    Worth it where claiming and storing take a good part of the time of a call. What stands ready when the process dies
    is in doubt like what was sent: none where nobody can look it up.
    """
    wary: bool = False
    """True when nothing more is sent once a question ends in what a person must see to: a bank's forged answer."""
    blind: bool = False
    """True when nobody can tell what became of an effect in doubt but a person."""
    awaited: frozenset[EffectState] = WAITING
    """States in which an effect may get on within seconds, so that a run stays for it."""

    @abstractmethod
    def prepare(self, batch: Sequence[Effect]) -> Call:
        """Read what is needed to perform these effects. Whatever a connector raises here, nothing was sent."""

    def prepare_early(self, batches: Sequence[Sequence[Effect]]) -> list[Call] | None:
        """The calls for several batches, read for at once before their turn; None where that would be too early."""
        return None
