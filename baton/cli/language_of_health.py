"""What the commands about the hub's health say, in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HEALTH: Final[Mapping[str, str]] = {
    "about": "对象",
    "figure": "数值",
    "severity": "级别",
    "limit": "限值",
    "no rule is broken": "没有违反任何规则",
    "no alarm is open": "没有未结束的告警",
    "{raised} alarms raised, {over} over, {messages} messages planned": (
        "新增告警 {raised} 条，结束 {over} 条，计划发送消息 {messages} 条"
    ),
    "not told: {trouble}": "未能通知：{trouble}",
    "noted: a backup of {at} UTC": "已记录备份：{at} UTC",
}
