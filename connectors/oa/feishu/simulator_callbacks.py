"""Event callbacks as Feishu makes them: encrypted with the app's encrypt key and signed over the raw body."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class CallbackMaker:
    """Makes requests that an app's event address must accept."""

    def __init__(self, app_id: str, encrypt_key: str, verification_token: str, now: Callable[[], float]) -> None:
        self._app_id, self._key, self._token, self._now = app_id, encrypt_key, verification_token, now

    def event(self, kind: str, user: Mapping[str, Any], *, event_id: str = "") -> tuple[dict[str, str], bytes]:
        """A signed and encrypted version 2 callback about this user (native keys): headers and body."""
        header = {
            "event_id": event_id or os.urandom(16).hex(),
            "token": self._token,
            "create_time": str(int(self._now() * 1000)),
            "event_type": kind,
            "tenant_key": "synthetic-tenant",
            "app_id": self._app_id,
        }
        return self.sign(self.seal({"schema": "2.0", "header": header, "event": {"object": dict(user)}}))

    def challenge(self, text: str) -> tuple[dict[str, str], bytes]:
        """The encrypted, unsigned request with which Feishu checks a callback address."""
        asked = {"challenge": text, "token": self._token, "type": "url_verification"}
        return {"Content-Type": "application/json"}, self.seal(asked)

    def seal(self, content: Any) -> bytes:
        """The encrypted body: base64 of the IV and the AES-256-CBC ciphertext."""
        padder = padding.PKCS7(128).padder()
        padded = padder.update(orjson.dumps(content)) + padder.finalize()
        iv = os.urandom(16)
        key = hashlib.sha256(self._key.encode()).digest()
        encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
        sealed = base64.b64encode(iv + encryptor.update(padded) + encryptor.finalize()).decode()
        return orjson.dumps({"encrypt": sealed})

    def sign(self, body: bytes) -> tuple[dict[str, str], bytes]:
        """Headers that sign these very bytes."""
        stamp, nonce = str(int(self._now())), os.urandom(8).hex()
        digest = hashlib.sha256(f"{stamp}{nonce}{self._key}".encode())
        digest.update(body)
        headers = {
            "Content-Type": "application/json",
            "X-Lark-Request-Timestamp": stamp,
            "X-Lark-Request-Nonce": nonce,
            "X-Lark-Signature": digest.hexdigest(),
        }
        return headers, body
