"""Erasing one person: what is taken out of which table, now and when law no longer asks for it, and who decided so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baton.model.account import AccountState
from baton.model.case import Act
from baton.model.effect import ACCOUNT_ACTIONS, UNSETTLED_STATES, EffectState
from baton.model.pay_run import LineState
from baton.store.effects import EffectStore, chunked
from baton.store.messages import may_be_to, messages
from baton.store.payload import pack, unpack
from baton.store.tables import (
    alerts,
    bank_events,
    case_items,
    cases,
    effects,
    erasures,
    item_versions,
    links,
    pay_lines,
    pay_runs,
    people,
    person_indexes,
    person_versions,
    recovery_cases,
    recovery_claims,
    recovery_entries,
    settlements,
    statements,
)
from baton.store.told_lines import drop_told_lines
from baton.store.trail import Entry, append

_PAYING: Final = tuple(
    state.value
    for state in LineState
    if state.unsent or state in (LineState.RELEASED, LineState.ACCEPTED, LineState.IN_DOUBT, LineState.DISPUTED)
)
"""Where a line stands of which something may still come."""
_MESSAGE: Final = ("address", "subject", "text", "link")
"""What of a message is about people."""
_SURE_CUT: Final = 3
"""Banks cut names; what is left with fewer characters may be anybody."""
_ERASED: Final = "erased"
"""The code of messages that an erasure has ended."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One request to erase somebody, and what became of it."""

    id: int
    number: str
    asked_by: str
    why: str
    asked_at: datetime
    decided_by: str
    erased_at: datetime | None
    kept: Sequence[Mapping[str, str]]
    """What law has us keep for now: ``what`` (a class of `baton.hub.keeping.fates`) and ``until`` (a day)."""


class ErasureStore:
    """Requests, decisions, and the taking out itself. Inside the caller's transaction."""

    def __init__(self, store: EffectStore) -> None:
        self.effects = store
        self.keyring = store.keyring
        self.clock = store.clock

    # --- who asked, who decided

    def ask(self, connection: sa.Connection, number: str, person: str, why: str) -> None:
        """Keep a request; one that waits already is replaced."""
        now = self.clock.now()
        connection.execute(sa.delete(erasures).where(erasures.c.number == number, erasures.c.erased_at.is_(None)))
        values = {"number": number, "asked_by": person, "why": why, "asked_at": now, "decided_by": "", "kept": []}
        connection.execute(sa.insert(erasures).values(**values))
        self._note(connection, "asked", number, {"by": person, "why": why})

    def newest(self, connection: sa.Connection, number: str) -> Erasure | None:
        """The newest request about somebody; None where there is none."""
        query = sa.select(erasures).where(erasures.c.number == number).order_by(erasures.c.id.desc()).limit(1)
        row = connection.execute(query).first()
        return None if row is None else _erasure(row)

    def all(self, connection: sa.Connection) -> list[Erasure]:
        """Every request, the oldest first."""
        return [_erasure(row) for row in connection.execute(sa.select(erasures).order_by(erasures.c.id))]

    def done(
        self, connection: sa.Connection, number: str, person: str, at: datetime, kept: Sequence[Mapping[str, str]]
    ) -> None:
        """Keep that somebody was erased, and what is kept of them; a request there is for it is answered."""
        values = {"decided_by": person, "erased_at": at, "kept": [dict(each) for each in kept]}
        waiting = sa.and_(erasures.c.number == number, erasures.c.erased_at.is_(None))
        answered = connection.execute(sa.update(erasures).where(waiting).values(**values))
        if answered.rowcount == 0:
            asked = {"number": number, "asked_by": "", "why": "ledger", "asked_at": at}
            connection.execute(sa.insert(erasures).values(**asked, **values))
        self._note(connection, "erased", number, {"by": person, "kept": ",".join(each["what"] for each in kept)})

    def keep_less(self, connection: sa.Connection, erasure: Erasure, kept: Sequence[Mapping[str, str]]) -> None:
        """Keep that the time of some of it is over."""
        rest = [dict(each) for each in kept]
        connection.execute(sa.update(erasures).where(erasures.c.id == erasure.id).values(kept=rest))
        self._note(connection, "retention_over", erasure.number, {"kept": ",".join(each["what"] for each in kept)})

    def erased(self, connection: sa.Connection) -> set[str]:
        """Everybody who was erased."""
        query = sa.select(erasures.c.number).where(erasures.c.erased_at.is_not(None))
        return set(connection.execute(query).scalars())

    def _note(self, connection: sa.Connection, what: str, number: str, facts: Mapping[str, str]) -> None:
        body = {"what": what, "number": number, **facts}
        append(connection, [Entry(kind="erasure", at=self.clock.now(), body=body)])

    # --- what stands in the way

    def open_work(self, connection: sa.Connection, number: str) -> list[str]:
        """What is not finished about somebody, each as ``kind place``."""
        found = [
            f"effect {row.key[:12]} in {row.system}"
            for row in connection.execute(
                sa.select(effects.c.key, effects.c.system).where(
                    effects.c.number == number,
                    effects.c.state.not_in(("done", "refused", "superseded")),
                )
            )
        ]
        found += [f"message {place}" for place in self._under_way(connection, number)]
        found += [
            f"case {row.id}"
            for row in connection.execute(
                sa.select(cases.c.id).where(cases.c.number == number, cases.c.state.in_(("open", "paused")))
            )
        ]
        found += [
            f"payment {row.key}"
            for row in connection.execute(
                sa.select(pay_lines.c.key).where(pay_lines.c.number == number, pay_lines.c.state.in_(_PAYING))
            )
        ]
        closed = ("repaid", "written_off", "withdrawn")
        found += [
            f"recovery {row.id}"
            for row in connection.execute(
                sa.select(recovery_cases.c.id).where(
                    recovery_cases.c.number == number, recovery_cases.c.state.not_in(closed)
                )
            )
        ]
        found += [
            f"settlement {row.id}"
            for row in connection.execute(
                sa.select(settlements.c.id).where(
                    settlements.c.number == number, settlements.c.state.in_(("prepared", "reviewed"))
                )
            )
        ]
        return found

    def newest_trace(self, connection: sa.Connection, number: str) -> datetime | None:
        """When something was last recorded of somebody, or a write about them planned; None where there is nothing."""
        recorded = sa.select(sa.func.max(person_versions.c.recorded_at)).where(person_versions.c.number == number)
        planned = sa.select(sa.func.max(effects.c.created_at)).where(effects.c.number == number)
        moments = [connection.execute(query).scalar_one() for query in (recorded, planned)]
        return max((moment for moment in moments if moment is not None), default=None)

    def _under_way(self, connection: sa.Connection, number: str) -> list[str]:
        """The messages to somebody, or about a handover of theirs, that a living worker has in its hands."""
        theirs = sa.or_(may_be_to(number), sa.and_(messages(), effects.c.mapping_digest.in_(_their_cases(number))))
        query = sa.select(effects.c.key, effects.c.system).where(
            theirs, effects.c.state == EffectState.SENT.value, effects.c.lease_until > self.clock.now()
        )
        return [f"{row.key[:12]} in {row.system}" for row in connection.execute(query)]

    # --- at once

    def erase_person(self, connection: sa.Connection, number: str, before: datetime) -> int:
        """Take out what was recorded of somebody up to a moment: versions, index, links, payloads; how many rows.

        Who was hired again since keeps what was recorded since.
        """
        old = (person_versions.c.number == number, person_versions.c.recorded_at <= before)
        newer = connection.execute(
            sa.select(person_versions.c.version).where(
                person_versions.c.number == number, person_versions.c.recorded_at > before
            )
        ).first()
        drop_told_lines(connection)
        gone = connection.execute(sa.delete(person_versions).where(*old)).rowcount
        if newer is None:
            for table in (person_indexes, people):
                gone += connection.execute(sa.delete(table).where(table.c.number == number)).rowcount
            # The row stays for its counters: a key that a target knows is never used for anything else.
            emptied = {"applied": {}, "state": AccountState.REMOVED.value, "planned_version": 0, "rejected_version": 0}
            theirs = sa.update(links).where(links.c.number == number)
            connection.execute(theirs.values(**emptied, external_id=None, dirty=False))
        return gone + self._empty_effects(connection, number, before)

    def _empty_effects(self, connection: sa.Connection, number: str, before: datetime) -> int:
        about = sa.and_(effects.c.number == number, effects.c.action.in_(sorted(ACCOUNT_ACTIONS)))
        mine = self._empty(connection, sa.and_(about, effects.c.created_at <= before), lambda _: pack({}, {}))
        for chunk in chunked(self._messages(connection, number, before)):
            which = effects.c.id.in_(chunk)
            self._end(connection, which)
            mine += self._empty(connection, which, _without_words)
        return mine

    def _messages(self, connection: sa.Connection, number: str, before: datetime) -> list[int]:
        """The ids of the messages to somebody, and of those to others about a handover of theirs."""
        about = sa.and_(messages(), effects.c.mapping_digest.in_(_their_cases(number)))
        found = list(connection.execute(sa.select(effects.c.id).where(about, effects.c.created_at <= before)).scalars())
        columns = (effects.c.id, effects.c.key, effects.c.version, effects.c.payload)
        perhaps = sa.select(*columns).where(may_be_to(number), sa.not_(about), effects.c.created_at <= before)
        for row in connection.execute(perhaps):
            payload = self.keyring.open(row.payload, **_place(row.key, row.version))
            if unpack(payload)[0].get("person_number") == number:
                found.append(row.id)
        return found

    def _end(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
        """Nothing of these is sent any more, nor asked about; who is at work on one can store nothing of it."""
        unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
        self.effects.set_back(connection, EffectState.SUPERSEDED, which, unsent, code=_ERASED)
        self.effects.set_back(
            connection,
            EffectState.REFUSED,
            which,
            effects.c.state.in_(UNSETTLED_STATES),
            code=_ERASED,
            message="who it was to, or about, was erased: whether it arrived is not asked any more",
            epoch=effects.c.epoch + 1,
            lease_owner=None,
            lease_until=None,
        )

    def _empty(self, connection: sa.Connection, where: sa.ColumnElement[bool], change: Callable[[bytes], bytes]) -> int:
        """Write payloads anew, and forget the marks of the values in them."""
        count = 0
        columns = (effects.c.id, effects.c.key, effects.c.version, effects.c.payload)
        for row in connection.execute(sa.select(*columns).where(where)).all():
            place = _place(row.key, row.version)
            before = self.keyring.open(row.payload, **place)
            after = change(before)
            if after == before:
                continue
            emptied = {"payload": self.keyring.seal(after, **place), "digests": {}, "evidence": {}}
            connection.execute(sa.update(effects).where(effects.c.id == row.id).values(**emptied))
            count += 1
        return count

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
        # Bookings that name no line, or several: whose they are stands inside, as the bank wrote it.
        of_no_line = sa.and_(bank_events.c.reference == "", bank_events.c.at <= before)
        self._reseal(connection, bank_events, "key", of_no_line, self._showing(connection, lines))
        self._reseal(connection, pay_lines, "key", lines, _without_payee)
        recoveries = sa.and_(recovery_cases.c.number == number, recovery_cases.c.opened_at <= before)
        theirs = sa.select(recovery_cases.c.id).where(recoveries)
        for table in (recovery_entries, recovery_claims):
            connection.execute(sa.delete(table).where(table.c.case_id.in_(theirs)))
        connection.execute(sa.delete(recovery_cases).where(recoveries))
        settled = (settlements.c.number == number, settlements.c.prepared_at <= before)
        connection.execute(sa.delete(settlements).where(*settled))

    def _showing(self, connection: sa.Connection, lines: sa.ColumnElement[bool]) -> Callable[[bytes], bytes]:
        """Takes the parties out of a booking that shows a payee of these lines, or names one of them."""
        holders, references = set[str](), set[str]()
        for row in connection.execute(sa.select(pay_lines).where(lines)):
            place: dict[str, Any] = {"table": "pay_lines", "row": row.key, "column": "sealed", "version": row.version}
            holders.add(orjson.loads(self.keyring.open(row.sealed, **place))["payee"]["holder"].strip())
            references.add(row.reference)

        def change(data: bytes) -> bytes:
            facts = orjson.loads(data)
            name = str(facts.get("counterparty", "")).strip()
            shown = name in holders if len(name) < _SURE_CUT else any(each.startswith(name) for each in holders)
            theirs = (shown and name) or not references.isdisjoint(facts.get("references", ()))
            return _without_parties(data) if theirs else data

        return change

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


def _erasure(row: sa.Row[Any]) -> Erasure:
    return Erasure(
        row.id, row.number, row.asked_by, row.why, row.asked_at, row.decided_by, row.erased_at, tuple(row.kept)
    )


def _their_cases(number: str) -> sa.Select[Any]:
    return sa.select(cases.c.id).where(cases.c.number == number)


def _place(key: str, version: int) -> dict[str, Any]:
    """Where the payload of an effect is sealed to."""
    return {"table": "effects", "row": key, "column": "payload", "version": version}


def _without_words(data: bytes) -> bytes:
    fields, references = unpack(data)
    return pack({**fields, **{name: "" for name in _MESSAGE if name in fields}}, references)


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
    known = {"counterparty": "", "reasons": reasons, "returned": None if returned is None else [*returned[:2], ""]}
    return _edited(data, **{name: value for name, value in known.items() if name in facts})
