"""Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REASONS: Final[Mapping[str, str]] = {
    # the gate
    "{count} people would lose access over all systems within {window}; the limit is {limit} of {population}": (
        "{window}内所有系统合计将有 {count} 人失去权限；上限为 {population} 人中的 {limit} 人"
    ),
    "{count} people would lose access in {system} within {window}; the limit is {limit} of {population}": (
        "{window}内 {system} 中将有 {count} 人失去权限；上限为 {population} 人中的 {limit} 人"
    ),
    # the guards of a feed
    "empty: the feed has no readable row": "数据源中没有可读取的行",
    "shrunken: {rows} rows, the last approved feed had {last}; at least {share} must be there": (
        "共 {rows} 行，上次通过的数据源有 {last} 行；至少须有其 {share}"
    ),
    "renumbered: {unknown} employee numbers are new while {absent} known ones are gone: look whether the numbers were "
    "changed on the way (leading zeros, a shifted column)": (
        "出现 {unknown} 个新工号，同时 {absent} 个已知工号消失：请检查工号是否在传输中被改动（前导零丢失、列错位）"
    ),
    "unparseable: {rows} of {total} rows cannot be read, at most {share} may": (
        "{total} 行中有 {rows} 行无法读取，最多允许 {share}"
    ),
    "duplicates: {rows} of {total} rows repeat an employee number, at most {share} may": (
        "{total} 行中有 {rows} 行工号重复，最多允许 {share}"
    ),
    "duplicate_column: columns twice in the feed: {names}": "数据源中重复的列：{names}",
    "missing_column: columns gone since the last feed: {names}": "与上次相比缺少的列：{names}",
    "new_column: columns new since the last feed: {names}": "与上次相比新增的列：{names}",
    "stale: the feed is {hours} hours old, at most {most} are allowed": (
        "数据源已有 {hours} 小时未更新，最多允许 {most} 小时"
    ),
    "from_the_future: the feed claims to be from {hours} hours ahead of now": "数据源标注的时间比现在晚 {hours} 小时",
    "older: {older} is from {at} UTC, but {newer} from {then} UTC has been planned already: put that one back, or have "
    "a newer one exported": "{older}（{at} UTC）早于已处理过的 {newer}（{then} UTC）：请放回后者，或重新导出更新的文件",
    # migrations and their rollbacks
    "{count} segments are not finished": "{count} 个批次尚未完成",
    "{count} segments have not been read back": "{count} 个批次尚未读回",
    "{count} records were refused by the target": "{count} 条记录被目标拒绝",
    "{count} records were read back otherwise than planned": "{count} 条记录读回后与计划不一致",
    "{count} records are not as they were before the migration (baton migrate report {undo}): baton migrate rollback "
    "{run} --again takes back what is still as migrated, whoever has entered it": (
        "{count} 条记录与迁移之前不一致（明细见 baton migrate report {undo}）：其中仍为迁移所写内容的，"
        "可用 baton migrate rollback {run} --again 撤回，由人重新录入的也会一并撤回"
    ),
    "{count} source rows are in quarantine": "{count} 行来源数据被隔离",
    "the target has {count} records more than it should": "目标比应有的多 {count} 条记录",
    "what {count} records held before in {names} is not known: ours is left there": (
        "{count} 条记录的 {names} 原值未知，保留迁移写入的值"
    ),
    "taken back by {run}": "已由 {run} 撤回",
    "control totals differ: {names}": "控制合计不符：{names}",
    "what may still arrive of lost requests is waited for until {instant} UTC": (
        "为避免已丢失的请求迟到，等待至 {instant} UTC"
    ),
    "wave {wave}: of {seen} records {refused} were refused and {different} read back otherwise": (
        "第 {wave} 批：{seen} 条记录中 {refused} 条被拒，{different} 条读回不一致"
    ),
    "stopped: {why}": "已停止：{why}",
    # pay runs
    "not checked yet": "尚未检查",
    "not signed yet": "尚未签署",
    "no line can be paid": "没有可付的明细",
    "withdrawn: check it again": "已撤回，请重新检查",
}
WORDS: Final[Mapping[str, str]] = {"the run": "本次运行", "24 hours": "24 小时", "7 days": "7 天"}
"""What a sentence is filled with that is itself said otherwise."""
ROWS: Final = "行数"
