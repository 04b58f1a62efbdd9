"""Files of an item: sealed at rest, named in a signed statement, the very bytes given back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.errors import ApprovalError, ConfigurationError, TamperedError
from baton.hub import proof
from baton.hub.offboarding import certificate, certifying, completing, files
from baton.model.attachment import Attachment
from baton.model.case import Act, Case, Cause, Item, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk

Make = Callable[..., Desk]
CONTENT = "客户联系人：测试䶮\n".encode() * 50


def one_item(d: Desk) -> tuple[Case, Item]:
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    return case, d.item(case, ref)


def upload(
    case: Case,
    item: Item,
    name: str = "说明.txt",
    content: bytes = CONTENT,
    person: str = LEAVER,
    role: Role = Role.LEAVER,
) -> files.Upload:
    return files.Upload(case.id, item.id, person, role, name, content)


def stored(d: Desk) -> list[Path]:
    return sorted(d.hub.kept_files.folder.rglob("*.sealed"))


def test_what_is_put_there_comes_back_and_stands_in_the_certificate(desk: Make) -> None:
    d = desk()
    case, item = one_item(d)
    kept = files.attach(d.hub, upload(case, item))
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert (kept.name, kept.size, kept.digest) == ("说明.txt", len(CONTENT), digest)
    assert files.content(d.hub, case, item.id, digest) == (kept, CONTENT)
    (file,) = stored(d)
    assert "测试䶮".encode() not in file.read_bytes()
    d.agree(case)
    d.tick()
    d.close_account()
    completing.complete(d.hub, case.id, HR, "done")
    verified = certificate.verify(certifying.kept(d.hub, case.id).pdf, proof.public_keys(d.hub))
    assert verified.holds
    assert verified.document is not None
    said = [each for each in verified.document.statements if each.act is Act.ATTACH]
    assert [(each.person, Attachment.from_text(each.text)) for each in said] == [(LEAVER, kept)]
    assert any(said.act is Act.ATTACH for said in verified.document.statements)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", "is empty"),
        ("a.exe", b"x", "of this type"),
        ("a", b"x", "of this type"),
        ("a.txt", b"x" * (1024 * 1024 + 1), "at most 1 MB"),
    ],
)
def test_what_the_policy_does_not_take_is_refused(
    desk: Make, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    policy = tmp_path / "policies.yaml"
    policy.write_text("policies:\n  all: {files: {largest_mb: 1, types: [txt, PDF]}}\n".replace("PDF", "pdf"), "utf-8")
    d = desk(offboarding=OffboardingPart(policies=policy))
    case, item = one_item(d)
    with pytest.raises(ApprovalError, match=words):
        files.attach(d.hub, upload(case, item, name, content))
    assert stored(d) == []


def test_so_many_and_no_more(desk: Make, tmp_path: Path) -> None:
    policy = tmp_path / "policies.yaml"
    policy.write_text("policies:\n  all: {files: {most: 1}}\n", "utf-8")
    d = desk(offboarding=OffboardingPart(policies=policy))
    case, item = one_item(d)
    files.attach(d.hub, upload(case, item))
    with pytest.raises(ApprovalError, match="at most 1 files"):
        files.attach(d.hub, upload(case, item, "b.txt", b"another"))
    assert len(stored(d)) == 1


def test_who_may_put_a_file_there(desk: Make) -> None:
    d = desk()
    case, item = one_item(d)
    for person, role in ((SUCCESSOR, Role.SUCCESSOR), (OTHER, Role.MANAGER), (OTHER, Role.LEAVER)):
        with pytest.raises(ApprovalError):
            files.attach(d.hub, upload(case, item, person=person, role=role))
    assert (stored(d), files.attached(d.hub, case, item.id)) == ([], [])
    files.attach(d.hub, upload(case, item, person=MANAGER, role=Role.MANAGER))
    with pytest.raises(ApprovalError):
        files.attach(d.hub, upload(case, item, person=OTHER, role=Role.MANAGER))
    assert len(stored(d)) == 1, "a refused repeat takes nothing away that is known"
    with pytest.raises(ConfigurationError):
        files.attach(d.hub, files.Upload(case.id, 99, LEAVER, Role.LEAVER, "a.txt", b"x"))
    assert len(stored(d)) == 1


def test_who_is_refused_takes_nothing_away_that_somebody_has_put_there_meanwhile(
    desk: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    d = desk()
    case, item = one_item(d)
    put = d.hub.kept_files.put

    def meanwhile(place: str, data: bytes) -> None:
        monkeypatch.undo()
        files.attach(d.hub, upload(case, item))
        put(place, data)

    monkeypatch.setattr(d.hub.kept_files, "put", meanwhile)
    with pytest.raises(ApprovalError):
        files.attach(d.hub, upload(case, item, person=SUCCESSOR, role=Role.SUCCESSOR))
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert files.content(d.hub, case, item.id, digest)[1] == CONTENT


def test_a_file_that_was_exchanged_on_the_disk_is_not_given_out(desk: Make) -> None:
    d = desk()
    case, item = one_item(d)
    first = files.attach(d.hub, upload(case, item))
    second = files.attach(d.hub, upload(case, item, "b.txt", b"another"))
    places = {
        each.file.digest: f"uploads/{case.id}/{item.id}-{each.file.digest}"
        for each in files.attached(d.hub, case, item.id)
    }
    d.hub.kept_files.put(places[first.digest], b"something else")
    with pytest.raises(TamperedError):
        files.content(d.hub, case, item.id, first.digest)
    assert files.content(d.hub, case, item.id, second.digest)[1] == b"another"
    with pytest.raises(ConfigurationError):
        files.content(d.hub, case, item.id, "0" * 64)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/a.txt", "a.txt"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        (".a.txt", "a.txt"),
        ("a\r\nX: y.txt", "aX: y.txt"),
        ("\u202etxt.a", "txt.a"),
        ("", "file"),
        ("n" * 300 + ".pdf", "n" * 146 + ".pdf"),
    ],
)
def test_a_name_leads_nowhere(given: str, name: str) -> None:
    file = Attachment.of(given, b"x")
    assert file.name == name
    assert Attachment.from_text(file.text) == file


def test_a_statement_about_something_else_is_no_file() -> None:
    assert Attachment.from_text("in cabinet 4") is None
