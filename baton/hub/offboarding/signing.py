"""Statements under the hub's signature, so that they can be checked wherever they are shown."""

from __future__ import annotations

from dataclasses import replace

from baton.audit.checkpoint import Signer
from baton.model.case import STATEMENT_DOMAIN, Statement, statement_bytes


def signed(key: Signer, said: Statement) -> Statement:
    """The statement with the hub's signature (`baton.hub.proof.signer`) over all of it."""
    return replace(said, signature=key.vouch(STATEMENT_DOMAIN, statement_bytes(said)))
