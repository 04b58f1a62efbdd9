"""Which account of the vendor's sends, in whose name, and by which approved templates."""

from __future__ import annotations

import re
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from baton.sdk import ConnectorSettings

_TEMPLATE: Final = r"^SMS_[0-9]{1,20}$"
_NO_OR_TEMPLATE: Final = r"^(SMS_[0-9]{1,20})?$"
_VARIABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,24}")


class AliyunSmsSettings(ConnectorSettings):
    """Signature and templates are applied for in the vendor's console; nothing is sent without an approval."""

    endpoint_url: str = Field("https://dysmsapi.aliyuncs.com", description="the vendor's service address, https")
    access_key_id: str = Field(min_length=1, max_length=128, description="of a RAM user who may do nothing else")
    access_key_secret: SecretStr
    sign_name: str = Field(min_length=2, max_length=40, description="the approved signature, without 【】")
    template_code: str = Field(pattern=_TEMPLATE, description="SMS_…: the template for mainland numbers")
    subject_parameter: str = Field("subject", description="the variable in the templates that takes the subject")
    international_template_code: str = Field(
        "", pattern=_NO_OR_TEMPLATE, description="the template for all other numbers; without it they are refused"
    )
    link_template_code: str = Field(
        "", pattern=_NO_OR_TEMPLATE, description="a mainland template that can take a personal link; usually none"
    )
    link_parameter: str = Field("", description="the variable in it that takes the end of the link")
    link_start: str = Field("", description="what stands before that variable in the template: https://…/")
    longest_value: int = Field(35, ge=1, le=500, description="characters a template's variable may have")
    report_days: int = Field(3, ge=1, le=29, description="days after which an unreported delivery is given up")

    @field_validator("endpoint_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
        if parts.scheme not in ("http", "https") or not parts.hostname or not bare:
            raise ValueError("must be https://host, without a path or a login")
        return url.rstrip("/")

    @field_validator("subject_parameter", "link_parameter")
    @classmethod
    def _is_a_variable(cls, name: str) -> str:
        if name and not _VARIABLE.fullmatch(name):
            raise ValueError("must be the name of a template's variable: a letter, then letters, digits and _")
        return name

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        linked = (self.link_template_code, self.link_parameter, self.link_start)
        if any(linked) and not all(linked):
            raise ValueError("link_template_code, link_parameter and link_start belong together")
        if not self.subject_parameter:
            raise ValueError("subject_parameter is needed: nobody understands a message without its subject")
        if self.link_parameter == self.subject_parameter:
            raise ValueError("subject_parameter and link_parameter must be different variables")
        return self

    @property
    def host(self) -> str:
        """Host and port, as they are signed."""
        return urlsplit(self.endpoint_url).netloc

    @property
    def templates(self) -> tuple[str, ...]:
        """Every template in use."""
        named = (self.template_code, self.international_template_code, self.link_template_code)
        return tuple(code for code in named if code)
