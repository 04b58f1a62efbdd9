"""Our own container (docs/file-format.md) behind the seam: chunks of AES-256-GCM, bound to the header, signed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Final, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from baton.envelopes.seam import OPENED_LIMIT_BYTES, Label, Outlet, Sealed, Sealer, Unsealer, gathered, not_verified
from baton.errors import TamperedError
from baton.sealed import Opener, Reader, Signer, open_sealed, seal_pieces

_PIECE_BYTES: Final = 1024 * 1024
"""What is encrypted by one call. It does not show in the file, whose chunks are always of 16 KiB."""


class Hpf1Sealer(Sealer):
    """Seals for these readers, in our name. Reading keys rotate by `baton.sealed.rewrap`, the data untouched."""

    profile = "hpf1"
    suffix = ".hpf"

    def __init__(self, readers: Sequence[Reader], signer: Signer) -> None:
        self._readers, self._signer = readers, signer

    def seal(self, plain: Iterable[bytes], out: BinaryIO, label: Label) -> Sealed:
        """As in `Sealer`; ``plain`` is iterated twice, since the header carries its digest."""
        outlet = Outlet(out)
        target = cast("BinaryIO", outlet)  # it only writes
        again = _Gathered(plain)
        envelope = seal_pieces(again, target, label=label, readers=self._readers, signer=self._signer)
        return outlet.sealed(envelope.plaintext_sha256, envelope.plaintext_length)


class Hpf1Unsealer(Unsealer):
    """Opens what ``sender`` has sealed for us (``recipient``), under the name it says inside."""

    profile = "hpf1"

    def __init__(self, opener: Opener, trusted: Mapping[str, Ed25519PublicKey], *, sender: str, recipient: str) -> None:
        self._opener, self._trusted = opener, trusted
        self._parties = (sender, recipient)

    def open(self, name: str, data: bytes) -> bytes:
        """As in `Unsealer`; also another name, sender or recipient than expected does not verify."""
        if len(data) > OPENED_LIMIT_BYTES:
            raise not_verified()
        target = io.BytesIO()
        try:
            envelope = open_sealed(io.BytesIO(data), target, opener=self._opener, trusted=self._trusted)
        except TamperedError:
            raise not_verified() from None
        if (envelope.name, envelope.sender, envelope.recipient) != (name, *self._parties):
            raise not_verified()
        return target.getvalue()


class _Gathered:
    """Larger pieces of the same content, each time it is iterated."""

    def __init__(self, plain: Iterable[bytes]) -> None:
        if iter(plain) is plain:
            raise ValueError("the content is iterated twice; hand in something that begins anew each time")
        self._plain = plain

    def __iter__(self) -> Iterator[bytes]:
        return gathered(self._plain, _PIECE_BYTES)
