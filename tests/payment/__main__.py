"""``python -m tests.payment``: what paying people promises, tried at length. ``--only`` picks campaigns."""

from __future__ import annotations

import argparse
import sys

from tests.payment import departures, kills, tellings
from tests.payment.races import Races
from tests.rig.campaigns import Campaigns, Options, listed, run, say
from tests.rig.processes import scratch_folder
from tests.rig.schema import migrate
from tests.rig.stores import on_every_store
from tests.servers.postgres import postgres
from tests.servers.unprivileged import NoServerError


def main() -> int:
    """How much of each; then run them."""
    parser = argparse.ArgumentParser(prog="python -m tests.payment", description=__doc__)
    parser.add_argument("--points", type=int, default=300, help="distinct ones at which a process is killed first")
    parser.add_argument("--runs", type=int, default=1000, help="months in which processes are killed")
    parser.add_argument("--departures", type=int, default=1000, help="points at which somebody leaves, at most")
    parser.add_argument(
        "--races", type=int, default=500, help="on each database; where one cannot be had, as many more on the other"
    )
    parser.add_argument("--tellings", type=int, default=200, help="orders in which a bank says the same")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    return run(parser, CAMPAIGNS)


def _kill(given: Options) -> None:
    for store in on_every_store("kill -9 of a month's pay", say):
        figures = kills.campaign(given.runs, given.points, given.seed, given.processes, store)
        say(
            f"kill -9 of a month's pay on {store.title}: {figures.points} distinct points of {figures.passed.total()}, "
            f"{figures.runs} months, {figures.killed.total()} processes killed ({listed(figures.killed)}), as many "
            f"restarts; {figures.account.files} files at the bank, each of one id and one hash, {figures.account.paid} "
            f"payments booked, each once, unpaid or paid twice 0, audit logs whole; {figures.seconds:.0f} s"
        )


def _departures(given: Options) -> None:
    figures = departures.campaign(given.departures, given.seed)
    say(
        f"departures: {figures.departures} at as many points ({listed(figures.points)}); {figures.unpaid} not paid, "
        f"{figures.too_late} whose file had had its last look before, paid though known 0; {figures.settled} final "
        f"settlements, each paid once; {figures.seconds:.0f} s"
    )


def _races(given: Options) -> None:
    _race("SQLite", "", given, given.seed)
    try:
        with postgres() as server:
            url = server.create()
            migrate(url)
            _race("PostgreSQL", url, given, given.seed)
    except NoServerError as error:
        say(f"races on PostgreSQL: NOT TRIED, SERVER NOT AVAILABLE: {error}; as many others on SQLite instead")
        _race("SQLite", "", given, given.seed + 1)


def _race(database: str, url: str, given: Options, seed: int) -> None:
    with scratch_folder("race") as folder:
        figures = Races(folder, url, seed).run(given.races)
    say(
        f"races on {database}: {figures.races} ({listed(figures.did)}), refused {figures.refused.total()} "
        f"({listed(figures.refused)}); {figures.delivered} files delivered, unsigned or other bytes 0; "
        f"{figures.seconds:.0f} s"
    )


def _tellings(given: Options) -> None:
    with scratch_folder("told") as folder:
        figures = tellings.campaign(folder, given.tellings, given.seed)
    say(
        f"bank's answers in any order: {figures.tellings} orders, {figures.files} files, {figures.lost} lost for good; "
        f"the same end each time, reconciled; {figures.seconds:.0f} s"
    )


CAMPAIGNS: Campaigns = {
    "kill": _kill,
    "departures": _departures,
    "races": _races,
    "tellings": _tellings,
}

if __name__ == "__main__":
    sys.exit(main())
