"""The process that is killed: one whole case, from its opening to its end, resumable at any point."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from baton.clock import Clock
from baton.errors import ApprovalError
from baton.hub import Hub, execution
from baton.hub.offboarding import casework, completing, hourly, saying
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, CaseState, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from tests.crash.ledger import Ledger
from tests.migration.driver import later_clock
from tests.offboarding.ledger import HeldLedger, LedgerKeeper, LedgerPromiser
from tests.rig.company import Company, row
from tests.rig.killing import KillAt
from tests.rig.stores import url_of

MANAGER, LEAVER, HR = "0001", "0002", "hr-wang"
SYSTEMS = {"crm": LedgerKeeper, "wecom": LedgerPromiser}
ORDINARY, EMERGENCY, RETRACTED = "ordinary", "emergency", "retracted"
TASKS = (ORDINARY, EMERGENCY, RETRACTED)
_HOURS = 40
"""A case that is not through after so many hours is stuck."""
NOT_THROUGH = 3


class AccountsLedger(Ledger):
    """Accounts on disk, with what people hold beside them."""

    belongings: HeldLedger


def site(folder: Path, attempt: int, at: Callable[[str], None], clock: Clock | None = None) -> Company:
    """The systems and the hub of one attempt."""
    made = Company(
        folder,
        url_of(folder),
        clock or later_clock(folder),
        SYSTEMS,
        chance=random.Random(attempt),
        crash_point=at,
        rows=[row(f"{n:04d}", manager=MANAGER if n > 1 else "") for n in range(1, 6)],
    )
    for name in SYSTEMS:
        truth = AccountsLedger(folder / f"{name}-accounts.sqlite3")
        truth.belongings = HeldLedger(folder / f"{name}.sqlite3", at)
        made.truths[name] = truth  # type: ignore[assignment]
    return made


def prepare(folder: Path) -> None:
    """Everybody has their accounts, and the leaver clients, opportunities, rights and sessions."""
    made = site(folder, 0, lambda _: None)
    with made.open() as hub:
        plan_sync(hub, SyncRequest())
        execution.apply(hub)
    for name, truth in made.truths.items():
        leaver = truth.account(LEAVER)
        assert leaver is not None
        held: HeldLedger = truth.belongings
        held.plant(HoldingKind.CLIENT, [f"{name}-c{n:02d}" for n in range(11)], leaver.external_id)
        held.plant(HoldingKind.OPPORTUNITY, [f"{name}-o{n:02d}" for n in range(6)], leaver.external_id)
        held.permit(leaver.external_id, "discounts", "exports", "orders")


def drive(folder: Path, attempt: int, task: str, point: str = "", count: int = 0) -> None:
    """Carry on from wherever the last process ended, to the end. Writes the points it passed to ``points``."""
    kill = KillAt(point, count)
    made = site(folder, attempt, kill)
    with made.open() as hub:
        for _ in range(_HOURS):
            if _through(hub, task):
                break
            _one_hour(made, hub, task)
            made.clock.advance(timedelta(hours=1))
        else:
            raise SystemExit(NOT_THROUGH)
    kill.write_down(folder)


def _through(hub: Hub, task: str) -> bool:
    case = the_case(hub)
    if case is None or task != RETRACTED:
        return case is not None and case.state is CaseState.COMPLETED
    if case.state is not CaseState.RETRACTED:
        return False
    with hub.database.read() as connection:
        tally = hub.cases.tally(connection, case.id)
        return not tally.get(ItemState.MOVING) and not hub.cases.to_be_taken_back(connection)


def the_case(hub: Hub) -> Case | None:
    """The case, once it has been opened."""
    with hub.database.read() as connection:
        return next(iter(hub.cases.of_person(connection, LEAVER)), None)


def _one_hour(made: Company, hub: Hub, task: str) -> None:
    case = the_case(hub)
    if case is None:
        cause = Cause.EMERGENCY if task == EMERGENCY else Cause.BY_HAND
        last = hub.clock.now() + timedelta(hours=0 if task == RETRACTED else 6)
        case = casework.open_case(hub, casework.Opening(LEAVER, cause, HR, last_working_at=last))
    hourly.tick(hub)
    if case.state is CaseState.OPEN:
        _everybody_does_theirs(hub, case)
    for truth in made.truths.values():
        truth.belongings.answer()
    case = casework.find_case(hub, case.id)
    if case.dates.last_working_at is not None and case.dates.last_working_at <= hub.clock.now():
        _close_accounts(made)
    if task == RETRACTED and case.state is CaseState.OPEN and _all_is_done(hub, case):
        casework.decide(hub, case.id, Act.RETRACT, HR, "she stays after all")
    elif task != RETRACTED and case.state is CaseState.OPEN:
        _try_to_complete(hub, case)


def _everybody_does_theirs(hub: Hub, case: Case) -> None:
    """Half of what is offered is accepted at once, so that a kill falls between the two."""
    with hub.database.read() as connection:
        offered = hub.cases.items(connection, case.id, states=[ItemState.OFFERED])
        accepted = hub.cases.items(connection, case.id, states=[ItemState.ACCEPTED])
    if offered:
        some = {item.id: item.version for item in offered[: max(len(offered) // 2, 3)]}
        saying.say(hub, saying.Saying(case.id, some, Act.ACCEPT, MANAGER, Role.SUCCESSOR))
    if accepted:
        some = {item.id: item.version for item in accepted}
        saying.say(hub, saying.Saying(case.id, some, Act.APPROVE, HR, Role.HR))


def _close_accounts(made: Company) -> None:
    for truth in made.truths.values():
        with truth.open() as connection:  # type: ignore[attr-defined]
            connection.execute("UPDATE accounts SET state = 'disabled' WHERE number = ?", (LEAVER,))


def _all_is_done(hub: Hub, case: Case) -> bool:
    with hub.database.read() as connection:
        tally: Counter[ItemState] = Counter(hub.cases.tally(connection, case.id))
    return tally.total() > 0 and all(state.closed for state in tally)


def _try_to_complete(hub: Hub, case: Case) -> None:
    try:
        completing.complete(hub, case.id, HR, "everything is handed over")
    except ApprovalError as error:
        if error.code != "unfinished":
            raise
