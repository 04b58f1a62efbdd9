"""The SOAP connector against a spyne server, against wrong contracts, and against answers no server should give.

The laws every connector keeps are tried in tests/kit.
"""

from __future__ import annotations

import hashlib
import io
import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import zeep
from lxml import etree
from pydantic import ValidationError

from baton.client import Client, Limits
from baton.egress import EgressRule
from baton.errors import ConnectorError, HaltError, InDoubtError, RetryableError
from baton.model.account import Account, AccountRef, AccountState, AccountWrite, Action, Outcome, Receipt
from connectors.erp.soap.connector import SoapConnector
from connectors.erp.soap.settings import SoapSettings
from connectors.erp.soap.simulator import PATH, Simulator
from tests.connectors.serving import serve

WSDL = Path(__file__).parents[3] / "connectors/erp/soap/wsdl"
NS = "urn:synthetic:sap-like:employee-replication"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
Handler = Callable[[httpx.Request], httpx.Response]


class Wire:
    """Carries requests to the simulator; ``answer`` can replace what comes back, ``sent`` keeps what went out."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.sent: list[bytes] = []
        self.instead: Handler | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request.read())
        return (self.instead or self.sim.handle)(request)


@pytest.fixture
def sim() -> Simulator:
    return Simulator()


@pytest.fixture
def wire(sim: Simulator) -> Wire:
    return Wire(sim)


def connect(wire: Wire, **changes: object) -> SoapConnector:
    settings = SoapSettings.model_validate({**wire.sim.settings, **wire.sim.secrets, **changes})
    rule = EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True)
    return SoapConnector(
        settings, Client(rule, limits=Limits(body_bytes=1_000_000), transport=httpx.MockTransport(wire))
    )


@pytest.fixture
def erp(wire: Wire) -> SoapConnector:
    return connect(wire)


def write(action: Action, fields: Mapping[str, Any], *, number: str = "0012", key: str = "k1") -> AccountWrite:
    return AccountWrite(hashlib.sha256(key.encode()).hexdigest(), AccountRef(number), action, 1, fields, "batch")


def only(receipts: Any) -> Receipt:
    (receipt,) = receipts
    return receipt


def account(erp: SoapConnector, number: str = "0012") -> Account:
    (found,) = erp.find([AccountRef(number)])
    assert found is not None
    return found


def soap(body: str, status: int = 200, content_type: str = "text/xml; charset=utf-8", prolog: str = "") -> Handler:
    text = f'{prolog}<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'
    return lambda _: httpx.Response(status, headers={"Content-Type": content_type}, content=text.encode())


def fault(code: str, detail: str = "", status: int = 500) -> Handler:
    return soap(
        f"<s:Fault><faultcode>{code}</faultcode><faultstring>测试甲 13800000001</faultstring>{detail}</s:Fault>", status
    )


# --- the life of an employment


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


# --- the contract


def copied(
    tmp_path: Path, change: Callable[[bytes], bytes], name: str = "employee_replication.wsdl"
) -> dict[str, object]:
    """Settings for a copy of the contract in which one file is different; the digests are those of the copy."""
    for file in WSDL.glob("*.[wx]s*"):
        shutil.copy(file, tmp_path)
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in tmp_path.iterdir()}
    return {"wsdl": str(tmp_path / "employee_replication.wsdl"), "sha256": digests}


def test_check_is_content_with_a_good_contract(erp: SoapConnector) -> None:
    assert [finding.ok for finding in erp.check()] == [True, True]


@pytest.mark.parametrize("name", ["employee_replication.wsdl", "employee_replication.xsd"])
def test_a_file_that_differs_from_its_digest_is_never_parsed(wire: Wire, tmp_path: Path, name: str) -> None:
    settings = {
        **copied(tmp_path, lambda data: data + b"\n", name),
        "sha256": wire.sim.settings["sha256"],
    }
    with pytest.raises(HaltError) as caught:
        connect(wire, **settings).find([AccountRef("1")])
    assert caught.value.code == "wsdl_digest"
    (finding,) = connect(wire, **settings).check()
    assert (finding.ok, name in finding.detail) == (False, True)
    assert wire.sent == []


IMPORTS = {
    "remote": b'schemaLocation="http://127.0.0.1:1/evil.xsd"',
    "file": b'schemaLocation="file:///etc/hostname"',
    "up": b'schemaLocation="../../../etc/hostname"',
    "unlisted": b'schemaLocation="other.xsd"',
}


@pytest.mark.parametrize("location", IMPORTS.values(), ids=IMPORTS)
def test_nothing_but_listed_files_is_ever_imported(wire: Wire, tmp_path: Path, location: bytes) -> None:
    settings = copied(tmp_path, lambda data: data.replace(b'schemaLocation="employee_replication.xsd"', location))
    with pytest.raises(HaltError) as caught:
        connect(wire, **settings).find([AccountRef("1")])
    assert caught.value.code in ("wsdl_import", "wsdl_unusable")
    assert wire.sent == []


def test_an_import_inside_a_schema_is_held_to_the_list_too(wire: Wire, tmp_path: Path) -> None:
    include = b'elementFormDefault="qualified"><xsd:include schemaLocation="file:///etc/hostname"/>'
    settings = copied(
        tmp_path, lambda d: d.replace(b'elementFormDefault="qualified">', include), "employee_replication.xsd"
    )
    with pytest.raises(HaltError):
        connect(wire, **settings).find([AccountRef("1")])


PROLOGS = {
    "dtd": b"<!DOCTYPE x>",
    "external dtd": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
    "entity": b'<!DOCTYPE x [<!ENTITY e "x">]>',
    "external entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
}


@pytest.mark.parametrize("prolog", PROLOGS.values(), ids=PROLOGS)
@pytest.mark.parametrize("name", ["employee_replication.wsdl", "employee_replication.xsd"])
def test_a_contract_with_a_dtd_is_refused(wire: Wire, tmp_path: Path, prolog: bytes, name: str) -> None:
    settings = copied(tmp_path, lambda data: data.replace(b"<!-- SYNTHETIC", prolog + b"<!-- SYNTHETIC", 1), name)
    with pytest.raises(HaltError) as caught:
        connect(wire, **settings).find([AccountRef("1")])
    assert caught.value.code == "wsdl_unusable"


def replaced(settings: Any, *steps: Any) -> Any:
    """Nested settings with one value replaced: keys, then the value."""
    if len(steps) == 1:
        return steps[0]
    return {**settings, steps[0]: replaced(settings.get(steps[0], {}), *steps[1:])}


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (("operations", "hire", "name", "Nonsense"), "no document-style operation Nonsense"),
        (("operations", "hire", "number", "MessageHeader/Number"), "no element MessageHeader/Number"),
        (
            ("operations", "hire", "constants", {}),
            "nothing fills the required element MessageHeader/SenderBusinessSystemID",
        ),
        (
            ("operations", "change", "fields", "department", "OrganisationalAssignment"),
            "OrganisationalAssignment is no String",
        ),
        (("operations", "query", "fields", "department", "StartDate"), "StartDate is no String"),
        (("operations", "query", "fields", "end_date", "EmployeeID"), "EmployeeID is no Date"),
        (("operations", "query", "number", "Processing/MaximumRowCount"), "MaximumRowCount is no String"),
        (("operations", "query", "rows", "People"), "no element People"),
        (("operations", "query", "fields", "manager", "Name/Boss"), "no element Name/Boss"),
        (("operations", "query", "more", "Employee/EmployeeID"), "Employee/EmployeeID is no Boolean"),
        (("confirmation", "result", "Log/Item"), "Log/Item is no String"),
    ],
)
def test_settings_that_do_not_fit_the_wsdl_are_found_before_anything_is_sent(
    wire: Wire, steps: tuple[Any, ...], words: str
) -> None:
    (finding,) = connect(wire, **{steps[0]: replaced(wire.sim.settings, *steps)[steps[0]]}).check()
    assert not finding.ok
    assert words in finding.detail
    assert finding.remedy
    assert wire.sent == []


def test_all_faults_of_the_settings_are_listed_at_once(wire: Wire) -> None:
    settings = replaced(wire.sim.settings, "operations", "hire", "number", "A")
    settings = replaced(settings, "operations", "end", "fields", "end_date", "B")
    (finding,) = connect(wire, operations=settings["operations"]).check()
    assert "no element A" in finding.detail
    assert "no element B" in finding.detail


@pytest.mark.parametrize(
    "steps",
    [
        ("operations", "hire", "fields", "salary", "StartDate"),
        ("operations", "hire", "fields", {"name": "Name/FormattedName"}),
        ("operations", "hire", "fields", "department", "EmployeeID"),
        ("operations", "end", "fields", {}),
        ("operations", "query", "fields", {"name": "Name/FormattedName"}),
        ("operations", "hire", "number", "../EmployeeID"),
        ("sha256", {"other.wsdl": "0" * 64}),
        ("sha256", {"../employee_replication.wsdl": "0" * 64}),
        ("fault_codes", {"X": "done"}),
        ("confirmation", "results", {"3": "maybe"}),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(sim: Simulator, steps: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError):
        SoapSettings.model_validate({**replaced(sim.settings, *steps), **sim.secrets})


def shape(element: Any) -> Any:
    """An element as nested names, built-in types and occurrences."""
    children = getattr(element.type, "elements", None)
    kind = [shape(child) for _, child in children] if children else element.type.__class__.__mro__[-5].__name__
    return element.name, kind, element.min_occurs, element.max_occurs, element.nillable


def test_the_servers_own_schema_has_the_shape_of_the_synthetic_one(sim: Simulator, erp: SoapConnector) -> None:
    """Two libraries, two descriptions written apart: spyne's classes, and the files in wsdl/."""
    erp.check()
    answer = sim._application
    said: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": PATH, "QUERY_STRING": "wsdl", "SERVER_NAME": "x", "SERVER_PORT": "80",
               "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()}  # fmt: skip
    text = b"".join(answer(environ, lambda status, headers, _=None: said.append(status)))
    assert said == ["200 OK"]
    theirs = zeep.wsdl.Document(io.BytesIO(text), zeep.Transport(), settings=zeep.Settings(forbid_external=True))
    ours = erp._speaker.contract().document
    names = ["EmployeeHireRequest", "EmployeeChangeRequest", "EmployeeEndRequest", "EmployeeReinstateRequest",
             "EmployeeReplicationConfirmation", "EmployeeQuery", "EmployeeQueryResponse"]  # fmt: skip
    for name in names:
        assert shape(theirs.types.get_element(f"{{{NS}}}{name}")) == shape(ours.types.get_element(f"{{{NS}}}{name}")), (
            name
        )


# --- answers no one should give

CONFIRMED = (
    '<n:EmployeeReplicationConfirmation xmlns:n="{ns}"><n:MessageHeader><n:ReferenceID>{id}</n:ReferenceID></n:MessageHeader>'
    "<n:Log><n:BusinessDocumentProcessingResultCode>{code}</n:BusinessDocumentProcessingResultCode></n:Log>"
    "</n:EmployeeReplicationConfirmation>"
)
OTHER_ID = "00000000-0000-0000-0000-000000000000"
GOOD = CONFIRMED.format(ns=NS, id=OTHER_ID, code="3")
BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {c} "{f"&{p};" * 10}">' for p, c in zip("abcdefgh", "bcdefghi", strict=True)
) + "]>"  # fmt: skip


def html(status: int) -> Handler:
    return lambda _: httpx.Response(status, headers={"Content-Type": "text/html"}, text="<html>Bad Gateway</html>")


DOUBTFUL: dict[str, Handler] = {
    "html 502": html(502),
    "html 503": html(503),
    "html 200": html(200),
    "empty 200": lambda _: httpx.Response(200),
    "empty 202": lambda _: httpx.Response(202),
    "empty 500": lambda _: httpx.Response(500),
    "server fault": fault("s:Server"),
    "server fault, dotted": fault("s:Server.Timeout"),
    "server fault under 200": fault("s:Server", status=200),
    "unknown fault": fault("s:Kaputt"),
    "fault without a code": soap("<s:Fault><faultstring>x</faultstring></s:Fault>", 500),
    "fault under 503": fault("s:Client", status=503),
    "fault of another version": soap('<x:Fault xmlns:x="http://www.w3.org/2003/05/soap-envelope"/>', 200),
    "500 without a fault": soap(GOOD, 500),
    "two bodies": soap(f"{GOOD}</s:Body><s:Body>{GOOD}"),
    "two elements in the body": soap(GOOD + GOOD),
    "no element in the body": soap(""),
    "dtd": soap(GOOD, prolog="<!DOCTYPE x>"),
    "external dtd": soap(GOOD, prolog='<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">'),
    "entity": soap(GOOD.replace("3<", "&e;<"), prolog='<!DOCTYPE x [<!ENTITY e "3">]>'),
    "external entity": soap(GOOD.replace("3<", "&e;<"), prolog='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'),
    "billion laughs": soap(GOOD.replace("3<", "&i;<"), prolog=BOMB),
    "a million levels": soap("<a>" * 150_000),
    "ten megabytes": soap("x" * 10_000_000),
    "cut off": lambda _: httpx.Response(200, headers={"Content-Type": "text/xml"}, text=f'<s:Envelope xmlns:s="{SOAP}"><s:Bo'),
    "not utf-8": lambda _: httpx.Response(200, headers={"Content-Type": "text/xml"}, content=b"\xff\xfe\x00<"),
    "json": lambda _: httpx.Response(200, json={"ok": True}),
    "mime parts": soap(GOOD, content_type='multipart/related; boundary="x"'),
    "confirmation of another message": soap(GOOD),
    "unknown result code": soap(CONFIRMED.format(ns=NS, id="{id}", code="77")),
    "against the schema": soap(CONFIRMED.format(ns=NS, id="{id}", code="")),
    "another namespace": soap(CONFIRMED.format(ns="urn:other", id="{id}", code="3")),
}  # fmt: skip


def echoing(handler: Handler) -> Handler:
    """The same answer, confirming the message that was really sent where it says ``{id}``."""

    def handle(request: httpx.Request) -> httpx.Response:
        sent = etree.fromstring(request.read()).findtext(f".//{{{NS}}}ID") or ""
        answer = handler(request)
        headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
        return httpx.Response(
            answer.status_code, headers=headers, content=answer.content.replace(b"{id}", sent.encode())
        )

    return handle


def test_the_stand_in_answer_of_these_tests_would_be_done_if_it_were_right(wire: Wire, erp: SoapConnector) -> None:
    wire.instead = echoing(soap(CONFIRMED.format(ns=NS, id="{id}", code="3")))
    assert only(erp.update([write(Action.UPDATE, {"department": "D1"})])).outcome is Outcome.DONE


@pytest.mark.parametrize("answer", DOUBTFUL.values(), ids=DOUBTFUL)
def test_an_answer_that_proves_nothing_leaves_a_write_in_doubt_and_a_read_to_be_repeated(
    wire: Wire, erp: SoapConnector, answer: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.instead = echoing(answer)
    with pytest.raises(InDoubtError) as caught:
        erp.update([write(Action.UPDATE, {"mobile": "13800000001"})])
    with pytest.raises((RetryableError, HaltError)) as read:
        erp.find([AccountRef("0012")])
    for told in (str(caught.value), repr(caught.value), str(read.value), caplog.text):
        assert "13800000001" not in told
        assert "测试甲" not in told


DETAIL = "<detail><StandardFault><Code>{}</Code></StandardFault></detail>"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (fault("s:MustUnderstand"), HaltError),
        (fault("s:VersionMismatch"), HaltError),
        (fault("wsse:FailedAuthentication"), HaltError),
        (fault("s:Server", DETAIL.format("LOCKED")), RetryableError),
        (fault("s:Server", DETAIL.format("NO_AUTHORITY")), HaltError),
        (fault("s:Server", DETAIL.format("SOMETHING")), InDoubtError),
        (fault("s:Server", "<detail>text</detail>"), InDoubtError),
        (html(401), HaltError),
        (html(403), HaltError),
        (html(302), HaltError),
        (html(429), RetryableError),
    ],
)
def test_faults_and_statuses_go_through_the_table(
    wire: Wire, erp: SoapConnector, answer: Handler, expected: type[ConnectorError]
) -> None:
    wire.instead = answer
    with pytest.raises(ConnectorError) as caught:
        erp.update([write(Action.UPDATE, {"department": "D1"})])
    assert type(caught.value) is expected
    assert "测试甲" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (fault("s:Client"), "Client"),
        (fault("s:Client.SchemaValidationError"), "Client.SchemaValidationError"),
        (fault("s:Client", status=200), "Client"),
        (html(404), "http_404"),
    ],
)
def test_a_fault_of_the_client_refuses_the_write(wire: Wire, erp: SoapConnector, answer: Handler, code: str) -> None:
    wire.instead = answer
    receipt = only(erp.update([write(Action.UPDATE, {"department": "D1"})]))
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, code)


def test_the_answer_of_another_operation_proves_nothing(wire: Wire, erp: SoapConnector) -> None:
    wire.instead = rows("0012")
    with pytest.raises(InDoubtError):
        erp.update([write(Action.UPDATE, {"department": "D1"})])
    wire.instead = soap(GOOD)
    with pytest.raises(RetryableError):
        erp.find([AccountRef("0012")])


def test_a_redirect_is_not_followed(wire: Wire, erp: SoapConnector) -> None:
    wire.instead = lambda _: httpx.Response(308, headers={"Location": "http://127.0.0.1:1/elsewhere"})
    with pytest.raises(HaltError):
        erp.update([write(Action.UPDATE, {"department": "D1"})])
    assert len(wire.sent) == 1


def rows(*people: str, more: str = "false", row: str = "") -> Handler:
    people_xml = "".join(
        row
        or f"<n:Employee><n:EmployeeInternalID>{n}</n:EmployeeInternalID><n:EmployeeID>{n}</n:EmployeeID>"
        f"<n:EmploymentStatusCode>1</n:EmploymentStatusCode><n:StartDate>2020-01-01</n:StartDate>"
        f"<n:Name><n:FormattedName>x</n:FormattedName></n:Name></n:Employee>"
        for n in people
    )
    return soap(
        f'<n:EmployeeQueryResponse xmlns:n="{NS}">{people_xml}<n:MoreRowsIndicator>{more}</n:MoreRowsIndicator></n:EmployeeQueryResponse>'
    )


def test_rows_nobody_asked_for_or_twice_are_an_error(wire: Wire, erp: SoapConnector) -> None:
    for answer in (rows("2"), rows("1", "1"), rows("1", "2")):
        wire.instead = answer
        with pytest.raises(HaltError) as caught:
            erp.find([AccountRef("1")])
        assert caught.value.code == "wrong_rows"
    wire.instead = rows("1")
    assert account(erp, "1").number == "1"


@pytest.mark.parametrize("answer", [rows("1", "2", more="true"), rows(more="true")])
def test_pages_that_never_end_are_an_error(wire: Wire, erp: SoapConnector, answer: Handler) -> None:
    wire.instead = answer
    with pytest.raises(HaltError) as caught:
        list(erp.scan())
    assert caught.value.code == "cursor_repeated"
    assert len(wire.sent) <= 2


def test_an_unknown_employment_status_is_loud(sim: Simulator, wire: Wire, erp: SoapConnector) -> None:
    good = rows("1")
    wire.instead = lambda request: httpx.Response(
        200, headers={"Content-Type": "text/xml"}, content=good(request).content.replace(b"Code>1<", b"Code>8<")
    )
    with pytest.raises(HaltError) as caught:
        erp.find([AccountRef("1")])
    assert caught.value.code == "unmapped_8"


def test_a_value_the_library_would_read_as_nothing_is_not_read_as_nothing(wire: Wire, erp: SoapConnector) -> None:
    """Left alone, zeep turns a broken date into None and only logs it."""
    good = rows("1")
    wire.instead = lambda request: httpx.Response(
        200, headers={"Content-Type": "text/xml"}, content=good(request).content.replace(b"2020-01-01", b"2020-02-31")
    )
    with pytest.raises(RetryableError):
        erp.find([AccountRef("1")])


def test_the_simulator_asks_for_its_password(sim: Simulator, wire: Wire) -> None:
    with pytest.raises(HaltError):
        connect(wire, password="wrong").find([AccountRef("1")])
    assert "synthetic-soap-password" not in repr(connect(wire).settings)
