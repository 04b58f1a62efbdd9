"""The settings of a bank's envelopes: which profile, and the keys of both sides as the profile wants them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from pydantic import Field, SecretStr, model_validator

from baton.contracts.base import ConnectorSettings
from baton.contracts.payments import Sealing
from baton.envelopes.cms import CmsSealer, CmsUnsealer
from baton.envelopes.cms_ciphers import ContentCipher
from baton.envelopes.cms_keys import CertifiedSigner, RsaReceiver, RsaRecipient, TrustedCertificate
from baton.envelopes.hpf1 import Hpf1Sealer, Hpf1Unsealer
from baton.envelopes.openpgp import OpenPgpKeys, OpenPgpSealer, OpenPgpUnsealer
from baton.envelopes.seam import Sealer, Unsealer
from baton.envelopes.sm2 import USER_ID, Sm2Receiver, Sm2Recipient, Sm2Signer, Sm2Trusted, available
from baton.envelopes.sm4 import SM4_CBC, SM4_GCM, Sm4Sealer, Sm4Unsealer
from baton.sealed import Opener, Reader, RsaOpener, RsaReader, Signer, X25519Opener, X25519Reader

Kid = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")]
Party = Annotated[str, Field(pattern=r"^[A-Za-z0-9._ -]{1,64}$")]
NO_SECRET = SecretStr("")


class EnvelopeSettings(ConnectorSettings):
    """What was agreed with the bank. Keys of the bank are public and stand here; ours are secrets."""

    sender: Party = Field(description="our name in file headers, such as the customer number")
    recipient: Party = Field(description="the bank's name in file headers")
    payment_envelope: Literal["hpf1", "cms", "openpgp", "sm4"] = Field(
        default="hpf1", description="how payment files and the bank's answers to them are signed and encrypted"
    )

    bank_reading_kid: Kid = ""
    bank_reading_key: str = Field(default="", description="PEM, X25519 or RSA of 3072 bits or more")
    bank_signing_keys: dict[Kid, str] = Field(default={}, max_length=2, description="kid: PEM (Ed25519)")
    signing_kid: Kid = ""
    reading_kid: Kid = ""
    signing_key: SecretStr = Field(default=NO_SECRET, description="our Ed25519 private key (PEM)")
    reading_key: SecretStr = Field(default=NO_SECRET, description="our X25519 or RSA private key (PEM)")

    bank_certificate: str = Field(default="", description="cms: PEM, RSA (sm4: SM2); files are encrypted for it")
    bank_signing_certificates: tuple[str, ...] = Field(
        default=(), max_length=2, description="cms, sm4: PEM; the bank signs with them, two only while it changes"
    )
    own_signing_certificate: str = Field(default="", description="cms: PEM, RSA or a curve (sm4: SM2)")
    own_reading_certificate: str = Field(default="", description="cms: PEM, RSA (sm4: SM2); the bank encrypts for it")
    cms_signing_key: SecretStr = Field(default=NO_SECRET, description="cms, sm4: our private key for signing (PEM)")
    cms_reading_key: SecretStr = Field(default=NO_SECRET, description="cms, sm4: our private key for reading (PEM)")
    sm4_mode: Literal["gcm", "cbc"] = Field(default="gcm", description="sm4: cbc where the bank knows no gcm")
    sm2_user_id: str = Field(default=USER_ID, pattern=r"^[ -~]{1,128}$", description="sm4: as agreed with the bank")

    bank_openpgp_key: str = Field(default="", description="openpgp: the bank's public key, armoured")
    bank_openpgp_fingerprint: str = Field(default="", description="openpgp: of the bank's primary key")
    own_openpgp_fingerprint: str = Field(default="", description="openpgp: of our primary key")
    openpgp_key: SecretStr = Field(default=NO_SECRET, description="openpgp: our private key, armoured")
    openpgp_passphrase: SecretStr = Field(default=NO_SECRET, description="openpgp: of that key, where it has one")

    @model_validator(mode="after")
    def _keys_fit_the_profile(self) -> Self:
        if self.payment_envelope == "sm4" and not available():
            raise ValueError("sm4 needs the command openssl (3.0 or newer) on this machine")
        faults = _unusable(self._profile_keys())
        if faults:
            raise ValueError(f"{self.payment_envelope} needs other keys: {', '.join(faults)}")
        return self

    def sealer(self) -> Sealer:
        """How this bank wants payment files signed and encrypted."""
        if self.payment_envelope == "cms":
            return CmsSealer([self._cms_recipient()], self._cms_signer())
        if self.payment_envelope == "openpgp":
            return OpenPgpSealer(self._openpgp())
        if self.payment_envelope == "sm4":
            return Sm4Sealer([self._sm2_recipient()], self._sm2_signer(), self._sm4_cipher())
        return Hpf1Sealer([self.bank_reader()], self.signer())

    def sealing(self) -> Sealing:
        """The same, with the names of both sides."""
        return Sealing(self.sealer(), self.sender, self.recipient)

    def unsealer(self) -> Unsealer:
        """How this bank's answers are opened."""
        if self.payment_envelope == "cms":
            return CmsUnsealer([self._cms_receiver()], self._cms_trusted())
        if self.payment_envelope == "openpgp":
            return OpenPgpUnsealer(self._openpgp())
        if self.payment_envelope == "sm4":
            return Sm4Unsealer([self._sm2_receiver()], self._sm2_trusted(), [self._sm4_cipher()])
        keys = self.bank_verification()
        return Hpf1Unsealer(self.opener(), keys, sender=self.recipient, recipient=self.sender)

    # --- our own container

    def bank_reader(self) -> Reader:
        """The bank as the reader of our files."""
        key = serialization.load_pem_public_key(self.bank_reading_key.encode())
        if isinstance(key, x25519.X25519PublicKey):
            return X25519Reader(self.bank_reading_kid, key)
        if isinstance(key, rsa.RSAPublicKey):
            return RsaReader(self.bank_reading_kid, key)
        raise TypeError("neither X25519 nor RSA")

    def bank_verification(self) -> dict[str, ed25519.Ed25519PublicKey]:
        """The keys a file of the bank's may be signed with."""
        found = {}
        for kid, pem in self.bank_signing_keys.items():
            key = serialization.load_pem_public_key(pem.encode())
            if not isinstance(key, ed25519.Ed25519PublicKey):
                raise TypeError("not Ed25519")
            found[kid] = key
        if not found:
            raise ValueError("no key of the bank's to verify with")
        return found

    def signer(self) -> Signer:
        """Us as a sender."""
        key = _private(self.signing_key)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise TypeError("not Ed25519")
        return Signer(self.signing_kid, key)

    def opener(self) -> Opener:
        """Us as a reader."""
        key = _private(self.reading_key)
        if isinstance(key, x25519.X25519PrivateKey):
            return X25519Opener(self.reading_kid, key)
        if isinstance(key, rsa.RSAPrivateKey):
            return RsaOpener(self.reading_kid, key)
        raise TypeError("neither X25519 nor RSA")

    # --- the others

    def _profile_keys(self) -> Mapping[str, Callable[[], object]]:
        """Each setting of the chosen profile that holds keys, with what reads it."""
        if self.payment_envelope == "cms":
            return {
                "bank_certificate": self._cms_recipient,
                "bank_signing_certificates": self._cms_trusted,
                "own_signing_certificate or cms_signing_key": self._cms_signer,
                "own_reading_certificate or cms_reading_key": self._cms_receiver,
            }
        if self.payment_envelope == "openpgp":
            return {"bank_openpgp_fingerprint or own_openpgp_fingerprint": self._openpgp}
        if self.payment_envelope == "sm4":
            return {
                "bank_certificate": self._sm2_recipient,
                "bank_signing_certificates": self._sm2_trusted,
                "own_signing_certificate or cms_signing_key": self._sm2_signer,
                "own_reading_certificate or cms_reading_key": self._sm2_receiver,
            }
        return {
            "bank_reading_key": self.bank_reader,
            "bank_signing_keys": self.bank_verification,
            "signing_key": self.signer,
            "reading_key": self.opener,
        }

    def _sm4_cipher(self) -> ContentCipher:
        return SM4_GCM if self.sm4_mode == "gcm" else SM4_CBC

    def _sm2_recipient(self) -> Sm2Recipient:
        return Sm2Recipient(_certificate(self.bank_certificate))

    def _sm2_trusted(self) -> list[Sm2Trusted]:
        return [Sm2Trusted(holder, self.sm2_user_id) for holder in self._bank_signing()]

    def _sm2_signer(self) -> Sm2Signer:
        holder = _certificate(self.own_signing_certificate)
        return Sm2Signer(holder, self.cms_signing_key.get_secret_value(), self.sm2_user_id)

    def _sm2_receiver(self) -> Sm2Receiver:
        return Sm2Receiver(_certificate(self.own_reading_certificate), self.cms_reading_key.get_secret_value())

    def _cms_recipient(self) -> RsaRecipient:
        return RsaRecipient(_certificate(self.bank_certificate))

    def _cms_trusted(self) -> list[TrustedCertificate]:
        return [TrustedCertificate(holder) for holder in self._bank_signing()]

    def _bank_signing(self) -> list[x509.Certificate]:
        if not self.bank_signing_certificates:
            raise ValueError("no certificate of the bank's to verify with")
        return [_certificate(pem) for pem in self.bank_signing_certificates]

    def _cms_signer(self) -> CertifiedSigner:
        key = _private(self.cms_signing_key)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError("neither RSA nor an elliptic curve")
        return CertifiedSigner(_certificate(self.own_signing_certificate), key)

    def _cms_receiver(self) -> RsaReceiver:
        key = _private(self.cms_reading_key)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("not RSA")
        return RsaReceiver(_certificate(self.own_reading_certificate), key)

    def _openpgp(self) -> OpenPgpKeys:
        return OpenPgpKeys(
            own_fingerprint=self.own_openpgp_fingerprint,
            own_key=self.openpgp_key.get_secret_value(),
            bank_fingerprint=self.bank_openpgp_fingerprint,
            bank_key=self.bank_openpgp_key,
            passphrase=self.openpgp_passphrase.get_secret_value(),
        )


def _unusable(keys: Mapping[str, Callable[[], object]]) -> list[str]:
    """The names of those that cannot be read."""
    faults = []
    for name, read in keys.items():
        try:
            read()
        except (ValueError, TypeError):
            faults.append(name)
    return faults


def _private(key: SecretStr) -> object:
    return _read_private(key.get_secret_value())


@functools.lru_cache(maxsize=8)
def _read_private(pem: str) -> object:
    """Each text once: that the numbers of an RSA key fit together takes a tenth of a second to see (3072 bits)."""
    return serialization.load_pem_private_key(pem.encode(), None)


def _certificate(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())
