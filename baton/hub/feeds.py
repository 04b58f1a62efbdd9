"""Reading the sources of a sync and judging each feed as a whole, before anything of it is compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import sqlalchemy as sa

from baton.errors import Fault, FeedRefusedError, GuardBreach
from baton.hub.core import Hub
from baton.hub.repeated import read_besides, row_digester
from baton.hub.unforeseen import told_by_place
from baton.jobs import source_guards
from baton.jobs.source_guards import GuardPolicy, check_feed, check_order
from baton.jobs.sync.reading import Reading, read_feed
from baton.model.people import EmploymentStatus
from baton.settings import SystemSettings
from baton.store.runs import Run, RunFault, RunState
from baton.store.trail import Entry, append

SHORTEST_DIGEST: Final = 12
"""So many digits of a feed's digest name it beyond doubt; that is what messages show."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Every source of a sync, read. ``accepted``: what a person let through although guards refused it.

    ``lying``: those that had been written before they were asked for, such as files; only of these an older one can
    come after a newer one.
    """

    of: Mapping[str, Reading]
    accepted: Mapping[str, Sequence[GuardBreach]] = field(default_factory=dict)
    lying: Collection[str] = ()

    def hold(self, hub: Hub, connection: sa.Connection) -> bool:
        """Whether what was known of lines left out is known still: nothing was recorded of people since."""
        return all(
            hub.told_lines.version(connection, name) == reading.told.version
            for name, reading in self.of.items()
            if reading.told is not None and reading.standing.height
        )

    def note_origins(self, hub: Hub, connection: sa.Connection, few: Collection[str]) -> None:
        """Keep where what lay there came from; what says the same under an earlier date does not set it back.

        Nor does what is used for a ``few`` people only (empty: for all): who lets an older one through for them lets
        nobody else be planned by it.
        """
        for name in self.lying:
            given, last = self.of[name].origin, hub.runs.last_origin(connection, name)
            if last is None or last.as_of < given.as_of or (last.digest != given.digest and not few):
                hub.runs.note_origin(connection, name, given)

    def record_acceptance(self, hub: Hub, connection: sa.Connection, run_id: str, person: str) -> None:
        """Who let which feed through, against which guards."""
        append(
            connection,
            [
                Entry(
                    kind="feed",
                    at=hub.clock.now(),
                    body={
                        "run": run_id,
                        "source": name,
                        "feed": self.of[name].origin.digest,
                        "accepted_by": person,
                        "against": [breach.guard for breach in breaches],
                    },
                )
                for name, breaches in self.accepted.items()
            ],
        )


def read_sources(hub: Hub, sources: Sequence[SystemSettings], accepted_digest: str) -> Readings:
    """Every source, read and judged. Raises `FeedRefusedError` for the first one that a guard refuses.

    ``accepted_digest`` names a feed (at least 12 digits) that is used although guards refuse it; one without a usable
    row is never used.
    """
    readings: dict[str, Reading] = {}
    accepted: dict[str, Sequence[GuardBreach]] = {}
    lying: list[str] = []
    for system in sources:
        asked = hub.clock.now()
        reading = read_besides(hub, system.name) or _read_whole(hub, system.name)
        breaches = _breaches(hub, system.name, reading)
        if not asked <= reading.origin.as_of <= hub.clock.now():  # else it was made to answer us: it is of now
            lying.append(system.name)
            breaches += _order(hub, system.name, reading)
        if breaches:
            digest = reading.origin.digest
            named = len(accepted_digest) >= SHORTEST_DIGEST and digest.startswith(accepted_digest.lower())
            if not named or not _acceptable(reading):
                raise RefusedReadingError(breaches, reading)
            accepted[system.name] = breaches
        readings[system.name] = reading
    return Readings(readings, accepted, lying)


def _read_whole(hub: Hub, source: str) -> Reading:
    mapping = hub.mappings[source]
    with told_by_place(source):
        return read_feed(hub.source(source).census(), mapping, row_digester(hub), hub.clock.now())


def _acceptable(reading: Reading) -> bool:
    """Whether a person may let it through although guards refuse it: not without a usable row."""
    return reading.facts.rows > 0


class RefusedReadingError(FeedRefusedError):
    """A feed that was read and refused, with all that is known about it."""

    def __init__(self, breaches: Sequence[GuardBreach], reading: Reading) -> None:
        faults = [Fault(fault.place, fault.rule, f"{fault.field}: {fault.message}") for fault in reading.faults]
        digest, acceptable = reading.origin.digest, _acceptable(reading)
        super().__init__(breaches, feed_digest=digest, faults=faults, acceptable=acceptable)
        self.counts = {"rows": reading.facts.rows, "rejected": reading.facts.unparseable}
        self.row_faults: Sequence[RunFault] = reading.faults


def record_refusal(hub: Hub, job: str, requested_by: str, error: FeedRefusedError, limits: Mapping[str, int]) -> None:
    """Keep a refused feed as a run, so that a person finds it where they look; with what was asked for (`limits`)."""
    read = error if isinstance(error, RefusedReadingError) else None  # else the source itself refused it
    run = Run(
        id=hub.new_run_id(job),
        job=job,
        state=RunState.REFUSED,
        requested_by=requested_by,
        plan_hash="",
        feed_digest=error.feed_digest,
        created_at=hub.clock.now(),
        counts={**(read.counts if read else {}), **limits},
        reasons=[f"{breach.guard}: {breach.message}" for breach in error.breaches],
        verdict="broken",
    )
    with hub.database.write() as connection:
        hub.runs.insert(connection, run, read.row_faults if read else ())


def _order(hub: Hub, source: str, reading: Reading) -> list[GuardBreach]:
    with hub.database.read() as connection:
        return check_order(reading.origin, hub.runs.last_origin(connection, source))


def _breaches(hub: Hub, source: str, reading: Reading) -> list[GuardBreach]:
    guards = hub.settings.guards
    policy = GuardPolicy(
        fewest_share=float(guards.least_share),
        max_age_h=guards.stale_after_h,
        max_unparseable_share=float(guards.unreadable_share),
        max_duplicate_share=float(guards.duplicate_share),
    )
    with hub.database.read() as connection:
        last = hub.runs.approved_feed(connection, source)
        numbers = set(reading.numbers)
        told = hub.people.told(connection, source, reading.numbers)
        present = hub.people.count_told(connection, source)
        present -= hub.people.count_told(connection, source, EmploymentStatus.DEPARTED)
        erased = hub.erasures.erased(connection)
    measured = None if last is None else source_guards.ApprovedFeed(last.row_count, tuple(last.columns))
    here = sum(each.status is not EmploymentStatus.DEPARTED for number, each in told.items() if number in numbers)
    absent = present - here - reading.standing_present
    unknown = len(numbers - told.keys() - erased)
    if last is not None and absent > 0:
        # Only who was in the last feed yet: people who vanished long ago add up, and are nobody under another number.
        # How many were present in it is known, not who. Whoever was recorded since (by a held run, by one for a few)
        # counts as not in it: rather too many gone than too few.
        with hub.database.read() as connection:
            since = hub.people.count_told_since_feed(connection, source)
        absent = min(absent, max(0, last.present - (here + reading.standing_present - since)))
    facts = replace(reading.facts, unknown=unknown, absent=absent)
    return check_feed(facts, measured, policy)
