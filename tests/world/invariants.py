"""What holds after every step of the one world, whatever has gone wrong, and once it has calmed down.

Where each invariant of the design is checked, and when. After every step (somebody has done one thing, or a schedule one
piece of work, and may have died over it) all of the store is looked at where that is cheap; where it is not, what is new:
entries by their number, effects that these tell of, checkpoints by their names (`Watch`). Left for the end is only what
need not be true on the way, and what would read the whole log again and again.

| invariant | after every step | only at the end, and why | beside it |
|---|---|---|---|
| I1 atomic intent | `planned_too_far` | every account is what HR says: until then writes are under way | `tests.simulation` |
| I2 evidence | every effect that has become done is seen where it was to happen; lines paid are booked (`Watch`) | – | `tests.payment` |
| I3 key stability | every write (`EverythingsTrouble.receive`) | – | `tests.simulation` |
| I4 fencing | one live lease for each thing | – | `tests.crash` |
| I5 order | `order_broken` | – | `tests.simulation` |
| I6 no regress | nothing older over newer, nothing twice | – | `tests.simulation`, classes B and C there |
| I7 closed machine | new entries tell legal steps only, and all that is stored is as the log tells; what is new is as it was signed | everything still is as it was signed: every signature anew | every campaign |
| I8 one holder, none lost | every thing, every client | what is done is with who accepted it: others may still be about to take it over | `tests.offboarding` |
| I9 cursor | what was answered is stored | every call is taken: until then one may wait for the next plan | `tests.crash`, `tests/hub` |
| I10 bounded retry | tries of its own and crashes within their limits, each wait ends later than the one before (`Retries`); systems here never forget a key | – | `tests/engine` |
| I11 poison | what arrives is counted as tried (`Claims`), nothing is refused for what is in another write | everybody else is as HR says: a delay is none before everything is at rest | `tests.simulation` |
| I12 dry run | in some rounds: nothing kept, the same hash as the plan after it | – | `tests/hub` |
| I13 approval binding | what was released is what was looked at; what is new at the bank was signed for, and is of people as they were checked | – | `tests.payment` |
| I14 threshold | in every run, 24 hours and 7 days, in each system and over all (`Windows`); limits here are counts, not shares | – | `tests.gate`: shares, and what they are shares of |
| I15 switch | every write | – | `tests/engine` |
| I16 rollback | nobody's edit is overwritten, nothing comes back after it was taken back | what can come back to a leaver who stays has: until then it is on its way | `tests.migration` |
| I17 canonical form | – | – | `tests/records`: a property of functions, whatever happens |
| I18 audit | no gap, each new leaf, head and new checkpoints are those of all that was ever read (`Logbook`) | no entry has changed since it was read: the whole log anew | `tests/audit` |
| I19 no clear names in the log | every new entry: no name or account, of now or of before (`Clear`) | – | `tests/canaries`: the hub's databases after every test |
| I20 money | a line is booked at most once; what is new at the bank is byte for byte what was signed for | – | `tests.payment` |
| I21 bound ciphertexts | what is new opens in no place of another (`Seals`): a sample | – | `tests/store/test_moved_ciphertexts.py` |
| I22 secrets | no key in a new entry, nor in what is stored of an answer (`Clear`) | – | `tests/canaries`, `tests/airflow`, `tests/vault` |
| I23 tenants | – | – | one installation is one tenant |
| I24 time | all of this, with a clock set a day on and back | – | `tests.migration` (rivals), `tests/engine` |

The windows of I14 are counted by the moments that things are planned for. By the moments at which they happen there can
be more in one: what an outage holds up goes out together with what comes after it (docs/promises.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from baton.model.effect import OPEN_STATES, UNSETTLED_STATES
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.store.tables import effects, hints, pay_files
from tests.offboarding import invariants as handovers
from tests.offboarding.people import People
from tests.offboarding.world import SYSTEMS
from tests.payment.door import IN
from tests.payment.verdict import one_file_one_id_one_hash
from tests.rig.payroll import BANK
from tests.simulation.invariants import BrokenInvariantError, order_broken, planned_too_far
from tests.simulation.people import faults_of
from tests.world.hr import Personnel
from tests.world.watch import Watch
from tests.world.world import OLD_NAME, Whole

PERIOD_BEGINS = "2026-11-01"


def check_always(world: Whole, people: People, personnel: Personnel, watch: Watch) -> None:
    """What holds after every step."""
    books = handovers.check_always(world, people, _clients(world))
    with world.hub.database.read() as connection:
        found: dict[str, list[object]] = {
            "order": list(order_broken(connection)),
            "planned too far": list(planned_too_far(connection)),
            "two leases": list(_leases(connection)),
            "approved unseen": list(_unseen(world, connection)),
            "calls": list(_calls(personnel, connection)),
            "pay": list(_pay(world, connection)),
            **watch.look(connection, books),
        }
    found["repeated"] = [each for system in SYSTEMS for each in world.company.truths[system].repeated()]
    found["stale"] = [each for system in SYSTEMS for each in world.company.truths[system].stale()]
    found["records"] = list(_records(world))
    found["asked of systems"] = list(world.trouble.broken)
    _raise_if(found)


def check_finally(world: Whole, people: People, personnel: Personnel, watch: Watch) -> None:
    """What holds at the end."""
    check_always(world, people, personnel, watch)
    handovers.check_finally(world, people, _clients(world))
    one_file_one_id_one_hash(world.hub, world.company.office)
    with world.hub.database.read() as connection:
        found: dict[str, list[object]] = {
            "open": list(_open(connection)),
            "calls not taken": [world.hub.runs.waiting_hints(connection)]
            * bool(world.hub.runs.waiting_hints(connection)),
        }
    found["accounts"] = [(system, wrong) for system in SYSTEMS for wrong in _accounts(world, system)]
    found["owed"] = list(_owed(world))
    _raise_if(found)


def _clients(world: Whole) -> dict[str, int]:
    """As many as were ever put there, but for those that a migration has brought and taken back."""
    there = {system: sum(ref.kind.value == "client" for ref in world.things(system).contents) for system in SYSTEMS}
    there["crm"] -= sum(after is None for after in {change.code: change.after for change in world.records}.values())
    return there


def _leases(connection: sa.Connection) -> Iterator[object]:
    """I4: two workers at one thing."""
    held = effects.c.state.in_(UNSETTLED_STATES) & effects.c.lease_until.is_not(None) & (effects.c.state == "sent")
    query = sa.select(effects.c.system, effects.c.number, sa.func.count()).where(held)
    grouped = query.group_by(effects.c.system, effects.c.number).having(sa.func.count() > 1)
    yield from (tuple(row) for row in connection.execute(grouped))


def _unseen(world: Whole, connection: sa.Connection) -> Iterator[object]:
    """I13: what goes by somebody's yes is what they had before them."""
    query = sa.select(effects.c.run_id, effects.c.key).where(
        effects.c.approved, effects.c.job.in_(["sync", "migration"])
    )
    for run_id, key in connection.execute(query):
        if key not in world.reviewed.get(run_id, ()):
            yield run_id, key[:12]


def _calls(personnel: Personnel, connection: sa.Connection) -> Iterator[object]:
    """I9: what was answered is stored, and nothing that HR has not said."""
    stored = set(connection.execute(sa.select(hints.c.event_id)).scalars())
    yield from personnel.said - stored
    yield from (event for event in stored if not event.startswith("event-"))


def _pay(world: Whole, connection: sa.Connection) -> Iterator[object]:
    """I13, I20: at the bank is only what a run knows, of people who are as they were checked, and each line once."""
    names = {path.name for path in (world.company.folder / "bank" / IN).iterdir() if path.suffix != ".part"}
    known = {row.name: row.run_id for row in connection.execute(sa.select(pay_files.c.name, pay_files.c.run_id))}
    yield from (f"{name} is of no run" for name in names - known.keys())
    for name, message_id, told in world.deliveries:
        if name not in names:
            continue
        basis = world.checked.get(known[name], {})
        for line in world.hub.pay_runs.of_file(connection, message_id):
            number = line.payable.key.number
            if basis.get(number) != told.get(number):
                yield f"{number} was {basis.get(number)} when checked and {told.get(number)} at the last look"
            if line.payable.key.component is Component.SALARY and _long_gone(told.get(number, "")):
                yield f"a salary went to {number}, who has {told[number]}"
    bookings = world.company.office.bookings()
    yield from (f"{reference} is booked {times} times" for reference, times in bookings.items() if times > 1)
    for run in world.hub.pay_runs.of_system(connection, BANK):
        for line in world.hub.pay_runs.lines(connection, run.run_id, LineState.PAID):
            if not bookings[line.reference, "DBIT"]:
                yield f"{line.reference} is called paid, and the bank has not booked it"


def _long_gone(told: str) -> bool:
    status, _, rest = told.partition(" ")
    pay_end = rest.split(" ")[0]
    return status == "departed" and bool(pay_end) and pay_end < PERIOD_BEGINS


def _records(world: Whole) -> Iterator[object]:
    """I16: no edit of another is overwritten, and what was taken back stays away until it is planned anew."""
    loaded: dict[str, Any] = {}
    restored: dict[str, int] = {}
    for change in world.records:
        code = change.code
        if change.by != "the hub":
            continue
        if change.action == "delete" or (change.action == "update" and change.after["name"] == OLD_NAME):
            if change.before != loaded.get(code):
                yield f"{code} was taken back at {change.serial} although somebody else had changed it"
            restored[code] = change.serial
            continue
        if code in restored and not any(restored[code] < plan < change.serial for plan in world.migrations_planned):
            yield f"{code} came back at {change.serial} after it had been taken back at {restored[code]}"
        if change.before is not None and change.before not in world.seen[code]:
            yield f"{code} was overwritten at {change.serial} in a state that nobody had looked at"
        loaded[code] = change.after


def _open(connection: sa.Connection) -> Iterator[object]:
    """Nothing is stuck."""
    query = sa.select(effects.c.job, effects.c.action, effects.c.state).where(effects.c.state.in_(OPEN_STATES))
    yield from Counter(tuple(row) for row in connection.execute(query)).items()


def _accounts(world: Whole, system: str) -> Iterator[object]:
    truth, now = world.company.truths[system], world.clock.now()
    managers = {number: record.external_id for number, record in truth.accounts.items()}
    for person in world.company.rows:
        wrong = faults_of({"mobile": "", **person}, truth.accounts.get(person["number"]), managers, now)
        if wrong:
            yield person["number"], wrong


def _owed(world: Whole) -> Iterator[object]:
    """Whoever works here has been paid once; what the bank refuses or returns is known to be so."""
    hub, booked = world.hub, world.company.office.bookings()
    standing: defaultdict[str, list[LineState]] = defaultdict(list)
    with hub.database.read() as connection:
        for run in hub.pay_runs.of_system(connection, BANK):
            for line in hub.pay_runs.lines(connection, run.run_id):
                if line.payable.key.component is Component.SALARY and line.state.claims:
                    standing[line.payable.key.number].append(line.state)
                    if line.state is LineState.PAID and booked[line.reference, "DBIT"] != 1:
                        yield f"{line.reference} is paid {booked[line.reference, 'DBIT']} times"
    for person in world.company.rows:
        number = person["number"]
        if person["status"] == "active" and number not in ("0003", "0004") and standing[number] != [LineState.PAID]:
            yield f"{number} works here and stands at {standing[number]}"


def _raise_if(found: dict[str, list[object]]) -> None:
    broken = {name: wrong for name, wrong in found.items() if wrong}
    if broken:
        raise BrokenInvariantError("; ".join(f"{name}: {len(each)}, {each[:3]}" for name, each in broken.items()))
