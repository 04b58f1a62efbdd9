"""baton migrate: plan, run, resume, quarantine, verify, log, report, rollback, purge."""

import csv
import re
import sqlite3
from contextlib import closing

import pytest

from tests.cli.place import MAPPING

pytestmark = pytest.mark.filterwarnings("error")


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


def test_rows_outside_the_scope_are_counted_in_the_plan_and_in_the_verdict(place):
    place.mapping.write_text(MAPPING.replace("fields:\n", "scope: {姓名: [测试甲, 测试甲2]}\nfields:\n", 1), "utf-8")
    said = place.migrate("plan", place.mapping)
    assert (said.code, "39 rows are outside the scope of the mapping" in said.out) == (0, True)
    assert "39 行不在映射范围内" in place.migrate("plan", place.mapping, lang="zh").out
    done = place.migrate("run", place.mapping)
    assert (done.code, "out_of_scope=39" in done.out) == (0, True)


def test_a_plan_names_every_cell_that_cannot_be_used_and_never_its_value(place):
    place.write([place.row(n, **({"薪资": "12x45"} if n == 5 else {})) for n in range(1, 41)])
    said = place.migrate("plan", place.mapping)
    assert said.code == 1
    assert re.search(r"staff\.csv:6 .*via\.decimal", said.out)
    assert "12x45" not in said.out


def test_a_plan_for_machines_shows_nobodys_pay(place):
    place.write([place.row(n) for n in range(1, 3)])
    totals = place.migrate("plan", place.mapping, "--json").json["totals"]
    assert totals["planned"]["columns"]["pay"] == {"count": 2, "withheld": True}


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
        (("run", "MAPPING", "--language", "ja"), "--report"),
        (("plan", "MAPPING", "--language", "ja"), "--report"),
        (("report", "RUN", "--out", "files", "--language", "fr"), "'fr'"),
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
    place.sql(
        "create trigger pad after insert on staff begin update staff set name = substr(name, 1, 1) where code = new.code; end"
    )
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


def test_a_report_is_a_page_a_workbook_and_data(place):
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


def written(folder):
    """What a report's files are, without the run's name."""
    return sorted(path.name.split(".", 1)[1] for path in folder.iterdir())


def test_a_report_is_in_the_languages_asked_for_else_in_those_of_the_settings(place):
    run = place.run("--report", place.root / "as_before")["run"]["id"]
    assert written(place.root / "as_before") == ["en.html", "en.xlsx", "json", "zh.html", "zh.xlsx"]
    asked = ("--language", "ko", "--language", "ja", "--language", "ko")
    said = place.migrate("report", run, "--out", place.root / "asked", *asked, "--json")
    in_order = [name.rsplit("/", 1)[-1].removeprefix(f"{run}.") for name in said.json["files"]]
    assert in_order == ["ko.html", "ko.xlsx", "ja.html", "ja.xlsx", "json"]
    assert '<html lang="ja">' in (place.root / "asked" / f"{run}.ja.html").read_text("utf-8")
    place.migrate("plan", place.mapping, "--report", place.root / "planned", "--language", "ja")
    assert written(place.root / "planned") == ["ja.html", "ja.xlsx", "json"]
    place.systems.write_text(place.systems.read_text("utf-8") + "migrations: {report_languages: [ko]}\n", "utf-8")
    for command in (("report", run, "--out"), ("plan", place.mapping, "--report"), ("run", place.mapping, "--report")):
        folder = place.root / command[0]
        assert place.migrate(*command, folder).code == 0
        assert written(folder) == ["json", "ko.html", "ko.xlsx"], command


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


def test_what_is_as_migrated_again_is_taken_back_where_somebody_asks_for_that(place):
    run = place.run()["run"]["id"]
    place.sql("create table backup as select * from staff")
    place.sql("update staff set name = '他人' where code = '0020'")
    place.migrate("rollback", run)
    place.sql("insert into staff select * from backup where code <> '0020'")
    said = place.migrate("rollback", run, "--json")
    assert (said.code, said.json["counts"]["different"], said.json["counts"]["taken_back"]) == (1, 39, 39)
    assert f"baton migrate rollback {run} --again" in " ".join(said.json["reasons"])
    again = place.migrate("rollback", run, "--again", "--json")
    assert (again.code, again.json["counts"]["refused"]) == (1, 1)
    assert place.sql("select code from staff") == [("0020",)]


def test_a_run_that_was_taken_back_is_resumed_to_no_verdict(place):
    run = place.run()["run"]["id"]
    undo = place.migrate("rollback", run, "--json").json["run"]["id"]
    said = place.migrate("resume", run, "--json")
    assert (said.code, said.json["verdict"], said.json["undone_by"]) == (1, "incomplete", undo)
    words = place.migrate("resume", run)
    assert (words.code, f"{run} was taken back by {undo}" in words.out, "clean" in words.out) == (1, True, False)
    assert place.sql("select count(*) from staff") == [(0,)]


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
