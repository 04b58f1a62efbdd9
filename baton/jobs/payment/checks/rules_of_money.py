"""The rules about accounts, amounts, repeats and days."""

from __future__ import annotations

from typing import Final

from baton.jobs.payment.checks.rules import Rule, Scope, Severity, hold, stop, warn
from baton.jobs.payment.roles import Role

_HR: Final = (Role.HR,)
_TREASURY: Final = (Role.TREASURY,)
_DIRECTOR: Final = (Role.DIRECTOR,)

ACCOUNT_RULES: Final[tuple[Rule, ...]] = (
    hold(
        "holder_differs",
        _HR,
        "The account's holder is not the name HR has, character for character. Correct the name as the bank has it.",
        "户名与人事记录逐字比对不一致。请按银行登记的户名更正。",
    ),
    hold(
        "holder_is_another",
        _HR,
        "HR's own record has the account under another name than the person's. HR confirms the person's consent.",
        "人事记录中的户名不是本人姓名。请人事确认本人的书面同意。",
    ),
    hold(
        "no_name_on_record",
        _HR,
        "HR has no name to compare the holder with. HR completes the record.",
        "人事没有可比对的姓名。请人事补全。",
    ),
    warn(
        "latin_name",
        _HR,
        "A name in Latin letters on a renminbi account. Many banks refuse it; check it against the card.",
        "人民币账户的户名为拉丁字母，许多银行会拒付。请对照银行卡核实。",
    ),
    hold(
        "account_differs",
        _HR,
        "The account is not the one HR has. Correct the line, or HR confirms the new account by calling back.",
        "账号与人事记录不一致。请更正此行，或由人事回电本人确认新账号。",
    ),
    hold(
        "no_account_on_record",
        _HR,
        "HR has no account for the person. HR enters it as the person gave it.",
        "人事没有该员工的账号。请人事按本人提供的信息补录。",
    ),
    warn(
        "bank_code_differs",
        _HR,
        "The bank code is not the one HR has. Check which is right.",
        "联行号与人事记录不一致。请核实。",
    ),
    hold(
        "account_shared",
        _DIRECTOR,
        "{people} people are paid to this account. Each person needs an account of their own.",
        "{people} 人共用此账号。每人须使用本人账户。",
    ),
    hold(
        "account_changed",
        _HR,
        "The account was changed on {changed}, {days} days before the pay day. HR calls the person back on a number "
        "known before.",
        "账号于 {changed} 变更，距发薪日 {days} 天。请人事用原留存的电话回访本人确认。",
    ),
    stop(
        "account_form",
        "This is no account number: empty, too long, or with characters no account has. Correct it.",
        "账号无效：为空、过长或含非法字符。请更正。",
    ),
    warn(
        "account_luhn",
        _HR,
        "The card number's check digit does not fit. Some passbook and company accounts have none; check for a slip.",
        "卡号校验位不符。部分存折及对公账号无校验位；请核对是否录错。",
    ),
    stop(
        "account_iban",
        "The IBAN's check digits or its length do not fit. Correct it.",
        "IBAN 校验位或长度不符。请更正。",
    ),
    hold(
        "bank_code_form",
        _TREASURY,
        "The bank code is neither a CNAPS number (12 digits) nor a BIC (8 or 11 characters). Correct it.",
        "联行号既不是 12 位 CNAPS 行号，也不是 8 或 11 位 BIC。请更正。",
    ),
    warn(
        "bank_code_check",
        _TREASURY,
        "The CNAPS number's check digit does not fit. Check it against the bank's list.",
        "CNAPS 行号校验位不符。请对照银行行号表核实。",
    ),
    stop(
        "profile",
        "The bank's layout cannot carry this line as it is ({code}). Correct what the code names.",
        "银行格式无法承载此行（{code}）。请更正所指内容。",
    ),
)

REPEAT_RULES: Final[tuple[Rule, ...]] = (
    stop(
        "duplicate_in_run",
        "The same person, period, component and attempt stands in the run more than once. Keep the right one.",
        "同一人员、期间、项目、次数在本批次中重复。请只保留正确的一行。",
    ),
    stop(
        "duplicate_of_run",
        "The same person, period, component and attempt is in another run, drafts included ({code}). Take it out of "
        "one of them.",
        "同一人员、期间、项目、次数已在其他批次中（含草稿，{code}）。请从其中一批移除。",
    ),
    stop(
        "attempt_unproven",
        "A further attempt needs the one before to have come back by the bank's own word. It has not.",
        "再次发放须以银行确认上一次已退回或被拒为前提，而目前没有此证据。",
    ),
    stop(
        "on_statement",
        "The bank's statement has this payment already. Look at why the hub does not know of it; never pay it again.",
        "银行对账单上已有此笔付款。请查明系统为何不知，切勿再次支付。",
    ),
    hold(
        "told_of",
        _TREASURY,
        "The bank speaks of an earlier file ({code}) that was taken back, and this payment may be in it. Ask the bank; "
        "the treasury confirms that it does not pay it, and will not.",
        "银行提及已撤回的早先文件（{code}），此笔款项可能在其中。请向银行核实；由资金部确认银行未付且不会付此笔。",
    ),
    hold(
        "same_amount_nearby",
        _TREASURY,
        "The same person gets the same amount for the same component {days} days from this pay day. Confirm that both "
        "are owed.",
        "同一人员相同项目、相同金额的另一笔与本次发放相距 {days} 天。请确认两笔均应支付。",
    ),
)

AMOUNT_RULES: Final[tuple[Rule, ...]] = (
    stop("amount_zero", "The amount is zero. Take the line out.", "金额为零。请移除此行。"),
    stop(
        "amount_negative",
        "The amount is negative. A bank pays, it does not collect: recover it by a recovery case.",
        "金额为负。付款文件不能收款：请通过追回案件处理。",
    ),
    stop(
        "amount_overflow",
        "The amount is larger than any payment can be here. Look for yuan written as fen, or a shifted column.",
        "金额超出允许的最大值。请检查元与分是否混用或列是否错位。",
    ),
    stop(
        "currency_differs",
        "The line's currency is not the run's. One run pays one currency.",
        "币种与批次不符。一个批次只支付一种货币。",
    ),
    hold(
        "line_limit",
        _DIRECTOR,
        "The amount is above the limit for a line of this component. The director confirms it.",
        "金额超过该项目的单笔限额。请由总监确认。",
    ),
    hold(
        "run_limit",
        _DIRECTOR,
        "The run's total is above its limit. The director confirms it.",
        "批次总额超过限额。请由总监确认。",
        Scope.RUN,
    ),
    hold(
        "period_ahead",
        _TREASURY,
        "The line is for a period after the run's. Confirm that it is paid in advance.",
        "所属期间晚于批次期间。请确认为预付。",
    ),
    warn(
        "period_old",
        (Role.PAYROLL,),
        "The line is for a period {months} months before the run's. Check that it was not paid then.",
        "所属期间比批次早 {months} 个月。请核对当时是否已发放。",
    ),
    hold(
        "variance_person",
        (Role.PAYROLL,),
        "The salary is {percent}% of last month's. Confirm why.",
        "工资为上月的 {percent}%。请确认原因。",
        least=Severity.WARN,
    ),
    warn(
        "no_earlier_pay",
        (Role.PAYROLL,),
        "No salary last month, and the person has been here longer. Check why.",
        "上月没有工资，而该员工入职更早。请核实原因。",
    ),
    hold(
        "variance_run",
        _DIRECTOR,
        "The run's salaries are {percent}% of last month's total. Confirm why.",
        "本批工资总额为上月的 {percent}%。请确认原因。",
        Scope.RUN,
        least=Severity.WARN,
    ),
    hold(
        "variance_count",
        _DIRECTOR,
        "{people} people get a salary, {before} did last month. Confirm why.",
        "本期发薪 {people} 人，上月 {before} 人。请确认原因。",
        Scope.RUN,
        least=Severity.WARN,
    ),
    stop(
        "control_count",
        "{found} lines, {declared} were declared. The file is not what its maker sent: get it again.",
        "共 {found} 行，声明 {declared} 行。文件与制作人所发不符，请重新获取。",
        Scope.RUN,
    ),
    stop(
        "control_sum",
        "The lines add up to {found} minor units, {declared} were declared. Get the file again.",
        "各行合计 {found}（最小货币单位），声明 {declared}。请重新获取文件。",
        Scope.RUN,
    ),
    stop(
        "control_component",
        "Count or sum of one component ({code}) is not what was declared: {found} and {declared}. Get the file again.",
        "项目（{code}）的笔数或合计与声明不符：{found} 与 {declared}。请重新获取文件。",
        Scope.RUN,
    ),
    warn(
        "control_left_out",
        _DIRECTOR,
        "Of the lines counted against the control totals some are left out of this run: {claimed} are in another run, "
        "{doubled} are there twice, {others} are of another component.",
        "与控制合计核对的行中，有一部分未纳入本批："
        "已在其他批次 {claimed} 行，重复 {doubled} 行，属于其他款项 {others} 行。",
        Scope.RUN,
    ),
    hold(
        "facts_missing",
        _DIRECTOR,
        "A source that policy or settings name was not given ({code}), so its rules were not tried. Provide it.",
        "策略或设置指定的数据来源未提供（{code}），相关规则未执行。请提供。",
        Scope.RUN,
    ),
)

DAY_RULES: Final[tuple[Rule, ...]] = (
    stop(
        "calendar_missing",
        "Nobody has told the holidays of {year}. Add the year to the calendar file.",
        "没有 {year} 年的节假日安排。请在日历文件中补充。",
        Scope.RUN,
    ),
    hold(
        "pay_day_rest",
        _TREASURY,
        "Banks rest on {pay_day}. Wages are due on the working day before: {proposed}.",
        "{pay_day} 为休息日。工资应在之前最近的工作日发放：{proposed}。",
        Scope.RUN,
    ),
    stop(
        "pay_day_past", "The pay day {pay_day} is over. Set a later one.", "发放日 {pay_day} 已过。请另定。", Scope.RUN
    ),
    hold(
        "cut_off_passed",
        _TREASURY,
        "The bank's cut-off for {pay_day} was on {cut_off}. Set a later pay day, or agree on it with the bank.",
        "银行对 {pay_day} 的截止时间（{cut_off}）已过。请改期，或与银行协商。",
        Scope.RUN,
    ),
)
