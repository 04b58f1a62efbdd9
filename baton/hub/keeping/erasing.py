"""Erasing a person: one asks, another decides; the ledger comes first, then the store; what is kept is named.

Before anything is synced, and after every restore, the ledger is replayed: whoever was erased stays erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError, ConfigurationError, Fault
from baton.hub.core import PLANNING, Hub
from baton.hub.keeping import ledger
from baton.hub.keeping.fates import Fate
from baton.hub.keeping.ledger import Forgotten
from baton.hub.keeping.nameless import require_nameless
from baton.hub.offboarding.of_erased import end_handovers
from baton.model.account import AccountState
from baton.model.people import EmploymentStatus
from baton.model.persons import alike, require_reason
from baton.store.erasures import Erasure
from baton.store.folders import files_below, passing_over_what_is_gone
from baton.store.open_work import newest_trace, open_work_of

REPORTS: Final = "reports"
_GONE: Final = (AccountState.ABSENT, AccountState.REMOVED)


@dataclass(frozen=True, slots=True)
class Kept:
    """Something about an erased person that is kept for a time, restricted to those who must account for it."""

    what: Fate
    until: datetime

    @property
    def document(self) -> dict[str, str]:
        """As it is stored: ``until`` is the last day on which it is kept."""
        return {"what": self.what.value, "until": self.until.date().isoformat()}


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did."""

    number: str
    rows: int
    """Rows deleted or emptied."""
    kept: Sequence[Kept]
    elsewhere: Sequence[str]
    """Systems that still have a (disabled) account of theirs, which they cannot remove: to be erased there."""
    scrubbed: bool
    """False where the log of the database still holds what was taken out, since somebody read from it for so long."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What replaying the ledger did."""

    numbers: Sequence[str]
    """Who was erased again."""
    scrubbed: bool
    """As in `Erased`; of earlier erasures too."""

    @property
    def notes(self) -> Sequence[str]:
        """What a run says of it."""
        return (
            () if self.scrubbed else ("the log of the database still holds what was erased: the next sync empties it",)
        )


def ask(hub: Hub, number: str, person: str, why: str) -> Sequence[Kept]:
    """Ask for an erasure; what will have to be kept.

    Raises `ApprovalError` when it cannot be carried out now, and for a reason that names whom it is about.
    """
    require_reason(person, why)
    with hub.database.write() as connection:
        recorded = hub.people.versions(connection, [number]).get(number, [])
        require_nameless([each.employee for each in recorded], why)
        _require_finished(hub, connection, number)
        hub.erasures.ask(connection, number, person, why)
        return _to_keep(hub, connection, number)


def decide(hub: Hub, number: str, person: str) -> Erased:
    """Carry out what somebody else has asked for: the ledger first, so that it is carried on if this is interrupted.

    Raises, and erases nothing: `ApprovalError` where it cannot be carried out, `LostLinkError` while the disk of the
    reports is away.
    """
    with hub.database.read() as connection:
        asked = hub.erasures.newest(connection, number)
    if asked is None or asked.erased_at is not None:
        raise ApprovalError(
            f"nobody has asked for {number[:40]} to be erased",
            code="not_asked",
            remedy="first: baton person erase NUMBER --as YOU --why TEXT; a second person then decides",
        )
    if alike(person) == alike(asked.asked_by) or not person.strip():
        raise ApprovalError(f"{person} asked for this and cannot decide on it", code="maker", remedy="a second person")
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        _require_finished(hub, connection, number)
        elsewhere = _elsewhere(hub, connection, number)
        reports(hub)  # out of reach, they would keep what the ledger has promised from being done
        forgotten = Forgotten(number, hub.clock.now(), person)
        ledger.note(hub, forgotten)
        hub.crash_point("erasing")
        rows, kept = _erase(hub, connection, forgotten)
    return Erased(number, rows, kept, elsewhere, hub.database.scrub())


def replay(hub: Hub) -> Replayed:
    """Erase again whom this store does not know to be erased: it was restored, or an erasure was interrupted.

    Raises `LostLinkError` while the disk of the reports is away: it is carried on once that is back.

    The log of the database is emptied as well where an erasure could not do so: it was read, or the process was killed.
    """
    forgotten = ledger.read(hub)
    with hub.database.read() as connection:
        known = {(each.number, each.erased_at) for each in hub.erasures.all(connection)} if forgotten else set()
    missing = [each for each in forgotten if (each.number, each.erased_at) not in known]
    for each in missing:
        with hub.database.write() as connection:
            hub.database.alone(connection, PLANNING)
            _erase(hub, connection, each)
    return Replayed([each.number for each in missing], hub.database.scrub())


def sweep(hub: Hub, erasure: Erasure, now: datetime) -> list[Fate]:
    """Blank what was kept of somebody erased and need not be any more; which kinds."""
    over = [Fate(each["what"]) for each in erasure.kept if each["until"] < now.date().isoformat()]
    if not over or erasure.erased_at is None:
        return []
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        if Fate.HANDOVER_RECORD in over:
            hub.kept_records.blank_handovers(connection, erasure.number, erasure.erased_at)
            hub.erasures.words.take_out_messages(connection, erasure.number, erasure.erased_at)
        if Fate.PAYMENT_RECORD in over:
            hub.kept_records.blank_payments(connection, erasure.number, erasure.erased_at)
        hub.database.owe_scrub(connection)
        hub.erasures.keep_less(connection, erasure, [each for each in erasure.kept if Fate(each["what"]) not in over])
    hub.database.scrub()
    return over


def _erase(hub: Hub, connection: sa.Connection, forgotten: Forgotten) -> tuple[int, list[Kept]]:
    end_handovers(hub, connection, forgotten.number, forgotten.erased_at)
    kept = _to_keep(hub, connection, forgotten.number)
    hub.database.owe_scrub(connection)
    rows = hub.erasures.erase_person(connection, forgotten.number, forgotten.erased_at)
    _end_links(hub, connection, forgotten)
    _drop_reports(hub, forgotten.number)  # before it counts as done: nobody would come back for them
    stays = [each.document for each in kept]
    hub.erasures.done(connection, forgotten.number, forgotten.decided_by, forgotten.erased_at, stays)
    return rows, kept


def _end_links(hub: Hub, connection: sa.Connection, forgotten: Forgotten) -> None:
    """End their personal links; not those of who was hired again since."""
    theirs = hub.personal_links.of_person(connection, forgotten.number)
    old = [link for link in theirs if link.made_at <= forgotten.erased_at]
    hub.personal_links.revoke(connection, old, forgotten.decided_by, hub.clock.now())


def _to_keep(hub: Hub, connection: sa.Connection, number: str) -> list[Kept]:
    rule = hub.settings.retention
    since = (
        (Fate.HANDOVER_RECORD, hub.kept_records.last_handover(connection, number), rule.handovers_years),
        (Fate.PAYMENT_RECORD, hub.kept_records.last_payment(connection, number), rule.payments_years),
    )
    return [Kept(what, rule.end(at, years)) for what, at, years in since if at is not None]


def _require_finished(hub: Hub, connection: sa.Connection, number: str) -> None:
    """Nobody is erased in the middle of something: a departed person, nothing open, no account that can be removed."""
    from baton.hub.payment.reissuing import unpaid  # loads the formats of banks, which a sync needs nothing of

    known = hub.people.newest(connection, [number]).get(number)
    if known is None and not _is_left_of(hub, connection, number):
        raise ConfigurationError([Fault("NUMBER", "unknown_person", f"nobody has the number {number[:40]!r}")])
    open_work = open_work_of(connection, number, hub.clock.now())
    if known is not None and known.employee.status is not EmploymentStatus.DEPARTED:
        open_work.insert(0, f"status {known.employee.status.value}")
    owed = unpaid(hub, connection, number)
    open_work += [f"payment {line.reference} of {line.run_id} is {line.state}" for line in owed]
    removing = set(hub.removing())
    open_work += [f"account in {name}" for name in _elsewhere(hub, connection, number) if name in removing]
    newest = newest_trace(connection, number)
    if newest is not None and newest > hub.clock.now():  # an erasure takes out what was recorded up to its moment
        open_work.append(f"recorded {newest:%Y-%m-%d %H:%M} UTC, and by the clock here it is not so late yet")
    if open_work:
        raise ApprovalError(
            f"{number} cannot be erased yet: {'; '.join(open_work[:10])}",
            code="unfinished",
            remedy="finish or end these first; what the bank did not pay is paid by baton pay reissue RUN (where it "
            "was paid otherwise, cancel that run, saying so), or claimed by a recovery case where it was not due; "
            "an account is removed when its mapping's date comes",
        )


def _is_left_of(hub: Hub, connection: sa.Connection, number: str) -> bool:
    """Whether something of somebody erased was recorded since, or a message still says something: that goes as well."""
    erased_at = hub.erasures.erased_at(connection, number)
    if erased_at is None:
        return False
    traces = newest_trace(connection, number), hub.kept_records.last_payment(connection, number)
    recorded = any(moment is not None and moment > erased_at for moment in traces)
    return recorded or hub.erasures.words.any_message(connection, number, hub.clock.now())


def _elsewhere(hub: Hub, connection: sa.Connection, number: str) -> list[str]:
    """Also in systems that are switched off, or in the settings no more: afterwards nobody here knows of it."""
    return [link.system for link in hub.links.of_person(connection, number) if link.state not in _GONE]


def _drop_reports(hub: Hub, number: str) -> None:
    """What lies beside the tables and names people by number."""
    found = reports(hub)
    naming = set()
    for path in found:
        with passing_over_what_is_gone(path):
            if number.encode() in path.read_bytes():
                naming.add(_run_of(path))
    for path in found:  # with the workbook of the same run, which is packed: nothing can be found by reading it
        if _run_of(path) in naming:
            with passing_over_what_is_gone(path):
                path.unlink()


def reports(hub: Hub) -> list[Path]:
    """What an erasure looks through beside the tables. Raises `LostLinkError` while its disk is away."""
    return list(files_below(hub.state_dir / REPORTS))


def _run_of(report: Path) -> str:
    return report.name.partition(".")[0]
