"""plan, run, apply, settle, runs, effects, release, reject, resolve, reconcile, history, kill-switch."""

import pytest

from tests.cli.conftest import leaver, person

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def synced(company):
    company.ok("keys", "init")
    company.ok("run", "sync", "--as", "hr1")
    return company


def writes(company):
    return len(company.crm.journal)


def test_a_dry_run_stores_and_sends_nothing_and_always_says_the_same(company):
    company.ok("keys", "init")
    company.ok("runs")  # makes the database
    before, calls = company.rows(), company.crm.calls
    first = company.ok("plan", "sync", "--json").json
    second = company.ok("run", "sync", "--dry-run", "--json").json
    assert company.rows() == before
    assert (writes(company), company.crm.calls) == (0, calls)
    assert first["run"]["plan_hash"] == second["run"]["plan_hash"]
    assert first["run"]["counts"]["effects"] == 30
    assert "dry run" in company.ok("plan", "sync").out
    saved = company.ok("plan", "sync", "--save", "--json").json
    assert saved["run"]["plan_hash"] == first["run"]["plan_hash"]
    assert writes(company) == 0


def test_a_dry_run_of_something_to_hold_says_so_and_still_stores_nothing(synced):
    synced.feed([leaver(n) if n < 12 else person(n) for n in range(1, 31)])
    before = synced.rows()
    assert synced.baton("plan", "sync").code == 3
    assert synced.rows() == before


def test_the_verbs_one_by_one(company):
    company.ok("keys", "init")
    run = company.ok("plan", "sync", "--save", "--as", "hr1", "--json").json["run"]["id"]
    applied = company.ok("apply", run, "--json").json
    assert applied["applied"][0]["counts"]["done"] == 30
    settled = company.ok("settle", run, "--json").json
    assert (settled["verdict"], settled["counts"]["compared"]) == ("clean", 30)
    listed = company.ok("runs", "--json").json["runs"]
    assert [(one["id"], one["state"], one["verdict"]) for one in listed] == [(run, "settled", "clean")]
    shown = company.ok("runs", run)
    assert run in shown.out
    assert "done" in shown.out
    effects = company.ok("effects", run, "--state", "done", "--json").json["effects"]
    assert len(effects) == 30
    assert "LastName" in effects[0]["fields"]
    assert company.ok("effects", run, "--state", "held", "--json").json["effects"] == []
    assert company.crm.user("0012")["LastName"] == "测"
    assert company.crm.user("0012")["FirstName"] == "试䶮"
    everything = company.ok("effects", run).out + shown.out + str(effects)
    for value in ("测试", "p12@example.com", "13800000012"):
        assert value not in everything


def test_a_second_run_has_nothing_to_do(synced):
    before = writes(synced)
    said = synced.ok("run", "sync", "--json").json
    assert said["verdict"] == "clean"
    assert said["plan"]["effects"] == []
    assert writes(synced) == before
    empty = synced.ok("settle", said["run"]["id"])
    assert "nothing to do" in empty.out


def test_only_the_named_person_is_touched(synced):
    changed = [person(n, 岗位="经理") for n in range(1, 31)]
    synced.feed(changed)
    before = writes(synced)
    said = synced.ok("run", "sync", "--employee", "0012", "--json").json
    assert [effect["person"] for effect in said["plan"]["effects"]] == ["0012"]
    assert [entry.number or entry.external_id for entry in synced.crm.journal[before:]] in (
        ["0012"],
        [synced.crm.user("0012")["Id"]],
    )
    assert synced.crm.user("0012")["Title"] == "经理"
    assert synced.crm.user("0013")["Title"] == "客户经理"
    assert len(synced.ok("run", "sync", "--json").json["plan"]["effects"]) == 29


@pytest.mark.parametrize("number", ["12", "９９９９", "0012 "])
def test_a_person_nobody_knows_is_a_slip_and_not_nothing_to_do(synced, number):
    before = synced.rows()
    said = synced.baton("run", "sync", "--employee", number, "--json")
    assert said.code == 2
    assert said.json["faults"][0]["rule"] == "unknown_person"
    assert synced.rows() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "sync", "--system", "nope"),
        ("run", "sync", "--system", "hr"),
        ("apply", "RUN", "--system", "nope"),
        ("apply", "RUN", "--system", "hr"),
        ("reconcile", "--system", "nope"),
        ("reconcile", "--system", "hr"),
        ("effects", "RUN", "--system", "nope"),
        ("check", "nope"),
        ("apply", "no-such-run"),
        ("settle", "no-such-run"),
        ("runs", "no-such-run"),
        ("effects", "no-such-run"),
        ("release", "no-such-run", "--as", "a", "--why", "b"),
        ("reject", "no-such-run", "--as", "a", "--why", "b"),
        ("resolve", "0123456789", "done", "--as", "a", "--why", "b"),
    ],
)
def test_a_name_that_does_not_exist_is_never_silently_nothing(synced, arguments):
    run = synced.ok("runs", "--json").json["runs"][0]["id"]
    said = synced.baton(*(run if word == "RUN" else word for word in arguments), "--json")
    assert said.code == 2
    assert said.json["message"]


def test_a_held_run_waits_for_a_second_person(company):
    run = company.held()
    before = writes(company)
    for verb in (("run", "sync"), ("apply", run), ("settle", run)):
        assert company.baton(*verb).code in (0, 3)
    assert writes(company) == before
    assert company.baton("apply", run).code == 3
    assert company.baton("settle", run).code == 3
    for maker in ("hr1", "HR1", " hr1 ", "ｈｒ１"):
        said = company.baton("release", run, "--as", maker, "--why", "I say so", "--json")
        assert (said.code, said.json["error"]) == (2, "maker")
    assert company.baton("release", run, "--as", " ", "--why", "x", "--json").json["error"] == "reason"
    assert company.ok("release", run, "--as", "boss", "--why", "checked with HR", "--json").json["released"] == 10
    assert writes(company) == before
    assert company.baton("release", run, "--as", "boss", "--why", "again", "--json").json["error"] == "not_held"
    company.ok("apply", run)
    company.ok("settle", run)
    assert [company.crm.user(f"{n:04d}")["IsActive"] for n in (3, 4)] == [False, True]
    decisions = [body for (body,) in company.query("select body from audit_entries where kind = 'decision'")]
    plan = company.ok("runs", run, "--json").json["run"]["plan_hash"]
    assert len(decisions) == 1
    assert f'"by":"boss","decision":"release","plan":"{plan}"' in decisions[0]


def test_a_rejected_run_is_gone_and_does_not_come_back(company):
    run = company.held()
    before = writes(company)
    assert company.ok("reject", run, "--as", "boss", "--why", "feed was wrong", "--json").json["rejected"] == 10
    assert company.ok("run", "sync", "--json").json["plan"]["effects"] == []
    assert writes(company) == before
    assert company.baton("reject", run, "--as", "boss", "--why", "again").code == 2


def test_a_plan_changed_in_the_database_is_not_released(company):
    run = company.held()
    company.query("update effects set due_at = due_at + 86400000000 * 400 where run_id = ? and number = '0003'", run)
    said = company.baton("release", run, "--as", "boss", "--why", "looks good", "--json")
    assert (said.code, said.json["error"]) == (2, "changed")
    company.query("update effects set due_at = due_at - 86400000000 * 400 where run_id = ? and number = '0003'", run)
    company.query("update effects set action = 'disable' where run_id = ? and number = '0003'", run)
    assert company.baton("release", run, "--as", "boss", "--why", "looks good").code == 2
    company.query("update effects set action = 'remove' where run_id = ? and number = '0003'", run)
    company.ok("release", run, "--as", "boss", "--why", "looks good")


def test_the_kill_switch_stops_every_call(synced):
    synced.feed([person(n, 岗位="经理") for n in range(1, 31)])
    assert synced.baton("kill-switch", "on").code == 2  # nobody and no reason
    synced.ok("kill-switch", "on", "--as", "ops", "--why", "incident 7")
    calls = synced.crm.calls
    said = synced.baton("run", "sync", "--json")
    assert said.code == 1
    assert "incident 7" in said.json["applied"][0]["halted"]
    again = synced.baton("run", "sync")
    assert again.code == 1
    assert again.out.splitlines()[-1] == "not everything: what waits for crm is sent by a later run"
    assert synced.crm.calls == calls
    assert "incident 7" in synced.ok("kill-switch", "status").out
    assert synced.baton("doctor").code == 2
    synced.ok("kill-switch", "off", "--as", "ops", "--why", "over")
    assert synced.ok("kill-switch", "status", "--json").json == {"engaged": {}}
    synced.ok("apply", said.json["run"]["id"])
    synced.ok("settle", said.json["run"]["id"])
    assert synced.crm.user("0012")["Title"] == "经理"


def test_the_kill_switch_of_one_action_or_system(synced):
    synced.feed([leaver(2), *(person(n, 岗位="经理") for n in range(3, 31)), person(1)])
    synced.ok("kill-switch", "on", "--scope", "action:remove", "--as", "ops", "--why", "x")
    assert synced.baton("run", "sync", "--json").code == 1
    assert synced.crm.user("0002")["IsActive"]
    assert synced.crm.user("0003")["Title"] == "经理"
    assert synced.baton("kill-switch", "on", "--scope", "system:nope", "--as", "o", "--why", "x").code == 2
    synced.ok("kill-switch", "on", "--scope", "system:crm", "--as", "ops", "--why", "x")
    synced.edit("    connector: crm/salesforce", "    enabled: no\n    connector: crm/salesforce")
    synced.ok("kill-switch", "off", "--scope", "system:crm", "--as", "ops", "--why", "the system is gone")
    assert synced.baton("kill-switch", "off", "--scope", "system:crm", "--as", "o", "--why", "x").code == 2


def test_doubt_is_resolved_by_a_person(synced):
    synced.feed([person(2, 岗位="经理"), *(person(n) for n in range(1, 31) if n != 2)])
    run = synced.ok("plan", "sync", "--save", "--json").json["run"]["id"]
    (key,) = (effect["key"] for effect in synced.ok("effects", run, "--json").json["effects"])
    assert synced.baton("resolve", key, "done", "--as", "ops", "--why", "x", "--json").json["error"] == "not_in_doubt"
    synced.query("update effects set state = 'in_doubt' where key = ?", key)
    assert synced.baton("settle", run).code == 1
    assert synced.baton("resolve", key[:7], "done", "--as", "ops", "--why", "x").code == 2
    assert synced.baton("resolve", "%" * 8, "done", "--as", "ops", "--why", "x").code == 2
    synced.ok("resolve", key[:12], "resend", "--as", "ops", "--why", "it is not there")
    synced.ok("apply", run)
    synced.ok("settle", run)
    assert synced.crm.user("0002")["Title"] == "经理"


def test_reconcile_finds_what_somebody_changed_and_the_next_run_repairs_it(synced):
    synced.ok("reconcile")
    synced.crm.user("0005")["Title"] = "总裁"
    said = synced.baton("reconcile", "--json")
    assert said.code == 1
    (drift,) = [one for one in said.json["systems"][0]["drifts"] if one["kind"] != "unknown_account"]
    assert (drift["number"], drift["fields"]) == ("0005", ["Title"])
    assert "总裁" not in said.out
    assert len(synced.ok("run", "sync", "--json").json["plan"]["effects"]) == 1
    assert synced.crm.user("0005")["Title"] == "客户经理"
    synced.ok("reconcile", "--system", "crm")


def test_a_target_that_cannot_be_read_leaves_the_reconciliation_incomplete(synced):
    synced.sandbox.arrange("crm", "500", calls=50)
    said = synced.baton("reconcile", "--json")
    assert said.code in (1, 2)
    assert said.json
    assert "500" in said.out + said.err


def test_a_target_that_is_away_leaves_the_run_incomplete_and_nothing_lost(company):
    company.ok("keys", "init")
    company.sandbox.arrange("crm", "500", calls=500)
    said = company.baton("run", "sync", "--json")
    assert said.code == 1
    company.sandbox.clear("crm")
    run = said.json["run"]["id"]
    company.query("update effects set next_at = 0")
    company.query("update allowances set next_free = 0")
    company.ok("apply", run)
    company.ok("settle", run)
    assert company.crm.count("User") == 31


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("systems.yaml", "path: feed,", "path: feed/none.csv,"), ("crm.yaml", "from: position", "from: none.csv")],
    ids=["no export", "a broken mapping"],
)
def test_what_is_due_is_sent_although_nothing_can_be_planned(synced, file, old, new):
    synced.feed([leaver(2), *(person(n) for n in range(1, 31) if n != 2)])
    synced.ok("plan", "sync", "--save")
    synced.edit(old, new, file=synced.root / file)
    assert synced.baton("run", "sync", "--dry-run").code == 2
    assert synced.crm.user("0002")["IsActive"], "a dry run sends nothing"
    said = synced.baton("run", "sync")
    assert (said.code, "none.csv" in said.err) == (2, True)
    assert not synced.crm.user("0002")["IsActive"]


def test_a_run_that_could_not_plan_tells_what_it_sent(synced):
    synced.feed([leaver(2), *(person(n) for n in range(1, 31) if n != 2)])
    synced.ok("plan", "sync", "--save")
    synced.edit("from: position", "from: none.csv", file=synced.root / "crm.yaml")
    said = synced.baton("run", "sync", "--json")
    assert (said.code, [(each["system"], each["counts"]["done"]) for each in said.json["applied"]]) == (2, [("crm", 1)])
    assert said.json["faults"]
    for words in (said.json["message"], said.err):
        assert "nothing was started" not in words
        assert "nothing was planned" in words
    assert "nothing was planned; what earlier runs left" in synced.baton("run", "sync").out
    assert "未能制定计划" in synced.baton("--lang", "zh", "run", "sync").out
    assert "nothing was started" in synced.baton("run", "sync", "--dry-run").err, "and nothing was"


def test_a_refused_feed_tells_what_was_sent_all_the_same(synced):
    synced.feed([leaver(2), *(person(n) for n in range(1, 31) if n != 2)])
    synced.ok("plan", "sync", "--save")
    synced.feed([person(1)])
    said = synced.baton("run", "sync", "--json").json
    assert (said["error"], [each["counts"]["done"] for each in said["applied"]]) == ("feed_refused", [1])
    assert said["breaches"]


@pytest.mark.parametrize(
    ("option", "rule"), [(("--system", "crmm"), "unknown_system"), (("--employee", "12"), "unknown_person")]
)
def test_a_slip_in_what_is_asked_for_sends_nothing(synced, option, rule):
    synced.feed([leaver(2), *(person(n) for n in range(1, 31) if n != 2)])
    synced.ok("plan", "sync", "--save")
    before = writes(synced)
    said = synced.baton("run", "sync", *option, "--json")
    assert (said.code, said.json["error"], said.json["faults"][0]["rule"]) == (2, "configuration", rule)
    assert ("nothing was started" in said.err, "applied" in said.json) == (True, False)
    assert writes(synced) == before
    assert synced.crm.user("0002")["IsActive"]


def test_nothing_is_sent_past_a_ledger_of_erasures_that_does_not_hold(synced):
    synced.feed([leaver(2), *(person(n) for n in range(1, 31) if n != 2)])
    synced.ok("plan", "sync", "--save")
    (synced.root / "state/erasures.jsonl").write_text('{"forged": true}\n', "utf-8")
    synced.edit("from: position", "from: none.csv", file=synced.root / "crm.yaml")
    said = synced.baton("run", "sync", "--json")
    assert (said.code, said.json["error"]) == (2, "ledger"), "it is told before what is wrong besides"
    assert synced.crm.user("0002")["IsActive"]
    (synced.root / "secrets/hub/audit_key").unlink()
    said = synced.baton("run", "sync", "--json")
    assert (said.code, said.json["faults"][0]["rule"]) == (2, "no_audit_key"), "by which alone it could be verified"
    assert synced.crm.user("0002")["IsActive"]


def test_a_protected_number_that_nobody_has_is_named(synced):
    synced.edit("secrets_dir: secrets}", "secrets_dir: secrets, protected: ['0012', '12']}")
    assert "note: 1 number in hub.protected is nobody's" in synced.ok("run", "sync").out
    said = synced.baton("doctor", "--json")
    (found,) = [each for each in said.json["findings"] if not each["ok"]]
    assert (said.code, found["what"], "'12'" in found["detail"], "'0012'" in found["detail"]) == (
        2,
        "hub.protected",
        True,
        False,
    )


def test_history(synced):
    synced.feed([leaver(2), *(person(n) for n in range(1, 31) if n != 2)])
    synced.ok("run", "sync")
    said = synced.ok("history", "0002", "--json").json
    assert [period["status"] for period in said["history"]] == ["active", "departed"]
    assert said["systems"]["crm"]["state"] in ("disabled", "removed")
    assert "测试" not in synced.ok("history", "0002").out
    assert synced.baton("history", "2").code == 1


def test_a_row_that_cannot_be_used_makes_the_run_incomplete(company):
    company.ok("keys", "init")
    company.feed([person(n, 工作邮箱="") if n == 7 else person(n) for n in range(1, 31)])
    said = company.baton("run", "sync", "--json")
    assert said.code == 1
    assert said.json["verdict"] == "incomplete"
    places = [fault["place"] for fault in said.json["plan"]["faults"]]
    assert places == ["crm:0007"] * len(places)
    assert places


def test_a_system_without_a_mapping_is_told_which_line_it_lacks(company):
    company.ok("keys", "init")
    company.edit("    mapping: crm.yaml\n", "")
    said = company.baton("plan", "sync")
    assert said.code == 2
    assert "mapping: FILE" in said.err
    assert "employee to crm/salesforce" in said.err


def test_a_number_that_nobody_has_is_said(synced):
    said = synced.baton("history", "2")
    assert said.code == 1
    assert "nobody with the number 2 is known" in said.out


def test_a_plan_that_was_kept_says_how_it_is_sent(company):
    company.ok("keys", "init")
    said = company.ok("plan", "sync", "--save")
    [run] = company.ok("runs", "--json").json["runs"]
    assert f"baton apply {run['id']}" in said.out


def test_an_export_that_is_not_there_is_named(company):
    company.ok("keys", "init")
    company.edit("path: feed,", "path: feed/none.csv,")
    assert f"there is no file {company.root}/feed/none.csv" in company.baton("plan", "sync").err


def test_to_compare_nothing_is_no_success(company):
    company.ok("keys", "init")
    company.edit("    mapping: crm.yaml\n", "    mapping: crm.yaml\n    enabled: no\n")
    said = company.baton("reconcile")
    assert (said.code, said.out.strip()) == (2, "no target is enabled: nothing was compared")
