"""WeCom's callbacks: check, decrypt, answer, and turn into hints.

The signature and its ingredients stand in the query of the address, for the GET by which WeCom checks an address as
for the POST of an event. Everything unbelievable gets the same answer, whatever the reason, so that the answer tells a
stranger nothing about the padding of a forged ciphertext. Age is no reason: a redelivery carries the time of the event.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

from baton.sdk import Hint, HintReply
from connectors.oa.wecom.members import Names

BODY_LIMIT: Final = 256 * 1024
_BLOCK: Final = 16
_PADDING: Final = 32
_HEAD: Final = 16
_LENGTH: Final = 4
_TEXT_LIMIT: Final = 512
_RELEVANT: Final = frozenset(
    {"change_contact", "change_external_contact", "change_external_chat", "sys_approval_change"}
)
_IDENTIFYING: Final = (
    "Event", "ChangeType", "UserID", "NewUserID", "ExternalUserID", "ChatId", "Id", "TagId", "FailReason", "CreateTime"
)  # fmt: skip
_PLAIN: Final = "text/plain; charset=utf-8"
_REFUSED: Final = HintReply(401, b"not accepted", content_type=_PLAIN)
_MALFORMED: Final = HintReply(400, b"malformed", content_type=_PLAIN)
_TOO_LARGE: Final = HintReply(413, b"too large", content_type=_PLAIN)
_NOT_CONFIGURED: Final = HintReply(403, b"callbacks are not configured", content_type=_PLAIN)
_SUCCESS: Final = b"success"


class Callbacks:
    """The receiving end of one app, or of the contact sync."""

    def __init__(self, corp_id: str, token: str, aes_key: str, names: Names) -> None:
        self._corp_id = corp_id
        self._token = token
        self._key = _key(aes_key)
        self._names = names

    @property
    def configured(self) -> bool:
        """True when both secrets are there and usable; without them every callback is refused."""
        return bool(self._token and self._key)

    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        """Answer one callback; whatever comes in, nothing is raised."""
        if len(body) > BODY_LIMIT:
            return _TOO_LARGE
        if not self.configured:
            return _NOT_CONFIGURED
        query = _query(headers)
        if headers.get(":method") == "GET":
            echoed = self._opened(query, query.get("echostr", ""))
            return _REFUSED if echoed is None else HintReply(200, echoed, content_type=_PLAIN)
        outer = _xml(body)
        if outer is None or not outer.get("Encrypt"):
            return _MALFORMED
        message = self._opened(query, outer["Encrypt"])
        if message is None or outer.get("ToUserName", self._corp_id) != self._corp_id:
            return _REFUSED
        event = _xml(message)
        return _MALFORMED if event is None else self._reply(event)

    def _reply(self, event: Mapping[str, str]) -> HintReply:
        kind, change = event.get("Event", ""), event.get("ChangeType", "")
        if kind not in _RELEVANT:
            return HintReply(200, _SUCCESS, content_type=_PLAIN)
        if any(len(event.get(name, "")) > _TEXT_LIMIT for name in _IDENTIFYING) or not event.get("CreateTime"):
            return _MALFORMED
        hint = Hint(
            event_id=_event_id(event),
            kind=f"{kind}.{change}" if change else kind,
            numbers=self._numbers(event),
        )
        return HintReply(200, _SUCCESS, (hint,), content_type=_PLAIN)

    def _numbers(self, event: Mapping[str, str]) -> tuple[str, ...]:
        """The employee numbers an event names; none, which means everybody, where an id says no number."""
        ids = [event[name] for name in ("UserID", "NewUserID") if event.get(name)]
        numbers = [self._names.number_of(userid) for userid in ids]
        return () if None in numbers else tuple(number for number in numbers if number)

    def _opened(self, query: Mapping[str, str], sealed: str) -> bytes | None:
        """The message of a ciphertext that is signed and meant for us; None when there is none."""
        parts = sorted([self._token, query.get("timestamp", ""), query.get("nonce", ""), sealed])
        expected = hashlib.sha1("".join(parts).encode("utf-8", "replace")).hexdigest()  # noqa: S324 - WeCom's scheme
        given = query.get("msg_signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, expected.encode()):
            return None
        plain = _decrypted(sealed, self._key)
        if plain is None or len(plain) < _HEAD + _LENGTH:
            return None
        length = int.from_bytes(plain[_HEAD : _HEAD + _LENGTH], "big")
        rest = plain[_HEAD + _LENGTH :]
        return rest[:length] if rest[length:] == self._corp_id.encode() else None


def _query(headers: Mapping[str, str]) -> dict[str, str]:
    """The first value of each parameter of the address."""
    try:
        parsed = parse_qs(urlsplit(headers.get(":path", "")).query, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in parsed.items()}


def _xml(data: bytes) -> dict[str, str] | None:
    """The children of a flat document, by name. One with a document type, or deeper than texts, is no callback."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return None
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.getroottree().docinfo.doctype or root.tag != "xml":
        return None
    return {child.tag: _text(child) for child in root if isinstance(child.tag, str)}


def _text(element: Any) -> str:
    return (element.text or "").strip() if len(element) == 0 else ""


def _event_id(event: Mapping[str, str]) -> str:
    """The same for every delivery of one event: WeCom gives events no id."""
    named = "\x1f".join(event.get(name, "") for name in _IDENTIFYING)
    return hashlib.sha256(named.encode()).hexdigest()[:48]


def _key(aes_key: str) -> bytes:
    """The 32 bytes behind the 43 characters; empty when they are none."""
    try:
        key = base64.b64decode(f"{aes_key}=".encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return b""
    return key if len(key) == _PADDING else b""


def _decrypted(sealed: str, key: bytes) -> bytes | None:
    try:
        raw = base64.b64decode(sealed.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    if not raw or len(raw) % _BLOCK:
        return None
    # CBC without a tag is WeCom's choice; the signature over the ciphertext is what authenticates.
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(key[:_BLOCK])).decryptor()
    padded = decryptor.update(raw) + decryptor.finalize()
    count = padded[-1]
    if not 1 <= count <= _PADDING or padded[-count:] != bytes([count]) * count:
        return None
    return padded[:-count]
