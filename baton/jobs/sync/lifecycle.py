"""What a person's account should be, now and at every moment that is already decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from baton.mapping.schema import Lifecycle
from baton.model.account import AccountState
from baton.model.people import Employee, EmploymentStatus, LeaverDate
from baton.store.people import PersonVersion

_LEAVING: Final = (EmploymentStatus.NOTICE, EmploymentStatus.DEPARTED)


@dataclass(frozen=True, slots=True)
class Desired:
    """From ``at`` on, the account should be ``state`` with the fields of ``employee``."""

    at: datetime
    state: AccountState
    employee: Employee


def desired_timeline(versions: Sequence[PersonVersion], rules: Lifecycle, now: datetime) -> list[Desired]:
    """What is wanted now, then every later change of it, in order.

    ``versions`` are the version in force (if any) and those to come. Nothing is wanted before the first of them.
    """
    wanted: list[Desired] = []
    for moment in sorted({now, *(at for at in _moments(versions, rules) if at > now)}):
        desired = _desired_at(versions, rules, moment)
        if desired is None:
            continue
        if not wanted or (wanted[-1].state, wanted[-1].employee) != (desired.state, desired.employee):
            wanted.append(desired)
    return wanted


def _desired_at(versions: Sequence[PersonVersion], rules: Lifecycle, moment: datetime) -> Desired | None:
    """What is wanted at a moment: by the version in force, but for a departure to come that has dates of its own.

    A date from which a version holds may be left over from a transfer in the same row: where the newest version says
    when somebody leaves, that decides on the account, whenever the rest of the version takes effect.
    """
    employee = _in_force(versions, moment)
    if employee is None:
        return None
    state, newest = state_at(employee, rules, moment), versions[-1].employee
    dated = newest.status in _LEAVING and rules.disable is not None and newest.moment(rules.disable) is not None
    if newest is employee or not dated:
        return Desired(moment, state, employee)
    told = state_at(newest, rules, moment)
    if told is not AccountState.ENABLED:
        leaver = replace(
            employee,
            status=newest.status,
            last_working_day=newest.last_working_day,
            last_working_time=newest.last_working_time,
            contract_end_day=newest.contract_end_day,
            pay_end_day=newest.pay_end_day,
        )
        return Desired(moment, told, leaver)
    # A date that was put off holds as well; but nobody is let in who is not here yet, or any more.
    return Desired(moment, told if employee.status is EmploymentStatus.NOTICE else state, employee)


def state_at(employee: Employee, rules: Lifecycle, moment: datetime) -> AccountState:
    """The account state that this version of a person calls for at a moment.

    Leaver dates count only once HR has said "notice" or "departed": a left-over date on an active person removes
    nothing. A departure without dates counts at once; a notice without dates changes nothing yet. Nobody is removed
    before the date of disabling.
    """
    hired_at = employee.hired_at()
    if employee.status is EmploymentStatus.PENDING_HIRE:
        opens_at = None if hired_at is None else hired_at - timedelta(days=rules.lead_days)
        return AccountState.ENABLED if opens_at is not None and moment >= opens_at else AccountState.ABSENT
    if employee.status not in _LEAVING:
        return AccountState.ENABLED
    disabled_at = None if rules.disable is None else employee.moment(rules.disable)
    if disabled_at is not None and moment < disabled_at:
        return AccountState.ENABLED  # also when the date of removing comes first: whoever still works is not removed
    if _reached(employee, rules.remove, moment, timedelta(days=rules.remove_delay_days)):
        return AccountState.REMOVED
    if _reached(employee, rules.disable, moment, timedelta()):
        return AccountState.DISABLED
    return AccountState.ENABLED


def _reached(employee: Employee, which: LeaverDate | None, moment: datetime, delay: timedelta) -> bool:
    if which is None:
        return False
    at = employee.moment(which)
    if at is None:
        # "Departed" with no date at all: it has happened. The grace period of a removal cannot be counted from nothing.
        return employee.status is EmploymentStatus.DEPARTED and not delay
    return moment >= at + delay


def _moments(versions: Sequence[PersonVersion], rules: Lifecycle) -> Iterator[datetime]:
    for version in versions:
        yield version.effective_at
        hired_at = version.employee.hired_at()
        if hired_at is not None:
            yield hired_at - timedelta(days=rules.lead_days)
        for which, delay in ((rules.disable, 0), (rules.remove, rules.remove_delay_days)):
            at = None if which is None else version.employee.moment(which)
            if at is not None:
                yield at + timedelta(days=delay)


def _in_force(versions: Sequence[PersonVersion], moment: datetime) -> Employee | None:
    current = [version for version in versions if version.effective_at <= moment]
    return current[-1].employee if current else None
