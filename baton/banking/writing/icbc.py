"""Industrial and Commercial Bank of China, bank-enterprise link: ``PAYPER``, many payees in a packet, amounts in fen.

A packet is named by our message id (``fSeqno``), a line by its place in it (``iSeqno``). The packet is signed and
encrypted by the bank's own client on its way; neither is part of these bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from baton.banking.profile import BankProfile, Part
from baton.banking.xml_text import declaration, element, escaped
from baton.model.payable import Component, PaymentOrder


class IcbcCodes(Part):
    """Codes of one component."""

    usage: str = Field(min_length=1, max_length=20)
    """``UseCN``."""
    usage_code: str = Field(default="", pattern="^[0-9A-Z]{0,10}$")
    """``UseCode``."""


class IcbcContract(Part):
    """What the bank has agreed with this company."""

    group: str = Field(pattern="^[0-9A-Za-z-]{1,20}$")
    """``CIS``, the number of the group."""
    certificate: str = Field(min_length=1, max_length=60)
    """``ID`` of the certificate that signs."""


class IcbcProfile(BankProfile):
    """Packets of the bank-enterprise link."""

    format: Literal["icbc-payper"]
    contract: IcbcContract
    components: Annotated[Mapping[Component, IcbcCodes], Field(min_length=1)]
    currency_codes: Mapping[str, Annotated[str, Field(pattern="^[0-9]{3}$")]]
    online: Literal["1", "2"] = "1"
    """``OnlBatF``."""
    settlement: Literal["0", "2"] = "2"
    """``SettleMode``: one debit for each payment, or one for all."""
    pay_type: str = Field(default="", pattern="^[0-9]?$")
    """``PayType``."""
    reference_in: Literal["ERPSqn", "Ref", "none"] = "ERPSqn"
    """Where our own reference of a line goes."""

    @property
    def component_codes(self) -> Mapping[Component, IcbcCodes]:
        return self.components


def text(order: PaymentOrder, profile: IcbcProfile) -> Iterator[str]:
    """The packet. Elements that we have nothing for are left out, but for the few of every line."""
    amount, codes = profile.amount_writer(), profile.components[order.component]
    created = order.created.astimezone(ZoneInfo(profile.time_zone))
    now = f"{created:%H%M%S}{created.microsecond // 1000:03d}"
    yield (
        f"{declaration(profile.encoding)}<CMS>\n<eb>\n<pub><TransCode>PAYPER</TransCode>"
        f"{element('CIS', profile.contract.group)}<BankCode>102</BankCode>{element('ID', profile.contract.certificate)}"
        f"<TranDate>{created:%Y%m%d}</TranDate><TranTime>{now}</TranTime><fSeqno>{order.message_id}</fSeqno></pub>\n"
        f"<in><OnlBatF>{profile.online}</OnlBatF><SettleMode>{profile.settlement}</SettleMode>"
        f"<TotalNum>{order.count}</TotalNum><TotalAmt>{amount(order.total_minor)}</TotalAmt>"
        f"<SignTime>{created:%Y%m%d}{now}</SignTime>\n"
    )
    payer = (
        f"<StartDate>{order.execution_day:%Y%m%d}</StartDate><StartTime></StartTime><PayType>{profile.pay_type}</PayType>"
        f"{element('PayAccNo', order.payer.account)}{element('PayAccNameCN', order.payer.holder)}"
    )
    currency = f"<CurrType>{profile.currency_codes[order.currency]}</CurrType>"
    usage = f"{element('UseCode', codes.usage_code)}{element('UseCN', codes.usage)}"
    for position, payable in enumerate(order.lines(), 1):
        payee, own = payable.payee, profile.is_own_bank(payable.payee)
        reference = "" if profile.reference_in == "none" else element(profile.reference_in, payable.key.reference)
        yield (
            f"<rd><iSeqno>{position}</iSeqno>{payer}<RecAccNo>{escaped(payee.account)}</RecAccNo>"
            f"<RecAccNameCN>{escaped(payee.holder)}</RecAccNameCN><SysIOFlg>{'1' if own else '2'}</SysIOFlg>"
            f"{element('RecCityName', payee.town)}{element('RecBankNo', payee.bank_code)}"
            f"{element('RecBankName', payee.bank_name)}{currency}<PayAmt>{amount(payable.amount_minor)}</PayAmt>"
            f"{usage}{element('PostScript', payable.remark)}{reference}</rd>\n"
        )
    yield "</in>\n</eb>\n</CMS>\n"
