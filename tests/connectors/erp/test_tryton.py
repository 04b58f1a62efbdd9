"""The Tryton connector against a real Tryton 8.2 server; what it holds is read back by other code than the connector's."""

from __future__ import annotations

import hashlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import httpx
import orjson
import pytest

from baton.egress import EgressRule
from baton.sdk import (
    AccountRef,
    AccountState,
    AccountWrite,
    Action,
    Client,
    HaltError,
    InDoubtError,
    Outcome,
    Receipt,
)
from connectors.erp.tryton.connector import TrytonConnector, TrytonSettings

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

_prefixes = (f"T{n}-" for n in itertools.count(1))
START, END = date(2026, 1, 5), date(2099, 11, 30)


def write(action, number, version=1, **fields):
    key = hashlib.sha256(f"{action}{number}{version}{sorted(fields)}".encode()).hexdigest()
    return AccountWrite(key, AccountRef(number), action, version, fields, batch_id="b1")


def provision(number, name="测试甲", **fields):
    return write(Action.PROVISION, number, name=name, **{"start_date": START, **fields})


def outcomes(receipts):
    return [receipt.outcome for receipt in receipts]


class Wire(httpx.BaseTransport):
    """The real network, counted, with faults: a lost reply, or a request that arrives after it was given up."""

    def __init__(self):
        self.inner = httpx.HTTPTransport()
        self.methods = []
        self.headers = []
        self.lose = self.delay = None
        self.late = []
        self.before = {}

    def handle_request(self, request):
        request.read()
        method = orjson.loads(request.content)["method"]
        self.methods.append(method)
        self.headers.append(request.headers.get("Authorization"))
        if method == self.delay:
            self.delay = None
            self.late.append(request)
            raise httpx.ReadTimeout("given up")
        if method in self.before:
            self.before.pop(method)()
        response = self.inner.handle_request(request)
        if method == self.lose:
            self.lose = None
            response.read()
            raise httpx.ReadTimeout("reply lost")
        return response

    def arrive(self):
        """Deliver the requests held back; gives their answers."""
        answers = [orjson.loads(self.inner.handle_request(request).read()) for request in self.late]
        self.late = []
        return answers

    def count(self, method):
        return self.methods.count(method)


class Bench:
    """A connector with code prefix of its own, its wire, and a view of the server that is not the connector's."""

    def __init__(self, server, admin, prefix, **settings):
        self.server, self.admin, self.prefix = server, admin, prefix
        self.wire = Wire()
        self.connector = self.another(self.wire, **settings)

    def another(self, transport=None, **settings):
        values = {
            "base_url": self.server.base_url,
            "database": self.server.database,
            "username": self.server.username,
            "password": self.server.password,
            "company_id": self.server.company_id,
            "code_prefix": self.prefix,
        } | settings
        egress = EgressRule.for_urls([self.server.base_url], allow_private=True)
        return TrytonConnector(TrytonSettings(**values), Client(egress, transport=transport))

    def parties(self):
        rows = self.admin.rows("party.party", [["code", "like", f"{self.prefix}%"]], ["code", "name", "active"])
        return {row["code"].removeprefix(self.prefix): row for row in rows}

    def employments(self):
        fields = ["party.code", "start_date", "end_date", "supervisor", "company"]
        rows = self.admin.rows("company.employee", [["party.code", "like", f"{self.prefix}%"]], fields)
        found = {}
        for row in rows:
            found.setdefault(row["party."]["code"].removeprefix(self.prefix), []).append(row)
        return found

    def contacts(self, number):
        rows = self.admin.rows(
            "party.contact_mechanism", [["party.code", "=", self.prefix + number]], ["type", "value", "active"]
        )
        return [(row["type"], row["value"]) for row in rows if row["active"]]

    def find(self, number):
        return self.connector.find([AccountRef(number)])[0]

    def provision(self, *writes):
        return self.connector.provision(writes)


@pytest.fixture
def bench(tryton, tryton_admin):
    return Bench(tryton, tryton_admin, next(_prefixes))


def foreign_day(value):
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


# --- the life of an account


def test_provisions_two_hundred_and_fifty_with_their_numbers_and_names(bench):
    numbers = ["0012", "12", "䶮01", *(f"{n:05}" for n in range(247))]
    writes = [
        provision(n, name=f"䶮测试{n}", email=f"u{i}@example.test", mobile="13800000001") for i, n in enumerate(numbers)
    ]
    receipts = [r for start in range(0, 250, 200) for r in bench.connector.provision(writes[start : start + 200])]
    assert outcomes(receipts) == [Outcome.DONE] * 250
    employments, parties = bench.employments(), bench.parties()
    assert sorted(employments) == sorted(numbers)
    for number, receipt in zip(numbers, receipts, strict=True):
        [employment] = employments[number]
        assert receipt.external_id == str(employment["id"])
        assert employment["start_date"] == foreign_day(START)
        assert employment["end_date"] is None
        assert parties[number]["name"] == f"䶮测试{number}"
    assert bench.contacts("0012") == [("email", "u0@example.test"), ("mobile", "13800000001")]
    assert bench.wire.count("model.party.party.create") == 2
    assert bench.wire.count("model.company.company.write") == 2


def test_repeated_provisioning_makes_no_duplicate(bench):
    writes = [provision(f"{n}", email=f"r{n}@example.test") for n in range(5)]
    first = bench.provision(*writes)
    again = bench.provision(*writes)
    assert [r.external_id for r in again] == [r.external_id for r in first]
    assert {number: len(rows) for number, rows in bench.employments().items()} == {f"{n}": 1 for n in range(5)}
    assert bench.contacts("3") == [("email", "r3@example.test")]


def test_reads_back_what_it_wrote_in_the_types_of_its_fields(bench):
    chief = bench.provision(provision("1", "主管甲"))[0].external_id
    fields = {
        "name": "测试乙",
        "email": "b@example.test",
        "mobile": "13800000002",
        "phone": "010-00000000",
        "start_date": START,
        "supervisor": chief,
    }
    bench.provision(write(Action.PROVISION, "2", **fields))
    account = bench.find("2")
    assert account.fields == {**fields, "end_date": None}
    assert (account.number, account.state) == ("2", AccountState.ENABLED)
    assert bench.employments()["2"][0]["supervisor"] == int(chief)


def test_find_keeps_the_order_and_says_none(bench):
    bench.provision(provision("0012"), provision("7"))
    found = bench.connector.find([AccountRef("7"), AccountRef("12"), AccountRef("0012")])
    assert [account and account.number for account in found] == ["7", None, "0012"]


def test_update_sets_the_given_fields_and_only_those(bench):
    chief, other = (r.external_id for r in bench.provision(provision("1"), provision("2")))
    bench.provision(provision("3", "测试丙", email="c@example.test", mobile="13800000003", supervisor=chief))
    receipt = bench.connector.update(
        [write(Action.UPDATE, "3", 2, name="测试丙丙", email="cc@example.test", mobile=None, supervisor=other)]
    )
    assert outcomes(receipt) == [Outcome.DONE]
    assert bench.parties()["3"]["name"] == "测试丙丙"
    assert bench.contacts("3") == [("email", "cc@example.test")]
    [employment] = bench.employments()["3"]
    assert employment["supervisor"] == int(other)
    assert employment["start_date"] == foreign_day(START)
    assert bench.find("3").fields["mobile"] is None


def test_an_update_of_nobody_is_refused(bench):
    [receipt] = bench.connector.update([write(Action.UPDATE, "404", name="无人")])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "not_found")
    assert receipt.remedy


def test_an_end_in_the_future_is_written_and_a_retraction_clears_it(bench):
    bench.provision(provision("1"))
    assert outcomes(bench.connector.disable([write(Action.DISABLE, "1", 2, end_date=END)])) == [Outcome.DONE]
    assert bench.employments()["1"][0]["end_date"] == foreign_day(END)
    assert bench.find("1").state is AccountState.DISABLED
    assert bench.find("1").fields["end_date"] == END
    assert outcomes(bench.connector.enable([write(Action.ENABLE, "1", 3)])) == [Outcome.DONE]
    assert bench.employments()["1"][0]["end_date"] is None
    assert bench.find("1").state is AccountState.ENABLED


def test_a_rehire_takes_up_the_ended_employment(bench):
    [first] = bench.provision(provision("1"))
    bench.connector.disable([write(Action.DISABLE, "1", 2, end_date=date(2026, 3, 31))])
    [again] = bench.provision(provision("1", start_date=date(2026, 9, 1)))
    assert again.external_id == first.external_id
    [employment] = bench.employments()["1"]
    assert employment["start_date"] == foreign_day(date(2026, 9, 1))
    assert employment["end_date"] is None


def test_enabling_revives_a_retired_party(bench):
    bench.provision(provision("1"))
    bench.connector.disable([write(Action.DISABLE, "1", 2, end_date=date(2026, 3, 31))])
    bench.admin.call("party.party.write", [bench.parties()["1"]["id"]], {"active": False})
    assert bench.find("1").state is AccountState.DISABLED
    bench.connector.enable([write(Action.ENABLE, "1", 3, start_date=date(2026, 9, 1))])
    assert bench.parties()["1"]["active"]
    assert bench.find("1").fields["start_date"] == date(2026, 9, 1)


def test_scan_sees_leavers_and_everybody_once(bench, monkeypatch):
    monkeypatch.setattr("connectors.erp.tryton.directory.PAGE", 40)
    bench.provision(*(provision(f"{n}") for n in range(50)))
    bench.connector.disable([write(Action.DISABLE, "5", 2, end_date=date(2026, 2, 1))])
    ids, accounts = _ids(bench), list(bench.connector.scan())
    seen = {a.number: a.state for a in accounts if a.external_id in ids}
    assert seen == {f"{n}": AccountState.DISABLED if n == 5 else AccountState.ENABLED for n in range(50)}
    assert sorted(a.external_id for a in accounts if a.external_id in ids) == sorted(ids)


def _ids(bench):
    return {str(row["id"]) for rows in bench.employments().values() for row in rows}


def test_a_second_employment_of_one_party_is_shown_without_a_number(bench):
    [receipt] = bench.provision(provision("1"))
    party = bench.parties()["1"]["id"]
    old = {"party": party, "company": 1, "start_date": foreign_day(START), "end_date": foreign_day(date(2026, 2, 1))}
    [second] = bench.admin.call("company.employee.create", [old])
    ids = _ids(bench)
    numbers = {a.external_id: a.number for a in bench.connector.scan() if a.external_id in ids}
    assert numbers == {receipt.external_id: "1", str(second): None}
    assert bench.find("1").external_id == receipt.external_id
    assert bench.connector.find([AccountRef("1", str(second))])[0].external_id == str(second)


# --- refusals


def test_one_bad_record_does_not_refuse_the_rest_of_its_batch(bench):
    writes = [provision(f"{n}", supervisor="99999999" if n == 13 else None) for n in range(40)]
    receipts = bench.provision(*writes)
    assert [n for n, r in enumerate(receipts) if r.outcome is Outcome.REFUSED] == [13]
    assert receipts[13].code == "UserError"
    assert "supervisor" in receipts[13].message
    assert sorted(bench.employments()) == sorted(f"{n}" for n in range(40) if n != 13)
    corrected = bench.provision(provision("13"))
    assert outcomes(corrected) == [Outcome.DONE]
    assert len(bench.parties()) == 40


def test_a_refusal_names_no_person_and_no_value(bench):
    bench.provision(provision("1", "密名甲"), provision("2", "密名乙"))
    receipts = bench.connector.disable(
        [write(Action.DISABLE, n, 2, end_date=day) for n, day in (("1", date(2020, 2, 2)), ("2", date(2026, 2, 2)))]
    )
    assert outcomes(receipts) == [Outcome.REFUSED, Outcome.DONE]
    shown = f"{receipts[0]}"
    assert "密名" not in shown
    assert "2020" not in shown
    assert "end_date" in receipts[0].message


def test_a_customer_who_holds_the_code_is_not_made_an_employee(bench):
    bench.admin.call("party.party.create", [{"name": "示例客户", "code": bench.prefix + "5"}])
    [receipt] = bench.provision(provision("5", "测试戊"))
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "code_taken")
    assert bench.parties()["5"]["name"] == "示例客户"
    assert bench.employments() == {}


def test_a_code_created_between_look_and_create_is_taken_over(bench):
    rival = bench.another()
    bench.wire.before["model.party.party.create"] = lambda: rival.provision([provision("2")])
    receipts = bench.provision(provision("1"), provision("2"), provision("3"))
    assert outcomes(receipts) == [Outcome.DONE] * 3
    assert {n: len(rows) for n, rows in bench.employments().items()} == {"1": 1, "2": 1, "3": 1}


def test_only_disable_sets_an_end(bench):
    bench.provision(provision("1"), provision("2"))
    refused = [
        *bench.provision(provision("3", end_date=END)),
        *bench.connector.update([write(Action.UPDATE, "1", 2, end_date=END)]),
        *bench.connector.enable([write(Action.ENABLE, "1", 2, end_date=END)]),
        *bench.connector.disable([write(Action.DISABLE, "1", 2)]),
    ]
    assert [r.code for r in refused] == ["end_date_given", "end_date_given", "end_date_given", "no_end_date"]
    assert all(r.remedy for r in refused)
    bench.connector.disable([write(Action.DISABLE, "2", 2, end_date=END)])
    corrected = bench.connector.update([write(Action.UPDATE, "2", 3, end_date=date(2099, 12, 31))])
    assert outcomes(corrected) == [Outcome.DONE]
    assert {n: rows[0]["end_date"] for n, rows in bench.employments().items()} == {
        "1": None,
        "2": foreign_day(date(2099, 12, 31)),
    }


def test_unfit_writes_never_reach_tryton(bench):
    receipts = bench.provision(
        provision("1", nonsense="x"), provision("2", ""), provision("3", supervisor="E-1"), write(Action.PROVISION, "4")
    )
    assert [r.code for r in receipts] == ["unknown_field", "no_name", "bad_supervisor", "no_name"]
    assert not [m for m in bench.wire.methods if m.endswith((".create", ".write"))]


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
        (what, True) for what in ("server version", "login", "company", "rights", "fields")
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
