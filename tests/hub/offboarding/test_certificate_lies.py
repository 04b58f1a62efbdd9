"""A hub that lies: the signature over the whole holds, and what stands under it does not prove a finished handover."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from baton.audit.checkpoint import Checkpoint
from baton.hub.offboarding.certificate import verify
from baton.model.case import document_digest
from tests.hub.offboarding.certified import KEY, Content, Issued, certified, found_in, resigned, said_again
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER
from tests.rig.company import SIGNER


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return certified(tmp_path_factory.mktemp("certified"))


def item(content: Content, external_id: str) -> Content:
    found: Content = next(each for each in content["items"] if each["content"]["id"] == external_id)
    return found


def said(content: Content, number: int, act: str) -> Content:
    found: Content = [each for each in content["statements"] if (each["item"], each["act"]) == (number, act)][-1]
    return found


def lie_another_content(content: Content) -> None:
    content["items"][0]["content"]["facts"]["region"] = ["str", "华北"]


def lie_open_item(content: Content) -> None:
    content["items"][0]["state"] = "offered"
    count_again(content)


def lie_obstacle(content: Content) -> None:
    content["obstacles"] = ["1 accounts are alive"]


def lie_summary(content: Content) -> None:
    content["summary"]["left"] = []


def lie_removed_item(content: Content) -> None:
    removed = content["items"].pop()
    content["statements"] = [each for each in content["statements"] if each["item"] != removed["item"]]
    count_again(content)
    content["items"][-1]["item"] += 1


def lie_new_version(content: Content) -> None:
    """The item was changed after it was accepted."""
    it = item(content, "client-00000")
    it["content"]["amount"] = "999 CNY"
    it["digest"] = document_digest(it["content"], bytes.fromhex(content["case"]["salt"])).hex()
    it["version"] += 1
    it["versions"].append({"version": it["version"], "digest": it["digest"], "seen_at": it["versions"][0]["seen_at"]})


def lie_versions(content: Content) -> None:
    del item(content, "client-00003")["versions"][0]


def lie_self_approval(content: Content) -> None:
    it = item(content, "client-00000")
    said_again(content, said(content, it["item"], "approve"), person=it["accepted_by"])
    it["approved_by"] = it["accepted_by"]


def lie_leaver_approves(content: Content) -> None:
    it = item(content, "client-00000")
    said_again(content, said(content, it["item"], "approve"), person=LEAVER)
    it["approved_by"] = LEAVER


def lie_somebody_else_accepts(content: Content) -> None:
    said_again(content, said(content, item(content, "client-00000")["item"], "accept"), person=OTHER)


def lie_no_approval(content: Content) -> None:
    content["statements"].remove(said(content, item(content, "client-00000")["item"], "approve"))


def lie_refused_afterwards(content: Content) -> None:
    number = item(content, "client-00000")["item"]
    again = dict(said(content, number, "accept"))
    said_again(content, again, act="refuse", text="no")
    content["statements"].append(again)


def lie_without_reason_to_leave(content: Content) -> None:
    content["statements"].remove(said(content, item(content, "client-00001")["item"], "leave"))


def lie_unconfirmed(content: Content) -> None:
    content["statements"].remove(said(content, 1, "confirm"))


def lie_wrong_role(content: Content) -> None:
    said_again(content, said(content, 1, "confirm"), role="leaver")


def lie_other_case(content: Content) -> None:
    said_again(content, content["statements"][0], case="case-of-another")


def lie_other_digest(content: Content) -> None:
    said_again(content, said(content, 1, "confirm"), digest="00" * 32)


def lie_leaver_holds(content: Content) -> None:
    it = item(content, "client-00000")
    it["read_back"]["holder"] = it["holder_id"]


def lie_no_read_back(content: Content) -> None:
    item(content, "client-00000")["read_back"] = None


def lie_right_without_proof(content: Content) -> None:
    item(content, "discounts")["read_back"] = None


def lie_not_completed(content: Content) -> None:
    content["statements"] = [each for each in content["statements"] if each["act"] != "complete"]


def lie_reopened(content: Content) -> None:
    again = dict(content["statements"][-1])
    said_again(content, again, act="reopen")
    content["statements"].append(again)


def lie_audit_entries(content: Content) -> None:
    content["audit"]["entries"] += 1


def lie_audit_note(content: Content) -> None:
    note = content["audit"]["note"]
    signature = base64.b64decode(note.split()[-1])
    content["audit"]["note"] = note.replace(note.split()[-1], base64.b64encode(signature[:-1] + b"!").decode())


def lie_key(content: Content) -> None:
    content["hub"]["key_id"] = "00000000"


def lie_right_left(content: Content) -> None:
    """Two people have excepted a right until the last working moment, and the hub has left it at that."""
    right = next(each for each in content["items"] if each["content"]["kind"] == "grant")
    pattern = said(content, item(content, "client-00001")["item"], "leave")
    for person, role in ((MANAGER, "manager"), (HR, "hr")):
        word = {**pattern, "item": right["item"], "version": right["version"], "digest": right["digest"]}
        said_again(content, word, person=person, role=role)
        content["statements"].insert(-1, word)
    right |= {"state": "left", "code": "leave", "read_back": None}
    count_again(content)
    content["summary"]["left"] = sorted([*content["summary"]["left"], right["item"]])


def lie_right_gone(content: Content) -> None:
    """As a thing that others have passed on, without anybody having looked whether it has ended."""
    right = next(each for each in content["items"] if each["content"]["kind"] == "grant")
    right |= {"state": "gone", "code": "gone", "read_back": None}
    count_again(content)
    content["summary"]["gone"] = sorted([*content["summary"]["gone"], right["item"]])


def lie_endless_versions(content: Content) -> None:
    """More versions than any memory holds: whoever checks the file must not count them out."""
    item(content, "discounts")["version"] = 2**53 - 1


def lie_older_checkpoint(content: Content) -> None:
    """A checkpoint that was really signed, before the case was completed: it says nothing of what came after."""
    audit = content["audit"]
    at = datetime.fromisoformat(content["case"]["completed_at"]) - timedelta(seconds=1)
    old = Checkpoint(SIGNER.name, audit["entries"], bytes.fromhex(audit["root"]), at)
    audit |= {"note": SIGNER.sign(old).decode(), "at": at.isoformat()}


def lie_checkpoint_dated_later(content: Content) -> None:
    at = datetime.fromisoformat(content["audit"]["at"]) + timedelta(days=1)
    content["audit"]["at"] = at.isoformat()


def lie_completed_earlier(content: Content) -> None:
    at = datetime.fromisoformat(content["case"]["completed_at"]) - timedelta(days=30)
    content["case"]["completed_at"] = at.isoformat()


def lie_completed_at_no_time(content: Content) -> None:
    content["case"]["completed_at"] = "yesterday"


def lie_self_approval_in_other_letters(content: Content) -> None:
    it = item(content, "client-00000")
    other = f"{it['accepted_by']}\u200b"
    said_again(content, said(content, it["item"], "approve"), person=other)
    it["approved_by"] = other


def lie_leaver_approves_in_other_letters(content: Content) -> None:
    it = item(content, "client-00000")
    other = "".join(chr(ord(letter) + 0xFEE0) for letter in LEAVER)
    said_again(content, said(content, it["item"], "approve"), person=other)
    it["approved_by"] = other


def count_again(content: Content) -> None:
    """Make the summary fit the items, so that only the lie itself can be found."""
    items = content["items"]
    content["summary"] |= {"items": len(items), "states": {}, "kinds": {}}
    for each in items:
        for name, value in (("states", each["state"]), ("kinds", each["content"]["kind"])):
            content["summary"][name][value] = content["summary"][name].get(value, 0) + 1


@pytest.mark.parametrize(
    ("lie", "what"),
    [
        (lie_another_content, {"digest"}),
        (lie_open_item, {"open"}),
        (lie_obstacle, {"malformed"}),
        (lie_summary, {"summary"}),
        (lie_removed_item, {"items"}),
        (lie_new_version, {"acceptance"}),
        (lie_versions, {"versions", "statement"}),
        (lie_self_approval, {"acceptance"}),
        (lie_leaver_approves, {"statement"}),
        (lie_somebody_else_accepts, {"acceptance"}),
        (lie_no_approval, {"acceptance"}),
        (lie_refused_afterwards, {"acceptance"}),
        (lie_without_reason_to_leave, {"acceptance"}),
        (lie_unconfirmed, {"acceptance"}),
        (lie_wrong_role, {"statement"}),
        (lie_other_case, {"statement"}),
        (lie_other_digest, {"statement"}),
        (lie_leaver_holds, {"read_back"}),
        (lie_no_read_back, {"read_back"}),
        (lie_right_without_proof, {"read_back"}),
        (lie_not_completed, {"completion"}),
        (lie_reopened, {"completion"}),
        (lie_audit_entries, {"audit"}),
        (lie_audit_note, {"audit"}),
        (lie_key, {"wrong_key"}),
        (lie_right_left, {"open"}),
        (lie_right_gone, {"read_back"}),
        (lie_endless_versions, {"versions"}),
        (lie_older_checkpoint, {"audit"}),
        (lie_checkpoint_dated_later, {"audit"}),
        (lie_completed_earlier, {"completion"}),
        (lie_completed_at_no_time, {"completion"}),
        (lie_self_approval_in_other_letters, {"acceptance"}),
        (lie_leaver_approves_in_other_letters, {"statement"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_signature_does_not_make_a_lie_true(issued: Issued, lie: Callable[[Content], None], what: set[str]) -> None:
    content = issued.content()
    assert verify(resigned(content), KEY).holds
    lie(content)
    assert found_in(resigned(content)) == what
