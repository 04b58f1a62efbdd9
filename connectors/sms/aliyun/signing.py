"""The vendor's signature V3 (ACS3-HMAC-SHA256) of a call without a body, its parameters in the query."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

ALGORITHM: Final = "ACS3-HMAC-SHA256"
_NO_BODY: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs calls to one host with one access key."""

    host: str
    key_id: str
    secret: str = field(repr=False)

    def headers(self, action: str, version: str, query: str, at: datetime, nonce: str) -> dict[str, str]:
        """What goes with ``POST /?query``. ``query`` must come from `canonical`; ``nonce`` is of this call alone."""
        named = {
            "host": self.host,
            "x-acs-action": action,
            "x-acs-content-sha256": _NO_BODY,
            "x-acs-date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": nonce,
            "x-acs-version": version,
        }
        signed = ";".join(named)  # they stand in alphabetical order above
        lines = "".join(f"{name}:{value}\n" for name, value in named.items())
        request = f"POST\n/\n{query}\n{lines}\n{signed}\n{_NO_BODY}"
        to_sign = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self.secret.encode(), to_sign.encode(), hashlib.sha256).hex()
        credential = f"Credential={self.key_id},SignedHeaders={signed},Signature={signature}"
        return {**named, "Authorization": f"{ALGORITHM} {credential}"}


def canonical(parameters: Mapping[str, str]) -> str:
    """Parameters as a query, sorted and encoded as the signature wants them (RFC 3986, ``~`` left alone)."""
    return "&".join(f"{quote(name, safe='~')}={quote(parameters[name], safe='~')}" for name in sorted(parameters))
