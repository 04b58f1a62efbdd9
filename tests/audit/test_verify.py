"""The verifier against 2,000 manipulations of an export, and against a second verifier that shares no code with it."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from baton.audit.checkpoint import Signer, Verifier, open_note
from baton.audit.merkle import leaf_hash, root_of
from baton.audit.public_keys import PublicKeys
from baton.audit.verify import Report, Verdict, export_line, verify_export
from tests.audit.campaign import SCRIPT, campaign, independent
from tests.audit.manipulations import ATTACKS, SIGNER, History, content, lines_of, note

SIZE = 60
HISTORY = History(SIZE, (1, 17, 40, SIZE))
HONEST, NOTES = HISTORY.contents, HISTORY.notes


def verify(lines: list[bytes], notes: list[bytes] = NOTES, key: Verifier | PublicKeys = SIGNER.verifier) -> Report:
    return verify_export(io.BytesIO(b"".join(lines)), key, notes)


def test_every_kind_of_manipulation_is_found_by_both_verifiers() -> None:
    figures = campaign(logs=2, entries=60, manipulations=650, seed=2000)
    assert figures.missed == []
    assert figures.tried.keys() == ATTACKS.keys()
    assert figures.tried.total() == 650


def test_a_verifier_that_does_not_look_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(independent, "examine", lambda *_: 60)
    missed = campaign(logs=1, entries=60, manipulations=13, seed=1).missed
    assert [each.partition(":")[0] for each in missed] == ["independent"] * 13


def test_the_auditor_s_script_needs_nothing_of_the_hub() -> None:
    names = {name for node in ast.walk(ast.parse(SCRIPT.read_text("utf-8"))) for name in imported_by(node)}
    assert {name.partition(".")[0] for name in names} & {"baton", "connectors", "tests"} == set()


@pytest.fixture
def auditors(tmp_path: Path) -> Callable[[], tuple[int, str]]:
    """The command of docs/operations.md, in a folder with a copy of the script and what an auditor is given."""
    page = (SCRIPT.parents[1] / "docs" / "operations.md").read_text("utf-8")
    (line,) = re.findall(r"^python3 (audit_verify\.py .+)$", page, re.MULTILINE)
    (tmp_path / "audit_verify.py").write_bytes(SCRIPT.read_bytes())
    (tmp_path / "audit.jsonl").write_bytes(HISTORY.export)
    (tmp_path / "audit.pub").write_text(f"{SIGNER.verifier}\n", "utf-8")
    (tmp_path / "FILE").write_bytes(NOTES[-1])

    def run() -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-I", *line.split()], cwd=tmp_path, check=False, capture_output=True)
        return done.returncode, done.stdout.decode()

    return run


def test_the_auditor_s_command_is_the_one_on_the_page(auditors: Callable[[], tuple[int, str]], tmp_path: Path) -> None:
    assert auditors() == (0, "ok: 60 entries proven\n")
    edited = [*HONEST[:20], content(20, "edited"), *HONEST[21:]]
    (tmp_path / "audit.jsonl").write_bytes(b"".join(lines_of(edited)))
    assert auditors() == (1, "the first 60 entries are not those that were signed\n")
    (tmp_path / "audit.jsonl").unlink()
    assert auditors() == (2, "")


def test_the_auditor_s_script_knows_keys_that_were_replaced() -> None:
    """The file of public keys as the hub writes it after a rotation."""
    new = Signer.generate(SIGNER.name)
    signed_at = open_note(NOTES[-1], [SIGNER.verifier]).at
    for replaced_at, holds in ((signed_at + timedelta(days=1), True), (signed_at - timedelta(days=1), False)):
        keys = str(PublicKeys(SIGNER.verifier).succeeded_by(new.verifier, replaced_at))
        if holds:
            assert independent.examine(HISTORY.export, keys, NOTES) == SIZE
        else:
            with pytest.raises(independent.NotProvenError, match="was replaced"):
                independent.examine(HISTORY.export, keys, NOTES)
    assert independent.examine(HISTORY.export, str(PublicKeys(new.verifier)), [note(HONEST, new)]) == SIZE
    with pytest.raises(independent.NotProvenError, match="not of this log and key"):
        independent.examine(HISTORY.export, str(PublicKeys(new.verifier)), NOTES)


def test_a_key_that_was_replaced_signs_nothing_new_for_either_verifier() -> None:
    """Who got hold of an old key and may write the database: another past, signed after the key was replaced."""
    new, stolen = Signer.generate(SIGNER.name), SIGNER
    signed_at = open_note(NOTES[-1], [stolen.verifier]).at
    rewritten = [*HONEST[:20], content(20, "edited"), *HONEST[21:]]
    forged = note(rewritten, stolen)
    for replaced_at, found in ((signed_at + timedelta(days=1), []), (signed_at - timedelta(days=1), ["wrong_key"])):
        keys = PublicKeys(stolen.verifier).succeeded_by(new.verifier, replaced_at)
        assert [each.what for each in verify(lines_of(rewritten), [forged], keys).findings] == found


def imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


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
