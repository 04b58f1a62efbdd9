"""OAuth of the simulated org: two grants for a token, and the revocation endpoint."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx

if TYPE_CHECKING:
    from connectors.crm.salesforce.simulator import Simulator


class Access:
    """Who may call the org."""

    def __init__(self, org: Simulator) -> None:
        self._org = org
        self.sessions: set[str] = set()
        """Access tokens of the API client."""
        self.token_calls = 0

    def handle(self, request: httpx.Request, what: str) -> httpx.Response:
        """One request below ``/services/oauth2/``."""
        form = {k: v[0] for k, v in parse_qs(request.content.decode()).items()}
        if what == "revoke":
            gone = self._org.revoke_token(form.get("token", request.url.params.get("token", "")))
            return httpx.Response(200) if gone else httpx.Response(400, json={"error": "unsupported_token_type"})
        if what != "token":
            return httpx.Response(404)
        self.token_calls += 1
        grant = form.get("grant_type")
        if grant == "client_credentials":
            scheme, _, packed = request.headers.get("authorization", "").partition(" ")
            given = base64.b64decode(packed).decode() if scheme == "Basic" else ""
            given = given or f"{form.get('client_id')}:{form.get('client_secret')}"
            if given != ":".join(self._org.secrets.values()):
                return httpx.Response(400, json={"error": "invalid_client", "error_description": "invalid credentials"})
        elif grant != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return httpx.Response(400, json={"error": "unsupported_grant_type", "error_description": "not supported"})
        elif not self._assertion_holds(form.get("assertion", "")):
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "invalid assertion"})
        token = f"00DSIM!{self.token_calls}"
        self.sessions.add(token)
        base_url = self._org.base_url
        reply = {"access_token": token, "instance_url": base_url, "token_type": "Bearer"}
        return httpx.Response(200, json=reply | {"id": f"{base_url}/id/00DSIM/{self._org.me}"})

    def _assertion_holds(self, assertion: str) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa

        if self._org.jwt_key_pem is None or assertion.count(".") != 2:
            return False
        key = serialization.load_pem_public_key(self._org.jwt_key_pem.encode())
        head, claims, signature = (base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in assertion.split("."))
        signed = assertion.rpartition(".")[0].encode()
        try:
            assert isinstance(key, rsa.RSAPublicKey)
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return (json.loads(head)["alg"], json.loads(claims)["iss"]) == ("RS256", self._org.secrets["client_id"])
