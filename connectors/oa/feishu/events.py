"""Feishu's event callbacks: check, decrypt, answer, and turn into hints.

A callback is believed only if it is encrypted with our encrypt key, carries our verification token, and (unless it is
the challenge, which Feishu does not sign) is signed over its raw bytes. Everything unbelievable gets the same 4xx
answer, whatever the reason, so that the answer tells a stranger nothing about the padding of a forged ciphertext.
Repeats are not refused by age: Feishu redelivers for about seven hours, and whether a redelivery is signed anew is not
known. The hub's store drops an event id it has already seen.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from baton.sdk import Hint, HintReply

BODY_LIMIT: Final = 256 * 1024
_BLOCK: Final = 16
_TEXT_LIMIT: Final = 512
_RELEVANT: Final = ("contact.", "corehr.", "user_", "dept_", "contact_scope_")
_REFUSED: Final = HintReply(401, b'{"msg":"not accepted"}')
_MALFORMED: Final = HintReply(400, b'{"msg":"malformed"}')
_TOO_LARGE: Final = HintReply(413, b'{"msg":"too large"}')
_NOT_CONFIGURED: Final = HintReply(403, b'{"msg":"callbacks are not configured"}')
_SUCCESS: Final = b'{"msg":"success"}'


class Callbacks:
    """The receiving end of one app's event subscription."""

    def __init__(self, encrypt_key: str, verification_token: str, app_id: str) -> None:
        self._encrypt_key = encrypt_key
        self._token = verification_token
        self._app_id = app_id

    @property
    def configured(self) -> bool:
        """True when both secrets are there; without them every callback is refused."""
        return bool(self._encrypt_key and self._token)

    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        """Verify, decrypt and answer one callback; whatever comes in, nothing is raised."""
        if len(body) > BODY_LIMIT:
            return _TOO_LARGE
        if not self.configured:
            return _NOT_CONFIGURED
        outer = _object(body)
        sealed = outer.get("encrypt") if outer is not None else None
        if not isinstance(sealed, str):
            return _MALFORMED
        signature = _header(headers, "x-lark-signature")
        if signature and not self._signed(signature, headers, body):
            return _REFUSED
        event = _object(_opened(sealed, self._encrypt_key))
        if event is None or not self._ours(event):
            return _REFUSED
        if event.get("type") == "url_verification":
            return _challenge_reply(event)
        return _hint_reply(event) if signature else _REFUSED

    def _signed(self, signature: str, headers: Mapping[str, str], body: bytes) -> bool:
        prefix = _header(headers, "x-lark-request-timestamp") + _header(headers, "x-lark-request-nonce")
        expected = hashlib.sha256((prefix + self._encrypt_key).encode("utf-8", "replace") + body).hexdigest()
        return _same(signature, expected)

    def _ours(self, event: Mapping[str, Any]) -> bool:
        header = event.get("header")
        inner = header if isinstance(header, dict) else event
        token, app_id = inner.get("token"), inner.get("app_id")
        return isinstance(token, str) and _same(token, self._token) and app_id in (None, self._app_id)


def _challenge_reply(event: Mapping[str, Any]) -> HintReply:
    challenge = event.get("challenge")
    if not isinstance(challenge, str) or len(challenge) > _TEXT_LIMIT:
        return _MALFORMED
    return HintReply(200, orjson.dumps({"challenge": challenge}))


def _hint_reply(event: Mapping[str, Any]) -> HintReply:
    """One hint for a version 2 or version 1 event about people or departments; other events are taken and dropped."""
    inner = event.get("event")
    if not isinstance(inner, dict):
        return _MALFORMED
    header = event.get("header")
    if event.get("schema") == "2.0" and isinstance(header, dict):
        event_id, kind = header.get("event_id"), header.get("event_type")
        numbers = _numbers(inner)
    else:
        event_id, kind = event.get("uuid"), inner.get("type")
        numbers = ()
    if not _short_text(event_id) or not _short_text(kind):
        return _MALFORMED
    if not str(kind).startswith(_RELEVANT):
        return HintReply(200, _SUCCESS)
    return HintReply(200, _SUCCESS, (Hint(event_id=str(event_id), kind=str(kind), numbers=numbers),))


def _numbers(event: Mapping[str, Any]) -> tuple[str, ...]:
    """The employee numbers an event names: the present one, and the former one when it has just been changed."""
    found: list[str] = []
    for part in ("object", "old_object"):
        user = event.get(part)
        number = user.get("employee_no") if isinstance(user, dict) else None
        if _short_text(number) and number not in found:
            found.append(str(number))
    return tuple(found)


def _short_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _TEXT_LIMIT and "\x00" not in value


def _object(data: bytes | None) -> dict[str, Any] | None:
    """The JSON object in these bytes, or None; the parser itself refuses deep nesting and bad UTF-8."""
    if data is None:
        return None
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _opened(sealed: str, encrypt_key: str) -> bytes | None:
    """The plaintext of base64(IV ‖ AES-256-CBC, PKCS7), key = SHA-256 of the encrypt key; None when there is none."""
    try:
        raw = base64.b64decode(sealed.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    if len(raw) < 2 * _BLOCK or len(raw) % _BLOCK:
        return None
    key = hashlib.sha256(encrypt_key.encode()).digest()
    # CBC without a tag is Feishu's choice; the signature over the body is what authenticates.
    decryptor = Cipher(algorithms.AES(key), modes.CBC(raw[:_BLOCK])).decryptor()
    padded = decryptor.update(raw[_BLOCK:]) + decryptor.finalize()
    count = padded[-1]
    if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
        return None
    return padded[:-count]


def _header(headers: Mapping[str, str], name: str) -> str:
    for key, value in headers.items():
        if str(key).lower() == name:
            return str(value)
    return ""


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
