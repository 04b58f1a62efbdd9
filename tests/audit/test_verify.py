"""The verifier against 2,000 manipulations of an export, and against a second verifier that shares no code with it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from baton.audit.canonical import body_text, entry_bytes, stamp
from baton.audit.checkpoint import Checkpoint, Signer, Verifier
from baton.audit.merkle import leaf_hash, root_of
from baton.audit.verify import Report, Verdict, export_line, verify_export

START = datetime(2026, 11, 22, tzinfo=UTC)
SIZE = 60
SIGNER = Signer.generate("baton.example/audit")


def content(seq: int, word: str = "") -> bytes:
    body = body_text({"effect": f"{seq:064x}", "system": "示例", "word": word, "step": seq % 3})
    return entry_bytes(seq, stamp(START + timedelta(seconds=seq)), "effect.sent", body)


def lines_of(contents: list[bytes]) -> list[bytes]:
    return [export_line(item, leaf_hash(item)) for item in contents]


def note(contents: list[bytes], signer: Signer = SIGNER) -> bytes:
    root = root_of([leaf_hash(item) for item in contents])
    return signer.sign(Checkpoint(signer.name, len(contents), root, START))


HONEST = [content(seq) for seq in range(SIZE)]
NOTES = [note(HONEST[:size]) for size in (1, 17, 40, SIZE)]


def verify(lines: list[bytes], notes: list[bytes] = NOTES, key: Verifier = SIGNER.verifier) -> Report:
    return verify_export(io.BytesIO(b"".join(lines)), [key], notes)


def second_verifier(export: bytes, notes: list[bytes], vkey: str) -> bool:
    """Written from the documented formats with the standard library (and an Ed25519): the auditor's own script."""
    name, key_id, key = vkey.split("+", 2)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
    leaves = []
    for number, line in enumerate(export.splitlines()):
        entry = json.loads(line)["entry"]
        if entry["seq"] != number:
            return False
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        leaves.append(hashlib.sha256(b"\0" + text.encode()).digest())

    def tree(hashes: list[bytes]) -> bytes:
        if len(hashes) < 2:
            return hashes[0] if hashes else hashlib.sha256(b"").digest()
        half = 1 << (len(hashes) - 1).bit_length() - 1
        return hashlib.sha256(b"\1" + tree(hashes[:half]) + tree(hashes[half:])).digest()

    for item in notes:
        text, signature = item.decode().split("\n\n")
        raw = base64.b64decode(signature.split(" ")[2])
        try:
            public.verify(raw[4:], text.encode() + b"\n")
        except InvalidSignature:
            return False
        origin, size, root = text.split("\n")[:3]
        if raw[:4].hex() != key_id or origin != name or int(size) > len(leaves):
            return False
        if base64.b64decode(root) != tree(leaves[: int(size)]):
            return False
    return True


# --- the manipulations. Each takes an honest export and gives (lines, notes) that must not pass.

Attack = Callable[[random.Random], tuple[list[bytes], list[bytes]]]


def flip_byte(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    data = bytearray(b"".join(lines_of(HONEST)))
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return [bytes(data)], NOTES


def edit_with_new_leaf(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    seq = rng.randrange(SIZE)
    return lines_of([*HONEST[:seq], content(seq, f"edited {rng.random()}"), *HONEST[seq + 1 :]]), NOTES


def delete(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    seq = rng.randrange(SIZE)
    return lines_of(HONEST[:seq] + HONEST[seq + 1 :]), NOTES


def delete_and_renumber(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    gone = rng.randrange(SIZE)
    kept = [json.loads(item) for seq, item in enumerate(HONEST) if seq != gone]
    renumbered = [entry_bytes(seq, e["at"], e["kind"], body_text(e["body"])) for seq, e in enumerate(kept)]
    return lines_of([*renumbered, content(SIZE - 1, "filler")]), NOTES


def insert(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    seq = rng.randrange(SIZE)
    return lines_of([*HONEST[:seq], content(seq, "inserted"), *HONEST[seq:]]), NOTES


def insert_and_renumber(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    place = rng.randrange(SIZE)
    entries = [json.loads(item) for item in [*HONEST[:place], content(place, "inserted"), *HONEST[place:]]]
    return lines_of([entry_bytes(s, e["at"], e["kind"], body_text(e["body"])) for s, e in enumerate(entries)]), NOTES


def repeat(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    seq = rng.randrange(SIZE)
    return lines_of([*HONEST[: seq + 1], *HONEST[seq:]]), NOTES


def swap(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    one, other = rng.sample(range(SIZE), 2)
    contents = list(HONEST)
    contents[one], contents[other] = contents[other], contents[one]
    return lines_of(contents), NOTES


def cut_tail(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    return lines_of(HONEST[: rng.randrange(SIZE)]), NOTES


def cut_inside_a_line(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    data = b"".join(lines_of(HONEST))
    return [data[: rng.randrange(1, len(data))]], NOTES


def rewrite(rng: random.Random) -> list[bytes]:
    return [content(seq, f"another past {rng.random()}") for seq in range(SIZE + rng.randrange(10))]


def full_rewrite(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    return lines_of(rewrite(rng)), NOTES


def full_rewrite_with_a_new_key(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    contents = rewrite(rng)
    return lines_of(contents), [note(contents, Signer.generate(SIGNER.name))]


def full_rewrite_by_the_key_holder(rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    """Re-signed with the stolen true key: one old checkpoint that an auditor kept is enough."""
    contents = rewrite(rng)
    return lines_of(contents), [note(contents), rng.choice(NOTES)]


ATTACKS: list[Attack] = [
    flip_byte, edit_with_new_leaf, delete, delete_and_renumber, insert, insert_and_renumber, repeat, swap, cut_tail,
    cut_inside_a_line, full_rewrite, full_rewrite_with_a_new_key, full_rewrite_by_the_key_holder,
]  # fmt: skip


def test_2000_manipulations_are_all_found() -> None:
    rng = random.Random(2000)
    missed: Counter[str] = Counter()
    honest = b"".join(lines_of(HONEST))
    for number in range(2000):
        attack = ATTACKS[number % len(ATTACKS)]
        lines, notes = attack(rng)
        assert (b"".join(lines), notes) != (honest, NOTES)
        if verify(lines, notes).verdict is not Verdict.TAMPERED:
            missed[attack.__name__] += 1
    assert missed == Counter()


def test_the_second_verifier_agrees() -> None:
    rng = random.Random(7)
    assert second_verifier(b"".join(lines_of(HONEST)), NOTES, str(SIGNER.verifier))
    for attack in ATTACKS:
        if attack in (flip_byte, cut_inside_a_line):
            continue  # these may stop the tiny one at json.loads, or touch the leaf column it does not read
        lines, notes = attack(rng)
        assert not second_verifier(b"".join(lines), notes, str(SIGNER.verifier)), attack.__name__


def test_a_clean_log_passes_and_says_how_far_it_is_proven() -> None:
    report = verify(lines_of(HONEST), NOTES[:3])
    assert (report.verdict, report.ok, report.entries, report.proven, report.checkpoints) == (
        Verdict.PROVEN,
        True,
        60,
        40,
        3,
    )
    assert report.root == root_of([leaf_hash(item) for item in HONEST])
    assert "40 entries proven, 20 newer" in str(report)


def test_without_a_checkpoint_nothing_is_called_proven() -> None:
    report = verify(lines_of(HONEST), [])
    assert (report.verdict, report.ok) == (Verdict.UNPROVEN, False)
    assert "no checkpoint" in str(report)


def test_an_empty_log_passes_only_against_its_own_checkpoint() -> None:
    assert verify([], [note([])]).ok
    assert not verify([], []).ok
    assert verify([], NOTES).verdict is Verdict.TAMPERED


def whats(report: Report) -> set[str]:
    return {finding.what for finding in report.findings}


def test_findings_name_what_happened_and_where() -> None:
    edited = [*HONEST[:20], content(20, "edited"), *HONEST[21:]]
    careless = lines_of(HONEST)
    careless[20] = export_line(edited[20], leaf_hash(HONEST[20]))
    report = verify(careless)
    assert [(f.what, f.place) for f in report.findings if f.what == "changed"] == [("changed", "line 21")]
    careful = verify(lines_of(edited))
    assert whats(careful) == {"rewritten"}
    assert "between entry 17 and 39" in careful.findings[0].message
    assert "gap" in whats(verify(lines_of([*HONEST[:5], *HONEST[6:]])))
    assert "duplicate" in whats(verify(lines_of([*HONEST[:5], HONEST[4], *HONEST[5:]])))
    assert {"gap", "reordered"} <= whats(verify(lines_of([*HONEST[:5], HONEST[6], HONEST[5], *HONEST[7:]])))
    assert "cut_tail" in whats(verify(lines_of(HONEST[:59])))
    assert "wrong_key" in whats(verify(lines_of(HONEST), NOTES, Signer.generate(SIGNER.name).verifier))
    assert "changed" in str(report)


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\n", b'{"entry":1,"leaf":"00"}\n', b"[" * 100_000 + b"\n", b"x" * 300_000,
     b'{"entry":{},"leaf":7}\n', lines_of(HONEST)[0].replace(b'"leaf":', b'"leaf": '), lines_of(HONEST)[0].rstrip(b"\n") + b" \n"],
    ids=range(11),
)  # fmt: skip
def test_garbage_is_a_finding_and_never_a_crash(line: bytes) -> None:
    report = verify([line])
    assert "malformed" in whats(report)


def test_findings_are_limited() -> None:
    assert len(verify([b"junk\n"] * 1000).findings) == 100
