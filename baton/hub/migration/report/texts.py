"""The texts themselves: ``name: (English, Chinese)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Pair = tuple[str, str]

TEXTS: Final[Mapping[str, Pair]] = {
    "title": ("Migration report", "数据迁移报告"),
    "title.rollback": ("Rollback report", "迁移撤回报告"),
    "title.dry run": ("Migration rehearsal", "数据迁移预演报告"),
    # the verdict, for people
    "clean": ("Every record arrived unchanged", "全部记录已原样迁移"),
    "clean.why": (
        (
            "Each of the {compared} records was read back from {target} and compared, value by value, with what was "
            "planned. All are alike, and the totals agree."
        ),
        "{compared} 条记录已逐条从 {target} 读回，并与计划逐项比对：全部一致，合计数相符。",
    ),
    "quarantined": (
        "What could be migrated arrived unchanged; some rows need correction",
        "可用的记录已原样迁移；部分行需要更正",
    ),
    "quarantined.why": (
        (
            "{compared} records were read back from {target} and are exactly as planned. Rows of the source that "
            "were put aside because they cannot be used as they are: {quarantined}."
        ),
        "{compared} 条记录已从 {target} 读回，与计划完全一致。因内容无法使用而隔离的来源行：{quarantined}。",
    ),
    "form": ("All records arrived; some values are written in another form", "全部记录已迁移；部分值的写法不同"),
    "form.why": (
        (
            "{target} says the same in another form (blanks, decimal places, Unicode form, time zone). Records "
            "concerned: {different} of {compared}."
        ),
        "{target} 中的内容相同，只是写法不同（空格、小数位、Unicode 形式、时区）。涉及记录：{different} / {compared}。",
    ),
    "different": ("Some records are not as they should be", "部分记录与应有内容不一致"),
    "different.why": (
        (
            "{compared} records were read back from {target}. Not as planned: {different}. They are listed below, "
            "with the kind of difference."
        ),
        "已从 {target} 读回 {compared} 条记录，其中与计划不一致：{different}。明细及差异类型见下文。",
    ),
    "refused": ("Some records were not accepted", "部分记录未被接收"),
    "refused.why": (
        (
            "{target} did not take these records: {refused}. Of the others {compared} were read back, and {alike} of "
            "them are as planned."
        ),
        "{target} 未接收的记录：{refused}。其余记录已读回 {compared} 条，其中 {alike} 条与计划一致。",
    ),
    "totals": ("The totals do not agree", "合计数不符"),
    "totals.why": (
        "Single records look right, but the figures of {target} are not the ones that were planned.",
        "单条记录无误，但 {target} 的合计数与计划不符。",
    ),
    "open": ("The migration is not finished", "迁移尚未完成"),
    "open.why": (
        "Written and read back so far: {compared} of {planned} records. It goes on where it stopped.",
        "目前已写入并读回 {compared} / {planned} 条记录，可从中断处继续。",
    ),
    "held": ("Stopped for safety: a person must decide", "已安全停止：需要人工决定"),
    "held.why": (
        (
            "Written and read back so far: {compared} of {planned} records. Too many of them went wrong, so that the "
            "rest was not sent."
        ),
        "目前已写入并读回 {compared} / {planned} 条记录；问题比例过高，其余记录未发送。",
    ),
    "rejected": ("Rejected: what was held will not be written", "已拒绝：被拦截的记录不再写入"),
    "rejected.why": (
        "Written and read back before: {compared} of {planned} records.",
        "此前已写入并读回 {compared} / {planned} 条记录。",
    ),
    "broken": ("Nothing could be proved", "无法证明结果"),
    "broken.why": (
        "No record could be compared with {target}. A check that compared nothing has shown nothing.",
        "没有任何记录能与 {target} 比对。未做比对的检查不能说明任何问题。",
    ),
    "planned": ("Planned; nothing has been written yet", "已计划，尚未写入"),
    "planned.why": ("Records to be brought to {target}: {planned}.", "将迁移到 {target} 的记录：{planned}。"),
    "dry run": ("A rehearsal: nothing was written", "预演：未写入任何数据"),
    "dry run.why": (
        (
            "The source was read, cleaned and compared with {target}. A real run would leave {planned} records as "
            "shown here, and put {quarantined} rows aside."
        ),
        "已读取并清洗来源数据，并与 {target} 比较。正式运行将处理 {planned} 条记录，隔离 {quarantined} 行。",
    ),
    "undone": ("The migration was taken back", "迁移已撤回"),
    "undone.why": (
        "All {compared} records were read back from {target}: they are as they were before the migration.",
        "已从 {target} 读回全部 {compared} 条记录：均恢复到迁移之前的状态。",
    ),
    "taken back": ("This migration has been taken back", "此次迁移已被撤回"),
    "taken back.why": (
        (
            "What it wrote to {target} was taken back by {undone_by}, which has a report of its own. All that follows "
            "is as it was before."
        ),
        "写入 {target} 的内容已由 {undone_by} 撤回，详见该次运行的报告。以下为撤回之前的情况。",
    ),
    "undone partly": ("The migration was taken back in part", "迁移已部分撤回"),
    "undone partly.why": (
        "Records as they were before: {alike} of {compared}. What others have changed since was left alone: {refused}.",
        "已恢复原状的记录：{alike} / {compared}。此后被他人修改、因而保持不动的记录：{refused}。",
    ),
    "undo planned": ("The rollback is planned; nothing has been taken back yet", "撤回已计划，尚未执行"),
    "undo planned.why": ("Parts to be restored: {effects}.", "待恢复的批次：{effects}。"),
    "reasons": ("Why", "原因"),
    # what to do next
    "next": ("What to do next", "下一步"),
    "next.correct": (
        "Correct the rows in quarantine ({quarantined}) and feed them back. The list names row, column and reason.",
        "更正隔离的行（{quarantined}）后重新导入。清单列明行号、列与原因。",
    ),
    "next.differences": (
        (
            "Look at the differences with whoever looks after {target}: it has changed values on their way in. "
            "Run the migration again after that; records that are right are left alone."
        ),
        "与 {target} 的负责人核对差异：数据写入时被改动。处理后可再次迁移，已正确的记录不会改动。",
    ),
    "next.form": (
        "Decide whether the other form is acceptable. If so there is nothing to do; else change the mapping.",
        "确认不同的写法是否可以接受：可以则无需处理，否则请修改映射。",
    ),
    "next.refusals": (
        "Follow the remedy beside each refused record, then run the migration again.",
        "按每条被拒记录旁的办法处理，然后再次迁移。",
    ),
    "next.resume": ("Resume the run: it goes on where it stopped.", "继续此次运行：将从中断处接着执行。"),
    "next.earlier": (
        "Nothing about {taken_back} records that had been taken back before: they were left as they are.",
        "此前已撤回的 {taken_back} 条记录无需处理：此次未作改动。",
    ),
    "next.decide": (
        "A second person looks at the figures, then releases or rejects the rest.",
        "由另一人查看数字后，放行或拒绝其余记录。",
    ),
    "next.undo": (
        "If it should not stay like this, take the migration back: possible until {until}.",
        "如不应保持现状，可撤回迁移：截止 {until}。",
    ),
    "next.start": (
        (
            "If these figures are what you expect, start the migration with the same mapping: the same input gives "
            "the same plan hash."
        ),
        "如数字符合预期，请用同一映射正式迁移：输入相同，计划哈希也相同。",
    ),
    "next.broken": (
        "Ask for help with the reasons above; do not rely on this migration.",
        "请凭上述原因寻求支持；暂勿依赖此次迁移的结果。",
    ),
    "next.keep": (
        "Keep this report. The original records stay available for a rollback until {until}.",
        "请保存本报告。原始记录保留至 {until}，期间可以撤回。",
    ),
    "next.changed": (
        "Look at the records that others have changed since; they were left as they are.",
        "查看此后被他人修改的记录；这些记录保持现状。",
    ),
    "next.again": (
        (
            "Look at the {different} records that are not as they were before. To take back those still as migrated, "
            "also if people have entered them again: baton migrate rollback {undoes} --again"
        ),
        (
            "查看与迁移之前不一致的 {different} 条记录。如要撤回其中仍为迁移所写内容的记录（包括此后由人重新录入的），"
            "请执行：baton migrate rollback {undoes} --again"
        ),
    ),
    "next.done": ("Nothing: there is nothing left to do.", "无：没有待办事项。"),
    # the route
    "from": ("From", "来源"),
    "to": ("To", "目标"),
    "taken_back_in": ("Taken back in", "撤回所在系统"),
    "origin": ("Read from", "读取自"),
    "as_of": ("As of", "数据时间"),
    "mapping": ("Mapping", "映射"),
    "key": ("Key", "主键"),
    "run": ("Run", "运行"),
    "undoes": ("Takes back", "撤回的运行"),
    "undone_by": ("Taken back by", "撤回它的运行"),
    "asked_by": ("Asked by", "发起人"),
    "created": ("Planned at", "计划时间"),
    "settled": ("Settled at", "结算时间"),
    # the picture of the stages
    "stages": ("From stage to stage", "各阶段"),
    "stages.note": (
        "Share of records that each stage carried on, of those the stage before gave it.",
        "各阶段承接的记录占上一阶段的比例。",
    ),
    "stage.read": ("Read", "读取"),
    "stage.touched": ("Touched by the migration", "迁移涉及"),
    "stage.restored": ("Restored, read back", "恢复并读回"),
    "stage.in_scope": ("In scope", "范围内"),
    "stage.planned": ("Planned", "计划"),
    "stage.compared": ("Written, read back", "写入并读回"),
    "stage.alike": ("Alike", "一致"),
    "lost.out_of_scope": ("out of scope: {n}", "范围外：{n}"),
    "lost.quarantined": ("in quarantine: {n}", "隔离：{n}"),
    "lost.refused": ("refused: {n}", "被拒：{n}"),
    "lost.unwritten": ("not written yet: {n}", "尚未写入：{n}"),
    "lost.different": ("different: {n}", "不一致：{n}"),
    "need.insert": ("New in the target", "新增"),
    "need.update": ("Changed in the target", "更新"),
    "need.insert.rollback": ("Had been new", "原为新增"),
    "need.update.rollback": ("Had been changed", "原为更新"),
    "need.nothing": ("Alike already", "原已一致"),
    # the picture of the columns
    "columns": ("Match rate by column", "各字段一致率"),
    "columns.note": (
        "Share of the records read back that are alike in the column. Never rounded up: 100 % means all.",
        "读回的记录中该字段一致的比例。从不进位：100 % 即全部一致。",
    ),
    "columns.partly": (
        (
            "Of one part of the migration only the first 10,000 differing records were looked at cell by cell: "
            "the true rates may be lower."
        ),
        "某一批次仅对前 10,000 条不一致的记录逐格比对：实际一致率可能更低。",
    ),
    "column": ("Column", "字段"),
    "type": ("Type", "类型"),
    "personal": ("Personal", "个人信息"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "compared": ("Compared", "已比对"),
    "alike": ("Alike", "一致"),
    "cells_different": ("Cells that differ", "不一致的单元格"),
    "rate": ("Match rate", "一致率"),
    "not_compared": ("cannot be read back", "无法读回"),
    "alike_of": ("{alike} of {compared} alike", "{compared} 条中 {alike} 条一致"),
    # totals
    "totals_heading": ("Control totals", "控制合计"),
    "totals.note": (
        (
            "How many values each column has, the sum of numbers, the first and the last day. Source and plan are "
            "worked out on separate paths. ✓ means that figures must agree and do, ≠ that they do not."
        ),
        "各字段的值个数、数字合计、最早与最晚日期。来源与计划由两条独立路径计算。✓ 表示应当相符且相符，≠ 表示不符。",
    ),
    "totals.withheld": (
        "The sum or range of fewer than five personal values is not shown.",
        "个人信息少于五个值时，不显示其合计与范围。",
    ),
    "withheld": ("not shown", "不显示"),
    "total.source": ("Source, usable rows", "来源（可用行）"),
    "total.quarantined": ("Quarantine", "隔离"),
    "total.planned": ("Plan", "计划"),
    "total.expected": ("Plan, as far as taken", "计划（已接收部分）"),
    "total.expected.rollback": ("Before the migration", "迁移之前"),
    "total.result": ("Result, read back", "结果（读回）"),
    "check.planned": ("Source = plan", "来源 = 计划"),
    "check.result": ("Plan = result", "计划 = 结果"),
    "check.result.rollback": ("Before = result", "之前 = 结果"),
    "agrees": ("agrees", "相符"),
    "differs": ("differs", "不符"),
    "not_held": ("not held against each other", "不作比对"),
    "rows": ("Rows", "行数"),
    "values": ("Values", "值个数"),
    "sum": ("Sum", "合计"),
    "first": ("First day", "最早"),
    "last": ("Last day", "最晚"),
    "stage": ("Stage", "阶段"),
    # differences
    "differences": ("Differences", "差异"),
    "differences.none": ("No record was read back otherwise than planned.", "没有读回不一致的记录。"),
    "differences.uncompared": ("Nothing has been read back yet.", "尚未读回任何数据。"),
    "differences.note": (
        "Values are masked: blanks made visible, the length in brackets.",
        "值已脱敏：空格可见，括号内为长度。",
    ),
    "differences.real": ("Real differences", "实质差异"),
    "differences.form": ("The same in another form", "仅写法不同"),
    "row": ("Source row", "来源行"),
    "cause": ("Kind", "差异类型"),
    "kind": ("Real or form", "实质或写法"),
    "expected": ("Planned", "计划"),
    "found": ("Found", "读回"),
    "whole_record": ("whole record", "整条记录"),
    "shown_of": ("Shown here: {shown} of {total}.", "此处显示 {shown} / {total}。"),
    "workbook_has": ("The workbook beside this page lists {listed}.", "同目录的工作簿列出 {listed} 条。"),
    # rejects
    "quarantine": ("Quarantine", "隔离"),
    "quarantine.none": ("No row of the source had to be put aside.", "没有需要隔离的来源行。"),
    "quarantine.note": (
        "Rows of the source that cannot be used as they are. Values are not shown.",
        "内容无法使用的来源行。不显示具体值。",
    ),
    "rule": ("Reason", "原因"),
    "rule_name": ("Rule", "规则"),
    "message": ("In detail", "说明"),
    "refusals": ("Refused by the target", "被目标拒绝"),
    "refusals.none": ("The target refused nothing.", "目标没有拒绝任何记录。"),
    "outcome": ("Outcome", "结果"),
    "code": ("Code", "代码"),
    "remedy": ("What to do", "处理办法"),
    "cleaning": ("Cleaning", "清洗"),
    "cleaning.none": ("No cell had to be repaired.", "没有需要修正的单元格。"),
    "cleaning.note": (
        "Cells of the source that declared rules repaired before mapping.",
        "映射前按声明的规则修正的来源单元格。",
    ),
    # how it went
    "waves": ("Waves", "批次"),
    "waves.note": ("Each wave was proved before the next was sent.", "每一批验证通过后才发送下一批。"),
    "waves.planned": ("Each wave is proved before the next is sent.", "每一批验证通过后才会发送下一批。"),
    "wave": ("Wave {n}", "第 {n} 批"),
    "records": ("Records", "记录"),
    "evidence": ("For the record", "存证"),
    "evidence.note": (
        (
            "The same input gives the same plan hash. A root stands for all records of its stage: a single changed "
            "value gives another one."
        ),
        "输入相同则计划哈希相同。根哈希代表该阶段的全部记录：任何一个值改变，根哈希即不同。",
    ),
    "time.planned_in_s": ("Read and planned in", "读取与计划用时"),
    "time.sent_in_s": ("Written in", "写入用时"),
    "time.proven_in_s": ("Read back and compared in", "读回与比对用时"),
    "seconds": ("{n} s", "{n} 秒"),
    "plan_hash": ("Plan hash", "计划哈希"),
    "mapping_digest": ("Mapping digest", "映射摘要"),
    "feed_digest": ("Source digest", "来源摘要"),
    "root.source": ("Root of the source", "来源根哈希"),
    "root.planned": ("Root of the plan", "计划根哈希"),
    "root.result": ("Root of the result", "结果根哈希"),
    "retain_until": ("Staged records are deleted after", "暂存记录删除时间"),
    "state": ("State", "状态"),
    "verdict": ("Verdict", "结论"),
    # sheets and the rest
    "sheet.summary": ("Summary", "概要"),
    "sheet.totals": ("Totals", "合计"),
    "sheet.differences": ("Differences", "差异"),
    "sheet.quarantine": ("Quarantine", "隔离"),
    "sheet.refusals": ("Refusals", "拒绝"),
    "sheet.columns": ("Columns", "字段"),
    "item": ("Item", "项目"),
    "value": ("Value", "内容"),
    "masked.no value": ("no value", "无值"),
    "masked.empty text": ("empty text", "空文本"),
    "footer": (
        "Made by Baton on your own machine. This page needs no network. Names and values of people are masked.",
        "由 Baton 在本机生成。本页无需网络。个人姓名与内容已脱敏。",
    ),
}
"""Texts by name. A verdict has its sentence under the same name with ``.why``."""
