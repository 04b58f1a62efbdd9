"""Our own container behind the seam: the same file format, written from pieces, opened for what was expected only."""

from __future__ import annotations

import io
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from baton.envelopes.hpf1 import Hpf1Sealer, Hpf1Unsealer
from baton.errors import TamperedError
from baton.sealed import InternalKey, Signer, X25519Opener, X25519Reader
from connectors.bank.host_to_host.bankside import unpack
from tests.envelopes import desk
from tests.envelopes.desk import LABEL, SIZES, content, refused, sealed

BANK, OWN = x25519.X25519PrivateKey.generate(), Signer("own-1", ed25519.Ed25519PrivateKey.generate())
TRUSTED = {"own-1": OWN.key.public_key()}
SEALER = Hpf1Sealer([X25519Reader("bank-1", BANK.public_key())], OWN)


def unsealer(sender: str = LABEL.sender, recipient: str = LABEL.recipient) -> Hpf1Unsealer:
    return Hpf1Unsealer(X25519Opener("bank-1", BANK), TRUSTED, sender=sender, recipient=recipient)


@pytest.mark.parametrize("size", SIZES)
def test_another_implementation_opens_it(size):
    plain = content(size)
    data = sealed(SEALER, plain)
    header, opened = unpack(data, BANK, TRUSTED)
    assert opened == plain == unsealer().open(LABEL.name, data)
    assert (header["name"], header["recipient"]) == (LABEL.name, LABEL.recipient)


def test_every_border_damaged_releases_nothing():
    data = sealed(SEALER, content(3 * 16_384 + 500))
    start = 8 + int.from_bytes(data[4:8], "big")
    chunks = [start + 56 + n * 16_400 for n in range(4)]
    wrong = list(desk.damaged(data, [4, 8, start, *chunks, len(data) - 64, len(data)]))
    assert len(wrong) > 70
    for what, broken in wrong:
        refused(unsealer(), broken, what)


def test_another_name_sender_or_recipient_is_refused():
    data = sealed(SEALER, b"content")
    refused(unsealer(sender="SOMEBODY"), data, "sender")
    refused(unsealer(recipient="SOMEBODY"), data, "recipient")
    with pytest.raises(TamperedError):
        unsealer().open("another name", data)


def test_content_that_can_be_read_once_only_is_refused_before_anything_is_written():
    out = io.BytesIO()
    with pytest.raises(ValueError, match="twice"):
        SEALER.seal(iter([b"x"]), out, LABEL)
    assert out.getvalue() == b""


def test_content_that_is_other_the_second_time_is_refused():
    class Changing:
        def __iter__(self):
            return iter([os.urandom(10)])

    with pytest.raises(TamperedError):
        SEALER.seal(Changing(), io.BytesIO(), LABEL)
    with pytest.raises(LookupError):
        SEALER.seal(desk.Broken(), io.BytesIO(), LABEL)


def test_two_files_of_the_same_content_have_different_keys():
    kek = InternalKey("kek-1", os.urandom(32))
    assert sealed(Hpf1Sealer([kek], OWN), b"x") != sealed(Hpf1Sealer([kek], OWN), b"x")
