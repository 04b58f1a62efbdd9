"""What HR systems call the canonical statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STATUS_WORDS: Final[Mapping[str, str]] = {
    "待入职": "pending_hire",
    "放弃入职": "departed",
    "试用": "probation",
    "试用期": "probation",
    "在职": "active",
    "正式": "active",
    "休假": "on_leave",
    "停薪留职": "on_leave",
    "待离职": "notice",
    "离职": "departed",
    "已离职": "departed",
    "退休": "departed",
    "重新入职": "rehired",
}
"""What HR systems call the canonical statuses."""
