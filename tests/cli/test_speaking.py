"""One JSON document and nothing else; exit codes; every fault at once; languages; progress."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import REPO, leaver, person

START = [sys.executable, "-c", "from baton.cli import main; main()"]


def baton(company, *arguments, **environ):
    """One command in a process of its own."""
    return subprocess.run(
        [*START, *arguments],
        cwd=company.root,
        check=False,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(company.root), **environ},
        timeout=120,
    )


@pytest.fixture
def synced(company):
    company.ok("keys", "init")
    company.ok("run", "sync", "--as", "hr1")
    return company


GOOD = [
    ("plan", "sync"),
    ("run", "sync"),
    ("run", "sync", "--dry-run"),
    ("apply", "RUN"),
    ("settle", "RUN"),
    ("runs",),
    ("runs", "RUN"),
    ("effects", "RUN"),
    ("reconcile",),
    ("history", "0012"),
    ("kill-switch", "status"),
    ("audit", "checkpoint"),
    ("audit", "export", "log.jsonl"),
    ("keys", "init"),
    ("keys", "rotate"),
    ("doctor",),
    ("mapping", "check"),
    ("mapping", "test"),
    ("mapping", "suggest", "hr", "employee"),
    ("mapping", "suggest", "employee", "crm/salesforce"),
]


def test_every_command_says_one_document_with_json_and_words_without(synced):
    run = synced.ok("runs", "--json").json["runs"][0]["id"]
    for arguments in GOOD:
        words = [run if word == "RUN" else word for word in arguments]
        said = synced.ok(*words, "--json")
        assert isinstance(said.json, dict), arguments
        assert said.err == "", arguments
        plain = synced.ok(*words)
        assert plain.out.strip(), arguments
        with pytest.raises(json.JSONDecodeError):
            json.loads(plain.out)


BAD = [
    ("kill-switch", "on", "all", "--as", "ops1", "--why", "bytes that are no text \udcff"),
    ("plan", "sync", "--employee", "0012", "--employee", "\udcff"),
    ("plan", "sync", "--system", "nope"),
    ("plan",),
    ("plan", "payroll"),
    ("run", "sync", "--nope"),
    ("nope",),
    ("runs", "nope"),
    ("runs", "--limit", "0"),
    ("effects", "nope", "--state", "lost"),
    ("release", "nope"),
    ("kill-switch", "sideways"),
    ("mapping", "check", "no-such-file.yaml"),
    ("mapping", "suggest", "nope", "employee"),
    ("mapping", "suggest", "employee", "no/such"),
    ("check", "no/such"),
    ("check", "nope"),
    ("audit", "verify", "--export", "no-such-file"),
    ("audit", "export", "no/such/folder/file"),
    ("new-connector", "nope"),
]


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_an_error_is_one_document_too(company, arguments):
    company.ok("keys", "init")
    said = company.baton(*arguments, "--json")
    assert said.code == 2
    assert set(said.json) >= {"error", "message"} or said.json["faults"]
    plain = company.baton(*arguments)
    assert (plain.code, plain.out) == (2, "")
    assert plain.err.strip()


def test_json_after_the_end_of_options_is_no_option(synced):
    said = synced.baton("runs", "--", "--json")
    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", "export", "{}"),
        ("report", "health", "--month", "2026-11", "--out", "{}.html"),
        ("mapping", "suggest", "hr", "employee", "--out", "{}"),
    ],
)
@pytest.mark.parametrize(("place", "told"), [("nosuchdir/x", "make the folder first"), ("crm.yaml/x", "see what is")])
def test_a_place_that_cannot_be_written_to_is_one_line_that_says_what_to_do(synced, arguments, place, told):
    given = [each.format(synced.root / place) for each in arguments]
    said = synced.baton(*given)
    (line,) = said.err.splitlines()
    assert (said.code, line.startswith(f"baton: {synced.root / place}"), told in line) == (2, True, True)
    document = synced.baton(*given, "--json").json
    assert (document["error"], told in document["remedy"]) == ("file", True)


def test_an_unexpected_error_is_broken_and_tells_no_values(synced, monkeypatch):
    from baton.store.runs import RunStore

    value = f"测试甲{13_800_000_001}"

    def fails(*_):
        raise KeyError(value)

    monkeypatch.setattr(RunStore, "latest", fails)
    said = synced.baton("runs", "--json")
    assert (said.code, said.json["error"], said.json["message"]) == (2, "unexpected", "KeyError")
    assert "test_speaking.py" in said.err
    assert value not in said.err + said.out


def test_a_database_error_names_no_rows(synced):
    synced.query("drop table run_faults")
    said = synced.baton("run", "sync", "--json")
    assert said.code == 2
    assert "no such table" in said.json["message"]
    assert "people.csv" not in said.err + said.out
    assert "[SQL" not in said.err + said.out


# --- nothing starts when something is wrong


def test_bad_configuration_is_listed_whole_with_lines(company):
    company.ok("keys", "init")
    company.edit(
        "    rate: {calls: 10000, burst: 1000}\n", "    rate: {calls: none}\n    treads: 4\n    threads: 999\n"
    )
    company.edit("connector: hr/file_export", "connector: hr/file_exprot")
    company.edit("mapping: crm.yaml", "mapping: nowhere.yaml")
    (company.root / "secrets/crm/client_secret").unlink()
    before = company.files()
    for arguments in (("plan", "sync"), ("run", "sync"), ("runs",), ("apply", "x")):
        said = company.baton(*arguments, "--json")
        assert said.code == 2
        faults = said.json["faults"]
        assert {fault["rule"] for fault in faults} >= {
            "unknown_key",
            "unknown_connector",
            "no_such_file",
            "value_error",
        }
        assert len(faults) >= 6
        assert all(re.search(r"systems\.yaml:\d+$", fault["place"]) for fault in faults)
        assert all(str(fault["place"]) in said.err for fault in faults)
    assert company.files() == before
    assert company.crm.calls == 0


def test_bad_mappings_are_listed_whole_with_lines_and_nothing_starts(company):
    company.ok("keys", "init")
    mapping = company.root / "crm.yaml"
    company.edit("from: position, via: [truncate(80)]", "from: positoin, via: [truncat(80)]", mapping)
    company.edit("LastName:          {", "LastNaem:          {", mapping)
    hr = company.root / "hr.yaml"
    hr.write_text((REPO / "mappings/sync/hr_file_export--employee.yaml").read_text("utf-8"), "utf-8")
    company.edit("待入职: pending_hire", "待入职: pending", hr)
    company.edit("via: [trim, date]", "via: [trim, dtae]", hr)
    company.edit(f"{REPO}/mappings/sync/hr_file_export--employee.yaml", "hr.yaml")
    for arguments in (("plan", "sync"), ("run", "sync"), ("mapping", "check"), ("mapping", "test")):
        said = company.baton(*arguments, "--json")
        assert said.code == 2
        places = [fault["place"] for fault in said.json["faults"]]
        assert len([place for place in places if re.search(r"crm\.yaml:\d+$", place)]) >= 3
        assert len([place for place in places if re.search(r"hr\.yaml:\d+$", place)]) >= 2
        assert all(place in said.err for place in places)
    assert company.crm.calls == 0
    assert company.ok("runs", "--json").json["runs"] == []


def test_a_bad_feed_is_listed_whole_with_lines_and_nothing_is_compared(synced):
    rows = [person(n) for n in range(1, 31)]
    rows[3]["员工状态"] = "不知道"
    rows[4]["入职日期"] = "2020-13-45"
    rows[5]["姓名"] = ""
    synced.feed([*rows, person(7)])
    before, calls = synced.rows(), synced.crm.calls
    said = synced.baton("plan", "sync", "--json")
    assert (said.code, said.json["error"]) == (2, "feed_refused")
    assert {breach["guard"] for breach in said.json["breaches"]} == {"unparseable", "duplicates"}
    places = [fault["place"] for fault in said.json["faults"]]
    assert places == ["people.csv:5", "people.csv:6", "people.csv:7", "people.csv:8", "people.csv:32"]
    assert all(f"{place}:" in said.err for place in places)
    assert synced.rows() == before
    assert synced.baton("run", "sync").code == 2
    assert synced.crm.calls == calls
    refused = synced.ok("runs", "--json").json["runs"][0]
    assert refused["state"] == "refused"
    assert len(synced.ok("runs", refused["id"], "--json").json["faults"]) == 5
    assert synced.baton("settle", refused["id"]).code == 2


def test_a_person_can_accept_a_refused_feed_and_that_is_kept(synced):
    synced.feed([person(n) for n in range(1, 21)])
    refused = synced.baton("plan", "sync", "--json").json
    digest = refused["feed"]
    assert synced.baton("plan", "sync", "--accept-feed", digest[:11]).code == 2
    assert synced.baton("plan", "sync", "--accept-feed", "0" * 64).code == 2
    accepted = synced.ok("run", "sync", "--accept-feed", digest[:12], "--as", "hr2", "--json").json
    entries = [json.loads(body) for (body,) in synced.query("select body from audit_entries where kind = 'feed'")]
    assert entries == [
        {"run": accepted["run"]["id"], "source": "hr", "feed": digest, "accepted_by": "hr2", "against": ["shrunken"]}
    ]
    synced.feed([person(n) for n in range(1, 19)])
    synced.ok("plan", "sync")  # measured against the accepted one from now on


def test_an_empty_feed_is_never_accepted(synced):
    synced.feed([])
    said = synced.baton("plan", "sync", "--json")
    assert said.code == 2
    again = synced.baton("run", "sync", "--accept-feed", said.json["feed"], "--json")
    assert (again.code, again.json["error"]) == (2, "feed_refused")


# --- as a program


def test_the_program_in_chinese_by_locale_or_by_option(synced):
    held = [leaver(n) if n < 12 else person(n) for n in range(1, 31)]
    synced.feed(held)
    by_locale = baton(synced, "plan", "sync", LANG="zh_CN.UTF-8")
    by_option = baton(synced, "--lang", "zh", "plan", "sync", LANG="C")
    english = baton(synced, "plan", "sync", LANG="C")
    assert by_locale.returncode == by_option.returncode == english.returncode == 3
    assert "试运行" in by_locale.stdout.decode()
    assert "移除" in by_option.stdout.decode()
    assert not re.search("[\u4e00-\u9fff]", english.stdout.decode())


def test_a_terminal_in_gbk_does_not_end_a_command(synced):
    synced.query("update runs set requested_by = '䶮'")
    done = baton(synced, "--lang", "zh", "runs", PYTHONIOENCODING="gbk")
    assert done.returncode == 0, done.stderr
    assert "\\u4dae" in done.stdout.decode("gbk")
    document = baton(synced, "runs", "--json", PYTHONIOENCODING="gbk")
    assert json.loads(document.stdout.decode("utf-8"))["runs"][0]["requested_by"] == "䶮"


def test_a_user_without_a_name_can_ask(synced, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(KeyError("uid not found")))
    said = synced.ok("run", "sync", "--json").json
    assert said["run"]["requested_by"] == f"uid-{os.getuid()}"


def on_a_terminal(company, *arguments):
    """What a command writes to a terminal on stderr (stdout is a pipe)."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*START, *arguments],
        cwd=company.root,
        stdout=subprocess.PIPE,
        stderr=child,
        env={"PATH": "/usr/bin:/bin", "HOME": str(company.root), "TERM": "xterm", "LANG": "zh_CN.UTF-8"},
    )
    os.close(child)
    shown = b""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        ready, _, _ = select.select([parent], [], [], 0.1)
        if ready:
            try:
                shown += os.read(parent, 65536)
            except OSError:  # the other end is closed
                break
    out, _ = process.communicate(timeout=30)
    os.close(parent)
    return process.returncode, out.decode(), shown.decode()


def test_progress_is_shown_on_a_terminal_and_to_people_only(synced):
    code, out, shown = on_a_terminal(synced, "plan", "sync")
    assert code == 0
    assert "正在计划" in shown
    assert "正在计划" not in out
    code, out, shown = on_a_terminal(synced, "plan", "sync", "--json")
    assert (code, shown) == (0, "")
    assert json.loads(out)["effects"] == []
    assert baton(synced, "plan", "sync").stderr == b""


INTERRUPTED = """
import baton.cli
from unittest.mock import Mock
entry = baton.cli.main  # before the module of the same name takes its place
import baton.cli.main as loaded
loaded.run = Mock(side_effect=KeyboardInterrupt)
entry()
"""


def test_ctrl_c_while_the_command_still_loads_is_no_traceback():
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], check=False, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (2, "baton: stopped\n")
