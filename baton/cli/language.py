"""What the commands say, in Chinese. The English text is the key; a test finds messages that are missing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from baton.cli.language_of_health import HEALTH
from baton.cli.language_of_keeping import KEEPING
from baton.cli.language_of_payments import PAYMENTS

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
    "send it with: baton apply {run}; then: baton settle {run}": "发送：baton apply {run}；然后：baton settle {run}",
    "held: {reason}": "已拦截：{reason}",
    "look at it with: baton effects {run}; then: baton release {run} --as YOU --why TEXT, or baton reject": (
        "请查看：baton effects {run}；然后 baton release {run} --as 姓名 --why 理由，或 baton reject"
    ),
    "note: {note}": "提示：{note}",
    "{count} rows or cells could not be used:": "有 {count} 处数据无法使用：",
    "{system}: {figures}": "{system}：{figures}",
    "{system}: stopped: {why}": "{system}：已停止：{why}",
    "nothing to do": "无事可做",
    "no target is enabled: nothing was compared": "没有启用任何目标系统：未作任何核对",
    "not everything: what waits for {systems} is sent by a later run": (
        "未全部完成：{systems} 待发送的内容由之后的运行发送"
    ),
    "nothing was planned; what earlier runs left was sent as far as it is due": (
        "未能制定计划；此前的运行留下且已到期的内容已照常发送"
    ),
    "{run}: {verdict} ({figures})": "{run}：{verdict}（{figures}）",
    "{system} {person}: read back differently: {fields}": "{system} {person}：回读不一致：{fields}",
    "{system} cannot be read back: {why}": "{system} 无法回读：{why}",
    "nobody with the number {number} is known": "没有工号为 {number} 的人员",
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
    "{count} accounts carry no employee number any more: put it back in their systems, no run does that": (
        "{count} 个账号已没有工号：请在各自系统中补回，运行不会自动补写"
    ),
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
    "{count} rows are outside the scope of the mapping: they are left out": "{count} 行不在映射范围内，未包含",
    "{stage}: {count} compared, {differing} differ": "{stage}：比较 {count} 条，{differing} 处不一致",
    "surplus was not looked for: the collection held records before this run, and they may be those": (
        "未查找多余记录：本次迁移之前该集合中已有记录，无法区分"
    ),
    "surplus was not looked for: a later run into the same collection is deleted: its records cannot be told": (
        "未查找多余记录：之后一次迁入同一集合的迁移，其暂存数据已删除，无法分辨它写入了什么"
    ),
    "no record of this run has that key": "本次迁移中没有这个主键的记录",
    "{count} rows written to {path}: correct them there": "已将 {count} 行写入 {path}：请在其中更正",
    "then: baton migrate run MAPPING --resume-quarantine {path} --of {run}": (
        "然后执行：baton migrate run 映射文件 --resume-quarantine {path} --of {run}"
    ),
    "{count} rows cannot be read: {rules}": "{count} 行无法读取：{rules}",
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
    "{run} was taken back by {undone_by}: nothing is done": "{run} 已由 {undone_by} 撤回：未做任何操作",
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
    "{path} holds: {case} of employee {number}, {items} items, completed {at}, signed by {hub} (key {key})": (
        "{path} 有效：工号 {number} 的离职交接单 {case}，共 {items} 项，完成于 {at}，由 {hub} 签名（密钥 {key}）"
    ),
    "{path} does not hold: do not rely on it": "{path} 无效：请勿采信",
    "it proves nothing of {count} items: their system had been taken out, and was not asked": (
        "其中 {count} 项不在证明之列：其所在系统当时已被移出配置，未查询"
    ),
    "the log knows of nothing more that was said in this case": "审计日志中没有该案的其他意思表示",
    "this is the manifest alone: the pages were not checked": "这只是签名清单：未核验页面",
    "who held which client when:": "各客户由谁持有：",
    "who answers for which receivable at {at}:": "{at} 各应收款的责任人：",
    "since": "起",
    "until": "止",
    "amount": "金额",
    "month": "月份",
    "payment": "回款",
    "otherwise": "反例",
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
    # offboarding
    "case": "离职交接单",
    "last working moment": "最后工作时刻",
    "items": "事项",
    "closed": "已办结",
    "item": "事项",
    "who": "承接人",
    "version": "版本",
    "facts": "内容要点",
    "act": "操作",
    "text": "内容",
    "there are no cases yet": "还没有离职交接单",
    "{new} new, {renewed} changed, {gone} gone, {named} offered to somebody": (
        "新增 {new} 项，变更 {renewed} 项，消失 {gone} 项，已指派 {named} 项"
    ),
    "{case}: {name} ({number}), {state}": "{case}：{name}（{number}），{state}",
    "{case}: {state}": "{case}：{state}",
    "and {count} more: --state shows a part, --json all": "另有 {count} 项：用 --state 查看一部分，--json 查看全部",
    "missing: {what}": "尚缺：{what}",
    "nothing is missing: baton offboard complete {case} --as YOU --why TEXT": (
        "已无遗留：baton offboard complete {case} --as 姓名 --why 理由"
    ),
    "{system} cannot be read: {why}": "{system} 无法读取：{why}",
    "opened: {case}": "新开交接单：{case}",
    "retracted, as HR says: {case}": "已撤回（依人事系统）：{case}",
    "opened again: {case}": "重新打开：{case}",
    "item {item}: {name} is kept, SHA-256 {digest}": "第 {item} 项：已保存 {name}，SHA-256 {digest}",
    "its certificate is kept: baton offboard certificate {case} --kept": (
        "证明已保存：baton offboard certificate {case} --kept"
    ),
    "its certificate could not be issued just now; the next run issues it": "证明暂时无法签发，下次运行时补发",
    "bytes": "字节",
    "SHA-256": "SHA-256 摘要",
    "item {item} has no files": "第 {item} 项没有文件",
    "{count} leave by a run that is held, and keep what they have until it is decided: {numbers}": (
        "{count} 人按人事数据离职，但相应运行已拦截、待决定；决定之前其权限与会话不动：{numbers}"
    ),
    "  look: baton effects {run} --state held; then: baton release {run}, or: baton reject {run}": (
        "  查看：baton effects {run} --state held；然后 baton release {run}（放行）或 baton reject {run}（驳回）"
    ),
    "{count} leave only by what was rejected, and keep what they have until HR says otherwise: {numbers}": (
        "{count} 人的离职已被驳回；在人事系统另有说明之前其权限与会话不动：{numbers}"
    ),
    "{count} on hub.protected leave by HR's data, and keep all until a person opens a case: {numbers}": (
        "hub.protected 名单中 {count} 人按人事数据离职；在有人为其开立交接之前其权限与会话不动：{numbers}"
    ),
    "  who does leave: baton offboard open NUMBER; off the list alone, who left over 31 days ago gets no case": (
        "  确实离职者：baton offboard open 工号；离职已逾 31 天者，仅移出名单不会自动开立交接"
    ),
    "  who must be out all the same: baton offboard open NUMBER --cause emergency": (
        "  仍须立即停用者：baton offboard open 工号 --cause emergency"
    ),
    "looked ahead to the last day in {count} cases": "已为 {count} 份交接单预检最后工作日前的障碍",
    "closed through {month}: these lines stay as they are": "已关账至 {month}：这些明细不再变动",
    "{blocked} cannot go, {log_outs} log-outs, {told} messages ({escalations} escalated), {alerts} alerts": (
        "无法移交 {blocked} 项，强制下线 {log_outs} 次，消息 {told} 条（其中升级 {escalations} 条），警报 {alerts} 条"
    ),
    "{refreshed} cases looked at; {moved} items on their way, {done} done, {stuck} stuck": (
        "已查看 {refreshed} 份交接单；移交中 {moved} 项，完成 {done} 项，受阻 {stuck} 项"
    ),
    "{what}: {why}": "{what}：{why}",
    "nothing gets in the way, as far as could be asked": "就能查询的范围而言，没有障碍",
    "{system} offers no way to ask": "{system} 不提供查询方式",
    "{system} cannot be asked, see the checklist: {what}": "{system} 无法查询，见交接清单：{what}",
    "{count} items are on their way back: {run}": "{count} 项正在撤回：{run}",
    "{count} rights that successors were given for it are taken from them": "为此授予接手人的 {count} 项权限将被收回",
    "item {item} cannot be taken back: {title}": "事项 {item} 无法撤回：{title}",
    "item {item}: {state}": "事项 {item}：{state}",
    "{item}@{version} {title}: {state}": "{item}@{version} {title}：{state}",
    "looking everywhere": "正在查询各系统",
    "handing over": "正在移交",
    "open": "待办",
    "paused": "已暂停",
    "retracted": "已撤回",
    "completed": "已完结",
    "offered": "待接受",
    "approved": "已批准",
    "moving": "移交中",
    "stuck": "受阻",
    "left": "决定不移交",
    "gone": "已不在名下",
    "client": "客户",
    "contact": "联系人",
    "lead": "线索",
    "opportunity": "商机",
    "quote": "报价",
    "order": "订单",
    "contract": "合同",
    "receivable": "应收款",
    "ticket": "服务工单",
    "task": "任务",
    "approval": "审批",
    "document": "文档",
    "calendar": "日历",
    "group": "群组",
    "expense": "报销",
    "advance": "借款",
    "account": "账号",
    "grant": "权限",
    "asset": "设备",
    "paper": "纸质档案",
    "repository": "代码仓库",
    "other": "其他",
    "pause": "暂停",
    "retract": "撤回",
    "reopen": "重新打开",
    "complete": "办结",
    "name": "指定承接人",
    "note": "备注",
    "ask": "提问",
    "answer": "回答",
    "attach": "附文件",
    "accept": "接受",
    "refuse": "拒绝",
    "approve": "批准",
    "leave": "决定不移交",
    "confirm": "确认已办",
    "undo": "撤回移交",
    "alert": "警报",
    "there are no alerts": "没有警报",
    "{alert}: {state}": "{alert}：{state}",
    "order_by_leaver": "离职人下单",
    "order_in_window": "交接期内由他人下单",
    "bulk_export": "批量导出",
    "discount": "折扣变大",
    "reassigned_back": "又转回离职人名下",
    "client_refused": "客户拒绝移交",
    "rights_gone": "离职日推迟前权限已收回",
    "raised": "待处理",
    "dismissed": "已排除",
    "freeze_asked": "待第二人同意冻结",
    "frozen": "已冻结",
    "personal link": "个人链接",
    "role": "身份",
    "expires": "到期",
    "used": "最近使用",
    "ended": "已终止",
    "there are no links into this case": "这份交接单没有个人链接",
    "{count} links ended": "已终止 {count} 个链接",
    "leaver": "离职人",
    "successor": "承接人",
    "manager": "主管",
    "hr": "人事",
    **PAYMENTS,
    **HEALTH,
    **KEEPING,
}
