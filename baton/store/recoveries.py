"""Recovery cases and their ledgers. Entries are added, never changed; the same money counts once, whoever brings it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.errors import TransitionError
from baton.model.pay_run import LineState
from baton.model.people import EmploymentStatus
from baton.model.recovery import (
    ClaimedLine,
    EntryKind,
    Instalment,
    RecoveryCase,
    RecoveryEntry,
    RecoveryState,
    Way,
)
from baton.store.effects import chunked
from baton.store.personal import Keyring
from baton.store.tables import pay_lines, people, recovery_cases, recovery_claims, recovery_entries
from baton.store.trail import Entry, append

_COLUMNS = ("id", "number", "reference", "currency", "opened_by", "opened_at", "version")
_CLAIMS = tuple(state.value for state in RecoveryState if state is not RecoveryState.WITHDRAWN)


class RecoveryStore:
    """Reads and writes recovery cases, inside the caller's transaction."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
        self.clock = clock

    # --- cases

    def insert(self, connection: sa.Connection, case: RecoveryCase, opened: RecoveryEntry) -> None:
        """Save a new case with the first entry of its ledger."""
        values = {name: getattr(case, name) for name in _COLUMNS}
        values |= {"state": case.state.value, "changed_at": case.opened_at, "sealed": self._seal_case(case)}
        connection.execute(sa.insert(recovery_cases).values(**values))
        references = sorted({line.reference for line in case.lines})
        connection.execute(sa.insert(recovery_claims), [{"case_id": case.id, "reference": each} for each in references])
        self._add(connection, case, replace(opened, place=1))

    def locked(self, connection: sa.Connection, case_id: str) -> RecoveryCase | None:
        """One case, for this transaction alone; None when there is none."""
        query = sa.select(recovery_cases).where(recovery_cases.c.id == case_id).with_for_update()
        row = connection.execute(query).first()
        return None if row is None else self._case(row)

    def get(self, connection: sa.Connection, case_id: str) -> RecoveryCase | None:
        """One case, or None."""
        row = connection.execute(sa.select(recovery_cases).where(recovery_cases.c.id == case_id)).first()
        return None if row is None else self._case(row)

    def listed(
        self, connection: sa.Connection, states: Iterable[RecoveryState] = tuple(RecoveryState), number: str = ""
    ) -> list[RecoveryCase]:
        """The cases in these states (of one person), oldest first."""
        query = sa.select(recovery_cases).where(recovery_cases.c.state.in_([state.value for state in states]))
        if number:
            query = query.where(recovery_cases.c.number == number)
        return [
            self._case(row)
            for row in connection.execute(query.order_by(recovery_cases.c.opened_at, recovery_cases.c.id))
        ]

    def claimed(self, connection: sa.Connection, references: Sequence[str]) -> Counter[str]:
        """What cases claim of these payments, in minor units; those that were withdrawn claim nothing."""
        found: Counter[str] = Counter()
        for chunk in chunked(list(references)):
            claiming = sa.select(recovery_claims.c.case_id).where(recovery_claims.c.reference.in_(chunk))
            query = sa.select(recovery_cases).where(
                recovery_cases.c.id.in_(claiming), recovery_cases.c.state.in_(_CLAIMS)
            )
            wanted = set(chunk)
            for row in connection.execute(query):
                for line in self._case(row).lines:
                    if line.reference in wanted:
                        found[line.reference] += line.amount_minor
        return found

    def of_lines(self, connection: sa.Connection, references: Sequence[str]) -> list[RecoveryCase]:
        """The cases that claim or have claimed of these payments, whatever became of them, each once."""
        found: dict[str, RecoveryCase] = {}
        for chunk in chunked(list(references)):
            claiming = sa.select(recovery_claims.c.case_id).where(recovery_claims.c.reference.in_(chunk))
            rows = connection.execute(sa.select(recovery_cases).where(recovery_cases.c.id.in_(claiming)))
            found |= {row.id: self._case(row) for row in rows}
        return list(found.values())

    def step(self, connection: sa.Connection, case: RecoveryCase, entry: RecoveryEntry, **changes: Any) -> RecoveryCase:
        """Bring a case to where an entry says it stands, and add the entry to its ledger.

        `TransitionError` when the case has changed meanwhile, or when the money in the entry is taken in already.
        """
        moved = replace(case, state=entry.state, changed_at=entry.at, version=case.version + 1, **changes)
        updated = connection.execute(
            sa.update(recovery_cases)
            .where(recovery_cases.c.id == case.id, recovery_cases.c.version == case.version)
            .values(state=moved.state.value, changed_at=entry.at, version=moved.version, sealed=self._seal_case(moved))
        )
        if updated.rowcount != 1:
            raise TransitionError(f"{case.id} has changed meanwhile", code="changed")
        count = sa.select(sa.func.count()).where(recovery_entries.c.case_id == case.id)
        place = connection.execute(count).scalar_one() + 1
        self._add(connection, moved, replace(entry, place=place), before=case.state)
        return moved

    # --- ledgers

    def entries(self, connection: sa.Connection, case_id: str) -> list[RecoveryEntry]:
        """The ledger of a case, in its order."""
        query = sa.select(recovery_entries).where(recovery_entries.c.case_id == case_id)
        return [self._entry(row) for row in connection.execute(query.order_by(recovery_entries.c.place))]

    def taken_in(self, connection: sa.Connection, evidence: Sequence[str]) -> set[str]:
        """Those of these proofs whose money is in a ledger already."""
        found: set[str] = set()
        for chunk in chunked(list(evidence)):
            query = sa.select(recovery_entries.c.money).where(recovery_entries.c.money.in_(chunk))
            found.update(connection.execute(query).scalars())
        return found

    def currencies(self, connection: sa.Connection, evidence: Sequence[str]) -> dict[str, str]:
        """The currency of each of these proofs whose money is in a ledger: that of the case it was taken in to."""
        found: dict[str, str] = {}
        for chunk in chunked(list(evidence)):
            query = (
                sa.select(recovery_entries.c.money, recovery_cases.c.currency)
                .join(recovery_cases, recovery_cases.c.id == recovery_entries.c.case_id)
                .where(recovery_entries.c.money.in_(chunk))
            )
            found.update((row.money, row.currency) for row in connection.execute(query))
        return found

    # --- who is looked at

    def candidates(self, connection: sa.Connection, since_period: str) -> list[str]:
        """Whom something was or is to be paid for a month since then, and whom HR knows as no plain employee.

        Whoever leaves, has left, came back or has not begun; and whoever had a final settlement.
        """
        statuses = (
            *(EmploymentStatus.NOTICE, EmploymentStatus.DEPARTED),
            *(EmploymentStatus.REHIRED, EmploymentStatus.PENDING_HIRE),
        )
        idle = [state.value for state in LineState if not state.claims]
        query = (
            sa.select(pay_lines.c.number)
            .join(people, people.c.number == pay_lines.c.number)
            .where(pay_lines.c.period >= since_period, pay_lines.c.state.not_in(idle))
            .where(
                sa.or_(
                    people.c.status.in_([status.value for status in statuses]),
                    pay_lines.c.component == "final_settlement",
                )
            )
            .distinct()
        )
        return sorted(connection.execute(query).scalars())

    # --- rows

    def _add(
        self,
        connection: sa.Connection,
        case: RecoveryCase,
        entry: RecoveryEntry,
        before: RecoveryState | None = None,
    ) -> None:
        key = f"{case.id}/{entry.place}"
        document = {"amount": entry.amount_minor, "facts": dict(entry.facts)}
        values = {name: getattr(entry, name) for name in ("place", "at", "person", "evidence")}
        values |= {"key": key, "case_id": case.id, "kind": entry.kind.value, "state": entry.state.value}
        values |= {"money": entry.evidence if entry.kind is EntryKind.MONEY else None, "version": 1}
        values |= {"sealed": self._seal("recovery_entries", key, document, 1)}
        try:
            connection.execute(sa.insert(recovery_entries).values(**values))
        except sa.exc.IntegrityError:
            raise TransitionError("this money is taken in already", code="taken_in") from None
        body: dict[str, Json] = {"case": case.id, "what": entry.kind.value, "by": entry.person}
        body |= {"from": before.value if before else "", "to": entry.state.value, "evidence": entry.evidence}
        body |= {name: entry.facts[name] for name in ("role", "why") if name in entry.facts}
        append(connection, [Entry(kind="recovery", at=entry.at, body=body)])

    def _entry(self, row: sa.Row[Any]) -> RecoveryEntry:
        document = self._open("recovery_entries", row.key, row.sealed, row.version)
        return RecoveryEntry(
            kind=EntryKind(row.kind),
            at=row.at,
            person=row.person,
            state=RecoveryState(row.state),
            evidence=row.evidence,
            amount_minor=document["amount"],
            facts=document["facts"],
            place=row.place,
        )

    def _seal_case(self, case: RecoveryCase) -> bytes:
        document = {
            "lines": [_line_document(line) for line in case.lines],
            "plan": [[part.due.isoformat(), part.amount_minor, part.way.value] for part in case.plan],
            "back": case.back_minor,
            "repaid": case.repaid_minor,
            "wage": case.wage_minor,
        }
        return self._seal("recovery_cases", case.id, document, case.version)

    def _case(self, row: sa.Row[Any]) -> RecoveryCase:
        document = self._open("recovery_cases", row.id, row.sealed, row.version)
        return RecoveryCase(
            **{name: getattr(row, name) for name in _COLUMNS},
            state=RecoveryState(row.state),
            changed_at=row.changed_at,
            lines=tuple(_line(each) for each in document["lines"]),
            plan=tuple(Instalment(date.fromisoformat(due), amount, Way(way)) for due, amount, way in document["plan"]),
            back_minor=document["back"],
            repaid_minor=document.get("repaid", 0),  # a case kept before this was booked has none
            wage_minor=document["wage"],
        )

    def _seal(self, table: str, row: str, document: Mapping[str, Any], version: int) -> bytes:
        data = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        return self.keyring.seal(data, table=table, row=row, column="sealed", version=version)

    def _open(self, table: str, row: str, sealed: bytes, version: int) -> Any:
        return orjson.loads(self.keyring.open(sealed, table=table, row=row, column="sealed", version=version))


def _line_document(line: ClaimedLine) -> dict[str, Any]:
    plain = {name: getattr(line, name) for name in ClaimedLine.__dataclass_fields__}
    return plain | {
        "pay_day": line.pay_day.isoformat(),
        "cause_recorded_at": line.cause_recorded_at.isoformat(),
    }


def _line(document: Mapping[str, Any]) -> ClaimedLine:
    days = {
        "pay_day": date.fromisoformat(document["pay_day"]),
        "cause_recorded_at": datetime.fromisoformat(document["cause_recorded_at"]),
    }
    return ClaimedLine(**{**document, **days})
