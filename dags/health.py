"""Every ten minutes: is the hub itself well? Alarms are raised, told, passed on, and ended."""

from airflow.sdk import dag

from baton.tasks.health import look_after


@dag(
    schedule="*/10 * * * *",
    catchup=False,
    max_active_runs=1,
    tags=["baton", "health"],
    dag_display_name="Health · 健康检查",
    doc_md=__doc__,
)
def hub_health() -> None:
    look_after()


hub_health()
