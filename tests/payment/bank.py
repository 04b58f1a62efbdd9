"""The bank's back office on disk: it outlives every process here, checks for doubles, and answers late, twice, or not.

What befalls a line is decided by whose it is, so that every attempt of a campaign must end in the same state.
"""

from __future__ import annotations

import hashlib
import io
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from baton.sealed import X25519Opener, open_sealed
from tests.payment.door import IN, OUT
from tests.rig import bank_papers as papers
from tests.rig.ledgers import DiskLedger
from tests.rig.payroll import ACCOUNT, BankMemory, card

_LINE = re.compile(
    rb"<EndToEndId>([A-Z2-7]{26})</EndToEndId>.*?<InstdAmt Ccy=\"CNY\">([0-9.]+)<.*?<CdtrAcct>.*?<Id>([0-9]+)</Id>"
)
OPENING = 100_000_00


@dataclass(frozen=True, slots=True)
class Trouble:
    """What this bank does to whom, and with its own papers."""

    refused_late: frozenset[str] = frozenset({card(3)})
    """Accepted first, refused hours later."""
    comes_back: frozenset[str] = frozenset({card(4)})
    """Booked, and returned the next day."""
    lost_every: int = 2
    """Every so manieth first report never arrives."""


class Bank(DiskLedger):
    """What it has been brought, and what it has booked. Each of its rounds is one transaction and may be repeated."""

    tables: ClassVar[str] = """
        CREATE TABLE IF NOT EXISTS arrived (name TEXT, digest TEXT, message TEXT, plain_digest TEXT, plain BLOB, refusal TEXT);
        CREATE TABLE IF NOT EXISTS lines (reference TEXT, message TEXT, account TEXT, amount TEXT, state TEXT);
        CREATE TABLE IF NOT EXISTS booked (reference TEXT, way TEXT, amount TEXT, statement INTEGER);
        CREATE TABLE IF NOT EXISTS papers (name TEXT PRIMARY KEY, content BLOB);
    """

    def __init__(self, root: Path, keys: BankMemory, trouble: Trouble = Trouble()) -> None:
        for place in (IN, OUT):
            (root / place).mkdir(parents=True, exist_ok=True)
        super().__init__(root / "bank.sqlite3")
        self.root = root
        self.keys = keys
        self.trouble = trouble

    # --- rounds

    def morning(self) -> None:
        """Fetch what was dropped, open it, look for doubles, and say that it was accepted: to some, and to some twice."""
        with self.open() as connection:
            known = {row[0] for row in connection.execute("SELECT name FROM arrived")}
            for path in sorted((self.root / IN).iterdir()):
                if path.name not in known and path.suffix != ".part":
                    self._fetch(connection, path)
        self._hand_out()

    def afternoon(self) -> None:
        """Refuse what it had accepted before."""
        with self.open() as connection:
            for (message,) in connection.execute("SELECT DISTINCT message FROM lines WHERE state = 'taken'").fetchall():
                found = connection.execute(
                    "SELECT reference, account FROM lines WHERE message = ?", [message]
                ).fetchall()
                late = [reference for reference, account in found if account in self.trouble.refused_late]
                if late:
                    _moved(connection, late, "refused")
                    content = self._plain(connection, message)
                    told = papers.report(content, "PART", dict.fromkeys(late, ("RJCT", "AC04")))
                    self._write(connection, "report", told, copies=2)
        self._hand_out()

    def evening(self) -> None:
        """Book what is to be booked, and what comes back of what was booked before; the statement is sent twice."""
        with self.open() as connection:
            number = 1 + connection.execute("SELECT coalesce(max(statement), 0) FROM booked").fetchone()[0]
            paid = "SELECT reference, account, amount FROM lines WHERE state = ?"
            back = [
                (reference, amount, "CRDT")
                for reference, account, amount in connection.execute(paid, ["booked"]).fetchall()
                if account in self.trouble.comes_back
            ]
            new = [
                (reference, amount, "DBIT") for reference, _, amount in connection.execute(paid, ["taken"]).fetchall()
            ]
            if back or new:
                opening = OPENING + self._turnover(connection)
                rows = [(reference, way, amount, number) for reference, amount, way in (*back, *new)]
                connection.executemany("INSERT INTO booked VALUES (?, ?, ?, ?)", rows)
                _moved(connection, [entry[0] for entry in back], "returned")
                _moved(connection, [entry[0] for entry in new], "booked")
                text = papers.statement(ACCOUNT, [*back, *new], number, papers.major(opening))
                self._write(connection, "statement", text, copies=2)
        self._hand_out()

    # --- what it can tell at the end

    def arrived(self) -> list[tuple[str, str, str, str, str]]:
        """Every file it has fetched: name, digest, message id, digest of what it reads, why it took no line of it."""
        with self.open() as connection:
            return connection.execute("SELECT name, digest, message, plain_digest, refusal FROM arrived").fetchall()

    def accounts(self) -> dict[str, str]:
        """Reference -> account, of every line it has taken."""
        with self.open() as connection:
            return dict(connection.execute("SELECT reference, account FROM lines").fetchall())

    def file_of(self, reference: str) -> str:
        """The file that brought a line; empty when none did."""
        query = "SELECT arrived.name FROM lines JOIN arrived USING (message) WHERE reference = ?"
        with self.open() as connection:
            found = connection.execute(query, [reference]).fetchone()
        return "" if found is None else str(found[0])

    def bookings(self) -> Counter[tuple[str, str]]:
        """How often it has booked a reference, each way."""
        with self.open() as connection:
            return Counter(connection.execute("SELECT reference, way FROM booked").fetchall())

    # --- its own work

    def _fetch(self, connection: sqlite3.Connection, path: Path) -> None:
        data, plain = path.read_bytes(), io.BytesIO()
        trusted = {"hub-1": self.keys.signer.public_key()}
        open_sealed(io.BytesIO(data), plain, opener=X25519Opener("bank-1", self.keys.reader), trusted=trusted)
        content = plain.getvalue()
        message = papers.message_id(content)
        lines = [
            (ref.decode(), message, account.decode(), sum_.decode()) for ref, sum_, account in _LINE.findall(content)
        ]
        refusal = self._double(connection, message, [line[0] for line in lines])
        arrived = (path.name, _sha256(data), message, _sha256(content), content, refusal)
        connection.execute("INSERT INTO arrived VALUES (?, ?, ?, ?, ?, ?)", arrived)
        count = connection.execute("SELECT count(*) FROM arrived").fetchone()[0]
        if refusal:
            self._write(connection, "report", papers.report(content, "RJCT"), copies=1)
            return
        connection.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, 'taken')", lines)
        if count % self.trouble.lost_every:
            self._write(connection, "report", papers.report(content, "ACCP"), copies=2)

    @staticmethod
    def _double(connection: sqlite3.Connection, message: str, references: Iterable[str]) -> str:
        if connection.execute("SELECT 1 FROM arrived WHERE message = ?", [message]).fetchone():
            return "message"
        for reference in references:
            if connection.execute("SELECT 1 FROM lines WHERE reference = ?", [reference]).fetchone():
                return "reference"
        return ""

    @staticmethod
    def _plain(connection: sqlite3.Connection, message: str) -> bytes:
        return bytes(connection.execute("SELECT plain FROM arrived WHERE message = ?", [message]).fetchone()[0])

    @staticmethod
    def _turnover(connection: sqlite3.Connection) -> int:
        signs: Mapping[str, int] = {"DBIT": -1, "CRDT": 1}
        found = connection.execute("SELECT way, amount FROM booked").fetchall()
        return sum(signs[way] * int(amount.replace(".", "")) for way, amount in found)

    @staticmethod
    def _write(connection: sqlite3.Connection, kind: str, content: bytes, copies: int) -> None:
        for _ in range(copies):
            number = connection.execute("SELECT count(*) FROM papers").fetchone()[0] + 1
            connection.execute("INSERT INTO papers VALUES (?, ?)", (f"{kind}_{number:06d}", content))

    def _hand_out(self) -> None:
        """What was written before is there for us, whole or not at all."""
        with self.open() as connection:
            for name, content in connection.execute("SELECT name, content FROM papers").fetchall():
                if not (self.root / OUT / name).exists():
                    new = self.root / f"{name}.new"
                    new.write_bytes(content)
                    new.replace(self.root / OUT / name)


def _moved(connection: sqlite3.Connection, references: Sequence[str], state: str) -> None:
    connection.executemany("UPDATE lines SET state = ? WHERE reference = ?", [(state, each) for each in references])


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
