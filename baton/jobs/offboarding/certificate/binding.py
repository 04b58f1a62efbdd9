"""One file of both: the manifest stands in the PDF as it is, and holds the digest of every other byte of the PDF.

The manifest is an attachment of the PDF, uncompressed. Cut it out, and two pieces are left, ``before`` and ``after``.
The digest in the manifest is SHA-256 over ``baton-certificate-pdf-1``, the length of ``before`` in 8 bytes
(big-endian), ``before`` and ``after``. So no byte of the file can change: what a reader shows is under the hub's
signature as well as what a program reads, and no library has to draw the pages again, years later, to the last bit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from baton.errors import TamperedError
from baton.jobs.offboarding.certificate.manifest import START

PDF_START: Final = b"%PDF-"
_DOMAIN: Final = b"baton-certificate-pdf-1"


@dataclass(frozen=True, slots=True)
class Bound:
    """A PDF taken apart."""

    before: bytes
    manifest: bytes
    after: bytes

    @property
    def digest(self) -> bytes:
        """Of everything but the manifest (32 bytes)."""
        length = len(self.before).to_bytes(8, "big")
        return hashlib.sha256(_DOMAIN + length + self.before + self.after).digest()

    def holding(self, manifest: bytes) -> bytes:
        """The PDF with another manifest of the same length."""
        if len(manifest) != len(self.manifest):
            raise ValueError("a manifest can only be replaced by one of the same length")
        return self.before + manifest + self.after


def take_apart(pdf: bytes) -> Bound:
    """Find the manifest in a PDF; raises `TamperedError` where there is none, or more than one."""
    if pdf.count(START) != 1:
        raise TamperedError(f"the PDF holds {pdf.count(START)} manifests where it must hold one", code="malformed")
    start = pdf.index(START)
    end = pdf.find(b"\n", start)
    if end < 0:
        raise TamperedError("the manifest in the PDF has no end", code="malformed")
    return Bound(pdf[:start], pdf[start : end + 1], pdf[end + 1 :])
