"""CMS behind the seam: SignedData inside AuthEnvelopedData with AES-256-GCM, as ``openssl cms`` opens and verifies it.

What is inside is a complete SignedData file, so that two ordinary steps open it: decrypt, then verify. Content in
EnvelopedData (CBC) is neither written nor believed: nobody would notice a change in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from baton.envelopes.cms_ciphers import AES256_GCM, ContentCipher
from baton.envelopes.cms_enveloped import envelop, opened
from baton.envelopes.cms_keys import Receiver, Recipient, Signatory, Trusted
from baton.envelopes.cms_signed import SHA256, DigestKind, signed, verified
from baton.envelopes.seam import (
    OPENED_LIMIT_BYTES,
    Label,
    Outlet,
    Passing,
    Sealed,
    Sealer,
    Unsealer,
    gathered,
    not_verified,
)


class CmsSealer(Sealer):
    """Signs in one name, encrypts for these recipients. The label's moment is signed with it; the rest is not."""

    profile = "cms"
    suffix = ".p7m"
    digest: DigestKind = SHA256

    def __init__(
        self, recipients: Sequence[Recipient], signatory: Signatory, cipher: ContentCipher = AES256_GCM
    ) -> None:
        self._recipients, self._signatory, self._cipher = recipients, signatory, cipher

    def seal(self, plain: Iterable[bytes], out: BinaryIO, label: Label) -> Sealed:
        """As in `Sealer`; ``plain`` is iterated once."""
        passing, outlet = Passing(), Outlet(out)
        inside = signed(map(passing.seen, gathered(plain)), self.digest, self._signatory, label.created)
        envelop(inside, self._cipher, self._recipients, outlet.write)
        return outlet.sealed(passing.sha256, passing.count)


class CmsUnsealer(Unsealer):
    """Opens what is encrypted for us and signed by one of the trusted parties."""

    profile = "cms"
    digest: DigestKind = SHA256

    def __init__(
        self,
        receivers: Sequence[Receiver],
        trusted: Sequence[Trusted],
        ciphers: Sequence[ContentCipher] = (AES256_GCM,),
    ) -> None:
        self._receivers, self._trusted, self._ciphers = receivers, trusted, ciphers

    def open(self, name: str, data: bytes) -> bytes:
        """As in `Unsealer`. CMS carries no file name, so the content has to say what it is."""
        if len(data) > OPENED_LIMIT_BYTES:
            raise not_verified()
        try:
            inside = opened(data, self._ciphers, self._receivers)
            return verified(inside, self.digest, self._trusted)
        except ValueError:
            raise not_verified() from None
