"""What the front-end machines of CMB (招商银行) and ICBC (工商银行) answer when asked about orders: literal tables.

Known only from public code of third parties, so everything a contract may change is the caller's: the element that
repeats, the names of its fields. Neither bank's "success" says that the payee has the money: both can still return
it, so it is `DEBITED` and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO, ClassVar, Final

from pydantic import BaseModel, ConfigDict

from baton.banking.reading.amounts import from_major, from_minor
from baton.banking.reading.places import PLACE, LineOf
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_elements import Reading
from baton.banking.xml_stream import XmlFile
from baton.errors import Fault
from baton.model.bank_answers import AnswerLevel, BankAnswer, BankState, Reason, ReasonKind
from baton.model.bank_words import BankWords, Tables

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
_WITHOUT_WORDS: Final[Mapping[BankState, ReasonKind]] = MappingProxyType(
    {
        BankState.REJECTED: ReasonKind.UNREAD,  # for all its state says, the bank may have it already
        BankState.RETURNED: ReasonKind.UNNAMED,
        BankState.CANCELLED: ReasonKind.UNNAMED,
    }
)
"""What has failed, and why as far as the state alone says it."""
_NO_MORE: Final[Mapping[str, ReasonKind]] = MappingProxyType({})


def cmb_state(reqsts: str, rtnflg: str) -> BankState:
    """Where a CMB order stands. LookupError for a word that is in no table, and for ``FIN`` without a result."""
    return CMB_RESULTS[rtnflg] if reqsts == "FIN" else CMB_REQUEST_STATES[reqsts]


def icbc_state(result: str) -> BankState:
    """Where an ICBC instruction stands. LookupError for a word that is in no table."""
    return ICBC_RESULTS[result]


class Row(BaseModel):
    """How a bank calls what stands in a row of its answer; a profile may say otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    message: str
    """Our message id."""
    place: str
    """Which line of the batch; a row without it is about the batch."""
    amount: str
    words: str
    states: ClassVar[tuple[str, ...]]
    """The fields that say where it stands."""


class CmbRow(Row):
    """A row of a CMB query; amounts are yuan with decimals."""

    message: str = "YURREF"
    place: str = "TRXSEQ"
    amount: str = "TRSAMT"
    words: str = "RTNNAR"
    states: ClassVar[tuple[str, ...]] = ("REQSTS", "RTNFLG")

    def state(self, fields: Mapping[str, str]) -> tuple[BankState, str]:
        """Our state and the bank's words for it; LookupError for a word that is in no table."""
        reqsts, rtnflg = fields.get("REQSTS", ""), fields.get("RTNFLG", "")
        return cmb_state(reqsts, rtnflg), f"{reqsts}/{rtnflg}" if reqsts == "FIN" else reqsts

    def minor(self, text: str) -> int:
        """An amount in fen."""
        return from_major(text, "CNY")


class IcbcRow(Row):
    """A row of an ICBC query; amounts are whole fen."""

    message: str = "fSeqno"
    place: str = "iSeqno"
    amount: str = "PayAmt"
    words: str = "iRetMsg"
    states: ClassVar[tuple[str, ...]] = ("Result",)

    def state(self, fields: Mapping[str, str]) -> tuple[BankState, str]:
        """Our state and the bank's word for it; LookupError for a word that is in no table."""
        result = fields.get("Result", "")
        return icbc_state(result), result

    def minor(self, text: str) -> int:
        """An amount in fen."""
        return from_minor(text)


def read_front_end(
    stream: BinaryIO,
    name: str,
    element: str,
    row: CmbRow | IcbcRow,
    line_of: LineOf,
    *,
    message_id: str = "",
    kinds: Mapping[str, ReasonKind] = _NO_MORE,
) -> Iterator[BankAnswer]:
    """The rows of a query's answer, one ``element`` each; ``message_id`` is what was asked about, for rows without one.

    ``kinds`` are pieces of the bank's words, or its words for a state, and what they mean, beside ours.

    ``stream`` must be seekable and is read twice; GBK and GB18030 are read as its XML declaration says. All amounts
    are CNY. `BankFileRefusedError` for anything that is in no table, and for a line that nobody knows.
    """
    file = XmlFile(stream, name)
    survey = file.survey((element,))
    if not survey.counts[element]:
        raise BankFileRefusedError(Fault(name, "nothing", f"there is no {element} in it"))
    reading, tables = Reading(file, survey), Tables(kinds)
    for _, found, _ in reading:
        fields = {child.tag: (child.text or "").strip() for child in found}
        said = Counter(child.tag for child in found)
        if any(said[name] > 1 for name in (row.message, row.place, row.amount, *row.states)):
            raise BankFileRefusedError(Fault(reading.place(), "ambiguous", f"{element} says the same thing twice"))
        yield _answer(fields, reading, element, row, line_of, message_id, tables)


def _answer(
    fields: Mapping[str, str],
    reading: Reading,
    element: str,
    row: CmbRow | IcbcRow,
    line_of: LineOf,
    message_id: str,
    tables: Tables,
) -> BankAnswer:
    def refused(rule: str, message: str) -> BankFileRefusedError:
        return BankFileRefusedError(Fault(reading.place(), rule, message))

    try:
        state, raw = row.state(fields)
    except LookupError:
        raise refused("state_unmapped", f"{element} has a state that is in no table") from None
    amount, words = fields.get(row.amount, ""), fields.get(row.words, "")
    try:
        minor = row.minor(amount) if amount else None
    except ValueError as error:
        raise refused("amount", f"the amount of {element} {error}") from None
    order = fields.get(row.message) or message_id
    place = fields.get(row.place, "")
    reference = line_of(order, int(place)) if PLACE.fullmatch(place) else ""
    if not order or (place and not reference):
        raise refused("no_reference", f"{element} names no order or line of ours")
    return BankAnswer(
        level=AnswerLevel.LINE if place else AnswerLevel.FILE,
        state=state,
        raw_state=raw,
        message_id=order,
        reference=reference,
        reasons=_reasons(state, raw, words, tables.of(state)),
        amount_minor=minor,
        currency="CNY" if minor is not None else "",
    )


def _reasons(state: BankState, raw: str, words: str, table: BankWords) -> tuple[Reason, ...]:
    """Why a row has failed: its state says less than its words, and comes after them."""
    without = _WITHOUT_WORDS.get(state)
    if without is None:
        return ()
    read = table.meaning("", words) or table.meaning(raw, "")
    return (Reason(raw, without, words) if read is None else Reason(raw, read.kind, words, read.piece),)
