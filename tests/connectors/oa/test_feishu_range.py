"""Colleagues outside the app's contact range: they are refused, and nobody else is."""

from __future__ import annotations

import pytest

from baton.sdk import AccountRef, Action, HaltError, Outcome, RejectedError
from connectors.oa.feishu.connector import Feishu
from connectors.oa.feishu.simulator import Simulator
from tests.connectors.oa.feishu_desk import connect, write


@pytest.fixture
def out_of_range(sim: Simulator) -> Simulator:
    """0009 is in a department outside the app's contact range; one id that Feishu does not show fails a batch."""
    sim.strict_ids = True
    sim.add_department("D9", "0", "外派部")
    person = {"employee_no": "0009", "name": "测试丙", "mobile": "13700000099", "department_ids": ["D9"]}
    sim.seed([person])
    sim.seed_person(1)
    sim.hidden_departments.add("D9")
    return sim


@pytest.mark.parametrize("order", [(50, 1, 9), (9, 1, 50)])
def test_a_colleague_out_of_range_is_refused_and_keeps_nobody_from_an_account(
    out_of_range: Simulator, order: tuple[int, ...]
) -> None:
    hires = [write(Action.PROVISION, f"{n:04d}", out_of_range.sample(n)) for n in order]
    receipts = connect(out_of_range).provision(hires)
    told = {write.ref.number: (receipt.outcome, receipt.code) for write, receipt in zip(hires, receipts, strict=True)}
    done = (Outcome.DONE, "")
    assert told == {"0050": done, "0001": done, "0009": (Outcome.REFUSED, "feishu_41050")}


@pytest.mark.parametrize("whole", [False, True])
def test_a_colleague_out_of_range_is_refused_a_write_that_others_in_the_call_get(
    out_of_range: Simulator, whole: bool
) -> None:
    """Also where the batch read is refused as a whole for the one."""
    if whole:
        out_of_range.answer_next(41050, status=403, method="GET")
    writes = [write(Action.UPDATE, n, {"city": "上海"}, at=n) for n in ("0009", "0001")]
    refused, done = connect(out_of_range).update(writes)
    assert (refused.outcome, refused.code, done.outcome) == (Outcome.REFUSED, "feishu_41050", Outcome.DONE)
    assert "contact range" in refused.remedy


def test_a_question_about_somebody_out_of_range_is_refused_and_does_not_stop_the_system(
    out_of_range: Simulator,
) -> None:
    feishu = connect(out_of_range)
    with pytest.raises(RejectedError) as caught:
        feishu.find([AccountRef("0001"), AccountRef("0009")])
    assert (caught.value.code, bool(caught.value.remedy)) == ("feishu_41050", True)
    assert feishu.find([AccountRef("0001")])[0] is not None


def test_a_scan_that_is_refused_stops(sim: Simulator, feishu: Feishu) -> None:
    sim.answer_next(40004, status=403)
    with pytest.raises(HaltError) as caught:
        list(feishu.scan())
    assert caught.value.code == "feishu_40004"
