"""Answers no server should give: nothing is called done, and nothing personal is repeated."""

from __future__ import annotations

import logging

import httpx
import pytest
from lxml import etree

from baton.errors import ConnectorError, HaltError, InDoubtError, RetryableError
from baton.model.account import AccountRef, Action, Outcome
from connectors.erp.soap.connector import SoapConnector
from connectors.erp.soap.simulator import Simulator
from tests.connectors.erp.soap.exchange import (
    NS,
    SOAP,
    Handler,
    Wire,
    account,
    connect,
    fault,
    only,
    soap,
    write,
)

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
