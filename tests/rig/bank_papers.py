"""What a bank writes: reports and statements about files it has, from templates of our own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_LINE = re.compile(rb"<EndToEndId>([A-Z2-7]{26})</EndToEndId>.*?<InstdAmt Ccy=\"([A-Z]{3})\">([0-9.]+)</InstdAmt>")
_MESSAGE = re.compile(rb"<MsgId>([A-Z2-7]{26})</MsgId>")


def message_id(content: bytes) -> str:
    found = _MESSAGE.search(content)
    assert found is not None
    return found[1].decode()


def lines(content: bytes) -> dict[str, tuple[str, str]]:
    """End-to-end id -> currency and amount, of a payment file."""
    return {ref.decode(): (currency.decode(), amount.decode()) for ref, currency, amount in _LINE.findall(content)}


def report(content: bytes, group: str = "ACCP", states: Mapping[str, tuple[str, str]] | None = None) -> bytes:
    """A pain.002 about a file: the group's state, and (state, reason) of single lines."""
    message = message_id(content)
    told = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{state}</TxSts>"
        + (f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else "")
        + "</TxInfAndSts>"
        for reference, (state, reason) in (states or {}).items()
    )
    batch = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId>{told}</OrgnlPmtInfAndSts>" if told else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"><CstmrPmtStsRpt>'
        "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-30T10:00:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"<GrpSts>{group}</GrpSts></OrgnlGrpInfAndSts>{batch}</CstmrPmtStsRpt></Document>"
    ).encode()


def statement(
    account: str,
    booked: Sequence[tuple[str, str, str]],
    number: int = 1,
    opening: str = "100000.00",
    closing: str | None = None,
) -> bytes:
    """A camt.053 of an account: (reference, amount, DBIT or CRDT) of each booking."""
    total = sum(_minor(amount) * (-1 if way == "DBIT" else 1) for _, amount, way in booked)
    end = closing or major(_minor(opening) + total)
    entries = "".join(
        f'<Ntry><NtryRef>{place}</NtryRef><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>'
        "<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-30</Dt></BookgDt>"
        f"<AcctSvcrRef>B{number}-{place}</AcctSvcrRef><BkTxCd><Prtry><Cd>PAY</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>"
        f'<Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{_returned(way)}</TxDtls></NtryDtls></Ntry>'
        for place, (reference, amount, way) in enumerate(booked, start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>S{number}</MsgId><CreDtTm>2026-11-30T23:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>2026-11-30T23:00:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
        f"{_balance('OPBD', opening)}{_balance('CLBD', end)}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _returned(way: str) -> str:
    return "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if way == "CRDT" else ""


def _balance(kind: str, amount: str) -> str:
    """An account that is overdrawn shows what it owes, as a debit."""
    way = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="CNY">{amount.lstrip("-")}</Amt><CdtDbtInd>{way}</CdtDbtInd><Dt><Dt>2026-11-30</Dt></Dt></Bal>'
    )


def _minor(amount: str) -> int:
    whole, _, part = amount.lstrip("-").partition(".")
    return (int(whole) * 100 + int(part)) * (-1 if amount.startswith("-") else 1)


def major(minor: int) -> str:
    """Fen as yuan, with the sign of what an account owes."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"
