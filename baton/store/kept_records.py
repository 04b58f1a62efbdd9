"""The records about erased people that are kept for a time: since when, and taking their words out when it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baton.model.case import Act
from baton.store.personal import Keyring
from baton.store.tables import (
    alerts,
    bank_events,
    case_items,
    cases,
    item_versions,
    pay_lines,
    pay_runs,
    recovery_cases,
    recovery_claims,
    recovery_entries,
    settlements,
    statements,
)

_SURE_CUT: Final = 3
"""Banks cut names; what is left with fewer characters may be anybody."""


class KeptRecordStore:
    """What law may have us keep of handovers and payments. Inside the caller's transaction."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    # --- when law no longer asks for it

    def blank_handovers(self, connection: sa.Connection, number: str, before: datetime) -> list[str]:
        """Take the words out of somebody's handovers; ids, states and moments stay. Returns the cases.

        Those opened up to a moment: who was hired again since may be handing over just now.
        """
        theirs = sa.select(cases.c.id).where(cases.c.number == number, cases.c.opened_at <= before)
        ids = list(connection.execute(theirs).scalars())
        keys = sa.select(case_items.c.key).where(case_items.c.case_id.in_(ids))
        self._reseal(connection, cases, "id", cases.c.id.in_(ids), _without_name)
        self._reseal(connection, item_versions, "key", item_versions.c.key.in_(keys), _without_content)
        self._reseal(connection, case_items, "key", case_items.c.case_id.in_(ids), _without_content)
        self._reseal(connection, statements, "key", statements.c.case_id.in_(ids), lambda _: b"")
        self._reseal(connection, alerts, "key", alerts.c.case_id.in_(ids), lambda _: b"")
        return ids

    def blank_payments(self, connection: sa.Connection, number: str, before: datetime) -> None:
        """Take payees and banks' words out of somebody's payments; their recovery cases and settlements altogether.

        Amounts stay with the number: they are the company's accounts. Of runs made up to a moment: who was hired again
        since is still to be paid.
        """
        made = sa.select(pay_runs.c.run_id).where(pay_runs.c.created_at <= before)
        lines = sa.and_(pay_lines.c.number == number, pay_lines.c.run_id.in_(made))
        references = sa.select(pay_lines.c.reference).where(lines)
        self._reseal(connection, bank_events, "key", bank_events.c.reference.in_(references), _without_parties)
        self._blank_bookings(
            connection, lines, sa.and_(pay_lines.c.number == number, pay_lines.c.run_id.not_in(made)), before
        )
        self._reseal(connection, pay_lines, "key", lines, _without_payee)
        recoveries = sa.and_(recovery_cases.c.number == number, recovery_cases.c.opened_at <= before)
        theirs = sa.select(recovery_cases.c.id).where(recoveries)
        for table in (recovery_entries, recovery_claims):
            connection.execute(sa.delete(table).where(table.c.case_id.in_(theirs)))
        connection.execute(sa.delete(recovery_cases).where(recoveries))
        settled = (settlements.c.number == number, settlements.c.prepared_at <= before)
        connection.execute(sa.delete(settlements).where(*settled))

    def _blank_bookings(
        self,
        connection: sa.Connection,
        lines: sa.ColumnElement[bool],
        newer: sa.ColumnElement[bool],
        before: datetime,
    ) -> None:
        """Those that name no line, or several: whose they are stands inside, as the bank wrote it.

        Also what was read after the erasure, for a bank tells late; but for what may be of their newer lines.
        """
        theirs, hired_again = self.shows(connection, lines), self.shows(connection, newer)
        of_no_line = bank_events.c.reference == ""

        def change(data: bytes) -> bytes:
            return _without_parties(data) if theirs(orjson.loads(data)) else data

        def change_late(data: bytes) -> bytes:
            return data if hired_again(orjson.loads(data)) else change(data)

        self._reseal(connection, bank_events, "key", sa.and_(of_no_line, bank_events.c.at <= before), change)
        self._reseal(connection, bank_events, "key", sa.and_(of_no_line, bank_events.c.at > before), change_late)

    def shows(self, connection: sa.Connection, lines: sa.ColumnElement[bool]) -> Callable[[Mapping[str, Any]], bool]:
        """Tells of a booking (its facts) whether it shows a payee of these lines, or names one of them."""
        holders, references = set[str](), set[str]()
        for row in connection.execute(sa.select(pay_lines).where(lines)):
            place: dict[str, Any] = {"table": "pay_lines", "row": row.key, "column": "sealed", "version": row.version}
            holders.add(orjson.loads(self.keyring.open(row.sealed, **place))["payee"]["holder"].strip())
            references.add(row.reference)

        def shown_in(facts: Mapping[str, Any]) -> bool:
            name = str(facts.get("counterparty", "")).strip()
            named = name in holders if len(name) < _SURE_CUT else any(each.startswith(name) for each in holders)
            return bool(named and name) or not references.isdisjoint(facts.get("references", ()))

        return shown_in

    def _reseal(
        self,
        connection: sa.Connection,
        table: sa.Table,
        row_column: str,
        where: sa.ColumnElement[bool],
        change: Callable[[bytes], bytes],
    ) -> None:
        name, version = table.c[row_column], table.c.version
        for row in connection.execute(sa.select(name, version, table.c.sealed).where(where)).all():
            place: dict[str, Any] = {"table": table.name, "row": row[0], "column": "sealed", "version": row[1]}
            before = self.keyring.open(row[2], **place)
            after = change(before)
            if after == before:
                continue
            sealed = self.keyring.seal(after, **place)
            here = (name == row[0], version == row[1])
            connection.execute(sa.update(table).where(*here).values(sealed=sealed))

    # --- since when

    def last_payment(self, connection: sa.Connection, number: str) -> datetime | None:
        """When the newest line of somebody's payments, claims and settlements was touched last; None without any."""
        lines = sa.select(sa.func.max(pay_lines.c.changed_at)).where(pay_lines.c.number == number)
        recovered = sa.select(sa.func.max(recovery_cases.c.changed_at)).where(recovery_cases.c.number == number)
        settled = sa.select(sa.func.max(settlements.c.changed_at)).where(settlements.c.number == number)
        moments = [connection.execute(query).scalar_one() for query in (lines, recovered, settled)]
        return max((moment for moment in moments if moment is not None), default=None)

    def last_handover(self, connection: sa.Connection, number: str) -> datetime | None:
        """When the newest of somebody's handovers ended: was completed, or retracted."""
        retracted = sa.and_(statements.c.case_id == cases.c.id, statements.c.act == Act.RETRACT.value)
        query = sa.select(cases.c.opened_at, cases.c.completed_at, statements.c.at)
        rows = connection.execute(query.outerjoin_from(cases, statements, retracted).where(cases.c.number == number))
        return max((moment for row in rows for moment in row if moment is not None), default=None)


def _edited(data: bytes, **changed: Any) -> bytes:
    return orjson.dumps({**orjson.loads(data), **changed}, option=orjson.OPT_SORT_KEYS)


def _without_name(data: bytes) -> bytes:
    return _edited(data, name="")


def _without_content(data: bytes) -> bytes:
    return _edited(data, title="", facts={}, amount=None)


def _without_payee(data: bytes) -> bytes:
    payee = dict.fromkeys(orjson.loads(data)["payee"], "")
    return _edited(data, payee=payee, remark="")


def _without_parties(data: bytes) -> bytes:
    facts = orjson.loads(data)
    reasons = [{**reason, "text": ""} for reason in facts.get("reasons", ())]
    returned = facts.get("returned")  # of a booking: code, kind, and the bank's own words, which may name a person
    known = {
        "counterparty": "",
        "reasons": reasons,
        "returned": None if returned is None else [*returned[:2], "", *returned[3:]],
    }
    return _edited(data, **{name: value for name, value in known.items() if name in facts})
