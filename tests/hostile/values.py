"""Parameters, ciphertexts, money and time, numbers 61 to 66."""

from __future__ import annotations

import base64
import io
import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
from cryptography.hazmat.primitives.asymmetric import ed25519
from fastapi.routing import APIRoute
from lxml import etree

from baton.audit.checkpoint import Signer as LogSigner
from baton.audit.checkpoint import open_note
from baton.audit.verify import verify_export
from baton.banking.problems import problems, refuse_if_faulty
from baton.banking.reading.amounts import from_major, from_minor
from baton.client import Client
from baton.console import reading
from baton.console.handover.routes import case_api, case_pages
from baton.console.payments.routes import run_api, run_pages
from baton.egress import EgressRule, origin_of
from baton.errors import ConfigurationError, HaltError, OrderRefusedError, TamperedError
from baton.hub import Hub
from baton.jobs.payment.payable_rows import minor_units
from baton.mapping.transforms.dates import moment, time_of_day, zone
from baton.sealed import InternalKey, Label, Signer, open_sealed, seal
from baton.store.personal import Keyring
from tests.banking.writing.orders import THREE, order, payable, written
from tests.banking.writing.samples import sample
from tests.client.test_reach import SPELLINGS
from tests.hostile.ground import PERSONAL, Ground, hostile
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.rig.targets import KeyTarget

IDS = {
    "sql": "x' OR 1=1 --",
    "like": "%",
    "nul": "a\0b",
    "path": "..%2f..%2fetc",
    "ten_kilobytes": "a" * 10_240,
    "beyond_64_bits": str(2**63),
    "emoji": "😀",
    "line": "a\nb",
}


def hub_at(ground: Ground) -> Hub:
    """A hub in which there is nothing."""
    return Company(ground.folder, f"sqlite:///{ground.folder}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget}).open()


@hostile(61, "ids that are code, paths, too long or beyond 64 bits", **IDS)
def are_looked_for_and_not_found(ground: Ground, text: str) -> None:
    with closing(hub_at(ground)) as hub:
        error = ground.refusal(reading.run_detail, hub, text, "")
        assert isinstance(error, ConfigurationError)
        assert {fault.rule for fault in error.faults} == {"unknown_run"}


@hostile(62, "limits, offsets, orders and repeated keys in a query")
def are_judged_by_the_description_of_the_api(ground: Ground) -> None:
    """Every number of every route has a bound, every word is one of a list: a query cannot ask for more.

    What the application answers to them is tried in ``tests/api``.
    """

    def look() -> list[str]:
        routes = [route for router in (case_api, case_pages, run_api, run_pages) for route in router.routes]
        given = [
            (route.path, each)
            for route in routes
            if isinstance(route, APIRoute)
            for dependant in (route.dependant, *route.dependant.dependencies)
            for each in dependant.query_params
        ]
        assert len(given) > 5
        return [path for path, each in given if each.field_info.annotation is int and not each.field_info.metadata]

    assert ground.result(look) == []


URLS = [
    *(f"http://{host}:{{port}}/" for host in SPELLINGS),
    "http://user@api.example:{port}/",
    "http://127.0.0.1:22/",
    "http://xn--localhost-/",
    "gopher://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "//127.0.0.1:{port}/",
    "http:///etc/passwd",
    "http://[::1%25lo]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://api.example:{port}\\@127.0.0.1/",
    "http://127.0.0.1:{port}#@api.example/",
    "HTTP://LOCALHOST:{port}/",
    "http://api.example:+443/",
    "http://api.example:443:443/",
    "http://127.0.0.1\t:{port}/",
    "\thttp://127.0.0.1:{port}/",
]


@hostile(63, "URLs that lead somewhere else than they seem to")
def reach_nobody(ground: Ground) -> None:
    client = Client(EgressRule(frozenset({"api.example:443"}), resolver=lambda *_: ["192.0.2.1"]))
    with closing(client):
        for url in URLS:
            error = ground.refusal(client.request, "POST", url.format(port=ground.sentinel.port))
            assert isinstance(error, HaltError)


@hostile(63, "URLs that lead somewhere else than they seem to")
def with_a_name_and_password_have_no_origin(ground: Ground) -> None:
    for url in ("https://user@api.example", "https://u:p@api.example", "https://api.example:99999", "ftp://x"):
        ground.no_value(origin_of, url)


RING = Keyring(2, {1: b"1" * 32, 2: b"2" * 32}, b"i" * 32, b"d" * 32)
PLACE: dict[str, Any] = {"table": "people", "row": "0012", "column": "mobile", "version": 3}
DAMAGE = {
    "cut": lambda data: data[:-1],
    "nothing": lambda _: b"",
    "head_alone": lambda data: data[:21],
    "other_key": lambda data: data[:4] + b"\x01" + data[5:],
    "unknown_key": lambda data: data[:1] + b"\xff" * 4 + data[5:],
    "unknown_format": lambda data: b"\x09" + data[1:],
    "extended": lambda data: data + b"\0",
}


@hostile(64, "ciphertexts that were cut, moved, set back or named otherwise", **DAMAGE)
def do_not_open(ground: Ground, change: Any) -> None:
    value = RING.seal(PERSONAL.encode(), **PLACE)
    error = ground.refusal(RING.open, change(value), **PLACE)
    assert isinstance(error, TamperedError)
    for place in ({"row": "0013"}, {"column": "phone"}, {"version": 2}, {"table": "accounts"}):
        assert isinstance(ground.refusal(RING.open, value, **{**PLACE, **place}), TamperedError)


PAYER = Signer("payer-1", ed25519.Ed25519PrivateKey.from_private_bytes(b"s" * 32))
KEK = InternalKey("kek-1", b"k" * 32)


def container() -> bytes:
    """A sealed file."""
    out = io.BytesIO()
    label = Label("roster", "r.hpf", "HUB", "BANK", datetime(2026, 11, 22, tzinfo=UTC))
    seal(io.BytesIO(PERSONAL.encode() * 10_000), out, label=label, readers=[KEK], signer=PAYER)
    return out.getvalue()


def header_changed(change: Any) -> Any:
    """The container with its header changed and written canonically again."""

    def changed(data: bytes) -> bytes:
        end = 8 + int.from_bytes(data[4:8], "big")
        header = json.loads(data[8:end])
        change(header)
        text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
        return data[:4] + len(text).to_bytes(4, "big") + text + data[end:]

    return changed


CONTAINERS = {
    "cut": lambda data: data[: len(data) // 2],
    "without_signature": lambda data: data[:-64],
    "extended": lambda data: data + b"\0",
    "other_magic": lambda data: b"HPF9" + data[4:],
    "header_of_4_gib": lambda data: data[:4] + b"\xff" * 4 + data[8:],
    "header_of_levels": lambda _: b"HPF1" + (60_000).to_bytes(4, "big") + b"[" * 60_000 + bytes(64),
    "wrap_exchanged": header_changed(
        lambda header: header["wraps"][0].update(wrapped=base64.b64encode(bytes(40)).decode())
    ),
    "wrap_of_another_kind": header_changed(lambda header: header["wraps"][0].update(alg="none")),
    "wrap_added": header_changed(lambda header: header["wraps"].append(dict(header["wraps"][0], kid="evil"))),
    "renamed": header_changed(lambda header: header["immutable"].update(name="other.hpf")),
    "digits_exchanged": lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
}


@hostile(
    64,
    "ciphertexts that were cut, moved, set back or named otherwise",
    **{f"container_{n}": c for n, c in CONTAINERS.items()},
)
def containers_give_out_nothing(ground: Ground, change: Any) -> None:
    broken, target = change(container()), io.BytesIO()
    trusted = {"payer-1": PAYER.key.public_key()}
    error = ground.refusal(open_sealed, io.BytesIO(broken), target, opener=KEK, trusted=trusted)
    assert isinstance(error, TamperedError)
    assert target.getvalue() == b""


@hostile(
    64, "ciphertexts that were cut, moved, set back or named otherwise", rubbish=b"\xff" * 1000, levels=b"[" * 100_000
)
def checkpoints_and_exports_of_the_audit_log_are_findings(ground: Ground, content: bytes) -> None:
    key = LogSigner("test/audit", b"s" * 32).verifier
    assert isinstance(ground.refusal(open_note, content, [key]), TamperedError)
    report = ground.result(verify_export, io.BytesIO(content), key, [content])
    assert report.findings
    assert not report.ok


AMOUNTS = {
    "negative": "-1",
    "fraction_of_a_fen": "0.001",
    "exponent": "1e3",
    "nan": "NaN",
    "infinity": "Infinity",
    "sixteen_digits": "10000000000000000",
    "thousands": "1,000.00",
    "hexadecimal": "0x10",
    "blank": " ",
    "digits_of_the_nile": "٣",
}


@hostile(65, "amounts, accounts and names that no payment may carry", **AMOUNTS)
def are_no_amount(ground: Ground, text: str) -> None:
    minor = ground.result(minor_units, text, 2)
    assert minor is None or (text == "-1" and minor == -100)  # a deduction is a number; what it pays is judged next
    line = payable(amount_minor=minor if minor is not None else 0)
    assert "amount" in {fault.rule for fault in ground.result(problems, line, sample("iso20022-cny"))}
    if text != "10000000000000000":  # eighteen digits are read; what may be paid is another question
        ground.no_value(from_minor, text)
        ground.no_value(from_major, text, "CNY")


BAD_LINES = {
    "zero": ({"amount_minor": 0}, "amount"),
    "ten_to_the_fifteenth": ({"amount_minor": 10**15}, "amount"),
    "other_currency": ({"currency": "USD"}, "currency"),
    "invisible_in_the_name": ({"holder": f"{PERSONAL}\u200b"}, "characters"),
    "line_end_in_the_name": ({"holder": f"{PERSONAL}\n"}, "characters"),
    "no_name": ({"holder": ""}, "missing"),
    "account_with_a_blank": ({"account": "6222 0200"}, "characters"),
}


@hostile(65, "amounts, accounts and names that no payment may carry", **BAD_LINES)
def lines_are_named_and_no_file_is_begun(ground: Ground, given: tuple[dict[str, Any], str]) -> None:
    changed, rule = given
    profile = sample("iso20022-cny")
    found = ground.result(problems, payable(**changed), profile)
    assert rule in {fault.rule for fault in found}
    assert all(fault.place == "pay.csv:E0001" for fault in found)
    assert PERSONAL not in str(found)


@hostile(
    65,
    "amounts, accounts and names that no payment may carry",
    checksum="DE89370400440532013001",
    short="DE89",
    letters="XX00A",
)
def are_no_iban(ground: Ground, account: str) -> None:
    line = payable(holder="A. Sample", account=account, bank_code="", currency="EUR", remark="x", bank_name="", town="")
    assert "iban" in {fault.rule for fault in ground.result(problems, line, sample("iso20022-sepa"))}


@hostile(65, "amounts, accounts and names that no payment may carry")
def totals_that_do_not_add_up_stop_the_order(ground: Ground) -> None:
    profile = sample("iso20022-cny")
    wrong = replace(order(THREE, profile), total_minor=1)
    error = ground.refusal(refuse_if_faulty, wrong, profile)
    assert isinstance(error, OrderRefusedError)
    assert "control_total" in {fault.rule for fault in error.faults}
    many = replace(wrong, total_minor=10**17)
    assert "total" in {fault.rule for fault in ground.refusal(refuse_if_faulty, many, profile).faults}  # type: ignore[attr-defined]


@hostile(65, "amounts, accounts and names that no payment may carry")
def markup_in_a_name_stays_a_name(ground: Ground) -> None:
    name = "李<四> & 王\"五'"
    content = ground.result(written, [payable(holder=name)], sample("iso20022-cny"))
    assert name in [element.text for element in etree.fromstring(content).iter() if element.tag.endswith("}Nm")]


def one(transform: Any, text: str) -> Any:
    """A value through a transform of days or times."""
    return pl.DataFrame({"x": [text]}).select(transform(pl.col("x")))["x"][0]


MOMENTS = {
    "lost_hour": ("2026-03-29 02:30:00", "Europe/Berlin"),
    "doubled_hour": ("2026-10-25 02:30:00", "Europe/Berlin"),
    "leap_second": ("2026-06-30 23:59:60", "UTC"),
    "hour_24": ("2026-06-30 24:00:00", "UTC"),
    "no_such_day": ("2026-02-30 10:00:00", "Asia/Shanghai"),
    "year_1": ("0001-01-01 00:00:00", "Asia/Shanghai"),
}


@hostile(66, "zones, changes of clocks, and seconds that are none", **MOMENTS)
def are_no_moment(ground: Ground, given: tuple[str, str]) -> None:
    text, place = given
    assert ground.result(one, lambda column: moment(column, place), text) is None


@hostile(
    66, "zones, changes of clocks, and seconds that are none", leap_second="23:59:60", hour_24="24:00:00", word="noon"
)
def are_no_time_of_day(ground: Ground, text: str) -> None:
    assert ground.result(one, time_of_day, text) is None


@hostile(66, "zones, changes of clocks, and seconds that are none")
def zone_of_a_quarter_hour_is_one_and_others_are_not(ground: Ground) -> None:
    assert ground.result(one, zone, "Asia/Kathmandu") == "Asia/Kathmandu"
    found = ground.result(one, lambda column: moment(column, "Asia/Kathmandu"), "2026-11-22 18:00:00")
    assert found == datetime(2026, 11, 22, 12, 15, tzinfo=UTC)
    for name in ("Beijing", "../../etc/passwd", "UTC+8", "Asia/Kathmandu\0", ""):
        assert ground.result(one, zone, name) is None
