"""Small bank messages, put together as text: all names and accounts are invented."""

from __future__ import annotations

import io
from collections.abc import Iterable

ISO = "urn:iso:std:iso:20022:tech:xsd:"
REFERENCES = [
    f"{number:026d}".replace("0", "A").replace("1", "B").replace("8", "C").replace("9", "D") for number in range(100)
]
"""Of the shape of ours."""


def stream(text: str, encoding: str = "utf-8") -> io.BytesIO:
    return io.BytesIO(text.encode(encoding))


def report(*parts: str, version: str = "12", group: str = "PART", message: str = "ORDER-1") -> str:
    """A pain.002 with these batches."""
    state = f"<GrpSts>{group}</GrpSts>" if group else ""
    party = "<InitgPty><Nm>TESTFIRMA</Nm></InitgPty>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{ISO}pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-26T08:00:00</CreDtTm>{party}</GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{state}"
        f"</OrgnlGrpInfAndSts>{''.join(parts)}</CstmrPmtStsRpt></Document>"
    )


def batch(name: str, *lines: str, state: str = "") -> str:
    told = f"<PmtInfSts>{state}</PmtInfSts>" if state else ""
    return f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{told}{''.join(lines)}</OrgnlPmtInfAndSts>"


def line(reference: str, state: str, *reasons: str, amount: str = "", instruction: str = "") -> str:
    instructed = f"<OrgnlInstrId>{instruction}</OrgnlInstrId>" if instruction else ""
    told = f"<TxSts>{state}</TxSts>" if state else ""
    money = f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{amount}</InstdAmt></Amt></OrgnlTxRef>' if amount else ""
    return (
        f"<TxInfAndSts>{instructed}<OrgnlEndToEndId>{reference}</OrgnlEndToEndId>{told}{''.join(reasons)}{money}"
        "</TxInfAndSts>"
    )


def why(code: str = "", *words: str, proprietary: str = "") -> str:
    given = f"<Rsn><Cd>{code}</Cd></Rsn>" if code else ""
    given = f"<Rsn><Prtry>{proprietary}</Prtry></Rsn>" if proprietary else given
    return f"<StsRsnInf>{given}{''.join(f'<AddtlInf>{each}</AddtlInf>' for each in words)}</StsRsnInf>"


def balance(kind: str, amount: str, way: str = "CRDT", currency: str = "CNY") -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount}</Amt>'
        f"<CdtDbtInd>{way}</CdtDbtInd><Dt><Dt>2026-11-25</Dt></Dt></Bal>"
    )


def booking(
    amount: str,
    *details: str,
    way: str = "DBIT",
    name: str = "",
    batch: str = "",
    status: str = "BOOK",
    reversal: bool = False,
    words: str = "",
    code: str = "",
    currency: str = "CNY",
    version: str = "08",
) -> str:
    """A Ntry of version 2 or later."""
    shown = status if version < "07" else f"<Cd>{status}</Cd>"
    inside = f"<NtryDtls>{batch}{''.join(details)}</NtryDtls>" if batch or details else ""
    family = f"<Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>{code or 'SALA'}</SubFmlyCd></Fmly></Domn>"
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>'
        f"{'<RvslInd>true</RvslInd>' if reversal else ''}<Sts>{shown}</Sts><BookgDt><Dt>2026-11-25</Dt></BookgDt>"
        f"{f'<AcctSvcrRef>{name}</AcctSvcrRef>' if name else ''}<BkTxCd>{family}</BkTxCd>{inside}"
        f"{f'<AddtlNtryInf>{words}</AddtlNtryInf>' if words else ''}</Ntry>"
    )


def members(name: str, count: int | None = None) -> str:
    """The Btch of a booking."""
    counted = f"<NbOfTxs>{count}</NbOfTxs>" if count is not None else ""
    return f"<Btch><PmtInfId>{name}</PmtInfId>{counted}</Btch>"


def transaction(refs: str = "", amount: str = "", way: str = "", inside: str = "", currency: str = "CNY") -> str:
    """A TxDtls of version 3 or later; ``inside`` follows the amount."""
    money = f'<Amt Ccy="{currency}">{amount}</Amt>' if amount else ""
    return f"<TxDtls><Refs>{refs}</Refs>{money}{f'<CdtDbtInd>{way}</CdtDbtInd>' if way else ''}{inside}</TxDtls>"


def end_to_end(reference: str) -> str:
    return f"<EndToEndId>{reference}</EndToEndId>"


def statement(*parts: str, name: str = "S1", sequence: str = "1", account: str = "6222000011112222") -> str:
    """A Stmt with these balances and bookings; the schema wants one balance at least."""
    parts = parts if any("<Bal>" in part for part in parts) else (balance("ITBD", "0.00"), *parts)
    return (
        f"<Stmt><Id>{name}</Id><ElctrncSeqNb>{sequence}</ElctrncSeqNb><CreDtTm>2026-11-26T08:00:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>{''.join(parts)}</Stmt>"
    )


def statements(parts: Iterable[str], version: str = "08") -> str:
    """A camt.053."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{ISO}camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-26T08:00:00</CreDtTm></GrpHdr>{''.join(parts)}"
        "</BkToCstmrStmt></Document>"
    )


def notification(*parts: str, version: str = "08") -> str:
    """A camt.054."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{ISO}camt.054.001.{version}">'
        "<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-26T08:00:00</CreDtTm></GrpHdr>"
        "<Ntfctn><Id>N1</Id><CreDtTm>2026-11-26T08:00:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>6222000011112222</Id></Othr></Id></Acct>{''.join(parts)}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )
