"""Working a settlement out, to the fen. Everything is exact until a line is complete; then it is rounded, once.

Stretches of the last wage are rounded as a running sum, so that they add up to what the whole gives and the odd fen
falls on a later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

from baton.jobs.payment.settlement.case import (
    Leaving,
    MonthWage,
    Setting,
    last_month,
    owes_notice,
    settle_in,
    window,
)
from baton.jobs.payment.settlement.deductions import take
from baton.jobs.payment.settlement.pack import Cited, RulePack
from baton.jobs.payment.settlement.reckoning import half_years, to_minor, yuan
from baton.jobs.payment.settlement.statement import Line, LineId, Settlement


def calculate(leaving: Leaving, pack: RulePack) -> Settlement:
    """The settlement of one leaver; `ConfigurationError` with everything that is missing or cannot be."""
    setting = settle_in(leaving, pack)
    salary = list(_salary(leaving, setting))
    owed = [*salary, *_leave(leaving, setting), *_ending(leaving, setting), *_no_contract(leaving, setting)]
    wage = sum(line.amount_minor for line in salary)
    taken, remaining = take(leaving.deductions, setting, wage=wage, owed=sum(line.amount_minor for line in owed))
    return Settlement(
        leaving.number,
        leaving.region,
        leaving.ground,
        leaving.first_day,
        leaving.last_day,
        leaving.last_day + timedelta(days=setting.due_days),
        pack.version,
        pack.digest,
        [*owed, *taken],
        remaining,
    )


def _salary(leaving: Leaving, setting: Setting) -> Iterator[Line]:
    pack = setting.pack
    divisor, hours = Fraction(pack.day.divisor), Fraction(pack.day.hours_per_day)
    most = max((stretch.monthly_minor for stretch in leaving.stretches), default=0)
    exact, paid = Fraction(0), 0
    for stretch in leaving.stretches:
        exact += stretch.monthly_minor * (Fraction(stretch.days) + Fraction(stretch.hours) / hours) / divisor
        capped = pack.salary.at_most_a_month and exact > most
        amount = to_minor(Fraction(most) if capped else exact, pack.rounding) - paid
        paid += amount
        monthly = yuan(stretch.monthly_minor)
        working = f"{monthly} × {stretch.days} d / {pack.day.divisor}"
        if stretch.hours:
            working += f" + {monthly} × {stretch.hours} h / ({pack.day.divisor} × {pack.day.hours_per_day})"
        if capped:
            working += f"; together at most {yuan(most)}"
        inputs = (("monthly", monthly), ("days", str(stretch.days)), ("hours", str(stretch.hours)))
        yield _line(LineId.SALARY, "salary", (pack.salary, pack.day), inputs, working, amount)


def _leave(leaving: Leaving, setting: Setting) -> Iterator[Line]:
    if not leaving.unused_leave_days:
        return
    pack, rule = setting.pack, setting.pack.leave
    if rule.base == "average":
        base, how = _average(leaving, setting, {w.month: w.gross_minor - w.overtime_minor for w in leaving.wages})
    else:
        base = Fraction(leaving.stretches[-1].monthly_minor)
        how = yuan(leaving.stretches[-1].monthly_minor)
    percent = rule.percent - rule.paid_with_salary_percent
    exact = base / Fraction(pack.day.divisor) * Fraction(leaving.unused_leave_days) * percent / 100
    working = f"({how}) / {pack.day.divisor} × {leaving.unused_leave_days} d × {percent}%"
    inputs = (
        ("days", str(leaving.unused_leave_days)),
        ("percent", str(rule.percent)),
        ("paid with the salary, percent", str(rule.paid_with_salary_percent)),
    )
    yield _line(LineId.LEAVE, "leave", (rule, pack.day), inputs, working, to_minor(exact, pack.rounding))


def _ending(leaving: Leaving, setting: Setting) -> Iterator[Line]:
    """What the ground of the ending brings: N, N and +1, or 2N; never N beside 2N."""
    pack, ground = setting.pack, setting.ground
    if ground.severance != "none":
        exact, inputs, working = _severance(leaving, setting)
        if ground.severance == "2N":
            exact, working = exact * pack.double.times, f"{working} × {pack.double.times}"
            rules: Sequence[Cited] = (pack.double, pack.severance, ground)
            yield _line(LineId.DOUBLE, "double", rules, inputs, working, to_minor(exact, pack.rounding))
        else:
            rules = (pack.severance, ground)
            yield _line(LineId.SEVERANCE, "severance", rules, inputs, working, to_minor(exact, pack.rounding))
    if owes_notice(leaving, setting):
        month = last_month(leaving)
        wage = next(wage.gross_minor for wage in leaving.wages if wage.month == month)
        inputs = (("month", month), ("notice, days", str(leaving.notice_days)))
        yield _line(LineId.NOTICE, "notice", (pack.notice, ground), inputs, f"{yuan(wage)} × 1", wage)


def _severance(leaving: Leaving, setting: Setting) -> tuple[Fraction, tuple[tuple[str, str], ...], str]:
    """N, exact, with what went into it and how."""
    rule, figures = setting.pack.severance, setting.figures
    average, how = _average(leaving, setting, {wage.month: wage.gross_minor for wage in leaving.wages})
    halves = half_years(leaving.first_day, leaving.last_day, rule.half_below_months)
    inputs = [("from", leaving.first_day.isoformat()), ("to", leaving.last_day.isoformat())]
    inputs += [("years", _years(halves)), ("local average", yuan(figures.average_minor))]
    inputs += [("local minimum", yuan(figures.minimum_minor)), ("figures", figures.source)]
    most = rule.cap_times_average * figures.average_minor
    if average > most:
        years = min(halves, 2 * rule.cap_years)
        base, shown = Fraction(most), f"{yuan(figures.average_minor)} × {rule.cap_times_average} (less than {how})"
    elif average < figures.minimum_minor:
        years, base = halves, Fraction(figures.minimum_minor)
        shown = f"{yuan(figures.minimum_minor)} (more than {how})"
    else:
        years, base, shown = halves, average, f"({how})"
    return base * years / 2, tuple(inputs), f"{shown} × {_years(years)}"


def _average(leaving: Leaving, setting: Setting, wages: Mapping[str, int]) -> tuple[Fraction, str]:
    """A month's wage, exact, and how it came about."""
    counted = [wages[month] for month in window(leaving, setting)]
    if setting.zero_pay_months == "skip":
        counted = [amount for amount in counted if amount] or counted
    if not counted:  # came and left within one month: the wage that was agreed is all there is
        agreed = max(stretch.monthly_minor for stretch in leaving.stretches)
        return Fraction(agreed), yuan(agreed)
    return Fraction(sum(counted), len(counted)), f"{yuan(sum(counted))} / {len(counted)}"


def _no_contract(leaving: Leaving, setting: Setting) -> Iterator[Line]:
    if not leaving.without_contract:
        return
    months = sorted(leaving.without_contract, key=_month)
    inputs = tuple((wage.month, yuan(wage.gross_minor)) for wage in months)
    amount = sum(wage.gross_minor for wage in months)
    working = " + ".join(yuan(wage.gross_minor) for wage in months)
    yield _line(LineId.NO_CONTRACT, "no_contract", (setting.pack.no_contract,), inputs, working, amount)


def _month(wage: MonthWage) -> str:
    return wage.month


def _line(
    id_: LineId, rule: str, cited: Sequence[Cited], inputs: tuple[tuple[str, str], ...], working: str, amount: int
) -> Line:
    sources = "; ".join(dict.fromkeys(each.source for each in cited))
    return Line(id_, rule, sources, all(each.verified for each in cited), inputs, working, amount)


def _years(halves: int) -> str:
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)
