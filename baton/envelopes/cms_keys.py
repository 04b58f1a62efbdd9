"""Who signs and who opens a CMS file: what a key can do, whether it lies in memory or in a device.

The four protocols are the whole of what CMS asks of a key. The classes keep keys in memory (RSA and elliptic curves); a
key that never leaves its device (an HSM, a U-key with SM2) is one more class with the same few members.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from baton.envelopes import der
from baton.envelopes.der import explicit, integer, oid, sequence

SHA256_ID: Final = sequence(oid("2.16.840.1.101.3.4.2.1"))
_SHA256_WITH_NULL: Final = sequence(oid("2.16.840.1.101.3.4.2.1"), der.element(der.NULL))
_MGF1: Final = sequence(oid("1.2.840.113549.1.1.8"), SHA256_ID)
OAEP_ID: Final = sequence(oid("1.2.840.113549.1.1.7"), sequence(explicit(0, SHA256_ID), explicit(1, _MGF1)))
PSS_ID: Final = sequence(
    oid("1.2.840.113549.1.1.10"), sequence(explicit(0, SHA256_ID), explicit(1, _MGF1), explicit(2, integer(32)))
)
ECDSA_ID: Final = sequence(oid("1.2.840.10045.4.3.2"))
_LEAST_BITS: Final = 2048
_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_PSS: Final = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


class Signatory(Protocol):
    """Who signs what we send."""

    @property
    def identity(self) -> bytes:
        """Issuer and serial number of the certificate (DER)."""
        ...

    @property
    def certificate(self) -> bytes:
        """The certificate (DER); it travels with the file."""
        ...

    @property
    def algorithm(self) -> bytes:
        """AlgorithmIdentifier of the signature (DER)."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature over a message (hashed by the key's own algorithm)."""
        ...


class Recipient(Protocol):
    """Who can open what we send."""

    @property
    def identity(self) -> bytes:
        """Issuer and serial number of the certificate (DER)."""
        ...

    @property
    def algorithm(self) -> bytes:
        """AlgorithmIdentifier of the key transport (DER)."""
        ...

    def wrap(self, data_key: bytes) -> bytes:
        """The data key as only this recipient can open it."""
        ...


class Trusted(Protocol):
    """Whose signature under a file of the bank's we believe."""

    @property
    def identity(self) -> bytes:
        """Issuer and serial number of the certificate (DER)."""
        ...

    def verify(self, algorithm: bytes, signature: bytes, message: bytes) -> bool:
        """Whether the signature, made by that algorithm (DER), is this party's over that message."""
        ...


class Receiver(Protocol):
    """Us, opening what the bank sends."""

    @property
    def identity(self) -> bytes:
        """Issuer and serial number of our certificate (DER)."""
        ...

    @property
    def algorithm(self) -> bytes:
        """The one AlgorithmIdentifier of key transport (DER) that is accepted."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key. Raises ValueError."""
        ...


@dataclass(frozen=True, slots=True)
class CertifiedSigner:
    """A private key in memory and its certificate: RSA (PSS with SHA-256) or an elliptic curve (ECDSA with SHA-256)."""

    holder: x509.Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        _require_strength(self.key.public_key())
        if _spki(self.key.public_key()) != _spki(self.holder.public_key()):
            raise ValueError("the private key is not the certificate's")

    @property
    def identity(self) -> bytes:
        """Issuer and serial number."""
        return identity_of(self.holder)

    @property
    def certificate(self) -> bytes:
        """In DER."""
        return self.holder.public_bytes(serialization.Encoding.DER)

    @property
    def algorithm(self) -> bytes:
        """By the kind of key."""
        return PSS_ID if isinstance(self.key, rsa.RSAPrivateKey) else ECDSA_ID

    def sign(self, message: bytes) -> bytes:
        """Sign."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, _PSS, hashes.SHA256())
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True, slots=True)
class TrustedCertificate:
    """A certificate of the bank's that was agreed with it; its issuer's word and its dates are not asked for."""

    holder: x509.Certificate

    def __post_init__(self) -> None:
        _require_strength(self.holder.public_key())

    @property
    def identity(self) -> bytes:
        """Issuer and serial number."""
        return identity_of(self.holder)

    def verify(self, algorithm: bytes, signature: bytes, message: bytes) -> bool:
        """RSA-PSS or ECDSA, each with SHA-256 and in one spelling; nothing else."""
        key = self.holder.public_key()
        try:
            if isinstance(key, rsa.RSAPublicKey) and respelt(der.read(algorithm)) == PSS_ID:
                key.verify(signature, message, _PSS, hashes.SHA256())
                return True
            if isinstance(key, ec.EllipticCurvePublicKey) and algorithm == ECDSA_ID:
                key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
                return True
        except InvalidSignature:
            return False
        return False


@dataclass(frozen=True, slots=True)
class RsaRecipient:
    """A bank with an RSA certificate (OAEP with SHA-256)."""

    holder: x509.Certificate
    algorithm: bytes = OAEP_ID

    def __post_init__(self) -> None:
        _rsa(self.holder)

    @property
    def identity(self) -> bytes:
        """Issuer and serial number."""
        return identity_of(self.holder)

    def wrap(self, data_key: bytes) -> bytes:
        """Wrap."""
        return _rsa(self.holder).encrypt(data_key, _OAEP)


@dataclass(frozen=True, slots=True)
class RsaReceiver:
    """The private side of an `RsaRecipient`."""

    holder: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)
    algorithm: bytes = OAEP_ID

    def __post_init__(self) -> None:
        if _spki(self.key.public_key()) != _spki(_rsa(self.holder)):
            raise ValueError("the private key is not the certificate's")

    @property
    def identity(self) -> bytes:
        """Issuer and serial number."""
        return identity_of(self.holder)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unwrap."""
        return self.key.decrypt(wrapped, _OAEP)


def identity_of(certificate: x509.Certificate) -> bytes:
    """IssuerAndSerialNumber (DER): how CMS names a certificate."""
    return sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))


def respelt(algorithm: der.Node) -> bytes:
    """An AlgorithmIdentifier (DER) in which SHA-256 has no parameters; NULL there is allowed, and OpenSSL writes it."""
    if algorithm.raw == _SHA256_WITH_NULL:
        return SHA256_ID
    if not algorithm.children:
        return algorithm.raw
    return der.element(algorithm.tag, *map(respelt, algorithm.children))


def _rsa(certificate: x509.Certificate) -> rsa.RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not a certificate of an RSA key")  # noqa: TRY004 - a wrong value of the right type
    _require_strength(key)
    return key


def _require_strength(key: object) -> None:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_BITS:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256:
        return
    raise ValueError(f"a key for CMS is RSA of {_LEAST_BITS} bits or more, or a curve of 256 bits or more")


def _spki(key: object) -> bytes:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError("neither RSA nor an elliptic curve")  # noqa: TRY004 - a wrong value of the right type
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
