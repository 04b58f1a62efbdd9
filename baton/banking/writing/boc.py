"""Bank of China, ``bocb2e``: ``trn-b2e0061``, from a company to persons, each payment an instruction with our own id.

The bank looks at the payer only when it takes the message; a wrong payee shows days later. The front-end machine adds
the signature (``ceitinfo``) and the session's token; neither is part of these bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from baton.banking.profile import BankProfile, Part
from baton.banking.xml_text import declaration, element, element_if, escaped
from baton.model.payable import BankAccount, Component, PaymentOrder


class BocCodes(Part):
    """Words of one component."""

    usage: str = Field(min_length=1, max_length=60)
    """``furinfo`` of a line without a remark of its own."""


class BocContract(Part):
    """What the bank has agreed with this company."""

    terminal: str = Field(pattern="^E[0-9]{12}$")
    """``termid``: E and the machine's address in twelve digits."""
    customer: str = Field(pattern="^[0-9]{1,10}$")
    """``custid``."""
    operator: str = Field(pattern="^[!-~]{1,20}$")
    """``cusopr``."""


class BocProfile(BankProfile):
    """Transfers from a company to persons."""

    format: Literal["boc-b2e0061"]
    contract: BocContract
    components: Annotated[Mapping[Component, BocCodes], Field(min_length=1)]
    protocol: str = Field(default="120", pattern="^[0-9]{3}$")
    locale: str = Field(default="zh_CN", pattern="^[a-z]{2}_[A-Z]{2}$")
    priority: Literal["0", "1"] = "0"
    """``priolv``: urgent or not at the bank."""
    customer_priority: Literal["0", "1"] = "0"
    """``cuspriolv``."""
    account_type: str = Field(default="", pattern="^([0-9]{3})?$")
    """``acttyp`` of all payees: 119 for debit cards; empty leaves it to the bank."""

    @property
    def component_codes(self) -> Mapping[Component, BocCodes]:
        return self.components

    @property
    def looks_further(self) -> bool:
        return True

    def account_faults(self, account: BankAccount) -> Iterator[tuple[str, str]]:
        if len(account.account) == 18 and not account.bank_code:
            yield "missing", "bank code is missing: the bank asks for it with accounts of 18 digits"


def text(order: PaymentOrder, profile: BocProfile) -> Iterator[str]:
    """The message; its number is the beginning of the order's message id."""
    amount, codes, payer = profile.amount_writer(), profile.components[order.component], order.payer
    yield (
        f"{declaration(profile.encoding)}"
        f'<bocb2e version="{profile.protocol}" security="true" locale="{profile.locale}">\n<head>'
        f"<termid>{profile.contract.terminal}</termid><trnid>{order.message_id[:12]}</trnid>"
        f"<custid>{profile.contract.customer}</custid>{element('cusopr', profile.contract.operator)}"
        f"<trncod>b2e0061</trncod></head>\n<trans>\n<trn-b2e0061-rq><transtype></transtype>\n"
    )
    payer_account = (
        f"<fractn>{element_if('fribkn', payer.bank_code)}{element('actacn', payer.account)}"
        f"{element('actnam', payer.holder)}</fractn>"
    )
    kind = element_if("acttyp", profile.account_type)
    money = f"<trncur>{order.currency}</trncur><priolv>{profile.priority}</priolv>"
    money += f"<cuspriolv>{profile.customer_priority}</cuspriolv>"
    day = f"<trfdate>{order.execution_day:%Y%m%d}</trfdate>"
    for payable in order.lines():
        payee = payable.payee
        yield (
            f"<b2e0061-rq><insid>{payable.key.reference}</insid>{payer_account}"
            f"<toactn>{element_if('toibkn', payee.bank_code)}{kind}{element('actacn', payee.account)}"
            f"{element('toname', payee.holder)}{element_if('tobknm', payee.bank_name)}</toactn>"
            f"<trnamt>{amount(payable.amount_minor)}</trnamt>{money}"
            f"<furinfo>{escaped(payable.remark or codes.usage)}</furinfo>{day}"
            f"<bocflag>{'1' if profile.is_own_bank(payee) else '0'}</bocflag></b2e0061-rq>\n"
        )
    yield "</trn-b2e0061-rq>\n</trans>\n</bocb2e>\n"
