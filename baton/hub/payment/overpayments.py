"""Looking for what was paid and not owed: what pay runs hold against everything that HR has told of their people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.out_again import out_again
from baton.hub.payment.policies import policy_of
from baton.jobs.payment.overpayment import Overpaid, PaidLine, Remedy, Told, overpaid
from baton.jobs.payment.periods import period_of
from baton.model.pay_run import LineState, PayRun

_DAYS_A_MONTH = 30


def find(hub: Hub, numbers: Sequence[str] = ()) -> dict[str, Overpaid]:
    """What was overpaid to these people, or to whoever HR knows as no plain employee; writes nothing.

    Only those about whom something was found, by number. Payments for months longer ago than the policy looks back are
    not considered, nor those from before the number's last erasure: they were made to whoever was erased.
    """
    with hub.database.read() as connection:
        return find_within(hub, connection, numbers)


def find_within(hub: Hub, connection: sa.Connection, numbers: Sequence[str] = ()) -> dict[str, Overpaid]:
    """The same, inside the caller's transaction."""
    policy = policy_of(hub).overpayment
    since = period_of((hub.clock.now() - timedelta(days=_DAYS_A_MONTH * policy.look_back_months)).date())
    wanted = list(numbers) or hub.recoveries.candidates(connection, since)
    lines = _lines(hub, connection, wanted, since)
    versions = hub.people.versions(connection, sorted(lines))
    claimed = hub.recoveries.claimed(connection, [line.key.reference for theirs in lines.values() for line in theirs])
    found: dict[str, Overpaid] = {}
    for number in sorted(lines.keys() & versions.keys()):
        told = [Told(each.version, each.recorded_at, each.employee) for each in versions[number]]
        theirs = overpaid(lines[number], told, policy, claimed)
        if theirs:
            found[number] = theirs
    return found


def figures(found: Mapping[str, Overpaid]) -> dict[str, int]:
    """How much there is to do, in counts: people, then payments by what is to be done about them."""
    counts = {"people": len(found)}
    for remedy in Remedy:
        counts[remedy.value] = sum(
            each.remedy is remedy and each.amount_minor > 0 for one in found.values() for each in one.not_owed
        )
    counts["unclear"] = sum(len(one.unclear) for one in found.values())
    counts["claimed_too_much"] = sum(len(one.claimed_too_much) for one in found.values())
    return counts


def _lines(hub: Hub, connection: sa.Connection, numbers: Sequence[str], since: str) -> dict[str, list[PaidLine]]:
    runs: dict[str, PayRun] = {}
    built: dict[str, datetime] = {}
    found: dict[str, list[PaidLine]] = {}
    lines = [line for line in hub.pay_runs.claimed(connection, (), numbers) if line.payable.key.period >= since]
    out = out_again(hub, connection, [line for line in lines if line.state is LineState.RETURNED])
    for line in lines:
        key, run_id = line.payable.key, line.run_id
        if run_id not in runs:
            run = hub.pay_runs.get(connection, run_id)
            assert run is not None
            runs[run_id] = run
            built |= {file.message_id: file.created for file in hub.pay_runs.files(connection, run_id)}
        paid = PaidLine(
            key=key,
            run_id=run_id,
            amount_minor=line.payable.amount_minor,
            currency=line.payable.currency,
            state=LineState.PAID if line.reference in out else line.state,
            pay_day=runs[run_id].execution_day,
            made_at=runs[run_id].created,
            built_at=built.get(line.message_id, runs[run_id].created),
        )
        found.setdefault(key.number, []).append(paid)
    erased = hub.erasures.last(connection, list(found))
    made_up = {number: _made_up(sorted(theirs, key=lambda each: each.key)) for number, theirs in found.items()}
    return {
        number: [line for line in theirs if number not in erased or line.made_at > erased[number]]
        for number, theirs in made_up.items()
    }


def _made_up(lines: Sequence[PaidLine]) -> list[PaidLine]:
    """One person's lines by their keys, each with when it was made up and built: a reissue takes that of what failed.

    One with another amount is a reissue without what a recovery case claims: that was made up when it was drafted.
    """
    found: list[PaidLine] = []
    for line in lines:
        # By their keys, the attempt before stands before this one.
        before = found[-1] if line.key.attempt > 1 and found else line
        same = replace(line.key, attempt=before.key.attempt) == before.key and before.amount_minor == line.amount_minor
        found.append(replace(line, made_at=before.made_at, built_at=before.built_at) if same else line)
    return found
