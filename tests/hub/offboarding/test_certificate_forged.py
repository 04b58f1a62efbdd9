"""Forged certificates: whatever is changed, cut, swapped or left out is found, with the file and the key alone."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest

from baton.audit.checkpoint import Signer
from baton.audit.public_keys import PublicKeys
from baton.cli.main import execute
from baton.hub.offboarding.certificate import drawn, verify
from baton.jobs.offboarding.certificate.binding import take_apart
from baton.jobs.offboarding.certificate.building import UNKNOWN_DIGEST
from baton.jobs.offboarding.certificate.manifest import (
    FORMAT,
    LANGUAGES,
    Document,
    canonical,
)
from baton.jobs.offboarding.certificate.pages import outcome, pages
from baton.jobs.offboarding.certificate.words import Words
from baton.jobs.offboarding.checklist import WATCHED
from baton.model.handover import HoldingKind
from tests.hub.offboarding.certified import KEY, Content, Issued, certified, found_in, resigned
from tests.hub.offboarding.conftest import LEAVER
from tests.rig.company import SIGNER

BYTES_CHANGED = 600


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return certified(tmp_path_factory.mktemp("certified"))


# --- what it is


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_reader_shows_the_same(issued: Issued, language: str) -> None:
    other = issued.document.model_copy(
        update={"pages": issued.document.pages.model_copy(update={"language": language, "digest": UNKNOWN_DIGEST})}
    )
    certificate = drawn(other, SIGNER)
    assert verify(certificate.pdf, KEY).holds
    reader = pypdf.PdfReader(io.BytesIO(certificate.pdf), strict=True)
    assert reader.attachments == {"manifest.json": [certificate.manifest]}
    text = shown_text(certificate.pdf)
    title = re.sub(r"\s", "", Words(language)("title"))
    for expected in (
        title,
        "测试client1䶮",
        "抽屉里的纸质合同",
        other.case.id,
        "放在3号柜",
        "客户已破产",
        "测试0003(0003)",
    ):
        assert expected in text
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert fonts
    for font in fonts:
        assert "/FontFile3" in font["/DescendantFonts"][0].get_object()["/FontDescriptor"]


def taken_out(issued: Issued) -> Content:
    """The same where the system of the account and of the right was taken out before they had ended."""
    content = issued.content()
    for kind in ("account", "grant"):
        item = next(each for each in content["items"] if each["content"]["kind"] == kind)
        item |= {"state": "gone", "code": "no_system", "read_back": None}
        content["summary"]["gone"] = sorted([*content["summary"]["gone"], item["item"]])
    content["summary"]["states"]["gone"] += 2
    content["summary"]["states"]["done"] -= 2
    return content


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_not_asked_about_is_shown_as_such_and_counted_by_itself(issued: Issued, language: str) -> None:
    """Such a certificate holds, as those do that were issued before it was told apart."""
    content = taken_out(issued)
    assert verify(resigned(content), KEY).shown()["not_asked"] == content["summary"]["gone"][1:]
    content["pages"] |= {"language": language, "digest": UNKNOWN_DIGEST}
    certificate = drawn(Document.model_validate_json(canonical(content)), SIGNER)
    verified = verify(certificate.pdf, KEY)
    assert verified.holds
    assert verified.document is not None
    assert [outcome(item) for item in verified.document.items if item.kind in WATCHED] == ["not_asked"] * 2
    words, text = Words(language), shown_text(certificate.pdf)
    for told in (words("taken_out"), words("but_for", count=2), f"2{words('not_asked')}", f"1{words('gone')}"):
        assert re.sub(r"\s", "", told) in text
    for told in (words("taken_out"), words("but_for", count=2)):
        assert re.sub(r"\s", "", told) not in shown_text(issued.certificate.pdf)


def test_the_same_document_gives_the_same_bytes_in_another_process(issued: Issued, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(issued.certificate.manifest)
    script = (
        "import hashlib, sys; from pathlib import Path;"
        "from baton.jobs.offboarding.certificate.manifest import parse;"
        "from baton.jobs.offboarding.certificate.pages import pages;"
        "data = Path(sys.argv[1]).read_bytes();"
        "print(hashlib.sha256(pages(parse(data).document, data)).hexdigest())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "manifest.json")]
    there = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}).stdout
    here = pages(issued.document, issued.certificate.manifest)
    assert there.strip() == hashlib.sha256(here).hexdigest()


def shown_text(pdf: bytes) -> str:
    """What another program reads on the pages, without white space (and without the NULs it puts between letters)."""
    reader = pypdf.PdfReader(io.BytesIO(pdf), strict=True)
    return re.sub(r"[\s\x00]", "", "".join(page.extract_text() for page in reader.pages))


def test_what_a_font_cannot_draw_or_a_reader_not_see_is_written_out(issued: Issued) -> None:
    content = issued.content()
    content["people"]["0003"] = "a\u202eb\U0001f600"
    content["pages"]["digest"] = UNKNOWN_DIGEST
    pdf = drawn(Document.model_validate_json(canonical(content)), SIGNER).pdf
    assert "a[U+202E]b[U+1F600]" in shown_text(pdf)


def test_what_stands_for_the_number_of_pages_is_a_title_like_any_other(issued: Issued) -> None:
    content = issued.content()
    content["items"][0]["content"]["title"] = "合同{nb}号"
    content["pages"]["digest"] = UNKNOWN_DIGEST
    text = shown_text(drawn(Document.model_validate_json(canonical(content)), SIGNER).pdf)
    assert "合同{nb}号" in text
    assert "第1页，共2页" in text


def lowest_mm(pdf: bytes) -> float:
    """How far above the lower edge of the paper the lowest line of any page stands."""
    places: list[float] = []

    def note(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        places.extend([cm[5] + tm[5]] if text.strip() else [])

    for page in pypdf.PdfReader(io.BytesIO(pdf), strict=True).pages:
        page.extract_text(visitor_text=note)
    return min(places) / 72 * 25.4


def test_a_long_reason_goes_on_with_the_next_page(issued: Issued) -> None:
    content = issued.content()
    content["pages"]["digest"] = UNKNOWN_DIGEST
    said = next(each for each in content["statements"] if each["act"] == "confirm")
    said["text"] = f"{'证' * 9000}终"
    pdf = drawn(Document.model_validate_json(canonical(content)), SIGNER).pdf
    assert lowest_mm(pdf) == lowest_mm(issued.certificate.pdf), "nothing stands below the foot line"
    text = shown_text(pdf)
    assert (text.count("证" * 20) > 0, "终(" in text) == (True, True)


def test_a_table_of_every_kind_goes_on_with_the_next_page(issued: Issued) -> None:
    content = issued.content()
    content["pages"]["digest"] = UNKNOWN_DIGEST
    for kind in HoldingKind:
        one = json.loads(json.dumps(content["items"][0]))
        one["content"]["kind"], one["item"] = kind.value, len(content["items"]) + 1
        content["items"].append(one)
    pdf = drawn(Document.model_validate_json(canonical(content)), SIGNER).pdf
    assert lowest_mm(pdf) == lowest_mm(issued.certificate.pdf), "nothing stands below the foot line"


# --- changed without the key


def test_no_single_byte_can_change(issued: Issued) -> None:
    chance = random.Random(4)
    pdf, manifest = issued.certificate.pdf, issued.certificate.manifest
    start = len(take_apart(pdf).before)
    within = range(start, start + len(manifest))
    places = [*chance.sample(range(len(pdf)), BYTES_CHANGED // 2), *chance.sample(within, BYTES_CHANGED // 4)]
    for place in places:
        changed = bytes([pdf[place] ^ chance.randrange(1, 256)])
        assert not verify(pdf[:place] + changed + pdf[place + 1 :], KEY).holds, place
    for place in chance.sample(range(len(manifest)), BYTES_CHANGED // 4):
        changed = bytes([manifest[place] ^ chance.randrange(1, 256)])
        assert not verify(manifest[:place] + changed + manifest[place + 1 :], KEY).holds, place


def test_no_byte_can_be_added_left_out_or_moved(issued: Issued) -> None:
    chance = random.Random(5)
    for whole in (issued.certificate.pdf, issued.certificate.manifest):
        for _ in range(100):
            place, length = chance.randrange(len(whole)), chance.randrange(1, 50)
            piece = whole[place : place + length]
            rest = whole[:place] + whole[place + length :]
            onto = chance.randrange(len(rest) + 1)
            for forged in (rest, whole[:place] + piece + whole[place:], rest[:onto] + piece + rest[onto:]):
                assert forged == whole or not verify(forged, KEY).holds, (place, length, onto)
        for forged in (whole + b"\n", b"\n" + whole, whole + b"%%EOF\n", whole[:-1], b"", whole + whole):
            assert not verify(forged, KEY).holds


def drop_item(content: Content) -> None:
    del content["items"][2]


def drop_last_item(content: Content) -> None:
    del content["items"][-1]


def swap_signatures(content: Content) -> None:
    first, second = content["statements"][1:3]
    first["signature"], second["signature"] = second["signature"], first["signature"]


def drop_statement(content: Content) -> None:
    del content["statements"][3]


def rename(content: Content) -> None:
    content["items"][0]["content"]["title"] = "别的客户"


def other_acceptor(content: Content) -> None:
    content["items"][0]["accepted_by"] = "0009"


def other_salt(content: Content) -> None:
    content["case"]["salt"] = "ab" * 32


@pytest.mark.parametrize(
    "change", [drop_item, drop_last_item, swap_signatures, drop_statement, rename, other_acceptor, other_salt]
)
def test_what_is_changed_without_the_key_does_not_hold(issued: Issued, change: Callable[[Content], None]) -> None:
    content = issued.content()
    change(content)
    signature = json.loads(issued.certificate.manifest)["signature"]
    forged = canonical({"document": content, "format": FORMAT, "signature": signature}) + b"\n"
    assert "bad_signature" in found_in(forged)
    bound = take_apart(issued.certificate.pdf)
    assert not verify(bound.before + forged + bound.after, KEY).holds


def test_another_key_is_another_hub(issued: Issued) -> None:
    for other in (Signer(SIGNER.name, b"o" * 32), Signer("other/audit", SIGNER.seed), Signer.generate("x")):
        assert not verify(issued.certificate.pdf, PublicKeys(other.verifier)).holds
    for forger in (Signer(SIGNER.name, b"o" * 32), Signer.generate("x")):
        assert "bad_signature" in found_in(resigned(issued.content(), forger))


def test_the_manifest_of_one_pdf_does_not_stand_in_another(issued: Issued) -> None:
    content = issued.content()
    content["pages"] = {"language": "en", "digest": UNKNOWN_DIGEST}
    english = drawn(Document.model_validate_json(canonical(content)), SIGNER)
    mine, theirs = take_apart(issued.certificate.pdf), take_apart(english.pdf)
    assert found_in(theirs.before + mine.manifest + theirs.after) == {"pdf"}
    assert found_in(mine.before + theirs.manifest + mine.after) == {"pdf"}
    assert found_in(issued.certificate.pdf + english.pdf) == {"malformed"}
    assert found_in(b"%PDF-1.7 without one") == {"malformed"}


def test_the_same_content_in_another_spelling_is_refused(issued: Issued) -> None:
    manifest = issued.certificate.manifest
    whole = json.loads(manifest)
    spellings = [
        json.dumps(whole).encode(),
        json.dumps(whole, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode() + b"\n",
        manifest.replace(b'"obstacles":[]', b'"obstacles":[],"obstacles":[]'),
        manifest.replace(b'"entries":', b'"entries":0'),
        manifest.replace(b'"item":1,', b'"item":1.0,', 1),
        b"\xef\xbb\xbf" + manifest,
    ]
    for spelling in spellings:
        assert spelling != manifest
        assert found_in(spelling) == {"malformed"}


# --- the command


@pytest.fixture
def alone(issued: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files and the key, and nothing of a hub."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BATON_SYSTEMS", raising=False)
    (tmp_path / "c.pdf").write_bytes(issued.certificate.pdf)
    (tmp_path / "c.json").write_bytes(issued.certificate.manifest)
    (tmp_path / "audit.pub").write_text(f"{KEY}\n")
    return tmp_path


def test_anybody_can_check_it_with_the_key_alone(alone: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert execute(["--lang", "en", "offboard", "verify", "c.pdf", "--key", "audit.pub"]) == 0
    assert "c.pdf holds" in capfd.readouterr().out
    assert execute(["offboard", "verify", "c.json", "--key", "audit.pub", "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert (shown["holds"], shown["pages"], shown["number"]) == (True, False, LEAVER)
    assert sorted(path.name for path in alone.iterdir()) == ["audit.pub", "c.json", "c.pdf"]


def test_of_how_many_items_it_proves_nothing_is_said(
    issued: Issued, alone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (alone / "c.json").write_bytes(resigned(taken_out(issued)))
    assert execute(["--lang", "en", "offboard", "verify", "c.json", "--key", "audit.pub"]) == 0
    assert "it proves nothing of 2 items" in capfd.readouterr().out
    assert execute(["--lang", "zh", "offboard", "verify", "c.json", "--key", "audit.pub"]) == 0
    assert "2 项不在证明之列" in capfd.readouterr().out


def test_what_does_not_hold_is_named_and_ends_with_2(alone: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (alone / "c.json").write_bytes((alone / "c.json").read_bytes().replace("破产".encode(), "发财".encode()))
    assert execute(["--lang", "en", "offboard", "verify", "c.json", "--key", "audit.pub"]) == 2
    out = capfd.readouterr().out
    assert "does not hold" in out
    assert "bad_signature" in out
    assert execute(["offboard", "verify", "c.json", "--key", "audit.pub", "--json"]) == 2
    shown = json.loads(capfd.readouterr().out)
    assert not shown["holds"]
    assert {each["what"] for each in shown["broken"]} == {"bad_signature", "statement"}
    assert "number" not in shown


def test_without_a_usable_key_nothing_is_said_to_hold(alone: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (alone / "audit.pub").write_text("test/audit+00000000+AAAA\n")
    assert execute(["offboard", "verify", "c.pdf", "--key", "audit.pub"]) == 2
    assert execute(["offboard", "verify", "c.pdf"]) == 2
    assert "holds" not in capfd.readouterr().out
