"""A Salesforce org of its own process, with a leaver who owns very much: ``python -m tests.bench.salesforce_org``.

It says its address and the ids of its people as one line of JSON, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import httpx

from connectors.crm.salesforce.simulator import Simulator
from tests.connectors.serving import serve

PEOPLE = (1, 2, 3)
"""The manager, who is the successor; the leaver; and somebody for the bare loop to give everything to."""
LEAVER = 2
SHARES = {"contact": 0.3, "opportunity": 0.3, "client": 0.4}
"""Kind -> its share of what the leaver owns."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--owned", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True, help="seconds a call takes beside the org's own work")
    given = parser.parse_args()
    simulator = Simulator()
    people = {f"{n:04d}": simulator.seed_person(n) for n in PEOPLE}
    for kind, share in SHARES.items():
        for n in range(round(given.owned * share)):
            simulator.seed_holding(kind, n + 1, people[f"{LEAVER:04d}"])

    def answer(request: httpx.Request) -> httpx.Response:
        time.sleep(given.latency)
        return simulator.handle(request)

    with serve(answer) as base_url:
        simulator.base_url = base_url
        told = {"settings": dict(simulator.settings), "secrets": dict(simulator.secrets), "people": people}
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
