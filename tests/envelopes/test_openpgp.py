"""OpenPGP: another gpg opens and verifies what we write, we open what it writes, and nothing else."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from baton.envelopes.openpgp import GpgFailedError, GpgMissingError, OpenPgpKeys, OpenPgpSealer, OpenPgpUnsealer
from tests.envelopes import desk
from tests.envelopes.desk import LABEL, content, refused, sealed

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="SERVER NOT AVAILABLE: gpg is not installed")


class Gpg:
    """Somebody's ordinary gpg with one key, without any of our code."""

    def __init__(self, home: Path, name: str) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        self(
            "--passphrase", "", "--quick-gen-key", f"Synthetic {name} <{name}@example.com>", "ed25519", "sign", "never"
        )
        listed = self("--with-colons", "--list-keys").stdout.decode()
        self.fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
        self("--passphrase", "", "--quick-add-key", self.fingerprint, "cv25519", "encr", "never")
        self.public = self("--armor", "--export").stdout.decode()
        self.private = self("--armor", "--export-secret-keys").stdout.decode()

    def __call__(self, *words: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
        return subprocess.run(command, input=data, capture_output=True, check=False)

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], capture_output=True, check=False)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = Path(tmp_path_factory.mktemp("pgp"))
    bank, own = (Gpg(folder / name, name) for name in ("bank", "own"))
    bank("--import", data=own.public.encode())
    own("--import", data=bank.public.encode())
    yield bank, own
    bank.close()
    own.close()


def keys(own: Gpg, bank: Gpg) -> OpenPgpKeys:
    return OpenPgpKeys(own.fingerprint, own.private, bank.fingerprint, bank.public)


def test_gpg_opens_and_verifies_it_byte_for_byte(pair):
    bank, own = pair
    for size in (0, 700_001):
        plain = content(size)
        data = sealed(OpenPgpSealer(keys(own, bank)), plain)
        done = bank("--status-fd", "2", "--decrypt", data=data)
        assert (done.returncode, done.stdout) == (0, plain)
        said = done.stderr.decode()
        assert f"VALIDSIG {own.fingerprint}" in said
        assert "DECRYPTION_INFO 2 9" in said  # with an integrity check, by AES-256
        assert len(data) < len(plain) + 1000  # not compressed, not armoured


def banks_file(bank: Gpg, own: Gpg, plain: bytes, *, sign: bool = True, by: Gpg | None = None) -> bytes:
    words = ["--trust-model", "always", "--encrypt", "--recipient", own.fingerprint]
    return (by or bank)(*(["--sign"] if sign else []), *words, data=plain).stdout


def test_what_the_bank_writes_is_opened_and_nothing_else(pair):
    bank, own = pair
    plain = "示例䶮".encode() * 1000
    unsealer = OpenPgpUnsealer(keys(own, bank))
    data = banks_file(bank, own, plain)
    assert unsealer.open(LABEL.name, data) == plain
    refused(unsealer, banks_file(bank, own, plain, sign=False), "not signed")
    refused(unsealer, banks_file(bank, own, plain, by=own), "signed by somebody else")
    refused(unsealer, banks_file(bank, bank, plain), "for somebody else")
    refused(unsealer, bank("--sign", data=plain).stdout, "signed and not encrypted")
    for at in (1, 5, len(data) // 2, len(data) - 30, len(data) - 1):
        refused(unsealer, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], f"flipped at {at}")
        refused(unsealer, data[:at], f"cut at {at}")
    refused(unsealer, data + data, "doubled")


def test_no_key_ring_and_no_agent_is_left(pair, tmp_path, monkeypatch):
    bank, own = pair
    made = []
    keep = subprocess.Popen

    class Watched(keep):
        def __init__(self, command, **rest):
            if "--homedir" in command:
                made.append(Path(command[command.index("--homedir") + 1]))
            super().__init__(command, **rest)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    with pytest.raises(LookupError):
        OpenPgpSealer(keys(own, bank)).seal(desk.Broken(), io.BytesIO(), LABEL)

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        OpenPgpSealer(keys(own, bank)).seal(desk.Endless(10_000_000), Full(), LABEL)
    assert len(set(made)) == 2
    assert [home for home in made if home.exists()] == []
    assert subprocess.run(["pgrep", "-f", str(made[0])], capture_output=True, check=False).stdout == b""


def test_keys_that_cannot_be_used_are_errors_that_tell_no_secret(pair):
    bank, own = pair
    wrong = [
        OpenPgpKeys(bank.fingerprint, own.private, bank.fingerprint, bank.public),
        OpenPgpKeys(own.fingerprint, own.private, own.fingerprint[::-1], bank.public),
        OpenPgpKeys(own.fingerprint, "no key", bank.fingerprint, bank.public),
    ]
    for each in wrong:
        with pytest.raises(GpgFailedError) as caught:
            OpenPgpSealer(each).seal([b"6222000000000001"], io.BytesIO(), LABEL)
        assert "6222" not in str(caught.value) + repr(each)
        assert "PRIVATE" not in repr(each)
    with pytest.raises(ValueError, match="fingerprint"):
        OpenPgpKeys("short", own.private, bank.fingerprint, bank.public)


def test_a_machine_without_gpg_says_so(pair, monkeypatch):
    bank, own = pair
    both = keys(own, bank)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GpgMissingError, match="install"):
        OpenPgpSealer(both).seal([b"x"], io.BytesIO(), LABEL)
    with pytest.raises(GpgMissingError):
        OpenPgpUnsealer(both).open(LABEL.name, b"x")
