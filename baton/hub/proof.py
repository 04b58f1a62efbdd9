"""The audit log at work: signing checkpoints, exporting, verifying against the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.audit.checkpoint import Checkpoint, CheckpointFolder, Signer, Verifier
from baton.audit.public_keys import PublicKeys
from baton.audit.verify import Report
from baton.errors import ConfigurationError, Fault, TamperedError
from baton.hub.core import Hub
from baton.hub.keys import AUDIT_KEY, prepared
from baton.store.trail import Entry, append, log, newest_moment


def signer(hub: Hub) -> Signer:
    """The key that signs checkpoints. `ConfigurationError` where there is none, or only one that has been replaced.

    What a replaced key signs now looks made by whoever has got hold of an old copy of it, and proves nothing.
    """
    known = published(hub)  # before the key: one that is being replaced is in its place before it is published
    text = hub.settings.vault.find(*AUDIT_KEY)
    if text is None:
        message = "there is no key for the audit log; make one with: baton keys init"
        raise ConfigurationError([Fault(str(hub.settings.file), "no_audit_key", message)])
    key = Signer.from_text(text)
    if known is not None and key.verifier in [each.verifier for each in known.former]:
        message = (
            f"the key in use ({key.verifier.key_id}) was replaced by another ({known.current.key_id}), and signs no "
            "more: it comes from an old copy. Put the newest copy of it back; where there is none, take this one away "
            "and make a new one with baton keys init. Looked for in: "
            + "; ".join(hub.settings.vault.places(*AUDIT_KEY))
        )
        raise ConfigurationError([Fault("/".join(AUDIT_KEY), "old_audit_key", message)])
    return key


def public_keys(hub: Hub) -> PublicKeys:
    """The public keys of this hub. One that has been replaced since the last checkpoint is retired from now on."""
    now_in_use, known = signer(hub).verifier, published(hub)
    if known is None or known.current == now_in_use:
        return known or PublicKeys(now_in_use)
    return known.succeeded_by(now_in_use, max([hub.clock.now(), *_signed_at(hub, known, now_in_use)]))


def _signed_at(hub: Hub, known: PublicKeys, now_in_use: Verifier) -> Iterator[datetime]:
    """The moments at which something was signed: a key that is retired before one would leave it worth nothing.

    They are ahead where the clock was, and has been set right. Of what has no file here (the manifest of a backup, a
    certificate) the log tells.
    """
    from baton.hub.keeping import ledger  # which signs with what is here

    yield from folder(hub).moments([now_in_use, *known.verifiers])
    with hub.database.read() as connection:
        told = newest_moment(connection)
    if told is not None:
        yield told
    yield from (each.erased_at for each in ledger.vouched(hub, known))


def published(hub: Hub) -> PublicKeys | None:
    """The public keys as they were given to others with the last checkpoint; None before the first."""
    try:
        return PublicKeys.from_text(_public_file(hub).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _public_file(hub: Hub) -> Path:
    return hub.state_dir / "audit.pub"


def _publish(hub: Hub, keys: PublicKeys) -> None:
    """Write the file of public keys, whole or not at all: nothing could be signed beside half of it."""
    if published(hub) == keys:
        return
    place = _public_file(hub)
    with prepared(place, f"{keys}\n") as temporary:
        temporary.chmod(0o644)
        temporary.rename(place)


def folder(hub: Hub) -> CheckpointFolder:
    """Where checkpoints are kept, outside the database; copy them to where the hub cannot rewrite them."""
    return CheckpointFolder(hub.state_dir / "checkpoints")


def checkpoint(hub: Hub) -> tuple[Checkpoint, Path]:
    """Sign the log as it is now; the checkpoint and its file.

    Raises `TamperedError` when the log no longer contains what was signed before.
    """
    key, keys = signer(hub), public_keys(hub)
    place = folder(hub)
    with hub.database.read() as connection:
        former = keys.verifiers[1:]
        signed = place.issue(key, log.leaves(connection), hub.clock.now(), former=former)
    _publish(hub, keys)
    return signed, max(place.path.glob("checkpoint-*.txt"))


def tell_of_newer(hub: Hub, connection: sa.Connection, size: int) -> int:
    """After a restore: say in the log that the checkpoints of a log larger than the one restored are set aside.

    Returns how many there are; `set_aside` then moves them. The entry names the newest, so that whoever has a copy of
    it can tell a restore from a cut tail.
    """
    _, aside = folder(hub).up_to(size, public_keys(hub).verifiers)
    if aside:
        newest = aside[-1]
        body: dict[str, Json] = {
            "checkpoints": len(aside),
            "newest": newest.size,
            "root": newest.root.hex(),
            "kept": size,
        }
        append(connection, [Entry(kind="checkpoints_set_aside", at=hub.clock.now(), body=body)])
    return len(aside)


def set_aside(hub: Hub, size: int) -> None:
    """Put those checkpoints apart. They stay valid for what they signed.

    Until it is sure that the restored log takes the place of the one they were made of, they must stay: they are what
    shows that somebody has changed that one.
    """
    folder(hub).set_aside(size, public_keys(hub).verifiers, hub.clock.now())


def require_sound(hub: Hub) -> None:
    """Raise `TamperedError` unless the log in the database holds against itself and every checkpoint kept.

    Those of a larger log are left out: it was set back, and they are about to be set aside.
    """
    keys = public_keys(hub)
    with hub.database.read_at_once() as connection:
        notes, _ = folder(hub).up_to(log.head(connection).size, keys.verifiers)
        report = log.verify_database(connection, keys, notes)
    if report.findings:
        raise TamperedError(
            f"the audit log does not hold: {report.findings[0]}",
            code="inconsistent",
            remedy="baton audit verify shows all of it; after a restore: use another backup",
        )


def export(hub: Hub, file: BinaryIO) -> int:
    """Write the whole log as JSON lines, for a verifier that has no access to the database."""
    with hub.database.read() as connection:
        return log.export(connection, file)


def verify(hub: Hub, keys: PublicKeys | None = None, notes: Sequence[bytes] = ()) -> Report:
    """Check the log in the database against itself and against every checkpoint kept, and those that are brought along.

    ``keys`` are believed instead of those the hub has itself.
    """
    with hub.database.read_at_once() as connection:  # the log grows meanwhile: else it would not fit its head
        return log.verify_database(connection, keys or public_keys(hub), [*folder(hub).notes(), *notes])
