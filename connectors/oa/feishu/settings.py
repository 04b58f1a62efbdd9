"""The settings of one Feishu or Lark tenant."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from baton.sdk import ConnectorSettings, TimeZone


class FeishuSettings(ConnectorSettings):
    """How to reach one Feishu or Lark tenant."""

    base_url: str = Field("https://open.feishu.cn", pattern=r"^https?://[^/?#]+$")
    app_id: str
    app_secret: SecretStr
    encrypt_key: SecretStr = SecretStr("")
    verification_token: SecretStr = SecretStr("")
    department_id_type: Literal["department_id", "open_department_id"] = "department_id"
    user_id_prefix: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,16}$")
    fallback_acceptor_user_id: str | None = None
    time_zone: TimeZone = "Asia/Shanghai"
    slow_write_interval_s: float = Field(1.0, ge=0, le=60)
    transfer_interval_s: float = Field(0.6, ge=0, le=60)
