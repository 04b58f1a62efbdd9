"""The Tryton connector against a real server when things go wrong: lost replies, rivals, sessions, rights."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from baton.sdk import (
    AccountRef,
    Action,
    Component,
    HaltError,
    InDoubtError,
    Outcome,
    Receipt,
)
from tests.connectors.erp.tryton_desk import Bench, _prefixes, outcomes, provision, write

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


# --- lost replies, late arrivals, crashes, rivals


@pytest.mark.parametrize("method", ["model.party.party.create", "model.company.company.write"])
def test_a_lost_reply_is_in_doubt_and_a_repeat_makes_no_duplicate(bench, method):
    writes = [provision(f"{n}", email=f"l{n}@example.test") for n in range(3)]
    bench.wire.lose = method
    with pytest.raises(InDoubtError):
        bench.connector.provision(writes)
    assert len(bench.parties()) == 3  # it had been done
    assert outcomes(bench.connector.provision(writes)) == [Outcome.DONE] * 3
    assert {n: len(rows) for n, rows in bench.employments().items()} == {"0": 1, "1": 1, "2": 1}
    assert bench.contacts("1") == [("email", "l1@example.test")]


@pytest.mark.parametrize("method", ["model.party.party.create", "model.company.company.write"])
def test_a_create_that_arrives_after_its_repeat_is_refused_by_the_server(bench, method):
    writes = [provision(f"{n}") for n in range(3)]
    bench.wire.delay = method
    with pytest.raises(InDoubtError):
        bench.connector.provision(writes)
    assert outcomes(bench.connector.provision(writes)) == [Outcome.DONE] * 3
    [answer] = bench.wire.arrive()
    assert answer["error"][0] in {"UserError", "ConcurrencyException"}
    assert {n: len(rows) for n, rows in bench.employments().items()} == {"0": 1, "1": 1, "2": 1}


def test_an_update_that_arrives_late_does_not_overwrite_a_newer_one(bench):
    bench.provision(provision("1"))
    bench.wire.delay = "model.party.party.write"
    with pytest.raises(InDoubtError):
        bench.connector.update([write(Action.UPDATE, "1", 2, name="旧名")])
    assert outcomes(bench.connector.update([write(Action.UPDATE, "1", 3, name="新名")])) == [Outcome.DONE]
    [answer] = bench.wire.arrive()
    assert answer["error"][0] == "ConcurrencyException"
    assert bench.parties()["1"]["name"] == "新名"


def test_a_record_changed_by_somebody_else_costs_only_its_own_write(bench):
    bench.provision(*(provision(f"{n}") for n in range(6)))
    intruder = bench.parties()["4"]["id"]
    bench.wire.before["model.party.party.write"] = lambda: bench.admin.call(
        "party.party.write", [intruder], {"name": "外改"}
    )
    receipts = bench.connector.update([write(Action.UPDATE, f"{n}", 2, name="内改") for n in range(6)])
    assert [r.outcome for r in receipts].count(Outcome.DONE) == 5
    assert receipts[4].outcome is Outcome.NOT_PERFORMED
    assert bench.parties()["4"]["name"] == "外改"


def test_a_crash_between_party_and_employee_is_healed(bench):
    bench.admin.call("party.party.create", [{"name": "测试甲", "code": bench.prefix + "1"}])
    assert bench.find("1") is None
    [receipt] = bench.provision(provision("1", email="h@example.test"))
    assert receipt.outcome is Outcome.DONE
    assert list(bench.parties()) == ["1"]
    assert len(bench.employments()["1"]) == 1
    assert bench.contacts("1") == [("email", "h@example.test")]


def test_rivals_provisioning_the_same_people_at_once_make_each_once(bench):
    writes = [provision(f"{n}") for n in range(20)]
    connectors = [bench.another() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results = [r for receipts in pool.map(lambda c: c.provision(writes), connectors) for r in receipts]
    assert {r.outcome for r in results} <= {Outcome.DONE, Outcome.NOT_PERFORMED}
    assert outcomes(bench.connector.provision(writes)) == [Outcome.DONE] * 20
    assert {len(rows) for rows in bench.employments().values()} == {1}
    assert len(bench.employments()) == 20


# --- sessions


def test_an_expired_session_is_renewed_once(bench):
    bench.provision(provision("1"))
    header = bench.wire.headers[-1]
    ended = {"id": 1, "method": "common.db.logout", "params": []}
    httpx.post(f"{bench.server.base_url}/erp/rpc/", json=ended, headers={"Authorization": header}, trust_env=False)
    logins = bench.wire.count("common.db.login")
    assert bench.find("1").number == "1"
    assert bench.wire.count("common.db.login") == logins + 1
    assert bench.wire.headers[-1] != header


def test_many_threads_share_one_login(bench):
    barrier = threading.Barrier(8)

    def look(_):
        barrier.wait()
        return bench.connector.find([AccountRef("0")])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [[None]] * 8
    assert bench.wire.count("common.db.login") == 1


def test_a_wrong_password_halts_without_hammering(tryton, tryton_admin):
    # A login of its own: Tryton locks a login out after some wrong passwords.
    bench = Bench(tryton, tryton_admin, next(_prefixes), username="nobody-here", password="not-the-one")
    for _ in range(3):
        with pytest.raises(HaltError) as caught:
            bench.connector.find([AccountRef("1")])
        assert caught.value.code == "login_refused"
        assert caught.value.remedy
        assert "not-the-one" not in f"{caught.value!r} {caught.value}"
    assert bench.wire.count("common.db.login") == 1


def test_a_wrong_database_halts(tryton, tryton_admin):
    bench = Bench(tryton, tryton_admin, next(_prefixes), database="no such")
    with pytest.raises(HaltError) as caught:
        bench.connector.find([AccountRef("1")])
    assert caught.value.code == "http_404"


# --- the self-check


def test_check_is_well_for_the_hubs_own_user(bench):
    assert [(f.what, f.ok) for f in bench.connector.check()] == [
        (what, True) for what in ("server version", "login", "company", "rights", "fields", "handovers", "payments")
    ]


def test_check_names_what_is_wrong(bench, tryton_admin):
    tryton_admin.call(
        "res.user.create",
        [{"name": "Weak", "login": "weak", "password": "sandbox-weak-3", "companies": [["add", [1]]], "company": 1}],
    )
    weak = bench.another(username="weak", password="sandbox-weak-3", company_id=77)
    wrong = {f.what: f for f in weak.check() if not f.ok}
    assert set(wrong) == {"company", "rights"}
    assert "company.employee:create" in wrong["rights"].detail
    assert all(finding.remedy for finding in wrong.values())
    [handovers] = [f for f in weak.check() if f.what == "handovers"]
    assert "sale.opportunity:write" in handovers.detail
    [payments] = [f for f in weak.check() if f.what == "payments"]
    assert payments.detail == "not possible without account.payment:read, account.payment.journal:read"
    with pytest.raises(HaltError, match=r"does not let the hub read account\.payment\.journal"):
        list(
            bench.another(username="weak", password="sandbox-weak-3", payment_journals={"x": "salary"}).payables(
                "2026-11", Component.SALARY
            )
        )
    refused = bench.another(username="nobody-else", password="not-the-one").check()
    assert [(f.what, f.ok) for f in refused] == [("server version", True), ("connection", False)]


def test_a_user_without_rights_is_told_so_and_nothing_is_written(bench, tryton_admin):
    login = {"login": "idle", "password": "sandbox-idle-4", "companies": [["add", [1]]], "company": 1}
    tryton_admin.call("res.user.create", [{"name": "Idle", **login}])
    idle = bench.another(username="idle", password="sandbox-idle-4")
    receipts = idle.provision([provision("1")])
    assert isinstance(receipts[0], Receipt)
    assert receipts[0].outcome is Outcome.REFUSED
    assert bench.employments() == {}
