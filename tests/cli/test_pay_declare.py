"""``baton pay declare``: whoever says it is told what it means."""

from datetime import timedelta

import pytest

from baton.model.account import Receipt
from tests.cli.paying import baton
from tests.cli.test_pay_banks import office  # noqa: F401 - the fixture
from tests.hub.payment.test_told_of import answering
from tests.rig.payroll import PAYROLL, TREASURY, FakeChannel


@pytest.mark.parametrize(("word", "told"), [("has-not", "baton pay withdraw"), ("has", "never sent again")])
def test_who_declares_is_told_what_it_means(office, monkeypatch, word, told):  # noqa: F811
    for way in ("submit", "trace"):
        monkeypatch.setattr(FakeChannel, way, answering(Receipt.in_doubt("no_trace", "nothing is there")))
    office.deliver()
    office.company.clock.advance(timedelta(hours=1))
    (run,) = {run["run"] for run in baton("list", "--json").json}
    (file,) = (each["message_id"] for each in baton("show", run, "--json").json["files"])
    assert f"baton pay declare {file}" in baton("deliver").out
    first = baton("declare", file, word, "--as", PAYROLL, "--why", "the bank's desk", lang="zh")
    assert (first.code, "须第二人" in first.out) == (0, True)
    second = baton("declare", file, word, "--as", TREASURY, "--why", "letter of the bank")
    assert (second.code, told in second.out, "paid twice" in second.out) == (0, True, word == "has-not")
