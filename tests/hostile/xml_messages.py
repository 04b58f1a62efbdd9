"""XML and SOAP, numbers 34 to 40: a bank's answers, an ERP's envelopes and contract, a vendor's callback."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from baton.banking.reading.leniency import Tolerant
from baton.banking.reading.report import read_report
from baton.banking.reading.statement import read_statements
from baton.banking.refused import BankFileRefusedError
from baton.errors import ConnectorError, HaltError, InDoubtError, RetryableError
from baton.model.account import AccountRef, Action
from connectors.erp.soap.simulator import Simulator
from connectors.oa.wecom.callbacks import _xml
from tests.banking.reading import messages
from tests.connectors.erp.soap.exchange import NS, WSDL, Handler, Wire, connect, fault, soap, write
from tests.hostile.ground import PERSONAL, SECRET, Ground, hostile

REPORT = messages.report(messages.batch("B1", messages.line("REF1", "RJCT", messages.why("NARR", PERSONAL))))
STATEMENT = messages.statements([messages.statement(messages.booking("1.00", words=PERSONAL))])


def report(content: bytes) -> Any:
    """A bank's report on payments, read to its end."""
    return list(read_report(io.BytesIO(content), "answer.xml", Tolerant()))


def statement(content: bytes) -> Any:
    """A bank's statement of account, read to its end."""
    return [list(each.entries) for each in read_statements(io.BytesIO(content), "answer.xml", Tolerant())]


def refused_by_the_bank_readers(ground: Ground, change: Callable[[str], str], *rules: str) -> None:
    """Both readers of bank files refuse it at a place, by a rule."""
    for read, good in ((report, REPORT), (statement, STATEMENT)):
        error = ground.refusal(read, change(good).encode())
        assert isinstance(error, BankFileRefusedError)
        assert error.faults[0].place.startswith("answer.xml")
        assert error.faults[0].rule in rules


def answered(ground: Ground, handler: Handler) -> ConnectorError:
    """The error of a write that an ERP answers like this: never done, never refused for what it holds."""
    wire = Wire(Simulator())
    wire.instead = handler
    error = ground.refusal(connect(wire).update, [write(Action.UPDATE, {"department": "D1"})])
    assert isinstance(error, InDoubtError | HaltError | RetryableError)
    assert len(wire.sent) == 1
    return error


def with_type(declared: str, used: str = "") -> Callable[[str], str]:
    """A document type before the root, and an entity where the personal text stood."""

    def change(good: str) -> str:
        return good.replace("<Document", f"<!DOCTYPE Document {declared}><Document", 1).replace(PERSONAL, used or "x")

    return change


def external(ground: Ground) -> dict[str, str]:
    """Entities from a file, from the network, and by way of a parameter."""
    file, net = f"file://{ground.treasure}", f"{ground.sentinel.url}/x.dtd"
    return {
        f'[<!ENTITY x SYSTEM "{file}">]': "&x;",
        f'[<!ENTITY x SYSTEM "{net}">]': "&x;",
        f'[<!ENTITY % p SYSTEM "{net}"> %p;]': "x",
        f'[<!ENTITY % p SYSTEM "{file}"> %p;]': "x",
    }


@hostile(34, "entities from files and from the network", file=0, http=1, parameter_http=2, parameter_file=3)
def are_not_fetched(ground: Ground, which: int) -> None:
    declared, used = list(external(ground).items())[which]
    refused_by_the_bank_readers(ground, with_type(declared, used), "document_type")
    body = f"<n:EmployeeReplicationConfirmation xmlns:n='{NS}'>{used}</n:EmployeeReplicationConfirmation>"
    answered(ground, soap(body, prolog=f"<!DOCTYPE x {declared}>"))
    hook = f"<!DOCTYPE xml {declared}><xml><Encrypt>{used}</Encrypt></xml>".encode()
    assert ground.result(_xml, hook) is None


LAUGHS = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12))
BOMBS = {
    "billion_laughs": (f'[<!ENTITY x0 "ha">{LAUGHS}]', "&x11;"),
    "quadratic": (f'[<!ENTITY q "{"a" * 50_000}">]', "&q;" * 5_000),
}


@hostile(35, "entities that grow without end", **BOMBS)
def are_refused_unexpanded(ground: Ground, given: tuple[str, str]) -> None:
    declared, used = given
    refused_by_the_bank_readers(ground, with_type(declared, used), "document_type")
    answered(ground, soap(used, prolog=f"<!DOCTYPE x {declared}>"))
    assert ground.result(_xml, f"<!DOCTYPE xml {declared}><xml><Encrypt>{used}</Encrypt></xml>".encode()) is None


@hostile(36, "a document type and nothing else", alone="", external_one='SYSTEM "{}/x.dtd"', public='PUBLIC "a" "{}/x"')
def is_refused(ground: Ground, declared: str) -> None:
    told = declared.format(ground.sentinel.url)
    refused_by_the_bank_readers(ground, with_type(told), "document_type")
    answered(ground, soap("<x/>", prolog=f"<!DOCTYPE x {told}>"))
    assert ground.result(_xml, f"<!DOCTYPE xml {told}><xml><Encrypt>x</Encrypt></xml>".encode()) is None


@hostile(36, "a document type and nothing else")
def in_another_encoding_is_seen_too(ground: Ground) -> None:
    text = with_type("[]")(REPORT).replace('encoding="UTF-8"', 'encoding="UTF-16"')
    error = ground.refusal(report, text.encode("utf-16"))
    assert isinstance(error, BankFileRefusedError)
    hook = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE xml [<!ENTITY x "y">]><xml><Encrypt>&x;</Encrypt></xml>'
    assert ground.result(_xml, hook.encode("utf-16")) is None


@hostile(37, "100,000 levels, attributes and children", levels="<a>", siblings="<a/>", closed="</a>")
def end_the_reading(ground: Ground, piece: str) -> None:
    many = piece * 100_000
    for read, good in ((report, REPORT), (statement, STATEMENT)):
        if piece == "<a/>":  # flat and harmless: against the schema, and cheap
            ground.result(read, good.replace(PERSONAL, many).encode())
            continue
        error = ground.refusal(read, good.replace(PERSONAL, many).encode())
        assert isinstance(error, BankFileRefusedError)
    answered(ground, soap(many))
    hook = f"<xml><Encrypt>{many}</Encrypt></xml>".encode()
    assert (ground.result(_xml, hook) or {}).get("Encrypt", "") == ""


@hostile(37, "100,000 levels, attributes and children")
def attributes_on_one_element(ground: Ground) -> None:
    many = " ".join(f'a{n}="1"' for n in range(20_000))
    refused_by_the_bank_readers(
        ground, lambda good: good.replace("<Document", f"<Document {many}", 1), "too_large", "not_well_formed"
    )


def lures(ground: Ground) -> list[str]:
    """What asks a reader to fetch something, without any document type."""
    file, net = f"file://{ground.treasure}", ground.sentinel.url
    return [
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{file}" parse="text"/>',
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{net}/x" parse="text"/>',
        f'<x xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x {net}/x.xsd"/>',
    ]


@hostile(38, "inclusions, style sheets and schema locations", file=0, http=1, schema=2)
def are_followed_nowhere(ground: Ground, which: int) -> None:
    lure = lures(ground)[which]
    for read, good in ((report, REPORT), (statement, STATEMENT)):
        found = ground.result(read, good.replace(PERSONAL, lure).encode())
        assert SECRET not in repr(found)
    answered(ground, soap(lure))
    hook = f"<xml><Encrypt>{lure}</Encrypt></xml>".encode()
    assert SECRET not in repr(ground.result(_xml, hook))


@hostile(38, "inclusions, style sheets and schema locations")
def style_sheet_before_the_root(ground: Ground) -> None:
    sheet = f'<?xml-stylesheet type="text/xsl" href="{ground.sentinel.url}/x.xsl"?><Document'
    assert ground.result(report, REPORT.replace("<Document", sheet, 1).encode())


IMPORTS = {
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "sentinel": "{net}/evil.xsd",
    "file": "file://{file}",
    "upwards": "../elsewhere/treasure.txt",
    "unlisted": "other.xsd",
}


@hostile(39, "a WSDL that imports from elsewhere", **IMPORTS)
def is_refused_before_anything_is_fetched(ground: Ground, location: str) -> None:
    told = location.format(net=ground.sentinel.url, file=ground.treasure)
    for file in WSDL.glob("*.[wx]s*"):
        shutil.copy(file, ground.folder)
    wsdl = ground.folder / "employee_replication.wsdl"
    before = b'schemaLocation="employee_replication.xsd"'
    assert before in wsdl.read_bytes()
    wsdl.write_bytes(wsdl.read_bytes().replace(before, f'schemaLocation="{told}"'.encode()))
    wire = Wire(Simulator())
    error = ground.refusal(connect(wire, wsdl=str(wsdl), sha256=digests(ground.folder)).find, [AccountRef("1")])
    assert isinstance(error, HaltError)
    assert wire.sent == []


def digests(folder: Path) -> dict[str, str]:
    """The digests that an operator who was deceived would put into the settings."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


CONFIRMED = f"<n:EmployeeReplicationConfirmation xmlns:n='{NS}'/>"


def page(status: int, content: bytes, kind: str) -> Handler:
    """An answer as it stands."""
    return lambda _: httpx.Response(status, headers={"Content-Type": kind}, content=content)


ANSWERS = {
    "fault_under_200": fault("s:Server", status=200),
    "page_under_200": page(200, b"<html><body>please log in</body></html>", "text/html"),
    "page_as_xml": page(200, b"<html><body>please log in</body></html>", "text/xml"),
    "two_bodies": soap(f"{CONFIRMED}</s:Body><s:Body>{CONFIRMED}"),
    "two_elements": soap(CONFIRMED * 2),
    "other_namespace": soap(CONFIRMED.replace(NS, "urn:other")),
    "said_to_be_utf16": soap(CONFIRMED, prolog='<?xml version="1.0" encoding="UTF-16"?>'),
    "utf7": soap(CONFIRMED, prolog='<?xml version="1.0" encoding="UTF-7"?>'),
    "cut_off": page(200, b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Bo", "text/xml"),
    "nothing": page(200, b"", "text/xml"),
}


@hostile(40, "answers that are no answer", **ANSWERS)
def leave_a_write_in_doubt(ground: Ground, handler: Handler) -> None:
    error = answered(ground, handler)
    assert isinstance(error, InDoubtError)
