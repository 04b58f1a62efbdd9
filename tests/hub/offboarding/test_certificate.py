"""A completed case gets its certificate, and only a completed one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from baton.errors import ApprovalError, ConnectorError
from baton.hub import proof
from baton.hub.offboarding import completing
from baton.hub.offboarding.certificate import issue, verify, verify_file
from baton.jobs.offboarding.certificate.pages import OUTCOMES, outcome
from baton.model.handover import HoldingKind
from tests.hub.conftest import Start
from tests.hub.offboarding.certified import finish, settings
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, SUCCESSOR, Desk
from tests.hub.offboarding.test_rights_taken_back import in_two_systems
from tests.hub.offboarding.test_switched_off import say

Make = Callable[..., Desk]


def test_a_finished_case_is_certified_item_by_item(desk: Make, tmp_path: Path) -> None:
    d = desk(offboarding=settings(tmp_path))
    case = finish(d)
    certificate = issue(d.hub, case.id, HR)
    key = proof.public_keys(d.hub)
    pdf, manifest = tmp_path / "certificate.pdf", tmp_path / "certificate.json"
    pdf.write_bytes(certificate.pdf)
    manifest.write_bytes(certificate.manifest)
    verified = verify_file(pdf, key)
    assert (verified.holds, verified.pages_checked) == (True, True)
    alone = verify_file(manifest, key)
    assert (alone.holds, alone.pages_checked) == (True, False)
    said = verified.document
    assert said is not None
    assert (said.case.number, said.completed_by, said.people[SUCCESSOR]) == (LEAVER, HR, "测试0003")
    assert {outcome(item) for item in said.items} == set(OUTCOMES) - {"open", "not_asked"}
    by_id = {item.content.id: item for item in said.items}
    first, changed, group = by_id["client-00000"], by_id["client-00003"], by_id["group-00001"]
    assert first.read_back is not None
    assert (first.accepted_by, first.approved_by, first.read_back.holder) == (SUCCESSOR, MANAGER, d.id_of(SUCCESSOR))
    assert (changed.version, changed.accepted_version) == (2, 2)
    assert said.summary.irreversible == [group.item]
    assert [by_id["client-00001"].item, by_id["client-00002"].item] == [*said.summary.left, *said.summary.gone]
    assert said.audit.entries > 0


def test_only_a_finished_case_is_certified(desk: Make) -> None:
    d = desk()
    d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    with pytest.raises(ApprovalError, match="only a completed case"):
        issue(d.hub, case.id, HR)


def test_what_has_drifted_back_or_cannot_be_read_is_not_certified(desk: Make, tmp_path: Path) -> None:
    d = desk(offboarding=settings(tmp_path))
    case = finish(d)
    ref = next(ref for ref, holder in d.things.holders.items() if holder == d.id_of(SUCCESSOR))
    d.target().away = True
    with pytest.raises(ConnectorError):
        issue(d.hub, case.id, HR)
    d.target().away = False
    d.things.holders[ref] = d.id_of(LEAVER)
    with pytest.raises(ApprovalError, match="the leaver holds it again"):
        issue(d.hub, case.id, HR)


def test_what_was_left_in_a_system_that_was_taken_out_is_said_to_be_nobodys_word(start: Start) -> None:
    d, things, _ = in_two_systems(start)
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(hours=1))
    d.tick()
    say(d, "erp", None)
    d.company.clock.sleep(7200)
    d.tick()
    d.close_account()
    d.tick()
    completing.complete(d.hub, case.id, HR, "x")
    verified = verify(issue(d.hub, case.id, HR, "en").pdf, proof.public_keys(d.hub))
    assert verified.holds
    assert verified.document is not None
    became = {(item.system, item.content.kind): outcome(item) for item in verified.document.items}
    there = dict.fromkeys([("erp", "client"), ("erp", "grant"), ("erp", "account")], "not_asked")
    assert became == {("crm", "account"): "ended", **there}
    assert things.grants[d.company.truths["erp"].accounts[LEAVER].external_id], "the leaver has it still"


def test_a_certificate_is_in_the_audit_log(desk: Make, tmp_path: Path) -> None:
    d = desk(offboarding=settings(tmp_path))
    case = finish(d)
    issue(d.hub, case.id, HR, "en")
    with (tmp_path / "export").open("wb") as file:
        proof.export(d.hub, file)
    lines = [line for line in (tmp_path / "export").read_text("utf-8").splitlines() if '"kind":"certificate"' in line]
    assert len(lines) == 2, "at the completion, and when it was asked for"
    assert all(case.id in line for line in lines)
