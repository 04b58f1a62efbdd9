"""``make up`` and ``make down``: the same surroundings in a process of their own, left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import click

from baton.sandbox.demo.client_list import publish_clients
from baton.sandbox.demo.clients import old_clients
from baton.sandbox.demo.narrator import Narrator
from baton.sandbox.demo.payroll import Payroll, payroll_of, publish_payroll
from baton.sandbox.demo.play import Play
from baton.sandbox.demo.story import HANDING_OVER
from baton.sandbox.demo.surroundings import Surroundings
from baton.sandbox.demo.workplace import BANK, MIGRATION, OFFICES, Workplace, in_use

_START_S: Final = 600
_STOP_S: Final = 30
_BANK_DAY_S: Final = 5.0
"""How soon the bank books what it has accepted: nobody waits for its evening here."""


def keep(place: Workplace) -> int:
    """Start a serving process, wait until it is ready, say where to look."""
    place.root.parent.mkdir(parents=True, exist_ok=True)
    if _pid(place) is not None:
        click.echo((place.root / "ready.txt").read_text("utf-8") + "\nIt was running already.")
        return 0
    output = place.root.with_name("up.log")
    with output.open("wb") as log:
        directory = ["--directory", str(place.root.parent)]
        server = subprocess.Popen(
            [sys.executable, "-m", "baton.sandbox.demo", "--serve", *directory],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        return _await(server, place, output)
    except KeyboardInterrupt:
        server.terminate()
        server.wait(_STOP_S)
        return 130


def _await(server: subprocess.Popen[bytes], place: Workplace, output: Path) -> int:
    end = time.monotonic() + _START_S
    shown = 0
    while time.monotonic() < end:
        text = output.read_text("utf-8", "replace")
        click.echo(text[shown:], nl=False)
        shown = len(text)
        if server.poll() is not None:
            return server.returncode or 1
        if _pid(place) == server.pid:
            click.echo((place.root / "ready.txt").read_text("utf-8"))
            return 0
        time.sleep(0.2)
    server.terminate()
    click.echo(f"it was not ready after {_START_S} s; see {output}")
    return 1


def stop(place: Workplace) -> int:
    """End the serving process and everything it has started."""
    pid = _pid(place)
    if pid is None:
        click.echo("nothing is running here")
        return 0
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + _STOP_S
    while time.monotonic() < end:
        if not in_use(place.root):
            click.echo("stopped")
            return 0
        time.sleep(0.1)
    click.echo(f"process {pid} does not end; its log is {place.root.with_name('up.log')}")
    return 1


def serve(place: Workplace, around: Surroundings, narrator: Narrator) -> int:
    """Load the company, say that all is ready, then stay until told to go."""
    play = Play(around, narrator)
    play.opening()
    publish_clients(old_clients().values(), place.client_list)
    payroll = payroll_of(play.story)
    publish_payroll(payroll, play.story.people, place.payroll)
    (place.root / "ready.txt").write_text(_where_to_look(place, around, payroll), encoding="utf-8")
    place.pid_file.write_text(str(os.getpid()))
    while True:
        time.sleep(_BANK_DAY_S)
        if around.paying.accepted:
            around.paying.book()


def _where_to_look(place: Workplace, around: Surroundings, payroll: Payroll) -> str:
    by_hand = f"BATON_SYSTEMS={place.systems} {Path(sys.executable).parent / 'baton'}"
    totals = f"--period {payroll.period} --on {payroll.pay_day} --count {len(payroll.amounts)}"
    passwords = "\n".join(f"    {name:8} {password}" for name, password in around.airflow.passwords.items())
    return f"""
Running until `make down`. Everything listens on 127.0.0.1 only.

  Airflow      {around.airflow.url}  (hr asks for runs, checker decides on held ones)
{passwords}
  Baton        {around.airflow.url}/baton/
  HR export    {place.feed}  (change it, then trigger `employee_sync`)
  Simulators   {around.sandbox.base_url}/__sandbox__/  (with the fault switch)
  Tryton       {around.tryton.base_url}  database {around.tryton.database}, user admin, {around.tryton.admin_password}
  By hand      {by_hand} runs
  Migration    {place.client_list}  (an old client list, messy, to be brought into Tryton)
    look       {by_hand} migrate profile files
    dry run    {by_hand} migrate plan {MIGRATION}
    carry out  {by_hand} migrate run {MIGRATION} --report {place.reports}
    afterwards the same with: migrate verify RUN, migrate quarantine RUN --out FILE, migrate rollback RUN
  Handover     {by_hand} offboard open {HANDING_OVER} --as hr
    afterwards the same with: offboard show {HANDING_OVER}, and what docs/offboarding-guide.md says
  Pay run      {place.payroll}  (or in Airflow: `payroll_payment` with its name)
    draft      {by_hand} pay draft {place.payroll} --bank {BANK} {totals} --as hr
    afterwards with what docs/payment-guide.md says; {", ".join(OFFICES)} decide, the bank books within seconds
"""


def _pid(place: Workplace) -> int | None:
    """The serving process, once it is ready and as long as it lives."""
    if not in_use(place.root) or not place.pid_file.exists():
        return None
    return int(place.pid_file.read_text())
