"""The demo's own parts: the story's people and dates, the comparison, the tables, the search, the processes."""

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from baton.sandbox.demo.canaries import Canaries, marks_of_clients, marks_of_people
from baton.sandbox.demo.clients import old_clients
from baton.sandbox.demo.company import DEPARTMENTS, RARE, SIZE, export, found_company, publish, salespeople
from baton.sandbox.demo.expected import compare, expected_sight
from baton.sandbox.demo.narrator import DemoFailedError
from baton.sandbox.demo.processes import Processes
from baton.sandbox.demo.seen import SYSTEMS, Seen
from baton.sandbox.demo.story import DEPARTED, EARLIEST, GONE_THERE, LATEST, RETRACTING, STILL_HERE, Story, day_between
from baton.sandbox.demo.tables import table, width
from baton.sandbox.demo.workplace import Workplace, in_use, sole_use

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def as_told(story):
    """Every system exactly as the story says."""
    seen = {system: Seen() for system in SYSTEMS}
    for system, number, person in ((s, n, p) for s in SYSTEMS for n, p in story.people.items()):
        seen[system].add(number, expected_sight(system, person, story.fates.get(number, {})))
    return seen


# --- the company


def test_a_company_of_two_hundred_with_living_managers_and_unique_people():
    people = found_company(NOON.date())
    assert len(people) == SIZE
    assert {person.department for person in people.values()} == set(DEPARTMENTS)
    assert [person.number for person in people.values() if not person.manager] == ["0001"]
    assert all(person.manager in people for person in people.values() if person.manager)
    for unique in ("name", "mobile", "email", "identity", "account"):
        assert len({getattr(person, unique) for person in people.values()}) == SIZE, unique
    assert len(salespeople(people.values())) > 50


def test_nobody_is_their_own_superior():
    people = found_company(NOON.date())
    for person in people.values():
        above, steps = person.manager, 0
        while above:
            above, steps = people[above].manager, steps + 1
            assert steps < 5


def test_the_export_needs_gb18030_and_keeps_leading_zeros():
    people = found_company(NOON.date())
    content = export(people.values())
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    with pytest.raises(UnicodeDecodeError):
        content.decode("gbk")
    rows = {row["工号"]: row for row in csv.DictReader(io.StringIO(content.decode("gb18030")))}
    assert rows[RARE]["姓名"] == "测试䶮"
    assert len(rows) == SIZE


def test_an_export_replaces_the_former_whole(tmp_path: Path):
    feed = tmp_path / "员工花名册.csv"
    people = found_company(NOON.date())
    publish(people.values(), feed)
    publish(list(people.values())[:3], feed)
    assert feed.read_bytes() == export(list(people.values())[:3])
    assert [path.name for path in tmp_path.iterdir()] == [feed.name]


# --- the story


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("minute", [0, 30, 59])
def test_the_day_between_is_over_in_one_zone_and_not_in_the_other(hour: int, minute: int):
    now = datetime(2026, 3, 1, hour, minute, tzinfo=UTC)
    day = day_between(now)
    for moment in (now, now + timedelta(minutes=59)):
        assert moment.astimezone(ZoneInfo(EARLIEST)).date() > day
        assert moment.astimezone(ZoneInfo(LATEST)).date() <= day


def test_every_event_of_the_story_happens_to_somebody():
    story = Story.begin(NOON)
    before = dict(story.people)
    story.first_day()
    changed = {number for number, person in story.people.items() if person != before.get(number)}
    assert changed == set(story.cast)
    assert story.fates[DEPARTED]["bank"] == "SUSPENDED"
    assert STILL_HERE not in story.fates
    assert "bank" not in story.fates[GONE_THERE]  # paid until pay ends
    leavers = {number for number, person in story.people.items() if person.status == "离职"}
    managers = {person.manager for person in story.people.values()}
    assert not leavers & managers
    story.retraction()
    assert story.people[RETRACTING] == before[RETRACTING]


def test_the_broken_feed_has_forty_percent_leavers_and_changes_nothing_in_the_story():
    story = Story.begin(NOON)
    story.first_day()
    before = dict(story.people)
    wrong = story.broken_feed()
    new_leavers = [p for p in wrong if p.status == "离职" and before[p.number].status != "离职"]
    assert len(new_leavers) == int(0.4 * len(wrong))
    assert story.people == before


def test_the_reorganisation_spares_the_cast():
    story = Story.begin(NOON)
    story.first_day()
    cast = set(story.cast)
    moved = story.reorganisation()
    assert len(moved) == 30
    assert not cast & set(moved)


# --- the comparison


def test_a_world_as_told_has_nothing_wrong():
    story = Story.begin(NOON)
    story.first_day()
    cells = compare(story.people, story.fates, as_told(story))
    assert len(cells) > 3000
    assert all(cell.right for cell in cells)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_kind_of_error_in_every_system_is_seen(system: str):
    story = Story.begin(NOON)
    story.first_day()

    def wrong(seen):
        return {(c.system, c.number, c.what) for c in compare(story.people, story.fates, seen) if not c.right}

    seen = as_told(story)
    person = seen[system].people["0100"]
    seen[system].people["0100"] = replace(person, values={**person.values, "name": "测试错"})
    assert wrong(seen) == {(system, "0100", "name")}
    seen = as_told(story)
    seen[system].people[DEPARTED] = replace(seen[system].people[DEPARTED], state="active")
    assert wrong(seen) == {(system, DEPARTED, "state")}
    seen = as_told(story)
    del seen[system].people["0100"]
    assert (system, "0100", "state") in wrong(seen)
    seen = as_told(story)
    seen[system].add("0999", person)
    assert wrong(seen) == {(system, "0999", "state")}
    seen = as_told(story)
    seen[system].add("0100", person)
    assert wrong(seen) == {(system, "0100", "accounts")}


def test_columns_line_up_under_chinese_text():
    lines = table(["a", "b"], [["测试䶮", "x"], ["y", "z"]]).splitlines()
    assert len({width(line) for line in lines if line.strip()}) == 1


# --- the search


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("… 测试䶮 …".encode(), "name"),
        ("测试䶮".encode("gb18030"), "name"),
        (json.dumps({"name": "测试䶮"}).encode(), "name"),
        (b"tel:+8613800000012,", "mobile number"),
        (b"id=990012199001010012", "identity number"),
        (b"acc 6222000000000000129.", "account number"),
        (b"to=P0012@example.com", "e-mail address"),
        ("… 虚构甲号陶瓷商社 …".encode(), "name"),
        (json.dumps("虚构䶮号食品商社").encode(), "name"),
        (b"+8613800010006", "mobile number"),
        (b"k0006@example.com", "e-mail address"),
        (b"x" * 100 + b"synthetic-app-secret", "secret oa/app_secret"),
    ],
)
def test_what_must_not_be_there_is_found(tmp_path: Path, content: bytes, kind: str):
    marks = [marks_of_people(found_company(NOON.date()).values()), marks_of_clients(old_clients().values())]
    canaries = Canaries(marks, {"oa/app_secret": "synthetic-app-secret"})
    (tmp_path / "log").write_bytes(b"before\n" + content + b"\nafter")
    (tmp_path / "clean").write_bytes(b"oa: {'done': 30} 0012 20261122071234567890 admin@example.com")
    assert [leak.kind for leak in canaries.search(tmp_path.iterdir())] == [kind]


@pytest.fixture
def searched(tmp_path: Path) -> Workplace:
    """A demo's folder in which people stand wherever they may."""
    place = Workplace(tmp_path / "story")
    place.make()
    with closing(sqlite3.connect(place.database)) as database:
        database.execute("CREATE TABLE people (number)")
    for handed_out in place.handed_out:
        given = handed_out if handed_out.suffix else handed_out / "given"
        given.parent.mkdir(parents=True, exist_ok=True)
        given.write_text("测试䶮", "utf-8")
    return place


def found(place: Workplace) -> list[tuple[str, str]]:
    canaries = Canaries([marks_of_people(found_company(NOON.date()).values())], {})
    leaks = canaries.search(place.files_without_people())
    return [(str(leak.file.relative_to(place.root)), leak.kind) for leak in leaks]


def test_what_is_handed_out_on_purpose_is_no_find_and_the_hub_is_searched(searched: Workplace):
    assert found(searched) == []
    assert searched.database in searched.files_without_people()


@pytest.mark.parametrize("name", ["state/migrations/run/part", "state/baton.sqlite3-wal", "airflow/airflow.db", "left"])
def test_a_name_is_found_wherever_else_it_stands(searched: Workplace, name: str):
    path = searched.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0" + "测试䶮".encode() + b"\0")
    assert found(searched) == [(name, "name")]


def test_a_workbook_is_looked_into(searched: Workplace):
    searched.reports.mkdir()
    with zipfile.ZipFile(searched.reports / "run.xlsx", "w", zipfile.ZIP_DEFLATED) as workbook:
        workbook.writestr("xl/sharedStrings.xml", "<t>测试䶮</t>")
    assert found(searched) == [("reports/run.xlsx", "name")]


def test_a_table_of_the_hub_with_a_name_in_it_is_found(searched: Workplace):
    with closing(sqlite3.connect(searched.database)) as database, database:
        database.execute("INSERT INTO people VALUES ('测试䶮')")
    assert found(searched) == [("state/baton.sqlite3", "name")]


# --- processes


def test_a_working_directory_has_one_user(tmp_path: Path):
    root = tmp_path / "story"
    assert not in_use(root)
    with sole_use(root):
        assert in_use(root)
        with pytest.raises(DemoFailedError, match="another demo"), sole_use(root):
            pass
    assert not in_use(root)


_STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import os, time; os.setpgid(0, 0); time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _wait(condition) -> bool:
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_stopping_ends_stubborn_processes_and_their_children(tmp_path: Path):
    processes = Processes()
    log = tmp_path / "log"
    popen = processes.start("stubborn", [sys.executable, "-c", _STUBBORN], log=log, env=os.environ)
    assert _wait(lambda: log.read_text().strip().isdigit())
    child = int(log.read_text())
    processes.stop()
    processes.stop()
    assert popen.poll() is not None
    assert _wait(lambda: _ended(child))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_a_killed_demo_leaves_nothing_running(tmp_path: Path):
    script = (
        "import os, pathlib, sys, time\n"
        "from baton.sandbox.demo.processes import Processes\n"
        "p = Processes().start('x', ['sleep', '60'], log=pathlib.Path(sys.argv[1]), env=os.environ)\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        pid = int(demo.stdout.readline())
        assert not _ended(pid)
        demo.send_signal(signal.SIGKILL)
    assert _wait(lambda: _ended(pid))
