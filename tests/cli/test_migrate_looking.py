"""baton migrate: profile, suggest, Baton's own employees; and how its commands speak."""

import json
import os
import pty
import re
import sqlite3
from contextlib import closing, contextmanager
from threading import Thread

import pytest

from tests.cli.place import MAPPING

pytestmark = pytest.mark.filterwarnings("error")


# --- looking


def test_a_profile_says_what_each_column_holds_and_what_may_be_wrong(place):
    place.write([place.row(n, 薪资="１２００．５" if n == 7 else f"{n}.50") for n in range(1, 41)])
    said = place.migrate("profile", "old")
    assert said.code == 0
    assert "40 rows, 4 columns" in said.out
    assert "full_width" in said.out
    document = place.migrate("profile", "old", "--json").json
    assert document["rows"] == 40
    assert "测试甲7" not in json.dumps(document, ensure_ascii=False)


def test_a_profile_tells_of_rows_that_cannot_be_read(place):
    place.write([place.row(n) for n in range(1, 41)])
    with (place.root / "old/staff.csv").open("ab") as file:
        file.write("\n00041,测试乙\n".encode("gb18030"))
    said = place.migrate("profile", "old")
    assert "1 rows cannot be read: ragged 1 (row 42)" in said.out
    assert "1 行无法读取：ragged 1 (row 42)" in place.migrate("profile", "old", lang="zh").out
    document = place.migrate("profile", "old", "--json").json
    assert (document["rows"], document["unreadable"]) == (40, {"ragged": {"count": 1, "rows": [42]}})


def test_a_profile_of_what_does_not_exist_says_what_there_is(place):
    (place.root / "old/more.csv").write_text("a,b\n1,2\n")
    said = place.migrate("profile", "old", "--json")
    assert (said.code, said.json["faults"][0]["rule"]) == (2, "which_collection")
    assert "staff.csv" in said.json["message"]
    assert place.migrate("profile", "nowhere", "--json").json["faults"][0]["rule"] == "unknown_system"


def test_a_suggested_mapping_loads_once_it_has_an_example(place):
    draft = place.root / "draft.yaml"
    said = place.migrate("suggest", "--from", "old", "--to", "new:staff", "--out", draft)
    assert said.code == 0, said.err
    text = draft.read_text("utf-8")
    assert place.migrate("plan", draft, "--json").code == 2
    example = "  - given: {工号: 0012, 姓名: 测试甲}\n    expect: {code: 0012, name: 测试甲}\n"
    known = text.partition("examples:")[0].replace("# code: required, no likely column", "code: {from: 工号}")
    draft.write_text(f"{known}examples:\n{example}", "utf-8")
    done = place.migrate("plan", draft, "--json")
    assert (done.code, done.json["run"]["counts"]["insert"]) == (0, 40)
    assert place.migrate("suggest", "--from", "old", "--to", "new:staff", "--json").json["draft"] == text


def test_a_draft_never_overwrites_a_file_and_needs_a_collection(place):
    again = place.migrate("suggest", "--from", "old", "--to", "new:staff", "--out", place.mapping, "--json")
    assert (again.code, again.json["faults"][0]["rule"]) == (2, "exists")
    assert place.mapping.read_text("utf-8") == MAPPING
    assert place.migrate("suggest", "--from", "old", "--to", "new", "--json").json["error"] == "usage"


# --- Baton's own employees


def test_a_file_becomes_employees_and_employees_become_a_table(place):
    assert place.migrate("profile", "baton", "--json").json["rows"] == 0
    into, out = place.root / "into.yaml", place.root / "out.yaml"
    into.write_text(
        """mapping: 1
source: data/file
target: employee
collection: employee
key: [number]
fields:
  number: {from: 工号, required: yes}
  status: {from: 状态, table: {在职: active, 离职: departed}}
  full_name: {from: 姓名}
  hire_day: {from: 入职日期, via: [date]}
examples:
  - given: {工号: 0012, 状态: 在职, 入职日期: 2020-01-01}
    expect: {number: 0012, status: active, hire_day: 2020-01-01}
""",
        "utf-8",
    )
    out.write_text(
        """mapping: 1
source: employee
target: data/sql
collection: staff
key: [code]
scope: {status: [active]}
fields:
  code: {from: number, required: yes}
  name: {from: full_name}
  hired: {from: hire_day}
examples:
  - given: {number: 0012, status: active, hire_day: 2020-01-01}
    expect: {code: 0012, hired: 2020-01-01}
""",
        "utf-8",
    )
    people = "工号,姓名,状态,入职日期\n0011,测试甲,在职,2020-01-01\n0012,测试乙,离职,2021-02-03\n"
    (place.root / "old/staff.csv").write_text(people, "utf-8")
    done = place.migrate("run", into, "--json")
    assert (done.code, done.json["counts"]["alike"]) == (0, 2)
    shown = place.migrate("profile", "baton")
    assert (shown.code, "2 rows, " in shown.out) == (0, True)
    assert place.migrate("run", out, "--json").json["counts"]["alike"] == 1
    assert place.sql("select code, name, hired from staff") == [("0011", "测试甲", "2020-01-01")]
    assert place.migrate("rollback", done.json["run"]["id"]).code == 0
    assert place.migrate("profile", "baton", "--json").json["rows"] == 0


# --- looking again


def test_a_second_look_says_whether_surplus_was_looked_for(place):
    """It was called alike as if it had been, once a later run was deleted; only the guide told."""
    place.migrate("run", place.mapping, "--retention-days", 3650)
    first = place.baton("runs", "--json").json["runs"][0]["id"]
    assert "surplus" not in place.migrate("verify", first).out
    assert place.migrate("verify", first, "--json").json["surplus"] == "looked_for"
    place.write([place.row(n) for n in range(1, 42)])
    place.migrate("run", place.mapping)
    later = place.baton("runs", "--json").json["runs"][0]["id"]
    assert place.migrate("verify", later, "--json").json["surplus"] == "not_empty"
    place.write([place.row(n) for n in range(1, 41)])
    with closing(sqlite3.connect(place.root / "state/baton.sqlite3")) as connection, connection:
        when = "(select created_at from runs where id = run_id)"
        connection.execute(f"update migrations set purged_at = {when} where run_id = ?", [later])
    said = place.migrate("verify", first)
    assert "surplus was not looked for: a later run into the same collection is deleted" in said.out
    looked = place.migrate("verify", first, "--json")
    assert (looked.code, looked.json["alike"], looked.json["surplus"]) == (0, True, "deleted")


# --- speaking


def test_people_are_told_in_chinese(place):
    dry = place.migrate("plan", place.mapping, lang="zh")
    assert "共 40 行：新增 40" in dry.out
    assert "试运行" in dry.out
    done = place.migrate("run", place.mapping, lang="zh")
    assert "完成" in done.out
    run = place.baton("runs", "--json").json["runs"][0]["id"]
    place.sql("update staff set name = 'x' where code = '0012'")
    looked = place.migrate("verify", run, lang="zh")
    assert "结果：比较 40 条，1 处不一致" in looked.out
    assert "未查找多余记录" not in looked.out
    place.write([place.row(n) for n in range(1, 42)])
    place.migrate("run", place.mapping)
    later = place.baton("runs", "--json").json["runs"][0]["id"]
    assert "未查找多余记录：本次迁移之前该集合中已有记录" in place.migrate("verify", later, lang="zh").out
    assert "可能的主键" in place.migrate("profile", "old", lang="zh").out
    place.write([place.row(n, 薪资="x" if n == 7 else f"{n}.50") for n in range(1, 41)])
    assert "提示：1 行来源数据被隔离" in place.migrate("run", place.mapping, lang="zh").out
    assert "没有这个主键" in place.migrate("log", run, "--key", "code=x", lang="zh").out


@contextmanager
def terminal():
    """A stderr that is a terminal, and a list that holds what was written to it once it is closed."""
    parent, child = pty.openpty()
    shown = []

    def read():
        while True:
            try:
                shown.append(os.read(parent, 65536))
            except OSError:  # the other end is closed
                return

    reader = Thread(target=read)
    reader.start()
    with os.fdopen(child, "w", encoding="utf-8") as stream:
        yield stream, shown
    reader.join()
    os.close(parent)


def test_progress_is_counted_on_a_terminal_and_for_people_only(place, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with terminal() as (stream, shown):
        said = place.migrate("run", place.mapping, lang="zh", err=stream)
    text = b"".join(shown).decode()
    assert said.code == 0
    assert re.search("正在(读取|计划|写入|核验) 40", text)
    assert "正在" not in said.out
    with terminal() as (stream, shown):
        said = place.migrate("run", place.mapping, "--json", lang="zh", err=stream)
    assert (said.code, said.json["verdict"], shown) == (0, "clean", [])
    assert place.migrate("run", place.mapping, lang="zh").err == ""
