"""Take released files to the banks, take in what the banks say, and reconcile it."""

from airflow.sdk import dag

from baton.tasks.payment import banks, deliver, read_answers


@dag(
    schedule="*/15 * * * *",
    catchup=False,
    max_active_runs=1,
    tags=["baton", "payment"],
    dag_display_name="Banks · 银行往来",
    doc_md=__doc__,
)
def bank_answers() -> None:
    every = banks()
    deliver.expand(bank=every) >> read_answers.expand(bank=every)


bank_answers()
