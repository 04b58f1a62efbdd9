"""The demo's working directory: made afresh, owned by one demo at a time."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from baton.hub.keys import create_keys
from baton.sandbox.demo.narrator import DemoFailedError
from baton.settings import load

REPOSITORY: Final = Path(__file__).resolve().parents[3]
CONNECTORS: Final = {
    "hr": "hr/file_export",
    "crm": "crm/salesforce",
    "erp": "erp/tryton",
    "oa": "oa/feishu",
    "wecom": "oa/wecom",
    "bank": "bank/host_to_host",
    "files": "data/file",
}
"""The demo's systems."""
MAPPINGS: Final = {
    "hr": "hr_file_export--employee.yaml",
    "crm": "employee--crm_salesforce.yaml",
    "erp": "employee--erp_tryton.yaml",
    "oa": "employee--oa_feishu.yaml",
    "wecom": "employee--oa_wecom.yaml",
    "bank": "employee--bank_host_to_host.yaml",
}
"""The sync's mapping of each system that people are carried to or from."""
MIGRATION: Final = REPOSITORY / "mappings" / "migration" / "data_file--erp_tryton.yaml"
"""The mapping that takes the old client list into Tryton."""
POLICIES: Final = REPOSITORY / "mappings" / "offboarding" / "demo.yaml"
"""What a handover is like in the demo's company."""
PAYMENT_POLICY: Final = REPOSITORY / "mappings" / "payment" / "policy.yaml"
"""How strict the checks of a pay run are, and who signs."""
BANK: Final = "bank"
PAYER: Final = {"holder": "示例有限公司", "account": "6222000000000000000", "bank_code": "308584000013"}
"""The company's own account."""
OFFICES: Final = {"hr-wang": ["hr"], "payroll-wu": ["payroll"], "treasury-qian": ["treasury"]}
"""Who decides about payments."""
SHOWN: Final = "shown"
"""The log of what commands have shown to people who may see names."""
NOTIFIER: Final = "wecom"
"""The system through which people are told that they are waited for."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How one system is reached here."""

    settings: Mapping[str, object]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where everything of one demo lives; deleted and made again at the next start."""

    root: Path

    @property
    def feed(self) -> Path:
        """The HR system's export."""
        return self.root / "hr" / "员工花名册.csv"

    @property
    def client_list(self) -> Path:
        """The old system's export of clients."""
        return self.root / "old" / "客户名册.csv"

    @property
    def quarantine(self) -> Path:
        """Where rows that were put aside are written for a person to correct."""
        return self.root / "quarantine.csv"

    @property
    def payroll(self) -> Path:
        """The payroll file that finance hands in."""
        return self.root / "inbox" / "工资表.csv"

    @property
    def calendar(self) -> Path:
        """On which days the bank works."""
        return self.root / "calendar.yaml"

    @property
    def reports(self) -> Path:
        """Where reports of migrations are written."""
        return self.root / "reports"

    @property
    def systems(self) -> Path:
        """``systems.yaml``."""
        return self.root / "systems.yaml"

    @property
    def secrets(self) -> Path:
        """The secrets' folder."""
        return self.root / "secrets"

    @property
    def state(self) -> Path:
        """The hub's state directory."""
        return self.root / "state"

    @property
    def database(self) -> Path:
        """The hub's database."""
        return self.state / "baton.sqlite3"

    @property
    def airflow(self) -> Path:
        """``AIRFLOW_HOME``."""
        return self.root / "airflow"

    @property
    def erp(self) -> Path:
        """Where Tryton keeps what it has."""
        return self.root / "tryton"

    @property
    def bank(self) -> Path:
        """The bank's side: its keys, and the folders it exchanges files through."""
        return self.root / "bank"

    @property
    def handed_out(self) -> Mapping[Path, str]:
        """The files and folders in which people, amounts or secrets stand on purpose -> what they are."""
        return {
            self.feed.parent: "the HR system's export",
            self.client_list.parent: "the old system's export",
            self.payroll.parent: "what finance hands in",
            self.quarantine: "rows that a person corrects",
            self.log(SHOWN): "what commands have shown to people who may see names",
            self.secrets: "the secrets' own place",
            self.erp: "the ERP",
            self.bank: "the bank",
        }

    def files_without_people(self) -> list[Path]:
        """Every other file: Airflow's, the hub's database with its log, what it has staged and kept, logs, reports."""
        elsewhere = self.handed_out.keys()
        return [
            path for path in sorted(self.root.rglob("*")) if path.is_file() and not elsewhere & {path, *path.parents}
        ]

    @property
    def pid_file(self) -> Path:
        """The process that keeps a demo running (``make up``)."""
        return self.root / "demo.pid"

    def make(self) -> None:
        """Empty folders."""
        if self.root.exists():
            shutil.rmtree(self.root)
        given = (self.feed.parent, self.client_list.parent, self.payroll.parent)
        for folder in (*given, self.state, self.airflow, self.root / "logs"):
            folder.mkdir(parents=True)
        self.secrets.mkdir(mode=0o700)

    def log(self, name: str) -> Path:
        """Where a process of the demo writes."""
        return self.root / "logs" / f"{name}.log"

    def describe_systems(self, connections: Mapping[str, Connection]) -> None:
        """Write ``systems.yaml``, the secrets and the hub's keys."""
        systems: dict[str, Any] = {}
        for name, connection in connections.items():
            mapping = {"mapping": str(REPOSITORY / "mappings" / "sync" / MAPPINGS[name])} if name in MAPPINGS else {}
            systems[name] = {
                "connector": CONNECTORS[name],
                **mapping,
                "allow_private": "yes",
                "rate": {"calls": 500, "burst": 100},
                "deadline_s": 10,
                "settings": dict(connection.settings),
            }
            folder = self.secrets / name
            folder.mkdir(exist_ok=True, mode=0o700)
            for secret, value in connection.secrets.items():
                path = folder / secret
                path.touch(mode=0o600)
                path.write_text(value, encoding="utf-8")
        handovers = {"policies": str(POLICIES), "notifiers": [NOTIFIER] if NOTIFIER in systems else []}
        hub = {"state_dir": "state", "secrets_dir": "secrets"}
        document = {"hub": hub, "offboarding": handovers, "systems": systems}
        if BANK in systems:
            document["payments"] = self._payments()
        self.systems.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
        create_keys(load(self.systems))

    def _payments(self) -> dict[str, Any]:
        """How salaries are paid: by the policy that comes with Baton, through a bank that rests on weekends only."""
        year = datetime.now(UTC).year
        days: dict[int, dict[str, str]] = {year: {}, year + 1: {}}
        self.calendar.write_text(yaml.safe_dump({"base": "weekends", "years": days}), encoding="utf-8")
        bank = {"profile": "iso20022-cny", "initiator": PAYER["holder"], "payer": dict(PAYER)}
        return {
            "policy": str(PAYMENT_POLICY),
            "calendar": str(self.calendar),
            "inbox": str(self.payroll.parent),
            "banks": {BANK: bank},
            "roles": OFFICES,
        }


@contextmanager
def sole_use(root: Path) -> Iterator[None]:
    """Hold a lock beside the working directory that ends with this process."""
    root.parent.mkdir(exist_ok=True)
    with root.with_name(f"{root.name}.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoFailedError(
                f"another demo is working in {root}", remedy="wait for it, or end it (`make down` after `make up`)"
            ) from None
        yield


def in_use(root: Path) -> bool:
    """Whether a demo is at work there."""
    try:
        with sole_use(root):
            return False
    except DemoFailedError:
        return True
