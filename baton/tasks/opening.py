"""Opening the hub inside a task: settings and secrets, Airflow connections included, and errors as Airflow wants them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from airflow.sdk import BaseHook
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from baton.errors import BatonError, InDoubtError, RetryableError
from baton.hub import Hub
from baton.settings import load

log = logging.getLogger("baton.tasks")

RETRIES: Final = 2
RETRY_POLICY: Final = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=RetryableError, action=RetryAction.RETRY, retry_delay=timedelta(seconds=30)),
        RetryRule(exception=InDoubtError, action=RetryAction.RETRY, retry_delay=timedelta(seconds=30)),
        RetryRule(exception=BatonError, action=RetryAction.FAIL),
    ]
)
"""By what to do next: what may pass is tried again, what needs a person is not."""


def read_connection(connection_id: str) -> Mapping[str, str | None] | None:
    """The fields of an Airflow connection, extras included; None when there is no such connection."""
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        return None
    fields: dict[str, str | None] = {name: str(value) for name, value in connection.extra_dejson.items()}
    fields.update(host=connection.host, login=connection.login, password=connection.password)
    return fields


@contextmanager
def opened_hub() -> Iterator[Hub]:
    """The hub, with every mapping checked. Configuration errors end the task at once, without a retry."""
    try:
        with Hub(load(read_connection=read_connection)) as hub:
            hub.mappings  # noqa: B018 - reading it is the check
            yield hub
    except (RetryableError, InDoubtError):
        raise
    except BatonError as error:
        raise AirflowFailException(str(error)) from None


class BatonHook(BaseHook):
    """What Airflow's connection page needs to offer a connector's connection type and its test button."""

    conn_name_attr = "baton_conn_id"
    default_conn_name = "baton_default"
    conn_type = "baton"
    hook_name = "Baton"

    def __init__(self, baton_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.baton_conn_id = baton_conn_id

    def get_conn(self) -> Mapping[str, str | None]:
        """The connection's fields."""
        return read_connection(self.baton_conn_id) or {}

    def test_connection(self) -> tuple[bool, str]:
        """Run the self-check of every enabled system that takes its credentials from this connection."""
        findings = []
        with opened_hub() as hub:
            for system in hub.settings.enabled.values():
                if system.airflow_connection == self.baton_conn_id:
                    findings += hub.connector(system.name).check()
        bad = [f"{finding.what}: {finding.detail} {finding.remedy}".strip() for finding in findings if not finding.ok]
        if not findings:
            return False, "no enabled system in systems.yaml names this connection (airflow_connection)"
        return not bad, "; ".join(bad) or f"{len(findings)} checks passed"
