"""ISO 20022 customer credit transfer initiation: pain.001.001.09, and .03 for banks that still ask for it.

One file is one group with one batch (``PmtInf``): one debit account, currency, day and category purpose. The batch has
the message's own id. Checked against the official schemas; each bank's own guide narrows them (see the profile).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from baton.banking.profile import BankProfile, Part
from baton.banking.xml_text import declaration, element, element_if, escaped
from baton.model.payable import BankAccount, Component, PaymentOrder

_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC: Final = re.compile("[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")

Code = Annotated[str, Field(pattern="^[A-Z0-9]{1,4}$")]


class IsoCodes(Part):
    """Codes of one component, from the external code sets."""

    category: Code = "SALA"
    """``CtgyPurp`` of the batch."""
    purpose: Code | None = None
    """``Purp`` of each payment."""


class RegulatoryReport(Part):
    """``RgltryRptg`` of each payment, where a country asks for it."""

    code: str = Field(min_length=1, max_length=10)
    text: str = Field(default="", max_length=35)


class Pain001Profile(BankProfile):
    """A bank that takes ISO 20022."""

    format: Literal["pain.001.001.09", "pain.001.001.03"]
    encoding: Literal["utf-8"]
    components: Annotated[Mapping[Component, IsoCodes], Field(min_length=1)]
    bank_code: Literal["clearing", "bic"] = "clearing"
    """What the bank codes are: members of a clearing system, or BICs."""
    clearing_system: Code | Literal["CNAPS", "CNCIP"] = "CNAPS"
    account: Literal["other", "iban"] = "other"
    """Account numbers as they are (China has no IBAN), or IBANs with their check digits."""
    address: Literal["none", "structured"] = "none"
    """Town and country where both are known, or no address at all; never free address lines."""
    batch_booking: Literal["true", "false"] = "true"
    """One debit for the whole batch, so that nobody reads single salaries on the statement."""
    charge_bearer: Literal["SLEV", "SHAR", "DEBT", "CRED"] | None = None
    priority: Literal["NORM", "HIGH"] | None = None
    service_level: Code | None = None
    local_instrument: str | None = Field(default=None, max_length=35)
    regulatory: RegulatoryReport | None = None
    initiator_id: str | None = Field(default=None, max_length=35)
    """The customer number by which the bank knows the sender."""

    @property
    def component_codes(self) -> Mapping[Component, IsoCodes]:
        return self.components

    @property
    def looks_further(self) -> bool:
        return self.account == "iban" or self.bank_code == "bic" or self.address == "structured"

    def account_faults(self, account: BankAccount) -> Iterator[tuple[str, str]]:
        if self.account == "iban" and not _is_iban(account.account):
            yield "iban", "account is no IBAN, or its check digits do not fit"
        if self.bank_code == "bic" and account.bank_code and not _BIC.fullmatch(account.bank_code):
            yield "bic", "bank code is no BIC"
        if self.address != "structured":
            return
        if bool(account.town) != bool(account.country):
            yield "address", "address has a town or a country, but not both"
        if account.country and not re.fullmatch("[A-Z]{2}", account.country):
            yield "address", "country is no code of two capital letters"


def text(order: PaymentOrder, profile: Pain001Profile) -> Iterator[str]:
    """The file, piece by piece, a payment in each piece between the first and the last."""
    new = profile.format == "pain.001.001.09"
    amount = profile.amount_writer()
    yield _head(order, profile, new=new, total=amount(order.total_minor))
    codes = profile.components[order.component]
    agent = _clearing(profile) if profile.bank_code == "clearing" else _bic(new=new)
    before, after = f"<CdtrAgt>{agent[0]}", f"{agent[1]}</CdtrAgt>"
    account = ("<IBAN>", "</IBAN>") if profile.account == "iban" else ("<Othr><Id>", "</Id></Othr>")
    currency = f'</EndToEndId></PmtId><Amt><InstdAmt Ccy="{order.currency}">'
    creditor_account = f"</Cdtr><CdtrAcct><Id>{account[0]}"
    rest = f"{account[1]}</Id></CdtrAcct>{_purpose(codes)}{_regulatory(profile)}"
    structured = profile.address == "structured"
    for payable in order.lines():
        # Text of letters and digits alone has nothing to escape: asking it is cheaper than looking three times.
        payee, reference, remark = payable.payee, payable.key.reference, payable.remark
        code, holder, number = payee.bank_code, payee.holder, payee.account
        bank = f"{before}{code if code.isalnum() else escaped(code)}{after}" if code else ""
        yield (
            f"<CdtTrfTxInf><PmtId><InstrId>{reference}</InstrId><EndToEndId>{reference}{currency}"
            f"{amount(payable.amount_minor)}</InstdAmt></Amt>{bank}<Cdtr><Nm>"
        )
        yield holder if holder.isalnum() else escaped(holder)
        yield (
            f"</Nm>{_address(payee) if structured else ''}{creditor_account}"
            f"{number if number.isalnum() else escaped(number)}{rest}"
        )
        yield f"<RmtInf><Ustrd>{escaped(remark)}</Ustrd></RmtInf></CdtTrfTxInf>\n" if remark else "</CdtTrfTxInf>\n"
    yield "</PmtInf>\n</CstmrCdtTrfInitn>\n</Document>\n"


def _head(order: PaymentOrder, profile: Pain001Profile, *, new: bool, total: str) -> str:
    created = order.created.astimezone(ZoneInfo(profile.time_zone)).strftime("%Y-%m-%dT%H:%M:%S")
    day = order.execution_day.isoformat()
    party = element("Nm", order.initiator)
    if profile.initiator_id:
        party += f"<Id><OrgId><Othr>{element('Id', profile.initiator_id)}</Othr></OrgId></Id>"
    address = _address(order.payer) if profile.address == "structured" else ""
    account = "IBAN" if profile.account == "iban" else "Othr"
    number = escaped(order.payer.account) if account == "IBAN" else element("Id", order.payer.account)
    control = f"<NbOfTxs>{order.count}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
    return (
        f'{declaration(profile.encoding)}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{profile.format}">\n'
        f"<CstmrCdtTrfInitn>\n<GrpHdr><MsgId>{order.message_id}</MsgId><CreDtTm>{created}</CreDtTm>{control}"
        f"<InitgPty>{party}</InitgPty></GrpHdr>\n"
        f"<PmtInf><PmtInfId>{order.message_id}</PmtInfId><PmtMtd>TRF</PmtMtd>"
        f"<BtchBookg>{profile.batch_booking}</BtchBookg>{control}{_type(order, profile)}"
        f"<ReqdExctnDt>{element('Dt', day) if new else day}</ReqdExctnDt>"
        f"<Dbtr>{element('Nm', order.payer.holder)}{address}</Dbtr>"
        f"<DbtrAcct><Id><{account}>{number}</{account}></Id><Ccy>{order.currency}</Ccy></DbtrAcct>"
        f"<DbtrAgt>{_payer_bank(order.payer, profile, new=new)}</DbtrAgt>"
        f"{element_if('ChrgBr', profile.charge_bearer or '')}\n"
    )


def _type(order: PaymentOrder, profile: Pain001Profile) -> str:
    level = f"<SvcLvl>{element('Cd', profile.service_level)}</SvcLvl>" if profile.service_level else ""
    instrument = (
        f"<LclInstrm>{element('Prtry', profile.local_instrument)}</LclInstrm>" if profile.local_instrument else ""
    )
    category = element("Cd", profile.components[order.component].category)
    priority = element_if("InstrPrty", profile.priority or "")
    return f"<PmtTpInf>{priority}{level}{instrument}<CtgyPurp>{category}</CtgyPurp></PmtTpInf>"


def _payer_bank(payer: BankAccount, profile: Pain001Profile, *, new: bool) -> str:
    """The element is mandatory; a payer without a bank code is said to be unknown in the standard's own way."""
    if not payer.bank_code:
        return "<FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId>"
    before, after = _clearing(profile) if profile.bank_code == "clearing" else _bic(new=new)
    return f"{before}{escaped(payer.bank_code)}{after}"


def _clearing(profile: Pain001Profile) -> tuple[str, str]:
    system = f"<ClrSysId><Cd>{profile.clearing_system}</Cd></ClrSysId>"
    return f"<FinInstnId><ClrSysMmbId>{system}<MmbId>", "</MmbId></ClrSysMmbId></FinInstnId>"


def _bic(*, new: bool) -> tuple[str, str]:
    return ("<FinInstnId><BICFI>", "</BICFI></FinInstnId>") if new else ("<FinInstnId><BIC>", "</BIC></FinInstnId>")


def _address(of: BankAccount) -> str:
    if not of.town or not of.country:
        return ""
    return f"<PstlAdr>{element('TwnNm', of.town)}{element('Ctry', of.country)}</PstlAdr>"


def _purpose(codes: IsoCodes) -> str:
    return f"<Purp>{element('Cd', codes.purpose)}</Purp>" if codes.purpose else ""


def _regulatory(profile: Pain001Profile) -> str:
    report = profile.regulatory
    if report is None:
        return ""
    return f"<RgltryRptg><Dtls>{element('Cd', report.code)}{element_if('Inf', report.text)}</Dtls></RgltryRptg>"


def _is_iban(account: str) -> bool:
    """Whether the two check digits fit (ISO 13616)."""
    if not _IBAN.fullmatch(account):
        return False
    turned = account[4:] + account[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1
