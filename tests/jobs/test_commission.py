"""Commission: sums are kept, closed months never change, order does not matter, every line has its reason."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baton.errors import ConfigurationError
from baton.jobs.offboarding.commission import (
    Closed,
    Facts,
    Line,
    Order,
    Owned,
    Payment,
    Rule,
    attributed,
    commission_minor,
    split,
    statement,
)
from baton.jobs.offboarding.commission_policy import CommissionPolicy, load_commission_policy

START = date(2026, 1, 1)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The first policy that is built costs what loading its model costs."""
PEOPLE = ["0001", "0002", "0003"]
SHIPPED = Path(__file__).parents[2] / "mappings/offboarding/commission.yaml"


def day(n: int) -> date:
    return START + timedelta(days=n)


def policy(**more: object) -> CommissionPolicy:
    return CommissionPolicy.model_validate({"versions": [{"from": day(-9999), "rate_bp": 1000, **more}]})


def facts(
    payments: Sequence[Payment], *, left: int | None = None, passed: int = 10, signed: int = 0, orders: int = 1
) -> Facts:
    """0002 holds the client and passes it on to 0003 on a day."""
    return Facts(
        [Order(f"o{n}", "c1", day(signed), "CNY") for n in range(orders)],
        payments,
        [Owned("c1", "0002", day(-100), day(passed)), Owned("c1", "0003", day(passed))],
        {} if left is None else {"0002": day(left)},
    )


def paid(on: int, amount: int = 10_000, name: str = "p1") -> Payment:
    return Payment(name, "o0", day(on), amount)


def amounts(lines: Sequence[Line]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for line in lines:
        found[line.person] += line.amount_minor
    return dict(found)


# --- worlds of all kinds

versions = st.fixed_dictionaries(
    {
        "rate_bp": st.integers(0, 10_000),
        "passed_on": st.sampled_from(["seller", "days", "split"]),
        "seller_percent": st.integers(0, 100),
        "after_leaving_percent": st.integers(0, 100),
        "protection_days": st.integers(0, 60),
        "clawback_days": st.integers(0, 60),
    }
)
policies = st.builds(
    lambda first, second: CommissionPolicy.model_validate(
        {"versions": [{"from": day(-9999), **first}, {"from": day(30), **second}]}
    ),
    versions,
    versions,
)
days = st.integers(0, 150).map(day)
worlds = st.builds(
    lambda owned, orders, payments, left: Facts(
        [Order(f"o{n}", client, signed, "CNY") for n, (client, signed) in enumerate(orders)],
        [Payment(f"p{n}", f"o{which % len(orders)}", on, sum_) for n, (which, on, sum_) in enumerate(payments)],
        [
            Owned("a", "0001", day(-5)),
            Owned("b", "0002", day(-5)),
            *(Owned(client, who, since) for client, who, since in owned),
        ],
        left,
    ),
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(PEOPLE), days), max_size=5),
    st.lists(st.tuples(st.sampled_from("ab"), days), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), days, st.integers(-2_000_000, 3_000_000)), max_size=10),
    st.dictionaries(st.sampled_from(PEOPLE), days, max_size=2),
)
months = st.sampled_from(["2026-01", "2026-02", "2026-03", "2026-04"])


def totals(lines: Sequence[Line]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        found[line.person, line.order] += line.amount_minor
    return {place: amount for place, amount in found.items() if amount}


@unhurried
@given(worlds, policies)
def test_every_payment_is_shared_to_the_last_unit(world: Facts, rules: CommissionPolicy) -> None:
    by_payment: dict[str, int] = defaultdict(int)
    lines = attributed(world, rules)
    for line in lines:
        by_payment[line.payment] += line.amount_minor
    orders = {order.id: order for order in world.orders}
    for payment in world.payments:
        version = rules.on(orders[payment.order].signed_on)
        assert version is not None
        total = commission_minor(payment.amount_minor, version.rate_bp)
        if payment.amount_minor >= 0:
            assert by_payment[payment.id] == total
        else:
            assert total <= by_payment[payment.id] <= 0
    assert {line.payment for line in lines} == {payment.id for payment in world.payments}
    assert all(amount >= 0 for amount in totals(lines).values()), "nobody is ever owed less than nothing for an order"


@unhurried
@given(worlds, policies)
def test_every_line_says_why_and_what_would_have_changed_it(world: Facts, rules: CommissionPolicy) -> None:
    for line in attributed(world, rules):
        assert line.reason
        assert line.counter.split()[0] in ("would", "the")
        assert "would be" in line.counter


@unhurried
@given(worlds, policies, st.randoms(use_true_random=False), months)
def test_it_does_not_matter_in_which_order_things_are_told(
    world: Facts, rules: CommissionPolicy, chance: random.Random, month: str
) -> None:
    def shuffled(values: Sequence[object]) -> list[object]:
        mixed = list(values)
        chance.shuffle(mixed)
        return mixed

    told = replace(
        world,
        orders=shuffled(world.orders),
        payments=shuffled(world.payments),
        owned=shuffled(world.owned),
        left=dict(reversed(world.left.items())),
    )
    assert statement(told, rules) == statement(world, rules)
    closed = Closed(month, tuple(line for line in statement(world, rules) if line.month <= month))
    mixed = Closed(month, tuple(shuffled(closed.lines)))  # type: ignore[arg-type]
    assert statement(told, rules, mixed) == statement(world, rules, closed)


@unhurried
@given(worlds, worlds, worlds, policies, policies, months, months)
def test_what_is_closed_never_changes_whatever_becomes_known(
    first: Facts, second: Facts, third: Facts, rules: CommissionPolicy, later: CommissionPolicy, one: str, two: str
) -> None:
    early, late = sorted([one, two])
    january = Closed(early, tuple(line for line in statement(first, rules) if line.month <= early))
    known = statement(second, later, january)
    assert [line for line in known if line.month <= early] == list(january.lines)
    assert totals(known) == totals(attributed(second, later)), "adjustments make up for all that was stated otherwise"
    closed = Closed(late, tuple(line for line in known if line.month <= late))
    after = statement(third, rules, closed)
    assert [line for line in after if line.month <= late] == sorted(closed.lines, key=known.index)
    assert totals(after) == totals(attributed(third, rules))
    assert all(line.month > late for line in after if line not in closed.lines)


@given(st.integers(-(10**12), 10**12), st.dictionaries(st.text(max_size=3), st.integers(0, 10**6), min_size=1))
def test_a_split_adds_up_and_is_fair(total: int, weights: dict[str, int]) -> None:
    if not any(weights.values()):
        return
    parts = split(total, weights)
    whole = sum(weights.values())
    assert sum(parts.values()) == total
    for person, weight in weights.items():
        assert abs(parts[person] * whole - total * weight) < whole, "less than one unit from the exact part"
        assert weight or not parts[person]


# --- each rule


def test_who_held_it_all_along_gets_all() -> None:
    (line,) = statement(facts([paid(5)]), policy())
    assert (line.person, line.amount_minor, line.rule) == ("0002", 1000, Rule.HELD)


def test_signed_before_the_handover_stays_with_who_signed() -> None:
    seller, holder = statement(facts([paid(20)]), policy(passed_on="seller"))
    assert [(line.person, line.amount_minor) for line in (seller, holder)] == [("0002", 1000), ("0003", 0)]
    assert "would be 0 had it been signed when 0003 held the client" in seller.counter
    (after,) = statement(facts([paid(20)], signed=15), policy(passed_on="seller"))
    assert (after.person, after.rule) == ("0003", Rule.HELD)


def test_by_days_both_ends_count() -> None:
    lines = statement(facts([paid(29)]), policy(passed_on="days"))
    assert amounts(lines) == {"0002": 333, "0003": 667}
    assert "10 of 30 days" in lines[0].reason


def test_a_split_by_per_cent() -> None:
    assert amounts(statement(facts([paid(20)]), policy(passed_on="split", seller_percent=70))) == {
        "0002": 700,
        "0003": 300,
    }


@pytest.mark.parametrize("how", ["seller", "days", "split"])
@pytest.mark.parametrize("on", [9, 5, -20])
def test_who_held_the_client_before_the_signing_gets_nothing_of_what_was_paid_in_advance(how: str, on: int) -> None:
    """0002 has passed the client on by day 10, and 0003 signs on that day: a deposit is no reason to share."""
    (line,) = statement(facts([paid(on)], signed=10), policy(passed_on=how))
    assert (line.person, line.amount_minor, line.rule, line.month) == ("0003", 1000, Rule.HELD, f"{day(on):%Y-%m}")


def test_who_stood_in_for_a_while_holds_the_client_for_that_while() -> None:
    """Both rows say until when: 0002 holds the client to this day, and 0003 held it for 0002 from day 10 to 20."""
    world = replace(facts([]), owned=[Owned("c1", "0002", day(-100)), Owned("c1", "0003", day(10), day(20))])
    during, after = replace(world, payments=[paid(19)]), replace(world, payments=[paid(29)])
    halves = policy(passed_on="split")
    assert amounts(statement(during, halves)) == {"0002": 500, "0003": 500}
    assert amounts(statement(after, halves)) == {"0002": 1000}
    assert amounts(statement(after, policy(passed_on="days"))) == {"0002": 1000}
    order = Order("o0", "c1", day(25), "CNY")
    assert amounts(statement(replace(after, orders=[order]), halves)) == {"0002": 1000}, "and signs what comes after"


def test_days_that_somebody_stood_in_are_counted_for_them_and_no_more() -> None:
    third = Owned("c1", "0001", day(24))
    owned = [Owned("c1", "0002", day(-100)), Owned("c1", "0003", day(10), day(20)), third]
    lines = statement(replace(facts([paid(29)]), owned=owned), policy(passed_on="days"))
    assert [line.reason.split(" days")[0] for line in lines] == [
        "held the client on 6 of 30",
        "held the client on 14 of 30",
        "held the client on 10 of 30",
    ]


@pytest.mark.parametrize(
    ("on", "shares"),
    [
        (15, {"0002": 1000, "0003": 0}),
        (16, {"0002": 600, "0003": 400}),
        (25, {"0002": 600, "0003": 400}),
        (26, {"0002": 0, "0003": 1000}),
    ],
)
def test_the_protection_after_leaving_ends_to_the_day(on: int, shares: dict[str, int]) -> None:
    rules = policy(after_leaving_percent=60, protection_days=10)
    lines = statement(facts([paid(on)], left=15), rules)
    assert amounts(lines) == shares
    if on == 26:
        assert lines[0].counter == f"would be 60% had it been paid by {day(25)}"


def test_who_has_come_back_sells_as_somebody_who_works_here() -> None:
    """0002 had left on day 5, came back, sold on day 8, and passed the client on by day 10; no protection counts."""
    rules = policy(after_leaving_percent=60, protection_days=10)
    back = replace(facts([paid(40)], signed=8), earlier={"0002": (day(5),)})
    assert amounts(statement(back, rules)) == {"0002": 1000, "0003": 0}
    assert amounts(statement(replace(back, left={"0002": day(35)}), rules)) == {"0002": 600, "0003": 400}


@pytest.mark.parametrize(("on", "shares"), [(14, {"0002": 600, "0003": 400}), (16, {"0002": 0, "0003": 1000})])
def test_what_was_sold_before_somebody_left_stays_as_it_was_when_they_come_back(
    on: int, shares: dict[str, int]
) -> None:
    rules = policy(after_leaving_percent=60, protection_days=10)
    back = replace(facts([paid(on)]), earlier={"0002": (day(-50), day(5))})
    assert amounts(statement(back, rules)) == shares
    again = replace(back, left={"0002": day(90)})
    assert amounts(statement(again, rules)) == shares, "and when they leave again"


def test_a_refund_takes_back_from_whoever_got_it_and_no_more() -> None:
    rules = policy(after_leaving_percent=60, protection_days=10, clawback_days=30)
    world = facts([paid(20), paid(40, -5_000, "p2"), paid(41, -900_000, "p3"), paid(42, -1, "p4")], left=15)
    by_payment = defaultdict(dict)
    for line in statement(world, rules):
        by_payment[line.payment][line.person] = line.amount_minor
    assert by_payment["p1"] == {"0002": 600, "0003": 400}
    assert by_payment["p2"] == {"0002": -300, "0003": -200}
    assert by_payment["p3"] == {"0002": -300, "0003": -200}
    assert by_payment["p4"] == {"0002": 0}
    late = statement(facts([paid(20), paid(51, -5_000, "p2")], left=15), rules)
    assert [line.amount_minor for line in late if line.payment == "p2"] == [0, 0]


def test_a_late_payment_for_a_closed_month_is_an_adjustment_in_the_next() -> None:
    rules = policy()
    before = statement(facts([paid(5)]), rules)
    closed = Closed("2026-01", tuple(before))
    after = statement(facts([paid(5), paid(6, 2_000, "p2")]), rules, closed)
    assert after[: len(before)] == before
    (adjusting,) = after[len(before) :]
    assert (adjusting.month, adjusting.amount_minor, adjusting.rule) == ("2026-02", 200, Rule.ADJUSTMENT)
    assert "1000 was stated, and 1200 is due" in adjusting.reason


def test_the_terms_of_the_day_of_signing_hold() -> None:
    rules = CommissionPolicy.model_validate(
        {"versions": [{"from": "2026-01-01", "rate_bp": 1000}, {"from": "2026-01-06", "rate_bp": 500}]}
    )
    assert amounts(statement(facts([paid(8)], signed=4), rules)) == {"0002": 1000}
    assert amounts(statement(facts([paid(8)], signed=5), rules)) == {"0002": 500}


def test_what_cannot_be_judged_is_all_named() -> None:
    world = Facts([Order("o1", "nobodys", day(-10_000), "CNY")], [Payment("p", "o1", day(1), 1),
                  Payment("p", "o9", day(1), 1)], [], {})  # fmt: skip
    with pytest.raises(ConfigurationError) as refused:
        statement(world, policy())
    assert sorted(fault.rule for fault in refused.value.faults) == [
        "duplicate", "no_policy", "unknown_holder", "unknown_order",
    ]  # fmt: skip


def test_closed_lines_of_an_open_month_are_refused() -> None:
    lines = tuple(statement(facts([paid(5)]), policy()))
    with pytest.raises(ConfigurationError, match="not closed"):
        statement(facts([paid(5)]), policy(), Closed("2025-12", lines))


# --- the file


def test_the_shipped_policy_can_be_read() -> None:
    loaded = load_commission_policy(SHIPPED)
    assert [version.rate_bp for version in loaded.versions] == [300, 250]


def test_mistakes_are_told_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "commission.yaml"
    file.write_text("versions:\n  - from: 2026-01-01\n    rate_bp: lots\n    protected_days: 3\n", "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_commission_policy(file)
    assert {fault.place for fault in refused.value.faults} == {f"{file}:3", f"{file}:4"}
    file.write_text(
        "versions:\n  - {from: 2026-02-01, rate_bp: 1}\n  - {from: 2026-01-01, rate_bp: 1}\n", encoding="utf-8"
    )
    with pytest.raises(ConfigurationError, match="oldest first"):
        load_commission_policy(file)
    with pytest.raises(ConfigurationError, match="no such file"):
        load_commission_policy(tmp_path / "none.yaml")
