"""i人事 as a source of records: employees, departments and positions, read whole or refused."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from baton.errors import ConfigurationError, FeedRefusedError, HaltError, RetryableError
from baton.sdk import Feed
from connectors.hr.ihr360.simulator import Simulator
from tests.connectors.hr.test_ihr360 import changing, source

SEARCH = "/organizations/search"


def organised(departments: int) -> Simulator:
    sim = Simulator()
    sim.seed_departments(
        {"id": n, "name": f"示例部门{n}", "parentId": n - 1 or -1, "departmentCode": f"{n:04}", "type": "DEPARTMENT"}
        for n in range(1, departments + 1)
    )
    return sim


def rows_of(feed: Feed) -> list[dict[str, Any]]:
    return [row for page in feed.pages for row in page.rows.to_dicts()]


def test_there_are_three_collections_and_no_other() -> None:
    ihr = source(Simulator())
    assert ihr.collections() == ("employees", "departments", "positions")
    with pytest.raises(ConfigurationError, match="employees, departments, positions"):
        ihr.records("salaries")


def test_employees_are_those_of_the_census() -> None:
    sim = Simulator()
    sim.seed(sim.sample(n) for n in range(1, 4))
    ihr = source(sim)
    assert rows_of(ihr.records("employees")) == rows_of(ihr.census())
    assert ihr.records("employees").origin.digest == ihr.census().origin.digest


@pytest.mark.parametrize("count", [0, 1, 100, 250])
def test_departments_are_read_page_by_page_as_text(count: int) -> None:
    sim = organised(count)
    feed = source(sim).records("departments")
    rows = rows_of(feed)
    assert [row["departmentCode"] for row in rows] == [f"{n:04}" for n in range(1, count + 1)]
    assert sim.calls.count(f"POST /openapi/thirdparty/api/org/v1{SEARCH}") == max(1, -(-count // 100))
    if count:
        assert (rows[0]["id"], rows[0]["parentId"], rows[0]["storeNumber"]) == ("1", "-1", None)
        assert feed.origin.digest != source(organised(count - 1)).records("departments").origin.digest


def test_positions_come_in_one_list_without_their_inner_lists() -> None:
    sim = Simulator()
    sim.seed_positions([{"positionName": "会计", "capacity": 2, "positionScope": [1, 2]}, {"positionName": "出纳"}])
    rows = rows_of(source(sim, page_rows=1).records("positions"))
    assert [(row["positionName"], row["capacity"]) for row in rows] == [("会计", "2"), ("出纳", None)]
    assert all("positionScope" not in row for row in rows)


def test_a_record_that_is_no_text_is_listed_with_its_place() -> None:
    sim = organised(3)
    sim._departments[1]["name"] = {"zh": "示例"}
    pages = list(source(sim).records("departments").pages)
    assert [(page.first_row, page.rows.height) for page in pages] == [(1, 1), (3, 1)]
    assert [(bad.row, bad.column, bad.rule) for page in pages for bad in page.rejected] == [(2, "name", "not_text")]


@pytest.mark.parametrize("what", ["grown", "twice", "short"])
def test_departments_that_change_while_they_are_read_are_refused(what: str) -> None:
    sim = organised(150)

    def change(body: dict[str, Any], request: httpx.Request) -> None:
        if orjson.loads(request.content)["page"] != 1:
            return
        data = body["data"]
        if what == "grown":
            data["totalElements"] += 1
        elif what == "twice":
            data["content"][0]["uuid"] = "d00000001"
        else:
            data["content"].pop()

    with pytest.raises(FeedRefusedError) as caught:
        source(sim, changing(sim, SEARCH, change)).records("departments")
    assert [breach.guard for breach in caught.value.breaches] == ["source_changed"]


def test_employees_that_change_while_they_are_read_are_refused() -> None:
    sim = Simulator()
    sim.seed([sim.sample(1), {**sim.sample(2), "staffStatus": "QUIT"}])

    def change(body: dict[str, Any], _request: httpx.Request) -> None:
        body["data"]["dataList"] = ["s00000001"]

    with pytest.raises(FeedRefusedError):
        source(sim, changing(sim, "/ids", change)).records("employees")


def test_an_answer_of_another_shape_stops_the_system() -> None:
    sim = organised(3)
    flat = changing(sim, SEARCH, lambda body, _: {**body, **body["data"], "data": body["data"]["content"]})
    with pytest.raises(HaltError) as caught:
        source(sim, flat).records("departments")
    assert caught.value.code == "contract"


def test_more_pages_than_allowed_stop_the_system() -> None:
    sim = organised(250)
    with pytest.raises(HaltError) as caught:
        source(sim, max_pages=2).records("departments")
    assert caught.value.code == "too_many_pages"


def test_a_lost_answer_is_tried_again_later_not_called_a_change() -> None:
    sim = organised(3)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(SEARCH):
            raise httpx.ReadTimeout("lost")
        return sim.handle(request)

    with pytest.raises(RetryableError):
        source(sim, handler).records("departments")
