"""The evidence of a recovery case as one document, and a page that shows it; what is signed is the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Final

import orjson

from baton.jobs.payment.vouchers import Voucher
from baton.model.money import major_text
from baton.model.recovery import RecoveryCase, RecoveryEntry

DOMAIN: Final = b"recovery-pack-1"
"""What a signature over a pack is made for, and nothing else."""
_SUMS: Final = ("amount_minor", "back_minor", "open_minor", "repaid_minor", "owed_back_minor")
_STYLE: Final = "body{font:15px/1.6 sans-serif;max-width:50em;margin:2em auto}td,th{padding:.2em .8em;text-align:left}"


@dataclass(frozen=True, slots=True)
class Told:
    """What HR told of the person in one version, as far as it concerns their pay."""

    version: int
    recorded_at: datetime
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that goes into a pack."""

    case: RecoveryCase
    name: str
    entries: Sequence[RecoveryEntry]
    told: Sequence[Told]
    """The versions that are the cause, and those after them."""
    deliveries: Mapping[str, Mapping[str, Any]]
    """Effect -> what has become of that message."""
    vouchers: Sequence[Voucher]
    checkpoint: str
    """The audit log's signed checkpoint."""
    issued_at: datetime
    issued_by: str
    hub: str
    """The name of the key that signs."""


def document(evidence: Evidence) -> dict[str, Any]:
    """The pack as JSON values: amounts in minor units."""
    case = evidence.case
    return {
        "pack": 1,
        "case": {
            **{name: getattr(case, name) for name in ("id", "number", "reference", "currency", "opened_by")},
            "name": evidence.name,
            "state": case.state.value,
            "opened_at": case.opened_at.isoformat(),
            "amount_minor": case.amount_minor,
            "back_minor": case.back_minor,
            "repaid_minor": case.repaid_minor,
            "open_minor": case.open_minor,
            "owed_back_minor": case.owed_back_minor,
        },
        "lines": [{name: _plain(getattr(line, name)) for name in line.__dataclass_fields__} for line in case.lines],
        "told": [
            {"version": each.version, "recorded_at": each.recorded_at.isoformat(), **each.facts}
            for each in evidence.told
        ],
        "ledger": [
            {
                "place": entry.place,
                "what": entry.kind.value,
                "at": entry.at.isoformat(),
                "by": entry.person,
                "state": entry.state.value,
                "evidence": entry.evidence,
                "amount_minor": entry.amount_minor,
                "delivery": dict(evidence.deliveries.get(entry.evidence, {})),
                "announcement": dict(evidence.deliveries.get(entry.announcement, {})),
                "facts": dict(entry.facts),
            }
            for entry in evidence.entries
        ],
        "vouchers": [
            {name: _plain(getattr(each, name)) for name in each.__dataclass_fields__} for each in evidence.vouchers
        ],
        "audit": evidence.checkpoint,
        "issued": {"at": evidence.issued_at.isoformat(), "by": evidence.issued_by, "hub": evidence.hub},
    }


def signed_bytes(content: Mapping[str, Any]) -> bytes:
    """What is signed of a document: canonical JSON."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def page(content: Mapping[str, Any]) -> str:
    """The same to read: one HTML page without anything from elsewhere. The signed document is what counts."""
    return "\n".join(_page(content)) + "\n"


def _page(content: Mapping[str, Any]) -> Iterator[str]:
    case, currency = content["case"], content["case"]["currency"]
    title = escape(case["id"])
    yield f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    yield f"<h1>多付款项追回 · Recovery of an overpayment</h1><p>{title} · {escape(case['state'])}</p>"
    yield f"<p>{escape(case['name'])}（{escape(case['number'])}）</p>"
    yield _table(
        ("多付 overpaid", "已收回 back", "尚待返还 open", "已退还 paid back", "尚应退还 owed back"),
        [[major_text(case[name], currency) for name in _SUMS]],
    )
    yield "<h2>款项 · Payments</h2>"
    yield _table(
        (
            "月份 month",
            "款项 for",
            "付款日 paid on",
            "支付 paid",
            "不应付 not due",
            "计算 working",
            "人事版本 HR version",
        ),
        [
            [
                *(line["period"], line["component"], line["pay_day"]),
                *(major_text(line["paid_minor"], currency), major_text(line["amount_minor"], currency)),
                *(line["working"], f"{line['cause_version']} ({line['cause_recorded_at']})"),
            ]
            for line in content["lines"]
        ],
    )
    yield "<h2>经过 · Ledger</h2>"
    yield _table(
        (
            *("", "事项 what", "时间 at", "经办 by", "状态 state", "金额 amount", "凭据 evidence"),
            *("送达 delivery", "短信 text message"),
        ),
        [
            [
                *(str(entry["place"]), entry["what"], entry["at"], entry["by"], entry["state"]),
                *(major_text(entry["amount_minor"], currency), entry["evidence"]),
                *(_fate(entry["delivery"]), _fate(entry["announcement"])),
            ]
            for entry in content["ledger"]
        ],
    )
    for entry in content["ledger"]:
        for letter in entry["facts"].get("letters", ()):
            yield f"<h3>{escape(letter['subject'])}</h3><pre>{escape(letter['text'])}</pre>"
    yield f"<h2>审计检查点 · Checkpoint</h2><pre>{escape(content['audit'])}</pre></html>"


def _fate(delivery: Mapping[str, Any]) -> str:
    """What has become of a message, in one cell: its state, why not, and since when the person has it."""
    told = (delivery.get("state", ""), delivery.get("code", ""), delivery.get("record", {}).get("delivered_at", ""))
    return " ".join(part for part in told if part)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _plain(value: Any) -> Any:
    """A value as JSON has it: days and moments as text."""
    return value.isoformat() if hasattr(value, "isoformat") else value
