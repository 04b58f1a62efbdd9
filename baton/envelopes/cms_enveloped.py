"""CMS (Auth)EnvelopedData: content under a key of its own, wrapped for each recipient (RFC 5652, 5083, 5084)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from secrets import token_bytes
from typing import Final

from baton.envelopes import der
from baton.envelopes.cms_ciphers import ContentCipher
from baton.envelopes.cms_keys import Receiver, Recipient, respelt
from baton.envelopes.der import CONSTRUCTED, CONTEXT, END, INDEFINITE, integer, oid, sequence

DATA_OID: Final = oid("1.2.840.113549.1.7.1")
_OPEN_SEQUENCE: Final = bytes([der.SEQUENCE]) + INDEFINITE
_OPEN_0: Final = bytes([CONTEXT | CONSTRUCTED]) + INDEFINITE


Put = Callable[[bytes | memoryview], object]
"""Where the encrypted file goes; what is put is good during the call only."""


def envelop(pieces: Iterable[bytes], cipher: ContentCipher, recipients: Sequence[Recipient], put: Put) -> None:
    """Write the encrypted file, piece by piece (BER of indefinite length: nothing has to be known in advance)."""
    if not recipients:
        raise ValueError("a file that nobody can open")
    data_key = token_bytes(cipher.key_bytes)
    encrypting = cipher.encrypting(data_key)
    infos = der.set_of(_recipient(recipient, data_key) for recipient in recipients)
    before = (_OPEN_SEQUENCE, cipher.envelope, _OPEN_0, _OPEN_SEQUENCE, integer(0), infos)
    put(b"".join((*before, _OPEN_SEQUENCE, DATA_OID, encrypting.algorithm, _OPEN_0)))
    for piece in pieces:
        _put_segment(encrypting.update(piece), put)
    _put_segment(encrypting.end(), put)
    put(END + END + encrypting.mac() + END + END + END)


def opened(data: bytes, ciphers: Sequence[ContentCipher], receivers: Sequence[Receiver]) -> bytes:
    """The content of a whole encrypted file. Raises ValueError; nothing is given out before the tag holds.

    Version 0: key transport to certificates named by issuer and serial number, which is what is agreed with a bank.
    """
    kind, wrapper = der.read(data).items(der.SEQUENCE, 2, 2)
    (body,) = wrapper.items(CONTEXT | CONSTRUCTED, 1, 1)
    version, *rest = body.items(der.SEQUENCE, 3)
    if version.number != 0:
        raise der.MalformedError("another version")
    if rest[0].tag == CONTEXT | CONSTRUCTED:  # originatorInfo: certificates we do not need
        rest = rest[1:]
    infos, content, *rest = rest
    inner, algorithm, encrypted = content.items(der.SEQUENCE, 3, 3)
    named, parameters = algorithm.items(der.SEQUENCE, 2, 2)
    cipher = next((each for each in ciphers if (each.envelope, each.oid) == (kind.raw, named.raw)), None)
    if cipher is None or inner.raw != DATA_OID:
        raise der.MalformedError("another kind of content, or another cipher")
    data_key = _data_key(infos, receivers)
    if len(data_key) != cipher.key_bytes:
        raise ValueError("a data key of another size")
    return cipher.decrypt(data_key, parameters, encrypted.octets(CONTEXT), tuple(rest))


def _put_segment(encrypted: bytes | memoryview, put: Put) -> None:
    if encrypted:
        put(bytes([der.OCTETS]) + der.length(len(encrypted)))
        put(encrypted)


def _recipient(recipient: Recipient, data_key: bytes) -> bytes:
    wrapped = der.element(der.OCTETS, recipient.wrap(data_key))
    return sequence(integer(0), recipient.identity, recipient.algorithm, wrapped)


def _data_key(infos: der.Node, receivers: Sequence[Receiver]) -> bytes:
    for info in infos.items(der.SET, 1):
        if info.tag != der.SEQUENCE:
            continue  # a recipient by another means than key transport
        version, identity, algorithm, wrapped = info.items(der.SEQUENCE, 4, 4)
        for receiver in receivers:
            if version.number == 0 and (identity.raw, respelt(algorithm)) == (receiver.identity, receiver.algorithm):
                return receiver.unwrap(wrapped.octets())
    raise ValueError("not for us")
