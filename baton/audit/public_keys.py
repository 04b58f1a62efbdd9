"""The public keys of one log: the one in use, and those before it, each with the moment from which it signs no more.

As a file (``audit.pub``) one key a line, the one in use first; a former one is followed by a space and that moment::

    baton.example/audit+1f2e3d4c+AX…
    baton.example/audit+9a8b7c6d+AY… 2026-11-26T09:00:00+00:00

Whoever is to check what the hub has signed over the years is given this file. A former key proves nothing that is dated
after its retirement, so that one which has leaked since is worth nothing to its thief but for dates before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from baton.audit.checkpoint import Checkpoint, Verifier, open_note
from baton.errors import TamperedError

_MARK: Final = "\ufeff"
"""A byte order mark, as editors put it before a text; nobody sees it."""


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A key that has been replaced."""

    verifier: Verifier
    retired_at: datetime


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """All public keys of one log."""

    current: Verifier
    former: Sequence[FormerKey] = ()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From the lines of such a file; raises `TamperedError` for what is none."""
        current, *former = [line for line in text.removeprefix(_MARK).strip().split("\n") if line.strip()] or [""]
        return cls(Verifier.from_text(current), [_former(line) for line in former])

    def __str__(self) -> str:
        lines = [str(self.current)]
        lines += [f"{key.verifier} {key.retired_at.astimezone(UTC).isoformat()}" for key in self.former]
        return "\n".join(lines)

    @property
    def verifiers(self) -> list[Verifier]:
        """All of them, the one in use first."""
        return [self.current, *(key.verifier for key in self.former)]

    def succeeded_by(self, key: Verifier, at: datetime) -> PublicKeys:
        """The same keys with this one in use from now on; as they are where it is already."""
        if key == self.current:
            return self
        before = [each for each in self.former if each.verifier != key]
        return PublicKeys(key, [FormerKey(self.current, at), *before])

    def named(self, name: str, key_id: str, at: datetime) -> Verifier:
        """The key of that name and short id; `TamperedError` where there is none, or it signed no more at that time."""
        for verifier, retired_at in self._known():
            if (verifier.name, verifier.key_id) == (name, key_id):
                if retired_at is not None and at > retired_at:
                    message = f"key {key_id} was replaced on {retired_at:%Y-%m-%d %H:%M} UTC, before this was signed"
                    raise TamperedError(message, code="wrong_key")
                return verifier
        known = ", ".join(f"{key.name} (key {key.key_id})" for key in self.verifiers)
        raise TamperedError(f"it is signed by {name} (key {key_id}), not by {known}", code="wrong_key")

    def require(self, domain: bytes, content: bytes, signature: bytes, at: datetime) -> None:
        """Raise `TamperedError` unless one of the keys that signed at that time has made this signature."""
        refusal = TamperedError("none of these keys signed at that time", code="wrong_key")
        for verifier, retired_at in self._known():
            if retired_at is None or at <= retired_at:
                try:
                    verifier.require(domain, content, signature)
                except TamperedError as error:
                    refusal = error
                else:
                    return
        raise refusal

    def open(self, note: bytes) -> Checkpoint:
        """What a signed checkpoint says; `TamperedError` as from `open_note`, or where its key signed no more then."""
        at = open_note(note, self.verifiers).at
        fitting = [verifier for verifier, retired_at in self._known() if retired_at is None or at <= retired_at]
        return open_note(note, fitting)

    def _known(self) -> list[tuple[Verifier, datetime | None]]:
        return [(self.current, None), *((key.verifier, key.retired_at) for key in self.former)]


def _former(line: str) -> FormerKey:
    key, _, moment = line.partition(" ")
    try:
        retired_at = datetime.fromisoformat(moment.strip())
    except ValueError:
        raise TamperedError("a former key must be followed by when it was replaced", code="malformed") from None
    if retired_at.tzinfo is None:
        raise TamperedError("when a key was replaced must have a time zone", code="malformed")
    return FormerKey(Verifier.from_text(key), retired_at)
