"""Libraries that insist on ``requests`` get the same guarantees."""

import gzip
import time

import pytest
import requests

from baton.client import Intent
from baton.egress import EgressRule
from baton.errors import HaltError, InDoubtError, RetryableError

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"


def test_an_ordinary_exchange(raw, client_for):
    body = gzip.compress('{"name": "䶮"}'.encode())
    server = raw(
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json; charset=utf-8\r\nContent-Encoding: gzip\r\n"
        b"Location: /things/1\r\nRetry-After: 5\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    session = client_for(server).session()
    got = session.post(server.url, params={"q": "测试"}, json={"a": 1}, headers={"X-One": "1"}, auth=("me", "pw"))
    assert (got.status_code, got.json(), got.ok) == (201, {"name": "䶮"}, True)
    assert got.headers["retry-after"] == "5"
    assert got.headers["Location"] == "/things/1"
    assert got.encoding == "utf-8"
    assert got.elapsed.total_seconds() > 0
    head = server.heads[0]
    assert head.startswith(b"POST /x?q=%E6%B5%8B%E8%AF%95 HTTP/1.1\r\n")
    assert b"X-One: 1\r\n" in head
    assert b"Authorization: Basic" in head
    assert head.lower().count(b"accept-encoding: gzip\r\n") == 1
    assert head.lower().count(b"content-length:") == 1


def test_half_a_character_is_no_json_here_either(raw, client_for):
    def answer(body):
        server = raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return client_for(server).session().get(server.url), client_for(server).request("GET", server.url)

    ours, _ = answer(b'{"name": "\\ud83d\\ude00"}')
    assert ours.json() == {"name": "😀"}
    theirs, own = answer(b'{"name": "\\ud83d"}')
    with pytest.raises(requests.exceptions.InvalidJSONError, match="half of a character"):
        theirs.json()
    with pytest.raises(RetryableError, match="not JSON"):
        own.json()


def test_errors_of_the_other_side_are_answers(raw, client_for):
    server = raw(b"HTTP/1.1 429 Slow Down\r\nRetry-After: 11\r\nContent-Length: 0\r\n\r\n")
    got = client_for(server).session().get(server.url)
    assert (got.status_code, got.headers["Retry-After"]) == (429, "11")
    with pytest.raises(requests.HTTPError):
        got.raise_for_status()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("follow", [True, False])
def test_a_redirect_stops_and_is_never_taken_for_content(raw, client_for, status, follow):
    goal = raw(OK)
    server = raw(f"HTTP/1.1 {status} Moved\r\nLocation: {goal.url}\r\nContent-Length: 0\r\n\r\n".encode())
    client = client_for(server, rule=EgressRule(frozenset({server.origin, goal.origin}), allow_private=True))
    with pytest.raises(HaltError, match="redirect"):
        client.session().get(server.url, allow_redirects=follow)
    assert goal.heads == []


@pytest.mark.parametrize("timeout", [None, 60, (60, 60)])
def test_the_deadline_holds_whatever_the_library_asks_for(raw, client_for, timeout):
    def behave(server, connection, _head):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        server.dribble(connection, b"a" * 1000)

    server = raw(behave)
    session = client_for(server, deadline_s=0.4).session()
    began = time.monotonic()
    with pytest.raises(InDoubtError):
        session.post(server.url, data="x", timeout=timeout)
    assert time.monotonic() - began < 1.5


def test_a_shorter_timeout_of_the_library_is_kept(raw, client_for):
    def behave(server, connection, _head):
        server.dribble(connection, b"a" * 1000)

    server = raw(behave)
    began = time.monotonic()
    with pytest.raises(RetryableError):
        client_for(server).session().get(server.url, timeout=0.3)
    assert time.monotonic() - began < 1.5


def test_the_intent_of_the_session_decides_what_a_lost_answer_means(raw, client_for):
    server = raw(b"")
    client = client_for(server)
    with pytest.raises(InDoubtError):
        client.session().post(server.url, data="x")
    with pytest.raises(RetryableError):
        client.session(intent=Intent.READ).post(server.url, data="x")
    with pytest.raises(RetryableError):
        client.session().get(server.url)


def test_the_size_and_the_place_are_judged(raw, client_for):
    bomb = gzip.compress(b"\0" * 1_000_000)
    server = raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    session = client_for(server, body_bytes=1000).session()
    with pytest.raises(RetryableError, match="more than 1000 bytes"):
        session.get(server.url)
    with pytest.raises(HaltError, match="not allowed"):
        session.get(f"http://127.0.0.1:{server.port + 1}/")
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get("file:///etc/passwd")


def test_a_session_can_be_closed_without_closing_the_client(raw, client_for):
    server = raw(OK)
    client = client_for(server)
    with client.session() as session:
        assert session.get(server.url).ok
    assert client.request("GET", server.url).ok
