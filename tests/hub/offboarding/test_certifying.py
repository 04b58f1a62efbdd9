"""A case that is completed gets its certificate by itself, and it can be checked however often the key was changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from baton.audit.checkpoint import Signer
from baton.audit.public_keys import PublicKeys
from baton.errors import ApprovalError, RetryableError
from baton.hub import proof
from baton.hub.offboarding import casework, certificate, certifying, completing, hourly, undoing
from baton.model.case import Act, Case, Cause
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, MANAGER, Desk
from tests.rig.belongings import PromisingTarget

Make = Callable[..., Desk]
NEXT_KEY = Signer("test/audit", b"n" * 32)


def finished(d: Desk) -> Case:
    d.plant(HoldingKind.CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.agree(case)
    d.tick()
    d.close_account()
    return case


def test_completing_a_case_keeps_its_certificate(desk: Make) -> None:
    d = desk()
    case = finished(d)
    with pytest.raises(ApprovalError, match="no certificate"):
        certifying.kept(d.hub, case.id)
    completing.complete(d.hub, case.id, HR, "done")
    found = certifying.kept(d.hub, case.id)
    verified = certificate.verify(found.pdf, proof.public_keys(d.hub))
    assert (verified.holds, verified.document is not None and verified.document.issued_by) == (True, HR)
    assert certificate.verify(found.manifest, proof.public_keys(d.hub)).holds
    d.target().away = True
    assert certifying.kept(d.hub, case.id) == found, "no system is asked for what is kept"


def test_a_certificate_that_was_put_off_is_issued_although_nothing_is_looked_at_any_more(
    desk: Make, tmp_path: Path
) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text("policies:\n  default: {protection_days: 0, drift_days: 0}\n", "utf-8")
    d = desk(offboarding=OffboardingPart(policies=file))
    case = finished(d)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifying, "issue", _away)
        completing.complete(d.hub, case.id, HR, "done")
    with pytest.raises(ApprovalError, match="no certificate"):
        certifying.kept(d.hub, case.id)
    d.company.clock.sleep(3600)
    assert d.tick().refreshed == 0
    assert certifying.kept(d.hub, case.id).pdf


def _away(*_: object) -> None:
    raise RetryableError("away", code="unreachable")


def test_what_was_not_taken_back_is_certified_with_whom_it_was_given_to(desk: Make) -> None:
    d = desk(PromisingTarget)
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    target = d.target()
    assert isinstance(target, PromisingTarget)
    d.tick()
    d.agree(case)
    d.tick()
    target.decide()
    d.tick()
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    target.decide(ref)
    d.tick()
    assert d.item(case, ref).code == "not_taken_back"
    d.close_account()
    completing.complete(d.hub, case.id, HR, "done")
    document = certificate.verify(certifying.kept(d.hub, case.id).pdf, proof.public_keys(d.hub)).document
    assert document is not None
    (proven,) = [item.read_back for item in document.items if item.item == d.item(case, ref).id]
    assert proven is not None
    assert (proven.given_to, proven.holder) == (d.id_of(MANAGER), d.id_of(MANAGER))


def test_what_could_not_be_issued_is_issued_by_the_next_run(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    d = desk()
    case = finished(d)

    def unanswered(*_: object) -> object:
        d.target().away = True
        return certificate.issue(d.hub, case.id, HR)

    monkeypatch.setattr(certifying, "issue", unanswered)
    completed = completing.complete(d.hub, case.id, HR, "done")
    assert certifying.lacks_certificate(d.hub, completed)
    d.target().away = False
    monkeypatch.undo()
    d.tick()
    assert not certifying.lacks_certificate(d.hub, completed)
    found = certifying.kept(d.hub, case.id)
    assert hourly.tick(d.hub).troubles == {}
    assert certifying.kept(d.hub, case.id) == found, "it is issued once"


def test_each_completion_has_its_own(desk: Make) -> None:
    d = desk()
    case = finished(d)
    completing.complete(d.hub, case.id, HR, "done")
    first = certifying.kept(d.hub, case.id)
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "something was forgotten")
    with pytest.raises(ApprovalError, match="no certificate"):
        certifying.kept(d.hub, case.id)
    d.company.clock.sleep(60)
    completing.complete(d.hub, case.id, HR, "now it is done")
    assert certifying.kept(d.hub, case.id) != first
    assert len(d.hub.kept_files.names(f"certificates/{case.id}")) == 4


def test_a_certificate_outlives_the_key_it_was_signed_with(desk: Make, tmp_path: Path) -> None:
    d = desk()
    case = finished(d)
    completing.complete(d.hub, case.id, HR, "done")
    old = certifying.kept(d.hub, case.id)
    published = d.hub.state_dir / "audit.pub"
    only_old = PublicKeys.from_text(published.read_text())
    d.company.signer = NEXT_KEY
    d.company.clock.sleep(3600)
    with d.company.open() as hub:
        proof.checkpoint(hub)
        keys = PublicKeys.from_text(published.read_text())
        assert (keys.current, keys.verifiers[1:]) == (NEXT_KEY.verifier, only_old.verifiers)
        assert proof.verify(hub).verdict.value == "proven"
        assert certificate.verify(old.pdf, keys).holds
        anew = certificate.issue(hub, case.id, HR)
        assert certificate.verify(anew.pdf, keys).holds, "its statements were signed with the key before"
        assert certificate.verify(anew.pdf, only_old).broken[0].what == "wrong_key"


def test_a_key_that_was_replaced_certifies_nothing_any_more(desk: Make) -> None:
    d = desk()
    case = finished(d)
    completing.complete(d.hub, case.id, HR, "done")
    keys = proof.public_keys(d.hub).succeeded_by(NEXT_KEY.verifier, d.hub.clock.now())
    d.company.clock.sleep(3600)
    by_a_thief = certificate.issue(d.hub, case.id, HR)
    assert {each.what for each in certificate.verify(by_a_thief.pdf, keys).broken} == {"wrong_key", "audit"}
