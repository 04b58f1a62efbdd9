"""What a bank writes: pain.002 on orders, camt.053 on the account's day, camt.054 on single bookings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from xml.sax.saxutils import escape

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAME: Final = "urn:iso:std:iso:20022:tech:xsd:"
REPORT: Final = "pain.002.001.12"
STATEMENT: Final = "camt.053.001.08"
NOTICE: Final = "camt.054.001.08"


@dataclass(frozen=True, slots=True)
class LineStatus:
    """What the bank says of one payment: an ISO status and, for a refusal, a reason."""

    reference: str
    batch_id: str
    status: str
    reason: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Booking:
    """One booking on the customer's account."""

    entry_id: str
    reference: str
    batch_id: str
    amount_minor: int
    currency: str
    day: date
    returned: str = ""
    """The reason for which an earlier payment comes back; empty for a payment going out."""
    counterparty: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the account."""

    account: str
    currency: str
    statement_id: str
    sequence: int
    made: datetime
    day: date
    opening_minor: int
    bookings: Sequence[Booking]

    @property
    def closing_minor(self) -> int:
        """What is on the account in the evening."""
        return self.opening_minor + sum(each.amount_minor * (1 if each.returned else -1) for each in self.bookings)


def report(
    report_id: str,
    made: datetime,
    original: tuple[str, str],
    *,
    group: str = "",
    reason: str = "",
    lines: Iterable[LineStatus] = (),
) -> bytes:
    """A pain.002 on an order (its message id and name): of the whole (``group``) and of the lines that are told."""
    message_id, message_name = original
    status = f"<GrpSts>{group}</GrpSts>" if group else ""
    batches: dict[str, list[LineStatus]] = {}
    for line in lines:
        batches.setdefault(line.batch_id, []).append(line)
    return _document(
        REPORT,
        "CstmrPmtStsRpt",
        f"<GrpHdr><MsgId>{escape(report_id)}</MsgId><CreDtTm>{_moment(made)}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{escape(message_id)}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{escape(message_name)}</OrgnlMsgNmId>{status}{_reason(reason)}</OrgnlGrpInfAndSts>",
        *(_batch(batch_id, of_it) for batch_id, of_it in batches.items()),
    )


def statement(day: Day) -> bytes:
    """The camt.053 of a day, with both balances."""
    return _document(
        STATEMENT,
        "BkToCstmrStmt",
        f"<GrpHdr><MsgId>{day.statement_id}</MsgId><CreDtTm>{_moment(day.made)}</CreDtTm></GrpHdr>",
        f"<Stmt><Id>{day.statement_id}</Id><ElctrncSeqNb>{day.sequence}</ElctrncSeqNb>",
        f"<CreDtTm>{_moment(day.made)}</CreDtTm>{_account(day)}",
        _balance("OPBD", day.opening_minor, day),
        _balance("CLBD", day.closing_minor, day),
        *map(_entry, day.bookings),
        "</Stmt>",
    )


def notice(day: Day) -> bytes:
    """A camt.054 of the same bookings, without balances."""
    return _document(
        NOTICE,
        "BkToCstmrDbtCdtNtfctn",
        f"<GrpHdr><MsgId>{day.statement_id}</MsgId><CreDtTm>{_moment(day.made)}</CreDtTm></GrpHdr>",
        f"<Ntfctn><Id>{day.statement_id}</Id><ElctrncSeqNb>{day.sequence}</ElctrncSeqNb>",
        f"<CreDtTm>{_moment(day.made)}</CreDtTm>{_account(day)}",
        *map(_entry, day.bookings),
        "</Ntfctn>",
    )


def _document(name: str, root: str, *parts: str) -> bytes:
    body = "".join(parts)
    return f'{_HEAD}<Document xmlns="{_NAME}{name}"><{root}>{body}</{root}></Document>\n'.encode()


def _batch(batch_id: str, lines: Sequence[LineStatus]) -> str:
    told = "".join(
        f"<TxInfAndSts><OrgnlInstrId>{escape(line.reference)}</OrgnlInstrId>"
        f"<OrgnlEndToEndId>{escape(line.reference)}</OrgnlEndToEndId><TxSts>{line.status}</TxSts>"
        f"{_reason(line.reason)}<OrgnlTxRef><Amt><InstdAmt Ccy="
        f'"{line.currency}">{_amount(line.amount_minor)}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
        for line in lines
    )
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(batch_id)}</OrgnlPmtInfId>{told}</OrgnlPmtInfAndSts>"


def _reason(code: str) -> str:
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""


def _account(day: Day) -> str:
    return f"<Acct><Id><Othr><Id>{escape(day.account)}</Id></Othr></Id><Ccy>{day.currency}</Ccy></Acct>"


def _balance(code: str, minor: int, day: Day) -> str:
    direction = "CRDT" if minor >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{day.currency}">{_amount(abs(minor))}</Amt>'
        f"<CdtDbtInd>{direction}</CdtDbtInd><Dt><Dt>{day.day.isoformat()}</Dt></Dt></Bal>"
    )


def _entry(booking: Booking) -> str:
    direction, family = ("CRDT", "RRTN") if booking.returned else ("DBIT", "ESCT")
    back = f"<RtrInf><Rsn><Cd>{booking.returned}</Cd></Rsn></RtrInf>" if booking.returned else ""
    side = "Dbtr" if booking.returned else "Cdtr"
    party = f"<RltdPties><{side}><Pty><Nm>{escape(booking.counterparty)}</Nm></Pty></{side}></RltdPties>"
    amount = f'<Amt Ccy="{booking.currency}">{_amount(booking.amount_minor)}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
    return (
        f"<Ntry><NtryRef>{booking.entry_id}</NtryRef>{amount}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{booking.day.isoformat()}</Dt></BookgDt><ValDt><Dt>{booking.day.isoformat()}</Dt></ValDt>"
        f"<AcctSvcrRef>{booking.entry_id}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd>"
        f"<SubFmlyCd>{family}</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>"
        f"<PmtInfId>{escape(booking.batch_id)}</PmtInfId><EndToEndId>{escape(booking.reference)}</EndToEndId></Refs>"
        f"{amount}{party if booking.counterparty else ''}{back}</TxDtls></NtryDtls></Ntry>"
    )


def _amount(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
