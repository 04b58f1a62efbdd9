"""Carry joiners, movers and leavers from HR to every other system, every quarter of an hour."""

from airflow.sdk import Param, dag

from baton.tasks import apply, plan, settle


@dag(
    schedule="*/15 * * * *",
    catchup=False,
    max_active_runs=1,
    tags=["baton", "sync"],
    dag_display_name="Employee sync · 员工状态同步",
    doc_md=__doc__,
    params={
        "dry_run": Param(
            default=False,
            type="boolean",
            title="Dry run · 试运行",
            description="Only plan and show the figures; nothing is stored or sent. 只计算，不保存也不发送。",
        ),
        "employees": Param(
            default=None,
            type=["null", "array"],
            # Whoever sees the DAG sees what was typed: numbers, no names. What has other letters has a digit too.
            items={"type": "string", "pattern": r"^([A-Za-z0-9._@-]{1,40}|(?=.*[0-9])[^\s,;，；、]{1,40})$"},
            title="Employee numbers · 工号",
            description="One per line; empty means everyone. 每行一个；留空表示全部。",
        ),
        "systems": Param(
            default=None,
            type=["null", "array"],
            items={"type": "string"},
            title="Systems · 系统",
            description="Names as in systems.yaml, one per line; empty means all. 每行一个；留空表示全部。",
        ),
    },
)
def employee_sync() -> None:
    apply.expand(batch=plan("sync")) >> settle("sync")


employee_sync()
