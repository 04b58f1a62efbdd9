"""Whom the rollback of a migration of people keeps: who has more history, or for whom something was done since."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from baton.engine.settle import Verdict
from baton.hub.migration.findings import refusals
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from baton.model.pay_run import JOB as PAY_JOB
from baton.model.pay_run import LineState, PayLine, PayRun
from baton.model.payable import BankAccount, Component, Payable, PayableKey
from baton.store.runs import Run, RunState
from baton.store.tables import links
from tests.hub.migration.test_people import INTO, migrate, old_person, stored, table_sizes
from tests.rig.records import Archive


@pytest.fixture
def into(archive: Archive) -> Archive:
    archive.mapping = INTO
    archive.rows = [old_person(number) for number in range(1, 11)]
    return archive


def test_a_rollback_deletes_nobody_who_has_been_paid_since(into: Archive) -> None:
    facts: dict[str, Any] = {"profile": "iso20022-cny", "initiator": "x", "asked": "", "facts": {}}
    days: dict[str, Any] = {"period": "2026-11", "execution_day": date(2026, 11, 30)}
    with into.open() as hub:
        run_id, _ = migrate(hub, into.request())
        now, salary = hub.clock.now(), Component.SALARY
        payer, payee = BankAccount("x", "62220000"), BankAccount("y", "62220001")
        pay = PayRun("pay-1", "bank", component=salary, currency="CNY", created=now, payer=payer, **days, **facts)
        key = PayableKey("00004", "2026-11", salary)
        line = PayLine(pay.run_id, 1, Payable(key, payee, 800_000, "CNY", "", "f:2"), LineState.PAID, changed_at=now)
        with hub.database.write() as connection:
            hub.runs.insert(connection, Run("pay-1", PAY_JOB, RunState.READY, "x", "", "", now), ())
            hub.pay_runs.insert(connection, pay, [line])
        undo = plan_rollback(hub, run_id, "tester")
        done = carry_on(hub, undo.id)
        left = refusals(hub, undo.id)
        assert (left["code"].to_list(), left["row"].to_list()) == (["in_use"], [5])
        assert (done.verdict, done.counts["refused"], table_sizes(hub)[0]) == (Verdict.INCOMPLETE, 1, 1)
        assert stored(hub, "00004") is not None


@pytest.mark.parametrize("reason", ["has_history", "in_use"])
def test_a_rollback_deletes_nobody_who_has_more_history_or_is_in_use(into: Archive, reason: str) -> None:
    with into.open() as hub:
        run_id, _ = migrate(hub, into.request())
        person = stored(hub, "00004")
        assert person is not None
        with hub.database.write() as connection:
            if reason == "in_use":
                link = {"system": "crm", "number": "00004", "state": "enabled", "applied": {}, "planned_version": 1}
                more = {"generation": 1, "mapping_digest": "", "dirty": False}
                connection.execute(sa.insert(links).values(**link, **more))
            else:
                before = hub.people.newest(connection, ["00004"])["00004"].known
                for version in (before, replace(before, version=2)):
                    hub.people.record(
                        connection, "migration", "other", [(person, b"")], {"00004": version}, hub.clock.now()
                    )
        undo = plan_rollback(hub, run_id, "tester")
        done = carry_on(hub, undo.id)
        left = refusals(hub, undo.id)
        assert (left["code"].to_list(), left["row"].to_list()) == ([reason], [5])
        assert "departed" in left["remedy"][0]
        assert (done.verdict, done.counts["refused"]) == (Verdict.INCOMPLETE, 1)
        assert stored(hub, "00004") == person
        assert table_sizes(hub)[0] == 1
