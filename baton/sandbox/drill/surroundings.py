"""Around the drill: Salesforce and WeCom on one port, the bank's SFTP and its back office; no scheduler runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from baton.registry import Registry
from baton.sandbox.demo.company import DEPARTMENTS, WECOM_DEPARTMENTS
from baton.sandbox.demo.workplace import CONNECTORS, PAYER, Connection, Workplace
from baton.sandbox.paying_bank.bank import PayingBank
from baton.sandbox.server import serve
from baton.sandbox.sftp import AsyncsshServer

_ROUND_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Around:
    """What goes on while the hub goes back: these remember everything."""

    place: Workplace
    crm: Any
    wecom: Any
    bank: Any
    paying: PayingBank

    def await_bank(self) -> None:
        """Until the bank has taken and answered everything that lies in front of its door."""
        self.paying.work()

    def writes(self) -> dict[str, int]:
        """How many writes each system has accepted so far."""
        return {
            "crm": len(self.crm.journal),
            "wecom": len(self.wecom.journal),
            "bank files": len(self.bank.delivered_files),
        }

    def unreadable_since(self, before: Mapping[str, int]) -> dict[str, int]:
        """Of the writes since then, those of which nobody can know by reading that they are there.

        Updates that set only what WeCom lets nobody read concern accounts made after the backup, and set the same value
        again; messages cannot be read back at all, and what was told after the backup is told once more.
        """
        specs = Registry().load(CONNECTORS["wecom"]).fields  # type: ignore[attr-defined]
        hidden = {name for name, spec in specs.items() if not spec.readable}
        since = self.wecom.journal[before["wecom"] :]
        blind = [entry for entry in since if entry.action == "update" and entry.fields.keys() - {"userid"} <= hidden]
        return {"wecom": len(blind) + sum(entry.action == "notify" for entry in since)}


@contextmanager
def around(place: Workplace) -> Iterator[Around]:
    """Everything up for as long as the block lasts, and ``systems.yaml`` written for it."""
    registry = Registry()
    made = {name: cast("Any", registry.simulator(CONNECTORS[name])) for name in ("crm", "wecom", "bank")}
    with ExitStack() as stack:
        sandbox = stack.enter_context(serve({"crm": made["crm"], "wecom": made["wecom"]}))
        directory = place.root / "bank"
        directory.mkdir()
        bank = made["bank"](stack.enter_context(AsyncsshServer(directory)))
        crm, wecom = sandbox.simulators["crm"], sandbox.simulators["wecom"]
        wecom.members.departments.update(WECOM_DEPARTMENTS.values())
        assert DEPARTMENTS.keys() == WECOM_DEPARTMENTS.keys()
        place.describe_systems(
            {
                "hr": Connection({"path": str(place.feed.parent), "settle_s": 0}, {}),
                **{name: Connection(each.settings, each.secrets) for name, each in (("crm", crm), ("wecom", wecom))},
                "bank": Connection(bank.settings, bank.secrets),
            }
        )
        paying = PayingBank(bank, account=PAYER["account"], suffix=".hpf")
        stack.enter_context(_at_work(bank, paying))
        yield Around(place, crm, wecom, bank, paying)


@contextmanager
def _at_work(bank: Any, paying: PayingBank) -> Iterator[None]:
    """The back office, in rounds of its own."""
    over = threading.Event()

    def rounds() -> None:
        while not over.wait(_ROUND_S):
            bank.process()
            paying.work()

    office = threading.Thread(target=rounds, name="bank-back-office", daemon=True)
    office.start()
    try:
        yield
    finally:
        over.set()
        office.join()
