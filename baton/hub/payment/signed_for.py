"""Whether a run was signed for as it was asked when it was released: judged once more when it is reconciled.

Offices change hands and policies change afterwards, and undo no release. So what was asked is noted with the release,
and that a person held the office is what the signature says, which was refused otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.standing import files_digest
from baton.jobs.payment.approval_policy import FEWEST, ApprovalPolicy, Level, Signature, Subject, decide
from baton.jobs.payment.roles import Role
from baton.model.pay_run import PayFile, PayRun
from baton.model.persons import alike
from baton.store.pay_decisions import SignatureRow

ASKED: Final = "asked_signatures"
"""The fact of a run that names the roles whose signatures its release has asked for."""
_LONGEST: Final = timedelta(days=31)
"""No policy lets a signature hold for longer."""
MAKERS: Final = "makers"
"""The fact of a run that names who had made it, and what it pays again, when it was released."""
RELEASE: Final = "release"


def note_asked(hub: Hub, connection: sa.Connection, run: PayRun, level: Level, makers: Iterable[str]) -> None:
    """Keep with a run whose signatures its release asks for, and whose count for nothing in it."""
    hub.pay_runs.note(connection, run, facts={ASKED: [role.value for role in level.roles], MAKERS: sorted(makers)})


def signature_of(row: SignatureRow) -> Signature:
    """A signature as the policy judges it."""
    return Signature(row.at, row.person, Role(row.role), row.files, row.people, row.report)


def was_signed_for(hub: Hub, connection: sa.Connection, run: PayRun, maker: str, files: Sequence[PayFile]) -> bool:
    """Whether everybody whose signature the release asked for had signed for exactly these files by then.

    A run released before this was noted needs as many as the least demanding policy there can be; one released before
    its makers were noted has its own alone.
    """
    released = [each.decided_at for each in hub.runs.decisions(connection, run.run_id) if each.decision == RELEASE]
    if not released:
        return False
    rows = [row for row in hub.pay_decisions.signatures(connection, run.run_id) if row.at <= released[-1]]
    digest = files_digest(files)
    asked = run.facts.get(ASKED)
    if asked is None:
        persons = {alike(row.person) for row in rows if row.files == digest} - {alike(maker), ""}
        return len(persons) >= FEWEST
    assert isinstance(asked, list)
    level = Level(roles=tuple(Role(role) for role in asked))
    noted = run.facts.get(MAKERS, [maker])
    assert isinstance(noted, list)
    policy = ApprovalPolicy(valid_h=int(_LONGEST / timedelta(hours=1)), levels=(level,))
    holders = {row.person: [Role(each.role) for each in rows if each.person == row.person] for row in rows}
    made_by, total = frozenset(map(str, noted)), sum(file.total_minor for file in files)
    subject = Subject(digest, run.people_digest, run.report_digest, made_by, total, 0)
    signatures = [signature_of(row) for row in rows]
    return decide(subject, signatures, policy, holders, released[-1]).sufficient
