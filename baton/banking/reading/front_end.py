"""What the front-end machines of CMB (招商银行) and ICBC (工商银行) answer when asked about orders: literal tables.

Known only from public code of third parties, so everything a contract may change is the caller's: the element that
repeats, the names of its fields. Neither bank's "success" says that the payee has the money: both can still return
it, so it is `DEBITED` and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, Final, Protocol

from baton.banking.reading.amounts import from_major, from_minor
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_stream import XmlFile
from baton.errors import Fault
from baton.model.bank_answers import AnswerLevel, BankAnswer, BankState, Reason, ReasonKind

CMB_REQUEST_STATES: Final[Mapping[str, BankState]] = MappingProxyType(
    {
        "OPR": BankState.RECEIVED,  # data is being taken
        "ACK": BankState.RECEIVED,
        "AUT": BankState.PENDING,  # waits for approval at the bank's desk
        "WCF": BankState.PENDING,
        "APD": BankState.PENDING,
        "NTE": BankState.ACCEPTED,  # finally approved
        "BNK": BankState.ACCEPTED,  # the bank is at work
        "WRF": BankState.ACCEPTED,
    }
)
"""``REQSTS`` other than ``FIN``; while one of these stands, ``RTNFLG`` means nothing."""
CMB_RESULTS: Final[Mapping[str, BankState]] = MappingProxyType(
    {
        "S": BankState.DEBITED,  # done
        "U": BankState.PENDING,  # on the bank's own suspense account
        "F": BankState.REJECTED,  # failed
        "R": BankState.REJECTED,  # refused by an approver
        "D": BankState.CANCELLED,  # expired
        "C": BankState.CANCELLED,  # withdrawn
        "B": BankState.RETURNED,  # came back
        "T": BankState.RETURNED,  # refunded
    }
)
"""``RTNFLG``, valid only when ``REQSTS`` is ``FIN``."""
ICBC_RESULTS: Final[Mapping[str, BankState]] = MappingProxyType(
    {
        "0": BankState.RECEIVED,  # 提交成功,等待银行处理
        "1": BankState.ACCEPTED,  # 授权成功,等待银行处理
        "2": BankState.PENDING,  # 等待授权
        "3": BankState.PENDING,  # 等待二次授权
        "4": BankState.PENDING,  # 等待银行答复
        "5": BankState.PENDING,  # 主机返回待处理
        "6": BankState.REJECTED,  # 被银行拒绝
        "7": BankState.DEBITED,  # 处理成功
        "8": BankState.REJECTED,  # 指令被拒绝授权
        "9": BankState.PENDING,  # 银行正在处理
        "10": BankState.PENDING,  # 预约指令
        "11": BankState.CANCELLED,  # 预约取消
        "86": BankState.PENDING,  # 等待电话核实
        "95": BankState.UNKNOWN,  # 待核查
        "98": BankState.UNKNOWN,  # 区域中心通讯可疑
    }
)
"""``Result`` of a queried instruction."""


def cmb_state(reqsts: str, rtnflg: str) -> BankState:
    """Where a CMB order stands. LookupError for a word that is in no table, and for ``FIN`` without a result."""
    return CMB_RESULTS[rtnflg] if reqsts == "FIN" else CMB_REQUEST_STATES[reqsts]


def icbc_state(result: str) -> BankState:
    """Where an ICBC instruction stands. LookupError for a word that is in no table."""
    return ICBC_RESULTS[result]


class Row(Protocol):
    """How one bank's rows are read."""

    def answer(self, fields: Mapping[str, str]) -> BankAnswer:
        """A row by its field names; LookupError for a state that is in no table, ValueError for a bad amount."""
        ...


@dataclass(frozen=True, slots=True)
class CmbRow:
    """A row of a CMB query; amounts are yuan with decimals."""

    reference: str = "YURREF"
    amount: str = "TRSAMT"
    words: str = "RTNNAR"
    currency: str = "CNY"

    def answer(self, fields: Mapping[str, str]) -> BankAnswer:
        """See `Row`."""
        reqsts, rtnflg = fields.get("REQSTS", ""), fields.get("RTNFLG", "")
        state, amount = cmb_state(reqsts, rtnflg), fields.get(self.amount, "")
        raw = f"{reqsts}/{rtnflg}" if reqsts == "FIN" else reqsts
        minor = from_major(amount, self.currency) if amount else None
        return _answer(state, raw, fields.get(self.reference, ""), fields.get(self.words, ""), minor, self.currency)


@dataclass(frozen=True, slots=True)
class IcbcRow:
    """A row of an ICBC query; amounts are whole fen."""

    reference: str
    """Which field carries our reference: a matter of the contract."""
    amount: str = "PayAmt"
    words: str = "iRetMsg"
    currency: str = "CNY"

    def answer(self, fields: Mapping[str, str]) -> BankAnswer:
        """See `Row`."""
        result, amount = fields.get("Result", ""), fields.get(self.amount, "")
        minor = from_minor(amount) if amount else None
        words = fields.get(self.words, "")
        return _answer(icbc_state(result), result, fields.get(self.reference, ""), words, minor, self.currency)


def read_front_end(stream: BinaryIO, name: str, element: str, row: Row) -> Iterator[BankAnswer]:
    """The rows of a query's answer, one ``element`` each. `BankFileRefusedError` for anything that is in no table.

    ``stream`` must be seekable and is read twice; GBK and GB18030 are read as its XML declaration says.
    """
    file = XmlFile(stream, name)
    survey = file.survey((element,))
    if not survey.counts[element]:
        raise BankFileRefusedError(Fault(name, "nothing", f"there is no {element} in it"))
    for _, _, found in file.elements(survey.root, (element,)):
        fields = {child.tag: (child.text or "").strip() for child in found}
        place = f"{name}:{found.sourceline}"
        try:
            answer = row.answer(fields)
        except LookupError:
            fault = Fault(place, "state_unmapped", f"{element} has a state that is in no table")
            raise BankFileRefusedError(fault) from None
        except ValueError as error:
            raise BankFileRefusedError(Fault(place, "amount", f"the amount of {element} {error}")) from None
        if not answer.reference:
            raise BankFileRefusedError(Fault(place, "no_reference", f"{element} names no line"))
        yield answer


def _answer(state: BankState, raw: str, reference: str, words: str, minor: int | None, currency: str) -> BankAnswer:
    refused = state in (BankState.REJECTED, BankState.RETURNED, BankState.CANCELLED)
    return BankAnswer(
        level=AnswerLevel.LINE,
        state=state,
        raw_state=raw,
        reference=reference,
        reasons=(Reason(raw, ReasonKind.UNNAMED, words),) if refused else (),
        amount_minor=minor,
        currency=currency if minor is not None else "",
    )
