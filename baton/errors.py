"""Everything Baton raises on purpose, arranged by what to do next.

::

    BatonError
    ├── ConfigurationError      fix the listed faults; nothing was started
    │   └── RequestError        what was asked for names what is not there: ask again
    ├── FeedRefusedError        look at the source feed; nothing was compared
    ├── ConnectorError          raised by connectors, one per thing the engine can do about it
    │   ├── RetryableError      nothing happened: make the same call again later
    │   ├── RejectedError       this record (or this whole call) is wrong: never repeat it unchanged
    │   ├── InDoubtError        a write may have happened: look up before anything else
    │   └── HaltError           a person must act (credentials, permission, contract broken)
    │       └── WithheldError   a person must act about this call alone: the others go on
    ├── OrderRefusedError       the listed lines cannot be carried by the bank's format; no file was made
    ├── ApprovalError           this person may not decide this, or what they decided on has changed
    ├── TransitionError         an effect cannot go from its state to the one asked for
    ├── LeaseLostError          another worker owns this work now: drop it
    ├── UnstorableError         a text has a character that the database cannot hold: send it without
    └── TamperedError           a signature, a digest or an authenticated ciphertext does not hold

Every error carries a ``code`` (stable, for machines), a message (what happened) and, where one is known, a ``remedy``
(what to do). None of the three may contain a secret or personal data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class BatonError(Exception):
    """Base of all errors raised on purpose."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.remedy = remedy
        self.besides: dict[str, object] = {}
        """What a document for machines tells besides, by its key there: what was done before this was raised."""

    def __str__(self) -> str:
        return f"{self.message} — {self.remedy}" if self.remedy else self.message


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file a person wrote: where, which rule, what to do."""

    place: str
    """``file:line`` (or ``file`` when a line makes no sense)."""
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message} [{self.rule}]"


class ConfigurationError(BatonError):
    """One or many faults in settings, mappings or secrets, all reported at once."""

    code = "configuration"

    def __init__(self, faults: Sequence[Fault], *, outcome: str = "nothing was started") -> None:
        self.faults = tuple(faults)
        noun = "fault" if len(self.faults) == 1 else "faults"
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{len(self.faults)} {noun} in the configuration, {outcome}:\n{lines}")


class RequestError(ConfigurationError):
    """Somebody asked for a system or a person that there is not; all may be well with what is configured."""


@dataclass(frozen=True, slots=True)
class GuardBreach:
    """One source guard that a feed did not pass, with the figures."""

    guard: str
    message: str


class FeedRefusedError(BatonError):
    """The feed as a whole cannot be trusted; no record of it was compared or stored."""

    code = "feed_refused"

    def __init__(
        self,
        breaches: Sequence[GuardBreach],
        *,
        feed_digest: str,
        faults: Sequence[Fault] = (),
        acceptable: bool = True,
    ) -> None:
        self.breaches = tuple(breaches)
        self.feed_digest = feed_digest
        self.faults = tuple(faults)
        """The rows that cannot be used, with their places."""
        lines = "".join(f"\n  {breach.guard}: {breach.message}" for breach in self.breaches)
        rows = "".join(f"\n  {fault}" for fault in self.faults)
        # Without a digest (it ended before all of it was read) there is nothing that could be accepted by name; and
        # some feeds nobody may accept.
        named = feed_digest[:12]
        offer = f", or, after looking at it, accept this very feed with --accept-feed {named}"
        accept = offer if named and acceptable else ""
        super().__init__(
            f"{f'the feed {named}' if named else 'the feed'} was refused before any comparison:{lines}{rows}\n",
            remedy=f"have the export corrected{accept}",
        )


class ConnectorError(BatonError):
    """What went wrong between us and another system, as far as the engine needs to know."""

    code = "connector"


class RetryableError(ConnectorError):
    """The target did nothing. The same call may be made again, not before ``retry_after_s``."""

    code = "retryable"

    def __init__(
        self, message: str, *, code: str | None = None, remedy: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.retry_after_s = retry_after_s


class RejectedError(ConnectorError):
    """The target refused this call for what it contains; the next record may well pass."""

    code = "rejected"


class InDoubtError(ConnectorError):
    """The call may or may not have had its effect; only the target can tell."""

    code = "in_doubt"


class HaltError(ConnectorError):
    """No further call to this system makes sense until a person has acted."""

    code = "halt"


class WithheldError(HaltError):
    """This one call must not be made until a person has acted, and nothing of it has left; others may be."""

    code = "withheld"


class OrderRefusedError(BatonError):
    """A payment order that cannot be written as its bank wants it, with every line and rule."""

    code = "order_refused"

    def __init__(self, order: str, faults: Sequence[Fault]) -> None:
        self.order = order
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(
            f"the order {order} cannot be written, no file was made:\n{lines}\n",
            remedy="correct these lines at their source, or leave them out of this run",
        )


class ApprovalError(BatonError):
    """A decision that cannot be taken: wrong person, expired, or its object has changed."""

    code = "approval"


class TransitionError(BatonError):
    """An effect was asked to take a step its state does not allow."""

    code = "transition"


class LeaseLostError(BatonError):
    """This worker's claim has expired or was taken over; its outcome was not stored."""

    code = "lease_lost"


class UnstorableError(BatonError):
    """A text that was to be stored or looked for has a NUL in it, which PostgreSQL holds in no text."""

    code = "unstorable"


class TamperedError(BatonError):
    """Something that must verify does not: someone or something changed it."""

    code = "tampered"
