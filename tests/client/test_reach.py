"""Where a connection may go: the egress rule, the address really dialled, TLS."""

import ipaddress
import socket

import pytest

from baton.client import Client
from baton.egress import EgressRule, origin_of, system_resolver
from baton.errors import HaltError, RetryableError

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

NOT_PUBLIC = [
    # loopback, this host, private, shared, link-local (the clouds' metadata service), reserved, documentation
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    # the same in IPv6
    "::",
    "::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "100::1",
    # IPv4 inside IPv6: mapped, compatible, translated, NAT64 (both prefixes), 6to4, Teredo
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:224.0.0.1",
    "0:0:0:0:0:ffff:c0a8:1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::224.0.0.1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "4000::1",
    "5f00::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::1"]


def rule(*addresses, allow_private=False, origin="api.example:443"):
    return EgressRule(frozenset({origin}), allow_private, lambda _host, _port: list(addresses))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_that_leads_into_our_own_network_is_not_dialled(address):
    with pytest.raises(HaltError) as caught:
        rule(address).address_for("api.example", 443)
    assert caught.value.code == "egress_private"
    assert "allow_private" in caught.value.remedy
    assert rule(address, allow_private=True).address_for("api.example", 443) == address


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_dialled(address):
    assert rule(address).address_for("API.example", 443) == address


def test_of_several_addresses_only_public_ones_are_left():
    judged = rule("10.0.0.1", "8.8.8.8", "::1", "1.1.1.1")
    assert judged.addresses_for("api.example", 443) == ["8.8.8.8", "1.1.1.1"]


SPELLINGS = [
    # 127.0.0.1 and the metadata service as C's inet_aton, browsers and resolvers have understood them
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0X7F.0X0.0X0.0X1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "00000177.1",
    "127.000.000.001",
    "0",
    "0.0.0.0",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "3232235521",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost.localdomain",
    "127.0.0.1.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "127。0。0。1",
    "ⓛocalhost",
    "１２７.0.0.1",
    "①②⑦.0.0.1",
    "127.0.0.1%00.api.example",
    "api.example.127.0.0.1.nip.io",
    "api.example@127.0.0.1",
    "api.example:443@127.0.0.1",
    "api.example#@127.0.0.1",
    "api.example\\@127.0.0.1",
    "api.example.",
    "xapi.example",
    "api.example.attacker.example",
    "api-example",
]


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_a_host_gets_past_the_list(raw, host, scheme):
    """Whatever the URL looks like, the only host that may be asked for is the one in the settings."""
    bait = raw(OK)
    asked = []

    def resolver(name, _port):
        asked.append(name)
        return ["8.8.8.8"] if name != "api.example" else ["192.0.2.1"]

    client = Client(EgressRule(frozenset({"api.example:443", "api.example:80"}), resolver=resolver))
    with pytest.raises(HaltError):
        client.request("POST", f"{scheme}://{host}:{bait.port}/")
    client.close()
    assert asked in ([], ["api.example"])
    assert bait.connections == 0


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001", "localhost", "127.0.0.1"])
def test_a_listed_spelling_is_still_judged_by_the_address_it_means(raw, host):
    """An operator's systems.yaml may hold such a thing; the machine's own resolver says what it means."""
    bait = raw(OK)
    client = Client(EgressRule(frozenset({f"{host}:{bait.port}"})))
    with pytest.raises(HaltError) as caught:
        client.request("GET", f"http://{host}:{bait.port}/")
    client.close()
    assert caught.value.code == "egress_private"
    assert bait.connections == 0


def test_another_port_of_the_same_host_is_another_place(raw):
    bait = raw(OK)
    client = Client(EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True))
    with pytest.raises(HaltError, match="not allowed"):
        client.request("GET", bait.url)
    client.close()
    assert bait.connections == 0


def test_the_address_that_was_judged_is_the_one_that_is_dialled(raw):
    """A resolver that changes its mind after the look-up (rebinding) changes nothing: there is one look-up a dial."""
    good, bait = raw(OK), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbait")
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    calls = []

    def resolver(host, port):
        calls.append((host, port))
        return next(answers)

    origin = f"no-such-name.invalid:{good.port}"
    client = Client(EgressRule(frozenset({origin}), True, resolver))
    assert client.request("GET", f"http://{origin}/").content == b"{}"
    client.close()
    assert calls == [("no-such-name.invalid", good.port)]
    assert f"Host: {origin}".encode() in good.heads[0]
    assert bait.connections == 0


def test_the_next_address_is_tried_when_one_does_not_answer(raw, monkeypatch):
    """``localhost`` is ::1 first on most machines, and many servers listen on 127.0.0.1 only."""
    server = raw(OK)
    origin = f"localhost:{server.port}"
    client = Client(EgressRule(frozenset({origin}), True, lambda _h, _p: ["127.0.0.2", "127.0.0.1"]))
    assert client.request("POST", f"http://{origin}/").ok
    client.close()
    alone = Client(EgressRule(frozenset({origin}), True, lambda _h, _p: ["127.0.0.2", "127.0.0.3"]))
    with pytest.raises(RetryableError, match="cannot be reached"):
        alone.request("POST", f"http://{origin}/")
    alone.close()


@pytest.mark.parametrize("name", ["no-such-name.invalid", "a" * 64 + ".example", "a..b.example"])
def test_a_name_nobody_knows_may_be_known_later(name):
    with pytest.raises(RetryableError) as caught:
        system_resolver(name, 443)
    assert caught.value.code == "dns"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.Example/path?q=1", "api.example:443"),
        ("http://api.example", "api.example:80"),
        ("sftp://bank.example", "bank.example:22"),
        ("https://[::1]:8443/", "::1:8443"),
    ],
)
def test_an_origin(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url", ["api.example", "ftp://api.example", "https://", "https://me:pw@api.example", "https://x:99999/", "//x/"]
)
def test_what_has_no_origin(url):
    with pytest.raises(ValueError):
        origin_of(url)


ENCODED = "xn--3kq4d.xn--55qx5d.cn"


@pytest.mark.parametrize("written", ["人事.公司.cn", "人事。公司。CN", ENCODED.upper()])
@pytest.mark.parametrize("asked", ["人事.公司.cn", ENCODED])
def test_a_name_that_is_not_ascii_is_the_one_that_is_dialled_for_it(written, asked):
    resolved = []
    rule = EgressRule.for_urls(
        [f"https://{written}/hook"], resolver=lambda host, _: resolved.append(host) or ["93.184.216.34"]
    )
    assert rule.address_for(asked, 443) == "93.184.216.34"
    assert resolved == [ENCODED]
    with pytest.raises(HaltError, match="not allowed"):
        rule.address_for("人力.公司.cn", 443)


def test_a_call_to_a_name_that_is_not_ascii_arrives(raw):
    url = f"http://人事.公司.cn:{raw(OK).port}/"
    rule = EgressRule.for_urls([url], allow_private=True, resolver=lambda *_: ["127.0.0.1"])
    assert Client(rule).request("GET", url).status == 200


def test_a_name_that_no_host_can_have_is_no_origin():
    with pytest.raises(ValueError, match="host"):
        origin_of("https://人事_部.公司.cn/")


# --- TLS


def tls_client(server, name, **more):
    origin = f"{name}:{server.port}"
    resolver = lambda _host, _port: ["127.0.0.1"]  # noqa: E731
    return Client(EgressRule(frozenset({origin}), True, resolver), **more), f"https://{origin}/"


def test_a_certificate_of_the_named_authority_is_trusted(raw, authority):
    server = raw(OK, authority.server_context("erp.example"))
    client, url = tls_client(server, "erp.example", ca_bundle=str(authority.bundle))
    assert client.request("POST", url).ok
    assert client.session().get(url).ok
    client.close()


@pytest.mark.parametrize("said", ["self-signed", "wrong host", "wrong host by address"])
def test_a_certificate_that_does_not_fit_stops_the_system(raw, authority, said):
    names = {"wrong host by address": "10.0.0.1"}.get(said, "erp.example")
    server = raw(OK, authority.server_context(names))
    bundle = None if said == "self-signed" else str(authority.bundle)
    client, url = tls_client(server, "erp.example" if said == "self-signed" else "other.example", ca_bundle=bundle)
    for call in (lambda: client.request("POST", url), lambda: client.session().post(url, data="x")):
        with pytest.raises(HaltError) as caught:
            call()
        assert caught.value.code == "tls"
        assert "ca_bundle" in caught.value.remedy
    client.close()
    assert server.heads == []


def test_a_file_without_certificates_stops_the_system_and_is_named(raw, authority, tmp_path):
    server = raw(OK, authority.server_context("erp.example"))
    bundle = tmp_path / "ca.pem"
    bundle.write_text("no certificate\n")
    client, url = tls_client(server, "erp.example", ca_bundle=str(bundle))
    with pytest.raises(HaltError) as caught:
        client.request("POST", url)
    assert caught.value.code == "tls"
    assert str(bundle) in caught.value.message
    client.close()
    assert server.heads == []


def test_plain_http_on_a_tls_port_is_not_spoken_to(raw):
    server = raw(OK)
    client, url = tls_client(server, "erp.example")
    with pytest.raises(RetryableError):
        client.request("POST", url, deadline_s=2)
    client.close()


@pytest.mark.parametrize("by_session", [False, True])
def test_a_port_that_speaks_no_tls_is_not_called_out_of_reach(raw, by_session):
    server = raw(OK, Plain())
    client, url = tls_client(server, "erp.example")
    with pytest.raises(RetryableError) as caught:
        client.session().get(url) if by_session else client.request("GET", url, deadline_s=5)
    assert (caught.value.code, "no TLS connection" in caught.value.message) == ("unreachable", True)
    assert "speaks TLS" in caught.value.remedy
    client.close()


class Plain:
    """In the place of a TLS context: answers the greeting in plain HTTP."""

    def wrap_socket(self, connection, server_side):
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        raise OSError("was greeted in TLS")


def test_the_environment_cannot_switch_verification_off(raw, authority, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(authority.bundle))
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    server = raw(OK, authority.server_context("erp.example"))
    client, url = tls_client(server, "erp.example")
    session = client.session()
    for call in (lambda: session.get(url), lambda: session.get(url, verify=False)):
        with pytest.raises(HaltError):
            call()
    client.close()


def test_every_listed_spelling_parses():
    """The lists above hold what they say they hold."""
    for address in (*NOT_PUBLIC, *PUBLIC):
        ipaddress.ip_address(address)
    assert socket.inet_aton("0x7f.1") == socket.inet_aton("127.0.0.1")
