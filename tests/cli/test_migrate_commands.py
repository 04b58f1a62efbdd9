"""baton migrate: profile, suggest, plan, run, resume, rollback, verify, report, log, quarantine, purge."""

import csv
import io
import json
import os
import pty
import re
import sqlite3
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from threading import Thread

import pytest

from baton.cli.main import execute
from tests.cli.conftest import Said

pytestmark = pytest.mark.filterwarnings("error")

SYSTEMS = """hub: {{state_dir: state, secrets_dir: secrets}}
systems:
  old:
    connector: data/file
    settings: {{path: old}}
  new:
    connector: data/sql
    settings: {{database_url: "sqlite:///{root}/new.sqlite3"}}
"""
TABLE = """create table staff (
  code varchar(10) not null primary key, name varchar(40), pay decimal(12, 2), hired date, boss varchar(10)
)"""
MAPPING = """mapping: 1
source: data/file
target: data/sql
collection: staff
key: [code]
read: staff.csv
cleaning:
  - {column: 薪资, fix: [trim, half_width]}
fields:
  code: {from: 工号, via: [trim], required: yes}
  name: {from: 姓名, via: [trim, nfc]}
  pay: {from: 薪资, via: [trim, decimal(2)]}
  hired: {from: 入职日期, via: [trim, date]}
examples:
  - given: {工号: 0012, 姓名: 测试甲, 薪资: "1.50", 入职日期: 2020-01-01}
    expect: {code: 0012, name: 测试甲, pay: "1.50", hired: 2020-01-01}
"""
COLUMNS = ("工号", "姓名", "薪资", "入职日期")


class Place:
    """One installation in a folder of its own: an old system of CSV files, a new one in SQLite."""

    def __init__(self, root):
        self.root = root
        self.systems = root / "systems.yaml"
        self.systems.write_text(SYSTEMS.format(root=root), "utf-8")
        self.mapping = root / "staff.yaml"
        self.mapping.write_text(MAPPING, "utf-8")
        (root / "old").mkdir()
        self.write([self.row(n) for n in range(1, 41)])
        self.sql(TABLE)

    @staticmethod
    def row(n, **more):
        row = {"工号": f"{n:04d}", "姓名": f"测试甲{n}", "薪资": f"{1000 + n}.50", "入职日期": "2020-01-01"}
        return {**row, **more}

    def write(self, rows):
        lines = [",".join(COLUMNS), *(",".join(row[column] for column in COLUMNS) for row in rows)]
        (self.root / "old/staff.csv").write_bytes("\n".join(lines).encode("gb18030"))

    def sql(self, text):
        with closing(sqlite3.connect(self.root / "new.sqlite3")) as connection, connection:
            return connection.execute(text).fetchall()

    def baton(self, *arguments, lang="en", err=None):
        """One command, in this process; what it says on a stderr of the test's own is not repeated."""
        out, own = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err or own):
            code = execute(["--systems", str(self.systems), "--lang", lang, *map(str, arguments)])
        return Said(code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, own)))

    def migrate(self, *arguments, **given):
        return self.baton("migrate", *arguments, **given)

    def run(self, *arguments):
        """A migration of everything; its document."""
        return self.migrate("run", self.mapping, "--as", "hr1", "--json", *arguments).json

    def state(self):
        """Every file below, but for the databases' own side files; the new system by what it holds."""
        files = (path for path in self.root.rglob("*") if path.is_file() and "sqlite3" not in path.name)
        return {str(path.relative_to(self.root)): path.read_bytes() for path in files}, self.sql("select * from staff")

    def aside(self, path):
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def place(tmp_path, monkeypatch):
    for name in ("BATON_SYSTEMS", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    found = Place(tmp_path)
    assert found.baton("keys", "init").code == 0
    return found


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


# --- planning


def test_a_dry_run_writes_nothing_and_says_the_plan(place):
    place.baton("runs")  # makes the database
    before = place.state()
    said = place.migrate("plan", place.mapping, "--json")
    assert (said.code, said.json["run"]["counts"]["insert"]) == (0, 40)
    same = place.migrate("run", place.mapping, "--dry-run", "--json")
    assert same.json["run"]["plan_hash"] == said.json["run"]["plan_hash"]
    words = place.migrate("plan", place.mapping)
    assert "40 rows: 40 to insert, 0 to update, 0 alike, 0 in quarantine" in words.out
    assert "dry run" in words.out
    assert place.state() == before
    assert place.baton("runs", "--json").json["runs"] == []


def test_a_plan_names_every_cell_that_cannot_be_used_and_never_its_value(place):
    place.write([place.row(n, **({"薪资": "12x45"} if n == 5 else {})) for n in range(1, 41)])
    said = place.migrate("plan", place.mapping)
    assert said.code == 1
    assert re.search(r"staff\.csv:6 .*via\.decimal", said.out)
    assert "12x45" not in said.out


def test_a_mapping_with_faults_names_all_of_them_by_file_and_line(place):
    bad = MAPPING.replace("decimal(2)", "decimel(2)").replace("from: 姓名", "form: 姓名").replace("[code]", "[kode]")
    place.mapping.write_text(bad, "utf-8")
    said = place.migrate("run", place.mapping, "--json")
    assert said.code == 2
    places = {fault["place"].removeprefix(f"{place.mapping}:") for fault in said.json["faults"]}
    assert {"5", "11", "12"} <= places
    assert f"{place.mapping}:12" in place.migrate("plan", place.mapping).err
    assert place.sql("select * from staff") == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("plan", "nowhere.yaml"), "nowhere.yaml"),
        (("run", "MAPPING", "--from", "nowhere"), "nowhere"),
        (("run", "MAPPING", "--to", "old"), "old"),
        (("run", "MAPPING", "--first", "-1"), "first"),
        (("run", "MAPPING", "--of", "migration-1"), "--resume-quarantine"),
        (("run", "MAPPING", "--resume-quarantine", "staff.yaml"), "--of"),
        (("resume", "nowhere"), "nowhere"),
        (("rollback", "nowhere"), "nowhere"),
        (("verify", "nowhere"), "nowhere"),
        (("report", "nowhere", "--out", "files"), "nowhere"),
        (("quarantine", "nowhere", "--out", "aside.csv"), "nowhere"),
        (("log", "nowhere", "--key", "code=1"), "nowhere"),
        (("log", "RUN", "--key", "code"), "FIELD=VALUE"),
    ],
)
def test_what_does_not_exist_is_a_fault_and_one_document(place, arguments, word):
    words = {"MAPPING": place.mapping}
    said = place.migrate(*(words.get(each, each) for each in arguments), "--json")
    assert said.code == 2
    assert word in said.json["message"]
    assert said.json["error"] != "unexpected"
    assert "Traceback" not in said.err


# --- running


def test_a_run_arrives_proved_and_running_again_changes_nothing(place):
    said = place.migrate("run", place.mapping, "--as", "hr1", "--json")
    assert (said.code, said.json["verdict"], said.json["counts"]["alike"]) == (0, "clean", 40)
    assert place.sql("select code, name, pay, hired from staff where code = '0012'") == [
        ("0012", "测试甲12", 1012.5, "2020-01-01")
    ]
    before = place.sql("select * from staff")
    again = place.run()
    assert (again["verdict"], again["run"]["counts"]["nothing"], again["run"]["counts"]["effects"]) == ("clean", 40, 0)
    assert place.sql("select * from staff") == before
    words = place.migrate("resume", said.json["run"]["id"])
    assert (words.code, "clean" in words.out) == (0, True)


def test_every_command_gives_one_document_and_nothing_else(place):
    run = place.run()["run"]["id"]
    for arguments in (
        ("resume", run),
        ("verify", run),
        ("log", run, "--key", "code=0012"),
        ("report", run, "--out", place.root / "report"),
        ("purge",),
        ("rollback", run),
    ):
        said = place.migrate(*arguments, "--json")
        assert isinstance(said.json, dict), arguments
        assert (said.code, said.err) == (0, ""), (arguments, said)


def test_a_bad_first_wave_holds_the_rest_until_somebody_else_lets_it_go(place):
    place.sql("create trigger pad after insert on staff begin update staff set name = 'x' where code = new.code; end")
    held = place.migrate("run", place.mapping, "--as", "hr1", "--json")
    run = held.json["run"]["id"]
    assert (held.code, held.json["verdict"], len(place.sql("select * from staff"))) == (3, "held", 1)
    words = place.migrate("resume", run)
    assert words.code == 3
    assert f"baton release {run} --as YOU" in words.out
    assert len(place.sql("select * from staff")) == 1
    assert place.baton("release", run, "--as", "hr1", "--why", "mine", "--json").json["error"] == "maker"
    place.sql("drop trigger pad")
    assert place.baton("release", run, "--as", "boss", "--why", "the trigger is gone").code == 0
    done = place.migrate("resume", run, "--json")
    assert (done.code, done.json["verdict"], done.json["counts"]["different"]) == (1, "incomplete", 1)
    assert len(place.sql("select * from staff")) == 40
    mended = place.run()
    assert (mended["verdict"], mended["run"]["counts"]["update"]) == ("clean", 1)


def test_a_held_run_that_is_wrong_is_rolled_back(place):
    place.sql("create trigger pad after insert on staff begin update staff set name = 'x' where code = new.code; end")
    run = place.run()["run"]["id"]
    undone = place.migrate("rollback", run, "--json")
    assert (undone.code, place.sql("select * from staff")) == (0, [])
    assert place.migrate("resume", run).code != 0
    assert place.sql("select * from staff") == []


def test_rows_in_quarantine_are_corrected_and_fed_back(place):
    bad = {5: {"薪资": "12x45"}, 9: {"入职日期": "soon"}}
    place.write([place.row(n, **bad.get(n, {})) for n in range(1, 41)])
    said = place.migrate("run", place.mapping, "--json")
    assert (said.code, said.json["counts"]["quarantined"]) == (1, 2)
    run, aside = said.json["run"]["id"], place.root / "aside.csv"
    written = place.migrate("quarantine", run, "--out", aside, "--json")
    assert (written.code, written.json["rows"]) == (0, 2)
    assert place.migrate("quarantine", run, "--out", aside, "--json").json["faults"][0]["rule"] == "exists"
    rows = place.aside(aside)
    assert [row["工号"] for row in rows] == ["0005", "0009"]
    assert ["pay" in rows[0]["#reasons"], "hired" in rows[1]["#reasons"]] == [True, True]
    rows[0]["薪资"], rows[1]["入职日期"] = "12.45", "2021-01-01"
    with aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    again = place.migrate("run", place.mapping, "--resume-quarantine", aside, "--of", run, "--json")
    assert (again.code, again.json["run"]["counts"]["insert"]) == (0, 2)
    assert place.sql("select pay from staff where code = '0005'") == [(12.45,)]
    assert len(place.sql("select * from staff")) == 40


def test_a_run_without_quarantine_has_no_quarantine_file(place):
    run = place.run()["run"]["id"]
    said = place.migrate("quarantine", run, "--out", place.root / "aside.csv", "--json")
    assert (said.code, said.json["faults"][0]["rule"]) == (2, "no_quarantine")
    assert not (place.root / "aside.csv").exists()


# --- looking again


def test_a_second_look_places_differences_and_masks_them(place):
    run = place.run()["run"]["id"]
    assert place.migrate("verify", run).code == 0
    place.sql("update staff set name = '测试秘密', pay = 7777.77 where code = '0012'")
    place.sql("delete from staff where code = '0013'")
    said = place.migrate("verify", run, "--json")
    assert (said.code, said.json["alike"]) == (1, False)
    assert [(each["row"], each["column"], each["cause"]) for each in said.json["differences"]["result"]] == [
        (14, "", "missing"),
        (13, "name", "value"),
        (13, "pay", "value"),
    ]
    assert said.json["differences"]["source"] == said.json["differences"]["mapping"] == []
    words = place.migrate("verify", run)
    assert "result: 40 compared, 3 differ" in words.out
    for value in ("测试秘密", "测试甲12", "7777.77", "1012.50"):  # no file and no table says what is personal
        assert value not in words.out + said.out
    place.mapping.write_text(MAPPING.replace("via: [trim, nfc]", "via: [nfc]"), "utf-8")
    assert place.migrate("verify", run, "--json").json["faults"][0]["rule"] == "mapping_changed"


def test_a_run_is_looked_at_again_from_any_folder(place, tmp_path_factory, monkeypatch):
    run = place.migrate("run", "staff.yaml", "--json").json["run"]["id"]
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert place.migrate("verify", run).code == 0


def test_the_log_follows_one_record_by_its_key(place):
    run = place.run()["run"]["id"]
    said = place.migrate("log", run, "--key", "code=0012", "--json")
    (path,) = said.json["paths"]
    assert (said.code, path["source_row"], path["action"], path["alike"]) == (0, 13, "insert", True)
    assert path["planned_digest"] == path["result_digest"]
    assert "测试甲12" not in said.out
    assert path["effect"] in place.migrate("log", run, "--key", "code=0012").out
    assert place.migrate("log", run, "--key", "code=12").code == 1
    unknown = place.migrate("log", run, "--key", "kode=0012", "--json")
    assert (unknown.code, unknown.json["faults"][0]["rule"]) == (2, "unknown_field")
    assert "code" in unknown.json["message"]


def test_a_report_is_a_page_a_workbook_and_data_in_both_languages(place):
    folder = place.root / "report"
    said = place.migrate("run", place.mapping, "--report", folder, "--json")
    files = sorted(path.name for path in folder.iterdir())
    assert sorted(name.rsplit("/", 1)[-1] for name in said.json["files"]) == files
    assert {name.rsplit(".", 1)[-1] for name in files} == {"html", "xlsx", "json"}
    other = place.root / "other"
    assert place.migrate("report", said.json["run"]["id"], "--out", other).code == 0
    assert sorted(path.name for path in other.iterdir()) == files
    assert "测试甲12" not in "".join(path.read_text("utf-8") for path in other.glob("*.html"))
    assert place.migrate("plan", place.mapping, "--report", place.root / "dry").code == 0
    assert list((place.root / "dry").glob("*.html"))


# --- back


def test_a_rollback_restores_what_it_changed_and_names_what_others_changed_since(place):
    place.sql("insert into staff (code, name) values ('0003', '以前')")
    before = place.sql("select * from staff")
    run = place.run()["run"]["id"]
    place.sql("update staff set name = '他人' where code = '0020'")
    said = place.migrate("rollback", run, "--json")
    assert (said.code, said.json["verdict"], said.json["counts"]["refused"]) == (1, "incomplete", 1)
    left = place.sql("select code, name from staff order by code")
    assert left == [("0003", "以前"), ("0020", "他人")]
    assert [each for each in place.sql("select * from staff") if each[0] == "0003"] == before
    words = place.migrate("resume", said.json["run"]["id"])
    assert (words.code, "refused" in words.out) == (1, True)
    twice = place.migrate("rollback", said.json["run"]["id"], "--json")
    assert (twice.code, twice.json["error"]) == (2, "rollback")


def test_after_the_retention_the_staged_records_are_gone_and_it_is_said_why(place):
    run = place.run("--retention-days", "1")["run"]["id"]
    assert place.migrate("purge", "--json").json["purged"] == []
    with closing(sqlite3.connect(place.root / "state/baton.sqlite3")) as connection, connection:
        connection.execute("update migrations set retain_until = 0")
    assert place.migrate("purge", "--json").json["purged"] == [run]
    assert not [path for path in (place.root / "state/migrations").rglob("*") if path.is_file()]
    for command in (
        ("rollback", run),
        ("verify", run),
        ("resume", run),
        ("log", run, "--key", "code=0012"),
        ("report", run, "--out", place.root / "report"),
        ("quarantine", run, "--out", place.root / "aside.csv"),
    ):
        said = place.migrate(*command, "--json")
        assert (said.code, said.json["error"]) == (2, "purged"), (command, said)


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
    assert "可能的主键" in place.migrate("profile", "old", lang="zh").out
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
