"""JSON, webhooks and what comes over HTTP, numbers 41 to 55: replies of vendors, callbacks, pages, limits."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from baton.client import Client, Intent, Limits, Response
from baton.console.payments.intake import read_lines
from baton.console.webhooks import receive
from baton.egress import EgressRule
from baton.errors import ConnectorError, HaltError, InDoubtError, RetryableError
from baton.jobs.payment.payable_rows import ReadRows
from connectors.hr.ihr360.connector import Ihr360, Ihr360Settings
from connectors.hr.ihr360.simulator import Simulator as HrSimulator
from connectors.oa.feishu.connector import Feishu
from connectors.oa.feishu.events import Callbacks
from connectors.oa.feishu.simulator import Simulator
from tests.client.conftest import RawServer
from tests.hostile.ground import PERSONAL, Ground, hostile
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.rig.targets import KeyTarget

Handler = Callable[[httpx.Request], httpx.Response]
GOOD = {"number": "0001", "amount": "1.00"}
SIM = Simulator()
CALLBACKS = Callbacks(SIM.secrets["encrypt_key"], SIM.secrets["verification_token"], "cli_synthetic")
KIND = "contact.user.updated_v3"


def staff_source(change: Callable[[Any, httpx.Request], Any] | bytes) -> tuple[Ihr360, HrSimulator]:
    """An HR system over its simulator, whose lists of people are changed on the way (or are these bytes)."""
    sim = HrSimulator()
    sim.seed([sim.sample(n) for n in range(1, 4)])

    def handle(request: httpx.Request) -> httpx.Response:
        answer = sim.handle(request)
        if not request.url.path.endswith("/ids"):
            return answer
        if isinstance(change, bytes):
            return httpx.Response(200, content=change)
        return httpx.Response(200, content=orjson.dumps(change(orjson.loads(answer.content), request)))

    rule = EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True)
    client = Client(rule, transport=httpx.MockTransport(handle))
    return Ihr360(Ihr360Settings.model_validate({**sim.settings, **sim.secrets}), client), sim


def census(source: Ihr360) -> int:
    """How many people the source gives."""
    return sum(page.rows.height for page in source.census().pages)


def reply_refused(ground: Ground, body: bytes) -> None:
    """As a vendor's reply it is an error of the four, and as a callback it gets a 4xx and no hint."""
    error = ground.refusal(census, staff_source(body)[0])
    assert isinstance(error, ConnectorError)
    for headers in ({}, SIM.callbacks.sign(body)[0]):
        answer = ground.result(CALLBACKS.receive, headers, body)
        assert 400 <= answer.status < 500
        assert not answer.hints


def line_put_aside(ground: Ground, line: bytes, code: str) -> None:
    """As a line handed in to pay it is put aside by row and rule, and the line before it is read."""
    read = ground.result(read_lines, orjson.dumps(GOOD) + b"\n" + line, "CNY")
    assert isinstance(read, ReadRows)
    assert [row.number for row in read.rows] == ["0001"]
    assert [(fault.place, fault.rule) for fault in read.faults] == [("api:2", code)]
    assert all(PERSONAL not in str(fault) for fault in read.faults)


@hostile(41, "numbers that JSON does not have", nan=b"NaN", infinity=b"-Infinity", large=b"1e400")
def are_no_reply_and_no_payable(ground: Ground, number: bytes) -> None:
    reply_refused(ground, b'{"code":' + number + b"}")
    line_put_aside(ground, b'{"number":"0002","amount":' + number + b"}", "not_json")


@hostile(42, "one key twice in an object")
def is_put_aside_where_money_hangs_on_it(ground: Ground) -> None:
    line_put_aside(ground, b'{"number":"0002","amount":"1","amount":"2"}', "double_key")


@hostile(42, "one key twice in an object")
def in_a_signed_event_the_token_is_judged_as_it_is_read(ground: Ground) -> None:
    token = SIM.secrets["verification_token"]
    inner = b'{"schema":"2.0","header":{"token":"%s","token":"wrong","event_id":"e"},"event":{}}' % token.encode()
    headers, body = SIM.callbacks.sign(sealed(inner))
    assert ground.result(CALLBACKS.receive, headers, body).status == 401


def sealed(plain: bytes) -> Any:
    """Bytes as the vendor would encrypt them, JSON or not."""
    count = 16 - len(plain) % 16
    padded = plain + bytes([count]) * count
    key = hashlib.sha256(SIM.secrets["encrypt_key"].encode()).digest()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    text = base64.b64encode(bytes(16) + encryptor.update(padded) + encryptor.finalize()).decode()
    return orjson.dumps({"encrypt": text})


@hostile(43, "100,000 levels of JSON", lists=b"[", objects=b'{"a":', in_a_field=b'{"number":"0002","amount":[')
def are_no_json(ground: Ground, opening: bytes) -> None:
    reply_refused(ground, opening * 100_000)
    line_put_aside(ground, opening * 100_000, "not_json")


@hostile(44, "an integer of 5,000 digits")
def is_no_reply_and_no_payable(ground: Ground) -> None:
    reply_refused(ground, b'{"code":' + b"9" * 5_000 + b"}")
    line_put_aside(ground, b'{"number":"0002","amount":' + b"9" * 5_000 + b"}", "not_json")


@hostile(44, "an integer of 5,000 digits")
def as_text_it_is_no_amount(ground: Ground) -> None:
    line_put_aside(ground, b'{"number":"0002","amount":"' + b"9" * 490 + b'"}', "amount")


@hostile(45, "half of a surrogate pair")
def is_no_json(ground: Ground) -> None:
    reply_refused(ground, b'{"code":"\\ud800"}')
    line_put_aside(ground, b'{"number":"0002","amount":"1","remark":"\\ud800"}', "not_json")


@hostile(46, "a NUL in text")
def is_printable_nowhere(ground: Ground) -> None:
    line_put_aside(ground, b'{"number":"0002","amount":"1","remark":"a\\u0000b"}', "not_printable")
    source, _ = staff_source(lambda body, _: {**body, "data": {**body["data"], "dataList": ["a\0b"]}})
    assert isinstance(ground.refusal(census, source), ConnectorError)


@hostile(
    47, "fields that would make somebody more than they are", role="is_admin", tenant="tenant_id", magic="__class__"
)
def are_not_taken_along(ground: Ground, name: str) -> None:
    line = orjson.dumps({"number": "0002", "amount": "1", name: "admin"})
    line_put_aside(ground, line, "unknown_key")
    reply = CALLBACKS.receive(*SIM.event(KIND, {"employee_no": "0012", name: {"a": 1}}, event_id="e9"))
    (hint,) = reply.hints
    assert (hint.event_id, hint.numbers) == ("e9", ("0012",))


@hostile(48, 'true, 1 and "1", and amounts as floats', true=True, one=1, float=0.1, beyond=9007199254740993)
def are_no_amounts(ground: Ground, amount: Any) -> None:
    line_put_aside(ground, json.dumps({"number": "0002", "amount": amount}).encode(), "not_text")


@hostile(48, 'true, 1 and "1", and amounts as floats', true=b"true", text=b'"zero"', float=b"0.5", none=b"null")
def are_no_codes(ground: Ground, code: bytes) -> None:
    body = b'{"code":' + code + b',"data":{"dataList":[],"pageInfo":{"totalPages":1}}}'
    assert isinstance(ground.refusal(census, staff_source(body)[0]), ConnectorError)


def signatures() -> dict[str, Any]:
    """What a stranger can do to the signature of a genuine call: a change of its headers and body."""
    return {
        "none": lambda headers, body: ({**headers, "X-Lark-Signature": ""}, body),
        "upper_case": lambda headers, body: (_signed_as(headers, str.upper), body),
        "prefixed": lambda headers, body: (_signed_as(headers, lambda text: f"v1={text}"), body),
        "a_thousand": lambda headers, body: (_signed_as(headers, lambda text: " ".join([text] * 1000)), body),
        "cut": lambda headers, body: (_signed_as(headers, lambda text: text[:-1]), body),
        "not_ascii": lambda headers, body: (_signed_as(headers, lambda _: "ä" * 64), body),
        "serialised_again": lambda headers, body: (headers, json.dumps(json.loads(body), indent=1).encode()),
    }


def _signed_as(headers: dict[str, str], change: Callable[[str], str]) -> dict[str, str]:
    return {name: change(value) if name.lower() == "x-lark-signature" else value for name, value in headers.items()}


@hostile(49, "signatures that are none", **signatures())
def are_not_accepted(ground: Ground, change: Any) -> None:
    headers, body = SIM.event(KIND, {"employee_no": "0012"}, event_id="a.b.c")
    assert CALLBACKS.receive(headers, body).status == 200
    answer = ground.result(CALLBACKS.receive, *change(headers, body))
    assert (answer.status, answer.hints) == (401, ())


@hostile(
    50, "stamps that are old, ahead, negative or no number", old="-301", ahead="+301", minus="-1", word="soon", none=""
)
def are_part_of_what_is_signed(ground: Ground, stamp: str) -> None:
    """Age alone refuses nothing (the vendors redeliver for hours under one signature); another stamp does."""
    headers, body = SIM.event(KIND, {"employee_no": "0012"})
    changed = {name: stamp if name.lower().endswith("timestamp") else value for name, value in headers.items()}
    assert ground.result(CALLBACKS.receive, changed, body).status == 401


@hostile(51, "a known id with another body, and an event of somebody else's app")
def is_stored_once_or_not_at_all(ground: Ground) -> None:
    company = Company(ground.folder, f"sqlite:///{ground.folder}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget})
    hub = company.open()
    try:
        first, second = (
            CALLBACKS.receive(*SIM.event(KIND, {"employee_no": number}, event_id="e1")).hints
            for number in ("0012", "0013")
        )
        with hub.database.write() as connection:
            assert ground.result(hub.runs.add_hints, connection, "oa", first) == 1
            assert ground.result(hub.runs.add_hints, connection, "oa", second) == 0
        assert receive(hub, "crm", {}, b"{}") is None
    finally:
        hub.close()
    other = Callbacks(SIM.secrets["encrypt_key"], SIM.secrets["verification_token"], "cli_of_another_tenant")
    assert ground.result(other.receive, *SIM.event(KIND, {"employee_no": "0012"})).status == 401


@hostile(52, "events about nobody, out of order, or with other content under one version")
def is_a_hint_to_look_and_never_a_fact(ground: Ground) -> None:
    """An event names a number and brings no values: what it says is read from the source, so order cannot matter."""
    user = {"employee_no": "9999", "name": PERSONAL, "status": {"is_resigned": True}}
    for kind in ("contact.user.deleted_v3", "contact.user.created_v3", KIND):
        (hint,) = ground.result(CALLBACKS.receive, *SIM.event(kind, user, event_id=kind)).hints
        assert (hint.numbers, hint.kind) == (("9999",), kind)
        assert PERSONAL not in repr(hint)


def over_http(ground: Ground, said: bytes | Callable[..., None], **limits: Any) -> ConnectorError:
    """The error of a write that a server answers with exactly these bytes."""
    behave = said if not isinstance(said, bytes) else lambda _server, connection, _head: connection.sendall(said)
    server = RawServer(behave)
    client = Client(EgressRule(frozenset({server.origin}), allow_private=True), limits=Limits(**limits))
    try:
        return ground.refusal(client.request, "POST", server.url)  # type: ignore[return-value]
    finally:
        client.close()
        server.close()


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer as bytes, whose stated length may be a lie."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


BOMB = gzip.compress(bytes(30_000_000))
LIES = {
    "gzip_in_gzip": answer(gzip.compress(BOMB), "Content-Encoding: gzip, gzip"),
    "gzip_bomb": answer(BOMB, "Content-Encoding: gzip"),
    "gzip_cut": answer(BOMB[: len(BOMB) // 2], "Content-Encoding: gzip"),
    "longer_than_told": answer(b"{}", length=1_000_000),
    "unknown_coding": answer(b"{}", "Content-Encoding: br"),
}


@hostile(53, "replies that lie, drip, never end or are a page", **LIES)
def leave_a_write_in_doubt(ground: Ground, said: bytes) -> None:
    assert isinstance(over_http(ground, said, body_bytes=1_000_000), InDoubtError)


@hostile(53, "replies that lie, drip, never end or are a page")
def one_byte_at_a_time_ends_at_the_deadline(ground: Ground) -> None:
    def drip(server: Any, connection: Any, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        server.dribble(connection, b"a" * 100_000)

    assert isinstance(over_http(ground, drip, deadline_s=0.3), InDoubtError)


@hostile(53, "replies that lie, drip, never end or are a page")
def endless_chunks_end_at_the_cap(ground: Ground) -> None:
    def endless(server: Any, connection: Any, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not server.stopping:
            connection.sendall(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")

    assert isinstance(over_http(ground, endless, body_bytes=1_000_000), InDoubtError)


@hostile(
    53,
    "replies that lie, drip, never end or are a page",
    login=b"<html>log in</html>",
    nothing=b"",
    bom=b"\xef\xbb\xbf{}",
)
def page_under_200_is_no_reply(ground: Ground, body: bytes) -> None:
    assert isinstance(ground.refusal(census, staff_source(body)[0]), RetryableError)
    told = Response(200, {}, body, Intent.WRITE, "api.example")
    assert isinstance(ground.refusal(told.json), InDoubtError)


def feishu(handler: Handler) -> Feishu:
    """The office system behind this handler."""
    rule = EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True)
    settings = Feishu.Settings.model_validate({**SIM.settings, **SIM.secrets})
    return Feishu(settings, Client(rule, transport=httpx.MockTransport(handler)))


@hostile(
    54, "a next page elsewhere, or the same for ever", itself="t1", elsewhere="http://127.0.0.1:2/evil?x=", none=""
)
def ends_the_reading(ground: Ground, token: str) -> None:
    hosts: set[str] = set()

    def handle(request: httpx.Request) -> httpx.Response:
        hosts.add(request.url.netloc.decode())
        if "tenant_access_token" in request.url.path:
            return httpx.Response(200, json={"code": 0, "tenant_access_token": "t", "expire": 7200})
        return httpx.Response(200, json={"code": 0, "data": {"items": [], "has_more": True, "page_token": token}})

    assert isinstance(ground.refusal(lambda: list(feishu(handle).scan())), HaltError)
    assert hosts == {"127.0.0.1:1"}


@hostile(54, "a next page elsewhere, or the same for ever")
def a_numbered_list_that_repeats_itself_is_refused(ground: Ground) -> None:
    def again(body: Any, _request: httpx.Request) -> Any:
        return {**body, "data": {**body["data"], "pageInfo": {**body["data"]["pageInfo"], "totalPages": 9}}}

    assert isinstance(ground.refusal(census, staff_source(again)[0]), ConnectorError)


WAITS = {
    "negative": ("-1", 0.0),
    "years": ("999999999", 3600.0),
    "past": ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    "no_number": ("nan", None),
    "word": ("later", None),
    "infinite": ("inf", 3600.0),
    "digits": ("9" * 5000, 3600.0),
    "date_beyond": ("Wed, 21 Oct 99999 07:28:00 GMT", None),
    "zone_beyond": ("Wed, 21 Oct 2026 07:28:00 +9999999999", None),
}


@hostile(55, "a Retry-After that makes no sense", **WAITS)
def is_nothing_or_at_most_an_hour(ground: Ground, given: tuple[str, float | None]) -> None:
    told, seconds = given
    response = Response(429, {"retry-after": told}, b"", Intent.WRITE, "api.example")
    assert ground.result(response.retry_after_s, datetime(2026, 11, 23, tzinfo=UTC)) == seconds
