"""What people do with a pay run, as somebody does it who does not know how far the last attempt came: all of it again.

Every step is repeated until it is through; a step that was through already says so and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.payment.answering import Taken, take_answers
from baton.hub.payment.signing import cancel, look, sign
from baton.hub.payment.withdrawing import withdraw
from baton.jobs.payment.roles import Role
from baton.model.effect import EffectState
from baton.model.pay_run import PayRun
from baton.model.payable import Component
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.hub.payment.office import Office
from tests.payment.bank import Bank
from tests.rig.payroll import BANK, PAYROLL, TREASURY
from tests.simulation.invariants import BrokenInvariantError

AGAIN, ONWARDS = "again", "onwards"
"""After an interruption everything that may be repeated is repeated; or only what is still missing."""
_ROUNDS: Final = 60
_SIGNERS: Final = {Role.PAYROLL: PAYROLL, Role.TREASURY: TREASURY}
_TAKEN_UP: Final = (EffectState.SENT, EffectState.IN_DOUBT)


def drafted(office: Office, component: Component, amounts: Mapping[str, str], way: str) -> str:
    """The run that pays these. Drafting the same file again claims nothing a second time, and is given up."""
    runs = _runs_of(office, component)
    if not runs or way == AGAIN:
        office.draft(amounts, component=component)
        runs = _runs_of(office, component)
    first, *others = runs
    for stray in others:
        claimed = {line.reference for line in office.lines(stray.run_id) if line.state.claims}
        if claimed & {line.reference for line in office.lines(first.run_id) if line.state.claims}:
            raise BrokenInvariantError("payables were claimed a second time")
        if state_of(office, stray.run_id) is RunState.HELD:
            cancel(office.hub, stray.run_id, TREASURY, "drafted twice")
    return first.run_id


def _runs_of(office: Office, component: Component) -> list[PayRun]:
    """Every run of this kind, oldest first."""
    with office.hub.database.read() as connection:
        return [run for run in office.hub.pay_runs.of_system(connection, BANK) if run.component is component]


def state_of(office: Office, run_id: str) -> RunState:
    """Where a run stands."""
    with office.hub.database.read() as connection:
        head = office.hub.runs.get(connection, run_id)
    assert head is not None
    return head.state


def released(office: Office, run_id: str, way: str) -> None:
    """Check, build, sign and release, if it is not released yet."""
    if state_of(office, run_id) is not RunState.HELD:
        return
    if way == AGAIN or not _signable(office, run_id):
        office.check(run_id)
        office.build(run_id)
    for role in look(office.hub, run_id).decision.missing:
        sign(office.hub, run_id, _SIGNERS[role], role)
    office.release(run_id)


def _signable(office: Office, run_id: str) -> bool:
    with office.hub.database.read() as connection:
        head = office.hub.runs.get(connection, run_id)
    return head is not None and bool(head.plan_hash)


def delivered(office: Office, run_id: str, way: str) -> None:
    """Deliver until every file is at the bank. A run that the last look stops is taken back and made anew."""
    for _ in range(_ROUNDS):
        released(office, run_id, way)
        report = office.deliver()
        states = effect_states(office, run_id)
        if all(state in (EffectState.ACCEPTED, EffectState.DONE) for state in states):
            return
        if report.halted and not any(state in _TAKEN_UP for state in states):
            _taken_back(office, run_id)
        office.company.clock.advance(timedelta(seconds=150))
    raise BrokenInvariantError(f"not delivered after {_ROUNDS} rounds: {report}, {states}")


def _taken_back(office: Office, run_id: str) -> None:
    try:
        withdraw(office.hub, run_id, TREASURY, "somebody has left")
    except ApprovalError as error:
        raise BrokenInvariantError(f"what the last look stops cannot be taken back: {error}") from error


def effect_states(office: Office, run_id: str) -> list[EffectState]:
    """Where the deliveries of a run's files stand."""
    with office.hub.database.read() as connection:
        keys = [file.effect_key for file in office.hub.pay_runs.files(connection, run_id)]
        query = sa.select(effects.c.state).where(effects.c.key.in_(keys))
        return [EffectState(state) for state in connection.execute(query).scalars()]


def answered(office: Office, bank: Bank) -> list[str]:
    """The bank's day and the next one; what it says is taken in after each round. Returns the alarms."""
    rounds: tuple[Callable[[], None], ...] = (bank.morning, bank.afternoon, bank.evening, bank.evening)
    alarms: list[str] = []
    for work in rounds:
        work()
        alarms += taken(office).alarms
        office.company.clock.advance(timedelta(hours=3))
        office.deliver()
    return alarms


def taken(office: Office) -> Taken:
    """Everything the bank has said so far."""
    taken = take_answers(office.hub, BANK)
    if taken.refused or taken.halted is not None:
        raise BrokenInvariantError(f"answers that cannot be read: {sorted(taken.refused)} {taken.halted or ''}")
    return taken
