"""Asking a bank to stop what it has taken and not carried out. What it answers is taken in as any of its answers is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.errors import ApprovalError, ConfigurationError, Fault
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.checking import unknown_run
from baton.hub.payment.letter_files import write_letters
from baton.hub.payment.policies import holders_of
from baton.hub.payment.recovering import today
from baton.jobs.payment.overpayment import REMEDIES, Remedy
from baton.jobs.payment.recall_request import BLANKS, KIND, Request, requests
from baton.jobs.payment.recovery_letters import Letter, templates
from baton.model.effect import EffectState
from baton.model.pay_run import PayFile, PayLine, PayRun
from baton.store.pay_runs import LineChange
from baton.store.runs import Run
from baton.store.trail import Entry, append

RECALL_ASKED: Final = "recall_asked"
"""The code of a line until the bank says something new about it."""
_NAMED: Final = 5
"""So many lines are named in the name of a letter; more are told apart by their digest."""
_INSTEAD: Final[Mapping[Remedy, str]] = {
    Remedy.HOLD: "it has not been released: baton pay check holds it",
    Remedy.RECOVER: "our account is debited: baton pay recover open",
    Remedy.WAIT: "find out first where the money is: baton pay answers",
}


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a bank is asked to stop, by the file it is in."""

    run_id: str
    lines: Sequence[int]
    """Their places in the run."""
    letters: Mapping[str, Sequence[Letter]]
    """Message id of a file -> the letter in every language."""
    files: Sequence[Path] = ()
    """Where they were written."""


def drafted_recall(hub: Hub, run_id: str, places: Sequence[int], person: str, why: str) -> Recalled:
    """The letters as they would be written now; nothing is stored or written."""
    with hub.database.read() as connection:
        _, asked = _asked(hub, connection, run_id, places, person, why)
    return _recalled(hub, run_id, asked)


def recall(hub: Hub, run_id: str, places: Sequence[int], person: str, why: str, folder: Path) -> Recalled:
    """Write the letters to the bank about these lines of a run (by their places) and note who asked, and why.

    Raises `ApprovalError` (codes ``role reason state not_sent letter_exists``) for who holds no office, without a
    reason, where a line is not with the bank (not there yet, or carried out), and where such a letter lies already.
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        head, asked = _asked(hub, connection, run_id, places, person, why)
        lines = [line for request in asked for line in request.lines]
        hub.pay_runs.move_lines(connection, [LineChange(line, line.state, {"code": RECALL_ASKED}) for line in lines])
        hub.runs.decide(connection, head, "recall", person, why)
        recalled = _recalled(hub, run_id, asked)
        digests = sorted(letter.digest for letters in recalled.letters.values() for letter in letters)
        body: dict[str, Json] = {"run": run_id, "lines": [*recalled.lines], "by": person, "letters": [*digests]}
        append(connection, [Entry(kind="pay_recall", at=hub.clock.now(), body=body)])
        recalled = replace(recalled, files=_write(folder, recalled))
        hub.crash_point("recalling")
    hub.crash_point("recalled")
    return recalled


def _asked(
    hub: Hub, connection: sa.Connection, run_id: str, places: Sequence[int], person: str, why: str
) -> tuple[Run, list[Request]]:
    """The run's head, and what is asked for by file."""
    if not holders_of(hub).get(person):
        raise ApprovalError(
            f"{person} holds no office in payments", code="role", remedy="see payments.roles in systems.yaml"
        )
    if not why.strip():
        raise ApprovalError("the bank, and the audit log, want a reason", code="reason", remedy="give --why")
    head, run = hub.runs.get(connection, run_id), hub.pay_runs.get(connection, run_id)
    if head is None or run is None:
        raise unknown_run(hub, connection, run_id)
    lines = {line.line: line for line in hub.pay_runs.lines(connection, run_id) if line.line in set(places)}
    faults = [
        Fault("--line", "unknown_line", f"{run_id} has no line {place}") for place in places if place not in lines
    ]
    if faults or not lines:
        raise ConfigurationError(faults or [Fault("--line", "nothing", "no line is named")])
    for line in lines.values():
        _require_with_bank(line)
    of_file: dict[str, list[PayLine]] = {}
    for line in lines.values():
        of_file.setdefault(line.message_id, []).append(line)
    files = {file.message_id: file for file in hub.pay_runs.files(connection, run_id)}
    _require_sent(hub, connection, run, [files[message] for message in of_file])
    return head, [
        Request(run, files[message], theirs, why.strip(), person, today(hub)) for message, theirs in of_file.items()
    ]


def _require_with_bank(line: PayLine) -> None:
    remedy = REMEDIES.get(line.state)
    if remedy is not Remedy.RECALL:
        instead = "no money is under way" if remedy is None else _INSTEAD[remedy]
        message = f"line {line.line} is {line.state}: there is nothing that the bank could stop"
        raise ApprovalError(message, code="state", remedy=instead)


def _require_sent(hub: Hub, connection: sa.Connection, run: PayRun, files: Sequence[PayFile]) -> None:
    """A file that has surely not left is taken back, which nobody has to be asked for."""
    effects = hub.effects.by_key(connection, [file.effect_key for file in files])
    for file in files:
        effect = effects.get(file.effect_key)
        if effect is not None and effect.state is EffectState.PLANNED and not effect.attempts:
            raise ApprovalError(
                f"{file.name} has not left yet", code="not_sent", remedy=f"baton pay withdraw {run.run_id}"
            )


def _recalled(hub: Hub, run_id: str, asked: Sequence[Request]) -> Recalled:
    texts = templates(hub.settings.payments.letters, KIND, BLANKS)
    places = sorted(line.line for request in asked for line in request.lines)
    return Recalled(run_id, places, {request.file.message_id: requests(request, texts) for request in asked})


def _write(folder: Path, recalled: Recalled) -> list[Path]:
    """Named for the file and the lines: each asks for others."""
    named = "-".join(map(str, recalled.lines[:_NAMED]))
    if len(recalled.lines) > _NAMED:
        all_of_them = hashlib.sha256(",".join(map(str, recalled.lines)).encode()).hexdigest()
        named += f"-and-{len(recalled.lines) - _NAMED}-more-{all_of_them[:8]}"
    letters = {f"recall-{message}-{named}": letters for message, letters in recalled.letters.items()}
    return write_letters(folder, letters)
