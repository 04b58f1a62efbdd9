"""The list of pay runs: the newest, how many there are, and a word where some are not on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from baton.console.payments.reading import RUNS_SHOWN
from baton.languages import LANGUAGES
from tests.console.payments_desk import Counter, counter
from tests.rig.payroll import PAYROLL

NEWEST = {
    "en": "The newest 50 of 53. Any other",
    "zh": "最新 50 个，共 53 个",
    "ja": "全 53 件のうち最新の 50 件",
    "ko": "전체 53건 중 최신 50건",
}


def more(desk: Counter, run_id: str, places: range) -> None:
    """Empty runs beside this one, each newer than the one before."""
    hub = desk.office.hub
    with hub.database.write() as connection:
        run, head = hub.pay_runs.get(connection, run_id), hub.runs.get(connection, run_id)
        assert run is not None
        assert head is not None
        for place in places:
            newer = replace(run, run_id=f"pay-{place:04d}", created=run.created + timedelta(minutes=place), asked="")
            hub.runs.insert(connection, replace(head, id=newer.run_id), [])
            hub.pay_runs.insert(connection, newer, [])


def test_the_list_says_how_many_runs_there_are_where_it_has_only_the_newest(tmp_path: Path) -> None:
    with counter(tmp_path) as desk:
        assert desk.get("/api/payments", PAYROLL).json()["total"] == 0
        desk.office.hire("0001")
        run_id = desk.office.draft({"0001": "8000.00"}).run.run_id
        more(desk, run_id, range(1, RUNS_SHOWN))
        assert desk.get("/api/payments", PAYROLL).json()["total"] == RUNS_SHOWN
        whole = desk.get("/payments?lang=en", PAYROLL).text
        assert (run_id in whole, "The newest" in whole) == (True, False)
        more(desk, run_id, range(RUNS_SHOWN, RUNS_SHOWN + 3))
        for person in (PAYROLL, "nobody-zhao"):
            for language in LANGUAGES:
                page = desk.get(f"/payments?lang={language}", person).text
                assert (run_id in page, NEWEST[language] in page) == (False, True)
        found = desk.get("/api/payments?limit=52", PAYROLL).json()
        assert (len(found["runs"]), found["total"]) == (52, 53)
