"""Public keys over the years: each counts for what was signed while it was in use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from baton.audit.checkpoint import Checkpoint, Signer
from baton.audit.public_keys import FormerKey, PublicKeys
from baton.errors import TamperedError

OLD, NEW, OTHER = (Signer("test/audit", seed * 32) for seed in (b"o", b"n", b"x"))
REPLACED = datetime(2026, 6, 1, tzinfo=UTC)
BEFORE, AFTER = REPLACED - timedelta(days=1), REPLACED + timedelta(days=1)
KEYS = PublicKeys(NEW.verifier, [FormerKey(OLD.verifier, REPLACED)])


def test_the_file_says_the_same_again_and_one_key_alone_is_such_a_file() -> None:
    assert PublicKeys.from_text(f"{KEYS}\n") == KEYS
    assert PublicKeys.from_text(f"{NEW.verifier}\n").verifiers == [NEW.verifier]
    assert PublicKeys.from_text(f"\ufeff{KEYS}\n") == KEYS, "as an editor has saved it"


@pytest.mark.parametrize(
    "text",
    ["", "x", f"{NEW.verifier}\n{OLD.verifier}", f"{NEW.verifier}\n{OLD.verifier} yesterday",
     f"{NEW.verifier}\n{OLD.verifier} 2026-06-01T00:00:00", f"{OLD.verifier} {REPLACED.isoformat()}"],
)  # fmt: skip
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(TamperedError):
        PublicKeys.from_text(text)


def test_a_key_that_takes_over_retires_the_one_before_it_once() -> None:
    first = PublicKeys(OLD.verifier)
    assert first.succeeded_by(OLD.verifier, REPLACED) is first
    assert first.succeeded_by(NEW.verifier, REPLACED) == KEYS
    again = KEYS.succeeded_by(OLD.verifier, AFTER)
    assert [key.verifier for key in again.former] == [NEW.verifier]


@pytest.mark.parametrize(
    ("signer", "at", "holds"),
    [(OLD, BEFORE, True), (OLD, REPLACED, True), (OLD, AFTER, False), (NEW, AFTER, True), (OTHER, BEFORE, False)],
)
def test_a_signature_holds_while_its_key_was_in_use(signer: Signer, at: datetime, holds: bool) -> None:
    note = signer.sign(Checkpoint("test/audit", 1, b"r" * 32, at))
    tries = [
        lambda: KEYS.require(b"thing-1", b"said", signer.vouch(b"thing-1", b"said"), at),
        lambda: KEYS.named("test/audit", signer.verifier.key_id, at),
        lambda: KEYS.open(note),
    ]
    for each in tries:
        if holds:
            each()
        else:
            with pytest.raises(TamperedError):
                each()


def test_a_signature_over_something_else_never_holds() -> None:
    with pytest.raises(TamperedError):
        KEYS.require(b"thing-1", b"other", OLD.vouch(b"thing-1", b"said"), BEFORE)
