"""The demo's migration, part by part: the old file, the mapping over it, the corrections, what is held to be wrong."""

import csv
from contextlib import nullcontext
from types import SimpleNamespace

import polars as pl
import pytest

from baton.client import Client as HttpClient
from baton.egress import EgressRule
from baton.jobs.migration.survey import Survey
from baton.jobs.migration.transform import ROW, transform
from baton.mapping import load_mapping
from baton.sandbox.demo import client_list, parties
from baton.sandbox.demo import migration as module
from baton.sandbox.demo.clients import ASIDE, COLUMNS, Condition, old_clients
from baton.sandbox.demo.company import CLIENTS
from baton.sandbox.demo.hub_cli import Terminal
from baton.sandbox.demo.migration import Migration
from baton.sandbox.demo.narrator import DemoFailedError, Narrator
from baton.sandbox.demo.workplace import MIGRATION, Connection, Workplace
from connectors.data.file.connector import DataFile, DataFileSettings
from connectors.erp.tryton.record_parties import PARTIES

EVERYBODY = old_clients()
ARRIVING = [client for client in EVERYBODY.values() if client.condition not in (*ASIDE, Condition.COMMA)]


@pytest.fixture
def old_file(tmp_path):
    path = tmp_path / "old" / "客户名册.csv"
    path.parent.mkdir()
    client_list.publish_clients(EVERYBODY.values(), path)
    return path


def read(path):
    """What the file connector gives, and the rows that it cannot read."""
    settings = DataFileSettings.model_validate({"path": str(path.parent)})
    feed = DataFile(settings, HttpClient(EgressRule(frozenset()))).records(path.name)
    pages = list(feed.pages)
    assert len({page.rows.columns == list(COLUMNS) for page in pages}) == 1
    numbers = [number for page in pages for number in range(page.first_row, page.first_row + page.rows.height)]
    return pl.concat([page.rows for page in pages]), pl.Series(ROW, numbers), [r for p in pages for r in p.rejected]


def mapped(path):
    mapping = load_mapping(MIGRATION, source_fields=COLUMNS, target_fields=PARTIES.fields)
    rows, numbers, _ = read(path)
    return transform(rows, numbers, mapping, {name: PARTIES.fields[name] for name in mapping.fields})


# --- the old file


def test_six_hundred_invented_clients_in_every_condition():
    assert len(EVERYBODY) == CLIENTS
    for condition in Condition:
        count = sum(client.condition is condition for client in EVERYBODY.values())
        assert count == condition.value[1] or (condition is Condition.SOUND and count > CLIENTS / 2)
    for unique in ("code", "mobile", "email"):
        assert len({getattr(client, unique) for client in EVERYBODY.values()}) == CLIENTS, unique


def test_the_file_is_not_utf_8_and_needs_more_than_gbk(old_file):
    content = old_file.read_bytes()
    for encoding in ("utf-8", "gbk"):
        with pytest.raises(UnicodeDecodeError):
            content.decode(encoding)
    assert content.decode("gb18030").count("\r\n") == 1 + CLIENTS + 2 + 1


def test_only_the_rows_with_a_comma_too_many_cannot_be_read(old_file):
    _, numbers, rejected = read(old_file)
    unreadable = [client for client in EVERYBODY.values() if client.condition is Condition.COMMA]
    assert [each.row for each in rejected] == [client_list.row_of(client, old_file) for client in unreadable]
    assert not set(numbers) & {each.row for each in rejected}


# --- the mapping over it


def test_every_row_that_can_be_mended_becomes_what_is_true(old_file):
    done = mapped(old_file)
    records = {row["code"]: row for row in done.records.to_dicts()}
    for client in ARRIVING:
        row = records[client.code]
        assert {name: row[name] for name in client.in_tryton()} == client.in_tryton(), client
    count = {condition: condition.value[1] for condition in Condition}
    garbled = count[Condition.GARBLED] + count[Condition.BLANKS]
    assert done.fixed == {
        "客户编号": count[Condition.ZEROS],
        "客户名称": garbled,
        "手机": count[Condition.WIDE],
        "邮编": count[Condition.POSTCODE],
    }


def test_what_only_a_person_can_put_right_is_put_aside_and_nothing_else(old_file):
    done = mapped(old_file)
    survey = Survey()
    survey.add(done.records, ("code",), ())
    doubled = survey.result().unusable.get_column("row").to_list()
    aside = [client for client in EVERYBODY.values() if client.condition in ASIDE]
    rows = {client: client_list.row_of(client, old_file) for client in aside}
    twice = {row for client, row in rows.items() if client.condition is Condition.TWICE}
    assert set(doubled) == {*twice, *(row + 1 for row in twice)}
    footer = 1 + CLIENTS + 2 + 1
    assert set(done.unfit.get_column("row")) == {*rows.values(), footer} - twice
    reasons = dict(done.unfit.select("row", "column").rows())
    assert {reasons[row] for client, row in rows.items() if client.condition is Condition.DAY} == {"建档日期"}
    assert reasons[footer] == "客户编号"


# --- what people do to files


def test_a_corrected_quarantine_says_what_is_true_once_per_client_and_no_footer(tmp_path):
    path = tmp_path / "quarantine.csv"
    chosen = [client for client in EVERYBODY.values() if client.condition in ASIDE]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=["#row", *COLUMNS, "#reasons"])
        writer.writeheader()
        exported = [row for client in chosen for row in client.exported()]
        for number, row in enumerate(exported, start=2):
            writer.writerow({"#row": number, **row, "#reasons": "…"})
        writer.writerow({"#row": 604, "客户编号": "合计", "#reasons": "…"})
    assert set(client_list.correct(path, EVERYBODY)) == set(chosen)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = {int(row["#row"]): row for row in csv.DictReader(file)}
    assert len(rows) == len(chosen)
    for number, row in rows.items():
        client = EVERYBODY[int(row["客户编号"])]
        assert {name: row[name] for name in COLUMNS} == client.row()
        assert exported[number - 2]["客户编号"] == row["客户编号"]
        assert exported[number - 3]["客户编号"] != row["客户编号"]  # of two rows the first


def test_one_cell_of_the_file_changes_and_no_other(old_file):
    before, numbers, _ = read(old_file)
    client = EVERYBODY[module.VICTIMS[-1]]
    column = client_list.change_street(client, old_file)
    after, _, _ = read(old_file)
    changed = [
        (number, name)
        for number, one, other in zip(numbers, before.to_dicts(), after.to_dicts(), strict=True)
        for name in COLUMNS
        if one[name] != other[name]
    ]
    assert changed == [(client_list.row_of(client, old_file), column)]


# --- what is held to be wrong


def unexpected(*arguments, **_):
    raise AssertionError(arguments)


@pytest.fixture
def performance(tmp_path, monkeypatch):
    """A migration whose Tryton holds what ``parties`` says."""
    there = {client.code: client.in_tryton() for client in ARRIVING}
    monkeypatch.setattr(parties, "look_at_parties", lambda _: there)
    tryton = SimpleNamespace(admin=nullcontext)
    return SimpleNamespace(story=Migration(Workplace(tmp_path), tryton, Narrator(), baton=unexpected), parties=there)


def tallied(performance):
    performance.story._tally("then", [*ASIDE, Condition.COMMA])
    return performance.story


def test_a_tryton_as_it_should_be_is_not_held_to_be_wrong(performance):
    story = tallied(performance)
    assert story.failures == []
    assert story.figures["migration_values_compared"] == 7 * len(ARRIVING)
    assert story.stages["then"][Condition.DAY] == {"not there": 3}


@pytest.mark.parametrize("name", list(ARRIVING[0].in_tryton()))
def test_one_wrong_value_is_held_to_be_wrong(performance, name):
    code = ARRIVING[5].code
    performance.parties[code] = {**performance.parties[code], name: "错"}
    assert tallied(performance).failures == ["then: 1 clients are not in Tryton as they should be"]


def test_a_missing_party_one_too_many_and_a_stranger_are_held_to_be_wrong(performance):
    del performance.parties[ARRIVING[5].code]
    aside = next(client for client in EVERYBODY.values() if client.condition is Condition.DAY)
    performance.parties |= {aside.code: aside.in_tryton(), "K-0999": {}}
    assert tallied(performance).failures == [
        "then: 2 clients are not in Tryton as they should be",
        "then: 1 clients in Tryton that no list has",
    ]


def test_every_victim_is_a_client_that_arrives():
    assert {EVERYBODY[serial] for serial in module.VICTIMS} <= set(ARRIVING)


PLANTED = [
    ("result", {"row": 101, "column": "name", "cause": "cut", "expected": "虚•社", "found": "虚•"}),
    ("source", {"row": 401, "column": "地址", "cause": "value", "expected": "测•号", "found": "测•乙"}),
]


def verified(performance, monkeypatch, findings):
    """The damage of `PLANTED`, and a verify that says ``findings``."""
    planted = [module.Damage("x", stage, each["row"], each["column"], each["cause"]) for stage, each in PLANTED]
    stages = {stage: [each for at, each in findings if at == stage] for stage in ("source", "mapping", "result")}
    monkeypatch.setattr(Migration, "_plant", lambda _: planted)
    performance.story.baton = lambda *_, **__: {"differences": stages}
    performance.story._damage("migration-1")
    return performance.story


def test_damage_that_is_found_in_its_place_is_shown(performance, monkeypatch):
    story = verified(performance, monkeypatch, PLANTED)
    assert story.failures == []
    story._tally("then", [*ASIDE, Condition.COMMA])
    text = "\n".join(story.tables())
    assert "虚•社" in text
    assert "✗" not in text
    assert (story.figures["damage_found"], story.figures["false_alarms"]) == (2, 0)


def test_damage_that_is_not_found_or_found_elsewhere_fails(performance, monkeypatch):
    (_, cut), edited = PLANTED
    story = verified(performance, monkeypatch, [("mapping", cut), edited])
    assert story.failures == ["verify did not find: x, row 101", "verify found 1 differences that nobody planted"]
    story._tally("then", [*ASIDE, Condition.COMMA])
    assert "✗ not found" in "\n".join(story.tables())


# --- the terminal


def test_a_terminal_takes_command_after_command_and_keeps_what_they_say(tmp_path):
    place = Workplace(tmp_path)
    place.make()
    place.describe_systems({"files": Connection({"path": str(place.client_list.parent)}, {})})
    client_list.publish_clients(EVERYBODY.values(), place.client_list)
    with Terminal(place) as terminal:
        assert terminal.baton("migrate", "profile", "files")["rows"] == 600
        with pytest.raises(DemoFailedError, match="ended with 2 instead of 0") as failed:
            terminal.baton("migrate", "profile", "nowhere")
        assert "nowhere" in failed.value.log
        assert terminal.baton("migrate", "profile", "nowhere", expect=2)["error"]
    said = place.log("baton").read_text("utf-8")
    assert said.count("migrate profile files") == 1
    assert "虚构" not in said


def test_a_terminal_whose_process_is_gone_says_so(tmp_path):
    place = Workplace(tmp_path)
    with Terminal(place) as terminal:
        terminal._popen.kill()
        terminal._popen.wait()
        with pytest.raises(DemoFailedError, match="or its process did"):
            terminal.baton("runs")
