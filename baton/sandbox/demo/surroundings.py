"""Everything around the hub: simulators on one port, a real Tryton, the bank's SFTP and back office, Airflow."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any, cast

from baton.registry import Registry
from baton.sandbox.demo.company import DEPARTMENTS, WECOM_DEPARTMENTS
from baton.sandbox.demo.narrator import Narrator
from baton.sandbox.demo.processes import Processes
from baton.sandbox.demo.scheduler import Scheduler
from baton.sandbox.demo.workplace import CONNECTORS, PAYER, REPOSITORY, Connection, Workplace
from baton.sandbox.openssh import installed_sshd
from baton.sandbox.paying_bank.bank import PayingBank
from baton.sandbox.server import SandboxServer
from baton.sandbox.sftp import AsyncsshServer, OpenSshServer, SftpServer
from baton.sandbox.tryton import TrytonServer

_LOG = logging.getLogger(__name__)
_BANK_ROUND_S = 0.1


class Surroundings:
    """The systems and Airflow. ``start`` brings all of them up side by side; ``stop`` leaves nothing listening."""

    def __init__(self, place: Workplace, narrator: Narrator, airflow_settings: Mapping[str, str]) -> None:
        self.place = place
        self.narrator = narrator
        self.processes = Processes()
        self.airflow = Scheduler(place, self.processes, airflow_settings)
        self.sandbox = SandboxServer()
        self.tryton = TrytonServer(REPOSITORY / ".servers" / "tryton", state=place.erp, progress=narrator.say)
        self.sftp: SftpServer | None = None
        self.bank: Any = None
        self.paying: Any = None
        """What the bank does with payment files."""
        self._bank_over = threading.Event()
        self._bank_office = threading.Thread(target=self._bank_rounds, name="bank-back-office", daemon=True)

    # --- up and down

    def start(self) -> None:
        """Start everything in parallel; raises the first failure, and then does not wait for the others."""
        pool = ThreadPoolExecutor(4, thread_name_prefix="demo-start")
        try:
            works = [pool.submit(work) for work in (self._start_targets, self._start_tryton, self._start_bank)]
            works.append(pool.submit(self._start_airflow, list(works)))
            for work in as_completed(works):
                work.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """End everything, in the reverse order. Safe to call twice, and at any moment."""
        self._bank_over.set()
        self.airflow.close()
        self.processes.stop()
        self.tryton.stop()
        if self.sftp is not None:
            self.sftp.stop()
        self.sandbox.close()

    def _start_targets(self) -> None:
        registry = Registry()
        for system in ("crm", "oa", "wecom"):
            simulator = cast("Any", registry.simulator(CONNECTORS[system]))
            self.sandbox.add(system, simulator(self.sandbox.base_url))
        for department, name in DEPARTMENTS.items():
            self.oa.add_department(department, "0", name)
        self.wecom.members.departments.update(WECOM_DEPARTMENTS.values())
        self.sandbox.start()
        self.narrator.say(f"Salesforce, Feishu and WeCom (simulators): listening at {self.sandbox.base_url}")

    def _start_tryton(self) -> None:
        self.tryton.start()

    def _start_bank(self) -> None:
        self.sftp = self._sftp_server()
        bank = cast("Any", Registry().simulator(CONNECTORS["bank"]))
        self.bank = bank(self.sftp)
        self.paying = PayingBank(self.bank, account=PAYER["account"], suffix=".hpf")
        self._bank_office.start()
        self.narrator.say(f"the bank's SFTP: {self.sftp.title}, listening at {self.sftp.url}")

    def _sftp_server(self) -> SftpServer:
        """The real thing where it is installed; the demo installs nothing outside its own directory."""
        directory = self.place.bank
        directory.mkdir()
        sshd = installed_sshd()
        if sshd is not None:
            server: SftpServer = OpenSshServer(directory, sshd=sshd)
            try:
                return server.__enter__()
            except (RuntimeError, OSError) as error:
                self.narrator.say(f"the sshd of this machine does not start ({error}); asyncssh's server stands in")
        else:
            self.narrator.say("no sshd is installed here: asyncssh's server stands in for the bank's OpenSSH")
        return AsyncsshServer(directory).__enter__()

    def _bank_rounds(self) -> None:
        while not self._bank_over.wait(_BANK_ROUND_S):
            self.bank.process()
            self.paying.work()

    def _start_airflow(self, systems: list[Future[None]]) -> None:
        """Airflow takes longest, so it starts at once; the settings are there before the first DAG run."""
        self.narrator.say("Airflow: preparing its database")
        self.airflow.start()
        for system in systems:
            system.result()
        self.narrator.say(f"Airflow: listening at {self.airflow.url}")

    # --- what the hub needs to know

    @property
    def crm(self) -> Any:
        """The Salesforce simulator."""
        return self.sandbox.simulators["crm"]

    @property
    def oa(self) -> Any:
        """The Feishu simulator."""
        return self.sandbox.simulators["oa"]

    @property
    def wecom(self) -> Any:
        """The WeCom simulator."""
        return self.sandbox.simulators["wecom"]

    def connections(self) -> dict[str, Connection]:
        """Settings and secrets of every system."""
        tryton = self.tryton
        erp = {"base_url": tryton.base_url, "database": tryton.database, "username": tryton.username}
        return {
            "hr": Connection({"path": str(self.place.feed.parent), "settle_s": 0}, {}),
            "crm": Connection(self.crm.settings, self.crm.secrets),
            "erp": Connection(
                {**erp, "company_id": tryton.company_id, "code_prefix": "E"}, {"password": tryton.password}
            ),
            "oa": Connection(self.oa.settings, self.oa.secrets),
            "wecom": Connection(self.wecom.settings, self.wecom.secrets),
            "bank": Connection(self.bank.settings, self.bank.secrets),
            "files": Connection({"path": str(self.place.client_list.parent)}, {}),
        }
