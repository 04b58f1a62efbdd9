"""Replacing the key that signs the audit log."""

from __future__ import annotations

from baton.audit.canonical import Json
from baton.audit.checkpoint import Signer
from baton.errors import ConfigurationError, Fault
from baton.hub import proof
from baton.hub.core import Hub
from baton.hub.keys import AUDIT_KEY, prepared
from baton.store.trail import Entry, append
from baton.vault import FileSecrets


def rotate_audit_key(hub: Hub) -> str:
    """Sign with a new key from now on; its id. What the old one has signed stays verifiable.

    The log is signed with the old key first, so that nothing is left that only the new one could vouch for. The old
    public key stays in ``audit.pub`` with the moment from which it signs no more. Interrupted, it is called again.
    """
    path = hub.settings.hub.secrets_dir.joinpath(*AUDIT_KEY)
    kept = FileSecrets(hub.settings.hub.secrets_dir).get(*AUDIT_KEY)
    if kept is None or kept != hub.settings.vault.find(*AUDIT_KEY):
        message = f"the key in use does not come from {path}; replace it where it is kept, then: baton audit checkpoint"
        raise ConfigurationError([Fault(str(path), "key_elsewhere", message)])
    proof.checkpoint(hub)
    former = Signer.from_text(kept)
    renewed = Signer.generate(former.name)
    with hub.database.write() as connection:
        hub.database.alone(connection, "keys")
        body: dict[str, Json] = {"audit_key": renewed.verifier.key_id, "former": former.verifier.key_id}
        append(connection, [Entry(kind="keys", at=hub.clock.now(), body=body)])
        with prepared(path, renewed.secret_text) as temporary:
            temporary.rename(path)
    hub.crash_point("audit_key_renewed")
    proof.checkpoint(hub)
    return renewed.verifier.key_id
