"""Where the hub may connect to: configured hosts only, judged on the address that is really dialled."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from baton.errors import HaltError, RetryableError

Resolver = Callable[[str, int], list[str]]


def system_resolver(host: str, port: int) -> list[str]:
    """All addresses of a host, in the system's order."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label no name can have
        raise RetryableError(f"{host} cannot be resolved", code="dns", remedy="check the name and the DNS") from error
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class EgressRule:
    """The hosts one system may be reached at.

    ``origins`` are ``host:port`` pairs, the host as `ascii_host` gives it. Private, loopback and link-local addresses
    are refused unless ``allow_private``: most ERPs on an intranet need it, no cloud vendor does.
    """

    origins: frozenset[str]
    allow_private: bool = False
    resolver: Resolver = system_resolver

    @classmethod
    def for_urls(
        cls, urls: Iterable[str], *, allow_private: bool = False, resolver: Resolver = system_resolver
    ) -> EgressRule:
        """The rule that allows exactly the hosts of these URLs."""
        return cls(frozenset(origin_of(url) for url in urls), allow_private, resolver)

    def address_for(self, host: str, port: int) -> str:
        """The address to dial. Raises `HaltError` for a host not configured or an address not allowed."""
        return self.addresses_for(host, port)[0]

    def addresses_for(self, host: str, port: int) -> list[str]:
        """All addresses that may be dialled, best first, never empty; raises as `address_for` does."""
        host = _as_dialled(host)
        if f"{host}:{port}" not in self.origins:
            raise HaltError(
                f"connection to {host}:{port} is not allowed",
                code="egress",
                remedy="only the hosts in this system's settings may be reached; correct the URL in systems.yaml",
            )
        allowed = [found for found in self.resolver(host, port) if self.allow_private or _is_public(found)]
        if not allowed:
            raise HaltError(
                f"{host} resolves to a private address",
                code="egress_private",
                remedy="set allow_private: true for this system if it stands in your own network",
            )
        return allowed


def origin_of(url: str) -> str:
    """``host:port`` of a URL; raises ValueError for anything but plain http(s)/sftp with a host and no credentials."""
    parts = urlsplit(url)
    default = {"https": 443, "http": 80, "sftp": 22}.get(parts.scheme)
    if default is None or not parts.hostname or parts.username or parts.password:
        raise ValueError("not an http(s) or sftp URL with a host and without credentials")
    return f"{ascii_host(parts.hostname)}:{parts.port or default}"


def ascii_host(host: str) -> str:
    """A host's name in lower case, and as it is dialled: ``人事.公司.cn`` is ``xn--3kq4d.xn--55qx5d.cn``.

    Raises ValueError for what no host can be called.
    """
    if host.isascii():
        return host.lower()
    import httpx  # for such names alone: whoever only reads settings need not wait for it

    try:
        return httpx.URL(scheme="https", host=host).raw_host.decode("ascii")
    except httpx.InvalidURL:
        raise ValueError("a name that no host can have") from None


def _as_dialled(host: str) -> str:
    try:
        return ascii_host(host)
    except ValueError:
        return host  # is no origin, and refused as that


_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
"""All that is assigned for the Internet. Python also calls site-local, IPv4-compatible and reserved space global."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded is None:
            return ip in _GLOBAL_V6 and ip.is_global
        ip = embedded
    return ip.is_global and not ip.is_multicast
