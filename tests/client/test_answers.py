"""What comes over the wire: deadlines, sizes, encodings, lost answers, redirects, waiting."""

import gzip
import logging
import socket
import time
import zlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from baton.client import Client, Intent, Response
from baton.egress import EgressRule
from baton.errors import HaltError, InDoubtError, RejectedError, RetryableError

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
DEADLINE_S = 0.4
LATEST_S = 1.5


def answer(body, *headers, status="200 OK"):
    head = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status}\r\n{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def took(call):
    began = time.monotonic()
    with pytest.raises((RetryableError, InDoubtError)) as caught:
        call()
    return time.monotonic() - began, caught.value


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("part", ["status line", "headers", "body", "chunks"])
def test_a_dribbling_server_is_left_at_the_deadline(raw, client_for, method, part):
    first = {
        "status line": b"",
        "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
        "body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    }[part]
    rest = {"status line": b"HTTP/1.1 200 OK" * 30, "chunks": b"1\r\na\r\n" * 100}.get(part, b"a" * 1000)

    def behave(server, connection, _head):
        connection.sendall(first)
        server.dribble(connection, rest)

    server = raw(behave)
    client = client_for(server, deadline_s=DEADLINE_S)
    seconds, error = took(lambda: client.request(method, server.url))
    assert DEADLINE_S * 0.9 < seconds < LATEST_S
    assert isinstance(error, RetryableError if method == "GET" else InDoubtError)
    assert error.code == "lost_answer"


@pytest.mark.parametrize(
    "value", ["key\u200b", "密钥", "two\nlines", "two\r\nX-More: 1", "nul\0", "a1b2 ", " a1b2", "a1b2\t"]
)
def test_a_header_that_cannot_be_sent_stops_the_system_and_leaves_no_write_in_doubt(raw, client_for, value):
    """A key that was copied with something invisible in it, or of which two lines were stored."""
    server = raw(OK)
    client = client_for(server)
    with pytest.raises(HaltError, match="Authorization") as caught:
        client.request("POST", server.url, headers={"Authorization": value})
    assert caught.value.code == "header"
    assert value not in f"{caught.value}"
    assert server.heads == []


def test_the_deadline_of_one_request_does_not_outlive_it(raw, client_for):
    server = raw(OK)
    client = client_for(server)
    client.request("GET", server.url, deadline_s=0.2)
    time.sleep(0.3)
    assert client.request("GET", server.url).ok


def test_a_server_that_reads_slowly_cannot_stretch_a_long_body(raw, client_for):
    def behave(server, connection, _head):
        while not server.stopping and connection.recv(256 * 1024):
            time.sleep(0.0125)  # slow for a hundred megabytes, and yet no single send waits for long

    server = raw(behave)
    client = client_for(server, deadline_s=DEADLINE_S)
    seconds, error = took(lambda: client.request("POST", server.url, content=b"x" * 100_000_000))
    assert seconds < LATEST_S
    assert isinstance(error, InDoubtError)


def test_a_tls_handshake_that_never_ends_is_left_at_the_deadline(raw, client_for):
    import ssl

    class Silent:
        def wrap_socket(self, connection, server_side):
            time.sleep(1)
            raise ssl.SSLError("enough")

    server = raw(OK, Silent())
    client = client_for(server, deadline_s=DEADLINE_S)
    seconds, error = took(lambda: client.request("POST", f"https://{server.origin}/"))
    assert seconds < LATEST_S
    assert isinstance(error, RetryableError)  # before the handshake nothing can have been asked for


def test_connecting_ends_by_the_deadline_too(client_for):
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = listener.getsockname()[1]
    filling = []
    for _ in range(8):  # the queue of a listener that never accepts: further connections hang
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
        filling.append(one)
    client = Client(EgressRule(frozenset({f"127.0.0.1:{port}"}), allow_private=True))
    try:
        seconds, error = took(lambda: client.request("POST", f"http://127.0.0.1:{port}/", deadline_s=DEADLINE_S))
    finally:
        client.close()
        listener.close()
        for one in filling:
            one.close()
    assert seconds < LATEST_S
    assert isinstance(error, RetryableError)


def test_a_body_is_inflated_and_no_more_than_the_cap_is_kept(raw, client_for):
    bomb = gzip.compress(b"\0" * 200_000_000, 9)
    server = raw(answer(bomb, "Content-Encoding: gzip"))
    with pytest.raises(RetryableError, match="more than 1000000 bytes"):
        client_for(server, body_bytes=1_000_000).request("GET", server.url)
    server = raw(answer(gzip.compress("䶮".encode()), "Content-Encoding: GZIP"))
    assert client_for(server).request("GET", server.url).text == "䶮"


def test_the_cap_is_reached_exactly_and_not_by_one_more(raw, client_for):
    for body, encoding in ((b"a" * 1000, "identity"), (gzip.compress(b"a" * 1000), "gzip")):
        server = raw(answer(body, f"Content-Encoding: {encoding}"))
        assert len(client_for(server, body_bytes=1000).request("GET", server.url).content) == 1000
        for method, kind in (("GET", RetryableError), ("POST", InDoubtError)):
            with pytest.raises(kind, match="more than 999 bytes") as caught:
                client_for(server, body_bytes=999).request(method, server.url)
            assert (caught.value.code, bool(caught.value.remedy)) == (Response.TOO_LARGE, True)


def test_an_endless_body_ends_at_the_cap(raw, client_for):
    def behave(server, connection, _head):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.stopping:
            connection.sendall(b"a" * 65536)

    server = raw(behave)
    with pytest.raises(InDoubtError, match="more than"):
        client_for(server, body_bytes=100_000).request("POST", server.url)


@pytest.mark.parametrize(
    "encoding", ["gzip, gzip", "gzip,gzip", "deflate", "br", "zstd", "compress", "x-gzip", "identity, gzip", "utf-8"]
)
def test_other_encodings_are_refused(raw, client_for, encoding):
    server = raw(answer(gzip.compress(gzip.compress(b"{}")), f"Content-Encoding: {encoding}"))
    with pytest.raises(InDoubtError, match="content encoding"):
        client_for(server).request("POST", server.url)


def test_two_encoding_headers_count_together(raw, client_for):
    server = raw(answer(gzip.compress(gzip.compress(b"{}")), "Content-Encoding: gzip", "Content-Encoding: gzip"))
    with pytest.raises(RetryableError, match="content encoding"):
        client_for(server).request("GET", server.url)


WHOLE = gzip.compress(b'{"total": 3}', mtime=0)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (WHOLE[:-1], "ends early"),
        (WHOLE[:-8], "ends early"),
        (WHOLE[:12], "ends early"),
        (WHOLE + WHOLE, "follows the gzip"),
        (WHOLE + b"x", "follows the gzip"),
        (b"\x1f\x8bnot gzip", "broken gzip"),
        (b"{}", "broken gzip"),
        (zlib.compress(b"{}"), "broken gzip"),
        (WHOLE[:-6] + b"\0\0" + WHOLE[-4:], "broken gzip"),
    ],
    ids=["short by one", "no trailer", "head only", "two", "more", "not gzip", "clear text", "zlib", "wrong sum"],
)
def test_gzip_that_is_not_whole_is_never_taken_for_an_answer(raw, client_for, body, what):
    server = raw(answer(body, "Content-Encoding: gzip"))
    with pytest.raises(RetryableError, match=what):
        client_for(server).request("GET", server.url)


def test_no_body_at_all_needs_no_gzip(raw, client_for):
    server = raw(b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n")
    assert client_for(server).request("DELETE", server.url).content == b""


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_a_lost_or_senseless_answer_leaves_a_write_in_doubt(raw, client_for, said):
    server = raw(said)
    client = client_for(server, deadline_s=5)
    with pytest.raises(InDoubtError) as caught:
        client.request("POST", server.url, json={"name": "测试甲"})
    assert caught.value.code == "lost_answer"
    assert "测试" not in str(caught.value)
    with pytest.raises(RetryableError):
        client.request("GET", server.url)
    with pytest.raises(RetryableError):
        client.request("POST", server.url, intent=Intent.READ)


def test_a_refused_connection_is_certainly_nothing(client_for):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = Client(EgressRule(frozenset({f"127.0.0.1:{port}"}), allow_private=True))
    with pytest.raises(RetryableError) as caught:
        client.request("POST", f"http://127.0.0.1:{port}/", json={})
    client.close()
    assert caught.value.code == "unreachable"
    assert "address in systems.yaml" in caught.value.remedy


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(raw, client_for, status):
    goal = raw(OK)
    server = raw(answer(b"", f"Location: {goal.url}", status=f"{status} Moved"))
    rule = EgressRule(frozenset({server.origin, goal.origin}), allow_private=True)
    client = client_for(server, rule=rule)
    got = client.request("GET", server.url)
    assert got.status == status
    with pytest.raises(HaltError, match="redirect"):
        got.raise_for_status()
    assert goal.heads == []


def test_ambient_proxies_and_netrc_are_ignored(raw, client_for, monkeypatch, tmp_path):
    proxy = raw(answer(b"proxied"))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{proxy.origin}")
    monkeypatch.setenv("NETRC", str(netrc))
    server = raw(OK)
    client = client_for(server)
    assert client.request("GET", server.url).content == b"{}"
    assert client.session().get(server.url).content == b"{}"
    assert proxy.connections == 0
    assert not any(b"authorization" in head.lower() for head in server.heads)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "//127.0.0.1/x", "/x", "http://", "unix:///x", "http://a b/", ""]
)
def test_what_is_no_http_url_stops_before_anything_is_sent(raw, client_for, url):
    with pytest.raises(HaltError) as caught:
        client_for(raw(OK)).request("POST", url)
    assert caught.value.code == "egress"


class Recorder:
    """A limiter that remembers."""

    def __init__(self):
        self.acquired = 0
        self.paused = []

    def acquire(self):
        self.acquired += 1

    def pause(self, seconds):
        self.paused.append(seconds)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 7", 7.0),
        ("Retry-After: 0", 1.0),
        ("Retry-After: -5", 1.0),
        ("Retry-After: 99999999999", 3600.0),
        ("Retry-After: inf", 3600.0),
        ("Retry-After: nan", 1.0),
        ("Retry-After: soon", 1.0),
        ("X-Nothing: 1", 1.0),
    ],
)
def test_429_pauses_everyone(raw, client_for, header, seconds):
    server = raw(answer(b"", header, status="429 Slow Down"))
    limiter = Recorder()
    client = client_for(server, limiter=limiter)
    got = client.request("POST", server.url)
    assert (limiter.acquired, limiter.paused) == (1, [seconds])
    with pytest.raises(RetryableError) as caught:
        got.raise_for_status()
    assert caught.value.code == "http_429"


@pytest.mark.parametrize(("ahead", "seconds"), [(90, 90.0), (-90, 0.0), (90_000, 3600.0)])
def test_retry_after_as_a_date(ahead, seconds):
    now = datetime(2026, 3, 29, 1, 59, 0, tzinfo=UTC)
    text = (now + timedelta(seconds=ahead)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert Response(429, {"retry-after": text}, b"", Intent.READ, "x").retry_after_s(now) == seconds


def test_the_pause_asked_for_by_a_date_is_measured_by_the_clients_clock(raw, client_for):
    class Clock:
        def now(self):
            return datetime(2001, 1, 1, tzinfo=UTC)

        def monotonic(self):
            return time.monotonic()

    server = raw(answer(b"", "Retry-After: Mon, 01 Jan 2001 00:00:30 GMT", status="429 Slow Down"))
    limiter = Recorder()
    client_for(server, limiter=limiter, clock=Clock()).request("GET", server.url)
    assert limiter.paused == [30.0]


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (400, RejectedError, RejectedError),
        (401, HaltError, HaltError),
        (403, HaltError, HaltError),
        (404, RejectedError, RejectedError),
        (429, RetryableError, RetryableError),
        (500, RetryableError, InDoubtError),
        (503, RetryableError, InDoubtError),
        (304, HaltError, HaltError),
    ],
)
def test_what_a_status_means(status, read, write):
    for intent, error in ((Intent.READ, read), (Intent.WRITE, write)):
        with pytest.raises(error):
            Response(status, {}, b"", intent, "host").raise_for_status()


def test_a_garbled_body_is_doubt_after_a_write():
    for body in (b"<html>", b"", b"\xff", b'{"a": NaN}', b"[" * 5000):
        with pytest.raises(InDoubtError):
            Response(200, {}, body, Intent.WRITE, "host").json()
        with pytest.raises(RetryableError):
            Response(200, {}, body, Intent.READ, "host").json()


def test_an_answer_never_shows_its_body():
    assert "secret" not in repr(Response(200, {}, b"secret", Intent.READ, "host"))


def test_no_url_header_or_body_is_logged(raw, client_for, caplog):
    server = raw(b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=canary4\r\nConnection: close\r\nContent-Length: 7\r\n\r\ncanary5")
    with caplog.at_level(logging.DEBUG):
        client = client_for(server)
        client.request("POST", f"{server.url}?name=canary1", headers={"Authorization": "canary2"}, content="canary3")
        client.session().post(server.url, params={"name": "canary1"}, auth=("me", "canary2"), data="canary3")
    assert "canary" not in caplog.text
    assert "/x" not in caplog.text


def test_what_our_own_side_finds_no_http_is_not_a_lost_answer():
    def refuse(_):
        raise httpx.LocalProtocolError("Illegal header value b'canary'")

    client = Client(EgressRule(frozenset()), transport=httpx.MockTransport(refuse))
    with pytest.raises(HaltError) as caught:
        client.request("POST", "http://x/")
    assert caught.value.code == "header"
    assert "canary" not in f"{caught.value}"


def test_in_process_answers_take_the_same_path():
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"a" * 10)[:-1])
    )
    client = Client(EgressRule(frozenset()), transport=transport)
    with pytest.raises((RetryableError, InDoubtError)):
        client.request("GET", "http://x/")
