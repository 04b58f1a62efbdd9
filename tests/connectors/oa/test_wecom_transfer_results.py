"""What became of transfers that WeCom has taken: asked pair by pair, and one that cannot be asked about stays open."""

from __future__ import annotations

import httpx
import orjson
import pytest

from baton.sdk import Outcome, RetryableError
from connectors.oa.wecom.simulator import Simulator
from tests.connectors.oa.wecom_desk import Wire, connect, leave, transfer

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


def unshown(wire: Wire, path: str, userid: str) -> None:
    """From now on WeCom answers no question of this path that names this member."""

    def refusing(request: httpx.Request) -> httpx.Response:
        wire.spoil[path] = refusing
        named = userid in str(request.url) or userid.encode() in request.read()
        return httpx.Response(200, json={"errcode": 60011}) if named else wire.sim.handle(request)

    wire.spoil[path] = refusing


@pytest.mark.parametrize("leaves", [True, False])
@pytest.mark.parametrize("hidden", ["by_code", "by_range"])
def test_what_wecom_took_over_is_told_although_the_holder_may_not_be_shown_any_more(
    corp: Simulator, hidden: str, leaves: bool
) -> None:
    wire = Wire(corp)
    wecom = connect(corp, wire)
    asked = [transfer("client", corp.seed_holding("client", n, "0001"), "0001", "0002") for n in range(2)]
    wecom.transfer(asked)
    if leaves:
        leave(wecom, "0001")
    if hidden == "by_code":
        unshown(wire, "user/get", "0001")
    else:
        corp.members.hidden.add("0001")
    assert [receipt.outcome for receipt in wecom.transfer_results(asked)] == [Outcome.ACCEPTED] * 2
    corp.refuse(asked[0].ref.external_id)
    corp.settle()
    found = wecom.transfer_results(asked)
    assert [(receipt.outcome, receipt.code) for receipt in found] == [
        (Outcome.REFUSED, "client_refused"), (Outcome.DONE, ""),
    ]  # fmt: skip


def test_where_wecom_answers_neither_list_the_customers_themselves_are_looked_at(corp: Simulator) -> None:
    """The one who has come to the successor is done; of the other nothing is known, and nothing is refused."""
    wire = Wire(corp)
    wecom = connect(corp, wire)
    asked = [transfer("client", corp.seed_holding("client", n, "0001"), "0001", "0002") for n in range(2)]
    beside = transfer("client", corp.seed_holding("client", 2, "0003"), "0003", "0002")
    wecom.transfer([*asked, beside])
    corp.refuse(asked[0].ref.external_id)
    corp.settle()
    for path in (RESULT, "externalcontact/resigned/transfer_result"):
        unshown(wire, path, "0001")
    found = wecom.transfer_results([*asked, beside])
    assert [receipt.outcome for receipt in found] == [Outcome.ACCEPTED, Outcome.DONE, Outcome.DONE]
    assert found[0].evidence["unread"] == "wecom_60011"
