"""Payment files over HTTPS: what is particular to this profile; the rest are the laws."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import ConnectorError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import Outcome
from baton.sandbox.paying_bank.bank import PayingBank
from baton.sdk import AnswerKind, PaymentFile
from connectors.bank.https_files.connector import HttpsFiles
from connectors.bank.https_files.simulator import Simulator
from tests.connectors.bank.test_host_to_host_payments import finished
from tests.rig.clock import VirtualClock
from tests.sandbox.test_paying_bank import order, payable, reference

Handle = Callable[[httpx.Request], httpx.Response]


def connector(bank: Simulator, handle: Handle | None = None, clock: VirtualClock | None = None) -> HttpsFiles:
    rule = EgressRule.for_urls([bank.base_url], allow_private=True)
    client = Client(rule, transport=httpx.MockTransport(handle or bank.handle), clock=clock)
    return HttpsFiles(HttpsFiles.Settings(**{**bank.settings, **bank.secrets}), client)


def answering(status: int, **body: object) -> Handle:
    return lambda _: httpx.Response(status, json=body)


def some_file(folder: Path, name: str = "run-1.p7m") -> PaymentFile:
    (folder / name).write_bytes(b"sealed")
    return PaymentFile("ab" * 32, name, folder / name, hashlib.sha256(b"sealed").hexdigest(), 6, "MESSAGE0001")


def test_a_file_is_paid_once_and_the_answers_say_so(tmp_path: Path) -> None:
    bank = Simulator()
    target, paying = connector(bank), PayingBank(bank, suffix=".p7m")
    paying.mood.rejects[reference(2)] = "AC01"
    file = finished(target, tmp_path, order("run-1", [payable(1), payable(2)]), "run-1.p7m")
    assert [receipt.outcome for receipt in target.submit([file, file])] == [Outcome.ACCEPTED] * 2
    paying.work()
    paying.book()
    assert paying.paid == {reference(1): 1}
    assert [answer.kind for answer in target.answers(())] == [AnswerKind.REPORT, AnswerKind.STATEMENT]


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (422, {"error": "key_reused"}, HaltError, "key_reused"),
        (400, {"error": "digest_mismatch"}, RetryableError, "digest_mismatch"),
        (201, {"name": "run-1.p7m", "size_bytes": 5, "sha256": "00"}, InDoubtError, "other_content"),
        (201, {}, InDoubtError, "other_content"),
    ],
)
def test_what_the_bank_says_of_a_put(tmp_path, status, body, error, code) -> None:
    target = connector(Simulator(), answering(status, **body))
    file = some_file(tmp_path)
    if error is InDoubtError:
        (receipt,) = target.submit([file])
        assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, code)
        return
    with pytest.raises(error) as caught:
        target.submit([file])
    assert caught.value.code == code


def test_a_name_that_is_taken_is_refused(tmp_path) -> None:
    (receipt,) = connector(Simulator(), answering(409, error="name_taken")).submit([some_file(tmp_path)])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "other_content")


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(409, json={"error": "request_in_progress"}), httpx.Response(409, text="<html>Conflict</html>")],
    ids=["in progress", "a proxy"],
)
def test_only_the_banks_own_word_says_that_a_name_is_taken(tmp_path: Path, answer: httpx.Response) -> None:
    bank, file = Simulator(), some_file(tmp_path)
    (receipt,) = connector(bank, lambda _: answer).submit([file])
    assert receipt.outcome is Outcome.IN_DOUBT
    assert [told.outcome for told in connector(bank).trace([file])] == [Outcome.NOT_PERFORMED]


def test_only_the_banks_own_word_says_that_a_file_is_not_there(tmp_path) -> None:
    file = some_file(tmp_path)
    (receipt,) = connector(Simulator(), answering(404, error="no_such_file")).trace([file])
    assert receipt.outcome is Outcome.NOT_PERFORMED
    for call in ("trace", "submit"):
        with pytest.raises(HaltError) as caught:
            getattr(connector(Simulator(), answering(404, error="no_such_resource")), call)([file])
        assert caught.value.code == "http_404"
    with pytest.raises(ConnectorError):
        connector(Simulator(), lambda _: httpx.Response(404, text="<html>a proxy</html>")).trace([file])


@pytest.mark.parametrize("trouble", [503, 404, None])
def test_a_file_that_could_not_be_asked_for_is_not_said_to_be_absent(tmp_path: Path, trouble: int | None) -> None:
    bank = Simulator()
    first, second = (some_file(tmp_path, name) for name in ("run-1.p7m", "run-2.p7m"))
    second = replace(second, key="cd" * 32)
    connector(bank).submit([first, second])
    assert len(bank.delivered_files) == 2

    def failing(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith(second.name):
            return bank.handle(request)
        if trouble is None:
            raise httpx.ReadError("gone")
        return httpx.Response(trouble, text="<html>a proxy</html>")

    with pytest.raises(ConnectorError):
        connector(bank, failing).trace([first, second])


def test_the_key_the_digest_and_the_condition_travel_with_the_file(tmp_path) -> None:
    bank, seen = Simulator(), []

    def watching(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return bank.handle(request)

    file = some_file(tmp_path, "名 字?.p7m")
    connector(bank, watching).submit([file])
    (request,) = seen
    assert request.method == "PUT"
    assert request.headers["Idempotency-Key"] == file.key
    assert request.headers["If-None-Match"] == "*"
    assert list(bank.delivered_files) == [file.name]


def test_a_list_that_never_ends_or_says_unknown_words_is_an_error() -> None:
    listed = {"name": "a", "kind": "GREETING", "size_bytes": 1, "sha256": "00"}
    for body, error in (
        ({"answers": [], "next": "7"}, RetryableError),
        ({"answers": []}, RetryableError),
        ({"answers": [], "next": 7}, RetryableError),
        ({"answers": [listed], "next": None}, HaltError),
        ({"answers": [{"kind": "REPORT"}], "next": None}, RetryableError),
    ):
        with pytest.raises(error):
            list(connector(Simulator(), answering(200, **body)).answers(()))


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"kind": "GREETING"}, HaltError, "report_000000.p7m"),
        ({"kind": ["REPORT"]}, RetryableError, "no list of answers"),
        ({"size_bytes": "many"}, RetryableError, "no list of answers"),
    ],
)
def test_one_entry_of_the_list_that_is_not_understood_keeps_no_other_answer_from_being_read(
    wrong: dict[str, object], error: type[ConnectorError], told: str
) -> None:
    bank = Simulator()
    _, *others = [bank.leave_answer(n)[0] for n in range(3)]

    def naming(request: httpx.Request) -> httpx.Response:
        answer = bank.handle(request)
        if not request.url.path.endswith("/answers"):
            return answer
        body = answer.json()
        body["answers"][0] |= wrong
        return httpx.Response(200, json=body)

    given: list[str] = []
    with pytest.raises(error, match=told):
        given.extend(answer.name for answer in connector(bank, naming).answers(()))
    assert given == others
    (finding,) = connector(bank, naming).check()
    assert not finding.ok


def test_what_is_wrong_with_one_answer_does_not_hide_what_is_wrong_with_another() -> None:
    bank = Simulator()
    forged, (spoilt, _) = bank.leave_forgery(1), bank.leave_answer(2)

    def losing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if request.url.path.endswith(spoilt) else bank.handle(request)

    with pytest.raises(HaltError, match=f"{forged}.*and besides.*404"):
        list(connector(bank, losing).answers(()))


def test_an_answer_that_is_not_what_was_listed_is_read_again_later() -> None:
    bank = Simulator()
    bank.leave_answer(1)

    def swapping(request: httpx.Request) -> httpx.Response:
        answer = bank.handle(request)
        return answer if request.url.path.endswith("/answers") else httpx.Response(200, content=answer.content[:-1])

    with pytest.raises(RetryableError):
        list(connector(bank, swapping).answers(()))


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [(200, RetryableError), (404, RejectedError), (403, HaltError), (500, RetryableError), (503, RetryableError)],
)
def test_one_answer_that_stays_damaged_or_gone_keeps_no_later_one_from_being_read(
    spoilt: int, error: type[ConnectorError]
) -> None:
    bank = Simulator()
    first, *others = [bank.leave_answer(n)[0] for n in range(3)]

    def spoiling(request: httpx.Request) -> httpx.Response:
        answer = bank.handle(request)
        return httpx.Response(spoilt, content=answer.content[:-1]) if request.url.path.endswith(first) else answer

    given: list[str] = []
    with pytest.raises(error):
        given.extend(answer.name for answer in connector(bank, spoiling).answers(()))
    assert given == others


def test_an_answer_that_cannot_be_had_is_named_and_asked_for_again() -> None:
    bank = Simulator()
    first, second = (bank.leave_answer(n)[0] for n in range(2))

    def losing(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(first):
            raise httpx.ReadError("gone")
        return bank.handle(request)

    with pytest.raises(RetryableError, match=first):
        list(connector(bank, losing).answers(()))
    assert [answer.name for answer in connector(bank).answers((second,))] == [first]


@pytest.mark.parametrize("status", [401, 429, None])
def test_what_is_said_of_the_line_and_not_of_one_answer_ends_the_reading(status: int | None) -> None:
    bank, asked = Simulator(), []
    names = [bank.leave_answer(n)[0] for n in range(3)]

    def refusing(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/answers"):
            return bank.handle(request)
        asked.append(request.url.path)
        if status is None:
            raise httpx.ConnectError("refused")
        return httpx.Response(status)

    with pytest.raises(ConnectorError):
        list(connector(bank, refusing).answers(()))
    assert [path.rpartition("/")[2] for path in asked] == names[:1]


def test_answers_that_take_too_long_to_fail_leave_the_rest_for_the_next_time() -> None:
    bank, asked, clock = Simulator(), [], VirtualClock()
    for n in range(9):
        bank.leave_answer(n)

    def hanging(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/answers"):
            return bank.handle(request)
        asked.append(request.url.path)
        clock.sleep(40.0)
        raise httpx.ReadTimeout("slow")

    with pytest.raises(RetryableError, match="left for the next time"):
        list(connector(bank, hanging, clock).answers(()))
    assert len(asked) == 3


def test_a_page_of_the_list_that_is_lost_hides_nothing_that_was_found_before() -> None:
    bank = Simulator()
    bank.page_size = 2
    forged, (good, _) = bank.leave_forgery(0), bank.leave_answer(1)
    bank.leave_answer(2)

    def losing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if "after" in request.url.params else bank.handle(request)

    given: list[str] = []
    with pytest.raises(HaltError, match=f"{forged}.*503"):
        given.extend(answer.name for answer in connector(bank, losing).answers(()))
    assert given == [good]


def test_an_answer_that_is_listed_as_too_large_is_not_fetched_and_hides_no_other() -> None:
    bank, asked = Simulator(), []
    first, *others = [bank.leave_answer(n)[0] for n in range(3)]

    def enlarging(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        answer = bank.handle(request)
        if not request.url.path.endswith("/answers"):
            return answer
        body = answer.json()
        body["answers"][0]["size_bytes"] = (64 << 20) + 1
        return httpx.Response(200, json=body)

    given: list[str] = []
    with pytest.raises(HaltError, match=first) as caught:
        given.extend(answer.name for answer in connector(bank, enlarging).answers(()))
    assert caught.value.code == "file_too_large"
    assert caught.value.remedy
    assert given == others
    assert not any(path.endswith(first) for path in asked)


def test_the_list_tells_when_a_file_is_another_one_by_now() -> None:
    bank = Simulator()
    name, content = bank.leave_answer(1)
    before = connector(bank).marks()
    bank._answers.clear()
    bank.answer_payments(name, content + b" ")
    assert list(before) == [name]
    assert connector(bank).marks()[name] != before[name]


def test_pages_are_followed_and_check_counts() -> None:
    bank = Simulator()
    bank.page_size = 2
    names = [bank.leave_answer(n)[0] for n in range(5)]
    assert [answer.name for answer in connector(bank).answers(())] == names
    assert [(finding.ok, finding.detail) for finding in connector(bank).check()] == [(True, "5 answers")]
