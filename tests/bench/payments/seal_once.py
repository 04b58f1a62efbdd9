"""One process that encrypts or seals so many bytes to nowhere: ``seal_once.py WHAT BYTES``. What is measured runs alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from baton.envelopes.cms import CmsSealer
from baton.envelopes.cms_ciphers import AES256_GCM
from baton.envelopes.cms_enveloped import envelop
from baton.envelopes.cms_keys import CertifiedSigner, RsaRecipient
from baton.envelopes.hpf1 import Hpf1Sealer
from baton.envelopes.seam import Label
from baton.sealed import Signer, X25519Reader, encrypt_chunks

BLOCK_BYTES = {"chunks": 1024 * 1024, "hpf1": 1024 * 1024, "gcm": 256 * 1024, "cms": 256 * 1024}
"""As large as the pieces that each envelope gathers."""
LABEL = Label("payment", "bench", "CUSTOMER", "BANK", datetime(2026, 1, 5, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Content:
    """The first so many bytes of a file, each time it is iterated."""

    path: Path
    size: int
    block_bytes: int

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as source:
            for _ in range(self.size // self.block_bytes):
                yield source.read(self.block_bytes)


def certified(name: str, key: RSAPrivateKey | None) -> tuple[x509.Certificate, object]:
    """A certificate of its own making; a new elliptic key when none is given."""
    private = key or generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    began = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).serial_number(7)
    builder = builder.not_valid_before(began).not_valid_after(began.replace(year=2046)).public_key(private.public_key())
    return builder.sign(private, SHA256()), private


def run(what: str, content: Content, out: BinaryIO, bank_key: Path) -> None:
    """Encrypt (``chunks``, ``gcm``) or sign and encrypt (``hpf1``, ``cms``)."""
    if what == "chunks":
        encrypt_chunks(content, os.urandom(32), b"bench", out.write)
        return
    if what == "hpf1":
        reader = X25519Reader("bank", X25519PrivateKey.generate().public_key())
        Hpf1Sealer([reader], Signer("own", Ed25519PrivateKey.generate())).seal(content, out, LABEL)
        return
    key = load_pem_private_key(bank_key.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    recipient = RsaRecipient(certified("Synthetic bank", key)[0])
    if what == "gcm":
        envelop(content, AES256_GCM, [recipient], out.write)
        return
    holder, private = certified("Synthetic company", None)
    CmsSealer([recipient], CertifiedSigner(holder, private)).seal(content, out, LABEL)  # type: ignore[arg-type]


if __name__ == "__main__":
    _, wanted, path, size, bank = sys.argv
    with Path(os.devnull).open("wb", buffering=0) as nowhere:
        run(wanted, Content(Path(path), int(size), BLOCK_BYTES[wanted]), nowhere, Path(bank))  # type: ignore[arg-type]
