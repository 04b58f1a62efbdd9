"""baton offboard … against a simulated Salesforce, as HR, a successor and a manager use it."""

import time
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import person


@pytest.fixture
def leaving(company):
    """A synced company; 0005, who reports to 0001, owns three clients and a deal."""
    company.ok("keys", "init")
    company.feed([person(n) for n in range(1, 9)])
    company.ok("run", "sync", "--as", "hr1")
    for n in range(1, 4):
        company.crm.seed_holding("client", n, company.crm.user("0005")["Id"])
    company.crm.seed_holding("opportunity", 1, company.crm.user("0005")["Id"])
    company.crm.seed_holding("client", 99, company.crm.user("0006")["Id"])
    return company


def items_of(company, kind, *states):
    said = company.baton("offboard", "show", "0005", "--json", *(f"--state={state}" for state in states))
    return [item for item in said.json["items"] if item["ref"].startswith(kind)]


def holder(company, item):
    kind, _, external_id = item["ref"].partition("/")
    return company.crm.holder_of(kind, external_id)


def test_a_whole_case(leaving):
    me = leaving.crm.user("0005")["Id"]
    opened = leaving.ok("offboard", "open", "0005", "--cause", "emergency", "--as", "hr-wang", "--json").json
    assert (opened["case"]["state"], opened["case"]["manager"]) == ("open", "0001")
    clients, deals = items_of(leaving, "client"), items_of(leaving, "opportunity")
    assert ([item["state"] for item in clients], len(deals)) == (["offered"] * 3, 1)
    ids = [str(item["id"]) for item in (*clients, *deals)]
    leaving.ok("offboard", "name", "0005", *ids, "--successor", "0007", "--as", "0001")
    leaving.ok("offboard", "accept", "0005", *[f"{n}@1" for n in ids[1:]], "--as", "0007")
    leaving.ok("offboard", "refuse", "0005", ids[0], "--as", "0007", "--why", "conflict of interest")
    leaving.ok("offboard", "name", "0005", ids[0], "--successor", "0008", "--as", "0001")
    leaving.ok("offboard", "accept", "0005", ids[0], "--as", "0008")
    leaving.ok("offboard", "approve", "0005", *ids, "--as", "0001")
    assert {holder(leaving, item) for item in clients} == {me}
    leaving.baton("offboard", "run")
    with_whom = [holder(leaving, item) for item in (*clients, *deals)]
    assert with_whom == [leaving.crm.user(number)["Id"] for number in ("0008", "0007", "0007", "0007")]
    refused = leaving.baton("offboard", "complete", "0005", "--as", "hr-wang", "--why", "done")
    assert refused.code == 2
    assert "accounts are alive" in refused.err
    assert "unfinished" not in refused.out


def test_an_item_that_changed_is_not_accepted_unseen(leaving):
    leaving.ok("offboard", "open", "0005", "--as", "hr-wang")
    (deal,) = items_of(leaving, "opportunity")
    leaving.ok("offboard", "name", "0005", str(deal["id"]), "--successor", "0007", "--as", "0001")
    leaving.crm.change_holding("opportunity", deal["ref"].partition("/")[2])
    leaving.ok("offboard", "refresh", "0005")
    said = leaving.baton("offboard", "accept", "0005", f"{deal['id']}@1", "--as", "0007")
    assert said.code == 2
    assert "has changed since" in said.err
    leaving.ok("offboard", "accept", "0005", f"{deal['id']}@2", "--as", "0007")
    history = leaving.ok("offboard", "item", "0005", str(deal["id"]), "--json").json
    assert [version["version"] for version in history["versions"]] == [1, 2]
    assert [said["act"] for said in history["said"]] == ["name", "accept"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("open", "9999"), "nobody has the employee number"),
        (("open", "0007", "--cause", "emergency", "--as", "0001"), "does not speak as HR"),
        (("open", "0007", "--as", "0007"), "decides nothing about their own"),
        (("open", "0005", "--last-working", "2030-12-31T18:00+0800", "--as", "hr-wang"), "another last working moment"),
        (("show", "case-nothing"), "there is no case"),
        (("accept", "0005", "x1", "--as", "0007"), "is no item"),
        (("accept", "0005", "999", "--as", "0007"), "has no item 999"),
        (("complete", "0005", "--as", "hr-wang", "--why", "x"), "this handover is not finished"),
        (("undo", "0005", "--as", "hr-wang", "--why", "x"), "nothing that can be taken back"),
        (("dismiss", "nothing", "--as", "hr-wang", "--why", "x"), "there is no alert"),
    ],
)
def test_what_cannot_be_done_says_why_and_ends_with_2(leaving, arguments, words):
    leaving.ok("offboard", "open", "0005", "--as", "hr-wang")
    said = leaving.baton("offboard", *arguments)
    assert (said.code, words in said.err) == (2, True), said
    assert "Traceback" not in said.err


def test_the_list_and_the_prescan(leaving):
    assert "there are no cases yet" in leaving.ok("offboard", "list").out
    leaving.ok("offboard", "open", "0001", "--manager", "0002", "--as", "hr-wang")
    assert "0001" in leaving.ok("offboard", "list").out
    said = leaving.baton("offboard", "prescan", "0001", "--json")
    codes = {found["code"] for found in said.json["found"]}
    assert said.code == 1
    assert {"manages", "no_date"} <= codes


def test_what_was_passed_on_is_taken_back(leaving):
    leaving.ok("offboard", "open", "0005", "--as", "hr-wang")
    clients = items_of(leaving, "client")
    ids = [str(item["id"]) for item in clients]
    leaving.ok("offboard", "accept", "0005", *ids, "--as", "0001")
    leaving.ok("offboard", "approve", "0005", *ids, "--as", "hr-wang", "--role", "hr")
    leaving.baton("offboard", "run")
    assert {holder(leaving, item) for item in clients} == {leaving.crm.user("0001")["Id"]}
    leaving.ok("offboard", "undo", "0005", "--as", "hr-wang", "--why", "she stays")
    leaving.ok("offboard", "retract", "0005", "--as", "hr-wang", "--why", "she stays")
    leaving.baton("offboard", "run")
    assert {holder(leaving, item) for item in clients} == {leaving.crm.user("0005")["Id"]}


def test_a_file_is_put_to_an_item_and_fetched_again(leaving):
    leaving.ok("offboard", "open", "0005", "--as", "hr-wang")
    item = str(items_of(leaving, "client")[0]["id"])
    (leaving.root / "说明.txt").write_text("测试䶮", "utf-8")
    kept = leaving.ok("offboard", "attach", "0005", item, str(leaving.root / "说明.txt"), "--as", "0005", "--json").json
    listed = leaving.ok("offboard", "files", "0005", item, "--out", str(leaving.root / "fetched"), "--json").json
    assert [(each["name"], each["sha256"]) for each in listed["files"]] == [("说明.txt", kept["sha256"])]
    (written,) = (leaving.root / "fetched").iterdir()
    assert written.read_text("utf-8") == "测试䶮"
    gone = leaving.baton("offboard", "attach", "0005", item, str(leaving.root / "nothing.txt"), "--as", "0005")
    assert (gone.code, "cannot be read" in gone.err) == (2, True)


def test_an_order_in_the_window_raises_an_alert(leaving):
    leaving.ok("offboard", "open", "0005", "--as", "hr-wang")
    leaving.crm.at(datetime.now(UTC))
    leaving.crm.seed_activity(1, leaving.crm.user("0005")["Id"])
    time.sleep(3.2)  # the simulated org counts a second for each of its writes
    found = leaving.baton("offboard", "watch", "0005", "--json")
    assert [alert["rule"] for alert in found.json] == ["order_by_leaver"]
    key = found.json[0]["key"]
    assert leaving.baton("offboard", "alerts", "0005").code == 1
    leaving.ok("offboard", "dismiss", key, "--as", "0001", "--why", "agreed")
    leaving.ok("offboard", "alerts", "0005")


def test_a_mistake_in_the_policies_stops_everything_with_its_line(leaving):
    (leaving.root / "policies.yaml").write_text("policies:\n  all:\n    deadlines: {accept_h: 0}\n    protect: 3\n")
    leaving.edit("systems:\n", "offboarding: {policies: policies.yaml}\nsystems:\n")
    said = leaving.baton("offboard", "open", "0005", "--as", "hr-wang")
    assert said.code == 2
    assert "policies.yaml:3" in said.err
    assert "policies.yaml:4" in said.err
    assert leaving.query("select count(*) from cases") == [(0,)]


def test_the_end_of_a_replay_without_its_beginning_looks_at_nothing_and_raises_nothing(leaving):
    leaving.ok("offboard", "open", "0005", "--as", "hr-wang")
    found = leaving.baton("offboard", "watch", "0005", "--until", "2026-11-01T00:00+0800")
    assert (found.code, "--since" in found.err) == (2, True)


@pytest.mark.parametrize("item", ["2147483648", "9" * 20, "9" * 5000])
def test_a_number_larger_than_any_item_has_is_no_item(leaving, item):
    leaving.ok("offboard", "open", "0005", "--as", "hr-wang")
    spoken = [("note", "0005", number, "--as", "hr-wang", "--text", "x") for number in (item, f"2@{item}")]
    files = [("attach", "0005", item, "pyproject.toml", "--as", "hr-wang"), ("files", "0005", item)]
    for said in (("item", "0005", item), *spoken, *files):
        found = leaving.baton("offboard", *said)
        assert (found.code, "Traceback" in found.err) == (2, False)


def test_a_run_says_who_keeps_everything_because_the_gate_holds_their_leaving_and_what_to_do(company):
    run = company.held()
    said = company.baton("offboard", "run")
    assert said.code == 1
    assert "leave by a run that is held" in said.out
    assert f"baton release {run}, or: baton reject {run}" in said.out
    assert f"{run}: " not in said.out, "said once"
    chinese = company.baton("--lang", "zh", "offboard", "run")
    assert f"baton release {run}（放行）" in chinese.out
    document = company.baton("offboard", "run", "--json").json
    assert (document["opened"], list(document["waiting"]["held"])) == ([], [run])
    company.ok("reject", run, "--as", "boss", "--why", "the export is wrong")
    said = company.ok("offboard", "run")
    assert "leave only by what was rejected" in said.out
    assert "离职已被驳回" in company.ok("--lang", "zh", "offboard", "run").out


def test_a_run_says_who_keeps_everything_because_they_are_on_hub_protected_and_what_to_do(company):
    company.held()
    company.edit("secrets_dir: secrets}", "secrets_dir: secrets, protected: ['0003']}")
    company.baton("run", "sync", "--as", "hr1")
    said = company.baton("offboard", "run")
    assert (said.code, said.out.count("hub.protected leave by HR's data")) == (1, 1)
    assert "baton offboard open NUMBER; off the list alone, who left over 31 days ago gets no case" in said.out
    assert "hub.protected: " not in said.out, "said once"
    assert "hub.protected 名单中 1 人按人事数据离职" in company.baton("--lang", "zh", "offboard", "run").out
    assert company.baton("offboard", "run", "--json").json["waiting"]["protected"] == ["0003"]
