"""What must be known to reach one Salesforce org."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from baton.sdk import Client, ConnectorSettings
from connectors.crm.salesforce.sorts import ACCOUNT_FACTS
from connectors.crm.salesforce.tokens import TokenRequest, client_credentials, jwt_bearer, origin

_VENDOR_HOST: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:salesforce\.com|force\.com|salesforce\.mil|sfcrmproducts\.cn)"
)
"""Salesforce's own domains; the last one is Salesforce on Alibaba Cloud."""
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_FACT: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOVING: Final = frozenset(
    {
        *("LastModifiedDate", "LastModifiedById", "SystemModstamp"),
        *("LastActivityDate", "LastViewedDate", "LastReferencedDate"),
    }
)
"""Fields that Salesforce changes by itself."""
_LOOPBACK: Final = ("127.0.0.1", "localhost")


class SalesforceSettings(ConnectorSettings):
    """Settings of the Salesforce connector; see README.md for how to get each of them."""

    login_url: str
    """My Domain URL, ``https://example.my.salesforce.com``; tokens are asked for here."""
    instance_url: str
    """Where the REST API is; the same as ``login_url`` unless set."""
    grant: Literal["client_credentials", "jwt_bearer"] = "client_credentials"
    client_id: SecretStr
    """Consumer key of the app."""
    client_secret: SecretStr | None = None
    """Consumer secret; for ``client_credentials``."""
    username: str = ""
    """The integration user; for ``jwt_bearer``."""
    private_key: SecretStr | None = None
    """PEM key of the app's certificate; for ``jwt_bearer``."""
    jwt_audience: str = "https://login.salesforce.com"
    api_version: str = Field("62.0", pattern=r"^[1-9]\d\.0$")
    number_field: str = Field("EmployeeNumber", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")
    """The User field that holds the employee number."""
    create_by: Literal["insert", "external_id"] = "insert"
    """``external_id``: ``number_field`` is a unique external id, and Salesforce itself prevents doubles."""

    record_keys: dict[str, str] = Field(default_factory=dict)
    """Objects that are migrated, each with the field that names its records: a unique external id, or ``Id``."""
    bulk_wait_s: float = Field(1800.0, gt=0, le=86_400)
    """How long a Bulk API job is waited for."""

    discount_fields: dict[str, str] = Field(default_factory=lambda: {"Quote": "Discount"})
    """Objects whose discounts are watched during a handover, each with the field; its history must be tracked."""

    account_facts: dict[str, str] = Field(default_factory=dict)
    """More fields of Account that a successor is told, each with the name of the fact: ``{Region__c: region}``."""

    @field_validator("account_facts")
    @classmethod
    def _facts(cls, facts: dict[str, str]) -> dict[str, str]:
        names = list(facts.values())
        if not all(_NAME.fullmatch(column) for column in facts) or not all(_FACT.fullmatch(name) for name in names):
            raise ValueError("must map API names of fields of Account to names of facts, like Region__c: region")
        if moving := sorted(_MOVING & facts.keys()):
            raise ValueError(f"{', '.join(moving)} changes by itself: every item would have to be accepted again")
        if taken := sorted({name for name in names if names.count(name) > 1 or name in ACCOUNT_FACTS.values()}):
            raise ValueError(f"names of facts that are taken already: {', '.join(taken)}")
        return facts

    @field_validator("record_keys", "discount_fields")
    @classmethod
    def _names(cls, keys: dict[str, str]) -> dict[str, str]:
        if not all(_NAME.fullmatch(name) for pair in keys.items() for name in pair):
            raise ValueError("must map API names of objects to API names of fields")
        return keys

    @model_validator(mode="before")
    @classmethod
    def _one_url_is_enough(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("login_url") and not data.get("instance_url"):
            return {**data, "instance_url": data["login_url"]}
        return data

    @field_validator("login_url", "instance_url")
    @classmethod
    def _one_of_salesforces_hosts(cls, url: str) -> str:
        told = origin(url)
        if told is None:
            raise ValueError("must be a bare URL: https://, a host, nothing after it")
        scheme, host, port = told
        if host in _LOOPBACK:
            return f"{scheme}://{host}:{port}"
        if scheme != "https" or port != 443 or not _VENDOR_HOST.fullmatch(host):
            raise ValueError("must be https:// and a host of Salesforce (….my.salesforce.com)")
        return f"https://{host}"

    @model_validator(mode="after")
    def _grant_is_complete(self) -> SalesforceSettings:
        if self.grant == "client_credentials" and self.client_secret is None:
            raise ValueError("client_credentials needs client_secret")
        if self.grant == "jwt_bearer" and (self.private_key is None or not self.username):
            raise ValueError("jwt_bearer needs username and private_key")
        return self

    def token_request(self, client: Client) -> Callable[[], TokenRequest]:
        """The chosen OAuth flow."""
        client_id = self.client_id.get_secret_value()
        if self.client_secret is not None and self.grant == "client_credentials":
            return client_credentials(client_id, self.client_secret.get_secret_value())
        key = self.private_key.get_secret_value() if self.private_key else ""
        return jwt_bearer(client_id, self.username, self.jwt_audience, key, client)
