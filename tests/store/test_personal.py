"""Sealed values stay where they were put (I21), rotate without an outage, and digests tell every type apart (I17)."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import random
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from baton.errors import ConfigurationError, TamperedError
from baton.store.personal import Keyring, searchable

RING = Keyring.generate()
SECRET = "测试甲䶮 6222-synthetic".encode()
PLACE: dict = {"table": "people", "row": "0012", "column": "bank_account_number", "version": 3}


def test_a_value_opens_in_its_place_and_nothing_else_is_in_the_bytes() -> None:
    for plaintext in (b"", b"x", SECRET, b"y" * 100_000):
        sealed = RING.seal(plaintext, **PLACE)
        assert RING.open(sealed, **PLACE) == plaintext
        assert len(sealed) == 1 + 4 + 16 + 12 + len(plaintext) + 16
        assert RING.key_version(sealed) == 1
    assert SECRET not in RING.seal(SECRET, **PLACE)
    assert RING.seal(SECRET, **PLACE) != RING.seal(SECRET, **PLACE)


def test_10000_swaps_between_rows_columns_tables_and_versions_are_refused() -> None:
    rng = random.Random(21)
    tables, columns = ["people", "accounts"], ["mobile", "identity_number", "bank_account_number"]
    rows: list[str | int] = ["0012", "12", 12, "1|2", "1", "2", "1|", "|2", "a", "ab"]
    places = [
        {"table": t, "row": r, "column": c, "version": v}
        for t, r, c, v in itertools.product(tables, rows, columns, range(1, 4))
    ]
    sealed = [RING.seal(json.dumps(place).encode(), **place) for place in places]
    opened = []
    for _ in range(10_000):
        source, target = rng.sample(range(len(places)), 2)
        try:
            opened.append(RING.open(sealed[source], **places[target]))
        except TamperedError:
            continue
    assert opened == []
    assert all(
        RING.open(value, **place) == json.dumps(place).encode() for value, place in zip(sealed, places, strict=True)
    )


def test_neighbouring_parts_cannot_run_into_each_other() -> None:
    sealed = RING.seal(SECRET, table="ab", row="c", column="d", version=1)
    with pytest.raises(TamperedError):
        RING.open(sealed, table="a", row="bc", column="d", version=1)


def test_every_flipped_bit_and_every_truncation_is_refused_with_one_error() -> None:
    sealed = RING.seal(SECRET, **PLACE)
    damaged = [sealed[:n] for n in range(len(sealed))] + [sealed + b"\0", b"", SECRET]
    for place, bit in itertools.product(range(len(sealed)), range(8)):
        bad = bytearray(sealed)
        bad[place] ^= 1 << bit
        damaged.append(bytes(bad))
    messages = set()
    for bad in damaged:
        with pytest.raises(TamperedError) as caught:
            RING.open(bad, **PLACE)
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_another_keyring_does_not_open_it() -> None:
    with pytest.raises(TamperedError):
        Keyring.generate().open(RING.seal(SECRET, **PLACE), **PLACE)


def by_hand(ring: Keyring) -> tuple[AESGCM, bytes, bytes]:
    """Cipher, commitment and associated data (without the head) of PLACE, from the documented format alone."""
    extracted = hmac.digest(b"\0" * 32, ring.encryption_keys[1], "sha256")
    info = b"baton personal column v1: 32 bytes encryption key, 16 bytes commitment"
    first = hmac.digest(extracted, info + b"\1", "sha256")
    second = hmac.digest(extracted, first + info + b"\2", "sha256")
    parts = [(b"s", "people"), (b"s", "0012"), (b"s", "bank_account_number"), (b"i", "3")]
    place = b"".join(tag + struct.pack(">Q", len(text)) + text.encode() for tag, text in parts)
    return AESGCM(first), second[:16], place


def test_a_decoder_written_from_the_format_alone_agrees() -> None:
    cipher, commitment, place = by_hand(RING)
    sealed = RING.seal(SECRET, **PLACE)
    assert sealed[:21] == b"\1" + b"\0\0\0\1" + commitment
    assert cipher.decrypt(sealed[21:33], sealed[33:], sealed[:21] + place) == SECRET


def test_a_ciphertext_that_gcm_would_accept_is_refused_for_its_commitment() -> None:
    cipher, commitment, place = by_hand(RING)
    for claimed, opens in (
        (commitment, True),
        (bytes(16), False),
        (commitment[:15] + bytes([commitment[15] ^ 1]), False),
    ):
        head = b"\1" + b"\0\0\0\1" + claimed
        sealed = head + bytes(12) + cipher.encrypt(bytes(12), SECRET, head + place)
        if opens:
            assert RING.open(sealed, **PLACE) == SECRET
        else:
            with pytest.raises(TamperedError):
                RING.open(sealed, **PLACE)


def test_rotation_opens_old_and_new_and_retiring_ends_the_old() -> None:
    old = RING.seal(SECRET, **PLACE)
    second = RING.rotate()
    third = second.rotate()
    assert (RING.active, second.active, third.active) == (1, 2, 3)
    middle = second.seal(SECRET, **PLACE)
    for sealed, version in ((old, 1), (middle, 2), (third.seal(SECRET, **PLACE), 3)):
        assert third.open(sealed, **PLACE) == SECRET
        assert third.key_version(sealed) == version
    with pytest.raises(TamperedError):
        RING.open(middle, **PLACE)
    left = third.retire(1)
    with pytest.raises(TamperedError):
        left.open(old, **PLACE)
    assert left.open(middle, **PLACE) == SECRET
    assert left.rotate().active == 4
    for version in (3, 1, 9):
        with pytest.raises(ValueError):
            left.retire(version)


def test_index_and_digest_keys_do_not_rotate() -> None:
    rotated = RING.rotate()
    assert rotated.blind_index("13800000001", "mobile") == RING.blind_index("13800000001", "mobile")
    assert rotated.field_digest("x", "c") == RING.field_digest("x", "c")


def test_blind_indexes_differ_by_value_column_and_keyring() -> None:
    one = RING.blind_index("13800000001", "mobile")
    assert len(one) == 16
    others = [RING.blind_index("13800000002", "mobile"), RING.blind_index("13800000001", "identity_number"),
              RING.blind_index("1", "mobile13800000001"), Keyring.generate().blind_index("13800000001", "mobile")]  # fmt: skip
    assert one not in others
    assert RING.blind_index(searchable(" １３８００００００01\u3000"), "mobile") == one


UTC_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DIFFERENT = [
    None, "", "0", 0, False, True, 1, "1", "True", Decimal(0), Decimal(1), Decimal("0.1"), date(2026, 11, 22),
    "2026-11-22", UTC_NOON, UTC_NOON + timedelta(microseconds=1), datetime(2026, 11, 22, tzinfo=UTC), "0012", "12", 12,
    "None", "䶮", "龑", " x", "x", "x ", -1, 10**40,
]  # fmt: skip
SAME = [
    ("e\u0301", "\u00e9"), (Decimal("1.50"), Decimal("1.5")), (Decimal("-0.0"), Decimal(0)), (Decimal("1E+2"), Decimal("100.00")),
    (Decimal("1." + "0" * 30 + "1"), Decimal("1." + "0" * 30 + "10")),
    (UTC_NOON, UTC_NOON.astimezone(timezone(timedelta(hours=8)))),
]  # fmt: skip


def test_digests_tell_all_types_and_values_apart() -> None:
    assert len({RING.field_digest(value, "0012|grade") for value in DIFFERENT}) == len(DIFFERENT)
    assert len({RING.field_digest("A", context) for context in ("0012|grade", "0013|grade", "0012|name")}) == 3
    assert len(RING.field_digest(None, "")) == 32


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_values_have_equal_digests(one: object, other: object) -> None:
    assert RING.field_digest(one, "c") == RING.field_digest(other, "c")


def test_a_long_decimal_is_not_rounded() -> None:
    long = "1." + "0" * 40
    assert RING.field_digest(Decimal(long + "1"), "c") != RING.field_digest(Decimal(long + "2"), "c")


@pytest.mark.parametrize(
    "value",
    [1.5, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+500"), UTC_NOON.replace(tzinfo=None), b"x", [], "\ud800"],
)
def test_what_has_no_canonical_form_has_no_digest(value: object) -> None:
    with pytest.raises(ValueError):
        RING.field_digest(value, "c")


def test_the_text_form_survives_and_the_repr_is_silent() -> None:
    ring = RING.rotate()
    again = Keyring.load(ring.to_text())
    assert again == ring
    assert again.open(ring.seal(SECRET, **PLACE), **PLACE) == SECRET
    for key in (*ring.encryption_keys.values(), ring.index_key, ring.digest_key):
        assert repr(key) not in repr(ring)
        assert base64.b64encode(key).decode() not in repr(ring)


def damaged(change: Callable[[dict], object]) -> str:
    found = json.loads(RING.to_text())
    change(found)
    return json.dumps(found)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "7", "[" * 100_000,
        damaged(lambda f: f.update(format=2)),
        damaged(lambda f: f.update(active=2)),
        damaged(lambda f: f.update(active="1")),
        damaged(lambda f: f.update(active=True)),
        damaged(lambda f: f.update(encryption={})),
        damaged(lambda f: f.update(encryption=[])),
        damaged(lambda f: f.update(encryption={"01": f["digest"]})),
        damaged(lambda f: f.update(encryption={"0": f["digest"]})),
        damaged(lambda f: f.update(blind_index="canary")),
        damaged(lambda f: f.update(blind_index=f["digest"])),
        damaged(lambda f: f.update(digest=f["digest"][:-4])),
        damaged(lambda f: f.update(digest=None)),
        damaged(lambda f: f.update(more=1)),
    ],
    ids=range(19),
)  # fmt: skip
def test_a_bad_keyring_is_a_configuration_error_that_repeats_nothing(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Keyring.load(text)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
