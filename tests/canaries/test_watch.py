"""The watch over the whole suite sees what it is for, and the test that caused it fails."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from pydantic import SecretStr

from baton.errors import HaltError
from baton.jobs.offboarding.certificate.sheet import Sheet
from baton.vault import EnvironmentSecrets, Vault
from tests.canaries.shapes import in_bytes
from tests.canaries.watch import WATCH
from tests.canaries.written import ELSEWHERE, MEANT, ROOT
from tests.rig.payroll import card

pytestmark = pytest.mark.canaries_allowed
NAME = "测试0012"
SECRET = "synthetic-watched-secret"
Told = Callable[[], list[str]]


def ours(source: str, module: str = "baton/planted.py") -> dict[str, Any]:
    """What a module of Baton would define."""
    scope: dict[str, Any] = {}
    exec(compile(source, f"{ROOT}{module}", "exec"), scope)
    return scope


WRITE = "def write(path, data):\n    with open(path, 'wb') as file:\n        file.write(data)\n"


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    """What the watch has to say until now."""
    WATCH.hits.clear()

    def so_far() -> list[str]:
        WATCH.look_at_files(tmp_path)
        found, WATCH.hits[:] = sorted(set(WATCH.hits)), []
        return found

    yield so_far
    WATCH.hits.clear()


# --- what is said


def test_log_lines_of_any_logger_are_heard_and_ours_from_the_lowest_level_on(told: Told) -> None:
    logging.getLogger("baton.hub").debug("could not write %s", NAME)
    logging.getLogger("elsewhere").warning("no such account: %s", card(12))
    logging.getLogger("connectors.crm").info("asked", extra={"code": "13800000012"})
    assert [hit.rpartition(":")[0] for hit in told()] == [
        "card in log elsewhere",
        "name in log baton.hub",
        "phone in log connectors.crm",
    ]


def test_what_was_raised_and_is_logged_is_heard(told: Told) -> None:
    scope = ours("def choke(value):\n    raise ValueError(value)\n")
    try:
        scope["choke"](NAME)
    except ValueError as error:
        logging.getLogger("baton.hub").error("failed", exc_info=error)  # noqa: TRY400 - so that no traceback is said here
    assert told() == ["name in error ValueError"]


def test_an_error_of_ours_is_heard_as_it_is_made(told: Told) -> None:
    HaltError(f"no such account: {card(12)}", remedy=f"ask {NAME}")
    assert told() == ["card in error HaltError", "name in error HaltError"]


def test_any_error_that_has_come_through_our_code_is_heard_with_its_causes(told: Told) -> None:
    scope = ours(
        "def choke(value):\n"
        "    try:\n"
        "        int(value)\n"
        "    except ValueError as error:\n"
        "        raise KeyError('wrong') from error\n",
        "connectors/crm/planted/connector.py",
    )
    with pytest.raises(KeyError, match="wrong"):
        scope["choke"](NAME)
    assert told() == ["name in error ValueError"]


def test_what_a_test_or_a_simulator_raises_by_itself_is_its_own_affair(told: Told) -> None:
    scope = ours("def choke(value):\n    raise ValueError(value)\n", "tests/planted.py")
    with pytest.raises(ValueError, match="0012"):
        scope["choke"](NAME)
    assert told() == []


# --- what is written


@pytest.mark.parametrize("name", ["hub.sqlite3", "state/baton.sqlite3", "hub.sqlite3-wal", "state/staged/1.part"])
def test_what_another_process_left_of_the_hubs_is_searched(told: Told, tmp_path: Path, name: str) -> None:
    place = tmp_path / "company" / name
    place.parent.mkdir(parents=True)
    place.write_bytes(b"SQLite" + NAME.encode("gb18030"))
    assert told() == [f"name in file {place.name}"]


def test_a_database_is_searched_wherever_our_code_keeps_it(
    told: Told, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "anything.db"
    connection = ours("import sqlite3\ndef open_it(path):\n    return sqlite3.connect(path)\n")["open_it"](path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE people (number TEXT, mobile TEXT)")
    assert told() == []
    connection.execute("INSERT INTO people VALUES ('0012', '13800000012')")
    connection.commit()
    assert told() == ["phone in file anything.db-wal"]
    connection.execute("INSERT INTO people VALUES ('0013', NULL)")
    connection.commit()
    assert told() == ["phone in file anything.db-wal"]  # the page is written anew, and holds it still
    connection.close()


def test_a_tests_own_database_and_files_are_its_own_affair(told: Told, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "old-system.db") as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
        connection.execute("INSERT INTO people VALUES (?)", [NAME])
    connection.close()
    (tmp_path / "roster.csv").write_text(f"0012,{NAME},13800000012\n", "utf-8")
    for module in ("connectors/hr/planted/simulator_files.py", "baton/sandbox/planted.py", "baton/kit/planted.py"):
        ours(WRITE, module)["write"](tmp_path / "feed.csv", NAME.encode())
    assert told() == []


def test_a_file_that_our_code_writes_is_searched(told: Told, tmp_path: Path) -> None:
    write = ours(WRITE)["write"]
    write(tmp_path / "report.json", b'{"holder": "\\u6d4b\\u8bd50012"}')
    write(tmp_path / "report.csv", card(12).encode())
    write(tmp_path / "clean.csv", b"0012,****0012")
    assert told() == ["card in file report.csv", "name in file report.json"]
    assert told() == []  # said once


def test_a_workbook_is_opened(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write(0, 0, NAME)
    ours(WRITE)["write"](tmp_path / "copied.xlsx", path.read_bytes())
    assert told() == ["name in file copied.xlsx"]


def test_a_pdf_is_read_as_its_reader_reads_it(told: Told, tmp_path: Path) -> None:
    page = Sheet(datetime(2026, 11, 26, tzinfo=UTC), "handover", "zh", NAME)
    page.add_page()
    page.set_font("cjk", size=10)
    page.cell(text=NAME)
    page.embed_file(basename="manifest.json", bytes=card(12).encode(), compress=True)
    drawn = page.drawn()
    assert in_bytes(drawn) == [], "what is packed must not be found without unpacking"
    ours(WRITE)["write"](tmp_path / "letter.pdf", drawn)
    ours(WRITE)["write"](tmp_path / "damaged.pdf", drawn[:200] + b"13800000012")
    assert told() == [
        "card in file letter.pdf",
        "name in file letter.pdf",
        "phone in file damaged.pdf",
    ]


@pytest.mark.parametrize("way", ["unlink", "with", "folder"])
def test_a_temporary_file_is_searched_before_it_goes(told: Told, tmp_path: Path, way: str) -> None:
    sources = {
        "unlink": "import os\ndef use(folder, data):\n"
        "    handle, name = tempfile.mkstemp(dir=folder)\n    os.write(handle, data)\n    os.close(handle)\n"
        "    os.unlink(name)\n",
        "with": "def use(folder, data):\n    with tempfile.NamedTemporaryFile(dir=folder) as file:\n"
        "        file.write(data)\n        file.flush()\n",
        "folder": "def use(folder, data):\n    with tempfile.TemporaryDirectory(dir=folder) as name:\n"
        "        with open(name + '/inside', 'wb') as file:\n            file.write(data)\n",
    }
    ours("import tempfile\n" + sources[way])["use"](tmp_path, NAME.encode())
    assert list(tmp_path.iterdir()) == []
    assert [hit.partition(" in ")[0] for hit in told()] == ["name"]


def test_a_file_is_searched_under_the_name_it_gets(told: Told, tmp_path: Path) -> None:
    source = "import os\ndef move(old, new):\n    os.replace(old, new)\n"
    ours(WRITE)["write"](tmp_path / ".new-1", NAME.encode())
    ours(source)["move"](tmp_path / ".new-1", tmp_path / "roster.json")
    assert told() == ["name in file roster.json"]


@pytest.mark.parametrize("module", MEANT)
def test_what_is_handed_out_on_purpose_is_for_its_owner_only(told: Told, tmp_path: Path, module: str) -> None:
    assert Path(ROOT, module).is_file(), "an exception for a module that is gone"
    write = ours(WRITE, module)["write"]
    (tmp_path / "private.txt").touch(mode=0o600)
    write(tmp_path / "private.txt", NAME.encode())
    assert told() == []
    (tmp_path / "open.txt").touch(mode=0o640)
    write(tmp_path / "open.txt", b"nothing")
    assert told() == ["other people's eyes on file open.txt"]


def test_what_records_are_moved_into_is_the_companys_own(told: Told, tmp_path: Path) -> None:
    assert Path(ROOT, ELSEWHERE).is_dir()
    ours(WRITE, f"{ELSEWHERE}planted.py")["write"](tmp_path / "new-system.csv", NAME.encode())
    assert told() == []


def test_airflows_database_and_the_new_part_of_its_logs_are_searched(
    told: Told, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("airflow-home")
    (home / "logs").mkdir()
    log = home / "logs" / "tasks.log"
    log.write_text("fine\n", "utf-8")
    (home / "airflow.db").write_bytes(b"SQLite" + card(12).encode())
    WATCH.look_at_airflow(home)
    assert told() == ["card in file airflow.db"]
    with log.open("a", encoding="utf-8") as more:
        more.write(f"employee {NAME}\n")
    WATCH.look_at_airflow(home)
    assert told() == ["name in file tasks.log"]
    with log.open("a", encoding="utf-8") as more:
        more.write("fine\n")
    WATCH.look_at_airflow(home)
    assert told() == []


# --- secrets


@pytest.mark.parametrize("way", ["settings", "vault"])
def test_a_secret_is_found_everywhere(told: Told, tmp_path: Path, way: str) -> None:
    if way == "settings":
        SecretStr(SECRET)
    else:
        Vault([EnvironmentSecrets({"BATON_SECRET__CRM__TOKEN": SECRET})]).get("crm", "token")
    logging.getLogger("baton.client").debug("GET /token?secret=%s", SECRET)
    HaltError(f"refused: {SECRET}")
    ours(WRITE)["write"](tmp_path / "cache.json", SECRET.encode())
    (tmp_path / "hub.sqlite3").write_bytes(SECRET.encode())
    found = [re.sub(":[0-9]+", "", hit) for hit in told()]
    assert found == [
        "secret in error HaltError",
        "secret in file cache.json",
        "secret in file hub.sqlite3",
        "secret in log baton.client",
    ]


# --- as a whole

PLANTED = """
import logging, os, pytest
from baton.errors import HaltError

def test_clean(tmp_path):
    (tmp_path / "roster.csv").write_text("测试0012", "utf-8")

def test_log():
    logging.getLogger("baton.hub").info("测试0012")

def test_error():
    with pytest.raises(HaltError):
        raise HaltError("13800000012")

def test_database(tmp_path):
    (tmp_path / "hub.sqlite3-wal").write_text("p12@example.com")

def test_print():
    print("测试0012")

def test_what_a_child_prints():
    if (child := os.fork()) == 0:
        os.write(2, "测试0012".encode())
        os._exit(0)
    os.waitpid(child, 0)

@pytest.fixture
def saying():
    logging.getLogger("baton.hub").info("测试0012")

def test_what_a_fixture_says_is_the_tests(saying):
    pass

def test_clean_again(tmp_path):
    pass
"""


def test_the_test_that_caused_it_fails_and_no_other() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_planted.py").write_text(PLANTED, "utf-8")
        Path(folder, "pytest.ini").write_text("[pytest]\nmarkers = canaries_allowed\n", "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.canaries.watch", "-p", "no:cacheprovider", "-rE"]
        environ = {**os.environ, "PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(
            [*command, folder], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
    failed = set(re.findall(r"^ERROR test_planted.py::(\w+)", ran.stdout, re.MULTILINE))
    harmless = {"test_clean", "test_clean_again"}
    assert failed == set(re.findall(r"def (test_\w+)", PLANTED)) - harmless, ran.stdout
    assert "8 passed, 6 errors" in ran.stdout
    assert NAME not in "".join(re.findall(r"AssertionError.*", ran.stdout))
