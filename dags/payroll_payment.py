"""Prepare a pay run: payroll file or ERP read, checked against HR, made into the bank's files, ready to be signed."""

from airflow.sdk import Param, dag

from baton.tasks.payment import MONTH, draft, prepare


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["baton", "payment"],
    dag_display_name="Pay run · 付款批次",
    doc_md=__doc__,
    params={
        "file": Param(
            default=None,
            type=["null", "string"],
            pattern=r"^[^/\\]{1,200}$",
            title="Payroll file · 薪资文件",
            description="Its name in the inbox folder (CSV or XLSX). 收件文件夹中的文件名（CSV 或 XLSX）。",
        ),
        "source": Param(
            default=None,
            type=["null", "string"],
            pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$",
            title="Or a system · 或系统",
            description="Whose approved payables are paid, such as an ERP. 以该系统（如 ERP）已批准的应付款为准。",
        ),
        "bank": Param(
            type="string",
            pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$",
            title="Bank · 银行",
            description="The system it is paid through. 付款所用的银行系统名称。",
        ),
        "component": Param(
            default="salary",
            type="string",
            enum=["salary", "bonus", "expense", "final_settlement", "recovery"],
            values_display={
                "salary": "Salary · 工资",
                "bonus": "Bonus · 奖金",
                "expense": "Expense · 报销",
                "final_settlement": "Final settlement · 离职结算",
                "recovery": "Recovery · 退回多扣",
            },
            title="What for · 款项",
        ),
        "period": Param(
            type="string",
            pattern=MONTH,
            title="Period · 期间",
            description="The month it pays for, such as 2026-11. 所属月份，例如 2026-11。",
        ),
        "pay_day": Param(
            type="string",
            format="date",
            title="Pay day · 付款日",
            description="The day the bank is to pay on. 银行执行付款的日期。",
        ),
        "count": Param(
            default=None,
            type=["null", "integer"],
            minimum=1,
            title="Lines there must be · 应有笔数",
            description="A control total, where you have one. 核对用的总笔数（如有）。",
        ),
    },
)
def payroll_payment() -> None:
    prepare(draft())


payroll_payment()
