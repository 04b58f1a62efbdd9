"""What shares a server runs in one process: seen in a run of its own, as versions of pytest and xdist have to agree on it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.one_database import DATABASES, left_out
from tests.suite import group_of

ROOT = Path(__file__).parents[1]
TEST = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(3))
def test_it(number):
    with Path(os.environ["WHO"], Path(__file__).stem).open("a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + " ")
"""
GROUPS = {"one": ["test_sql_a", "test_b_sql"], "another": ["test_c"], "a third": ["test_d"]}


def test_a_group_runs_in_one_process_and_groups_in_several(tmp_path: Path) -> None:
    files, who = tmp_path / "tests", tmp_path / "who"
    files.mkdir()
    who.mkdir()
    for name in itertools.chain(*GROUPS.values()):
        (files / f"{name}.py").write_text(TEST)
    options = ["-p", "xdist", "-p", "tests.suite", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-n", "2", "-q"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT), "WHO": str(who)}
    subprocess.run([sys.executable, "-m", "pytest", *options, files], env=environment, cwd=tmp_path, check=True)
    workers = defaultdict(list)
    for group, names in GROUPS.items():
        for name in names:
            workers[group] += (who / name).read_text().split()
    assert {group: (len(ran), len(set(ran))) for group, ran in workers.items()} == {
        "one": (6, 1),
        "another": (3, 1),
        "a third": (3, 1),
    }
    assert len(set(itertools.chain(*workers.values()))) == 2


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/hub/test_lives.py::test_a[x]", "tests/hub/test_lives.py"),
        ("tests/connectors/erp/test_tryton_wire.py::test_a", "tryton"),
        ("tests/kit/test_every_connector.py::test_law[erp/tryton-a_law]", "tryton"),
        ("tests/kit/test_every_connector.py::test_law[oa/feishu-a_law]", "tests/kit/test_every_connector.py"),
        ("tests/architecture/test_layout.py::test_a[tests/airflow/conftest.py]", "tests/architecture/test_layout.py"),
        ("tests/crash/test_kill.py::test_a", "forks"),
        ("tests/e2e/test_airflow_kill.py::test_a", "killed"),
    ],
)
def test_the_server_counts_and_otherwise_the_file(test: str, group: str) -> None:
    assert group_of(test) == group


STORY = "tests/hub/offboarding/test_dates.py::test_{}[{}-named]"


@pytest.mark.parametrize("number", range(20))
def test_a_story_runs_on_one_database_where_that_is_asked_for(number: int) -> None:
    assert sum(left_out(STORY.format(number, each), each) for each in DATABASES) == 1


def test_each_database_has_some_of_the_stories() -> None:
    for each in DATABASES:
        assert 5 <= sum(left_out(STORY.format(number, each), each) for number in range(20)) <= 15


@pytest.mark.parametrize(
    ("test", "database"),
    [
        ("tests/store/test_claims.py::test_a[sqlite]", "sqlite"),
        ("tests/store/test_claims.py::test_a[postgresql]", "postgresql"),
        ("tests/hub/offboarding/test_races.py::test_a[sqlite]", "sqlite"),
        ("tests/hub/offboarding/test_races.py::test_a[postgresql]", "postgresql"),
        ("tests/hub/test_verdicts.py::test_a", ""),
    ],
)
def test_what_is_about_databases_or_needs_none_always_runs(test: str, database: str) -> None:
    assert not left_out(test, database)
