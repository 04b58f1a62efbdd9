"""The look ahead by itself: when a case is opened, and once a day until the last working day; kept, and told.

What was found last is kept sealed beside the database, for the pages and the API. Whoever decides in the case (the
manager, or who does in their place) and HR are told when something is found that had not been found the time before,
and who has come to decide since, of what is known already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from baton.errors import TamperedError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import locked
from baton.hub.offboarding.deciders import deciders_of
from baton.hub.offboarding.heard import unheard
from baton.hub.offboarding.intentions import JOB
from baton.hub.offboarding.moving import save_moves
from baton.hub.offboarding.of_erased import for_a_message
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.prescan import Scan, prescan
from baton.hub.offboarding.reaching import reach
from baton.hub.offboarding.telling import message_to
from baton.jobs.offboarding.notices import in_the_way
from baton.model.case import Case, CaseState
from baton.model.handover import MessageForm
from baton.store.instants import from_micros, to_micros

FOLDER: Final = "prescans"
A_DAY: Final = timedelta(hours=23)
"""A day, less what one hourly run may come earlier than yesterday's."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the last look ahead has shown."""

    at: datetime
    shown: dict[str, Any]
    """The document of a `Scan`. Of a system that could not be read it has what was found there before."""

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {"at": self.at.isoformat(), **self.shown}


def last_look(hub: Hub, case: Case) -> Ahead | None:
    """What was found last; None before the first look."""
    place = f"{FOLDER}/{case.id}"
    while names := hub.kept_files.names(place):
        newest = max(names, key=int)
        try:
            return Ahead(from_micros(int(newest)), orjson.loads(hub.kept_files.get(f"{place}/{newest}")))
        except TamperedError:
            if newest in hub.kept_files.names(place):
                raise  # else a newer look has taken its place just now
    return None


def due(hub: Hub, cases: Sequence[Case]) -> list[Case]:
    """Those of these cases that it is time to look ahead for. Asks neither a system nor the database."""
    return list(_due(hub, cases))


def _due(hub: Hub, cases: Sequence[Case]) -> Iterator[Case]:
    now = hub.clock.now()
    for case in cases:
        last_day = case.dates.last_working_at
        if case.state is not CaseState.OPEN or (last_day is not None and last_day <= now):
            continue
        looked = max(map(int, hub.kept_files.names(f"{FOLDER}/{case.id}")), default=None)
        if looked is None or now - from_micros(looked) >= A_DAY:
            yield case


def forget(hub: Hub, open_cases: Collection[str]) -> None:
    """Drop what was found in cases that are not (or no longer) among these: it is of no use after the last day."""
    for case_id in hub.kept_files.folders(FOLDER):
        if case_id not in open_cases:
            _drop(hub, case_id, hub.kept_files.names(f"{FOLDER}/{case_id}"))


def _drop(hub: Hub, case_id: str, names: Iterable[str]) -> None:
    for name in names:
        hub.kept_files.drop(f"{FOLDER}/{case_id}/{name}")


def look_ahead(hub: Hub, cases: Sequence[Case]) -> dict[str, Scan]:
    """Look now, keep what is found, and plan the messages about what is new; the scans by the ids of their cases."""
    return {case_id: settled(hub, scan) for case_id, scan in prescan(hub, cases).items()}


def settled(hub: Hub, scan: Scan) -> Scan:
    """Keep what was found, and plan the messages about what is new; nothing in a case that is open no more."""
    before = last_look(hub, scan.case)
    known = [] if before is None else before.shown["found"]
    shown = scan.document()
    shown["found"] += [each for each in known if each["system"] in scan.unread and each not in shown["found"]]
    new = [each for each in shown["found"] if each not in known]
    if shown["found"] and not _told(hub, scan.case, shown["found"], new):
        return scan  # a look that is kept and untold would stay untold
    now, place = to_micros(hub.clock.now()), f"{FOLDER}/{scan.case.id}"
    hub.kept_files.put(f"{place}/{now}", orjson.dumps(shown))
    _drop(hub, scan.case.id, [name for name in hub.kept_files.names(place) if int(name) < now])
    return scan


def _told(hub: Hub, known: Case, found: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> bool:
    """Plan the messages to whom they are news; False where the case is not open any more, and nobody is told."""
    with hub.database.read() as connection:
        deciders = deciders_of(hub, connection, [known])[known.id]
    people = {*deciders.manager, *deciders.hr} - {known.number, ""}
    ways = reach(hub, people, {MessageForm.LETTER}).of  # a short text would not say what is in the way
    mark = {"items": hashlib.sha256(orjson.dumps(found)).hexdigest()}
    with hub.database.write() as connection:
        case = locked(hub, connection, known.id)
        if case.state is not CaseState.OPEN:
            return False  # paused, or taken back, while the systems were being asked
        entities = {f"prescan/{case.id}/{person}": way for person, way in ways.items()}
        said = hub.effects.newest_marks(connection, JOB, list(hub.settings.enabled), list(entities))
        # The same is not said twice, should what was found not have been kept after it was said.
        # One look comes up to an hour earlier than yesterday's: what was refused then would wait for tomorrow's.
        policy, now = policy_of(hub, case), hub.clock.now() + timedelta(days=1) - A_DAY
        unsaid = [
            entity
            for entity in entities
            if (before := said.get(entity)) is None or (new and before.marks != mark) or unheard(policy, before, now)
        ]
        anew = {entity: entities[entity] for entity in unsaid}
        for entity, way in anew.items():
            hub.effects.supersede(connection, JOB, way.system, [entity], why="said_anew")
        text = in_the_way(for_a_message(hub, connection, case), [(each["title"], each["remedy"]) for each in found])
        messages = [(message_to(hub, entity, way, text), mark) for entity, way in anew.items()]
        save_moves(hub, connection, case, [], messages)
    return True
