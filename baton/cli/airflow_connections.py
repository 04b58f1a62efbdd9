"""Airflow connections for the command line, which runs outside Airflow and can do without it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import Final

from baton.vault import connection_fields

_AS_LIBRARY: Final = "_AIRFLOW__AS_LIBRARY"
"""With it Airflow, imported, leaves our logging alone and opens no database of its own."""


@cache
def read_connection(connection_id: str) -> Mapping[str, str | None] | None:
    """The fields of a connection as Airflow gives them to whoever is no task: from ``AIRFLOW_CONN_…`` variables and
    from its secrets backends; None when it has none, or is not installed.

    Airflow takes seconds to import: nobody whose systems name no connection comes here.
    """
    if find_spec("airflow") is None:
        return None
    with contextlib.redirect_stdout(sys.stderr):  # whatever it prints, stdout is for the command's own words
        ours = os.environ.setdefault(_AS_LIBRARY, "baton") == "baton"
        try:
            from airflow.sdk import BaseHook
            from airflow.sdk.exceptions import AirflowNotFoundException
        finally:
            if ours:
                del os.environ[_AS_LIBRARY]
        try:
            connection = BaseHook.get_connection(connection_id)
        except AirflowNotFoundException:
            return None
        return connection_fields(connection)


def reach() -> str:
    """How far that sees, for who looks for a secret in vain."""
    if find_spec("airflow") is None:
        return "Airflow is not installed here"
    return "on the command line from AIRFLOW_CONN_… or a secrets backend; Airflow's own database is read by tasks only"
