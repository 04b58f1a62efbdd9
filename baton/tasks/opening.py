"""Opening the hub inside a task: settings, secrets and Airflow connections; errors in the form Airflow acts on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Final

from airflow.sdk import BaseHook
from airflow.sdk.configuration import conf
from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
from airflow.sdk.log import mask_secret

from baton.contracts import Finding
from baton.errors import BatonError, InDoubtError, LeaseLostError, RetryableError
from baton.hub import Hub
from baton.settings import HubSettings, load
from baton.telemetry import exporting
from baton.tracing import place, whereabouts
from baton.typed_settings import secret_fields
from baton.vault import connection_fields

log = logging.getLogger("baton.tasks")


class UnexpectedError(Exception):
    """Something nobody foresaw. Only its type and place are told: its message may repeat what it choked on."""


RETRIES: Final = conf.getint("baton", "task_retries", fallback=2)
"""``[baton] task_retries`` of Airflow's configuration. What a run leaves undone, the next run takes up anyway."""
_PAUSE: Final = timedelta(seconds=conf.getint("baton", "retry_delay_s", fallback=30))
RETRY_POLICY: Final = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[RetryableError, InDoubtError, LeaseLostError, UnexpectedError],
            action=RetryAction.RETRY,
            retry_delay=_PAUSE,
        ),
        RetryRule(exception=BatonError, action=RetryAction.FAIL),
    ]
)
"""By what to do next: what may pass is tried again, what needs a person is not."""

_TALKATIVE: Final = ("httpx", "httpcore", "urllib3", "requests", "zeep", "simple_salesforce", "asyncssh")
"""Libraries that log addresses with what was asked for in them, and bodies: their lines would end in Airflow's logs."""


def read_connection(connection_id: str) -> Mapping[str, str | None] | None:
    """The fields of an Airflow connection, extras included; None when there is no such connection."""
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        return None
    return connection_fields(connection)


@contextmanager
def opened_hub() -> Iterator[Hub]:
    """The hub, with the mapping of every system checked: for the jobs that work on people."""
    with open_hub() as hub:
        hub.mappings  # noqa: B018 - reading it is the check
        yield hub


@contextmanager
def open_hub() -> Iterator[Hub]:
    """The hub. Configuration errors end the task at once, without a retry."""
    with exporting(), _told_safely():
        # One look at a connection serves all the secrets in it: inside a task each look is a call to the API server.
        settings = load(read_connection=cache(read_connection))
        _mask_secrets(settings)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        with Hub(settings) as hub:
            yield hub


@contextmanager
def _told_safely() -> Iterator[None]:
    """Let through what is written for people to read; of anything else tell only the type and the place.

    Airflow stores and shows whole exceptions, those they came from included, so nothing is chained.
    """
    try:
        yield
    except (RetryableError, InDoubtError, LeaseLostError) as error:
        raise _alone(error) from None
    except BatonError as error:
        raise AirflowFailException(str(error)) from None
    except AirflowException:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary: what passes here is written down by Airflow
        log.error("unexpected %s\n%s", place(error), whereabouts(error))  # noqa: TRY400
        raise UnexpectedError(place(error)) from None


def _alone(error: BatonError) -> BatonError:
    """The error without its history."""
    error.__cause__ = error.__context__ = None
    return error


def _mask_secrets(settings: HubSettings) -> None:
    """Have Airflow's logs blot out every secret in use, should one ever get into a line."""
    mask_secret(settings.database.get_secret_value())
    for system in settings.enabled.values():
        for name in secret_fields(type(system.settings)) if system.settings else ():
            value = getattr(system.settings, name)
            if value is not None:
                mask_secret(value.get_secret_value())


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
        try:
            with opened_hub() as hub:
                findings = _self_checks(hub, lambda connection: connection == self.baton_conn_id)
        except (BatonError, AirflowException, UnexpectedError) as error:
            return False, str(error)
        bad = [f"{finding.what}: {finding.detail} {finding.remedy}".strip() for finding in findings if not finding.ok]
        if not findings:
            return False, "no enabled system in systems.yaml names this connection (airflow_connection)"
        return not bad, "; ".join(bad) or f"{len(findings)} checks passed"


def _self_checks(hub: Hub, wanted: Callable[[str | None], bool]) -> list[Finding]:
    findings: list[Finding] = []
    for system in hub.settings.enabled.values():
        if wanted(system.airflow_connection):
            findings += hub.connector(system.name).check()
    return findings
