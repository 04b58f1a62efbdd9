"""Callbacks as WeCom makes them: encrypted, with a signature in the query of the address."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PATH = "/hooks/wecom"


class CallbackMaker:
    """Makes requests that a receiving address must accept."""

    def __init__(self, corp_id: str, token: str, aes_key: str, now: Callable[[], float]) -> None:
        self.corp_id, self._token, self._now = corp_id, token, now
        self._key = base64.b64decode(aes_key + "=")

    def event(self, fields: dict[str, str]) -> tuple[dict[str, str], bytes]:
        """A POST about an event: the pseudo-headers and the body. ``fields`` come after those all events have."""
        return self.enclose(self.message(fields))

    def message(self, fields: dict[str, str]) -> bytes:
        """The XML of an event before it is encrypted."""
        common = {
            "ToUserName": self.corp_id,
            "FromUserName": "sys",
            "CreateTime": str(int(self._now())),
            "MsgType": "event",
        }
        lines = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in {**common, **fields}.items())
        return f"<xml>{lines}</xml>".encode()

    def enclose(self, message: bytes) -> tuple[dict[str, str], bytes]:
        """A POST with any content."""
        sealed = self.seal(message)
        outer = (
            f"<xml><ToUserName><![CDATA[{self.corp_id}]]></ToUserName>"
            f"<Encrypt><![CDATA[{sealed}]]></Encrypt><AgentID><![CDATA[1000002]]></AgentID></xml>"
        )
        return self._headers("POST", self.signed(sealed)), outer.encode()

    def challenge(self, text: str) -> dict[str, str]:
        """The pseudo-headers of the GET with which WeCom checks an address."""
        sealed = self.seal(text.encode())
        return self._headers("GET", {**self.signed(sealed), "echostr": sealed})

    def signed(self, sealed: str) -> dict[str, str]:
        """The query parameters that sign a ciphertext."""
        stamp, nonce = str(int(self._now())), os.urandom(5).hex()
        parts = sorted([self._token, stamp, nonce, sealed])
        digest = hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324 - WeCom's own scheme
        return {"msg_signature": digest, "timestamp": stamp, "nonce": nonce}

    def seal(self, message: bytes, receive_id: str | None = None) -> str:
        """16 random bytes, the length, the message and the receiver's id, padded to 32, AES-256-CBC, base64."""
        receiver = (self.corp_id if receive_id is None else receive_id).encode()
        plain = os.urandom(16) + len(message).to_bytes(4, "big") + message + receiver
        count = 32 - len(plain) % 32
        encryptor = Cipher(algorithms.AES256(self._key), modes.CBC(self._key[:16])).encryptor()
        sealed = encryptor.update(plain + bytes([count]) * count) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    @staticmethod
    def _headers(method: str, params: dict[str, str]) -> dict[str, str]:
        return {":method": method, ":path": f"{PATH}?{urlencode(params)}", "Content-Type": "text/xml"}
