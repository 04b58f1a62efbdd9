"""Compare every account in every system with what the hub has proven to be there, once a night."""

from airflow.sdk import dag

from baton.tasks import reconcile, systems


@dag(
    schedule="30 2 * * *",
    catchup=False,
    max_active_runs=1,
    tags=["baton", "reconcile"],
    dag_display_name="Reconcile · 每日对账",
    doc_md=__doc__,
)
def reconcile_systems() -> None:
    reconcile.expand(system=systems())


reconcile_systems()
