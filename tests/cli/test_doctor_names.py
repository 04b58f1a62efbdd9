"""doctor: whatever the settings name is there and can be used; what is not is named, with its setting, all at once."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from baton.hub.named_systems import JOBS
from baton.registry import Registry
from baton.sandbox.demo.workplace import CONNECTORS, Connection, Workplace
from baton.sandbox.server import serve
from baton.sandbox.sftp import AsyncsshServer
from tests.cli.conftest import REPO, Company

MAIL = """  mail:
    connector: mail/smtp
    enabled: no
    settings: {server_url: "smtp://mail.example:587", sender_address: a@example.com}
  bank:
    connector: bank/https_files
    enabled: no
    settings: {base_url: https://files.bank.example, sender: US, recipient: BANK}
"""
PAYER = "initiator: 示例, payer: {holder: 示例, account: '6222000000000000000'}"
BASED = "based_on: iso20022-cny\n"
ROUTE = "routes: {ops: {system: crm, people: [x]}}"
BROKEN = "a: ["
"""No YAML."""
STRANGE = "strange: 1\n"
"""YAML, and of no file's shape."""


@pytest.fixture
def hub(company: Company) -> Company:
    """With a notifier and a bank that are switched off, and nothing else beside source and target."""
    company.systems.write_text(company.systems.read_text("utf-8") + MAIL, "utf-8")
    company.ok("keys", "init")
    return company


def put(hub: Company, files: dict[str, str | None]) -> None:
    """Files with their content; a folder where there is none."""
    for name, content in files.items():
        path = hub.root / name
        path.parent.mkdir(exist_ok=True)
        if content is None:
            path.mkdir()
        else:
            path.write_text(content, "utf-8")


def add(hub: Company, part: str) -> None:
    hub.systems.write_text(f"{part}\n{hub.systems.read_text('utf-8')}", "utf-8")


def faults(hub: Company) -> list[tuple[str, str, str]]:
    said = hub.baton("doctor", "--json")
    assert said.code == 2, said
    assert not said.json["well"]
    found = [(each["what"], each["detail"], each["remedy"]) for each in said.json["findings"] if not each["ok"]]
    assert all(remedy for _, _, remedy in found)
    return found


def payments(setting: str, value: str) -> str:
    return f"payments: {{{setting}: {value}}}"


NAMED_FILES = {
    "offboarding.policies": "offboarding: {policies: %s}",
    "payments.policy": "payments: {policy: %s}",
    "payments.calendar": "payments: {calendar: %s}",
    "payments.settlement": "payments: {settlement: %s}",
}


@pytest.mark.parametrize("setting", NAMED_FILES)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no such file"),
        (BROKEN, "conf/named.yaml:1: "),
        (STRANGE, "strange is not known here"),
    ],
)
def test_a_file_that_the_settings_name_is_there_and_can_be_read(
    hub: Company, setting: str, content: str | None, told: str
) -> None:
    put(hub, {"conf/namde.yaml": STRANGE, **({} if content is None else {"conf/named.yaml": content})})
    add(hub, NAMED_FILES[setting] % "conf/named.yaml")
    found = faults(hub)
    assert {what for what, _, _ in found} == {setting}
    assert any("conf/named.yaml" in detail and told in detail for _, detail, _ in found), found
    if content is None:
        assert "did you mean 'namde.yaml'?" in found[0][1]
        assert setting in found[0][2]


@pytest.mark.parametrize("setting", NAMED_FILES)
def test_a_folder_in_the_place_of_a_file_is_none(hub: Company, setting: str) -> None:
    put(hub, {"conf/named.yaml": None})
    add(hub, NAMED_FILES[setting] % "conf/named.yaml")
    ((what, detail, _),) = faults(hub)
    assert (what, "there is no such file" in detail) == (setting, True)


@pytest.mark.parametrize(
    "setting", [*NAMED_FILES, *(f"payments.{each}" for each in ("exit_list", "profiles", "inbox", "letters"))]
)
def test_what_cannot_be_read_is_not_called_missing(hub: Company, setting: str) -> None:
    part, _, key = setting.partition(".")
    add(hub, f"{part}: {{{key}: {'n' * 300}}}")
    ((what, detail, _),) = faults(hub)
    assert (what, "cannot be read: File name too long" in detail) == (setting, True)


def test_a_folder_of_profiles_that_cannot_be_read_is_told_once_however_many_banks_use_it(hub: Company) -> None:
    add(hub, f"payments: {{profiles: {'n' * 300}, banks: {{bank: {{profile: iso20022-cny, {PAYER}}}}}}}")
    ((what, detail, _),) = faults(hub)
    assert (what, "cannot be read: File name too long" in detail) == ("payments.profiles", True)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "there is no such file"),
        ({"leavers.csv": ""}, "leavers.csv"),
        ({"leavers.csv": "a,b\n1,2\n"}, "leavers.csv"),
        ({"leavers.csv": "工号,离职日期\n0001,never\n"}, "leavers.csv"),
    ],
)
def test_the_list_of_leavers_is_there_and_can_be_read(hub: Company, files: dict[str, str | None], told: str) -> None:
    put(hub, files)
    add(hub, payments("exit_list", "leavers.csv"))
    found = faults(hub)
    assert {what for what, _, _ in found} == {"payments.exit_list"}
    assert any(told in detail for _, detail, _ in found), found


@pytest.mark.parametrize("setting", ["inbox", "profiles", "letters"])
@pytest.mark.parametrize(
    ("files", "told"), [({}, "there is no such folder"), ({"place": "a file"}, "is a file, and no folder")]
)
def test_a_folder_that_the_settings_name_is_there(
    hub: Company, setting: str, files: dict[str, str | None], told: str
) -> None:
    put(hub, files)
    add(hub, payments(setting, "place"))
    ((what, detail, remedy),) = faults(hub)
    assert what == f"payments.{setting}"
    assert f"{hub.root}/place" in detail
    assert told in detail
    assert f"payments.{setting}" in remedy


@pytest.mark.parametrize(
    ("files", "told"), [({}, "there is no such folder"), ({"clock": "a file"}, "is a file, and no folder")]
)
def test_the_folder_of_the_time_clock_is_there_though_the_months_come_later(
    hub: Company, files: dict[str, str | None], told: str
) -> None:
    put(hub, files)
    add(hub, payments("attendance", '"clock/days-{period}.csv"'))
    ((what, detail, remedy),) = faults(hub)
    assert (what, "payments.attendance" in remedy) == ("payments.attendance", True)
    assert f"{hub.root}/clock: {told}" in detail
    (hub.root / "clock").unlink(missing_ok=True)
    put(hub, {"clock": None})
    hub.ok("doctor")


def test_a_misspelt_month_in_the_name_of_the_time_clocks_file_is_told(hub: Company) -> None:
    put(hub, {"clock": None})
    add(hub, payments("attendance", '"clock/days-{perod}.csv"'))
    ((what, detail, _),) = faults(hub)
    assert (what, "nothing fills {perod}" in detail) == ("payments.attendance", True)


def test_every_letter_of_ones_own_can_be_filled(hub: Company) -> None:
    put(hub, {"letters/overpaid.zh.txt": "{nmae}\n{case}", "letters/recall.en.txt": "{name}", "letters/x.txt": "{"})
    add(hub, payments("letters", "letters"))
    found = faults(hub)
    assert {what for what, _, _ in found} == {"payments.letters"}
    for told in (
        "overpaid.zh.txt: nothing fills {nmae}",
        "recall.en.txt: nothing fills {name}",
        "recall.en.txt: has no",
    ):
        assert any(told in detail for _, detail, _ in found), found


@pytest.mark.parametrize(
    ("system", "told"),
    [
        ("cmr", "'cmr' is no system that rights can be taken away in; did you mean 'crm'?"),
        ("zzz", "'zzz' is no system that rights can be taken away in; there are: crm"),
        ("mail", "'mail' is no system that rights can be taken away in; there are: crm"),
    ],
)
def test_where_rights_go_early_there_is_a_system_with_rights(hub: Company, system: str, told: str) -> None:
    put(hub, {"conf/named.yaml": f"policies:\n  all:\n    restrict:\n      crm: [a]\n      {system}: [b]\n"})
    add(hub, "offboarding: {policies: conf/named.yaml}")
    ((what, detail, remedy),) = faults(hub)
    assert (what, "offboarding.policies" in remedy) == ("offboarding.policies", True)
    assert detail.startswith(f"{hub.root}/conf/named.yaml:5: policies.all.restrict: {told}")


def test_where_rights_go_early_a_system_may_be_switched_off_and_that_is_said(hub: Company) -> None:
    put(hub, {"conf/named.yaml": "policies: {all: {restrict: {crm: [a]}}}"})
    add(hub, "offboarding: {policies: conf/named.yaml}")
    hub.edit("    mapping: crm.yaml\n", "    mapping: crm.yaml\n    enabled: no\n")
    details = [each["detail"] for each in hub.ok("doctor", "--json").json["findings"]]
    assert "policies.all.restrict: crm is switched off: no right is taken away there" in details


@pytest.mark.parametrize(("content", "told"), [(BROKEN, "ours.yaml:1: "), (BASED + STRANGE, "strange is not known")])
def test_every_profile_of_ones_own_can_be_read(hub: Company, content: str, told: str) -> None:
    put(hub, {"profiles/ours.yaml": content, "profiles/fine.yaml": BASED})
    add(hub, payments("profiles", "profiles"))
    found = faults(hub)
    assert {what for what, _, _ in found} == {"payments.profiles"}
    assert any(told in detail for _, detail, _ in found), found


@pytest.mark.parametrize(
    ("system", "profile", "setting", "told"),
    [
        ("bnk", "iso20022-cny", "payments.banks", "'bnk' is no system that takes payment files; did you mean 'bank'?"),
        ("zzz", "iso20022-cny", "payments.banks", "'zzz' is no system that takes payment files; there are: bank"),
        ("crm", "iso20022-cny", "payments.banks", "'crm' is no system that takes payment files; there are: bank"),
        ("bank", "ousr", "payments.banks.bank.profile", "there is no bank profile 'ousr'; did you mean 'ours'?"),
        ("bank", "iso20022-cyn", "payments.banks.bank.profile", "did you mean 'iso20022-cny'"),
        ("bank", "zzz", "payments.banks.bank.profile", "there are: "),
        ("bank", "Zz", "payments.banks.bank.profile", "a profile's name has small letters"),
        ("bank", "../profiles/ours", "payments.banks.bank.profile", "a profile's name has small letters"),
        ("bank", "n" * 300, "payments.banks.bank.profile", "a profile's name has small letters"),
    ],
)
def test_what_is_paid_through_is_there(hub: Company, system: str, profile: str, setting: str, told: str) -> None:
    put(hub, {"profiles/ours.yaml": BASED})
    add(hub, f"payments: {{profiles: profiles, banks: {{{system}: {{profile: {profile}, {PAYER}}}}}}}")
    ((what, detail, _),) = faults(hub)
    assert setting in f"{what} {detail}"
    assert told in detail


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("maill", "'maill' is no system that can send messages; did you mean 'mail'?"),
        ("zzz", "'zzz' is no system that can send messages; there are: mail"),
        ("hr", "'hr' is no system that can send messages; there are: mail"),
        ("mail", "mail is switched off"),
    ],
)
@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("offboarding.notifiers", "offboarding: {notifiers: [%s]}"),
        ("alarms.routes.ops", "alarms: {routes: {ops: {system: %s, people: [x]}}, default_routes: [ops]}"),
    ],
)
def test_who_tells_people_is_there_and_in_use(hub: Company, setting: str, part: str, name: str, told: str) -> None:
    add(hub, part % name)
    ((what, detail, _),) = faults(hub)
    assert setting in f"{what} {detail}"
    assert told in detail


@pytest.mark.parametrize(
    ("measure", "only", "told"),
    [
        ("due_oldest_s", "cmr", "there is no system 'cmr'; did you mean 'crm'?"),
        ("due_oldest_s", "sync", "there is no system 'sync'; there are: hr, crm, mail, bank"),
        ("held_oldest_s", "snyc", "there is no job 'snyc'; did you mean 'sync'?"),
        ("held_oldest_s", "crm", "there is no job 'crm'; there are: "),
        ("people_count", "crm", "people_count is one figure of the whole hub"),
    ],
)
def test_what_a_rule_is_about_is_there(hub: Company, measure: str, only: str, told: str) -> None:
    add(hub, f"alarms: {{rules: {{few: {{measure: {measure}, above: 1, only: [{only}]}}}}}}")
    ((what, detail, remedy),) = faults(hub)
    assert what == "alarms.rules.few.only"
    assert told in detail
    assert remedy


def test_whatever_has_runs_is_a_job_that_a_rule_may_be_about() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (REPO / "baton").rglob("*.py"))
    assert set(re.findall(r'^(?:SYNC_)?JOB(?:: Final)? = "(\w+)"$', code, re.MULTILINE)) == set(JOBS)


def test_a_rule_about_a_system_that_only_the_store_still_knows_is_about_something(hub: Company) -> None:
    hub.ok("run", "sync", "--as", "hr1")
    hub.query("update effects set system = 'old_crm' where id = (select min(id) from effects)")
    add(hub, "alarms: {rules: {few: {measure: due_oldest_s, above: 1, only: [old_crm, mail]}}}")
    hub.ok("doctor")


def test_doctor_does_not_stop_at_the_first(hub: Company) -> None:
    put(hub, {"conf/named.yaml": BROKEN})
    add(
        hub,
        f"""offboarding: {{policies: conf/gone.yaml, notifiers: [mail]}}
payments:
  policy: conf/gone.yaml
  calendar: conf/named.yaml
  settlement: conf/gone.yaml
  exit_list: conf/gone.csv
  profiles: gone
  inbox: gone
  banks: {{bank: {{profile: zzz, {PAYER}}}}}
alarms:
  routes: {{ops: {{system: mail, people: [x]}}}}
  default_routes: [ops]
  rules: {{few: {{measure: due_oldest_s, above: 1, only: [cmr]}}}}""",
    )
    assert {what for what, _, _ in faults(hub)} == {
        "offboarding.policies",
        "offboarding.notifiers",
        "payments.policy",
        "payments.calendar",
        "payments.settlement",
        "payments.exit_list",
        "payments.profiles",
        "payments.inbox",
        "payments.banks.bank.profile",
        "alarms.routes.ops",
        "alarms.rules.few.only",
    }
    shutil.rmtree(hub.root / "secrets/hub")
    assert "payments.policy" in {what for what, _, _ in faults(hub)}  # though the hub cannot be opened


def test_what_cannot_be_right_in_systems_yaml_keeps_the_hub_from_starting_and_a_file_beside_it_does_not(
    hub: Company,
) -> None:
    add(hub, payments("policy", "gone.yaml"))
    hub.ok("plan", "sync")
    hub.edit("payments: {", f"offboarding: {{notifiers: [zzz]}}\npayments: {{banks: {{yyy: {{profile: x, {PAYER}}}}}, ")
    said = hub.baton("plan", "sync", "--json")
    assert (said.code, [fault["rule"] for fault in said.json["faults"]]) == (2, ["no_notifier", "unknown_bank"])
    assert [fault["place"].rpartition(":")[2] for fault in said.json["faults"]] == ["1", "2"]


def test_what_is_named_and_there_is_well(hub: Company) -> None:
    mappings = REPO / "mappings"
    hub.edit("    connector: mail/smtp\n    enabled: no\n", "    connector: mail/smtp\n")
    put(hub, {"profiles/ours.yaml": BASED, "inbox": None, "leavers.csv": "工号,离职日期\n0001,2024-03-01\n"})
    add(
        hub,
        f"""offboarding: {{policies: {mappings}/offboarding/policies.yaml, notifiers: [mail]}}
payments:
  policy: {mappings}/payment/policy.yaml
  calendar: {mappings}/payment/calendar.yaml
  settlement: {mappings}/payment/settlement-china.yaml
  exit_list: leavers.csv
  profiles: profiles
  inbox: inbox
  banks: {{bank: {{profile: ours, {PAYER}}}}}
alarms:
  routes: {{ops: {{system: mail, people: [x]}}}}
  default_routes: [ops]
  rules:
    few: {{measure: due_oldest_s, above: 1, only: [crm, hr]}}
    held: {{measure: held_oldest_s, above: 1, only: [sync, payment, recovery, migration, offboarding, alarms]}}""",
    )
    details = {each["what"]: each["detail"] for each in hub.ok("doctor", "--json").json["findings"]}
    assert details["payments.banks.bank"] == "bank is switched off: nobody is paid through it"
    assert details["payments.inbox"] == f"{hub.root}/inbox"


def test_the_example_is_well_as_it_is(company: Company) -> None:
    shutil.copy(REPO / "systems.example.yaml", company.systems)
    (company.root / "mappings").symlink_to(Path(REPO) / "mappings")
    company.ok("keys", "init")
    company.ok("doctor")


def test_what_the_demo_writes_is_well(company: Company, tmp_path: Path) -> None:
    place = Workplace(tmp_path / "demo")
    place.make()
    made: dict[str, Any] = {name: Registry().simulator(CONNECTORS[name]) for name in ("wecom", "bank")}
    with serve({"wecom": made["wecom"]}) as sandbox, AsyncsshServer(tmp_path / "bank") as server:
        systems = {"crm": company.crm, "wecom": sandbox.simulators["wecom"], "bank": made["bank"](server)}
        connections = {name: Connection(each.settings, each.secrets) for name, each in systems.items()}
        place.describe_systems({"hr": Connection({"path": str(place.feed.parent), "settle_s": 0}, {}), **connections})
        company.systems = place.systems
        said = company.ok("doctor", "--json").json
    named = {each["what"] for each in said["findings"]}
    assert named >= {"offboarding.notifiers", "offboarding.policies", "payments.policy", "payments.inbox"}
