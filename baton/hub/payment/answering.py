"""Taking in what banks say: each file once, kept as it was said, and every line moved to where that puts it."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from itertools import count
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from baton.banking.reading.amounts import from_major
from baton.banking.reading.answers import read_answers
from baton.banking.reading.leniency import Leniency, Strict, Tolerant
from baton.banking.reading.statement import ReadStatement, read_statements
from baton.banking.refused import BankFileRefusedError
from baton.contracts.payments import AnswerFile, AnswerKind, PaymentChannel
from baton.errors import BatonError, ConfigurationError, ConnectorError, Fault, TransitionError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.answer_forms import Places, answer_forms, names_by_place
from baton.hub.payment.bookings import REFUSED, entry_event, expectations, finding_event, head_event
from baton.hub.payment.delivering import channel_of
from baton.hub.payment.out_again import out_again
from baton.hub.payment.taken_after_all import taken_after_all
from baton.jobs.payment.line_states import LineEvent, Reported, alarming, event_of_entry, settled
from baton.jobs.payment.matching import MatchKind, named_alone
from baton.model.bank_answers import BankAnswer, StatementEntry
from baton.model.pay_run import LineState, PayFile, PayLine
from baton.store import passes
from baton.store.bank_answers import BankEvent, BankFile
from baton.store.pay_runs import LineChange

ANSWERS: Final = "answers"
"""Under which it is noted, by bank, that everything it had to say was read."""


@dataclass
class Taken:
    """What was taken in at one bank."""

    files: int = 0
    moved: Counter[str] = field(default_factory=Counter)
    """How many lines went to which state."""
    alarms: list[str] = field(default_factory=list)
    """What somebody has to look at at once: ids and kinds, never names or amounts."""
    refused: dict[str, str] = field(default_factory=dict)
    """Files that cannot be read: name -> why. They are looked at again the next time."""
    warnings: int = 0
    """Faults of form that were put up with."""
    halted: BatonError | None = None
    """What kept the rest from being read, after all before it was taken in; it is asked for the next time."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One file, understood."""

    events: Iterable[BankEvent]
    """Made while they are kept, so once only: of 100,000 bookings they would take more memory than all the rest."""
    count: int
    lines: Mapping[tuple[str, str], Sequence[LineEvent]]
    """Reference, and the file that is spoken of (empty where none is named) -> what happened to the line, in order."""
    alarms: Sequence[str] = ()
    amounts: Mapping[str, Collection[tuple[int, str]]] = field(default_factory=dict, repr=False)
    """Reference -> what the bank says the line's amount and currency are, where it does."""
    by_place: bool = False
    """Whether the bank names lines by where they stand in the file."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """Of the lines that a file speaks of, those that have failed: by what it tells, or before."""

    returned: Sequence[PayLine]
    """Those that it tells are paid, and that have come back."""
    refused: Sequence[PayLine]
    """Or stopped."""


def take_answers(hub: Hub, system: str) -> Taken:
    """Read every new file of one bank, and again what it lists otherwise than before: that may be another file by now.

    A file that cannot be read keeps no other from being read.

    Nor does what the connector raises in the end (a file that nobody has signed lies there; the line is down) take away
    what was told until then: that is told this one time only.
    """
    taken = Taken()
    channel = channel_of(hub, system)
    with hub.database.read() as connection:
        known = hub.bank_answers.known(connection, system)
        before = hub.bank_answers.marks(connection, system)
    marks = _marks(channel)
    changed = {name for name, mark in before.items() if marks.get(name, mark) != mark}
    try:
        for answer in channel.answers(known - changed):
            try:
                _take(hub, system, answer, marks.get(answer.name, ""), taken)
            except (BankFileRefusedError, ConfigurationError) as error:  # the second: its profile has gone
                taken.refused[answer.name] = str(error)
    except ConnectorError as error:
        taken.halted = error
    else:
        with hub.database.write() as connection:
            passes.note(connection, ANSWERS, hub.clock.now(), about=system)
    return taken


def _marks(channel: PaymentChannel) -> Mapping[str, str]:
    try:
        return channel.marks()
    except ConnectorError:
        return {}  # what is wrong there is told by reading the answers


def _require_same(hub: Hub, connection: sa.Connection, system: str, known: BankFile) -> None:
    """A file whose name is known, looked at again; `BankFileRefusedError` when it is another one by now.

    Neither moves anything: what the bank has said under this name stays what was taken in.
    """
    if hub.bank_answers.digests(connection, system)[known.name] != known.digest:
        words = "is another file by now than the one that was read under this name: ask the bank which of them holds"
        raise BankFileRefusedError(Fault(known.name, "changed_file", words))
    if known.mark:
        hub.bank_answers.mark(connection, system, known.name, known.mark)


def _take(hub: Hub, system: str, answer: AnswerFile, mark: str, taken: Taken) -> None:
    now, leniency = hub.clock.now(), _leniency(hub, system)
    digest = hashlib.sha256(answer.content).hexdigest()
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        file = BankFile(system, answer.name, answer.kind.value, digest, now, mark=mark)
        if answer.name in hub.bank_answers.known(connection, system):
            _require_same(hub, connection, system, file)
            return
        reading = _statement if answer.kind is AnswerKind.STATEMENT else _report
        told = reading(hub, connection, system, answer, leniency)
        counts = {"events": told.count, "warnings": len(leniency.warnings)}
        failed = _move(hub, connection, system, answer.name, told, taken)
        before = _taken_back(hub, connection, failed)
        hub.bank_answers.take(connection, replace(file, counts=counts), told.events)
        news = sorted(_taken_back(hub, connection, failed) - before)
        hub.crash_point("answer_taking")
    hub.crash_point("answer_taken")
    taken.files += 1
    taken.warnings += len(leniency.warnings)
    taken.alarms += [f"{finding.rule} {finding.place}" for finding in leniency.findings]
    taken.alarms += told.alarms
    taken.alarms += news


def _taken_back(hub: Hub, connection: sa.Connection, failed: _Failed) -> set[str]:
    """What the bank has taken back of its own words by which these lines failed: as alarms."""
    out = out_again(hub, connection, failed.returned)
    after_all = taken_after_all(hub, connection, failed.refused)
    return {f"out_again {each}" for each in out} | {f"taken_after_all {each}" for each in after_all}


def _leniency(hub: Hub, system: str) -> Leniency:
    """As the settings say of this bank; a bank that they no longer name may still have something to say."""
    bank = hub.settings.payments.banks.get(system)
    return Strict() if bank is not None and bank.reading == "strict" else Tolerant()


def _move(hub: Hub, connection: sa.Connection, system: str, name: str, told: _Told, taken: Taken) -> _Failed:
    """Bring every line to where the file puts it; those among them that have failed, by then or before."""
    here = hub.pay_runs.ids(connection, system)  # what it says of another bank's lines moves none of them
    lines = hub.pay_runs.by_reference(connection, list(dict.fromkeys(reference for reference, _ in told.lines)))
    others = _of_other_amounts(lines, told, name)
    taken.alarms += [f"other_amount {reference}" for reference in sorted(others)]
    of_lines: dict[str, list[LineEvent]] = {}
    for (reference, message_id), events in told.lines.items():
        line = lines.get(reference)
        if reference in others:
            continue
        if line is None or line.run_id not in here:
            taken.alarms.append(f"unknown_line {reference}")
        elif message_id in ("", line.message_id):
            of_lines.setdefault(reference, []).extend(events)
        else:
            # A line that was taken back has the same reference in its next file: what is said of the first file is not
            # said of the second, and moves nothing. That the bank knows it at all may be news (after a restore).
            taken.alarms.append(f"{'unknown_line' if _settled(line, events) else 'never_sent'} {reference}")
    found = [_change(lines[reference], events, taken) for reference, events in of_lines.items()]
    changes = [change for change in found if change is not None]
    hub.pay_runs.move_lines(connection, changes)
    taken.moved.update(change.state.value for change in changes)
    after = [(lines[reference], events, _settled(lines[reference], events)) for reference, events in of_lines.items()]
    return _Failed(
        returned=[line for line, events, state in after if LineEvent.PAID in events and state is LineState.RETURNED],
        refused=[line for line, _, state in after if state in REFUSED],
    )


def _of_other_amounts(lines: Mapping[str, PayLine], told: _Told, name: str) -> set[str]:
    """The lines of which the bank tells another amount or currency: what it says is of some other payment.

    `BankFileRefusedError` where it names lines by their place: it counts otherwise than we do, so what it says of the
    others need not be of them either, though two people may be owed the same.
    """
    known = {reference: (line.payable.amount_minor, line.payable.currency) for reference, line in lines.items()}
    found = {
        reference
        for reference, amounts in told.amounts.items()
        if reference in known and any(each != known[reference] for each in amounts)
    }
    if found and told.by_place:
        words = f"tells other amounts of {len(found)} lines than those at these places of our file have"
        raise BankFileRefusedError(Fault(name, "other_amount", words))
    return found


def _settled(line: PayLine, events: Sequence[LineEvent]) -> LineState | None:
    """Where these leave a line; None for one that never left here: of that a bank can say nothing."""
    try:
        return settled(line.state, events)
    except TransitionError:
        return None


def _change(line: PayLine, events: Sequence[LineEvent], taken: Taken) -> LineChange | None:
    after = _settled(line, events)
    if after is None:
        # The bank knows it all the same: nothing is moved, and somebody is told.
        taken.alarms.append(f"never_sent {line.reference}")
        return None
    if alarming(line.state, after):
        taken.alarms.append(f"{after.value} {line.reference}")
    # What the code said was of the state before: that a recall was asked for, above all.
    return None if after is line.state else LineChange(line, after, {"code": ""})


# --- reports


def _report(hub: Hub, connection: sa.Connection, system: str, answer: AnswerFile, leniency: Leniency) -> _Told:
    answers, by_place = _read(hub, connection, system, answer, leniency)
    events = (
        _answer_event(system, answer.name, place, said, _instant(hub, said.reported))
        for place, said in enumerate(answers, start=1)
    )
    by_order: dict[str, Reported] = {}
    amounts: dict[str, set[tuple[int, str]]] = {}
    for said in answers:
        by_order.setdefault(said.message_id, Reported()).add(said)
        if said.amount_minor is not None and said.reference:
            amounts.setdefault(said.reference, set()).add((said.amount_minor, said.currency))
    totals = [said for said in answers if said.told_count or said.told_sum]
    lines: dict[tuple[str, str], Sequence[LineEvent]] = {}
    alarms = []
    here = hub.pay_runs.ids(connection, system)
    for message_id, reported in by_order.items():
        file = hub.pay_runs.file(connection, message_id) if message_id else None
        if file is not None and file.run_id in here:
            for key in hub.pay_runs.keys_of_file(connection, message_id):
                lines[key.reference, message_id] = reported.events(key.reference, message_id)
            told = (said for said in totals if said.message_id == message_id)
            if any(_other_totals(hub, connection, file, said) for said in told):
                alarms.append(f"other_totals {message_id}")
            # The one batch of a file has the file's own id: of another one nothing is said about any line.
            alarms += [f"unknown_batch {name}" for name in sorted(set(reported.batches) - {message_id, ""})]
        elif message_id:
            alarms.append(f"unknown_order {message_id}")
        for reference in reported.lines:
            lines[reference, message_id] = reported.events(reference, message_id)
    return _Told(events, len(answers), lines, alarms, amounts, by_place)


def _other_totals(hub: Hub, connection: sa.Connection, file: PayFile, said: BankAnswer) -> bool:
    """Whether the bank says of a file that it had another number of lines, or another sum, than it was sent."""
    if said.told_count and said.told_count.lstrip("0") != str(file.count):
        return True
    run = hub.pay_runs.get(connection, file.run_id) if said.told_sum else None
    if run is None:
        return False
    try:
        return from_major(said.told_sum, run.currency) != file.total_minor
    except ValueError:
        return True  # no sum of that currency


def _read(
    hub: Hub, connection: sa.Connection, system: str, answer: AnswerFile, leniency: Leniency
) -> tuple[list[BankAnswer], bool]:
    """In the form of a profile that files to this bank were written by, the newest first; and if it counts places.

    `BankFileRefusedError`, with what the newest has against it, when it is in the form of none.
    """
    refused = None
    for form in answer_forms(hub, connection, system):
        stream, places = io.BytesIO(answer.content), Places(hub, connection)
        try:
            return list(read_answers(stream, answer.name, form, places, leniency)), names_by_place(form)
        except BankFileRefusedError as error:
            refused = refused or error
    raise refused or BankFileRefusedError(Fault(answer.name, "no_form", "nothing was ever sent to this bank"))


def _instant(hub: Hub, told: datetime | None) -> datetime:
    """When something was said: now where the bank does not say, local time here where it names no zone."""
    if told is None:
        return hub.clock.now()
    return told if told.tzinfo is not None else told.replace(tzinfo=ZoneInfo(hub.settings.hub.time_zone))


def _answer_event(system: str, name: str, place: int, said: BankAnswer, at: datetime) -> BankEvent:
    reasons = [
        {"code": each.code, "kind": each.kind.value, "text": each.text, "piece": each.piece} for each in said.reasons
    ]
    return BankEvent(
        system=system,
        name=name,
        position=place,
        message_id=said.message_id,
        reference=said.reference,
        kind=said.level.value,
        state=said.state.value,
        code=said.reasons[0].code if said.reasons else "",
        at=at,
        facts={
            "raw": said.raw_state,
            "batch": said.batch_id,
            "amount": said.amount_minor,
            "currency": said.currency,
            "reasons": reasons,
        },
    )


# --- statements


def _statement(hub: Hub, connection: sa.Connection, system: str, answer: AnswerFile, leniency: Leniency) -> _Told:
    stream = io.BytesIO(answer.content)
    read = [(each, list(each.entries)) for each in read_statements(stream, answer.name, leniency)]
    expected = expectations(hub, connection, system, (entry for _, entries in read for entry in entries))
    about: list[str] = []
    """Of each booking, the reference of the one line that it is about; empty for any other."""
    lines: dict[tuple[str, str], tuple[LineEvent, ...]] = {}
    alarms: list[str] = []
    for statement, entries in read:
        for entry in entries:
            match = expected.match(statement.head.account, entry)
            about.append(match.references[0] if match.kind is MatchKind.LINE else named_alone(match))
            what = event_of_entry(entry)
            if match.kind in (MatchKind.LINE, MatchKind.BATCH) and what is not None:
                for each in match.references:
                    lines[each, ""] = (*lines.get((each, ""), ()), what)
            elif match.kind not in (MatchKind.LINE, MatchKind.BATCH, MatchKind.UNRELATED):
                alarms.append(f"{match.kind.value} {entry.entry_id}")
    events = _statement_events(system, answer, read, about, leniency, hub.clock.now())
    return _Told(events, len(read) + len(about) + sum(1 for _ in leniency.findings), lines, alarms)


def _statement_events(
    system: str,
    answer: AnswerFile,
    read: Sequence[tuple[ReadStatement, Sequence[StatementEntry]]],
    about: Sequence[str],
    leniency: Leniency,
    now: datetime,
) -> Iterator[BankEvent]:
    """Each head, its bookings, and in the end what the reader has found in the file."""
    digest = hashlib.sha256(answer.content).hexdigest()
    place, references = count(1), iter(about)
    for statement, entries in read:
        yield head_event(system, answer.name, next(place), statement, digest, now)
        for entry in entries:
            at = datetime.combine(entry.booked, time.min, UTC)
            yield entry_event(system, answer.name, next(place), entry, next(references), at)
    for finding in leniency.findings:
        yield finding_event(system, answer.name, next(place), finding, now)
