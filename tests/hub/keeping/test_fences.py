"""A store that its own tools have restored, on both databases: fenced, looked up, numbered anew; people erased again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from baton.errors import ApprovalError, ConfigurationError, TamperedError
from baton.hub import Hub, execution
from baton.hub.keeping import erasing, restoring
from baton.hub.keeping.reading_back import read_back
from baton.hub.sync import SyncRequest, plan_sync
from baton.hub.vitals.taking import take
from baton.model.effect import EffectState
from baton.store.restores import fenced
from baton.store.tables import effects, links
from tests.hub.conftest import Start
from tests.rig.company import numbers, row
from tests.rig.targets import KeyTarget


def test_begin_fences_every_system_that_is_sent_to_and_trusts_no_old_plan(start: Start) -> None:
    company, hub = start()
    company.rows = [row(number) for number in numbers(1, 4)]
    plan_sync(hub, SyncRequest())
    restored = restoring.begin(hub, "ops-zhao", "pg_restore")
    assert (restored.fenced, restored.moved["planned_anew"], restored.moved["to_look_up"]) == (["crm"], 4, 0)
    with hub.database.read() as connection:
        assert {each.state for each in hub.effects.read(connection)} == {EffectState.SUPERSEDED}
        assert fenced(list(hub.runs.engaged(connection)), "restored:") == ["crm"]
    (report,) = read_back(hub)
    assert (report.system, report.trouble) == ("crm", "")
    restoring.open_systems(hub, "ops-qian", "looked")
    plan_sync(hub, SyncRequest())
    execution.apply(hub)
    assert len(company.truths["crm"].journal) == 4
    with hub.database.read() as connection:
        versions = set(connection.execute(sa.select(links.c.generation)).scalars())
    assert min(versions) > 1_000_000, "no version that may have been used after the backup is used again"


def test_what_was_sent_and_not_answered_is_looked_up(start: Start) -> None:
    company, hub = start()
    company.rows = [row("0001")]
    plan_sync(hub, SyncRequest())
    with hub.database.write() as connection:
        connection.execute(sa.update(effects).values(state="sent", lease_until=hub.clock.now() + timedelta(hours=1)))
    assert restoring.begin(hub, "ops-zhao", "pg_restore").moved["to_look_up"] == 1
    (report,) = read_back(hub)
    assert report.counts["overtaken"] == 1, "the accounts were read: what they are like is known"


def test_an_account_in_doubt_that_is_not_there_is_made_after_all(start: Start) -> None:
    company, hub = start()
    company.rows = [row("0001")]
    plan_sync(hub, SyncRequest())
    with hub.database.write() as connection:
        connection.execute(sa.update(effects).values(state="sent", lease_until=hub.clock.now() + timedelta(hours=1)))
    restoring.begin(hub, "ops-zhao", "pg_restore")
    read_back(hub)
    restoring.open_systems(hub, "ops-qian", "looked")
    plan_sync(hub, SyncRequest())
    execution.apply(hub)
    assert [entry.number for entry in company.truths["crm"].journal] == ["0001"]


def test_whom_hr_no_longer_lists_is_no_stranger(start: Start) -> None:
    company, hub = start()
    company.rows = [row(number) for number in numbers(1, 12)]
    plan_sync(hub, SyncRequest())
    execution.apply(hub)
    with hub.database.write() as connection:
        connection.execute(sa.delete(links).where(links.c.number == "0012"))
    company.rows.pop()
    restoring.begin(hub, "ops-zhao", "pg_restore")
    (report,) = read_back(hub)
    assert (report.counts["strangers"], report.counts["adopted"]) == (0, 1)


def test_an_erasure_holds_on_both_databases(start: Start) -> None:
    company, hub = start()
    gone = row("0001", status="departed", last_day="2026-11-01", contract_end="2026-11-01")
    company.rows = [row(number) for number in numbers(1, 11)]
    plan_sync(hub, SyncRequest())
    execution.apply(hub)
    company.rows[0] = gone
    plan_sync(hub, SyncRequest())
    execution.apply(hub)
    erasing.ask(hub, "0001", "ops-zhao", "letter")
    assert erasing.decide(hub, "0001", "director-sun").rows >= 4
    with hub.database.read() as connection:
        assert hub.people.versions(connection, ["0001"]) == {}
        assert all(not each.fields for each in hub.effects.read(connection, effects.c.number == "0001"))
    assert plan_sync(hub, SyncRequest()).run.counts["erased"] == 1


TWO: dict[str, Any] = {"crm": KeyTarget, "oa": KeyTarget}


def settle_on(hub: Hub, **systems: object) -> None:
    """``systems.yaml`` as it is from now on: a system off (``False``), or out of it (``None``)."""
    known = dict(hub.settings.systems)
    for name, how in systems.items():
        if how is None:
            del known[name]
        else:
            known[name] = replace(known[name], enabled=bool(how), settings=known[name].settings if how else None)
    hub.settings = replace(hub.settings, systems=known)


@pytest.mark.parametrize("how", [False, None])
def test_a_system_that_is_not_in_use_is_fenced_until_it_is_and_was_read_back(start: Start, how: bool | None) -> None:
    company, hub = start(TWO)
    company.rows = [row(number) for number in numbers(1, 4)]
    plan_sync(hub, SyncRequest())
    execution.apply(hub)
    before = hub.settings
    settle_on(hub, oa=how)
    assert restoring.begin(hub, "ops-zhao", "pg_restore").fenced == ["crm", "oa"]
    assert [report.system for report in read_back(hub)] == ["crm"], "what is not in use cannot be asked"
    restoring.open_systems(hub, "ops-qian", "looked")
    with hub.database.read() as connection:
        assert restoring.fences(hub, connection) == restoring.Fences([], [], ["oa"])
    assert [each.value for each in take(hub) if each.measure == "switches_count"] == [0], (
        "it stops nothing, nobody is told"
    )
    plan_sync(hub, SyncRequest())

    hub.settings = before
    company.rows[0] = row("0001", title="组长")
    with pytest.raises(ApprovalError, match="not read back yet: oa"):
        plan_sync(hub, SyncRequest())
    assert [each.value for each in take(hub) if each.measure == "switches_count"] == [1]
    assert "restored:oa" in next(report for report in execution.apply(hub) if report.system == "oa").halted
    assert [report.system for report in read_back(hub)] == ["oa"]
    restoring.open_systems(hub, "ops-qian", "looked")
    plan_sync(hub, SyncRequest())
    execution.apply(hub)
    assert len(company.truths["oa"].journal) == 5


def test_who_asks_for_a_system_that_is_not_in_use_is_told_so(start: Start) -> None:
    _, hub = start(TWO)
    settle_on(hub, oa=False)
    restoring.begin(hub, "ops-zhao", "pg_restore")
    (report,) = read_back(hub, ["oa"])
    assert "oa is not in use" in report.trouble


def test_what_only_says_who_works_here_is_never_fenced_also_when_it_is_off(start: Start) -> None:
    _, hub = start()
    settle_on(hub, hr=False)
    assert restoring.begin(hub, "ops-zhao", "pg_restore").fenced == ["crm"]


def test_a_misspelt_system_is_told_with_what_waits(start: Start) -> None:
    company, hub = start()
    company.rows = [row("0001")]
    plan_sync(hub, SyncRequest())
    restoring.begin(hub, "ops-zhao", "pg_restore")
    with pytest.raises(
        ConfigurationError, match=r"no system 'crn'; to be read back: crm; waiting for a second.*: none"
    ):
        read_back(hub, ["crm", "crn"])
    assert [report.system for report in read_back(hub, ["crm"])] == ["crm"]
    with pytest.raises(
        ConfigurationError, match=r"no system 'crn'; to be read back: none; waiting for a second.*: crm"
    ):
        restoring.open_systems(hub, "ops-qian", "looked", ["crm", "crn"])
    assert read_back(hub, ["crm"]) == [], "one that there is and that waits no more is no mistake"
    assert restoring.open_systems(hub, "ops-qian", "looked", ["crm"]) == ["crm"]


def test_begin_changes_nothing_while_the_ledger_lacks_what_the_restored_database_tells_of(start: Start) -> None:
    company, hub = start()
    company.rows = [row("0001")]
    plan_sync(hub, SyncRequest())
    with hub.database.write() as connection:
        hub.erasures.done(connection, "0009", "dpo-sun", hub.clock.now(), [])
    with pytest.raises(TamperedError, match="0009") as refused:
        restoring.begin(hub, "ops-zhao", "pg_restore")
    assert refused.value.code == "ledger_short"
    with hub.database.read() as connection:
        assert list(hub.runs.engaged(connection)) == []
    assert restoring.begin(hub, "ops-zhao", "pg_restore", ledger_lost=True).fenced == ["crm"]
