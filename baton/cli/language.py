"""What the commands say, in Chinese. The English text is the key; a test finds messages that are missing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CHINESE: Final[Mapping[str, str]] = {
    # headings
    "run": "运行",
    "state": "状态",
    "verdict": "结论",
    "asked by": "发起人",
    "at": "时间",
    "effects": "写入",
    "system": "系统",
    "person": "人员",
    "action": "动作",
    "due": "生效时间",
    "fields": "字段",
    "count": "数量",
    "key": "键",
    "why": "原因",
    "what to do": "处理办法",
    "what": "内容",
    "result": "结果",
    "law": "规则",
    "detail": "说明",
    "place": "位置",
    "field": "字段",
    "rule": "规则名",
    "message": "消息",
    "kind": "类型",
    # sync
    "{run}: {effects} effects from {rows} rows, {changed} people changed, {rejected} rows rejected": (
        "{run}：{rows} 行，{changed} 人有变化，{rejected} 行被拒，计划 {effects} 项写入"
    ),
    "dry run: nothing was stored and nothing will be sent; plan {hash}": "试运行：未保存、不发送；计划 {hash}",
    "plan {hash}": "计划 {hash}",
    "held: {reason}": "已拦截：{reason}",
    "look at it with: baton effects {run}; then: baton release {run} --as YOU --why TEXT, or baton reject": (
        "请查看：baton effects {run}；然后 baton release {run} --as 姓名 --why 理由，或 baton reject"
    ),
    "note: {note}": "提示：{note}",
    "{count} rows or cells could not be used:": "有 {count} 处数据无法使用：",
    "{system}: {figures}": "{system}：{figures}",
    "{system}: stopped: {why}": "{system}：已停止：{why}",
    "nothing to do": "无事可做",
    "{run}: {verdict} ({figures})": "{run}：{verdict}（{figures}）",
    "{system} {person}: read back differently: {fields}": "{system} {person}：回读不一致：{fields}",
    "{system} cannot be read back: {why}": "{system} 无法回读：{why}",
    "there are no runs yet": "还没有运行记录",
    "{count} effects": "{count} 项写入",
    # decisions
    "{run}: {count} effects released; the next apply sends them": "{run}：已放行 {count} 项，下次执行时发送",
    "{run}: {count} effects discarded; these people stay as they are until the source says something new": (
        "{run}：已作废 {count} 项；相关人员保持现状，直到人事数据再次变化"
    ),
    "effect {key}: {resolution}": "写入 {key}：{resolution}",
    "kill switch {scope} is on: {why}": "紧急停止 {scope} 已打开：{why}",
    "kill switch {scope} is off": "紧急停止 {scope} 已关闭",
    "no kill switch is on": "没有打开的紧急停止",
    # reconcile, audit, keys
    "{system}: {scanned} accounts, {alike} as expected, {drifted} drifted, {unknown} unknown": (
        "{system}：{scanned} 个账号，{alike} 个一致，{drifted} 个有偏差，{unknown} 个未知"
    ),
    "the repairs are planned by the next run": "修复由下一次运行计划",
    "checkpoint of {size} entries in {path}; copy it to where this hub cannot rewrite it": (
        "{size} 条记录的检查点已写入 {path}；请复制到本系统无法改写的地方"
    ),
    "{count} entries exported to {path}": "已导出 {count} 条记录到 {path}",
    "keys are already there; nothing was written": "密钥已存在，未写入任何内容",
    "written: {path} (keep a copy apart from the database)": "已写入：{path}（请与数据库分开保存副本）",
    "{done} of {total} personal values sealed with key version {version}": (
        "{total} 个敏感值中已有 {done} 个改用第 {version} 版密钥"
    ),
    # check, doctor, mapping
    "well": "正常",
    "not well": "异常",
    "{name}: {passed} laws kept, {failed} broken, {skipped} not applicable": (
        "{name}：{passed} 条规则通过，{failed} 条未通过，{skipped} 条不适用"
    ),
    "{path}: {fields} fields, {examples} examples hold": "{path}：{fields} 个字段，{examples} 个样例通过",
    "written: {path}": "已写入：{path}",
    "now: baton check {name}": "接下来：baton check {name}",
    "everything is in order": "一切正常",
    "{name}: {how}": "{name}：{how}",
    # migrate
    "{run}: {read} rows: {insert} to insert, {update} to update, {nothing} alike, {quarantined} in quarantine": (
        "{run}：共 {read} 行：新增 {insert}，更新 {update}，已一致 {nothing}，隔离 {quarantined}"
    ),
    "{stage}: {count} compared, {differing} differ": "{stage}：比较 {count} 条，{differing} 处不一致",
    "no record of this run has that key": "本次迁移中没有这个主键的记录",
    "{count} rows written to {path}: correct them there": "已将 {count} 行写入 {path}：请在其中更正",
    "then: baton migrate run MAPPING --resume-quarantine {path} --of {run}": (
        "然后执行：baton migrate run 映射文件 --resume-quarantine {path} --of {run}"
    ),
    "{rows} rows, {columns} columns": "{rows} 行，{columns} 列",
    "possible keys: {keys}": "可能的主键：{keys}",
    "none": "无",
    "type": "类型",
    "blank": "空值",
    "distinct": "不同值",
    "length": "长度",
    "pattern": "常见模式",
    "sensitive": "敏感",
    "suspicious": "可疑之处",
    "staged records of {count} runs deleted": "已删除 {count} 次迁移的暂存数据",
    "if that is right: baton release {run} --as YOU --why TEXT; baton migrate resume {run}": (
        "如果无误：baton release {run} --as 姓名 --why 理由；然后 baton migrate resume {run}"
    ),
    "if it is not: baton migrate rollback {run}": "如果有误：baton migrate rollback {run}",
    "stage": "阶段",
    "source": "来源",
    "mapping": "映射",
    "row": "行",
    "column": "列",
    "cause": "原因",
    "expected": "应为",
    "found": "实为",
    "step": "步骤",
    "value": "值",
    "reading": "正在读取",
    "writing": "正在写入",
    "proving": "正在核验",
    "mapping again": "正在重新映射",
    "comparing": "正在比较",
    # what a spinner says
    "planning": "正在计划",
    "sending": "正在发送",
    "reading back": "正在回读",
    "audit log": "审计日志",
    "personal values": "敏感值",
    "looking": "正在检查",
    # states, verdicts, actions: shown to people in words, to machines as they are
    "clean": "完成",
    "incomplete": "未完成",
    "held": "已拦截",
    "broken": "失败",
    "ready": "就绪",
    "settled": "已核对",
    "rejected": "已驳回",
    "replaced": "已被新计划取代",
    "refused": "被拒绝",
    "planned": "已计划",
    "sent": "已发出",
    "accepted": "已受理",
    "in_doubt": "结果未知",
    "done": "已完成",
    "superseded": "已作废",
    "provision": "开通",
    "update": "更新",
    "disable": "停用",
    "enable": "启用",
    "remove": "移除",
    "absent": "无账号",
    "enabled": "启用中",
    "disabled": "已停用",
    "removed": "已移除",
    "pending_hire": "待入职",
    "probation": "试用",
    "active": "在职",
    "on_leave": "休假",
    "notice": "待离职",
    "departed": "已离职",
    "rehired": "重新入职",
}
