"""Passing opportunities on in a real Tryton server; who has them is read back by an administrator."""

from __future__ import annotations

import pytest

from baton.sandbox import tryton_sales
from baton.sdk import AccountRef, HaltError, HoldingKind, HoldingRef, InDoubtError, Outcome, OwnershipStore
from tests.connectors.erp.tryton_desk import outcomes

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

WRITE = "model.sale.opportunity.write"
LOOK = "model.sale.opportunity.search_read"


def codes(receipts):
    return [receipt.code or receipt.outcome.value for receipt in receipts]


# --- what a person owns


def test_open_opportunities_are_owned_with_what_a_successor_should_know(shop):
    leaver, other = shop.person(1), shop.person(2)
    planted = tryton_sales.plant_sales(shop.admin, f"{shop.prefix}0001", opportunities=4, sales=0, mark=shop.prefix)
    shop.deal(9, other)
    shop.admin.call("sale.opportunity.lost", planted.opportunities[:1], company=1)
    found = shop.owned(leaver)
    assert [holding.ref.external_id for holding in found] == [str(each) for each in planted.opportunities[1:]]
    (second, *_) = found
    assert (second.title, second.amount, second.currency) == ("示例商机0002", 1002, "CNY")
    assert second.facts["stage"] == "opportunity"
    assert second.about == HoldingRef(HoldingKind.CLIENT, str(planted.clients[1]))
    assert second.by_hand == ""


def test_nobody_owns_nothing(shop):
    assert shop.owned(AccountRef("4040")) == []
    assert shop.work(AccountRef("4040")) == []
    assert shop.owned(AccountRef("4040", "not an id")) == []


def test_a_person_is_found_by_number_where_the_hub_has_no_id(shop):
    leaver = shop.person(1)
    ref = shop.deal(1, leaver)
    assert [holding.ref for holding in shop.owned(AccountRef("0001"))] == [ref]


def test_a_pass_over_people_loses_nothing_at_the_border_of_a_page(shop, monkeypatch):
    people = [shop.person(n) for n in (1, 2, 3)]
    ids = [one.external_id for one in people]
    planted = [shop.there.seed_holdings("opportunity", range(5 * n, 5 * n + 5), who) for n, who in enumerate(ids[:2])]
    monkeypatch.setattr("connectors.erp.tryton.reader.PAGE", 3)
    monkeypatch.setattr("connectors.erp.tryton.directory.PAGE", 2)
    shop.wire.methods.clear()
    shown = [each for page in shop.connector.owned_by(people) for each in page]
    assert [(holder, holding.ref.external_id) for holder, holding in shown] == [
        (who, each) for who, some in zip(ids, planted, strict=False) for each in some
    ]
    assert shop.wire.count(LOOK) == 5, "two people: four pages, the last one short; the third: one"


# --- transfers


def test_a_transfer_gives_the_opportunity_and_changes_nothing_else(shop):
    leaver, successor = shop.person(1), shop.person(2)
    ref = shop.deal(1, leaver)
    columns = ["party", "description", "state", "amount", "number", "company"]
    before = shop.admin.rows("sale.opportunity", [["id", "=", int(ref.external_id)]], columns)
    [receipt] = shop.connector.transfer([shop.give(ref, leaver, successor)])
    assert (receipt.outcome, receipt.external_id) == (Outcome.DONE, ref.external_id)
    assert shop.holder(ref) == successor.external_id
    assert shop.admin.rows("sale.opportunity", [["id", "=", int(ref.external_id)]], columns) == before
    assert outcomes(shop.connector.transfer([shop.give(ref, leaver, successor)])) == [Outcome.DONE]
    assert shop.wire.count(WRITE) == 1


def test_hundreds_to_three_successors_take_one_look_and_one_write(shop):
    leaver, *successors = (shop.person(n) for n in range(1, 5))
    refs = shop.deals(600, leaver)
    shop.wire.methods.clear()
    assert [holding.ref for holding in shop.owned(leaver)] == refs
    assert shop.wire.count(LOOK) == 1
    shop.wire.methods.clear()
    receipts = shop.connector.transfer([shop.give(r, leaver, successors[n % 3]) for n, r in enumerate(refs)])
    assert outcomes(receipts) == [Outcome.DONE] * 600
    assert shop.wire.methods.count(LOOK) + shop.wire.count(WRITE) == len(shop.wire.methods) == 2
    assert shop.owned(leaver) == []
    held = shop.connector.holders(refs)
    assert list(held) == [successors[n % 3].external_id for n in range(600)]


def test_what_somebody_else_has_is_refused_as_changed_and_left_alone(shop):
    leaver, successor, third = (shop.person(n) for n in (1, 2, 3))
    refs = [shop.deal(n, leaver) for n in range(4)]
    shop.there.give_away("opportunity", refs[1].external_id, third.external_id)
    gone = HoldingRef(HoldingKind.OPPORTUNITY, "2000000000")
    receipts = shop.connector.transfer([shop.give(ref, leaver, successor) for ref in (*refs, gone)])
    assert codes(receipts) == ["done", OwnershipStore.CHANGED, "done", "done", OwnershipStore.CHANGED]
    assert shop.holder(refs[1]) == third.external_id


def test_a_rival_between_look_and_write_is_found_by_the_server(shop):
    leaver, successor, third = (shop.person(n) for n in (1, 2, 3))
    refs = [shop.deal(n, leaver) for n in range(5)]

    def rival():
        shop.there.give_away("opportunity", refs[2].external_id, third.external_id)
        shop.there.change_holding("opportunity", refs[3].external_id)

    shop.wire.before[WRITE] = rival
    receipts = shop.connector.transfer([shop.give(ref, leaver, successor) for ref in refs])
    assert codes(receipts) == ["done", "done", OwnershipStore.CHANGED, "done", "done"]
    assert shop.holder(refs[2]) == third.external_id
    assert (shop.wire.count(LOOK), shop.wire.count(WRITE)) == (2, 2)


def test_a_closed_opportunity_is_refused_by_name_and_does_not_hold_up_the_others(shop):
    leaver, successor = shop.person(1), shop.person(2)
    refs = [shop.deal(n, leaver) for n in range(3)]
    shop.admin.call("sale.opportunity.cancel", [int(refs[1].external_id)], company=1)
    receipts = shop.connector.transfer([shop.give(ref, leaver, successor) for ref in refs])
    assert codes(receipts) == ["done", "closed_opportunity", "done"]
    assert receipts[1].remedy
    assert shop.holder(refs[1]) == leaver.external_id


def test_an_opportunity_closed_between_look_and_write_costs_only_itself(shop):
    leaver, successor = shop.person(1), shop.person(2)
    refs = [shop.deal(n, leaver) for n in range(3)]
    shop.wire.before[WRITE] = lambda: shop.admin.call("sale.opportunity.lost", [int(refs[1].external_id)], company=1)
    receipts = shop.connector.transfer([shop.give(ref, leaver, successor) for ref in refs])
    assert codes(receipts) == ["done", "closed_opportunity", "done"]
    assert (shop.wire.count(LOOK), shop.wire.count(WRITE)) == (2, 2)


def test_a_successor_tryton_does_not_know_is_refused_in_few_calls(shop):
    leaver, successor = shop.person(1), shop.person(2)
    refs = shop.deals(64, leaver)
    stranger = AccountRef("0777", "2000000000")
    shop.wire.methods.clear()
    transfers = [shop.give(ref, leaver, stranger if n % 2 else successor) for n, ref in enumerate(refs)]
    assert codes(shop.connector.transfer(transfers)) == ["done", "no_successor"] * 32
    assert len(shop.wire.methods) == 8
    assert {shop.holder(ref) for ref in refs[1::2]} == {leaver.external_id}
    unknown = AccountRef("0778")
    assert codes(shop.connector.transfer([shop.give(refs[1], leaver, unknown)])) == ["no_successor"]


def test_one_opportunity_twice_in_a_call_goes_to_the_first(shop):
    leaver, second, third = (shop.person(n) for n in (1, 2, 3))
    ref = shop.deal(1, leaver)
    receipts = shop.connector.transfer([shop.give(ref, leaver, second), shop.give(ref, leaver, third)])
    assert codes(receipts) == ["done", OwnershipStore.CHANGED]
    assert shop.holder(ref) == second.external_id


def test_a_lost_answer_is_in_doubt_and_the_holders_tell(shop):
    leaver, successor = shop.person(1), shop.person(2)
    refs = [shop.deal(n, leaver) for n in range(3)]
    transfers = [shop.give(ref, leaver, successor) for ref in refs]
    shop.wire.lose = WRITE
    with pytest.raises(InDoubtError):
        shop.connector.transfer(transfers)
    assert list(shop.connector.holders(refs)) == [successor.external_id] * 3
    assert outcomes(shop.connector.transfer(transfers)) == [Outcome.DONE] * 3


def test_a_transfer_that_arrives_late_is_refused_by_the_server(shop):
    leaver, successor, third = (shop.person(n) for n in (1, 2, 3))
    ref = shop.deal(1, leaver)
    shop.wire.delay = WRITE
    with pytest.raises(InDoubtError):
        shop.connector.transfer([shop.give(ref, leaver, successor)])
    assert outcomes(shop.connector.transfer([shop.give(ref, leaver, third)])) == [Outcome.DONE]
    [answer] = shop.wire.arrive()
    assert answer["error"][0] == "ConcurrencyException"
    assert shop.holder(ref) == third.external_id


def test_holders_come_in_order_and_a_client_has_none(shop):
    one, two = shop.person(1), shop.person(2)
    refs = [shop.deal(1, one), HoldingRef(HoldingKind.OPPORTUNITY, "2000000000"), shop.deal(2, two)]
    refs += [HoldingRef(HoldingKind.CLIENT, "1"), HoldingRef(HoldingKind.OPPORTUNITY, "x"), refs[0]]
    assert list(shop.connector.holders(refs)) == [one.external_id, None, two.external_id, None, None, one.external_id]
    assert shop.connector.holders([]) == []
    assert shop.connector.transfer([]) == []


def test_what_has_no_owner_in_tryton_is_refused(shop):
    leaver, successor = shop.person(1), shop.person(2)
    quote = HoldingRef(HoldingKind.QUOTE, shop.there.seed_holding("quote", 1, leaver.external_id))
    [receipt] = shop.connector.transfer([shop.give(quote, leaver, successor)])
    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "no_transfer")


def test_a_user_without_the_right_is_told_so_and_never_shown_an_empty_list(shop):
    leaver, successor = shop.person(1), shop.person(2)
    ref = shop.deal(1, leaver)
    login = {"name": "Reader", "login": f"{shop.prefix}reader", "password": "sandbox-reader-6"}
    place = {"companies": [["add", [1]]], "company": 1}
    (user,) = shop.admin.call("res.user.create", [{**login, **place}])
    reader = shop.another(username=login["login"], password=login["password"])
    with pytest.raises(HaltError, match="does not let the hub read"):
        list(reader.owned(leaver))
    (sales,) = shop.admin.rows("res.group", [["name", "=", "Sales"]], ["id"])
    shop.admin.call("res.user.write", [user], {"groups": [["add", [sales["id"]]]]})
    assert [holding.ref for page in reader.owned(leaver) for holding in page] == [ref]
    with pytest.raises(HaltError) as caught:
        reader.transfer([shop.give(ref, leaver, successor)])
    assert (caught.value.code, bool(caught.value.remedy)) == ("no_right", True)
    assert shop.holder(ref) == leaver.external_id
