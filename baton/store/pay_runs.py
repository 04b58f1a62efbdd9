"""Pay runs with their lines and files. A payable's key is claimed once, by drafts too, whoever comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from sys import intern
from typing import Any

import orjson
import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.errors import TransitionError
from baton.model.pay_run import LineState, PayFile, PayLine, PayRun
from baton.model.payable import BankAccount, Component, Payable, PayableKey
from baton.store.effects import chunked
from baton.store.personal import Keyring
from baton.store.tables import pay_files, pay_lines, pay_runs, people
from baton.store.trail import Entry, append

_PAGE_ROWS = 2_000
_STATES = {state.value: state for state in LineState}
_COMPONENTS = {component.value: component for component in Component}
_ALIKE_PARTS = ("bank_code", "bank_name", "town", "country")
"""Of an account: what many lines have in common is kept in memory once, whatever it is of a line (`intern`)."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """Where a line goes, and what else of it changes."""

    line: PayLine
    state: LineState
    values: Mapping[str, str] = field(default_factory=dict)
    """``code`` and ``message_id``, where they change."""


class PayRunStore:
    """Reads and writes pay runs, inside the caller's transaction."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
        self.clock = clock

    # --- runs

    def insert(self, connection: sa.Connection, run: PayRun, lines: Sequence[PayLine]) -> None:
        """Save a run with its lines; `TransitionError` (``claimed``) when somebody else has claimed one meanwhile."""
        values = {name: getattr(run, name) for name in _RUN_COLUMNS}
        values |= {"component": run.component.value, "created_at": run.created, "asked": run.asked or None}
        values["sealed"] = self._seal_run(run)
        connection.execute(sa.insert(pay_runs).values(**values))
        for chunk in chunked(lines):
            try:
                connection.execute(sa.insert(pay_lines), [self._row(line) for line in chunk])
            except sa.exc.IntegrityError:
                raise TransitionError(
                    "another run has claimed one of these payables just now", code="claimed"
                ) from None
        body: dict[str, Json] = {"run": run.run_id, "profile": run.profile, "period": run.period, "lines": len(lines)}
        append(connection, [Entry(kind="pay_run", at=run.created, body=body)])

    def get(self, connection: sa.Connection, run_id: str) -> PayRun | None:
        """One run, or None."""
        row = connection.execute(sa.select(pay_runs).where(pay_runs.c.run_id == run_id)).first()
        return None if row is None else self._run(row)

    def asked(self, connection: sa.Connection, asked: str) -> PayRun | None:
        """The run whose request has this digest, or None."""
        row = connection.execute(sa.select(pay_runs).where(pay_runs.c.asked == asked)).first()
        return None if row is None else self._run(row)

    def locked(self, connection: sa.Connection, run_id: str) -> PayRun:
        """The run, for this transaction alone; KeyError when there is none."""
        row = connection.execute(sa.select(pay_runs).where(pay_runs.c.run_id == run_id).with_for_update()).first()
        if row is None:
            raise KeyError(run_id)
        return self._run(row)

    def latest(self, connection: sa.Connection, limit: int = 50) -> list[PayRun]:
        """The newest runs first."""
        query = sa.select(pay_runs).order_by(pay_runs.c.created_at.desc(), pay_runs.c.run_id.desc()).limit(limit)
        return [self._run(row) for row in connection.execute(query)]

    def count(self, connection: sa.Connection) -> int:
        """How many runs there are."""
        return int(connection.execute(sa.select(sa.func.count()).select_from(pay_runs)).scalar_one())

    def all(self, connection: sa.Connection) -> list[PayRun]:
        """Every run there is."""
        return [self._run(row) for row in connection.execute(sa.select(pay_runs))]

    def ids(self, connection: sa.Connection, system: str) -> set[str]:
        """The ids of every run at one bank."""
        return set(connection.execute(sa.select(pay_runs.c.run_id).where(pay_runs.c.system == system)).scalars())

    def execution_days(self, connection: sa.Connection) -> dict[str, date]:
        """The day of every run there is."""
        return {row[0]: row[1] for row in connection.execute(sa.select(pay_runs.c.run_id, pay_runs.c.execution_day))}

    def of_system(self, connection: sa.Connection, system: str) -> list[PayRun]:
        """Every run at one bank, oldest first."""
        query = sa.select(pay_runs).where(pay_runs.c.system == system)
        return [self._run(row) for row in connection.execute(query.order_by(pay_runs.c.created_at, pay_runs.c.run_id))]

    def of_period(self, connection: sa.Connection, period: str) -> list[PayRun]:
        """Every run for a month, whatever its bank, oldest first."""
        query = sa.select(pay_runs).where(pay_runs.c.period == period)
        return [self._run(row) for row in connection.execute(query.order_by(pay_runs.c.created_at, pay_runs.c.run_id))]

    def note(self, connection: sa.Connection, run: PayRun, **changes: Any) -> PayRun:
        """Change what is known of a run; ``facts`` are added to those there are."""
        facts = {**run.facts, **changes.pop("facts", {})}
        noted = replace(run, **changes, facts=facts, version=run.version + 1)
        values = {"report_digest": noted.report_digest, "people_digest": noted.people_digest}
        updated = connection.execute(
            sa.update(pay_runs)
            .where(pay_runs.c.run_id == run.run_id, pay_runs.c.version == run.version)
            .values(**values, version=noted.version, sealed=self._seal_run(noted))
        )
        if updated.rowcount != 1:
            raise TransitionError(f"{run.run_id} has changed meanwhile", code="changed")
        body: dict[str, Json] = {"run": run.run_id, "report": noted.report_digest, "people": noted.people_digest}
        append(connection, [Entry(kind="pay_run", at=self.clock.now(), body=body)])
        return noted

    # --- lines

    def lines(self, connection: sa.Connection, run_id: str, *states: LineState) -> Iterator[PayLine]:
        """The lines of a run (in these states), by their place in it, a page in memory at a time."""
        query = sa.select(pay_lines).where(pay_lines.c.run_id == run_id)
        if states:
            query = query.where(pay_lines.c.state.in_([state.value for state in states]))
        found = connection.execute(query.order_by(pay_lines.c.line), execution_options={"yield_per": _PAGE_ROWS})
        for row in found:
            yield self._line(row)

    def some_lines(
        self, connection: sa.Connection, run_id: str, states: Sequence[LineState], after: int, limit: int
    ) -> list[PayLine]:
        """At most ``limit`` lines of a run (in these states) that come after a place in it: one query."""
        query = sa.select(pay_lines).where(pay_lines.c.run_id == run_id, pay_lines.c.line > after)
        if states:
            query = query.where(pay_lines.c.state.in_([state.value for state in states]))
        return [self._line(row) for row in connection.execute(query.order_by(pay_lines.c.line).limit(limit))]

    def by_reference(self, connection: sa.Connection, references: Sequence[str]) -> dict[str, PayLine]:
        """The lines that claim these references."""
        found: dict[str, PayLine] = {}
        for chunk in chunked(list(references)):
            for row in connection.execute(sa.select(pay_lines).where(pay_lines.c.claim.in_(chunk))):
                found[row.reference] = self._line(row)
        return found

    def of_person(self, connection: sa.Connection, number: str) -> list[PayLine]:
        """Every line somebody has had in any run, the oldest first."""
        query = sa.select(pay_lines).where(pay_lines.c.number == number)
        return [self._line(row) for row in connection.execute(query.order_by(pay_lines.c.changed_at, pay_lines.c.key))]

    def numbers(self, connection: sa.Connection, run_id: str, references: Sequence[str]) -> dict[str, str]:
        """Whose lines of a run these are, by their references."""
        found: dict[str, str] = {}
        for chunk in chunked(list(references)):
            query = sa.select(pay_lines.c.reference, pay_lines.c.number).where(pay_lines.c.reference.in_(chunk))
            found |= {row[0]: row[1] for row in connection.execute(query.where(pay_lines.c.run_id == run_id))}
        return found

    def of_file(self, connection: sa.Connection, message_id: str) -> list[PayLine]:
        """The lines in a file, by their places in the run (`baton.banking.splitting.file_order` is the file's)."""
        query = sa.select(pay_lines).where(pay_lines.c.message_id == message_id).order_by(pay_lines.c.line)
        return [self._line(row) for row in connection.execute(query)]

    def keys_of_file(self, connection: sa.Connection, message_id: str) -> list[PayableKey]:
        """What the lines in a file are keyed by, in the order of `of_file`: nothing that is sealed is opened for it."""
        query = sa.select(pay_lines.c.number, pay_lines.c.period, pay_lines.c.component, pay_lines.c.attempt)
        query = query.where(pay_lines.c.message_id == message_id).order_by(pay_lines.c.line)
        return [PayableKey(row[0], row[1], Component(row[2]), row[3]) for row in connection.execute(query)]

    def payees(self, connection: sa.Connection, run_id: str, *states: LineState) -> set[str]:
        """The numbers of those whom the lines of a run in these states are for."""
        query = sa.select(pay_lines.c.number).where(pay_lines.c.run_id == run_id)
        query = query.where(pay_lines.c.state.in_([state.value for state in states]))
        return set(connection.execute(query).scalars())

    def told_of_since(self, connection: sa.Connection, run_id: str, since: datetime, *states: LineState) -> bool:
        """Whether HR has told anything since then of those whom the lines of a run in these states are for."""
        query = sa.select(pay_lines.c.number).join(people, people.c.number == pay_lines.c.number)
        query = query.where(pay_lines.c.run_id == run_id, people.c.recorded_at >= since)
        query = query.where(pay_lines.c.state.in_([state.value for state in states]))
        return connection.execute(query.limit(1)).first() is not None

    def claimed(
        self, connection: sa.Connection, periods: Sequence[str], numbers: Sequence[str], besides: str = ""
    ) -> Iterator[PayLine]:
        """What is or was to be paid for these periods, or ever to these people, ``besides`` one run: each line once."""
        live = sa.and_(pay_lines.c.claim.is_not(None), pay_lines.c.run_id != besides)
        whole = sa.select(pay_lines).where(live, pay_lines.c.period.in_(periods))
        others = [
            sa.select(pay_lines).where(live, pay_lines.c.period.not_in(periods), pay_lines.c.number.in_(chunk))
            for chunk in chunked(list(numbers))
        ]
        for query in (whole, *others):
            for row in connection.execute(query, execution_options={"yield_per": _PAGE_ROWS}):
                yield self._line(row)

    def tally(self, connection: sa.Connection, run_id: str) -> Counter[LineState]:
        """How many lines of a run stand where."""
        query = sa.select(pay_lines.c.state, sa.func.count()).where(pay_lines.c.run_id == run_id)
        return Counter({LineState(row[0]): row[1] for row in connection.execute(query.group_by(pay_lines.c.state))})

    def tallies(self, connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, Counter[LineState]]:
        """The same for several runs at once: one query."""
        found: dict[str, Counter[LineState]] = {run_id: Counter() for run_id in run_ids}
        query = sa.select(pay_lines.c.run_id, pay_lines.c.state, sa.func.count()).where(
            pay_lines.c.run_id.in_(list(run_ids))
        )
        for row in connection.execute(query.group_by(pay_lines.c.run_id, pay_lines.c.state)):
            found[row[0]][LineState(row[1])] = row[2]
        return found

    def move_lines(self, connection: sa.Connection, changes: Sequence[LineChange]) -> int:
        """Bring lines to where they go; each exactly once from where it was seen. Returns how many moved.

        Raises `TransitionError` (``changed``) when one of them has moved meanwhile.
        """
        now = self.clock.now()
        moved = 0
        for chunk in chunked(changes):
            moved += connection.execute(_MOVE, [_move(change, now) for change in chunk]).rowcount
        if moved != len(changes):
            raise TransitionError("a line has moved meanwhile", code="changed")
        for chunk in chunked(changes):
            append(connection, [_line_entry(change, now) for change in chunk])
        return moved

    # --- files

    def add_files(self, connection: sa.Connection, files: Sequence[PayFile]) -> None:
        """Save the finished files of a run."""
        for file in files:
            values = {name: getattr(file, name) for name in _FILE_COLUMNS}
            sealed = self._seal("pay_files", file.message_id, {"total_minor": file.total_minor}, file.version)
            connection.execute(sa.insert(pay_files).values(**values, created_at=file.created, sealed=sealed))
            body: dict[str, Json] = {"run": file.run_id, "file": file.name, "plain": file.plain_digest}
            body |= {"sealed": file.sealed_digest, "lines": file.count}
            append(connection, [Entry(kind="pay_file", at=file.created, body=body)])

    def drop_files(self, connection: sa.Connection, run_id: str) -> list[PayFile]:
        """Forget the files of a run that are not valid any more; returns them, so that they can be deleted."""
        found = self.files(connection, run_id)
        connection.execute(sa.delete(pay_files).where(pay_files.c.run_id == run_id))
        bodies: list[dict[str, Json]] = [{"run": run_id, "file": file.name} for file in found]
        append(connection, [Entry(kind="pay_file_void", at=self.clock.now(), body=body) for body in bodies])
        return found

    def files(self, connection: sa.Connection, run_id: str) -> list[PayFile]:
        """The finished files of a run, in order."""
        query = sa.select(pay_files).where(pay_files.c.run_id == run_id).order_by(pay_files.c.part)
        return [self._file(row) for row in connection.execute(query)]

    def known_files(self, connection: sa.Connection) -> list[tuple[str, str]]:
        """Name and digest (as delivered) of every finished file."""
        return [(row[0], row[1]) for row in connection.execute(sa.select(pay_files.c.name, pay_files.c.sealed_digest))]

    def file(self, connection: sa.Connection, message_id: str) -> PayFile | None:
        """One file by the message id it carries, or None."""
        row = connection.execute(sa.select(pay_files).where(pay_files.c.message_id == message_id)).first()
        return None if row is None else self._file(row)

    # --- rows

    def _seal(self, table: str, row: str, document: Mapping[str, Any], version: int) -> bytes:
        data = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        return self.keyring.seal(data, table=table, row=row, column="sealed", version=version)

    def _open(self, table: str, row: str, sealed: bytes, version: int) -> Any:
        return orjson.loads(self.keyring.open(sealed, table=table, row=row, column="sealed", version=version))

    def _seal_run(self, run: PayRun) -> bytes:
        document = {"payer": _account(run.payer), "initiator": run.initiator, "facts": dict(run.facts)}
        return self._seal("pay_runs", run.run_id, document, run.version)

    def _run(self, row: sa.Row[Any]) -> PayRun:
        document = self._open("pay_runs", row.run_id, row.sealed, row.version)
        return PayRun(
            run_id=row.run_id,
            system=row.system,
            profile=row.profile,
            component=Component(row.component),
            period=row.period,
            currency=row.currency,
            execution_day=row.execution_day,
            created=row.created_at,
            payer=BankAccount(**document["payer"]),
            initiator=document["initiator"],
            report_digest=row.report_digest,
            people_digest=row.people_digest,
            asked=row.asked or "",
            version=row.version,
            facts=document["facts"],
        )

    def _row(self, line: PayLine) -> dict[str, Any]:
        what = line.payable
        document = {"payee": _account(what.payee), "amount": what.amount_minor, "remark": what.remark}
        document["currency"] = what.currency
        return {
            "key": _line_key(line.run_id, line.line),
            "run_id": line.run_id,
            "line": line.line,
            "claim": line.reference if line.state.claims else None,
            "reference": line.reference,
            "number": what.key.number,
            "period": what.key.period,
            "component": what.key.component.value,
            "attempt": what.key.attempt,
            "state": line.state.value,
            "message_id": line.message_id,
            "code": line.code,
            "place": what.place,
            "changed_at": line.changed_at or self.clock.now(),
            "version": line.version,
            "sealed": self._seal("pay_lines", _line_key(line.run_id, line.line), document, line.version),
        }

    def _line(self, row: Sequence[Any]) -> PayLine:
        # By position: naming every column and field of each line takes longer than to decrypt it.
        key, run, line, _, _, number, period, kind, attempt, state, file, code, place, at, version, sealed = row
        told = self._open("pay_lines", key, sealed, version)
        payee = told["payee"]
        account = BankAccount(payee["holder"], payee["account"], *[intern(payee[name]) for name in _ALIKE_PARTS])
        owed = PayableKey(number, intern(period), _COMPONENTS[kind], attempt)
        payable = Payable(owed, account, told["amount"], intern(told["currency"]), intern(told["remark"]), place)
        return PayLine(intern(run), line, payable, _STATES[state], intern(file), intern(code), at, version)

    def _file(self, row: sa.Row[Any]) -> PayFile:
        document = self._open("pay_files", row.message_id, row.sealed, row.version)
        values = {name: getattr(row, name) for name in _FILE_COLUMNS}
        return PayFile(**values, created=row.created_at, total_minor=document["total_minor"])


_RUN_COLUMNS = (
    *("run_id", "system", "profile", "period", "currency", "execution_day"),
    *("report_digest", "people_digest", "version"),
)
_FILE_COLUMNS = (
    *("message_id", "run_id", "part", "name", "plain_digest", "sealed_digest"),
    *("size_bytes", "count", "effect_key", "people_digest", "version"),
)


_MOVE = (
    sa.update(pay_lines)
    .where(
        pay_lines.c.key == sa.bindparam("of_line"),
        pay_lines.c.state == sa.bindparam("seen_state"),
        pay_lines.c.message_id == sa.bindparam("seen_file"),
    )
    .values(
        state=sa.bindparam("to_state"),
        claim=sa.bindparam("to_claim"),
        code=sa.bindparam("to_code"),
        message_id=sa.bindparam("to_file"),
        changed_at=sa.bindparam("moved_at"),
    )
)
"""One line's step; many go in one call."""


def _move(change: LineChange, now: datetime) -> dict[str, Any]:
    line = change.line
    return {
        "of_line": _line_key(line.run_id, line.line),
        "seen_state": line.state.value,
        "seen_file": line.message_id,
        "to_state": change.state.value,
        "to_claim": line.reference if change.state.claims else None,
        "to_code": change.values.get("code", line.code),
        "to_file": change.values.get("message_id", line.message_id),
        "moved_at": now,
    }


def _line_entry(change: LineChange, now: datetime) -> Entry:
    line = change.line
    body: dict[str, Json] = {"run": line.run_id, "line": line.line, "from": line.state.value}
    body |= {"to": change.state.value, "code": change.values.get("code", line.code)}
    return Entry(kind="pay_line", at=now, body=body)


def _line_key(run_id: str, line: int) -> str:
    return f"{run_id}/{line}"


def _account(account: BankAccount) -> dict[str, str]:
    return {name: getattr(account, name) for name in BankAccount.__dataclass_fields__}
