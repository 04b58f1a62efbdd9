"""The rules about who is paid: HR's record, its three dates, and what other sources say of them."""

from __future__ import annotations

from typing import Final

from baton.jobs.payment.checks.rules import Rule, Scope, Severity, hold, stop, warn
from baton.jobs.payment.roles import Role

_HR: Final = (Role.HR,)
_HR_OR_DIRECTOR: Final = (Role.HR, Role.DIRECTOR)

PEOPLE_RULES: Final[tuple[Rule, ...]] = (
    stop(
        "unknown_person",
        "HR knows nobody with this number. Correct it (a spreadsheet may have dropped its leading zeros), or have HR "
        "enter the person.",
        "人事系统中没有此工号。请更正工号（电子表格可能丢掉了前面的零），或由人事补录该人员。",
    ),
    stop(
        "not_started",
        "The person starts on {hire_day}, after the period. Take the line out or correct the period.",
        "该员工 {hire_day} 入职，晚于所属期间。请移除此行或更正期间。",
    ),
    hold(
        "pending_hire",
        _HR,
        "HR has not confirmed that the person has started. Have HR confirm it, then check again.",
        "人事尚未确认该员工到岗。请人事确认到岗后重新检查。",
    ),
    hold(
        "on_leave",
        _HR,
        "The person is on leave. HR confirms that pay is due and that the amount is that of the leave.",
        "该员工休假中。请人事确认应发工资，且金额符合休假待遇。",
        least=Severity.WARN,
    ),
    warn(
        "pending_departure",
        _HR,
        "The person leaves on {last_working}; pay ends on {pay_end}. Prepare the final settlement.",
        "该员工将于 {last_working} 离职，薪资截止 {pay_end}。请准备离职结算。",
    ),
    warn(
        "paid_past_last_working",
        _HR,
        "The period begins after the last working day {last_working}; by HR's record pay goes on until {pay_end}. "
        "Ask HR whether that is meant.",
        "期间开始于最后工作日 {last_working} 之后，人事记录薪资发至 {pay_end}。请向人事核实。",
    ),
    hold(
        "contract_ended",
        _HR,
        "The contract ended on {contract_end}, before the period, though pay ends only on {pay_end}. HR corrects the "
        "dates or confirms what the pay is for.",
        "合同已于 {contract_end} 终止，早于所属期间，而薪资截止为 {pay_end}。请人事更正日期或说明发放依据。",
    ),
    hold(
        "dates_contradict",
        _HR,
        "HR's dates contradict each other: last working {last_working}, contract end {contract_end}, pay end "
        "{pay_end}. HR corrects them.",
        "人事日期互相矛盾：最后工作日 {last_working}，合同终止 {contract_end}，薪资截止 {pay_end}。请人事更正。",
    ),
    warn(
        "last_period",
        _HR,
        "The last, partial period: pay ends on {pay_end}. Check that the amount is for {days} days only.",
        "最后一个不完整期间：薪资截止 {pay_end}。请核对金额仅含 {days} 天。",
    ),
    hold(
        "last_period_full",
        (Role.HR, Role.PAYROLL),
        "Pay ends on {pay_end} ({days} days of the period), yet the line is {percent}% of last month's pay. Correct "
        "the amount, or confirm what else it contains.",
        "薪资截止 {pay_end}（本期 {days} 天），但金额为上月的 {percent}%。请更正金额，或确认其中包含的其他项目。",
    ),
    stop(
        "departed",
        "Pay ended on {pay_end}, before the period. Take the line out; what is still owed belongs into the final "
        "settlement.",
        "薪资已于 {pay_end} 截止，早于所属期间。请移除此行；尚欠款项应计入离职结算。",
    ),
    stop(
        "departed_undated",
        "The person has left and HR knows no date of it. Have HR enter the dates, then check again.",
        "该员工已离职，但人事没有离职日期。请人事补录日期后重新检查。",
    ),
    stop(
        "expense_of_leaver",
        "The person has left. An expense that is still owed belongs into the final settlement.",
        "该员工已离职。尚欠的报销款应计入离职结算。",
    ),
    hold(
        "refund_to_leaver",
        _HR_OR_DIRECTOR,
        "Money goes back to a person who has left. Confirm it against the recovery case.",
        "向已离职人员退款。请对照追回案件核实。",
    ),
    stop(
        "settlement_of_employee",
        "A final settlement is for leavers only, and HR knows of no departure. Have HR enter it, or take the line out.",
        "离职结算仅适用于离职人员，而人事没有离职记录。请人事补录，或移除此行。",
    ),
    hold(
        "settlement_undated",
        _HR,
        "The person has left and HR knows no date of it. HR enters the dates the settlement was worked out with.",
        "该员工已离职，但人事没有离职日期。请人事补录结算所依据的日期。",
    ),
    hold(
        "settlement_early",
        _HR,
        "The settlement is paid on {pay_day}, before the last working day {last_working}. Pay it later, or have HR "
        "confirm.",
        "结算发放日 {pay_day} 早于最后工作日 {last_working}。请推迟发放，或由人事确认。",
    ),
    hold(
        "settlement_rehired",
        _HR,
        "The person works here again. HR confirms that the settlement is for the earlier employment.",
        "该员工已重新入职。请人事确认该结算属于前一段劳动关系。",
    ),
    hold(
        "settlement_other_day",
        _HR,
        "The settlement was worked out for {worked_out} as the last day, and HR says {last_day} now. Give the run up "
        "and work it out anew, or HR confirms the amount.",
        "结算按最后一天 {worked_out} 计算，而人事现记为 {last_day}。请撤销本批次并重新计算，或由人事确认金额。",
    ),
    hold(
        "settlement_again",
        _HR_OR_DIRECTOR,
        "The person has a final settlement already, of another period. Confirm that this one is a supplement.",
        "该员工已有其他期间的离职结算。请确认此笔为补发。",
    ),
    hold(
        "settlement_and_salary",
        (Role.HR, Role.PAYROLL),
        "There is a salary for the settlement's last period as well. Confirm that no day is paid twice.",
        "结算的最后期间另有工资。请确认没有重复发放。",
    ),
    hold(
        "exit_list_disagrees",
        _HR,
        "The exit list of the second source and HR disagree about this departure. Clear up who is right; HR corrects "
        "its record or confirms it.",
        "第二来源的离职名单与人事记录不一致。请查清，由人事更正或确认。",
    ),
    warn(
        "not_on_exit_list",
        _HR,
        "The person has left by HR's record and is not on the exit list of the second source. Ask its keeper.",
        "人事记录该员工已离职，但不在第二来源的离职名单中。请询问名单负责人。",
    ),
    hold(
        "worked_after_leaving",
        _HR,
        "Attendance shows work on {last_day}, after the last working day {last_working}. HR clears up which is right.",
        "考勤显示 {last_day} 仍在出勤，晚于最后工作日 {last_working}。请人事查清。",
    ),
    hold(
        "absent",
        _HR,
        "No attendance for the last {days} days of the period, and HR knows of no leave or departure. HR asks the "
        "manager whether the person still works here.",
        "期末已连续 {days} 天无考勤，而人事没有休假或离职记录。请人事向主管核实是否在岗。",
        least=Severity.WARN,
    ),
    warn(
        "no_attendance",
        _HR,
        "The attendance that was given does not know the person. Check that its export is complete.",
        "所提供的考勤中没有此人。请检查考勤导出是否完整。",
    ),
    warn(
        "missing_from_run",
        (Role.PAYROLL,),
        "Paid for the period before, employed, and in no run of this period. Add the person or know why not.",
        "上期已发薪、仍在职，但本期任何批次中都没有。请补上或确认原因。",
        Scope.RUN,
    ),
)
