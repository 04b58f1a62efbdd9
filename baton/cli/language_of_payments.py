"""What the commands say about payments, in Chinese; part of `baton.cli.language.CHINESE`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PAYMENTS: Final[Mapping[str, str]] = {
    "{run}: {lines} lines, {out} left out, {faults} rows could not be read": (
        "{run}：{lines} 笔，{out} 笔未纳入，{faults} 行无法读取"
    ),
    "there are no pay runs yet": "还没有付款批次",
    "hours old": "已存小时",
    "{count} files of interrupted builds would be deleted": "将删除 {count} 个中断生成时遗留的文件",
    "{count} files of interrupted builds deleted": "已删除 {count} 个中断生成时遗留的文件",
    "component": "款项",
    "period": "期间",
    "pay day": "付款日",
    "lines": "笔数",
    "line": "行",
    "file": "文件",
    "digest": "摘要",
    "severity": "级别",
    "checking": "正在检查",
    "{system}: {files} files; {figures}": "{system}：{files} 个文件；{figures}",
    "ALARM {system}: {what}": "警报 {system}：{what}",
    "{system}: {file} could not be read: {why}": "{system}：{file} 无法读取：{why}",
    "{system}: {verdict}, {entries} bookings compared": "{system}：{verdict}，核对 {entries} 笔入账",
    "all banks: {verdict}": "所有银行：{verdict}",
    "booked": "已入账",
    "total": "合计",
    "waiting": "在途",
    "compared": "已核对",
    "rest": "差额",
    "different": "不一致",
    "nothing_compared": "没有可核对的内容",
    "disputed": "有争议",
    "building": "正在生成文件",
    "{run}: {figures}; {warnings} warnings": "{run}：{figures}；{warnings} 条提示",
    "the run is kept by: {rule}": "整批被拦截：{rule}",
    "{run}: {rule} is waived until {until}": "{run}：{rule} 已豁免至 {until}",
    "look at it, then: baton pay sign {run} --role ROLE --as YOU": (
        "请查看，然后：baton pay sign {run} --role 角色 --as 姓名"
    ),
    "{run}: {count} files released; deliver them with: baton pay deliver": (
        "{run}：已放行 {count} 个文件；投递：baton pay deliver"
    ),
    "{run}: {count} lines taken back; see: baton pay show {run}": (
        "{run}：已撤回 {count} 笔；查看：baton pay show {run}"
    ),
    "{file}: nobody can tell whether the bank has it ({why}); it stays as it is": (
        "{file}：无法确定银行是否已收到（{why}），保持原状"
    ),
    "{file}: never arrived by what is known, but the bank speaks of it (see --rest-unpaid)": (
        "{file}：据现有记录未送达，但银行已提及其中款项，保持原状（见 --rest-unpaid）"
    ),
    "{run}: {count} lines are drafted again, {refused} may not be": "{run}：重新起草 {count} 笔，{refused} 笔不得重付",
    "nobody has said what the bank means by these words; ask it whether it has the payment": (
        "以下银行原文的含义尚无人确认；请先向银行核实该笔是否已受理或已付"
    ),
    "the bank's words": "银行原文",
    "these words of the bank were read as follows; where it means something else, name it: --means": (
        "以下银行原文已按所列含义理解；若银行另有所指，请用 --means 注明"
    ),
    "read as": "理解为",
    "{run}: given up, {count} lines are free again": "{run}：已作废，释放 {count} 笔",
    "{run}: {component} for {period}, {state}": "{run}：{period} 的{component}，{state}",
    "sign for these: --files {digest}": "签署这些文件：--files {digest}",
    "still to sign: {roles}": "还需签署：{roles}",
    "everybody has signed: baton pay release {run} --as YOU --why TEXT": (
        "签署齐全：baton pay release {run} --as 姓名 --why 理由"
    ),
    "salary": "工资",
    "bonus": "奖金",
    "final_settlement": "离职结算",
    "recovery": "退回多扣",
    "payable": "可付",
    "draft": "草稿",
    "left_out": "未纳入",
    "filed": "已成文件",
    "released": "已放行",
    "debited": "已扣款",
    "paid": "已到账",
    "returned": "已退回",
    "recalled": "已止付",
    "cancelled": "已作废",
    "{run}: somebody in it has left, changed or got another account since it was checked: baton pay check {run}": (
        "{run}：检查之后，其中有人离职、信息变更或更换账户：baton pay check {run}"
    ),
    "may waive": "可豁免人",
    "nobody": "无人",
    "and {count} more: --json has all": "另有 {count} 项：用 --json 查看全部",
    # what the bank is asked to stop
    "{run}: give the letters to the bank; what it answers: baton pay answers": (
        "{run}：请将函件交给银行；银行答复后：baton pay answers"
    ),
    # what differs from the banks
    "nothing differs": "没有不一致",
    "{key}: {person} looks after it": "{key}：由 {person} 接手",
    "weight": "处理要求",
    "alarm": "告警",
    "look": "待查",
    "listed": "仅列示",
    "taken on by": "接手人",
    # what was overpaid
    "back": "已收回",
    "credit": "贷方",
    "debit": "借方",
    "told": "人事告知",
    "nothing was overpaid": "没有多付的款项",
    "somebody has to look at these:": "以下款项须由人判断：",
    "{person}: nothing to claim": "{person}：没有可追回的款项",
    "{person}: more is claimed than was not owed: baton pay recover withdraw": (
        "{person}：追索超出不应付的部分：baton pay recover withdraw"
    ),
    "{case}: {amount} claimed; look at the letter: baton pay recover notice {case} --dry-run --as YOU": (
        "{case}：追索 {amount}；请查看信函：baton pay recover notice {case} --dry-run --as 姓名"
    ),
    "{case}: sent through {system}": "{case}：已通过 {system} 发送",
    "{case}: announced through {system}": "{case}：已通过 {system} 告知有信",
    "{case}: {count} taken in": "{case}：入账 {count} 笔",
    "{case}: {state}; {amount} claimed, {back} back, {open} open": (
        "{case}：{state}；追索 {amount}，已收回 {back}，尚待返还 {open}"
    ),
    "{case}: {amount} came back too much: pay it with component recovery": (
        "{case}：多收 {amount}，请以 recovery 款项退还"
    ),
    "{case}: {amount} of what came back too much is paid back": "{case}：多收款项已退还 {amount}",
    "paid back": "已退还",
    "owed back": "尚应退还",
    "names": "所指案件",
    "counted already": "已入账",
    "maybe": "可能",
    "{file}: {why}": "{file}：不可信，{why}",
    "{file}: signed by the hub, unchanged; {case}": "{file}：由本系统签名，未被改动；{case}",
    "letter": "信函",
    "opened": "立案",
    "agreement": "还款约定",
    "money": "收款",
    "write_off": "核销",
    "withdrawal": "撤回",
    "claimed": "已立案",
    "repaid": "已还清",
    "noticed": "已告知",
    "agreed": "已约定",
    "partly_back": "部分收回",
    "written_off": "已核销",
    "withdrawn": "已撤销",
    "undated": "离职无日期",
    "contradictory": "日期矛盾",
    "unknown_then": "当时无此工号的人事记录",
    "stays": "结算后仍在职",
    "known": "发放时已知离职，仍超出份额",
    "shared": "似已按份额发放",
    "hold": "扣住，重新检查",
    "recall": "请银行止付",
    "recover": "立案追回",
    "wait": "先查明款项去向",
    # final settlements
    "settlement": "结算单",
    "working": "算式",
    "compared with its text": "已与原文核对",
    "yes": "是",
    "no": "否",
    "prepared by": "编制人",
    "reviewed by": "复核人",
    "prepared": "已编制，待复核",
    "reviewed": "已复核",
    "imported": "已转入付款批次",
    "redone": "已重算，作废",
    "kept as {settlement}; a second person: baton pay settlement review {settlement} {digest}": (
        "已存为 {settlement}；由另一人复核：baton pay settlement review {settlement} {digest}"
    ),
    "{run}: {count} settlements drafted; check it: baton pay check {run}": (
        "{run}：起草 {count} 份离职结算；检查：baton pay check {run}"
    ),
    "{person}: {ground} in {region}, {first} to {last}; due by {due}": (
        "{person}：{region}，{ground}，{first} 至 {last}；应于 {due} 前付清"
    ),
    "not taken, a claim of its own: {amount} of {kind} (limit: {why})": (
        "未能扣除，另行主张：{kind} {amount}（限制：{why}）"
    ),
    "total {amount}": "合计 {amount}",
    "rule pack {version} ({pack}), digest {digest}": "规则包 {version}（{pack}），计算摘要 {digest}",
    "{settlement}: {state}; prepared by {person}": "{settlement}：{state}；编制人 {person}",
    "reviewed by {person} as {role}": "复核人 {person}，职务 {role}",
    "drafted into {run}": "已起草入 {run}",
    "two people say so: it is never sent again; what becomes of it is told by the bank's answers": (
        "两人说法一致：该文件不再发送；后续以银行答复为准"
    ),
    "two people say so; next: baton pay withdraw {run}": "两人说法一致；下一步：baton pay withdraw {run}",
    "if the bank has it after all, everybody in it who is paid otherwise is paid twice": (
        "若银行其实已收到该文件，其中另行付款的人员将被重复付款"
    ),
}
