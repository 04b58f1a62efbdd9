"""Replacing the key that signs the audit log: announced in the log first, then brought into its place.

===============================  =======================================================================
a rotation ended                 called again
===============================  =======================================================================
before the log has announced it  begins anew; the key that waits beside its place was never used
before the key is in its place   brings in the key that was announced, and makes no other
before it is published           publishes it, and makes no other
===============================  =======================================================================

So what the log says and the key in the file differ for no longer than it takes to call it again, and never in such a
way that a key signs of which the log has not told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.audit.checkpoint import Signer, Verifier
from baton.errors import ConfigurationError, Fault
from baton.hub import proof
from baton.hub.core import Hub
from baton.hub.keys import AUDIT_KEY, make_like, prepared
from baton.store.staging import sync_folder
from baton.store.trail import Entry, append, newest_entries
from baton.vault import FileSecrets

_KIND: Final = "keys"
"""Of the entries in the audit log that tell of keys, and of the lock under which they change."""
_WAITING: Final = f"{AUDIT_KEY[1]}.next"
_LOOKED_BACK: Final = 1_000
"""So many entries about keys there are at most between two of the audit key: each is written by hand."""


def rotate_audit_key(hub: Hub) -> str:
    """Sign with a new key from now on; its id. What the old one has signed stays verifiable.

    The log is signed with the old key first, so that nothing is left that only the new one could vouch for. The old
    public key stays in ``audit.pub`` with the moment from which it signs no more. Interrupted, it is called again.
    """
    path = _place(hub)
    if _only_published_is_missing(hub):
        proof.checkpoint(hub)
        return _in_use(hub).key_id
    proof.checkpoint(hub)
    hub.crash_point("audit_key_signed_off")
    _announce(hub, path)
    hub.crash_point("audit_key_announced")
    _bring_in(hub, path)
    hub.crash_point("audit_key_renewed")
    proof.checkpoint(hub)
    return _in_use(hub).key_id


def _place(hub: Hub) -> Path:
    """Where the key in use is kept; `ConfigurationError` where that is not among the secrets here."""
    path = hub.settings.hub.secrets_dir.joinpath(*AUDIT_KEY)
    kept = FileSecrets(hub.settings.hub.secrets_dir).get(*AUDIT_KEY)
    if kept is None or kept != hub.settings.vault.find(*AUDIT_KEY):
        message = f"the key in use does not come from {path}; replace it where it is kept, then: baton audit checkpoint"
        raise ConfigurationError([Fault(str(path), "key_elsewhere", message)])
    return path


def _in_use(hub: Hub) -> Verifier:
    return proof.signer(hub).verifier


def _only_published_is_missing(hub: Hub) -> bool:
    """Whether the key that the log announced last is in its place, and nobody outside has been told of it yet."""
    published = proof.published(hub)
    with hub.database.read() as connection:
        announced = _announced(connection)
    in_use = _in_use(hub)
    return published is not None and published.current != in_use and announced == in_use.key_id


def _announced(connection: sa.Connection) -> str:
    """The id of the key that the log has announced last; empty before the first rotation."""
    told = (body for _, body in newest_entries(connection, _KIND, _LOOKED_BACK))
    return next((str(body["audit_key"]) for body in told if "audit_key" in body), "")


def _announce(hub: Hub, path: Path) -> None:
    """Lay a new key beside the place of the old one, and say in the log that it comes. One that waits is kept."""
    with hub.database.write() as connection:
        hub.database.alone(connection, _KIND)
        waiting, former = path.with_name(_WAITING), _in_use(hub)
        if _waits(connection, waiting):
            return
        renewed = Signer.generate(former.name)
        with prepared(waiting, renewed.secret_text) as temporary:
            make_like(temporary, path)
            temporary.rename(waiting)
        sync_folder(path.parent)
        hub.crash_point("audit_key_waiting")
        body: dict[str, Json] = {"audit_key": renewed.verifier.key_id, "former": former.key_id}
        append(connection, [Entry(kind=_KIND, at=hub.clock.now(), body=body)])
        hub.crash_point("audit_key_announcing")


def _bring_in(hub: Hub, path: Path) -> None:
    """Put the key that was announced in its place; nothing where somebody else has done so just now."""
    with hub.database.write() as connection:
        hub.database.alone(connection, _KIND)
        waiting = path.with_name(_WAITING)
        if _waits(connection, waiting):
            waiting.rename(path)
            sync_folder(path.parent)


def _waits(connection: sa.Connection, waiting: Path) -> bool:
    """Whether the key that the log has announced last lies beside its place. Any other there is worth nothing."""
    try:
        text = waiting.read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return Signer.from_text(text).verifier.key_id == _announced(connection)
