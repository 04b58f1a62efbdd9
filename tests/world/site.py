"""One company with everything: HR that calls when something has changed, three systems with accounts and clients, an old
system whose clients are brought into one of these, and a bank; one hub on one store.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import polars as pl

from baton.contracts import Collection, Connector, Feed, HintReply, HintSource
from baton.contracts.payments import AnswerFile, PaymentChannel, PaymentFile
from baton.contracts.people import Hint
from baton.model.account import FieldSpec, Receipt
from baton.registry import Registry
from baton.settings import HubSettings
from tests.offboarding.systems import Deed
from tests.payment.door import FolderChannel
from tests.payment.site import Site
from tests.rig.company import HR_MAPPING, MemorySource
from tests.rig.payroll import _Banking
from tests.rig.records import STAFF, Archive, NewSystem

ACCOUNTS = """  bank_account_number: {from: account}
  bank_account_holder: {from: holder}
  bank_code: {from: bank_code}
  pay_end_day: {from: pay_end, via: [date]}
examples:
"""
PAYROLL_MAPPING = HR_MAPPING.replace("examples:\n", ACCOUNTS)
"""What HR tells of people, and of where their pay goes."""
CLIENTS: Mapping[str, FieldSpec] = {**STAFF, "boss": FieldSpec()}
"""The records are clients; ``boss`` is the employee number of whoever looks after one."""
_SECRET = b"synthetic webhook secret"


def signed(body: bytes) -> Mapping[str, str]:
    """The headers with which HR calls."""
    return {"signature": hmac.new(_SECRET, body, hashlib.sha256).hexdigest()}


class CallingSource(MemorySource, HintSource):
    """HR in memory; its calls carry an event's id and a signature."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        if not hmac.compare_digest(headers.get("signature", ""), signed(body)["signature"]):
            return HintReply(401, b"")
        return HintReply(200, b"", [Hint(event_id=body.decode(), kind="changed")])

    def census(self) -> Feed:
        assert isinstance(self.company, Everything)
        self.company.on_census()
        return super().census()


class TroubledRecords(NewSystem):
    """The clients of the CRM, as a target of migrations: each write goes through whatever trouble there is."""

    record_batch_limit: ClassVar[int] = 4
    company: ClassVar[Any]

    def act(self, deed: Deed) -> Receipt:
        """What has arrived is done."""
        return deed.do()

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        self.company.look(self, keys["code"].to_list())
        self.company.on_read([self.shelf.rows[code] for code in keys["code"].to_list() if code in self.shelf.rows])
        return super().fetch(collection, keys, fields)

    def _write(self, action: str, rows: pl.DataFrame, before: pl.DataFrame | None) -> Sequence[Receipt]:
        assert 0 < rows.height <= self.record_batch_limit
        expected = [None] * rows.height if before is None else before.to_dicts()
        deeds = [
            Deed(f"{action} {row['code']}", action, partial(self._one, action, row, was))
            for row, was in zip(rows.to_dicts(), expected, strict=True)
        ]
        receipts: Sequence[Receipt] = self.company.receive(self, deeds)
        return receipts

    def _one(self, action: str, row: dict[str, Any], was: dict[str, Any] | None) -> Receipt:
        there = self.shelf.rows.get(row["code"])
        receipt = super()._one(action, row, was)
        if self.shelf.rows.get(row["code"]) != there:
            self.company.on_record(action, row["code"], there)
        return receipt


class TroubledBank(FolderChannel):
    """The way to the bank: what is on its way is there whatever becomes of our copy of it."""

    company: Everything

    def act(self, deed: Deed) -> Receipt:
        return deed.do()

    def submit(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        self.company.on_delivery(files)
        return self.company.receive(self, [self._on_its_way(file) for file in files])

    def _on_its_way(self, file: PaymentFile) -> Deed:
        copy = self.company.folder / f"on-its-way-{file.sha256[:16]}"
        copy.write_bytes(file.path.read_bytes())
        return Deed(file.key, "deliver", lambda: self.door.submit([replace(file, path=copy)])[0])

    def trace(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        self.company.look(self, files)
        return super().trace(files)

    def answers(self, known: Any) -> Iterator[AnswerFile]:
        self.company.look(self, [])
        return super().answers(known)


class _AllSystems(_Banking):
    def load(self, name: str) -> type[Connector]:
        assert isinstance(self.company, Everything)
        if name == "hr/memory":
            return CallingSource
        return self.company.archive.kinds.get(name) or super().load(name)

    def build(self, system: Any, limiter: Any, clock: Any, **more: Any) -> Connector:
        assert isinstance(self.company, Everything)
        if system.connector == "hr/memory":
            return CallingSource(self.company)
        if system.connector in self.company.archive.kinds:
            return self.company.archive.build(system.connector)
        built: Connector = super().build(system, limiter, clock, **more)
        return built


@dataclass
class Everything(Site):
    """The company. Its calls go through ``receive`` (writes) and ``look`` (readings)."""

    archive: Archive = field(init=False)
    receive: Callable[[Any, Sequence[Any]], Sequence[Receipt]] = lambda target, deeds: [target.act(d) for d in deeds]
    look: Callable[[Any, Sequence[Any]], None] = lambda *_: None
    on_census: Callable[[], None] = lambda: None
    """HR is being read: what it says now is what the hub will know once the plan is saved."""
    on_read: Callable[[Sequence[Any]], None] = lambda _: None
    """These records have been read as they are."""
    on_record: Callable[[str, str, Any], None] = lambda *_: None
    """A record has changed: action, code, and what was there before."""
    on_delivery: Callable[[Sequence[PaymentFile]], None] = lambda _: None
    """Files have had the hub's last look and are on their way."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.write_mapping("hr", PAYROLL_MAPPING)
        kind = type("Records", (TroubledRecords,), {"company": self})
        self.archive = Archive(self.folder, self.url, self.clock, page_rows=5, fields=CLIENTS, kind=kind)

    def registry(self) -> Registry:
        return _AllSystems(self)

    def channel(self) -> PaymentChannel:
        made = TroubledBank(self.bank, self.folder / "bank", self.crash_point)
        made.company = self
        return made

    def settings(self) -> HubSettings:
        plain = super().settings()
        return replace(plain, systems={**plain.systems, **self.archive.systems()})
