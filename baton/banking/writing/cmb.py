"""China Merchants Bank, agency payments through the front-end machine: ``NTAGCSAL`` (salaries), ``NTAGCAPY`` (others).

A batch is named by our message id (``YURREF``), a line by its place in the batch (``TRXSEQ``, eight digits): answers
have to be matched by both. Each order is a batch of its own, complete in one file.

The bank also lets a long batch follow in several calls, all but the first with a number (``REQNBR``) that it gave out
in its answer to the first. Such a call cannot be approved before it exists, so files never use it; a channel that
talks to the machine itself can ask for the calls one by one (`calls`, `call_text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Literal

from pydantic import Field

from baton.banking.profile import BankProfile, Part
from baton.banking.xml_text import declaration, element, element_if, escaped
from baton.model.payable import BankAccount, Component, PaymentOrder

Flag = Literal["Y", "N"]


class CmbCodes(Part):
    """Codes of one component."""

    function: Literal["NTAGCSAL", "NTAGCAPY"]
    type: str = Field(pattern="^[A-Z0-9]{4}$")
    """``TRSTYP``: ``BYSA`` for salaries, always; others as the contract says."""
    usage: str = Field(min_length=1, max_length=21)
    """``NUSAGE``."""


class CmbContract(Part):
    """What the bank has agreed with this company."""

    login: str = Field(min_length=1, max_length=30)
    """``LGNNAM``, the user of the front-end machine."""
    branch: str = Field(pattern="^[0-9]{2}$")
    """``BBKNBR`` of the debit account."""
    business_mode: str = Field(pattern="^[0-9A-Z]{5}$")
    """``BUSMOD``."""


class CmbProfile(BankProfile):
    """The agency payments of China Merchants Bank."""

    format: Literal["cmb-agency"]
    contract: CmbContract
    components: Annotated[Mapping[Component, CmbCodes], Field(min_length=1)]
    currency_codes: Mapping[str, Annotated[str, Field(pattern="^[0-9]{2}$")]]
    market: Literal["0", "1", "2"] = "0"
    """``CCYMKT``: 0 for yuan, else banknotes or remittances."""
    approve_online: Flag | None = None
    """``GRTFLG``: whether somebody has to approve the batch in the online bank as well."""
    express: Flag | None = None
    """``FSTFLG`` for payees of other banks."""
    lines_per_call: int = Field(default=3000, ge=1)

    @property
    def component_codes(self) -> Mapping[Component, CmbCodes]:
        return self.components


@dataclass(frozen=True, slots=True)
class Call:
    """One of the calls that carry a batch together."""

    number: int
    of: int
    request_number: str = ""
    """``REQNBR`` from the bank's answer to the first call; empty in that one."""

    def __post_init__(self) -> None:
        """The first call has no request number yet, every other one has it."""
        right = re.fullmatch("[0-9A-Za-z]{1,10}", self.request_number) if self.number > 1 else not self.request_number
        if not right or not 1 <= self.number <= self.of <= 999:
            raise ValueError(f"no call of a batch: {self.number} of {self.of}")


def calls(order: PaymentOrder, profile: CmbProfile) -> int:
    """How many calls the batch needs when it is sent call by call."""
    return -(-order.count // profile.lines_per_call)


def text(order: PaymentOrder, profile: CmbProfile) -> Iterator[str]:
    """The whole batch in one call."""
    return _call_text(order, profile, Call(1, 1))


def call_text(order: PaymentOrder, profile: CmbProfile, call: Call) -> Iterator[str]:
    """One of several calls. Everything but the request number is known before the first one is made."""
    if call.of != calls(order, profile):
        raise ValueError(f"the batch takes {calls(order, profile)} calls")
    return _call_text(order, profile, call)


def _call_text(order: PaymentOrder, profile: CmbProfile, call: Call) -> Iterator[str]:
    amount, first = profile.amount_writer(), (call.number - 1) * profile.lines_per_call
    after = None if call.number == call.of else first + profile.lines_per_call  # the last one reads through to the end
    current = [payable.amount_minor for payable in islice(order.lines(), first, after)]
    codes = profile.components[order.component]
    yield (
        f"{declaration(profile.encoding)}<CMBSDKPGK>\n"
        f"<INFO><FUNNAM>{codes.function}</FUNNAM><DATTYP>2</DATTYP>{element('LGNNAM', profile.contract.login)}</INFO>\n"
        f"<NTBUSMODY>{element('BUSMOD', profile.contract.business_mode)}</NTBUSMODY>\n"
        f"<NTAGCAGCX1><BEGTAG>{_flag(call.number == 1)}</BEGTAG><ENDTAG>{_flag(call.number == call.of)}</ENDTAG>"
        f"<REQNBR>{call.request_number}</REQNBR>"
        f"<TTLAMT>{amount(order.total_minor)}</TTLAMT><TTLCNT>{order.count}</TTLCNT><TTLNUM>{call.of}</TTLNUM>"
        f"<CURAMT>{amount(sum(current))}</CURAMT><CURCNT>{len(current)}</CURCNT>"
        f"<CCYNBR>{profile.currency_codes[order.currency]}</CCYNBR><BBKNBR>{profile.contract.branch}</BBKNBR>"
        f"{element('ACCNBR', order.payer.account)}<CCYMKT>{profile.market}</CCYMKT><TRSTYP>{codes.type}</TRSTYP>"
        f"{element('NUSAGE', codes.usage)}<EPTDAT>{order.execution_day:%Y%m%d}</EPTDAT>"
        f"<YURREF>{order.message_id}</YURREF>{element_if('GRTFLG', profile.approve_online or '')}</NTAGCAGCX1>\n"
    )
    for position, payable in enumerate(islice(order.lines(), first, after), first + 1):
        payee = payable.payee
        yield (
            f"<NTAGCDTLY1><TRXSEQ>{position:08d}</TRXSEQ><ACCNBR>{escaped(payee.account)}</ACCNBR>"
            f"<ACCNAM>{escaped(payee.holder)}</ACCNAM><TRSAMT>{amount(payable.amount_minor)}</TRSAMT>"
            f"<TRSDSP>{escaped(payable.remark)}</TRSDSP>{_bank(payee, profile)}</NTAGCDTLY1>\n"
        )
    yield "</CMBSDKPGK>\n"


def _bank(payee: BankAccount, profile: CmbProfile) -> str:
    if profile.is_own_bank(payee):
        return "<BNKFLG>Y</BNKFLG>"
    name, town, code = element("EACBNK", payee.bank_name), element("EACCTY", payee.town), payee.bank_code
    return f"<BNKFLG>N</BNKFLG>{name}{town}{element_if('FSTFLG', profile.express or '')}{element('RCVBNK', code)}"


def _flag(yes: bool) -> Flag:
    return "Y" if yes else "N"
