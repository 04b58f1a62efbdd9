"""Once a night: compare every account with what is proven, sign the audit log, delete what was kept long enough."""

from airflow.sdk import CronTriggerTimetable, dag

from baton.tasks import checkpoint, purge, reconcile, systems
from baton.tasks.zone import hub_zone


@dag(
    # The night of the hub, not Airflow's: its clock is UTC, and half past two there is half past ten in China.
    schedule=CronTriggerTimetable("30 2 * * *", timezone=hub_zone()),
    catchup=False,
    max_active_runs=1,
    tags=["baton", "reconcile"],
    dag_display_name="Reconcile · 每日对账",
    doc_md=__doc__,
)
def reconcile_systems() -> None:
    reconcile.expand(system=systems()) >> checkpoint()
    purge()


reconcile_systems()
