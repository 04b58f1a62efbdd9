"""Every way a recovery case can go leaves balanced accounts, and none of the claim on them once it is closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from baton.jobs.payment.overpayment_policy import Accounts
from baton.jobs.payment.vouchers import vouchers
from baton.model.recovery import ClaimedLine, EntryKind, RecoveryCase, RecoveryEntry, RecoveryState, Way

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 12, 1, tzinfo=UTC)
ACCOUNTS = Accounts(payroll="2211", receivable="1221", bank="1002", loss="6711", payable="2241")
LINE = ClaimedLine("R", "pay-1", "2026-11", "salary", date(2026, 11, 30), 1000, 1000, "after_pay_end", 2, AT)
CASE = RecoveryCase("c", "0002", "X", RecoveryState.CLAIMED, "CNY", "li", AT, (LINE,))


def entry(kind: EntryKind, amount: int = 0, way: Way = Way.TRANSFER) -> RecoveryEntry:
    return RecoveryEntry(kind, AT, "li", RecoveryState.CLAIMED, amount_minor=amount, facts={"way": way.value})


OPENED, OFF, WITHDRAWN = entry(EntryKind.OPENED), entry(EntryKind.WRITE_OFF), entry(EntryKind.WITHDRAWAL)


def money(amount: int, way: Way = Way.TRANSFER) -> RecoveryEntry:
    return entry(EntryKind.MONEY, amount, way)


def part(amount: int) -> RecoveryEntry:
    return money(amount, Way.RETURNED)


BACK, GONE = part(1000), part(-1000)


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        ([OPENED], {"1221": 1000, "2211": -1000}),
        ([OPENED, money(1000)], {"1002": 1000, "2211": -1000}),
        ([OPENED, money(400), money(600, Way.WAGES)], {"1002": 400, "2211": -400}),
        ([OPENED, money(1300)], {"1002": 1300, "2211": -1000, "2241": -300}),
        ([OPENED, money(400), OFF], {"1002": 400, "6711": 600, "2211": -1000}),
        ([OPENED, OFF, money(1100)], {"1002": 1100, "2211": -1000, "2241": -100}),
        ([OPENED, money(400), WITHDRAWN], {"1002": 400, "2241": -400}),
        ([OPENED, money(400), OFF, WITHDRAWN], {"1002": 400, "2241": -400}),
        ([OPENED, WITHDRAWN, money(50)], {"1002": 50, "2241": -50}),
        ([OPENED, BACK, GONE], {"1221": 1000, "2211": -1000}),
        ([OPENED, BACK, money(300), GONE], {"1002": 300, "1221": 700, "2211": -1000}),
        ([OPENED, money(300), OFF, BACK, GONE], {"1002": 300, "1221": 700, "2211": -1000}),
        ([OPENED, BACK, GONE, OFF], {"6711": 1000, "2211": -1000}),
        ([OPENED, part(400), OFF, part(-400)], {"1221": 1000, "2211": -1000}),
        ([OPENED, BACK, WITHDRAWN, GONE], {}),
        ([OPENED, BACK, money(50), WITHDRAWN, GONE], {"1002": 50, "2241": -50}),
        ([OPENED, money(1300), WITHDRAWN], {"1002": 1300, "2241": -1300}),
    ],
)
def test_the_accounts_say_where_the_money_is(ledger: list[RecoveryEntry], expected: dict[str, int]) -> None:
    balances: Counter[str] = Counter()
    for each in vouchers(CASE, ledger, ACCOUNTS, SHANGHAI):
        assert each.amount_minor > 0
        assert each.debit != each.credit
        balances[each.debit] += each.amount_minor
        balances[each.credit] -= each.amount_minor
    assert {code: amount for code, amount in balances.items() if amount} == expected


def test_what_happens_after_midnight_here_is_of_the_new_day_and_month() -> None:
    ledger = [replace(OPENED, at=datetime(2026, 11, 30, hour, 30, tzinfo=UTC)) for hour in (15, 16)]
    days = [each.day for each in vouchers(CASE, ledger, ACCOUNTS, SHANGHAI)]
    assert days == [date(2026, 11, 30), date(2026, 12, 1)]
