"""Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "Runs": "运行记录",
    "Run": "运行",
    "State": "状态",
    "Verdict": "结论",
    "Effects": "写入",
    "People, records": "人数、记录数",
    "Job": "作业",
    "Segment": "分段",
    "sync": "同步",
    "migration": "迁移",
    "payment": "付款",
    "offboarding": "离职交接",
    "recovery": "追回",
    "Pay runs": "付款批次",
    "Health": "健康状况",
    "alarms": "告警",
    "Asked by": "发起人",
    "At": "时间",
    "There are no runs yet.": "还没有运行记录。",
    "In doubt": "结果不明",
    "Sent, and no proof yet of what became of it. The next run asks the system; where it cannot tell, "
    "a person decides: baton resolve KEY done|resend|give-up --as NAME --why TEXT": (
        "已发送，但尚无结果证据。下次运行会向该系统查询；系统也无法回答时由人决定："
        "baton resolve 键 done|resend|give-up --as 姓名 --why 理由"
    ),
    "Nothing is in doubt.": "没有结果不明的写入。",
    "Kill switch": "停止开关",
    "No kill switch is on.": "没有打开任何停止开关。",
    "events wait for the next run": "个事件等待下次运行处理",
    "The next run starts by the schedule.": "下次运行按计划开始。",
    "System": "系统",
    "Action": "动作",
    "Count": "数量",
    "Figures": "数字",
    "Reasons": "原因",
    "Faults": "无法使用的数据",
    "Place": "位置",
    "Field": "字段",
    "Fields": "字段",
    "Rule": "规则",
    "Message": "消息",
    "Person": "人员",
    "Due": "生效时间",
    "What happened": "结果",
    "What to do": "处理办法",
    "Key": "键",
    "Decisions": "决定",
    "Decision": "决定",
    "By": "决定人",
    "Why": "理由",
    "Plan": "计划",
    "Settled": "结算时间",
    "All runs": "全部运行",
    "all": "全部",
    "of": "／共",
    "Release": "放行",
    "Reject": "拒绝",
    "Cancel": "取消",
    "Reason": "理由",
    "It goes into the audit log.": "理由会写入审计日志。",
    "Release this run": "放行此次运行",
    "Reject this run": "拒绝此次运行",
    "Everything it holds is sent with the next run.": "其中拦截的全部写入将随下次运行发送。",
    "Everything it holds is discarded; these people stay as they are until the source says something new.": (
        "其中拦截的全部写入将作废；在来源数据再次变化前，这些人员保持现状。"
    ),
    "This run is held: nothing of it is sent until a person has decided.": (
        "此次运行已被拦截：在有人决定之前不会发送任何内容。"
    ),
    "You asked for this run: a second person must decide.": "此次运行由您发起：必须由另一人决定。",
    "Your role may look, not decide.": "您的角色只能查看，不能决定。",
    "Only field names are shown here, never values.": "此处只显示字段名，从不显示字段值。",
    "This run is held: nothing more of it is sent until a person has decided.": (
        "此次运行已被拦截：已写入的保持不变，在有人决定之前不再发送任何内容。"
    ),
    "What it holds may be sent: clear the failed tasks in Airflow, or: baton migrate resume RUN": (
        "其中拦截的内容可以发送：请在 Airflow 中清除失败的任务，或执行：baton migrate resume 运行编号"
    ),
    "What it holds is discarded. What was written stays; to take it back: baton migrate rollback RUN": (
        "其中拦截的内容将作废，已写入的保持不变；如需回滚：baton migrate rollback 运行编号"
    ),
    # migrations
    "Migration": "迁移",
    "From": "来源",
    "To": "目标",
    "Mapping": "映射",
    "Takes back": "回滚的运行",
    "Taken back by": "撤回它的运行",
    "Waves": "波次",
    "Kept until": "保留至",
    "The copies of this migration have been deleted: it can be neither shown nor taken back.": (
        "此次迁移的副本已删除：无法再查看明细，也无法回滚。"
    ),
    "Report as a page": "报告（网页）",
    "Report as a workbook": "报告（Excel）",
    "Control totals differ": "控制合计不一致",
    "In quarantine": "已隔离",
    "Cells": "单元格数",
    "For the rows, to be corrected: baton migrate quarantine RUN --out FILE.xlsx": (
        "导出这些行以便更正：baton migrate quarantine 运行编号 --out 文件.xlsx"
    ),
    "Differences": "差异",
    "Source row": "来源行号",
    "Cause": "差异类型",
    "Not written": "未写入",
    "source": "来源",
    "expected": "应写入",
    "result": "读回",
    "read": "读取",
    "insert": "新增",
    "nothing": "无需写入",
    "out_of_scope": "不在范围内",
    "quarantined": "隔离",
    "compared": "已比对",
    "alike": "一致",
    "different": "不一致",
    "unproven": "未读回",
    "extra": "多出",
    "missing": "缺失",
    "value": "值不同",
    "duplicate": "记录重复",
    "cut": "被截断",
    "leading_zeros": "前导零丢失",
    "zone_shift": "时区偏移",
    "mojibake": "乱码",
    "swapped": "两列互换",
    "no_value": "无值与空文本",
    "padding": "首尾空白",
    "unicode": "Unicode 形式不同",
    "width": "全角与半角",
    "scale": "小数位",
    "zone": "时区写法不同",
    "load": "写入",
    "restore": "还原",
    "found": "原已符合计划",
    "not_performed": "未执行",
    "open": "未完成",
    # figures of a sync
    "rows": "行数",
    "changed": "有变化的人",
    "effects": "写入项",
    "scheduled": "待生效",
    "due": "已到期",
    "population": "在职人数",
    "present": "未离职人数",
    "hints": "收到的通知",
    "limited": "仅限的人",
    "limited_systems": "仅限的系统",
    "waiting": "等待中的人",
    "unmapped": "无法映射的人",
    "absent": "未出现的人",
    "erased": "已抹除的人",
    "comparable": "可比对",
    "outstanding": "未了结",
    "The hub cannot be opened": "无法打开系统",
    "Not found": "未找到",
    "Not allowed": "无权操作",
    "This DAG run has no run of the hub (yet).": "此 DAG 运行（尚）没有对应的记录。",
    # states, verdicts, actions
    "held": "已拦截",
    "ready": "就绪",
    "settled": "已结算",
    "rejected": "已拒绝",
    "replaced": "已被替代",
    "refused": "被拒绝",
    "clean": "无误",
    "incomplete": "未完成",
    "broken": "失败",
    "planned": "已计划",
    "sent": "已发送",
    "accepted": "已受理",
    "in_doubt": "结果不明",
    "done": "完成",
    "superseded": "已作废",
    "provision": "开通",
    "update": "更新",
    "disable": "停用",
    "enable": "启用",
    "remove": "移除",
    "transfer": "移交",
    "entitle": "授权",
    "revoke": "收回权限",
    "end_sessions": "结束会话",
    "notify": "通知",
    "deliver": "投递",
    "release": "放行",
    "reject": "拒绝",
    # refusals
    "This run no longer waits for a decision. Load the page again to see what became of it.": (
        "此次运行已不再等待决定。请刷新页面查看当前状态。"
    ),
    "It was planned too long ago. Reject it, and let the next run plan anew.": (
        "计划已过期。请拒绝，由下次运行重新计划。"
    ),
    "It no longer holds what was planned. Reject it, find out who changed the database (baton audit verify), "
    "and run again.": "其中拦截的内容与计划不一致。请拒绝，查明何人改动了数据库（baton audit verify），再重新运行。",
    "It would take accounts from people who are on hub.protected by now: the next sync plans it anew.": (
        "其中有人的账号现已受 hub.protected 保护：下次同步会重新计划。"
    ),
    "HR has said something else of people in it since it was planned: the next sync plans it anew.": (
        "计划生成后，人事系统对其中人员已有新的说明；下次同步会重新计划。"
    ),
    "It would close accounts of people whose emergency was retracted since: the next sync plans it anew.": (
        "其中有人的紧急离职已撤回：下次同步会重新计划。"
    ),
    "It would open accounts of people who must be out by an emergency: the next sync plans it anew.": (
        "其中有人因紧急离职不得登录，放行会开通其账号；下次同步会重新计划。"
    ),
    "It is held for something else than this page shows. Load the page again, then decide.": (
        "拦截的内容与本页显示的不同。请刷新页面，查看后再决定。"
    ),
    "This is a pay run: it is signed for and released on its own page.": "这是付款批次：须在其页面上签署和放行。",
    "Please give a reason.": "请填写理由。",
    "This alarm is over. Load the page again.": "此告警已结束。请刷新页面。",
    "Somebody has decided on this alarm meanwhile. Load the page again to see what.": (
        "其间已有人处理此告警。请刷新页面查看。"
    ),
}
