"""What people have decided about pay runs: findings they took upon themselves, and signatures for exact files."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.store.tables import pay_signatures, pay_waivers
from baton.store.trail import Entry, append


@dataclass(frozen=True, slots=True)
class WaiverRow:
    """A finding that somebody takes upon themself until a moment, with a reason."""

    run_id: str
    rule: str
    reference: str
    """Of the line; empty for a finding about the run."""
    finding: str
    """The digest (hex) of the finding as they saw it."""
    person: str
    role: str
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """One person's yes, in one role, to exact files under exact conditions."""

    run_id: str
    person: str
    role: str
    at: datetime
    files: str
    """What the files were (hex)."""
    people: str
    """Who the payees were in HR's eyes (hex)."""
    report: str
    """What the checks had said (hex)."""


class PayDecisionStore:
    """Reads and writes waivers and signatures, inside the caller's transaction. Nothing is ever changed or deleted."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def waive(self, connection: sa.Connection, waiver: WaiverRow) -> None:
        """Keep a waiver."""
        now = self.clock.now()
        connection.execute(sa.insert(pay_waivers).values(**asdict(waiver), at=now))
        body: dict[str, Json] = {"run": waiver.run_id, "rule": waiver.rule, "finding": waiver.finding}
        body |= {"by": waiver.person, "role": waiver.role, "why": waiver.reason, "until": waiver.until.isoformat()}
        append(connection, [Entry(kind="pay_waiver", at=now, body=body)])

    def waivers(self, connection: sa.Connection, run_id: str) -> list[WaiverRow]:
        """The waivers of a run, in the order they were given."""
        names = WaiverRow.__dataclass_fields__
        query = sa.select(pay_waivers).where(pay_waivers.c.run_id == run_id).order_by(pay_waivers.c.id)
        return [WaiverRow(**{name: getattr(row, name) for name in names}) for row in connection.execute(query)]

    def sign(self, connection: sa.Connection, signature: SignatureRow) -> None:
        """Keep a signature."""
        connection.execute(sa.insert(pay_signatures).values(**asdict(signature)))
        body: dict[str, Json] = {"run": signature.run_id, "by": signature.person, "role": signature.role}
        body |= {"files": signature.files, "people": signature.people, "report": signature.report}
        append(connection, [Entry(kind="pay_signature", at=signature.at, body=body)])

    def signatures(self, connection: sa.Connection, run_id: str) -> list[SignatureRow]:
        """The signatures of a run, in the order they were given."""
        names = SignatureRow.__dataclass_fields__
        query = sa.select(pay_signatures).where(pay_signatures.c.run_id == run_id).order_by(pay_signatures.c.id)
        return [SignatureRow(**{name: getattr(row, name) for name in names}) for row in connection.execute(query)]
