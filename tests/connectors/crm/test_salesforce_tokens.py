"""Tokens and settings of the Salesforce connector: who gets the secret, how often, and what a hostile reply can do."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import HaltError, RetryableError
from baton.model.account import AccountRef, Action, Outcome
from connectors.crm.salesforce.connector import SalesforceConnector
from connectors.crm.salesforce.wire import OAUTH_ERRORS, Verdict
from tests.connectors.crm.salesforce_org import SalesforceOrg, instead, refused, write


def test_one_token_serves_all_calls() -> None:
    org = SalesforceOrg()
    org.provisioned(1, 2)
    org.connector.find([AccountRef("0001")])
    assert org.simulator.token_calls == 1


def test_an_expired_session_is_renewed_once_and_the_write_done_once() -> None:
    org = SalesforceOrg()
    org.provisioned(1)
    org.simulator.expire_sessions()
    assert org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])[0].outcome is Outcome.DONE
    assert org.simulator.token_calls == 2
    assert [entry.action for entry in org.simulator.journal] == ["provision", "update"]


def test_a_token_that_dies_between_look_up_and_write_is_renewed_for_the_write() -> None:
    org = SalesforceOrg()
    org.provisioned(1)
    org.tamper = instead("/composite/", refused(401, "INVALID_SESSION_ID"), times=1)
    assert org.connector.update([write(1, Action.UPDATE, {"Title": "新"})])[0].outcome is Outcome.DONE
    assert org.simulator.token_calls == 2


@pytest.mark.parametrize("body", ['[{"errorCode":"INVALID_SESSION_ID","message":"x"}]', "", "{}", "[]", "null", "<p>"])
def test_a_permanent_401_halts_after_one_renewal(body: str) -> None:
    org = SalesforceOrg()
    org.tamper = instead("/services/data", httpx.Response(401, text=body))
    with pytest.raises(HaltError) as caught:
        org.connector.find([AccountRef("0001")])
    assert caught.value.code == "token_refused"
    assert org.simulator.token_calls == 2
    assert org.simulator.calls == 4


def test_eight_threads_renew_a_dead_token_once() -> None:
    org = SalesforceOrg()
    org.provisioned(*range(1, 9))
    org.simulator.expire_sessions()
    together = threading.Barrier(8, timeout=10)
    first = threading.local()

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if response.status_code == 401 and not hasattr(first, "seen"):
            first.seen = True
            together.wait()  # all eight hold the same dead token before anyone renews it
        return response

    org.tamper = tamper
    with ThreadPoolExecutor(8) as pool:
        changes = [write(n, Action.UPDATE, {"Title": f"职位{n}"}) for n in range(1, 9)]
        receipts = [receipt for (receipt,) in pool.map(lambda w: org.connector.update([w]), changes)]
    assert [receipt.outcome for receipt in receipts] == [Outcome.DONE] * 8
    assert org.simulator.token_calls == 2
    assert [org.simulator.user(f"{n:04d}")["Title"] for n in range(1, 9)] == [f"职位{n}" for n in range(1, 9)]


HOSTILE = [
    "https://evil.example",
    "http://evil.example",
    "https://127.0.0.1:1",
    "http://127.0.0.1:2",
    "http://127.0.0.1",
    "http://127.0.0.1:1@evil.example",
    "http://evil.example#127.0.0.1:1",
    "http://user@127.0.0.1:1",
    "http://127.0.0.1:1/evil",
    "http://127.0.0.1:1?evil",
    "http://127.0.0.1:1\\@evil.example",
    "http://127.0.0.1:99999",
    "http://[evil",
    "//127.0.0.1:1",
    "example.my.salesforce.com",
    "https://other.my.salesforce.com",
    "",
    None,
    7,
    ["http://127.0.0.1:1"],
]


@pytest.mark.parametrize("told", HOSTILE)
def test_a_token_reply_cannot_choose_where_the_token_goes(told: object) -> None:
    org = SalesforceOrg()

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = json.loads(response.content) | {"access_token": "canary-token", "instance_url": told}
        return httpx.Response(200, json=body)

    org.tamper = tamper
    with pytest.raises(HaltError) as caught:
        org.connector.provision([write(1, Action.PROVISION, org.simulator.sample(1))])
    assert caught.value.code == "instance_mismatch"
    assert org.hosts == ["127.0.0.1"]
    assert [path for _, path in org.simulator.requests] == ["/services/oauth2/token"]
    shown = f"{caught.value}{caught.value!r}"
    assert "canary" not in shown
    assert "evil" not in shown


@pytest.mark.parametrize("token", ["", None, 7, "a\r\nHost: evil.example", "令牌", "a\x00"])
def test_a_token_that_is_none_is_refused(token: object) -> None:
    org = SalesforceOrg()
    body = {"access_token": token, "instance_url": org.simulator.base_url}
    org.tamper = instead("/token", httpx.Response(200, json=body))
    with pytest.raises(RetryableError):
        org.connector.find([AccountRef("0001")])
    assert org.simulator.calls == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(503), RetryableError),
        (httpx.Response(429), RetryableError),
        (httpx.Response(200, text="<html>"), RetryableError),
        (httpx.Response(200, json=["x"]), RetryableError),
        (httpx.ReadTimeout("synthetic"), RetryableError),
        (httpx.Response(302, headers={"Location": "https://evil.example/"}), HaltError),
        (httpx.Response(400, json={"error": "newly_invented", "error_description": "canary"}), HaltError),
        *[
            (httpx.Response(400, json={"error": e}), HaltError if m.verdict is Verdict.HALT else RetryableError)
            for e, m in OAUTH_ERRORS.items()
        ],
    ],
)
def test_failures_of_the_token_endpoint(answer: httpx.Response | Exception, kind: type[Exception]) -> None:
    org = SalesforceOrg()
    org.tamper = instead("/token", answer)
    with pytest.raises(kind) as caught:
        org.connector.find([AccountRef("0001")])
    assert "canary" not in str(caught.value)
    assert "synthetic-consumer" not in str(caught.value)
    assert set(org.hosts) == {"127.0.0.1"}


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    no_password = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password).decode()


def jwt_org(key_pem: str) -> SalesforceOrg:
    return SalesforceOrg(grant="jwt_bearer", username="hub@example.com", private_key=key_pem, client_secret=None)


def test_the_jwt_flow_signs_with_the_apps_key() -> None:
    key, other = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()
    org, impostor = jwt_org(pem(key)), jwt_org(pem(other))
    org.simulator.jwt_key_pem = impostor.simulator.jwt_key_pem = public
    org.provisioned(1)
    with pytest.raises(HaltError) as caught:
        impostor.connector.find([AccountRef("0001")])
    assert caught.value.code == "oauth_invalid_grant"


@pytest.mark.parametrize("key", ["no key", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_useless_private_key_is_told_at_once(key: str) -> None:
    with pytest.raises(HaltError) as caught:
        jwt_org(key)
    assert caught.value.code == "private_key"


BASE = {"client_id": "synthetic", "client_secret": "canary-secret"}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example",
        "https://evil.example/x?.salesforce.com",
        "https://evil.example#.my.salesforce.com",
        "https://example.my.salesforce.com@evil.example",
        "https://salesforce.com.evil.example",
        "https://evilsalesforce.com",
        "https://.salesforce.com",
        "https://a..salesforce.com",
        "https://example.my.salesforce.com:8443",
        "https://example.my.salesforce.com/services",
        "http://example.my.salesforce.com",
        "https://example.my.salesforce.com\n",
        "ftp://example.my.salesforce.com",
        "example.my.salesforce.com",
        "https://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "https://",
    ],
)
@pytest.mark.parametrize("name", ["login_url", "instance_url"])
def test_only_salesforces_own_hosts_are_accepted(name: str, url: str) -> None:
    good = {"login_url": "https://example.my.salesforce.com", **BASE}
    with pytest.raises(ValidationError) as caught:
        SalesforceConnector.Settings.model_validate(good | {name: url})
    assert "canary" not in str(caught.value)


def test_one_url_is_enough_and_is_tidied() -> None:
    settings = SalesforceConnector.Settings.model_validate({"login_url": "https://Example.my.salesforce.com/", **BASE})
    assert settings.model_dump()["instance_url"] == "https://example.my.salesforce.com"
    assert settings.model_dump()["login_url"] == "https://example.my.salesforce.com"


@pytest.mark.parametrize(
    "change",
    [
        {"client_secret": None},
        {"grant": "jwt_bearer"},
        {"grant": "jwt_bearer", "username": "hub@example.com"},
        {"number_field": "Id FROM User--"},
        {"number_field": ""},
        {"api_version": "59"},
        {"unknown": 1},
    ],
)
def test_incomplete_or_strange_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SalesforceConnector.Settings.model_validate({"login_url": "https://x.my.salesforce.com", **BASE, **change})


def test_the_real_hosts_are_reached_over_https_only() -> None:
    """With production settings every URL, the library's own included, is https on the configured host."""
    seen: list[str] = []
    org = SalesforceOrg()
    org.simulator.base_url = "https://example.my.salesforce.com"

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url.scheme}://{request.url.host}")
        return org.simulator.handle(request)

    rule = EgressRule.for_urls(["https://example.my.salesforce.com"])
    told = {**org.simulator.settings, **org.simulator.secrets}
    client = Client(rule, transport=httpx.MockTransport(handle))
    connector = SalesforceConnector(SalesforceConnector.Settings.model_validate(told), client)
    connector.provision([write(1, Action.PROVISION, org.simulator.sample(1))])
    assert set(seen) == {"https://example.my.salesforce.com"}
    assert len(seen) == 4
