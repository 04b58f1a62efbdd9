"""What stands in a system that was taken out of systems.yaml is certified by nobody, and the pages say so."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from baton.hub import proof
from baton.hub.offboarding.certificate import issue, verify
from baton.hub.offboarding.completing import complete
from baton.jobs.offboarding.certificate.pages import outcome
from tests.hub.offboarding.certified import found_in, resigned
from tests.hub.offboarding.conftest import HR
from tests.hub.offboarding.test_certificate_forged import shown_text
from tests.hub.offboarding.test_rights_taken_back import in_two_systems
from tests.hub.offboarding.test_switched_off import say

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def certified(start):
    d, _, _ = in_two_systems(start)
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(hours=1))
    d.tick()
    say(d, "erp", None)
    d.company.clock.sleep(7200)
    d.tick()
    d.close_account()
    d.company.clock.sleep(3600)
    d.tick()
    complete(d.hub, case.id, HR, "全部交接完毕")
    return d, issue(d.hub, case.id, HR, "en")


def test_they_are_counted_and_named_as_not_asked(certified) -> None:
    d, certificate = certified
    verified = verify(certificate.pdf, proof.public_keys(d.hub))
    assert verified.holds
    told = {item.content.kind: outcome(item) for item in verified.document.items if item.system == "erp"}
    assert set(told) >= {"client", "grant", "account"}
    assert set(told.values()) == {"not_asked"}
    assert f"Notcertified:{len(told)}ofthem,insystemsthatweretakenout" in shown_text(certificate.pdf)


def test_an_account_that_has_gone_otherwise_has_to_be_seen_to_end(certified) -> None:
    _, certificate = certified
    content = json.loads(certificate.manifest)["document"]
    account = next(each for each in content["items"] if (each["system"], each["content"]["kind"]) == ("erp", "account"))
    account["code"] = "gone"
    assert found_in(resigned(content)) == {"open"}
