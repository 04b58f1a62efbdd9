"""Writing to whoever was overpaid: through a notifier where one reaches them, else as files that a person sends.

A letter goes where all of it arrives. Where a text message reaches the person too, it says that there is one and
nothing of what is in it; what the carrier tells of that message is evidence beside the letter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from baton.engine.plan import plan_hash
from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.hub.offboarding.moving import send_messages
from baton.hub.offboarding.reaching import Reach, Ways, reach
from baton.hub.payment.letter_files import write_letters
from baton.hub.payment.policies import policy_of
from baton.hub.payment.recovering import find_case, locked_case, today, zone
from baton.jobs.payment.recovery_letters import ANNOUNCED, Letter, Sender, letters, templates
from baton.model.effect import Intention
from baton.model.handover import HandoverAction, MessageForm
from baton.model.people import EmploymentStatus
from baton.model.recovery import EntryKind, RecoveryCase, RecoveryEntry, RecoveryEvent, step
from baton.store.effects import Drafted
from baton.store.messages import told_of
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
    announced_by: str = ""
    """The notifier that says there is a letter; empty where none does."""


def drafted_letters(hub: Hub, case_id: str) -> list[Letter]:
    """The letter as it would be written now; nothing is stored or sent."""
    case, _ = find_case(hub, case_id)
    return _letters(hub, case)


def notice(hub: Hub, case_id: str, person: str, folder: Path | None = None) -> Noticed:
    """Write to the person a case is about, and note it in the ledger.

    Through the first notifier of letters that reaches them: those who have left by their private address. Raises
    `ApprovalError` (``unreachable``) when none does and no folder for the letter is named: a text message is no letter.
    """
    known, _ = find_case(hub, case_id)
    texts = _letters(hub, known)
    ways, note = _way(hub, known.number), _announcing(hub, known.number)
    way = ways.of.get(known.number)
    if way is None and folder is None:
        raise ApprovalError(
            f"no notifier reaches {known.number}{ways.passed_over}",
            code="unreachable",
            remedy="name a folder for the letter with --to, and send it as a registered one",
        )
    with hub.database.write() as connection:
        case = locked_case(hub, connection, case_id)
        if case.version != known.version:
            raise ApprovalError(f"{case_id} has changed meanwhile", code="changed", remedy="write again")
        state = step(case.state, RecoveryEvent.NOTICE)
        files = [] if way is not None or folder is None else write_letters(folder, {f"{case.id}-{case.version}": texts})
        effect = "" if way is None else _plan(hub, connection, case, _lettered(case, way, texts))
        announced = "" if note is None else _plan(hub, connection, case, _announced(case, note))
        facts = {
            "letters": [
                {"language": each.language, "subject": each.subject, "text": each.text, "digest": each.digest}
                for each in texts
            ],
            "system": "" if way is None else way.system,
            "files": [file.name for file in files],
            "announcement": {} if note is None else {"system": note.system, "effect": announced, "text": ANNOUNCED},
        }
        entry = RecoveryEntry(EntryKind.NOTICE, hub.clock.now(), person, state, effect, case.open_minor, facts)
        case = hub.recoveries.step(connection, case, entry)
        hub.crash_point("recovery_noticing")
    if way is not None or note is not None:
        send_messages(hub)
    systems = ["" if each is None else each.system for each in (way, note)]
    return Noticed(case, texts, systems[0], files, systems[1])


def deliveries(hub: Hub, entries: Sequence[RecoveryEntry]) -> dict[str, Mapping[str, Any]]:
    """What has become of each message that a notifier took, by the effect it is.

    ``state`` and ``code`` as the effect has them; ``record`` is what the other side told: ids by which it is found
    there, and where it keeps a record of deliveries, when the person had it.
    """
    notices = [entry for entry in entries if entry.kind is EntryKind.NOTICE]
    keys = [key for entry in notices for key in (entry.evidence, entry.announcement) if key]
    with hub.database.read() as connection:
        effects = hub.effects.by_key(connection, keys)
        told = told_of(connection, keys)
    return {
        key: {"system": effect.system, "state": effect.state.value, "code": effect.code, "record": dict(told[key])}
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
    return letters(case, name or case.number, Sender(run.initiator, run.payer, zone(hub)), day, answer_by, texts)


def _way(hub: Hub, number: str) -> Ways:
    """How the person is reached now: whoever has left has no account and no address here any more."""
    with hub.database.read() as connection:
        newest = hub.people.newest(connection, [number]).get(number)
    if newest is None:
        return Ways({})
    gone = newest.employee.status is EmploymentStatus.DEPARTED
    whom = newest.employee.personal_email if gone else number
    if not whom:
        return Ways({})
    reached = reach(hub, [whom], {MessageForm.LETTER})
    return Ways({number: reached.of[whom]} if whom in reached.of else {}, reached.off)


def _announcing(hub: Hub, number: str) -> Reach | None:
    """How the person is told that there is a letter, where something reaches them that is no letter."""
    return reach(hub, [number], {MessageForm.NOTE}).of.get(number)


@dataclass(frozen=True, slots=True)
class _Said:
    """One message about a case."""

    entity: str
    way: Reach
    subject: str
    text: str


def _lettered(case: RecoveryCase, way: Reach, texts: Sequence[Letter]) -> _Said:
    subject = " · ".join(each.subject for each in texts)
    return _Said(f"recovery/{case.id}/{case.version}", way, subject, _BETWEEN.join(each.text for each in texts))


def _announced(case: RecoveryCase, way: Reach) -> _Said:
    return _Said(f"recovery/{case.id}/{case.version}/note", way, ANNOUNCED, "")


def _plan(hub: Hub, connection: sa.Connection, case: RecoveryCase, said: _Said) -> str:
    """Save a message as an effect, to be sent once; its key."""
    way = said.way
    fields = {
        "person_number": case.number if way.address else way.person.number,
        "person_id": way.person.external_id,
        "address": way.address,
        "subject": said.subject,
        "text": said.text,
        "link": "",
    }
    now = hub.clock.now()
    drafted = Drafted(Intention(way.system, said.entity, HandoverAction.NOTIFY, now, fields), 1, case.id, {})
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
