"""Who is to have what: rules by kind and fact, turns, caps, and what follows what it is about."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from baton.jobs.offboarding.policy import Policy
from baton.jobs.offboarding.successors import REFUSED, candidates, propose
from baton.model.case import Case, CaseState, Cause, Item, ItemState, LeaverDates
from baton.model.handover import HoldingKind, HoldingRef

LEAVER, MANAGER = "0002", "0001"
CASE = Case(
    "c1", LEAVER, CaseState.OPEN, Cause.BY_HAND, "p", MANAGER, "hr", datetime(2026, 11, 1, tzinfo=UTC), LeaverDates()
)


def policy(*rules: dict[str, object]) -> Policy:
    return Policy.model_validate({"successors": rules})


def item(number: int, kind: str = "client", *, about: str = "", system: str = "crm", **facts: object) -> Item:
    """``about`` is the kind and number of another item: ``client 1``."""
    of, _, named = about.partition(" ")
    above = HoldingRef(HoldingKind(of), named) if about else None
    ref = HoldingRef(HoldingKind(kind), str(number))
    return Item(CASE.id, number, system, ref, ItemState.OPEN, 1, b"d", "示例", facts=facts, about=above)


def taken(number: int, by: str, state: ItemState = ItemState.ACCEPTED) -> Item:
    return replace(item(number), successor=by, state=state)


# --- where


@pytest.mark.parametrize(
    ("facts", "successor"),
    [
        ({"city": "上海市浦东新区"}, "0003"),
        ({"city": "杭州"}, "0003"),
        ({"city": "北京"}, MANAGER),
        ({"region": "上海"}, MANAGER),
        ({}, MANAGER),
    ],
)
def test_a_rule_asks_for_the_fact_it_names_and_for_one_of_its_values(facts, successor):
    rules = policy({"where": {"city": ["上海*", "杭州"]}, "to": "0003"}, {"to": "manager"})
    assert propose(CASE, rules, [item(1, **facts)]) == {1: successor}


def test_every_fact_a_rule_names_must_hold_and_the_first_rule_that_fits_decides():
    rules = policy(
        {"where": {"city": "上海*", "level": "A"}, "to": "0003"},
        {"where": {"city": "上海*"}, "to": "0004"},
        {"where": {"level": "1"}, "to": "0005"},
    )
    items = [item(1, city="上海", level="A"), item(2, city="上海", level="B"), item(3, level="A"), item(4, level=1)]
    assert propose(CASE, rules, items) == {1: "0003", 2: "0004", 4: "0005"}


def test_a_rule_of_some_kinds_is_for_no_other():
    rules = policy({"kinds": ["client"], "to": "0003"})
    assert propose(CASE, rules, [item(1), item(2, "order"), item(3, "grant")]) == {1: "0003"}


# --- turns and caps


def test_several_take_turns_and_who_has_least_is_next():
    rules = policy({"to": ["0003", "0004", "0005"]})
    found = propose(CASE, rules, [item(n) for n in range(1, 8)])
    assert [found[n] for n in range(1, 8)] == ["0003", "0004", "0005", "0003", "0004", "0005", "0003"]
    busy = [taken(11, "0003"), taken(12, "0003"), taken(13, "0004")]
    found = propose(CASE, rules, [*busy, *(item(n) for n in range(1, 5))])
    assert [found[n] for n in range(1, 5)] == ["0005", "0004", "0005", "0003"]


def test_nobody_gets_more_than_their_cap_and_the_next_rule_takes_the_rest():
    rules = policy({"to": ["0003", "0004"], "cap": 2}, {"to": "manager"})
    found = propose(CASE, rules, [item(n) for n in range(1, 8)])
    assert Counter(found.values()) == {"0003": 2, "0004": 2, MANAGER: 3}


def test_what_somebody_has_already_counts_towards_their_cap_until_it_is_closed():
    rules = policy({"to": "0003", "cap": 2})
    others = [taken(8, "0003", ItemState.DONE), taken(9, "0003", ItemState.MOVING)]
    assert propose(CASE, rules, [*others, item(1), item(2)]) == {1: "0003"}


def test_where_everybody_is_full_nobody_is_named():
    rules = policy({"to": ["0003", "0004"], "cap": 1})
    assert propose(CASE, rules, [item(n) for n in range(1, 4)]) == {1: "0003", 2: "0004"}


def test_the_leaver_is_never_named_nor_a_manager_that_there_is_not():
    rules = policy({"to": [LEAVER, "manager", "0003"]})
    assert propose(CASE, rules, [item(1), item(2)]) == {1: MANAGER, 2: "0003"}
    assert propose(replace(CASE, manager=""), rules, [item(1), item(2)]) == {1: "0003", 2: "0003"}
    assert propose(replace(CASE, manager=LEAVER), policy({"to": "manager"}), [item(1)]) == {}


# --- what follows


def test_what_is_about_a_client_follows_it_whatever_the_rules_say_of_it():
    rules = policy({"kinds": ["client"], "where": {"city": "上海*"}, "to": "0003"}, {"to": "manager"})
    items = [
        item(1, "opportunity", about="client 9"),
        item(2, "order", about="client 8"),
        item(8, city="北京"),
        item(9, city="上海"),
    ]
    assert propose(CASE, rules, items) == {1: "0003", 2: MANAGER, 8: MANAGER, 9: "0003"}


@pytest.mark.parametrize("state", [ItemState.OFFERED, ItemState.MOVING, ItemState.DONE])
def test_what_appears_later_goes_to_who_has_the_client_by_then(state):
    rules = policy({"to": "manager"})
    assert propose(CASE, rules, [taken(1, "0004", state), item(2, "order", about="client 1")]) == {2: "0004"}


@pytest.mark.parametrize("state", [ItemState.LEFT, ItemState.GONE])
def test_what_is_about_a_client_that_was_left_or_went_elsewhere_does_not_go_to_whom_the_client_was_last_offered(state):
    rules = policy({"to": "manager"})
    items = [taken(1, "0004", state), item(2, "order", about="client 1"), item(3, "quote", about="order 2")]
    assert propose(CASE, rules, items) == {2: MANAGER, 3: MANAGER}


def test_what_hangs_below_what_hangs_below_a_client_follows_it_in_whatever_order_they_were_found():
    rules = policy({"kinds": ["client"], "to": "0003"}, {"to": "manager"})
    items = [
        item(1, "quote", about="opportunity 2"),
        item(2, "opportunity", about="client 3"),
        item(3),
        item(4, "task", about="quote 1"),
    ]
    assert set(propose(CASE, rules, items).values()) == {"0003"}


def test_what_is_about_something_elsewhere_or_about_each_other_goes_by_the_rules():
    rules = policy({"to": "manager"})
    ring = [item(1, about="client 2"), item(2, about="client 1")]
    assert propose(CASE, rules, ring) == {1: MANAGER, 2: MANAGER}
    apart = [taken(1, "0003"), item(2, "order", about="client 1", system="erp"), item(3, "order", about="client 7")]
    assert propose(CASE, rules, apart) == {2: MANAGER, 3: MANAGER}


def test_what_follows_counts_as_well():
    rules = policy({"kinds": ["client"], "to": ["0003", "0004"]})
    items = [item(1), item(2), item(3, "order", about="client 1"), item(4, "order", about="client 1")]
    first = propose(CASE, rules, items)
    assert first == {1: "0003", 2: "0004", 3: "0003", 4: "0003"}
    settled = [replace(each, successor=first[each.id], state=ItemState.OFFERED) for each in items]
    assert propose(CASE, rules, [*settled, item(5)]) == {5: "0004"}


# --- what is left alone


def test_what_was_refused_is_settled_or_is_a_right_waits_for_nobody_here():
    rules = policy({"to": "manager"})
    refused = replace(item(1), code=REFUSED)
    left = replace(item(2), state=ItemState.LEFT)
    assert propose(CASE, rules, [refused, left, item(3, "grant"), item(4, "account")]) == {}


# --- who works here


def test_who_does_not_work_here_is_passed_over_in_a_turn_and_by_the_next_rule():
    rules = policy({"kinds": ["client"], "to": ["0003", "0004"]}, {"kinds": ["order"], "to": "0003"}, {"to": "manager"})
    items = [item(1), item(2), item(3, "order")]
    assert candidates(CASE, rules, items) == {"0003", "0004", MANAGER}
    assert propose(CASE, rules, items, absent={"0003"}) == {1: "0004", 2: "0004", 3: MANAGER}
    assert propose(CASE, rules, items, absent={"0003", "0004", MANAGER}) == {}


def test_what_is_about_a_client_of_somebody_who_has_left_since_goes_by_the_rules():
    rules = policy({"to": "manager"})
    items = [taken(1, "0004", ItemState.DONE), item(2, "order", about="client 1")]
    assert "0004" in candidates(CASE, rules, items)
    assert propose(CASE, rules, items, absent={"0004"}) == {2: MANAGER}
