"""What is fuzzed: one harness for each family of parsers. Any exception but the family's own refusals is a finding.

A harness is a function of bytes. Where a family has several doors the first byte chooses one, so that one corpus and one
process serve them all. ``seeds`` are well-formed inputs to begin with.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from baton.errors import BatonError, Fault


@dataclass(frozen=True, slots=True)
class Harness:
    """One family of parsers."""

    title: str
    feed: Callable[[bytes], None]
    """Hands an input to the parsers; what it raises is a finding."""
    seeds: Callable[[], Sequence[bytes]]


def _door(data: bytes, doors: int) -> tuple[int, bytes]:
    """Which of so many doors an input goes to, and what goes in."""
    return (data[0] % doors if data else 0), data[1:]


def _through(door: int, *contents: bytes) -> list[bytes]:
    return [bytes([door]) + content for content in contents]


def _placed(faults: Sequence[Fault], *names: str) -> None:
    """A refusal says where, in the file it is about."""
    assert faults
    assert all(fault.place.startswith(names) for fault in faults)


# --- tables: delimited text, workbooks

_CSV: Final = (
    '工号,姓名,状态\n0012,测试甲,在职\n0013,"测试,乙",离职\n'.encode(),
    '花名册\n\n工号;姓名;状态\r\n0012;"a ""b""\nc";x\r\n合计;1;\r\n'.encode("gb18030"),
    "\ufeff工号\t姓名\n1E5\t=1+1\n".encode("utf-16"),
)
_SHEET: Final = "xl/worksheets/sheet1.xml"


@cache
def _workbook() -> Mapping[str, bytes]:
    """The parts of a small workbook."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["工号", "姓名", "状态"], ["0012", "测试甲", 1.5], ["0013", "=1+1", True]):
        book.active.append(row)
    book.active.merge_cells("A5:B5")
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_PARTS: Final = (_SHEET, "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")


def _packed(part: str, content: bytes) -> bytes:
    """The workbook with one part replaced, so that the fuzzer works on XML and not on checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, stored in {**_workbook(), part: content}.items():
            archive.writestr(name, stored)
    return out.getvalue()


def feed_tables(data: bytes) -> None:
    """Text through the reader of rosters; whole workbooks, and each part of one, through that of workbooks."""
    from baton.tables import (
        ArchiveCaps,
        Caps,
        FileError,
        Kind,
        Layout,
        decode,
        kind_of,
        read_delimited,
        read_workbook,
        settled,
    )

    door, content = _door(data, 2 + len(_PARTS))
    if door >= 2:
        content = _packed(_PARTS[door - 2], content)
    layout, caps = Layout(("工号",), "工号"), Caps(rows=2_000, columns=100, field_chars=2_000, rejected=50)
    try:
        if kind_of(content) is Kind.WORKBOOK:
            table = read_workbook(content, None, layout, caps, ArchiveCaps(inflated_bytes=4_000_000))
        else:
            table = read_delimited(decode(content).utf8, layout, caps)
        found = settled(table, layout, caps)
        assert found.frame.height == len(found.row_numbers)
    except FileError:
        return


def seed_tables() -> list[bytes]:
    """Text in three encodings, a workbook, and its parts."""
    parts = [_through(door, _workbook().get(part, b"<sst/>"))[0] for door, part in enumerate(_PARTS, 2)]
    return [*_through(0, *_CSV), *_through(1, _packed(_SHEET, _workbook()[_SHEET])), *parts]


# --- YAML: settings, mappings

_SETTINGS: Final = b"""hub: {state_dir: state, time_zone: Asia/Shanghai}
gate:
  run: {share: 2%, at_least: 5, at_most: 9}
systems:
  crm:
    connector: crm/salesforce
    settings: {login_url: https://a.my.salesforce.com}
"""


def feed_yaml(data: bytes) -> None:
    """Settings as the hub shapes them, and a mapping: every fault has a place, and the text of a value is in none."""
    import tempfile
    from pathlib import Path

    from pydantic import ValidationError

    from baton.mapping.load import load_mapping
    from baton.settings_shape import SystemsFile
    from baton.strict_yaml import parse

    door, content = _door(data, 2)
    if door == 0:
        document = parse(content, "systems.yaml")
        try:
            SystemsFile.model_validate(document.plain() or {})
        except ValidationError as error:
            _placed(document.faults_of(error, model=SystemsFile), "systems.yaml")
        return
    with tempfile.NamedTemporaryFile(dir=_scratch(), suffix=".yaml") as file:
        file.write(content)
        file.flush()
        try:
            load_mapping(Path(file.name), source_fields=None, target_fields=None)
        except BatonError:
            return


@cache
def _scratch() -> str | None:
    """A folder in memory where there is one: a mapping is loaded from a file."""
    from pathlib import Path

    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def seed_yaml() -> list[bytes]:
    """Settings, and the mapping of the tests' HR system."""
    from tests.rig.company import HR_MAPPING, TARGET_MAPPING

    return [*_through(0, _SETTINGS), *_through(1, HR_MAPPING.encode(), TARGET_MAPPING.encode())]


# --- JSON: replies, callbacks, payables handed in


def feed_hooks(data: bytes) -> None:
    """Callbacks from strangers and behind a good signature, and payables handed in: answered, never raised."""
    from baton.console.payments.intake import read_lines
    from connectors.oa.feishu.events import Callbacks as Feishu
    from connectors.oa.feishu.simulator_callbacks import CallbackMaker
    from connectors.oa.wecom.callbacks import _xml

    door, content = _door(data, 4)
    feishu = Feishu("EK", "VT", "app")
    if door == 0:
        headers = dict.fromkeys(("X-Lark-Signature", "X-Lark-Request-Timestamp"), content[:64].decode("latin-1"))
        assert 400 <= feishu.receive(headers, content).status < 500
    elif door == 1:
        body = b'{"encrypt":"' + _encrypted(content, "EK") + b'"}'
        headers, _ = CallbackMaker("app", "EK", "VT", lambda: 1.0).sign(body)
        assert 200 <= feishu.receive(headers, body).status < 500
    elif door == 2:
        _xml(content)
    else:
        read_lines(content, "CNY")


def _encrypted(plain: bytes, key: str) -> bytes:
    """As Feishu encrypts, whatever it is."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    count = 16 - len(plain) % 16
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(bytes(16))).encryptor()
    return base64.b64encode(bytes(16) + cipher.update(plain + bytes([count]) * count) + cipher.finalize())


def seed_hooks() -> list[bytes]:
    """An event, a challenge, WeCom's XML, two payables."""
    event = b'{"schema":"2.0","header":{"event_id":"e","event_type":"contact.user.updated_v3","token":"VT","app_id":"app"},"event":{"object":{"employee_no":"0012"}}}'
    challenge = b'{"challenge":"c","token":"VT","type":"url_verification"}'
    lines = b'{"number":"0001","amount":"1.00"}\n{"number":"0002","amount":"2","account":"6222","component":"salary"}\n'
    return [
        *_through(0, b'{"encrypt":"' + _encrypted(event, "EK") + b'"}'),
        *_through(1, event, challenge),
        *_through(2, b"<xml><ToUserName>ww1</ToUserName><Encrypt><![CDATA[x]]></Encrypt></xml>"),
        *_through(3, lines),
    ]


# --- bank XML: pain.002, camt.053 and camt.054


def feed_bank_xml(data: bytes) -> None:
    """Reports and statements: read to the end, or refused by a fault with a place."""
    from baton.banking.reading.leniency import Tolerant
    from baton.banking.reading.report import read_report
    from baton.banking.reading.statement import read_statements
    from baton.banking.refused import BankFileRefusedError

    door, content = _door(data, 2)
    try:
        if door == 0:
            list(read_report(io.BytesIO(content), "answer.xml", Tolerant()))
        else:
            for each in read_statements(io.BytesIO(content), "answer.xml", Tolerant()):
                list(each.entries)
    except BankFileRefusedError as error:
        _placed(error.faults, "answer.xml")


def seed_bank_xml() -> list[bytes]:
    """One of each message."""
    from tests.banking.reading import messages as m

    lines = m.batch(
        "B1", m.line("REF1", "RJCT", m.why("AC04", "x"), amount="1.00"), m.line("REF2", "ACCC"), state="PART"
    )
    booked = m.booking("1.00", m.transaction(m.end_to_end("REF1"), "1.00", "DBIT"), batch=m.members("B1", 1))
    statements = m.statements([m.statement(m.balance("OPBD", "2.00"), m.balance("CLBD", "1.00"), booked)])
    return [*_through(0, m.report(lines).encode()), *_through(1, statements.encode(), m.notification(booked).encode())]


# --- bank rows: lists as a layout describes them, and what front-end machines answer

_LAYOUT: Final[Mapping[str, Any]] = {
    "encoding": "gb18030",
    "delimiter": "|",
    "skip": 1,
    "ignore": ["合计"],
    "columns": 6,
    "message_id": 1,
    "reference": 2,
    "state": 3,
    "reason": 4,
    "words": 5,
    "amount": 6,
    "unit": "major",
    "states": {"00": "debited", "01": "rejected"},
    "reasons": {"E101": "dead_account"},
}


def _reference(message_id: str, place: int) -> str:
    """The reference of a line of the one order there is."""
    return f"REF{place}" if message_id == "ORDER-1" and place < 3 else ""


_FRONT_END_CMB: Final = (
    b'<?xml version="1.0" encoding="GBK"?><CMBSDKPGK><INFO/><ROW><YURREF>ORDER-1</YURREF><TRXSEQ>1</TRXSEQ>'
    b"<REQSTS>FIN</REQSTS><RTNFLG>S</RTNFLG><TRSAMT>1.00</TRSAMT><RTNNAR>x</RTNNAR></ROW></CMBSDKPGK>"
)
_FRONT_END_ICBC: Final = (
    b'<?xml version="1.0" encoding="GBK"?><CMS><eb><out><rd><iSeqno>1</iSeqno><Result>7</Result>'
    b"<PayAmt>100</PayAmt></rd></out></eb></CMS>"
)


def feed_bank_rows(data: bytes) -> None:
    """Rows and front-end answers of CMB and ICBC: an answer each, or the file is refused by row and rule."""
    from baton.banking.reading.delimited import AnswerLayout, read_list
    from baton.banking.reading.front_end import CmbRow, IcbcRow, read_front_end
    from baton.banking.refused import BankFileRefusedError

    door, content = _door(data, 3)
    try:
        if door == 0:
            list(read_list(io.BytesIO(content), "ack.txt", AnswerLayout.model_validate(_LAYOUT), _reference))
        else:
            element, row = ("ROW", CmbRow()) if door == 1 else ("rd", IcbcRow())
            list(read_front_end(io.BytesIO(content), "answer.xml", element, row, _reference))
    except BankFileRefusedError as error:
        _placed(error.faults, "ack.txt", "answer.xml")


def seed_bank_rows() -> list[bytes]:
    """A list, and an answer of each bank."""
    listed = "文件|参考号|状态|原因|说明|金额\nM1|REF1|00|||12.30\nM1|REF2|01|E101|x|5\n合计|2\n".encode("gb18030")
    return [*_through(0, listed), *_through(1, _FRONT_END_CMB), *_through(2, _FRONT_END_ICBC)]


# --- sealed things: our container, the audit log's notes and exports, CMS


@cache
def _keys() -> tuple[Any, Any, Any]:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    from baton.audit.checkpoint import Signer as LogSigner
    from baton.sealed import InternalKey, Signer

    payer = Signer("payer-1", ed25519.Ed25519PrivateKey.from_private_bytes(b"s" * 32))
    return payer, InternalKey("kek-1", b"k" * 32), LogSigner("test/audit", b"s" * 32)


def feed_sealed(data: bytes) -> None:
    """Containers, DER, signed notes and exports: opened as what they are, or called tampered with."""
    from baton.audit.checkpoint import open_note
    from baton.audit.verify import verify_export
    from baton.envelopes import der
    from baton.errors import TamperedError
    from baton.sealed import open_sealed

    door, content = _door(data, 4)
    payer, kek, log = _keys()
    try:
        if door == 0:
            trusted = {payer.kid: payer.key.public_key()}
            open_sealed(io.BytesIO(content), io.BytesIO(), opener=kek, trusted=trusted)
        elif door == 1:
            open_note(content, [log.verifier])
        elif door == 2:
            assert len(verify_export(io.BytesIO(content), log.verifier, [content]).findings) <= 100
        else:
            der.read(content)
    except TamperedError:
        return
    except der.MalformedError:
        assert door == 3  # what CMS takes for "does not verify"


def seed_sealed() -> list[bytes]:
    """A container, a note, an export, a piece of DER."""
    from baton.audit.canonical import body_text, entry_bytes
    from baton.audit.checkpoint import Checkpoint
    from baton.audit.merkle import Frontier, leaf_hash
    from baton.audit.verify import export_line
    from baton.envelopes import der
    from baton.sealed import Label, seal

    payer, kek, log = _keys()
    out = io.BytesIO()
    label = Label("roster", "r.hpf", "HUB", "BANK", datetime(2026, 11, 22, tzinfo=UTC), {"lines": "3"})
    seal(io.BytesIO(b"plain" * 100), out, label=label, readers=[kek], signer=payer)
    entries = [entry_bytes(seq, "2026-11-22T00:00:00.000000Z", "run", body_text({"n": seq})) for seq in range(2)]
    leaves = [leaf_hash(entry) for entry in entries]
    frontier = Frontier().append(leaves[0]).append(leaves[1])
    note = log.sign(Checkpoint(log.verifier.name, 2, frontier.root, datetime(2026, 11, 22, tzinfo=UTC)))
    export = b"".join(map(export_line, entries, leaves))
    piece = der.sequence(der.integer(7), der.oid("1.2.840.113549"))
    return [*_through(0, out.getvalue()), *_through(1, note), *_through(2, export), *_through(3, piece)]


HARNESSES: Final[Mapping[str, Harness]] = {
    "tables": Harness("delimited text and workbooks", feed_tables, seed_tables),
    "yaml": Harness("settings and mappings", feed_yaml, seed_yaml),
    "hooks": Harness("callbacks and payables handed in", feed_hooks, seed_hooks),
    "bank_xml": Harness("reports and statements of banks", feed_bank_xml, seed_bank_xml),
    "bank_rows": Harness("lists and front-end answers of banks", feed_bank_rows, seed_bank_rows),
    "sealed": Harness("containers, notes and exports", feed_sealed, seed_sealed),
}
