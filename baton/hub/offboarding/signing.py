"""Statements under the hub's signature, so that they can be checked wherever they are shown."""

from __future__ import annotations

from dataclasses import replace

from baton.hub.core import Hub
from baton.hub.proof import signer
from baton.model.case import STATEMENT_DOMAIN, Statement, statement_bytes


def signed(hub: Hub, said: Statement) -> Statement:
    """The statement with the hub's signature over all of it."""
    return replace(said, signature=signer(hub).vouch(STATEMENT_DOMAIN, statement_bytes(said)))
