"""i人事: the census against the simulator, token renewal, and every way a list can be inconsistent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import ConnectorError, HaltError, RetryableError
from connectors.hr.ihr360.connector import Ihr360, Ihr360Settings
from connectors.hr.ihr360.simulator import Simulator

Handler = Callable[[httpx.Request], httpx.Response]


def source(sim: Simulator, handler: Handler | None = None, **more: Any) -> Ihr360:
    rule = EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True)
    client = Client(rule, transport=httpx.MockTransport(handler or sim.handle))
    return Ihr360(Ihr360Settings.model_validate({**sim.settings, **sim.secrets, **more}), client)


def staffed(count: int) -> Simulator:
    sim = Simulator()
    sim.seed(sim.sample(n) for n in range(1, count + 1))
    return sim


def census_rows(ihr: Ihr360) -> list[dict[str, Any]]:
    return [row for page in ihr.census().pages for row in page.rows.to_dicts()]


def test_census_gives_both_lists_as_text() -> None:
    sim = staffed(5)
    sim.seed([sim.changed(2), {**sim.sample(12), "staffName": "测试䶮"}])
    rows = census_rows(source(sim))
    assert rows == sim.people
    assert {row["staffNo"]: row["staffStatus"] for row in rows}["0002"] == "QUIT"
    assert "测试䶮" in [row["staffName"] for row in rows]


def test_large_company_is_asked_in_thousands_with_one_token() -> None:
    sim = staffed(2150)
    assert len(census_rows(source(sim))) == 2150
    assert sim.calls.count("POST /openapi/thirdparty/api/staff/v1/staffs/basic") == 3
    assert sim.calls.count("POST /openapi/oauth/token") == 1


def test_empty_company_gives_one_empty_page() -> None:
    pages = list(source(Simulator()).census().pages)
    assert len(pages) == 1
    assert pages[0].rows.height == 0
    assert "staffNo" in pages[0].rows.columns
    assert pages[0].cursor is None


def test_token_forgotten_by_the_vendor_is_renewed_once() -> None:
    sim = staffed(3)
    ihr = source(sim)
    census_rows(ihr)
    sim.expire_token()
    assert len(census_rows(ihr)) == 3
    assert sim.calls.count("POST /openapi/oauth/token") == 2


def test_token_never_accepted_halts_instead_of_looping() -> None:
    sim = staffed(1)

    def handler(request: httpx.Request) -> httpx.Response:
        if "oauth" in request.url.path:
            return sim.handle(request)
        sim.calls.append("refused")
        return httpx.Response(200, json={"error": "invalid_token"})

    with pytest.raises(HaltError) as caught:
        source(sim, handler).census()
    assert caught.value.code == "invalid_token"
    assert sim.calls.count("refused") == 2


def test_many_threads_fetch_one_token() -> None:
    sim = staffed(3)
    ihr = source(sim)
    threads = [threading.Thread(target=ihr.check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sim.calls.count("POST /openapi/oauth/token") == 1


def test_wrong_secret_halts_without_repeating_it() -> None:
    sim = Simulator()
    with pytest.raises(HaltError) as caught:
        source(sim, app_secret="wrong-canary").census()
    assert caught.value.code == "invalid_client"
    assert "wrong-canary" not in str(caught.value)


def changing(sim: Simulator, at: str, change: Callable[[dict[str, Any], httpx.Request], Any]) -> Handler:
    """The simulator, with the body of one interface changed."""

    def handler(request: httpx.Request) -> httpx.Response:
        answer = sim.handle(request)
        if not request.url.path.endswith(at):
            return answer
        body = orjson.loads(answer.content)
        changed = change(body, request)
        return httpx.Response(answer.status_code, json=body if changed is None else changed)

    return handler


def page_number(request: httpx.Request) -> int:
    return int(request.url.params["pageNo"])


@pytest.mark.parametrize("by", [-1, 1])
def test_list_changing_its_length_during_the_walk(by: int) -> None:
    sim = staffed(350)

    def change(body: dict[str, Any], request: httpx.Request) -> None:
        if page_number(request) == 2:
            body["data"]["pageInfo"]["totalPages"] += by

    with pytest.raises(RetryableError) as caught:
        source(sim, changing(sim, "/ids", change)).census()
    assert caught.value.code == "walk_changed"


def numbered_from_zero(sim: Simulator) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ids"):
            url = request.url.copy_set_param("pageNo", str(page_number(request) + 1))
            request = httpx.Request(request.method, url, headers=request.headers)
        return sim.handle(request)

    return handler


@pytest.mark.parametrize(
    ("page_size", "error", "code"), [(100, HaltError, "first_page"), (4, RetryableError, "walk_changed")]
)
def test_pages_numbered_in_the_other_way_are_never_a_census(
    page_size: int, error: type[ConnectorError], code: str
) -> None:
    """The first page would be left out: of a small company everybody, so that all would seem to have left."""
    sim = staffed(9)
    sim.page_size = page_size
    handler = numbered_from_zero(sim)
    with pytest.raises(error) as caught:
        source(sim, handler).census()
    assert caught.value.code == code
    (finding,) = source(sim, handler).check()
    assert not finding.ok
    assert "first_page" in caught.value.remedy
    assert "first_page" in finding.remedy
    right = source(sim, handler, first_page=0)
    assert census_rows(right) == sim.people
    assert [found.ok for found in right.check()] == [True]


def test_one_page_of_nobody_who_quit_is_taken_as_that() -> None:
    sim = staffed(3)

    def change(body: dict[str, Any], request: httpx.Request) -> None:
        body["data"]["pageInfo"]["totalPages"] = 1

    assert census_rows(source(sim, changing(sim, "/ids", change))) == sim.people


def test_repeated_page_halts() -> None:
    sim = staffed(350)
    first = [each["staffId"] for each in sim.people[:100]]

    def change(body: dict[str, Any], request: httpx.Request) -> None:
        body["data"]["dataList"] = first

    with pytest.raises(HaltError) as caught:
        source(sim, changing(sim, "/ids", change)).census()
    assert caught.value.code == "contract"
    assert "page 2" in caught.value.message


def test_person_in_both_lists() -> None:
    sim = staffed(3)
    both = [sim.people[0]["staffId"]]

    def change(body: dict[str, Any], request: httpx.Request) -> None:
        if request.url.params["staffStatus"] == "QUIT":
            body["data"] = {"dataList": both, "pageInfo": {"totalPages": 1}}

    with pytest.raises(RetryableError) as caught:
        source(sim, changing(sim, "/ids", change)).census()
    assert caught.value.code == "walk_changed"


def test_who_comes_back_between_the_lists_makes_it_no_census() -> None:
    """In neither list, and so seeming to have left."""
    sim = staffed(6)
    sim.seed([sim.changed(5)])
    calls: list[str] = []

    def change(body: dict[str, Any], request: httpx.Request) -> None:
        calls.append(request.url.params["staffStatus"])
        if len(calls) == 1:
            sim._staff["s00000005"]["staffStatus"] = "IN_SERVICE"

    with pytest.raises(RetryableError) as caught:
        source(sim, changing(sim, "/ids", change)).census()
    assert caught.value.code == "walk_changed"
    assert calls == ["IN_SERVICE", "QUIT", "IN_SERVICE"]
    assert len(census_rows(source(sim))) == 6


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        (lambda data: data[:-1], RetryableError, "short_answer"),
        (lambda data: [*data, data[0]], HaltError, "contract"),
        (lambda data: [*data[:-1], {**data[-1], "staffId": "stranger"}], HaltError, "contract"),
        (lambda data: [{**data[0], "staffStatus": "QUIT"}, *data[1:]], RetryableError, "walk_changed"),
        (lambda data: {"0": data}, HaltError, "contract"),
        (lambda data: None, HaltError, "contract"),
    ],
)
def test_basic_details_that_do_not_match_the_question(change: Any, error: type[Exception], code: str) -> None:
    sim = staffed(3)
    handler = changing(sim, "/basic", lambda body, _: {**body, "data": change(body["data"])})
    with pytest.raises(error) as caught:
        source(sim, handler).census()
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_basic_details_in_another_order_are_matched_by_id() -> None:
    sim = staffed(3)
    handler = changing(sim, "/basic", lambda body, _: {**body, "data": body["data"][::-1]})
    assert census_rows(source(sim, handler)) == sim.people


def test_unknown_business_code_is_loud() -> None:
    sim = staffed(1)
    handler = changing(sim, "/ids", lambda body, _: {"code": 50012, "message": "测试甲 refused", "data": None})
    with pytest.raises(HaltError) as caught:
        source(sim, handler).census()
    assert caught.value.code == "unmapped_50012"
    assert "测试甲" not in str(caught.value)


def test_records_that_are_no_text_are_rejected_by_place() -> None:
    sim = staffed(4)
    sim.seed([{"staffNo": "0002", "staffName": {"cn": "测试"}}])

    def change(body: dict[str, Any], request: httpx.Request) -> None:
        body["data"][2]["staffNo"] = "  "

    pages = list(source(sim, changing(sim, "/basic", change)).census().pages)
    rejected = [(each.row, each.rule, each.column) for page in pages for each in page.rejected]
    assert rejected == [(2, "not_text", "staffName"), (3, "no_number", "staffNo")]
    assert [(page.first_row, page.rows.height) for page in pages] == [(1, 1), (4, 1)]


def test_digest_is_of_the_content_not_of_the_order() -> None:
    sim = staffed(3)
    one = source(sim).census().origin.digest
    handler = changing(sim, "/ids", lambda body, _: body["data"]["dataList"].reverse())
    assert source(sim, handler).census().origin.digest == one
    sim.seed([sim.changed(1)])
    assert source(sim).census().origin.digest != one


def test_check_says_what_is_wrong() -> None:
    sim = staffed(3)
    assert [finding.ok for finding in source(sim).check()] == [True]
    finding = source(sim, app_secret="wrong").check()[0]
    assert not finding.ok
    assert finding.remedy
