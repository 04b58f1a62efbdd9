"""What somebody has heard of, kept with the message: they hear again when something is added, not when it gets less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from baton.jobs.offboarding.policy import Policy
from baton.model.effect import EffectState
from baton.store.effects import Made

_TO: Final = "-"


def as_heard(numbers: Sequence[int]) -> str:
    """Numbers, several of them maybe alike, in few characters: ``0 0 3-7 12``. What reads it is `adds`."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return " ".join(str(first) if first == last else f"{first}{_TO}{last}" for first, last in spans)


def adds(numbers: Sequence[int], heard: str) -> bool:
    """Whether there is any number beside those that were heard of, counting alike ones."""
    try:
        before = Counter(_numbers(heard))
    except ValueError:  # an older hub kept a digest here
        return True
    return bool(Counter(numbers) - before)


def unheard(policy: Policy, said: Made, now: datetime) -> bool:
    """Whether the newest message was refused on its way, long enough ago to be tried again: nobody has heard it."""
    return said.state is EffectState.REFUSED and now - said.at >= timedelta(hours=policy.deadlines.remind_every_h)


def _numbers(heard: str) -> Iterator[int]:
    for span in heard.split():
        first, to, last = span.partition(_TO)
        yield from range(int(first), int(last if to else first) + 1)
