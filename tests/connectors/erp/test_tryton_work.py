"""What hangs on a Tryton employee without belonging to one: sales, receivables, what blocks a departure, what was done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from baton.sandbox import tryton_sales
from baton.sandbox.tryton import TrytonServer, TrytonServerError
from baton.sandbox.tryton_seed import TrytonAdmin
from baton.sdk import AccountRef, ActivityKind, HaltError, HoldingKind, HoldingRef
from connectors.erp.tryton import wire
from tests.connectors.erp.tryton_counterpart import CACHE
from tests.connectors.erp.tryton_desk import Bench

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

CLIENT, RECEIVABLE = HoldingKind.CLIENT, HoldingKind.RECEIVABLE


def planted(shop, n, opportunities=0, sales=0, mark="S"):
    shop.person(n)
    number, mark = f"{shop.prefix}{n:04d}", f"{shop.prefix}{mark}"
    return tryton_sales.plant_sales(shop.admin, number, opportunities=opportunities, sales=sales, mark=mark)


def kinds(holdings):
    return [(holding.ref.kind.value, holding.ref.external_id) for holding in holdings]


# --- quotes, orders, receivables


def test_open_sales_are_work_that_a_person_has_to_pass_on(shop):
    sold = planted(shop, 1, sales=4)
    planted(shop, 2, sales=1, mark="T")
    draft = shop.there.seed_holding("quote", 1, shop.person(1).external_id)
    shop.admin.call("sale.sale.cancel", sold.quotes[:1], company=1)
    found = shop.work(shop.person(1))
    quotes = [("quote", str(each)) for each in (sold.quotes[1], int(draft))]
    orders = [("order", str(each)) for each in sold.orders]
    assert sorted(kinds(found)) == sorted([*quotes, *orders])
    assert all(holding.by_hand for holding in found)
    order = next(holding for holding in found if holding.ref.kind is HoldingKind.ORDER)
    assert (order.amount, order.currency, order.facts["stage"]) == (680, "CNY", "processing")
    assert order.about == HoldingRef(CLIENT, str(sold.clients[1]))
    assert {kind for kind, _ in kinds(found)} <= {kind.value for kind in shop.connector.work_kinds}


def test_a_sale_from_an_opportunity_is_answered_for_by_the_employee_of_that(shop):
    leaver, colleague = shop.person(1), shop.person(2)
    ref = shop.deal(1, leaver)
    shop.admin.call("sale.opportunity.opportunity", [int(ref.external_id)], company=1)
    shop.admin.call("sale.opportunity.convert", [int(ref.external_id)], company=1)
    (sale,) = shop.admin.rows("sale.sale", [["origin", "=", f"sale.opportunity,{ref.external_id}"]], ["state"])
    shop.admin.call("sale.sale.write", [sale["id"]], {"quoted_by": int(colleague.external_id)}, company=1)
    assert kinds(shop.work(leaver)) == [("quote", str(sale["id"]))]
    assert shop.work(colleague) == []
    assert [who for who, _ in shop.work_of(colleague, leaver)] == [leaver.external_id]
    assert shop.owned(leaver) == []  # Tryton locks a converted opportunity, which is a blocker
    [blocker] = shop.connector.blockers(leaver)
    assert (blocker.code, blocker.ref) == ("locked_opportunity", ref)


def test_what_a_client_owes_follows_the_newest_opportunity_of_the_client(shop):
    leaver, successor = shop.person(1), shop.person(2)
    sold = planted(shop, 1, sales=4)
    invoices = tryton_sales.invoice_sales(shop.admin, sold.orders)
    owed = [each for each in shop.work(leaver) if each.ref.kind is HoldingKind.RECEIVABLE]
    assert [(each.amount, each.currency) for each in owed] == [(680, "CNY")] * 2
    assert [each.about for each in owed] == [HoldingRef(CLIENT, str(sold.clients[n])) for n in (1, 3)]
    assert all(each.by_hand and each.facts["due"] for each in owed)
    tryton_sales.plant_opportunities(shop.admin, sold.clients[1:2], int(successor.external_id), ["示例续单"])
    owed = [each for each in shop.work(leaver) if each.ref.kind is HoldingKind.RECEIVABLE]
    assert [each.about for each in owed] == [HoldingRef(CLIENT, str(sold.clients[3]))]
    assert HoldingKind.RECEIVABLE in {each.ref.kind for each in shop.work(successor)}
    assert len(invoices) == 2
    shown = [(who, each.about) for who, each in shop.work_of(leaver, successor) if each.ref.kind is RECEIVABLE]
    clients = [HoldingRef(CLIENT, str(sold.clients[n])) for n in (1, 3)]
    assert shown == [(successor.external_id, clients[0]), (leaver.external_id, clients[1])]
    colleague = shop.person(3)  # sells to a client who has no opportunity as well
    theirs = tryton_sales.plant_drafts(shop.admin, [sold.clients[3]], int(colleague.external_id), ["示例追加"])
    tryton_sales.quote_sales(shop.admin, theirs, int(colleague.external_id))
    tryton_sales.confirm_sales(shop.admin, theirs)
    shown = [(who, each.about) for who, each in shop.work_of(leaver, colleague) if each.ref.kind is RECEIVABLE]
    assert [about for _, about in shown] == [clients[1]] * 2
    assert {who for who, _ in shown} == {leaver.external_id, colleague.external_id}, "whoever answers for it"


def test_receivables_need_a_right_or_are_not_asked_for(shop):
    sold = planted(shop, 1, sales=2)
    tryton_sales.invoice_sales(shop.admin, sold.orders)
    (sales,) = shop.admin.rows("res.group", [["name", "=", "Sales"]], ["id"])
    login = {"name": "Seller", "login": f"{shop.prefix}seller", "password": "sandbox-seller-7"}
    place = {"companies": [["add", [1]]], "company": 1, "groups": [["add", [sales["id"]]]]}
    shop.admin.call("res.user.create", [{**login, **place}])
    mine = {"username": login["login"], "password": login["password"]}
    with pytest.raises(HaltError, match=r"account\.move\.line"):
        list(shop.another(**mine).work(shop.person(1)))
    without = [each for page in shop.another(**mine, receivables=False).work(shop.person(1)) for each in page]
    assert sorted(kind for kind, _ in kinds(without)) == ["order", "quote"]


# --- expenses, advances


def book(shop, kind, person, amount, text):
    """Post an entry in the name of a person: on a payable account the company owes it, on a receivable one they do."""
    admin, today = shop.admin, shop.admin.call("ir.date.today", company=1)
    (employee,) = admin.rows("company.employee", [["id", "=", int(person.external_id)]], ["party"])
    usable = [["company", "=", 1], ["closed", "!=", True]]
    open_account, other = (
        admin.rows("account.account", [*usable, [f"type.{each}", "=", True]], ["id"])[0]["id"]
        for each in (kind, "expense")
    )
    journal = admin.rows("account.journal", [["type", "=", "general"]], ["id"])[0]["id"]
    within = [["start_date", "<=", today], ["end_date", ">=", today], ["company", "=", 1]]
    period = admin.rows("account.period", within, ["id"])[0]["id"]
    sides = ("credit", "debit") if kind == "payable" else ("debit", "credit")
    nothing = {"debit": wire.decimal_out(Decimal(0)), "credit": wire.decimal_out(Decimal(0))}
    lines = [
        {**nothing, "account": open_account, "party": employee["party"], "description": text, "maturity_date": today,
         sides[0]: wire.decimal_out(amount)},
        {**nothing, "account": other, sides[1]: wire.decimal_out(amount)},
    ]  # fmt: skip
    move = {"company": 1, "journal": journal, "period": period, "date": today, "lines": [["create", lines]]}
    (made,) = admin.call("account.move.create", [move], company=1)
    admin.call("account.move.post", [made], company=1)


def test_what_the_company_and_its_employee_owe_each_other_is_work(shop):
    leaver = shop.person(1)
    book(shop, "payable", leaver, Decimal("120.50"), "示例报销：差旅")
    book(shop, "receivable", leaver, Decimal(300), "示例借款")
    found = shop.work(leaver)
    shown = {holding.ref.kind: (holding.title, holding.amount, holding.currency) for holding in found}
    assert shown == {
        HoldingKind.EXPENSE: ("示例报销：差旅", Decimal("120.50"), "CNY"),
        HoldingKind.ADVANCE: ("示例借款", Decimal(300), "CNY"),
    }
    assert all(holding.by_hand and holding.facts["due"] and holding.about is None for holding in found)
    assert shop.work(shop.person(2)) == []
    without = shop.another(receivables=False).work(leaver)
    assert [holding for page in without for holding in page] == []


# --- blockers


def test_blockers_name_what_would_keep_somebody_from_leaving(shop):
    leaver, subordinate = shop.person(1), shop.person(2)
    assert shop.connector.blockers(leaver) == []
    assert shop.connector.blockers(AccountRef("4040")) == []
    chief = {"supervisor": int(leaver.external_id)}
    shop.admin.call("company.employee.write", [int(subordinate.external_id)], chief, company=1)
    (party,) = shop.admin.rows("company.employee", [["id", "=", int(leaver.external_id)]], ["party"])
    again = {"party": party["party"], "company": 1}
    (second,) = shop.admin.call("company.employee.create", [again], company=1)
    tryton_sales.plant_sales(shop.admin, f"{shop.prefix}0001", opportunities=1, sales=0, mark=shop.prefix)
    shop.there.seed_grant(1, leaver.external_id)
    (login,) = shop.admin.rows("res.user", [["employees", "=", int(leaver.external_id)]], ["id"])
    shop.admin.call("res.user.write", [login["id"]], {"employees": [["add", [int(subordinate.external_id)]]]})
    found = {blocker.code: blocker for blocker in shop.connector.blockers(leaver)}
    assert set(found) == {"supervisor", "shared_login", "second_employment"}
    assert found["supervisor"].ref == HoldingRef(HoldingKind.ACCOUNT, subordinate.external_id)
    assert found["second_employment"].ref == HoldingRef(HoldingKind.ACCOUNT, str(second))
    assert all(blocker.remedy for blocker in found.values())


def test_the_last_administrator_is_a_blocker(shop):
    leaver = shop.person(1)
    shop.there.seed_grant(1, leaver.external_id)
    (login,) = shop.admin.rows("res.user", [["employees", "=", int(leaver.external_id)]], ["id"])
    shop.admin.call("res.user.write", [login["id"]], {"administrator": True})
    assert shop.connector.blockers(leaver) == []  # there is another one
    last = [["administrator", "=", True], ["active", "=", True], ["id", "!=", login["id"]]]
    others = [row["id"] for row in shop.admin.rows("res.user", last, ["id"])]
    shop.there.log_in(leaver.external_id)
    chief = shop.there._visits[leaver.external_id]
    chief.call("res.user.write", others, {"administrator": False})
    try:
        assert [blocker.code for blocker in shop.connector.blockers(leaver)] == ["last_administrator"]
    finally:
        chief.call("res.user.write", others, {"administrator": True})
        shop.admin.call("res.user.write", [login["id"]], {"administrator": False})


# --- activities


def activities(shop, since, clients=(), people=(), until=None):
    end = until or datetime.now(UTC) + timedelta(minutes=1)
    return [each for page in shop.connector.activities(since, end, clients, people) for each in page]


def test_orders_of_clients_and_by_people_are_told_with_who_made_them(shop):
    leaver = shop.person(1)
    since = datetime.now(UTC) - timedelta(seconds=1)
    sold = planted(shop, 1, sales=2)
    client = HoldingRef(CLIENT, str(sold.clients[1]))
    made, confirmed = activities(shop, since, [client])
    assert [each.kind for each in (made, confirmed)] == [ActivityKind.ORDER] * 2
    assert made.about == confirmed.about == client
    assert since < made.at < confirmed.at
    assert (confirmed.amount, confirmed.currency) == (680, "CNY")
    assert made.actor == f"user/{shop.admin.user_id}"  # an administrator, who acts as no employee
    assert activities(shop, since, [], [leaver]) == []
    shop.admin.call("res.user.write", [login_of(shop, leaver)], {"groups": [["add", group(shop, "Sales")]]})
    shop.there.log_in(leaver.external_id)
    shop.there._visits[leaver.external_id].call("sale.sale.confirm", sold.quotes, company=1)
    [own] = activities(shop, since, [], [leaver])
    assert (own.actor, own.about) == (leaver.external_id, HoldingRef(CLIENT, str(sold.clients[0])))
    assert activities(shop, since, [client], until=made.at) == []
    assert activities(shop, confirmed.at + timedelta(seconds=30), [client]) == []
    assert activities(shop, since) == []
    again = activities(shop, since, [client])
    assert [each.id for each in again] == [made.id, confirmed.id]


def test_reassignments_are_told_with_who_had_it_before_and_after(shop):
    leaver, successor = shop.person(1), shop.person(2)
    since = datetime.now(UTC) - timedelta(seconds=1)
    refs = [shop.deal(n, leaver) for n in range(2)]
    shop.connector.transfer([shop.give(ref, leaver, successor) for ref in refs])
    shop.there.give_away("opportunity", refs[0].external_id, leaver.external_id)
    clients = [holding.about for person in (leaver, successor) for holding in shop.owned(person)]
    found = [each for each in activities(shop, since, clients) if each.kind is ActivityKind.REASSIGNED]
    one, two = leaver.external_id, successor.external_id
    told = [(each.about, each.before, each.after) for each in found]
    assert told == [(refs[0], one, two), (refs[1], one, two), (refs[0], two, one)]
    assert {each.client for each in found} == set(clients), "and whose deal it is"


def login_of(shop, person):
    shop.there.seed_grant(1, person.external_id)
    (login,) = shop.admin.rows("res.user", [["employees", "=", int(person.external_id)]], ["id"])
    return login["id"]


def group(shop, name):
    return [row["id"] for row in shop.admin.rows("res.group", [["name", "=", name]], ["id"])]


# --- a Tryton that sells nothing


@pytest.fixture(scope="module")
def plain():
    server = TrytonServer(CACHE, modules=("company", "party"))
    try:
        server.prepare()
    except TrytonServerError as error:
        pytest.skip(f"SERVER NOT AVAILABLE: Tryton: {error}")
    with server, server.admin() as admin:
        yield server, admin


def test_a_tryton_without_sales_has_accounts_and_owns_nothing(plain):
    server, admin = plain
    assert isinstance(admin, TrytonAdmin)
    bench = Bench(server, admin, "")
    assert all(finding.ok for finding in bench.connector.check())
    (party,) = admin.call("party.party.create", [{"name": "测试甲", "code": "1"}])
    (employee,) = admin.call("company.employee.create", [{"party": party, "company": 1}], company=1)
    person = AccountRef("1", str(employee))
    deal = HoldingRef(HoldingKind.OPPORTUNITY, "1")
    now = datetime.now(UTC)
    assert list(bench.connector.owned(person)) == list(bench.connector.work(person)) == []
    assert list(bench.connector.holders([deal])) == [None]
    assert list(bench.connector.activities(now - timedelta(days=1), now, [HoldingRef(CLIENT, "1")], [person])) == []
    assert bench.connector.blockers(person) == []
    assert bench.connector.grants(person) == []
