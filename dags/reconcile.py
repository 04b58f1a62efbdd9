"""Compare every account with what the hub has proven to be there, and sign the audit log, once a night."""

from airflow.sdk import dag

from baton.tasks import checkpoint, reconcile, systems


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


reconcile_systems()
