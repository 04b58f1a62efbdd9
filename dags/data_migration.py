"""Move records from one system into another: plan, then at most three waves, each proved before the next."""

from airflow.sdk import Param, dag

from baton.tasks.choices import migration_choices
from baton.tasks.migration import conclude, plan_migration, plan_rollback, wave

CHOICES = migration_choices()


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["baton", "migration"],
    dag_display_name="Data migration · 数据迁移",
    doc_md=__doc__,
    params={
        "mapping": Param(
            type="string",
            enum=list(CHOICES.mappings),
            values_display=dict(CHOICES.mappings),
            title="What to migrate · 迁移什么",
            description="The mapping, from mappings/migration. 选择映射（mappings/migration 中的文件）。",
        ),
        "dry_run": Param(
            default=True,
            type="boolean",
            title="Dry run · 试运行",
            description="Only look: figures and faults, nothing is written. 只查看数字和问题，不写入任何数据。",
        ),
        "source": Param(
            default=None,
            type=["null", "string"],
            enum=[None, *CHOICES.sources],
            title="From · 来源系统",
            description="Only where several systems fit the mapping. 仅当有多个系统适用时才需选择。",
        ),
        "target": Param(
            default=None,
            type=["null", "string"],
            enum=[None, *CHOICES.targets],
            title="To · 目标系统",
            description="Only where several systems fit the mapping. 仅当有多个系统适用时才需选择。",
        ),
        "first_wave": Param(
            default=1,
            type="integer",
            minimum=0,
            maximum=1_000_000,
            title="First wave, in records · 第一波记录数",
            description="Written and checked before all others; 0 for none. 最先写入并核对；0 表示无。",
        ),
        "second_wave": Param(
            default=1,
            type="number",
            minimum=0,
            maximum=100,
            title="Second wave, in % of all records · 第二波占比（%）",
            description="Then this share, then the rest; 0 for none. 其次写入这一比例，最后写入其余；0 表示无。",
        ),
        "retention_days": Param(
            default=30,
            type="integer",
            minimum=1,
            maximum=3650,
            title="Kept for, in days · 保留天数",
            description="So long it can be taken back; then the copies go. 在此期间可以回滚，期满后副本自动删除。",
        ),
    },
)
def data_migration() -> None:
    plan_migration() >> wave(1) >> wave(2) >> wave(3) >> conclude()


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["baton", "migration"],
    dag_display_name="Take a migration back · 迁移回滚",
    doc_md="Put back what a migration has changed. What others have changed since stays as it is, and is listed.",
    params={
        "run": Param(
            type="string",
            pattern="^migration-[0-9]{8}-[0-9]{6}-[0-9a-f]{6}$",
            title="Run · 运行编号",
            description="The migration's id, as the page Baton shows it. 迁移的运行编号，见 Baton 页面。",
        ),
        "again": Param(
            default=False,
            type="boolean",
            title="Also what was taken back before · 包括此前已撤回的",
            description="If as migrated again, whoever entered it. 如又与迁移时一致则再次撤回，包括由人重新录入的。",
        ),
    },
)
def data_rollback() -> None:
    plan_rollback() >> wave(1) >> conclude()


data_migration()
data_rollback()
