"""Bring every handover on: look everywhere, pass on what is accepted and approved, read back."""

from airflow.sdk import dag

from baton.tasks.offboarding import look, pass_on, read_back


@dag(
    schedule="@hourly",
    catchup=False,
    max_active_runs=1,
    tags=["baton", "offboarding"],
    dag_display_name="Handovers · 离职交接",
    doc_md=__doc__,
)
def offboarding() -> None:
    pass_on.expand(batch=look()) >> read_back()


offboarding()
