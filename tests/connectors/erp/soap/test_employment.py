"""The life of an employment against a spyne server. The laws every connector keeps are tried in tests/kit."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import httpx
import pytest
from lxml import etree

from baton.client import Client
from baton.egress import EgressRule
from baton.engine.calls import look_up
from baton.errors import HaltError, RetryableError
from baton.model.account import AccountRef, AccountState, Action, Outcome
from connectors.erp.soap.connector import SoapConnector
from connectors.erp.soap.settings import SoapSettings
from connectors.erp.soap.simulator import PATH, Simulator
from tests.connectors.erp.soap.exchange import (
    NS,
    Handler,
    Wire,
    account,
    connect,
    fault,
    only,
    write,
)
from tests.connectors.serving import serve


def test_hire_change_end_and_reinstate(sim: Simulator, erp: SoapConnector) -> None:
    assert only(erp.provision([write(Action.PROVISION, sim.sample(12))])).outcome is Outcome.DONE
    hired = account(erp)
    assert (hired.number, hired.fields["name"], hired.fields["cost_center"]) == ("0012", "测试䶮12", "0012")
    assert {name: hired.fields[name] for name in sim.sample(12)} == dict(sim.sample(12))
    assert (
        only(erp.update([write(Action.UPDATE, {"mobile": None, "department": "D50"}, key="k2")])).outcome
        is Outcome.DONE
    )
    assert (account(erp).fields["mobile"], account(erp).fields["department"]) == (None, "D50")
    end = {"end_date": date(2026, 6, 30), "end_reason": "01"}
    assert only(erp.disable([write(Action.DISABLE, end, key="k3")])).outcome is Outcome.DONE
    assert (account(erp).state, account(erp).fields["end_date"]) == (AccountState.DISABLED, date(2026, 6, 30))
    back = {"end_date": None, "start_date": date(2026, 8, 1), "department": "D51"}
    assert only(erp.enable([write(Action.ENABLE, back, key="k4")])).outcome is Outcome.DONE
    again = account(erp)
    assert (again.state, again.fields["end_date"], again.fields["start_date"], again.fields["department"]) == (
        AccountState.ENABLED, None, date(2026, 8, 1), "D51",
    )  # fmt: skip
    assert [entry.action for entry in sim.journal] == ["hire", "change", "end", "reinstate", "change"]


def test_a_leaver_who_is_hired_again_is_reinstated_and_changed(sim: Simulator, erp: SoapConnector) -> None:
    sim.seed(
        [{"EmployeeID": "0012", "StartDate": date(2020, 1, 1), "EndDate": date(2024, 1, 1), "FormattedName": "测试乙"}]
    )
    assert only(erp.provision([write(Action.PROVISION, sim.sample(12))])).outcome is Outcome.DONE
    assert account(erp).state is AccountState.ENABLED
    assert account(erp).fields["name"] == "测试䶮12"
    assert len(sim.ledger.rows) == 1


LOCKED = fault("s:Server", "<detail><StandardFault><Code>LOCKED</Code></StandardFault></detail>")
LEAVER = {"EmployeeID": "0012", "StartDate": date(2020, 1, 1), "FormattedName": "测试乙"}


def failing(sim: Simulator, second: Handler) -> Handler:
    """The simulator, but for changes."""
    return lambda request: second(request) if b"EmployeeChange" in request.read() else sim.handle(request)


def busy(sim: Simulator) -> Handler:
    def handle(request: httpx.Request) -> httpx.Response:
        sim.ledger.busy = 1
        return sim.handle(request)

    return handle


@pytest.mark.parametrize("trouble", ["locked", "busy", "429", "403"])
def test_a_second_message_that_is_not_carried_out_leaves_the_write_in_doubt(
    sim: Simulator, wire: Wire, erp: SoapConnector, trouble: str
) -> None:
    sim.seed([{**LEAVER, "EndDate": date(2024, 1, 1)}])
    back = write(Action.ENABLE, {"end_date": None, "start_date": date(2026, 8, 1), "department": "D51"})
    seconds: dict[str, Handler] = {"locked": LOCKED, "busy": busy(sim)}
    wire.instead = failing(sim, seconds.get(trouble) or (lambda _: httpx.Response(int(trouble))))
    receipt = only(erp.enable([back]))
    assert receipt.outcome is Outcome.IN_DOUBT
    assert receipt.code
    assert receipt.external_id == "0000000001"
    assert account(erp).state is AccountState.ENABLED
    wire.instead = None
    looked = only(look_up(erp, [back]))
    assert (looked.outcome, looked.message) == (Outcome.NOT_PERFORMED, "not found at the target: department")
    assert only(erp.enable([back])).outcome is Outcome.DONE
    assert [entry.action for entry in sim.journal] == ["reinstate", "change"]


def test_a_second_message_of_which_nothing_can_be_read_back_is_not_said_to_be_in_doubt(
    sim: Simulator, wire: Wire
) -> None:
    operations: Any = dict(sim.settings["operations"])  # type: ignore[call-overload]
    end, change = operations["end"], operations["change"]
    operations["end"] = {**end, "fields": {"end_date": "EndDate"}}
    operations["change"] = {**change, "fields": {**change["fields"], "end_reason": "Communication/EmailURI"}}
    del operations["change"]["fields"]["email"]
    erp = connect(wire, operations=operations)
    sim.seed([LEAVER])
    leave = write(Action.DISABLE, {"end_date": date(2026, 6, 30), "end_reason": "01"})
    wire.instead = failing(sim, busy(sim))
    assert only(erp.disable([leave])).outcome is Outcome.NOT_PERFORMED  # a look would find the end, and call it done
    wire.instead = failing(sim, LOCKED)
    with pytest.raises(RetryableError):
        erp.disable([leave])
    wire.instead = None
    assert only(erp.disable([leave])).outcome is Outcome.DONE
    assert [entry.action for entry in sim.journal] == ["end", "change"]


def test_a_repeat_is_the_same_message_and_is_not_acted_on_again(sim: Simulator, wire: Wire, erp: SoapConnector) -> None:
    erp.provision([write(Action.PROVISION, sim.sample(12))])
    wire.sent.clear()
    change = write(Action.UPDATE, {"department": "D50"}, key="k2")
    first, second = only(erp.update([change])), only(connect(wire).update([change]))
    assert first == second
    assert (len(sim.journal), sim.ledger.repeats) == (2, 1)
    ids = [etree.fromstring(body).findtext(f".//{{{NS}}}ID") for body in wire.sent]
    assert ids[0] == ids[1] == first.evidence["message_id"]
    erp.update([write(Action.UPDATE, {"department": "D50"}, key="k3")])
    assert len(sim.journal) == 3


def test_a_refusal_has_the_erps_code_and_no_text(sim: Simulator, erp: SoapConnector) -> None:
    receipt = only(erp.update([write(Action.UPDATE, {"department": "D1"})]))
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "MISSING(012)")
    assert "合成" not in f"{receipt}"
    assert receipt.remedy
    sim.ledger.busy = 1
    assert only(erp.provision([write(Action.PROVISION, sim.sample(12))])).outcome is Outcome.NOT_PERFORMED


@pytest.mark.parametrize(
    ("action", "fields", "code"),
    [
        ("provision", {"name": "测试甲"}, "incomplete"),
        ("provision", {"end_date": date(2026, 1, 1)}, "end_date_given"),
        ("update", {"end_date": None}, "end_date_given"),
        ("enable", {"end_date": date(2026, 1, 1)}, "end_date_given"),
        ("disable", {}, "no_end_date"),
        ("disable", {"end_date": None}, "no_end_date"),
        ("update", {"nonsense": "x"}, "unknown_field"),
        ("update", {"end_reason": "01"}, "unmapped_field"),
        ("update", {"name": None}, "not_clearable"),
        ("update", {"department": "D" * 61}, "schema"),
        ("update", {"department": ""}, "schema"),
        ("update", {"department": "a\x00b"}, "message"),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_is_sent(
    sim: Simulator, wire: Wire, erp: SoapConnector, action: str, fields: dict[str, Any], code: str
) -> None:
    receipt = only(getattr(erp, action)([write(Action(action), fields)]))
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, code)
    assert receipt.remedy
    assert all(b"EmployeeQuery" in body for body in wire.sent)
    assert sim.journal == []


def test_scan_pages_and_a_row_without_number(sim: Simulator, wire: Wire, erp: SoapConnector) -> None:
    sim.seed(
        {"EmployeeID": f"{n:04d}" if n != 7 else None, "StartDate": "2020-01-01", "FormattedName": "测试甲"}
        for n in range(23)
    )
    numbers = [found.number for found in erp.scan()]
    assert sorted(filter(None, numbers)) == sorted(f"{n:04d}" for n in range(23) if n != 7)
    assert (len(numbers), len(wire.sent)) == (23, 5)
    found = erp.find([AccountRef(f"{n:04d}") for n in (22, 3, 99, 3)])
    assert [a and a.number for a in found] == ["0022", "0003", None, "0003"]


def test_many_threads_share_one_parsed_contract(sim: Simulator, erp: SoapConnector) -> None:
    def hire(n: int) -> Outcome:
        return only(erp.provision([write(Action.PROVISION, sim.sample(n), number=f"{n:04d}", key=f"k{n}")])).outcome

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(hire, range(64))) == {Outcome.DONE}
    assert len(sim.journal) == 64
    assert erp._speaker.contract() is erp._speaker.contract()
    assert threading.active_count() < 20


def test_over_a_real_socket() -> None:
    sim = Simulator()
    with serve(sim.handle) as url:
        settings = SoapSettings.model_validate({**sim.settings, **sim.secrets, "service_url": url + PATH})
        client = Client(EgressRule.for_urls([url], allow_private=True))
        erp = SoapConnector(settings, client)
        assert only(erp.provision([write(Action.PROVISION, sim.sample(12))])).outcome is Outcome.DONE
        assert account(erp).fields["name"] == "测试䶮12"
        client.close()


def test_a_date_that_means_none(sim: Simulator, wire: Wire) -> None:
    operations: Any = dict(sim.settings["operations"])  # type: ignore[call-overload]
    operations["query"] = {**operations["query"], "no_date": "9999-12-31"}
    sim.seed([{"EmployeeID": "0012", "StartDate": "2020-01-01", "EndDate": "9999-12-31", "FormattedName": "测试甲"}])
    assert account(connect(wire, operations=operations)).fields["end_date"] is None


def test_a_row_without_an_external_id_is_not_taken_for_one_of_that_name(sim: Simulator, wire: Wire) -> None:
    operations: Any = dict(sim.settings["operations"])  # type: ignore[call-overload]
    operations["query"] = {**operations["query"], "row_external_id": "Communication/EmailURI"}
    erp = connect(wire, operations=operations)
    sim.seed([{**LEAVER, "EmailURI": "p1@example.com"}])
    assert account(erp).external_id == "p1@example.com"
    sim.seed([{**LEAVER, "EmployeeID": "0013"}])
    with pytest.raises(HaltError) as scanned:
        list(erp.scan())
    with pytest.raises(HaltError) as found:
        erp.find([AccountRef("0013")])
    for caught in (scanned.value, found.value):
        assert caught.code == "no_external_id"
        assert "row_external_id" in caught.remedy
