"""A company that pays its people through one bank: the bank in memory, with its own keys and its own memory of files."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from baton.contracts import Finding, Promise, Rate
from baton.contracts.payments import AnswerFile, PaymentChannel, PaymentFile, Sealing
from baton.envelopes.hpf1 import Hpf1Sealer
from baton.hub import Hub
from baton.model.account import Receipt
from baton.model.people import Employee, EmploymentStatus
from baton.registry import Registry
from baton.sealed import Signer, X25519Opener, X25519Reader, open_sealed
from baton.settings import HubSettings
from baton.settings_shape import BankPart, PayerPart, PaymentsPart
from tests.rig.company import Company, FakeRegistry
from tests.rig.targets import NoClient, NoSettings

MAKER, PAYROLL, TREASURY, HR, DIRECTOR = "maker-li", "payroll-wu", "treasury-qian", "hr-wang", "director-sun"
BANK = "bank"
CNAPS = "308584000013"
ACCOUNT = "6222000000000000000"
"""The company's own."""
POLICY = """
checks:
  requires: []
approvals:
  levels:
    - {roles: [payroll, treasury]}
"""


@dataclass
class BankMemory:
    """What the bank has, whoever brought it: it opens files itself and knows every reference it has seen."""

    files: dict[str, bytes] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    answers: list[AnswerFile] = field(default_factory=list)
    signer: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    reader: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    seen: list[str] = field(default_factory=list)
    """Every end-to-end reference in every file taken, in order: twice in here is paid twice."""

    def take(self, file: PaymentFile) -> Receipt:
        """Take a file under its name, once."""
        data = file.path.read_bytes()
        if file.name in self.files:
            if self.files[file.name] == data:
                return Receipt.accepted(file.name)
            return Receipt.refused("other_content", "another file has this name")
        plain = io.BytesIO()
        trusted = {"hub-1": self.signer.public_key()}
        open_sealed(io.BytesIO(data), plain, opener=X25519Opener("bank-1", self.reader), trusted=trusted)
        self.files[file.name] = data
        self.contents[file.name] = plain.getvalue()
        self.seen += re.findall(rb"<EndToEndId>([A-Z2-7]{26})</EndToEndId>", plain.getvalue())
        return Receipt.accepted(file.name)


class FakeChannel(PaymentChannel):
    """The way to that bank."""

    title: ClassVar[str] = "Bank in memory"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1000, burst=1000)
    promise: ClassVar[Promise] = Promise.KEY

    def __init__(self, bank: BankMemory) -> None:
        super().__init__(NoSettings(), NoClient())  # type: ignore[arg-type]
        self.bank = bank

    def check(self) -> Sequence[Finding]:
        return []

    def sealing(self) -> Sealing:
        reader = X25519Reader("bank-1", self.bank.reader.public_key())
        return Sealing(Hpf1Sealer([reader], Signer("hub-1", self.bank.signer)), "example-company", "example-bank")

    def submit(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        return [self.bank.take(file) for file in files]

    def trace(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        return [
            Receipt.accepted(file.name)
            if file.name in self.bank.files
            else Receipt.not_performed("not_there", "the bank has no such file")
            for file in files
        ]

    look_up = trace

    def answers(self, known: Collection[str]) -> Iterator[AnswerFile]:
        yield from (answer for answer in self.bank.answers if answer.name not in known)


class _Banking(FakeRegistry):
    def load(self, name: str) -> type[Any]:
        if name == "erp/memory":
            assert isinstance(self.company, Payroll)
            return type(self.company.erp)
        return FakeChannel if name == "bank/memory" else super().load(name)

    def build(self, system: Any, limiter: Any, clock: Any, **more: Any) -> Any:
        if system.connector == "bank/memory":
            assert isinstance(self.company, Payroll)
            return self.company.channel()
        if system.connector == "erp/memory":
            assert isinstance(self.company, Payroll)
            return self.company.erp
        return super().build(system, limiter, clock, **more)


@dataclass
class Payroll(Company):
    """The company."""

    bank: BankMemory = field(default_factory=BankMemory)
    policy: Path | None = None
    profile: str = "iso20022-cny"
    profiles: Path | None = None
    reading: Literal["tolerant", "strict"] = "tolerant"
    """What the bank says in files that break their schema."""
    branch: str = CNAPS
    """Where the company's own account is."""
    attendance: Path | None = None
    exit_list: Path | None = None
    settlement: Path | None = None
    """The rule pack of final settlements."""
    erp: Any = None
    """The connector of a system called ``erp``, where there is one."""
    roles: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            MAKER: ("payroll",),
            PAYROLL: ("payroll",),
            TREASURY: ("treasury",),
            HR: ("hr",),
            DIRECTOR: ("director",),
        }
    )

    def registry(self) -> Registry:
        return _Banking(self)

    def channel(self) -> PaymentChannel:
        """The way to the bank, as a new process would build it."""
        return FakeChannel(self.bank)

    def settings(self) -> HubSettings:
        plain = super().settings()
        payer = PayerPart(holder="示例有限公司", account=ACCOUNT, bank_code=self.branch)
        bank = BankPart(profile=self.profile, payer=payer, initiator="示例有限公司", reading=self.reading)
        payments = PaymentsPart(
            policy=self.policy,
            profiles=self.profiles,
            attendance=self.attendance,
            exit_list=self.exit_list,
            settlement=self.settlement,
            banks={BANK: bank},
            roles=dict(self.roles),  # type: ignore[arg-type]
        )
        systems = {**plain.systems, BANK: self._system(BANK, "bank/memory")}
        if self.erp is not None:
            systems["erp"] = self._system("erp", "erp/memory")
        return HubSettings(
            **{
                name: getattr(plain, name)
                for name in ("file", "hub", "gate", "guards", "vault", "offboarding", "database")
            },
            systems=systems,
            payments=payments,
        )


def luhn(stem: str) -> str:
    """A card number: the stem and its check digit."""
    total = sum(
        digit if place % 2 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(map(int, reversed(stem)))
    )
    return f"{stem}{-total % 10}"


def card(n: int) -> str:
    """A synthetic card of the n-th person."""
    return luhn(f"62220000000{n:07d}")


def person(number: str, **given: Any) -> Employee:
    """An employee with an account of their own."""
    known: dict[str, Any] = {
        "status": EmploymentStatus.ACTIVE,
        "full_name": f"测试{number}",
        "hire_day": date(2020, 1, 6),
        "bank_account_number": card(int(number)),
        "bank_account_holder": f"测试{number}",
        "bank_code": CNAPS,
    }
    return Employee(number=number, **{**known, **given})


def record(hub: Hub, *employees: Employee) -> None:
    """HR tells this of these people, now."""
    now = hub.clock.now()
    with hub.database.write() as connection:
        known = hub.people.known(connection, [each.number for each in employees])
        hub.people.record(connection, "hr", "test", [(each, b"digest") for each in employees], known, now)


def payroll_file(folder: Path, amounts: Mapping[str, str], name: str = "工资.csv", encoding: str = "gb18030") -> Path:
    """A payroll file as an HR system exports it: number and amount, the rest is HR's to know."""
    lines = ["工号,实发工资", *(f'{number},"{amount}"' for number, amount in amounts.items())]
    path = folder / name
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path
