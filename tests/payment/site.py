"""The company whose payments are disturbed: a small bank profile, so that one run has several files."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from baton.contracts.payments import PaymentChannel
from baton.hub import Hub
from baton.model.people import EmploymentStatus
from tests.payment.bank import Bank
from tests.payment.door import FolderChannel
from tests.rig.payroll import POLICY, BankMemory, Payroll, person, record
from tests.rig.stores import url_of
from tests.rig.targets import KeyTarget

LEAVER = "0007"
PEOPLE = {f"{n:04d}": f"{5000 + n}.{n:02d}" for n in range(1, 8)}
"""Who is paid what."""
SETTLEMENT = {LEAVER: "31415.92"}
LEFT_ON = date(2026, 9, 30)
PROFILE = "based_on: iso20022-cny\ntitle: small files\nlines_per_file: 3\n"


def keys() -> BankMemory:
    """The same in every process."""
    signer, reader = Ed25519PrivateKey.from_private_bytes(b"s" * 32), X25519PrivateKey.from_private_bytes(b"r" * 32)
    return BankMemory(signer=signer, reader=reader)


@dataclass
class Site(Payroll):
    """The company of one attempt; its bank works on another database, in folders of its own."""

    office: Bank = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.office = Bank(self.folder / "bank", self.bank)

    def channel(self) -> PaymentChannel:
        return FolderChannel(self.bank, self.folder / "bank", self.crash_point)

    def open(self) -> Hub:
        """The hub; everything it writes into its database, and every commit, is a point to die at as well."""
        hub = super().open()

        def writing(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith(("INSERT", "UPDATE", "DELETE")):
                self.crash_point("writing")

        sa.event.listen(hub.database.engine, "before_cursor_execute", writing)
        sa.event.listen(hub.database.engine, "commit", lambda _: self.crash_point("committing"))
        return hub


def site(folder: Path, clock: Any, at: Callable[[str], None], attempt: int = 0, url: str = "") -> Site:
    """The systems and the hub of one attempt."""
    policy, profiles = folder / "policy.yaml", folder / "profiles"
    if not profiles.exists():
        policy.write_text(POLICY, "utf-8")
        profiles.mkdir()
        (profiles / "small.yaml").write_text(PROFILE, "utf-8")
    return Site(
        folder,
        url or url_of(folder),
        clock,
        {"crm": KeyTarget},
        chance=random.Random(attempt),
        crash_point=at,
        bank=keys(),
        policy=policy,
        profile="small",
        profiles=profiles,
    )


def hire(hub: Hub, *numbers: str) -> None:
    """HR knows these people; they work here."""
    record(hub, *(person(number) for number in numbers))


def depart(hub: Hub, number: str = LEAVER) -> None:
    """HR tells, late, that somebody has left."""
    record(hub, leaver(number))


def leaver(number: str) -> Any:
    return person(
        number,
        status=EmploymentStatus.DEPARTED,
        last_working_day=LEFT_ON,
        contract_end_day=LEFT_ON,
        pay_end_day=LEFT_ON,
    )
