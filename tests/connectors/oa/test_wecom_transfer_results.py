"""What became of transfers that WeCom has taken: asked pair by pair, and one that cannot be asked about stays open."""

from __future__ import annotations

import httpx
import orjson
import pytest

from baton.sdk import Outcome, RetryableError
from connectors.oa.wecom.simulator import Simulator
from tests.connectors.oa.wecom_desk import Wire, connect, transfer

RESULT = "externalcontact/transfer_result"


@pytest.mark.parametrize(("spoilt", "code"), [("0003", 45009), ("0003", 77777), ("0002", 77777)])
def test_a_pair_that_cannot_be_asked_about_stays_accepted(corp: Simulator, spoilt: str, code: int) -> None:
    wire = Wire(corp)
    wecom = connect(corp, wire)
    asked = [transfer("client", corp.seed_holding("client", n, "0001"), "0001", f"000{2 + n % 2}") for n in range(4)]
    wecom.transfer(asked)
    corp.settle()

    def failing(request: httpx.Request) -> httpx.Response:
        wire.spoil[RESULT] = failing
        pair = orjson.loads(request.read())
        return (
            httpx.Response(200, json={"errcode": code}) if pair["takeover_userid"] == spoilt else corp.handle(request)
        )

    wire.spoil[RESULT] = failing
    found = wecom.transfer_results(asked)
    unread = [receipt for receipt, one in zip(found, asked, strict=True) if one.successor.number == spoilt]
    assert [receipt.outcome for receipt in unread] == [Outcome.ACCEPTED] * 2
    assert all(receipt.evidence["unread"] for receipt in unread)
    assert {receipt.outcome for receipt in found} <= {Outcome.ACCEPTED, Outcome.DONE}
    del wire.spoil[RESULT]
    assert [receipt.outcome for receipt in wecom.transfer_results(asked)] == [Outcome.DONE] * 4


def test_when_no_pair_can_be_asked_about_that_is_said(corp: Simulator) -> None:
    wire = Wire(corp)
    wecom = connect(corp, wire)
    asked = [transfer("client", corp.seed_holding("client", n, "0001"), "0001", f"000{2 + n % 2}") for n in range(2)]
    wecom.transfer(asked)
    wire.spoil[RESULT] = lambda _: httpx.Response(200, json={"errcode": 45009, "errmsg": "freq"})
    with pytest.raises(RetryableError):
        wecom.transfer_results(asked)
