"""The bench of envelopes, small: each side does the work that it is timed for."""

from __future__ import annotations

import io

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from tests.bench.payments.seal_once import BLOCK_BYTES, Content, run
from tests.envelopes.desk import run as command


@pytest.fixture(scope="module")
def bank_key(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "bank.key"
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    path.write_bytes(generate_private_key(65537, 2048).private_bytes(serialization.Encoding.PEM, kind, plain))
    return path


@pytest.mark.parametrize("what", ["chunks", "gcm", "hpf1", "cms"])
def test_all_of_the_content_is_encrypted(what, bank_key, tmp_path):
    block = BLOCK_BYTES[what]
    (tmp_path / "content").write_bytes(b"\0" * 3 * block)
    out = io.BytesIO()
    run(what, Content(tmp_path / "content", 3 * block, block), out, bank_key)
    assert len(out.getvalue()) > 3 * block
    assert b"\0" * 64 not in out.getvalue()
    if what in ("gcm", "cms"):
        words = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", bank_key]
        opened = command(*words, data=out.getvalue())
        assert opened.returncode == 0
        assert opened.stdout.count(b"\0" * block) == 3
