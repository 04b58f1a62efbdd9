"""How the suite is spread over processes, what is never looked at again, and what it says last: which servers could not
be had.

Loaded by ``-p tests.suite`` (pyproject.toml).
"""

from __future__ import annotations

import gc
import logging
import re
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

UNAVAILABLE: Final = "SERVER NOT AVAILABLE:"
"""How the reason of a skip starts when a real server cannot be had on this machine."""
ALONE: Final = {
    "demo": "demo",
    "crash": "forks",
    "kill": "killed",  # workers of an Airflow of its own
    "airflow": "airflow",
    "tryton": "tryton",
    "kills": "forks",
    "trouble": "forks",
    "failing": "forks",
    "lark": "lark",
    "openssh": "openssh",
    "sql": "sql",
    "browser": "browser",
}
"""A word in a test file's path -> the group of tests that share that server: one process runs the whole group.

What is killed starts from a fork server, which loads everything once: "forks". The first word counts.
"""
LONG: Final = ("airflow", "demo", "forks", "killed", "tryton", "browser")
"""Groups that start first, so that the suite does not end waiting for one of them."""
_CONNECTOR: Final = re.compile(r"\[\w+/(\w+)-")
"""How the parameters of a test about one connector start: its server is what counts, not the file."""


def group_of(test: str) -> str:
    """Tests of one file stay together (their fixtures are the file's), files that share a server as well."""
    path = Path(test.partition("::")[0])
    words = {word for part in path.with_suffix("").parts for word in part.split("_")}
    words.update(_CONNECTOR.findall(test))
    return next((group for word, group in ALONE.items() if word in words), path.as_posix())


class Groups(LoadScopeScheduling):
    """One process gets a whole group. Marks would say it too (``loadgroup``), but pytest 9.2 no longer hears xdist's."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    return Groups(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests stay to the end: Python need not search them for garbage again and again.

    They are most of what there is in a worker. Whatever makes many objects took up to a third longer for them.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    order = {group: place for place, group in enumerate(LONG)}
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: order.get(group_of(item.nodeid), len(order)))


def pytest_runtest_setup() -> None:
    """Airflow configures logging for its process and silences loggers it does not know: ours must speak again.

    Only what it has changed is set back: every setting makes all loggers forget what they know of their levels.
    """
    if logging.root.manager.disable:
        logging.disable(logging.NOTSET)
    logging.root.disabled = False
    if logging.root.level > logging.WARNING:
        logging.root.setLevel(logging.WARNING)
    for name, logger in logging.root.manager.loggerDict.items():
        if name.split(".")[0] in {"baton", "connectors"} and isinstance(logger, logging.Logger):
            logger.disabled = False
            logger.propagate = True
            if logger.level != logging.NOTSET:
                logger.setLevel(logging.NOTSET)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """After pytest's own last line: every test that was skipped because a server could not be had."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None or config.option.collectonly:
        return
    missed = []
    for report in reporter.stats.get("skipped", ()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(UNAVAILABLE):
            missed.append(f"  {report.nodeid}: {reason.removeprefix(UNAVAILABLE).strip()}")
    for line in missed:
        reporter.write_line(line)
    sys.stdout.flush()
    reporter.write_line(f"{UNAVAILABLE} {len(missed)} tests did not run for want of a real server")
