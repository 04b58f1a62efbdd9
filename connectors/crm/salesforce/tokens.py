"""Access tokens of one org: two OAuth flows, one cache, one refresh at a time."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from baton.sdk import Client, HaltError, Intent, RetryableError
from connectors.crm.salesforce.wire import OAUTH_ERRORS, QUOTA_PAUSE_S, Verdict

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_LIFE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Token:
    """One access token and the id of the user it acts as (empty when the reply does not say)."""

    value: str = field(repr=False)
    user_id: str = ""


TokenRequest = tuple[Mapping[str, str], Mapping[str, str]]
"""Headers and form of a token request."""


def client_credentials(client_id: str, client_secret: str) -> Callable[[], TokenRequest]:
    """The client-credentials flow: the app acts as its run-as user."""
    basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    return lambda: ({"Authorization": f"Basic {basic}"}, {"grant_type": "client_credentials"})


def jwt_bearer(
    client_id: str, username: str, audience: str, key_pem: str, client: Client
) -> Callable[[], TokenRequest]:
    """The JWT bearer flow: a short-lived assertion signed with the app's certificate key (RS256)."""
    try:
        key = serialization.load_pem_private_key(key_pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise HaltError(
            "the private key cannot be read", code="private_key", remedy="store an unencrypted PEM key as private_key"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise HaltError("the private key is not an RSA key", code="private_key", remedy="jwt_bearer signs with RS256")

    def request() -> TokenRequest:
        expires = int((client.clock.now() + _JWT_LIFE).timestamp())
        claims = {"iss": client_id, "sub": username, "aud": audience, "exp": expires}
        signed = b".".join(_segment(orjson.dumps(part)) for part in ({"alg": "RS256"}, claims))
        signature = _segment(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))
        return {}, {"grant_type": JWT_GRANT, "assertion": (signed + b"." + signature).decode()}

    return request


class TokenCache:
    """The current token. Thread-safe: callers who find the same token dead cause one refresh between them."""

    def __init__(self, client: Client, login_url: str, instance_url: str, request: Callable[[], TokenRequest]) -> None:
        self._client = client
        self._login_url = login_url
        self._instance_url = instance_url
        self._request = request
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self) -> Token:
        """The cached token, or a new one."""
        with self._lock:
            if self._token is None:
                self._token = self._fetch()
            return self._token

    def renew(self, dead: Token) -> Token:
        """A token other than ``dead``: someone else's fresh one if there is one already."""
        with self._lock:
            if self._token is None or self._token.value == dead.value:
                self._token = None
                self._token = self._fetch()
            return self._token

    def _fetch(self) -> Token:
        headers, form = self._request()
        url = f"{self._login_url}/services/oauth2/token"
        # A lost answer here costs nothing: the next request gets another token.
        answer = self._client.request("POST", url, intent=Intent.READ, headers=headers, data=form)
        if 300 <= answer.status < 400 or answer.status == 429 or answer.status >= 500:
            answer.raise_for_status()
        body = answer.json()
        if not isinstance(body, dict):
            raise answer.unreadable("is not a token reply")
        if not answer.ok:
            raise _oauth_error(str(body.get("error", "")))
        value = body.get("access_token")
        if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
            raise answer.unreadable("holds no access token")
        self._judge_instance(body.get("instance_url"))
        return Token(value, str(body.get("id", "")).rpartition("/")[2])

    def _judge_instance(self, told: Any) -> None:
        """The reply may not decide where the token goes: it must name the very host in the settings."""
        if not isinstance(told, str) or origin(told) != origin(self._instance_url):
            raise HaltError(
                "the token reply names another instance than the settings",
                code="instance_mismatch",
                remedy="set instance_url to the org's My Domain URL; if it is, find out who answers at login_url",
            )


def origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of a bare http(s) URL; None for one with credentials, path, query or fragment."""
    if any(letter <= " " or letter == "\\" for letter in url):  # urlsplit drops some of these silently
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        return None
    if not parts.hostname or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    return parts.scheme, parts.hostname.lower(), port


def _segment(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _oauth_error(error: str) -> HaltError | RetryableError:
    meaning = OAUTH_ERRORS.get(error)
    if meaning is None:
        remedy = "look the OAuth error up at Salesforce: check the app, its user and the org's login policies"
        return HaltError("the token request was refused", code="unmapped_oauth_error", remedy=remedy)
    if meaning.verdict is Verdict.HALT:
        return HaltError(f"the token request was refused ({error})", code=f"oauth_{error}", remedy=meaning.remedy)
    pause = QUOTA_PAUSE_S if meaning.verdict is Verdict.LATER else None
    return RetryableError(f"no token for now ({error})", code=f"oauth_{error}", retry_after_s=pause)
