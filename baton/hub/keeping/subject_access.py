"""Everything the hub holds about one person, and who got what of it and when: a person may ask for that.

The answer is a document and two tables. It is as personal as anything can be: whoever makes it is in the audit log, and
what they do with the files is theirs to answer for.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.errors import ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.offboarding.closing import lines_of
from baton.hub.payment.bookings import ENTRY
from baton.model.effect import Effect
from baton.model.pay_run import PayLine
from baton.store.bank_answers import BankEvent
from baton.store.messages import about_handovers_of, may_be_to
from baton.store.tables import effects, pay_lines
from baton.store.trail import Entry, append

DATA_COLUMNS: Final = ("area", "record", "at", "field", "value")
RECIPIENT_COLUMNS: Final = ("at", "system", "what", "state", "fields", "to")
_CASE_FIELDS: Final = ("id", "state", "cause", "department", "manager", "name")
_NOT_IN_HERE: Final = (
    "the links in messages to you (they let in whoever holds them; when each was made and ended stands under links)",
    "files put to handovers, and the certificates of handovers (sealed files; the page of each case gives them out)",
    "payment files (encrypted for the bank: what is in them about you stands under payments)",
    "copies of migrated records (sealed files, deleted when each run's retention ends)",
    "entries of the audit log (ids, digests, states, and who decided what for what reason, as they typed it)",
    "what the systems named as recipients hold themselves: ask them",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is handed to the person. ``sections`` are by area; every value is JSON."""

    number: str
    made_at: datetime
    sections: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def document(self) -> Mapping[str, Any]:
        """All of it, as one JSON object."""
        return {
            "number": self.number,
            "made_at": self.made_at.isoformat(),
            **self.sections,
            "not_in_here": list(_NOT_IN_HERE),
        }

    def data_rows(self) -> Iterator[Sequence[object]]:
        """One row per value, with `DATA_COLUMNS`."""
        for area, records in self.sections.items():
            if area == "recipients":
                continue
            for place, record in enumerate(records, start=1):
                at = record.get("at", "")
                yield from ((area, place, at, name, _cell(value)) for name, value in record.items() if name != "at")

    def recipient_rows(self) -> Iterator[Sequence[object]]:
        """One row per write that was planned for a system, and per message about them, with `RECIPIENT_COLUMNS`."""
        for each in self.sections["recipients"]:
            cells = {**each, "fields": ", ".join(each["fields"])}
            yield [cells.get(column, "") for column in RECIPIENT_COLUMNS]


def answer(hub: Hub, number: str, person: str) -> Answer:
    """Collect it, and note who did. `ConfigurationError` when the hub holds nothing about that number."""
    with hub.database.read() as connection:
        sections = _Collecting(hub, connection, number).sections()
    if not any(sections.values()):
        raise ConfigurationError([Fault("NUMBER", "unknown_person", f"nothing is held about {number[:40]!r}")])
    now = hub.clock.now()
    counts = sum(len(records) for records in sections.values())
    with hub.database.write() as connection:
        body: dict[str, Json] = {"number": number, "by": person, "records": counts}
        append(connection, [Entry(kind="subject_access", at=now, body=body)])
    return Answer(number, now, sections)


class _Collecting:
    """One collection, from one view of the database."""

    def __init__(self, hub: Hub, connection: sa.Connection, number: str) -> None:
        self.hub = hub
        self.connection = connection
        self.number = number

    def sections(self) -> dict[str, list[Mapping[str, Any]]]:
        """Area -> records. Each area names the tables it reads in `AREAS`."""
        return {
            "employee": self._employee(),
            "accounts": self._accounts(),
            "recipients": self._recipients(),
            "messages": self._messages(),
            "handovers": self._handovers(),
            "items": self._items(),
            "statements": self._statements(),
            "alerts": self._alerts(),
            "tenures": self._tenures(),
            "links": self._links(),
            "payments": self._payments(),
            "bank_answers": self._bank_answers(),
            "recoveries": self._recoveries(),
            "settlements": self._settlements(),
            "commission": self._commission(),
            "erasures": self._erasures(),
        }

    def _employee(self) -> list[Mapping[str, Any]]:
        recorded = self.hub.people.versions(self.connection, [self.number]).get(self.number, [])
        return [
            {"at": each.recorded_at.isoformat(), "version": each.version, **_plain(dataclasses.asdict(each.employee))}
            for each in recorded
        ]

    def _accounts(self) -> list[Mapping[str, Any]]:
        return [
            {"system": link.system, "external_id": link.external_id, "state": link.state.value}
            for link in self.hub.links.of_person(self.connection, self.number)
        ]

    def _effects(self) -> list[Effect]:
        return self.hub.effects.read(self.connection, effects.c.number == self.number)

    def _recipients(self) -> list[Mapping[str, Any]]:
        wrote = [
            {
                "at": self._touched(effect).isoformat(),
                "system": effect.system,
                "what": effect.action.value,
                "state": effect.state.value,
                "fields": sorted({*effect.fields, *effect.references}),
                "values": _plain({**effect.fields, **effect.references}),
            }
            for effect in self._effects()
        ]
        paid = [
            {
                "at": line.changed_at.isoformat() if line.changed_at else "",
                "system": self._bank_of(line),
                "what": "payment",
                "state": line.state.value,
                "fields": ["account", "amount", "bank", "holder", "remark"],
            }
            for line in self._lines()
        ]
        return [*wrote, *self._said_to_others(), *paid]

    def _said_to_others(self) -> list[Mapping[str, Any]]:
        """Messages about their handovers, without the words: those are about others too, and hold others' links."""
        return [
            {
                "at": self._touched(effect).isoformat(),
                "system": effect.system,
                "what": effect.action.value,
                "state": effect.state.value,
                "fields": sorted(effect.fields),
                "to": effect.fields.get("person_number", ""),
            }
            for effect in self.hub.effects.read(self.connection, about_handovers_of(self.number))
            if effect.fields.get("person_number") != self.number
        ]

    def _touched(self, effect: Effect) -> datetime:
        query = sa.select(effects.c.updated_at).where(effects.c.id == effect.id)
        moment: datetime = self.connection.execute(query).scalar_one()
        return moment

    def _bank_of(self, line: PayLine) -> str:
        run = self.hub.pay_runs.get(self.connection, line.run_id)
        return "" if run is None else run.system

    def _messages(self) -> list[Mapping[str, Any]]:
        """Messages to them. Of a link only that there was one: it may still let in whoever comes to hold the copy."""
        return [
            {
                "system": each.system,
                "state": each.state.value,
                **_plain({name: value for name, value in each.fields.items() if name != "link"}),
                "with_link": bool(each.fields.get("link")),
            }
            for each in self.hub.effects.read(self.connection, may_be_to(self.number))
            if each.fields.get("person_number") == self.number
        ]

    def _handovers(self) -> list[Mapping[str, Any]]:
        return [
            {
                "at": case.opened_at.isoformat(),
                **_plain({name: getattr(case, name) for name in _CASE_FIELDS}),
            }
            for case in self.hub.cases.of_person(self.connection, self.number)
        ]

    def _items(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for case in self.hub.cases.of_person(self.connection, self.number):
            for item in self.hub.cases.items(self.connection, case.id):
                for version, at, holding in self.hub.cases.versions(self.connection, case.id, item.id):
                    facts = {"case": case.id, "item": item.id, "version": version, "system": item.system}
                    content = {"title": holding.title, "amount": holding.amount, **dict(holding.facts)}
                    found.append({"at": at.isoformat(), **facts, **_plain(content)})
        return found

    def _statements(self) -> list[Mapping[str, Any]]:
        return [
            {"at": said.at.isoformat(), "case": said.case_id, **_plain({"act": said.act, "text": said.text})}
            for said in self.hub.cases.said_by_or_about(self.connection, self.number)
        ]

    def _alerts(self) -> list[Mapping[str, Any]]:
        return [
            {"at": alert.at.isoformat(), **_plain({"rule": alert.rule, "system": alert.system, "text": alert.text})}
            for case in self.hub.cases.of_person(self.connection, self.number)
            for alert in self.hub.alerts.of(self.connection, case.id)
        ]

    def _tenures(self) -> list[Mapping[str, Any]]:
        """What they held from when to when, as far as handovers have shown it."""
        return [
            {
                "at": held.since.isoformat(),
                "until": None if held.until is None else held.until.isoformat(),
                "system": held.system,
                "kind": held.ref.kind.value,
                "id": held.ref.external_id,
                "about": held.about,
                "case": held.case_id,
            }
            for held in self.hub.tenures.of(self.connection, holder=self.number)
        ]

    def _links(self) -> list[Mapping[str, Any]]:
        """Their ways into handovers. What opens one is not kept, and so cannot be told."""
        moments = ("expires_at", "revoked_at", "used_at")
        return [
            {
                "at": link.made_at.isoformat(),
                "case": link.case_id,
                "role": link.role.value,
                "made_by": link.made_by,
                **{name: None if (at := getattr(link, name)) is None else at.isoformat() for name in moments},
            }
            for link in self.hub.personal_links.of_person(self.connection, self.number)
        ]

    def _lines(self) -> list[PayLine]:
        return self.hub.pay_runs.of_person(self.connection, self.number)

    def _payments(self) -> list[Mapping[str, Any]]:
        return [
            {
                "at": line.changed_at.isoformat() if line.changed_at else "",
                "run": line.run_id,
                "state": line.state.value,
                "period": line.payable.key.period,
                "component": line.payable.key.component.value,
                "amount_minor": line.payable.amount_minor,
                "currency": line.payable.currency,
                "remark": line.payable.remark,
                **{
                    name: getattr(line.payable.payee, name)
                    for name in ("holder", "account", "bank_code", "bank_name", "town")
                },
            }
            for line in self._lines()
        ]

    def _bank_answers(self) -> list[Mapping[str, Any]]:
        lines = self._lines()
        said = self.hub.bank_answers.of_lines(self.connection, [line.reference for line in lines])
        events = [*itertools.chain.from_iterable(said.values()), *self._bookings_of_no_line(lines)]
        return [
            {"at": event.at.isoformat(), "system": event.system, "state": event.state, **_plain(event.facts)}
            for event in events
        ]

    def _bookings_of_no_line(self, lines: Sequence[PayLine]) -> Iterator[BankEvent]:
        """Bookings that name several lines, one of them theirs, or none, and show their name and an amount of theirs.

        An erasure goes by the name alone: a namesake's booking may be emptied, and must not be handed out.
        """
        if not lines:
            return
        shows = self.hub.kept_records.shows(self.connection, pay_lines.c.number == self.number)
        references = {line.reference for line in lines}
        amounts = {(line.payable.amount_minor, line.payable.currency) for line in lines}
        for event in self.hub.bank_answers.of_no_line(self.connection, ENTRY):
            named = references.intersection(event.facts["references"])
            theirs = (event.facts["amount_minor"], event.facts["currency"]) in amounts
            if named or (theirs and shows(event.facts)):
                told = {**event.facts, "references": sorted(named)}
                if len(event.facts["references"]) > len(named):  # of others as well: what the bank wrote may name them
                    told |= {"counterparty": "", "returned": None}
                yield dataclasses.replace(event, facts=told)

    def _recoveries(self) -> list[Mapping[str, Any]]:
        return [
            {
                "at": entry.at.isoformat(),
                "case": case.id,
                "what": entry.kind.value,
                "state": entry.state.value,
                "amount_minor": entry.amount_minor,
                "claimed_minor": sum(line.amount_minor for line in case.lines),
                **_plain(entry.facts),
            }
            for case in self.hub.recoveries.listed(self.connection, number=self.number)
            for entry in self.hub.recoveries.entries(self.connection, case.id)
        ]

    def _settlements(self) -> list[Mapping[str, Any]]:
        return [
            {
                "at": each.prepared_at.isoformat(),
                "settlement": each.id,
                "state": each.state.value,
                "case": _plain(each.case),
                "result": _plain(each.result),
            }
            for each in self.hub.settlements.listed(self.connection, self.number)
        ]

    def _commission(self) -> list[Mapping[str, Any]]:
        """Their lines of the months that are closed: these lie in a file beside the tables."""
        return [
            {
                "book": book,
                **{name: value for name, value in _plain(dataclasses.asdict(line)).items() if name != "person"},
            }
            for book, line in lines_of(self.hub, self.number)
        ]

    def _erasures(self) -> list[Mapping[str, Any]]:
        return [
            {
                "at": each.asked_at.isoformat(),
                "why": each.why,
                "erased_at": _plain(each.erased_at),
                "kept": _plain(each.kept),
            }
            for each in self.hub.erasures.all(self.connection)
            if each.number == self.number
        ]


AREAS: Final[Mapping[str, str]] = {
    "person_versions": "employee",
    "effects": "recipients",
    "cases": "handovers",
    "case_items": "items",
    "item_versions": "items",
    "statements": "statements",
    "alerts": "alerts",
    "pay_lines": "payments",
    "bank_events": "bank_answers",
    "recovery_cases": "recoveries",
    "recovery_entries": "recoveries",
    "settlements": "settlements",
}
"""Table with personal data -> the section it is told in. A test compares this with the schema."""


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if each not in (None, "")}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
