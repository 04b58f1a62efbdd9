"""Signed notes: an independent reader agrees, forgeries are refused, and no inconsistent one is ever signed."""

from __future__ import annotations

import base64
import hashlib
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from baton.audit.checkpoint import Checkpoint, CheckpointFolder, Signer, Verifier, open_note
from baton.audit.merkle import leaf_hash, root_of
from baton.errors import TamperedError

AT = datetime(2026, 11, 22, 6, 25, 37, tzinfo=UTC)
LEAVES = [leaf_hash(b"%d" % i) for i in range(40)]


@pytest.fixture
def signer() -> Signer:
    return Signer.generate("baton.example/audit")


def note(signer: Signer, size: int = 5) -> bytes:
    return signer.sign(Checkpoint(signer.name, size, root_of(LEAVES[:size]), AT))


def test_a_reader_written_from_the_format_alone_agrees(signer: Signer) -> None:
    name, key_id, key = str(signer.verifier).split("+", 2)
    raw = base64.b64decode(key)
    assert raw[:1] == b"\x01"
    assert hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() == key_id
    text, signature = note(signer).decode().split("\n\n")
    assert text.split("\n") == [
        "baton.example/audit",
        "5",
        base64.b64encode(root_of(LEAVES[:5])).decode(),
        "at 2026-11-22T06:25:37.000000Z",
    ]
    dash, who, value = signature.rstrip("\n").split(" ")
    assert (dash, who, base64.b64decode(value)[:4].hex()) == ("—", name, key_id)
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(base64.b64decode(value)[4:], (text + "\n").encode())


def test_the_published_key_of_the_signed_note_format_is_read() -> None:
    """The example key in the documentation of golang.org/x/mod/sumdb/note."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    key = Verifier.from_text(text)
    assert (key.name, str(key)) == ("PeterNeumann", text)


def test_keys_and_notes_survive_a_round_trip(signer: Signer) -> None:
    assert Signer.from_text(signer.secret_text + "\n") == signer
    assert Verifier.from_text(str(signer.verifier)) == signer.verifier
    opened = signer.verifier.open(note(signer))
    assert (opened.size, opened.root, opened.at) == (5, root_of(LEAVES[:5]), AT)
    assert signer.seed.hex() not in repr(signer)


def test_every_flipped_byte_is_refused(signer: Signer) -> None:
    good = note(signer)
    for place in range(len(good)):
        for mask in (1, 0x20, 0x80):
            bad = bytearray(good)
            bad[place] ^= mask
            with pytest.raises(TamperedError):
                signer.verifier.open(bytes(bad))


@pytest.mark.parametrize("cut", [1, 2, 30, 100])
def test_a_cut_note_is_refused(signer: Signer, cut: int) -> None:
    with pytest.raises(TamperedError):
        signer.verifier.open(note(signer)[:-cut])


GOOD_LINES = [
    "baton.example/audit",
    "5",
    base64.b64encode(root_of(LEAVES[:5])).decode(),
    "at 2026-11-22T06:25:37.000000Z",
]


def signed_by_hand(signer: Signer, text: str) -> bytes:
    """A note over any text, made without the signer."""
    signature = Ed25519PrivateKey.from_private_bytes(signer.seed).sign(text.encode())
    key_id = bytes.fromhex(str(signer.verifier).split("+")[1])
    return f"{text}\n— {signer.name} {base64.b64encode(key_id + signature).decode()}\n".encode()


def test_a_note_signed_by_hand_is_the_same_note(signer: Signer) -> None:
    assert signed_by_hand(signer, "\n".join(GOOD_LINES) + "\n") == note(signer)


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (1, "05"), (1, "-1"), (1, ""), (1, "5 "), (1, "٥"), (1, "9" * 30), (2, "AA=="), (2, ""), (2, "x"), (3, ""),
        (2, GOOD_LINES[2] + "\n"), (3, "at 2026-13-22T06:25:37.000000Z"), (3, "at 2026-11-22"), (3, GOOD_LINES[3] + "\nmore"),
        (0, ""), (0, "two words"),
    ],
)  # fmt: skip
def test_a_well_signed_text_of_another_shape_is_refused(signer: Signer, place: int, line: str) -> None:
    lines = [*GOOD_LINES[:place], line, *GOOD_LINES[place + 1 :]]
    with pytest.raises(TamperedError):
        signer.verifier.open(signed_by_hand(signer, "\n".join(lines) + "\n"))


def test_another_key_under_the_same_name_is_refused(signer: Signer) -> None:
    other = Signer.generate(signer.name)
    with pytest.raises(TamperedError) as caught:
        signer.verifier.open(note(other))
    assert caught.value.code == "wrong_key"


def test_a_note_for_another_log_is_refused(signer: Signer) -> None:
    foreign = signer.sign(Checkpoint("other.example/audit", 5, root_of(LEAVES[:5]), AT))
    with pytest.raises(TamperedError) as caught:
        signer.verifier.open(foreign)
    assert caught.value.code == "wrong_origin"


def test_a_witness_may_sign_too_and_a_bad_own_signature_beside_a_good_one_is_refused(signer: Signer) -> None:
    witness = Signer.generate("witness.example")
    own = note(signer)
    text = own.decode().split("\n\n")[0] + "\n"
    extra = witness.sign(Checkpoint(signer.name, 5, root_of(LEAVES[:5]), AT)).split(b"\n\n")[1]
    assert signer.verifier.open(own + extra).size == 5
    bad = base64.b64decode(own.decode().rsplit(" ", 1)[1])
    bad = bad[:-1] + bytes([bad[-1] ^ 1])
    with pytest.raises(TamperedError):
        signer.verifier.open(own + f"— {signer.name} {base64.b64encode(bad).decode()}\n".encode())
    assert text.startswith("baton.example/audit\n")


@pytest.mark.parametrize("text", ["", "a+b+c", "a+00000000+AQ==", "x" * 300])
def test_keys_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(TamperedError):
        Verifier.from_text(text)
    with pytest.raises(TamperedError):
        Signer.from_text("PRIVATE+KEY+" + text)


def test_checkpoints_grow_with_the_log_and_stay_as_they_were(signer: Signer, tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "outside")
    for size in (0, 3, 8, 8, 40):
        assert folder.issue(signer, LEAVES[:size], AT).root == root_of(LEAVES[:size])
    assert [open_note(n, [signer.verifier]).size for n in folder.notes()] == [0, 3, 8, 40]
    assert {path.name[0] for path in folder.path.iterdir()} == {"c", "."}
    assert not list(folder.path.glob(".new-*"))


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(LEAVES[:4], id="shorter"),
        pytest.param([*LEAVES[:3], leaf_hash(b"x"), *LEAVES[4:9]], id="one changed"),
        pytest.param([LEAVES[1], LEAVES[0], *LEAVES[2:9]], id="two swapped"),
        pytest.param(LEAVES[1:20], id="first removed"),
        pytest.param([], id="emptied"),
    ],
)
def test_an_inconsistent_log_is_never_signed(signer: Signer, tmp_path: Path, history: list[bytes]) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.issue(signer, LEAVES[:2], AT)
    folder.issue(signer, LEAVES[:8], AT)
    with pytest.raises(TamperedError) as caught:
        folder.issue(signer, history, AT)
    assert caught.value.code == "inconsistent"
    assert len(folder.notes()) == 2


def test_a_forged_file_in_the_folder_stops_the_signing(signer: Signer, tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    (tmp_path / "checkpoint-00000000000000000003.txt").write_bytes(note(Signer.generate(signer.name), 3))
    with pytest.raises(TamperedError):
        folder.issue(signer, LEAVES, AT)


def test_a_new_key_goes_on_where_the_former_stopped(signer: Signer, tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path)
    folder.issue(signer, LEAVES[:3], AT)
    new = Signer.generate(signer.name)
    with pytest.raises(TamperedError):
        folder.issue(new, LEAVES, AT)
    folder.issue(new, LEAVES, AT, former=[signer.verifier])
    assert [open_note(n, [new.verifier, signer.verifier]).size for n in folder.notes()] == [3, 40]


def test_issuers_at_the_same_time_sign_one_history(signer: Signer, tmp_path: Path) -> None:
    """Two histories that differ from leaf 0 race: whoever comes second must be refused, whatever the sizes."""
    folder, refused = CheckpointFolder(tmp_path), []
    histories = [LEAVES, [leaf_hash(b"fork"), *LEAVES[1:]]]

    def issue(number: int) -> None:
        try:
            folder.issue(signer, histories[number % 2][: 10 + number], AT)
        except TamperedError:
            refused.append(number)

    threads = [threading.Thread(target=issue, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    signed = [open_note(n, [signer.verifier]) for n in folder.notes()]
    assert signed
    assert len(refused) >= 4
    assert any(all(c.root == root_of(history[: c.size]) for c in signed) for history in histories)
