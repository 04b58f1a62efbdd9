"""What becomes of people: joining, moving, leaving, coming back, in the order and at the moments that were decided."""

from __future__ import annotations

from datetime import timedelta

from baton.hub.execution import apply, settle
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync, preview_sync
from baton.model.account import AccountState, Action
from baton.store.tables import effects, person_versions
from tests.rig.company import TARGET_MAPPING, row
from tests.rig.targets import KeyTarget
from tests.rig.truth import Record

ENABLED, DISABLED, REMOVED = AccountState.ENABLED, AccountState.DISABLED, AccountState.REMOVED


def go(company, hub, *rows) -> SyncPlan:
    company.rows = list(rows)
    preview = preview_sync(hub, SyncRequest())
    plan = plan_sync(hub, SyncRequest())
    assert preview.run.plan_hash == plan.run.plan_hash
    apply(hub)
    return plan


def there(company, number: str = "0012") -> Record:
    return company.truths["crm"].accounts[number]


def test_names_and_numbers_survive_and_a_second_run_does_nothing(start) -> None:
    company, hub = start()
    plan = go(company, hub, row("0012", name="欧阳䶮"), row("12", name="测试乙"))
    assert settle(hub, plan.run.id).run.verdict == "clean"
    assert (there(company).fields["name"], there(company, "12").fields["name"]) == ("欧阳䶮", "测试乙")
    assert go(company, hub, row("0012", name="欧阳䶮"), row("12", name="测试乙")).drafted == []


def test_the_manager_is_made_first_and_referred_to_by_id(start) -> None:
    company, hub = start()
    go(company, hub, row("0001", manager="0002"), row("0002"), row("0003", manager="9999"))
    journal = [entry.number for entry in company.truths["crm"].journal]
    assert journal.index("0002") < journal.index("0001")
    assert there(company, "0001").fields["manager"] == there(company, "0002").external_id
    assert "manager" not in there(company, "0003").fields
    plan = go(company, hub, row("0001", manager="0002"), row("0002"), row("0003", manager="9999"), row("9999"))
    assert {draft.intention.number for draft in plan.drafted} == {"9999"}
    go(company, hub, row("0001", manager="0002"), row("0002"), row("0003", manager="9999"), row("9999"))
    assert there(company, "0003").fields["manager"] == there(company, "9999").external_id


def test_a_leaver_of_tomorrow_leaves_at_the_end_of_their_own_day(start) -> None:
    company, hub = start()
    home = {"zone": "America/Los_Angeles"}
    go(company, hub, row("0012", **home))
    left = {"status": "notice", "last_day": "2026-11-23", "contract_end": "2026-11-25"}
    go(company, hub, row("0012", **home, **left))
    company.clock.advance(timedelta(hours=30))  # 24 November 07:00 UTC: still the 23rd in Los Angeles
    apply(hub)
    assert there(company).state is ENABLED
    company.clock.advance(timedelta(hours=2))
    apply(hub)
    assert there(company).state is DISABLED
    company.clock.advance(timedelta(days=3))
    apply(hub)
    assert there(company).state is REMOVED


def test_a_departure_is_retracted_before_and_after_it_fired(start) -> None:
    company, hub = start()
    notice = {"status": "notice", "last_day": "2026-11-24", "contract_end": "2026-12-31"}
    go(company, hub, row("0012"))
    go(company, hub, row("0012", **notice))
    go(company, hub, row("0012"))
    company.clock.advance(timedelta(days=60))
    apply(hub)
    assert there(company).state is ENABLED
    assert [e.action for e in company.truths["crm"].journal] == [Action.PROVISION]
    go(company, hub, row("0012", **notice))
    assert there(company).state is REMOVED
    go(company, hub, row("0012", title="回来"))
    assert (there(company).state, there(company).fields["title"]) == (ENABLED, "回来")


def test_who_was_removed_and_comes_back_gets_every_field_again(start) -> None:
    company, hub = start()
    go(company, hub, row("0012", department="D1"))
    go(company, hub, row("0012", department="D1", status="departed", last_day="2026-11-01", contract_end="2026-11-01"))
    there(company).fields.clear()
    plan = go(company, hub, row("0012", department="D1", status="rehired"))
    assert [draft.intention.action for draft in plan.drafted] == [Action.ENABLE]
    assert there(company).fields["department"] == "D1"
    assert there(company).fields["name"] == "测试0012"


def test_a_transfer_takes_effect_on_its_day(start) -> None:
    company, hub = start()
    go(company, hub, row("0012", department="D1"))
    go(company, hub, row("0012", department="D2", effective="2026-11-26"))
    assert there(company).fields["department"] == "D1"
    company.clock.advance(timedelta(days=4))
    apply(hub)
    assert there(company).fields["department"] == "D2"


def test_a_changed_mapping_plans_again(start) -> None:
    company, hub = start()
    go(company, hub, row("0012", department="D1"))
    hub.close()
    changed = TARGET_MAPPING.replace("TARGET", "crm/fake_crm").replace("{from: position}", "{from: department}")
    company.write_mapping("crm", changed)
    again = company.open()
    plan = go(company, again, row("0012", department="D1"))
    assert there(company).fields["title"] == "D1"
    assert len(plan.drafted) == 1
    again.close()


def test_protected_people_are_never_disabled(start) -> None:
    company, hub = start(protected=("0001",))
    left = {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-11-01"}
    go(company, hub, row("0001"), row("0012"))
    go(company, hub, row("0001", **left), row("0012", **left))
    assert (there(company, "0001").state, there(company, "0012").state) == (ENABLED, REMOVED)


def test_a_row_that_cannot_be_read_or_is_there_twice_concerns_nobody_else(start) -> None:
    company, hub = start()
    people = [row(f"{number:04d}") for number in range(1, 500)]
    plan = go(company, hub, *people, row("0600", hired="2026-02-30"), row("0700"), row("0700", title="另一个"))
    assert len(company.truths["crm"].accounts) == 499
    assert {fault.rule for fault in plan.faults} >= {"duplicate_number"}
    assert plan.run.counts["rejected"] == 1


def test_absence_is_not_leaving(start) -> None:
    company, hub = start()
    people = [row(f"{number:04d}") for number in range(1, 30)]
    go(company, hub, *people)
    plan = go(company, hub, *people[:-1])
    assert plan.drafted == []
    assert "absence is not leaving" in plan.notes[0]


def test_nothing_personal_is_readable_in_the_database(start, database_url) -> None:
    company, hub = start()
    go(company, hub, row("0012", name="金丝雀䶮", mobile="13812345678"))
    if database_url.startswith("sqlite"):
        files = [path for path in company.folder.iterdir() if path.name.startswith("hub.sqlite3")]
        assert len(files) > 1  # the write-ahead log as well
        stored = b"".join(path.read_bytes() for path in files)
    else:
        with hub.database.read() as connection:
            rows = connection.execute(person_versions.select()).all() + connection.execute(effects.select()).all()
        stored = repr([tuple(found) for found in rows]).encode()
    assert b"0012" in stored
    for canary in ("金丝雀", "13812345678"):
        assert canary.encode() not in stored
        assert canary.encode("utf-16-le") not in stored
    with hub.database.read() as connection:
        assert hub.people.find_by(connection, "mobile", "13812345678") == ["0012"]


def test_reconcile_tells_missing_state_fields_and_strangers_and_mends_only_what_is_ours(start) -> None:
    company, hub = start()
    people = [row(f"{number:04d}", department="D1") for number in range(1, 6)]
    go(company, hub, *people)
    accounts = company.truths["crm"].accounts
    del accounts["0001"]
    accounts["0002"].state = DISABLED
    accounts["0003"].fields |= {"department": "D9", "pin": "1234", "colour": "red"}
    accounts["9999"] = Record("x99", ENABLED, {"name": "陌生人"})
    found = reconcile(hub, "crm")
    kinds = {drift.number: drift.kind for drift in found.drifts}
    assert kinds == {"0001": "missing", "0002": "state", "0003": "fields", "9999": "unknown_account"}
    written = len(company.truths["crm"].journal)
    plan = go(company, hub, *people)
    assert {d.intention.number: set(d.intention.fields) for d in plan.drafted}["0003"] == {"department"}
    assert len(company.truths["crm"].journal) == written + 3
    assert accounts["0003"].fields["colour"] == "red"
    assert [drift.kind for drift in reconcile(hub, "crm").drifts] == ["unknown_account"]


def test_reconcile_does_not_take_its_own_writes_for_drift(start) -> None:
    class Busy(KeyTarget):
        between = staticmethod(lambda: None)

        def scan(self):
            yield from list(super().scan())
            Busy.between()

    company, hub = start({"crm": Busy})
    go(company, hub, row("0001"))
    Busy.between = lambda: go(company, hub, row("0001", title="新"), row("0002"))
    assert reconcile(hub, "crm").drifts == []
    assert go(company, hub, row("0001", title="新"), row("0002")).drafted == []
