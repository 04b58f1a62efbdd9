"""Once a night: compare every account with what is proven, sign the audit log, delete what was kept long enough."""

from airflow.sdk import dag

from baton.tasks import checkpoint, purge, reconcile, systems


@dag(
    schedule="30 2 * * *",
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
