"""Writing to whoever was overpaid: through a notifier where one reaches them, else as files that a person sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.engine.plan import plan_hash
from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.handed_out import folder_for, new_file
from baton.hub.offboarding.moving import send_messages
from baton.hub.offboarding.reaching import Reach, reach
from baton.hub.payment.policies import policy_of
from baton.hub.payment.recovering import find_case, locked_case, today
from baton.jobs.payment.recovery_letters import Letter, Sender, letters, templates
from baton.model.effect import Intention
from baton.model.handover import HandoverAction
from baton.model.people import EmploymentStatus
from baton.model.recovery import EntryKind, RecoveryCase, RecoveryEntry, RecoveryEvent, step
from baton.store.effects import Drafted
from baton.store.runs import Run, RunState

JOB: Final = "recovery"
"""The job's name on runs and effects."""
_BETWEEN: Final = "\n\n* * *\n\n"


@dataclass(frozen=True, slots=True)
class Noticed:
    """A letter on its way, or written for a person to send."""

    case: RecoveryCase
    letters: Sequence[Letter]
    system: str = ""
    """The notifier that takes it; empty where a person sends it."""
    files: Sequence[Path] = ()


def drafted_letters(hub: Hub, case_id: str) -> list[Letter]:
    """The letter as it would be written now; nothing is stored or sent."""
    case, _ = find_case(hub, case_id)
    return _letters(hub, case)


def notice(hub: Hub, case_id: str, person: str, folder: Path | None = None) -> Noticed:
    """Write to the person a case is about, and note it in the ledger.

    Through the first notifier that reaches them: those who have left by their private address. Raises `ApprovalError`
    (``unreachable``) when none does and no folder for the letter is named.
    """
    known, _ = find_case(hub, case_id)
    texts = _letters(hub, known)
    way = _way(hub, known.number)
    if way is None and folder is None:
        raise ApprovalError(
            f"no notifier reaches {known.number}",
            code="unreachable",
            remedy="name a folder for the letter with --to, and send it as a registered one",
        )
    with hub.database.write() as connection:
        case = locked_case(hub, connection, case_id)
        if case.version != known.version:
            raise ApprovalError(f"{case_id} has changed meanwhile", code="changed", remedy="write again")
        state = step(case.state, RecoveryEvent.NOTICE)
        files = [] if way is not None or folder is None else _write(folder, case, texts)
        effect = "" if way is None else _plan(hub, connection, case, way, texts)
        facts = {
            "letters": [
                {"language": each.language, "subject": each.subject, "text": each.text, "digest": each.digest}
                for each in texts
            ],
            "system": "" if way is None else way.system,
            "files": [file.name for file in files],
        }
        entry = RecoveryEntry(EntryKind.NOTICE, hub.clock.now(), person, state, effect, case.open_minor, facts)
        case = hub.recoveries.step(connection, case, entry)
        hub.crash_point("recovery_noticing")
    if way is not None:
        send_messages(hub)
    return Noticed(case, texts, "" if way is None else way.system, files)


def deliveries(hub: Hub, entries: Sequence[RecoveryEntry]) -> dict[str, Mapping[str, str]]:
    """What has become of each letter that a notifier took, by the effect it is: state, code, and when."""
    keys = [entry.evidence for entry in entries if entry.kind is EntryKind.NOTICE and entry.evidence]
    with hub.database.read() as connection:
        effects = hub.effects.by_key(connection, keys)
    return {
        key: {"system": effect.system, "state": effect.state.value, "code": effect.code}
        for key, effect in effects.items()
    }


def _letters(hub: Hub, case: RecoveryCase) -> list[Letter]:
    with hub.database.read() as connection:
        newest = hub.people.newest(connection, [case.number]).get(case.number)
        run = hub.pay_runs.get(connection, case.lines[0].run_id)
    assert run is not None
    name = (newest.employee.full_name or "") if newest is not None else ""
    day = today(hub)
    answer_by = day + timedelta(days=policy_of(hub).overpayment.answer_days)
    texts = templates(hub.settings.payments.letters)
    return letters(case, name or case.number, Sender(run.initiator, run.payer), day, answer_by, texts)


def _way(hub: Hub, number: str) -> Reach | None:
    """How the person is reached now: whoever has left has no account and no address here any more."""
    with hub.database.read() as connection:
        newest = hub.people.newest(connection, [number]).get(number)
    if newest is None:
        return None
    gone = newest.employee.status is EmploymentStatus.DEPARTED
    whom = newest.employee.personal_email if gone else number
    return reach(hub, [whom]).get(whom) if whom else None


def _plan(hub: Hub, connection: sa.Connection, case: RecoveryCase, way: Reach, texts: Sequence[Letter]) -> str:
    """Save the message as an effect, to be sent once; its key."""
    entity = f"recovery/{case.id}/{case.version}"
    fields = {
        "person_number": case.number if way.address else way.person.number,
        "person_id": way.person.external_id,
        "address": way.address,
        "subject": " · ".join(each.subject for each in texts),
        "text": _BETWEEN.join(each.text for each in texts),
        "link": "",
    }
    now = hub.clock.now()
    drafted = Drafted(Intention(way.system, entity, HandoverAction.NOTIFY, now, fields), 1, case.id, {})
    run = Run(
        id=hub.new_run_id(JOB),
        job=JOB,
        state=RunState.READY,
        requested_by=case.id,
        plan_hash=plan_hash(JOB, [drafted], now),
        feed_digest="",
        created_at=now,
        counts={"effects": 1},
    )
    hub.runs.insert(connection, run, [])
    hub.effects.insert(connection, JOB, run.id, [drafted])
    return drafted.key(JOB)


def _write(folder: Path, case: RecoveryCase, texts: Sequence[Letter]) -> list[Path]:
    """One file a language, never over one that is there."""
    written = []
    for letter in texts:
        path = folder_for(folder) / f"{case.id}-{case.version}.{letter.language}.txt"
        with new_file(path) as file:
            file.write(f"{letter.subject}\n\n{letter.text}\n".encode())
        written.append(path)
    return written
