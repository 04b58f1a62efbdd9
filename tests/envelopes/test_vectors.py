"""Public test vectors against the code that opens files here: how many there are, and that nothing wrong is accepted.

Where they come from: vectors/ORIGIN.md.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import zlib
from collections import Counter
from pathlib import Path

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

from baton.envelopes.cms_ciphers import AES256_GCM, SM4_GCM
from baton.errors import TamperedError
from baton.sealed import InternalKey, decrypt_chunks

HERE = Path(__file__).parent / "vectors"


def wycheproof(name):
    """Every test of a file, which says how many there are."""
    document = json.loads(lzma.decompress((HERE / f"{name}.json.xz").read_bytes()))
    found = [test for group in document["testGroups"] for test in group["tests"]]
    assert len(found) == document["numberOfTests"]
    return found


def told(cases, attempt):
    """How many of which result were accepted, refused and given back wrongly."""
    counts = Counter()
    for test in cases:
        values = {name: bytes.fromhex(test[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag") if name in test}
        try:
            opened = attempt(values)
        except (ValueError, TamperedError, InvalidTag, InvalidUnwrap):
            counts[test["result"], "refused"] += 1
        else:
            counts[test["result"], "accepted" if opened == values["msg"] else "wrong"] += 1
    return dict(counts)


@pytest.mark.parametrize(
    ("name", "cipher", "count", "ours", "others"),
    [("aes_gcm_test", AES256_GCM, 316, (116, 81), (113, 6)), ("sm4_gcm_test", SM4_GCM, 104, (38, 27), (37, 2))],
)
def test_gcm(name, cipher, count, ours, others):
    """Files with nonces of 12 bytes are opened, which are all that is ever written; other nonces are always refused."""
    cases = wycheproof(name)
    assert len(cases) == count

    def attempt(v):
        return cipher.unlocked(v["key"], v["iv"], v["ct"], v["tag"], v["aad"])

    twelve = told((test for test in cases if len(test["iv"]) == 24), attempt)
    assert twelve == {("valid", "accepted"): ours[0], ("invalid", "refused"): ours[1]}
    rest = told((test for test in cases if len(test["iv"]) != 24), attempt)
    assert rest == {("valid", "refused"): others[0], ("invalid", "refused"): others[1]}


def test_key_wrap():
    """Three legacy wraps of keys shorter than two blocks may be refused, and are."""
    cases = wycheproof("aes_wrap_test")
    assert len(cases) == 165
    counts = told(cases, lambda v: InternalKey("k", v["key"]).unwrap(v["ct"], b""))
    assert counts == {("valid", "accepted"): 36, ("invalid", "refused"): 126, ("acceptable", "refused"): 3}


def test_key_wrap_with_padding():
    """Not used by any file here; it is the same library that unwraps, and an HSM may ask for it."""
    cases = wycheproof("aes_kwp_test")
    assert len(cases) == 254
    counts = told(cases, lambda v: aes_key_unwrap_with_padding(v["key"], v["ct"]))
    assert counts == {("valid", "accepted"): 77, ("invalid", "refused"): 177}


def of_the_library(key, context, pieces, released):
    decryptor = Cobblestone256Decryptor(key, context)
    for piece in pieces:
        released += decryptor.update(piece)
    released += decryptor.finalize()


def of_ours(key, context, pieces, released):
    decrypt_chunks(pieces, key, context, released.extend)


REFUSALS = {of_the_library: (InvalidTag, ValueError), of_ours: TamperedError}


@pytest.mark.parametrize(
    ("opened", "feed"),
    [*((of_the_library, feed) for feed in (1, 1000, 16_400, 1_000_000)), (of_ours, 1000), (of_ours, 1_000_000)],
)
def test_chunked_encryption(opened, feed):
    """No byte of an invalid file beyond what is authentic, at any size of the pieces it is fed in."""
    counts = Counter()
    cases = wycheproof("c2sp_chunked_encryption_aes_256_gcm_test")
    assert len(cases) == 35
    for test in cases:
        data, released = zlib.decompress(bytes.fromhex(test["ct"])), bytearray()
        pieces = (data[at : at + feed] for at in range(0, len(data), feed))
        try:
            opened(bytes.fromhex(test["key"]), bytes.fromhex(test["ctx"]), pieces, released)
        except REFUSALS[opened]:
            counts[test["result"], "refused"] += 1
            assert len(released) <= test.get("msgLength", 0), test["comment"]
        else:
            right = (len(released), hashlib.sha512(released).hexdigest()) == (test["msgLength"], test["msgSha512"])
            counts[test["result"], "accepted" if right else "wrong"] += 1
    assert counts == {("valid", "accepted"): 10, ("invalid", "refused"): 25}


def test_nist_gcm_decrypt():
    """Of 7,875 cases for 256 bits those with a whole tag, which is the only kind that can be asked for here."""
    text = lzma.decompress((HERE / "gcmDecrypt256_tag128.rsp.xz").read_bytes()).decode()
    cases = []
    for case in re.findall(r"Count = .*?(?=\n\n|\Z)", text, re.DOTALL):
        values = dict(re.findall(r"^(\w+) = ?(.*)$", case, re.MULTILINE))
        names = {"key": "Key", "iv": "IV", "ct": "CT", "aad": "AAD", "tag": "Tag"}
        result = "valid" if "PT" in values else "invalid"
        cases.append({name: values[of] for name, of in names.items()} | {"msg": values.get("PT", ""), "result": result})
    assert len(cases) == 1125
    ours = told(cases, lambda v: AES256_GCM.unlocked(v["key"], v["iv"], v["ct"], v["tag"], v["aad"]))
    assert ours == {("valid", "accepted"): 184, ("valid", "refused"): 375, ("invalid", "refused"): 566}
    library = told(cases, lambda v: AESGCM(v["key"]).decrypt(v["iv"], v["ct"] + v["tag"], v["aad"]))
    assert library == {("valid", "accepted"): 372, ("valid", "refused"): 187, ("invalid", "refused"): 566}
