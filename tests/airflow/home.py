"""A home for one Airflow on SQLite whose DAGs are this project's, and the people who may log in there.

Airflow reads its configuration from the environment when it is first imported: `settings_of` belongs there before that.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from tests.airflow.installation import ROOT

ROLES = {"vera": "viewer", "ursula": "user", "olga": "op", "ada": "admin"}


def settings_of(home: Path) -> Mapping[str, str]:
    """What has to be in the environment, and nothing else of Airflow's."""
    bundle = {
        "name": "baton",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(ROOT / "dags")},
    }
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",  # each test's form is the server's at once
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__FERNET_KEY": secrets.token_urlsafe(32)[:43] + "=",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in ROLES.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(40),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "_AIRFLOW_SKIP_DB_TESTS": "false",
    }


def furnish(home: Path) -> None:
    """The files and the database of a home whose settings are in the environment."""
    (home / "passwords.json").write_text(json.dumps(dict.fromkeys(ROLES, "synthetic")))
    (home / "logs").mkdir()
    from airflow.utils.db import initdb

    initdb()
