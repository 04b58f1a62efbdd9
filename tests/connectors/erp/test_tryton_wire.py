"""What the Tryton connector makes of answers that a healthy server does not give."""

from __future__ import annotations

import httpx
import orjson
import pytest

from baton.egress import EgressRule
from baton.sdk import Client, HaltError, InDoubtError, Intent, Outcome, Receipt, RejectedError, RetryableError
from connectors.erp.tryton import wire
from connectors.erp.tryton.isolate import isolate
from connectors.erp.tryton.rpc import Rpc

READ, WRITE = Intent.READ, Intent.WRITE


def rpc(answer):
    """An Rpc whose calls are answered by ``answer(body)`` (a response, or what goes beside the id); logins succeed."""

    def handle(request):
        body = orjson.loads(request.content)
        assert set(body) == {"id", "method", "params"}
        made = {"result": [1, "f" * 64, None]} if body["method"] == "common.db.login" else answer(body)
        return made if isinstance(made, httpx.Response) else httpx.Response(200, json={"id": body["id"], **made})

    client = Client(EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True), transport=httpx.MockTransport(handle))
    return Rpc(client, base_url="http://127.0.0.1:1/", database="erp", username="hub", password="x")


def failure(answer, intent):
    calls = rpc(lambda _body: answer)
    with pytest.raises((RetryableError, RejectedError, InDoubtError, HaltError)) as caught:
        (calls.write if intent is WRITE else calls.read)("model.party.party.create", [{}], context={})
    return caught.value


@pytest.mark.parametrize(
    ("answer", "intent", "kind", "code"),
    [
        ({"error": ["UserError", ["no", "", None]]}, WRITE, RejectedError, "UserError"),
        ({"error": ["UserWarning", ["name", "no", ""]]}, WRITE, RejectedError, "UserWarning"),
        ({"error": ["ConcurrencyException", "x"]}, WRITE, RetryableError, "ConcurrencyException"),
        ({"error": ["RateLimitException", ""]}, WRITE, RetryableError, "RateLimitException"),
        ({"error": ["LoginException", ["password", "", "password"]]}, READ, HaltError, "LoginException"),
        ({"error": ["MissingDependenciesException", []]}, READ, HaltError, "MissingDependenciesException"),
        ({"error": ["database is locked", ""]}, WRITE, RetryableError, "database_busy"),
        ({"error": ["'nope'", ""]}, READ, HaltError, "unmapped_error"),
        ({"error": ["'nope'", ""]}, WRITE, RejectedError, "unmapped_error"),
        ({"error": []}, READ, HaltError, "unmapped_error"),
        ({}, WRITE, InDoubtError, "garbled"),
        ({}, READ, RetryableError, "garbled"),
        ({"id": 99, "result": 1}, WRITE, InDoubtError, "garbled"),
        (httpx.Response(200, text="<html>"), WRITE, InDoubtError, "garbled"),
        (httpx.Response(400), WRITE, HaltError, "http_400"),
        (httpx.Response(401), WRITE, HaltError, "session_refused"),
        (httpx.Response(403), WRITE, HaltError, "http_403"),
        (httpx.Response(404), READ, HaltError, "http_404"),
        (httpx.Response(413), WRITE, RejectedError, "http_413"),
        (httpx.Response(422), WRITE, HaltError, "http_422"),
        (httpx.Response(429), WRITE, RetryableError, "http_429"),
        (httpx.Response(302, headers={"Location": "http://x"}), WRITE, HaltError, "http_302"),
        (httpx.Response(504), WRITE, InDoubtError, "http_504"),
        (httpx.Response(504), READ, RetryableError, "http_504"),
    ],
)
def test_every_answer_has_one_meaning(answer, intent, kind, code):
    error = failure(answer, intent)
    assert type(error) is kind
    assert error.code == code


def test_a_refusal_keeps_the_sentence_and_the_field_but_no_quotation():
    details = ['The value "密名" for "End Date" in "测试甲".', "", [[], {"end_date": {"string": "End Date"}}]]
    error = wire.error_of(["UserError", details], WRITE)
    assert error.message == 'The value "…" for "…" in "…". (field end_date)'


@pytest.mark.parametrize(
    "name",
    ['Anna "Nanni" Muster', '"Nanni" Muster', 'Anna "Nanni"', 'Muster "', '5" Rohr', "测试 “甲”", "甲\n乙", '"', ""],
)
def test_a_name_with_quotation_marks_in_it_is_left_out_too(name):
    details = [f'The phone number "13800000001" of party "{name}" is not valid.', f'See "{name}" for it.', []]
    message = wire.error_of(["UserError", details], WRITE).message
    assert not any(part in message for part in ("13800000001", "Nanni", "Anna", "Muster", "Rohr", "测试", "甲", "乙"))
    assert message.startswith('The phone number "…"')


def test_a_short_list_of_created_ids_is_in_doubt():
    from connectors.erp.tryton.directory import Directory

    for ids in ([], [1], [1, 1], [1, 2, 3], None):
        directory = Directory(rpc(lambda _body, ids=ids: {"result": ids}), company_id=1, code_prefix="")
        with pytest.raises(InDoubtError):
            directory.create_parties([{"name": "测试甲"}, {"name": "测试乙"}])


def test_a_row_of_another_shape_is_no_row():
    from connectors.erp.tryton.directory import Directory

    for rows in ([{"id": 1}], [None], None, 7):
        directory = Directory(rpc(lambda _body, rows=rows: {"result": rows}), company_id=1, code_prefix="")
        with pytest.raises(RetryableError, match="unexpected shape"):
            directory.employments([1])


def test_pages_that_do_not_advance_end_in_an_error():
    from connectors.erp.tryton.directory import PAGE, Directory

    row = {"id": 1, "party": 1, "start_date": None, "end_date": None, "supervisor": None, "_timestamp": "1"}
    page = [{**row, "id": n + 1} for n in range(PAGE)]
    directory = Directory(rpc(lambda _body: {"result": page}), company_id=1, code_prefix="")
    with pytest.raises(RetryableError, match="out of order"):
        list(directory.everyone())


# --- halving


class Batch:
    """A send that fails on given items, all or nothing."""

    def __init__(self, failures):
        self.failures = failures
        self.calls = 0
        self.done = []

    def __call__(self, items):
        self.calls += 1
        for item in items:
            if item in self.failures:
                raise self.failures[item]
        self.done += items
        return [f"ok{item}" for item in items]


def test_halving_isolates_each_bad_item_in_few_calls():
    batch = Batch({7: RejectedError("no", code="UserError"), 150: RejectedError("no", code="UserError")})
    results = isolate(range(200), batch)
    assert [n for n, r in enumerate(results) if isinstance(r, Receipt)] == [7, 150]
    assert results[8] == "ok8"
    assert sorted(batch.done) == [n for n in range(200) if n not in (7, 150)]
    assert batch.calls < 40


@pytest.mark.parametrize("error", [InDoubtError("?"), RetryableError("later"), HaltError("stop")])
def test_what_concerns_the_whole_call_is_raised_while_nothing_is_done(error):
    with pytest.raises(type(error)):
        isolate([1, 2], Batch({1: error}))


def test_after_a_split_each_item_says_what_became_of_it():
    failures = {0: RejectedError("no"), 2: InDoubtError("?"), 4: RetryableError("later", retry_after_s=3)}
    batch = Batch(failures)
    results = isolate([1, 1, 0, 1, 2, 2, 4, 4], batch)
    kinds = [r.outcome if isinstance(r, Receipt) else r for r in results]
    assert kinds[:4] == ["ok1", "ok1", Outcome.REFUSED, "ok1"]
    assert kinds[4:] == [Outcome.IN_DOUBT] * 4  # the half went out as one call, and that call's answer was lost


def test_what_stops_the_system_after_a_split_takes_no_receipt_from_what_is_done():
    """The session ends, or a right is taken away, while a refused batch is being halved."""
    batch = Batch({0: RejectedError("no"), 2: HaltError("stop", code="session_refused")})
    results = isolate([1, 1, 0, 1, 2, 2], batch)
    assert batch.done == [1, 1]
    kinds = [(r.outcome, r.code) if isinstance(r, Receipt) else r for r in results]
    assert kinds == ["ok1", "ok1", (Outcome.REFUSED, "rejected"), *[(Outcome.NOT_PERFORMED, "session_refused")] * 3]


def test_a_conflict_is_isolated_like_a_refusal_but_may_be_sent_again():
    batch = Batch({3: RetryableError("changed", code=wire.CONCURRENCY)})
    results = isolate(range(8), batch)
    assert [r.outcome for r in results if isinstance(r, Receipt)] == [Outcome.NOT_PERFORMED]
    assert len(batch.done) == 7
