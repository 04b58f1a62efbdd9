"""The Chinese algorithms behind the seam: SM4 and SM3 in CMS, with SM2 done by somebody else.

No well-kept library for SM2 exists in Python: `baton.envelopes.sm2` has OpenSSL's command do it, with keys from the
vault. Who keeps theirs in a device (a U-key, an HSM) brings a `Signatory` and a `Recipient` that ask that device, with
the user id agreed with the bank in the signature. Algorithms are named as in GM/T 0006, content types as in PKCS #7
(not as in GM/T 0010); whether a bank takes this framing is for its test round to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from baton.envelopes.cms import CmsSealer, CmsUnsealer
from baton.envelopes.cms_ciphers import SM4_CBC, SM4_GCM, ContentCipher
from baton.envelopes.cms_keys import Receiver, Recipient, Signatory, Trusted
from baton.envelopes.cms_signed import SM3
from baton.envelopes.der import oid, sequence

__all__ = ["SM2_ENCRYPTION_ID", "SM2_WITH_SM3_ID", "SM4_CBC", "SM4_GCM", "Sm4Sealer", "Sm4Unsealer"]

SM2_WITH_SM3_ID: Final = sequence(oid("1.2.156.10197.1.501"))
"""AlgorithmIdentifier of an SM2 signature over SM3: what such a `Signatory` names as its algorithm."""
SM2_ENCRYPTION_ID: Final = sequence(oid("1.2.156.10197.1.301.3"))
"""AlgorithmIdentifier of SM2 encryption: what such a `Recipient` names as its algorithm."""


class Sm4Sealer(CmsSealer):
    """Pass `SM4_CBC` where the bank knows no other mode; the signature over SM3 is inside in both."""

    profile = "sm4"
    digest = SM3

    def __init__(self, recipients: Sequence[Recipient], signatory: Signatory, cipher: ContentCipher = SM4_GCM) -> None:
        super().__init__(recipients, signatory, cipher)


class Sm4Unsealer(CmsUnsealer):
    """Accepts the ciphers it is given, and nothing that is not signed over SM3."""

    profile = "sm4"
    digest = SM3

    def __init__(
        self, receivers: Sequence[Receiver], trusted: Sequence[Trusted], ciphers: Sequence[ContentCipher] = (SM4_GCM,)
    ) -> None:
        super().__init__(receivers, trusted, ciphers)
