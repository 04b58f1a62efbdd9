"""One planning in a process of its own: ``python -m tests.bench.plan_once FOLDER PEOPLE first|news|again``; says its seconds.

One person in ten has an account. ``first`` also sends, so that what follows meets a company that is as it should be.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from baton.hub.execution import apply, settle
from baton.hub.sync import SyncRequest, plan_sync
from tests.bench.roster import person, roster_company, write_rows
from tests.rig.company import TARGET_MAPPING

STEPS = ("first", "again", "news")
NEWS = 100
"""One person in so many has a new position."""
SCOPED = TARGET_MAPPING.replace("TARGET", "crm/fake_crm").replace(
    "fields:", "scope:\n  employment_type: [regular]\nfields:", 1
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("people", type=int)
    parser.add_argument("step", choices=STEPS)
    given = parser.parse_args()
    company = roster_company(given.folder)
    company.write_mapping("crm", SCOPED)
    if given.step != "again":
        _write(company.roster, given.people, news=given.step == "news")
    with company.open() as hub:
        started = time.perf_counter()
        plan = plan_sync(hub, SyncRequest())
        took_s = time.perf_counter() - started
        if given.step == "first":
            apply(hub)
            settle(hub, plan.run.id)
    sys.stdout.write(f"{took_s:.4f}\n")


def _write(path: Path, people: int, *, news: bool) -> None:
    def line(number: int) -> dict[str, str]:
        moved = news and number % NEWS == 0
        return {**person(number, "经理" if moved else "客户经理"), "用工类型": "正式" if number % 10 == 0 else "外包"}

    write_rows(path, (line(number) for number in range(1, people + 1)))


if __name__ == "__main__":
    main()
