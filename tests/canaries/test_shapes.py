"""What the watch looks for is what the tests' people are made of, and nothing that looks like it by chance."""

from __future__ import annotations

import hashlib

import pytest

from tests.canaries.shapes import Secrets, in_bytes, in_text
from tests.rig.company import KEYS, row
from tests.rig.payroll import card, person

KINDS = {
    "name": ["测试0012", "测试䶮12", "测试甲7"],
    "card": [card(12), "6222021234567890", "6217000000000000003", "6225880000000002"],
    "phone": ["13800000012", "13900000012", "13700000012"],
    "identity": ["11010519491231002X", "110101199003078031"],
    "mail": ["p12@example.com", "test3@example.test"],
}
CANARIES = [(kind, value) for kind, values in KINDS.items() for value in values]


@pytest.mark.parametrize(("kind", "value"), CANARIES)
def test_every_kind_is_found_in_texts_and_files(kind: str, value: str) -> None:
    assert in_text(f"no such person: {value}, try again") == [kind]
    assert in_bytes(f"0012{value}D01".encode()) == [kind]  # columns of a row stand side by side


@pytest.mark.parametrize("writing", ["utf-8", "gb18030", "utf-16-le", "json", "json䶮"])
def test_a_name_is_found_in_every_writing(writing: str) -> None:
    escaped = {"json": b"\\u6d4b\\u8bd50012", "json䶮": b"\\u6d4b\\u8bd5\\u4dae12"}
    data = escaped.get(writing) or "测试0012".encode(writing)
    assert in_bytes(b"SQLite\x00\x17" + data) == ["name"]


def test_the_rigs_people_carry_them() -> None:
    somebody = person("0012")
    assert in_text(row("0012")["name"]) == ["name"]
    assert in_text(f"{somebody.full_name} {somebody.bank_account_number}") == ["card", "name"]


@pytest.mark.parametrize(
    "harmless",
    [
        "0012 测试 测试甲 crm-0012 62220000000",
        "2026-11-26T08:10:00.123456 1767312000 1767312000123",
        "baton@example.com wrote from hub@example.com",
        f"<{hashlib.sha256(b'x').hexdigest()}@example.com>",
        "****0012 6222…0001 138****0012 sha256:13800000012abcdef",
    ],
)
def test_what_is_nobodys_is_not_found(harmless: str) -> None:
    assert in_text(harmless) == []


def test_digits_inside_a_digest_are_nobodys() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    assert in_bytes(f"{digest[:20]}a13800000012b{digest[20:]}".encode()) == []
    assert in_bytes(b"13800000012" + b"0" * 40) == ["phone"]


def test_secrets_are_known_by_their_longest_piece_and_the_last_ones_only() -> None:
    known = Secrets()
    key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIsynthetic\nAb==\n-----END PRIVATE KEY-----\n"
    for secret in ("short", "sqlite:////tmp/hub.sqlite3", key, "synthetic-app-secret"):
        known.learn(secret)
    known.learn(KEYS)
    assert known.in_text("token synthetic-app-secret refused")
    assert any(known.in_text(f"key {part}!") for part in KEYS.split('"') if len(part) > 40)
    assert known.in_bytes(b"\x00MC4CAQAwBQYDK2VwBCIEIsynthetic\n")
    for harmless in ("short", "sqlite:////tmp/hub.sqlite3", "Ab==", "-----BEGIN PRIVATE KEY-----"):
        assert not known.in_text(harmless)
    for n in range(24):
        known.learn(f"another-secret-{n:04d}")
    assert not known.in_text("synthetic-app-secret")
    assert known.in_text("another-secret-0000")
