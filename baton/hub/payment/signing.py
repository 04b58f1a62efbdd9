"""Signing for a run's files, and releasing them once enough people have: for exact bytes, checks and people, or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.checking import considered, judge, open_run
from baton.hub.payment.makers import makers
from baton.hub.payment.policies import holders_of, policy_of
from baton.hub.payment.signed_for import note_asked, signature_of
from baton.hub.payment.standing import binding, everybody, files_digest, stale, standing
from baton.hub.payment.voiding import delete_files, void_files
from baton.jobs.payment.approval_policy import REMEDY, Decision, Subject, decide
from baton.jobs.payment.roles import Role
from baton.model.pay_run import LineState, PayFile, PayRun
from baton.model.persons import is_among, require_reason
from baton.store.pay_decisions import SignatureRow
from baton.store.pay_runs import LineChange
from baton.store.runs import Run, RunState


@dataclass(frozen=True, slots=True)
class Signed:
    """A run with its files, and how far its signatures reach now."""

    run: PayRun
    files: Sequence[PayFile]
    decision: Decision
    stale: bool
    """Whether somebody in the files has changed at HR since: whoever has signed, it would not be released."""

    @property
    def total_minor(self) -> int:
        """What the files come to."""
        return sum(file.total_minor for file in self.files)


def look(hub: Hub, run_id: str) -> Signed:
    """How far a run's signatures reach at this moment."""
    with hub.database.read() as connection:
        run, head = open_run(hub, connection, run_id)
        return reach(hub, connection, run, head)


def stands(hub: Hub, run_id: str) -> bool:
    """Whether a run has files that would be built like this now: who has signed, has signed for them."""
    with hub.database.read() as connection:
        run, head = open_run(hub, connection, run_id)
        try:
            _require_current(hub, connection, run, head)
        except ApprovalError:
            return False
    return True


def sign(hub: Hub, run_id: str, person: str, role: Role, seen: str = "") -> Signed:
    """Keep a signature. Raises `ApprovalError` when it would not count, with why; it is then not kept.

    ``seen`` begins the digest of the files that the person was shown (`files_digest`): for others nobody signs
    (``other_files``). Empty: whatever is there.
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        run, head = open_run(hub, connection, run_id)
        _require_current(hub, connection, run, head, seen)
        files = hub.pay_runs.files(connection, run_id)
        row = SignatureRow(
            run_id=run_id,
            person=person,
            role=role.value,
            at=hub.clock.now(),
            files=files_digest(files),
            people=run.people_digest,
            report=run.report_digest,
        )
        hub.pay_decisions.sign(connection, row)
        signed = _counted(hub, connection, run, head)
        for refused, why in signed.decision.refused:
            if refused == signature_of(row):
                raise ApprovalError(f"this signature does not count: {REMEDY[why][0]}", code=why.value)
        hub.crash_point("signing")
    hub.crash_point("signed")
    return signed


def release(hub: Hub, run_id: str, person: str, why: str, seen: str = "") -> Signed:
    """Let the files of a run go, once: nothing has changed and all have signed. The next delivery takes them.

    ``seen`` is as for `sign`. Lines that the checks still hold are given up: they cannot be waived in a run that has
    gone, and another run may pay them. Raises `ApprovalError` when something is missing, and for whoever
    made the run or one beneath it.
    """
    require_reason(person, why)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        run, head = open_run(hub, connection, run_id)
        made_by = makers(hub, connection, run, head)
        if is_among(person, made_by):
            raise ApprovalError(
                f"{person} made this run, or one that it pays again, and cannot release it",
                code="maker",
                remedy="a second person must release it",
            )
        _require_current(hub, connection, run, head, seen)
        signed = _counted(hub, connection, run, head)
        if not signed.decision.sufficient:
            missing = ", ".join(signed.decision.missing)
            raise ApprovalError(
                f"{run_id} still needs the signature of: {missing}", code="unsigned", remedy=f"baton pay sign {run_id}"
            )
        asked = policy_of(hub).approvals.level(signed.total_minor, int(head.counts.get("warnings", 0)))
        note_asked(hub, connection, run, asked, made_by)
        let_go(hub, connection, head, person, why)
        hub.crash_point("releasing")
    hub.crash_point("released")
    return signed


def let_go(hub: Hub, connection: sa.Connection, head: Run, person: str, why: str) -> None:
    """What a release changes: lines and deliveries go, lines that the checks still hold are given up."""
    filed = list(hub.pay_runs.lines(connection, head.id, LineState.FILED))
    left_behind = list(hub.pay_runs.lines(connection, head.id, LineState.HELD))
    hub.pay_runs.move_lines(connection, [LineChange(line, LineState.RELEASED) for line in filed])
    hub.pay_runs.move_lines(connection, [LineChange(line, LineState.CANCELLED) for line in left_behind])
    hub.effects.release(connection, head.id)
    hub.runs.decide(connection, head, "release", person, why)
    hub.runs.change(connection, head.id, RunState.READY, verdict="")


def cancel(hub: Hub, run_id: str, person: str, why: str) -> int:
    """Give up a run that is not released; how many lines it had. Their payables are free for another run."""
    require_reason(person, why)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        run, head = open_run(hub, connection, run_id)
        void = void_files(hub, connection, run, why="cancelled")
        open_lines = list(hub.pay_runs.lines(connection, run_id, LineState.DRAFT, LineState.HELD))
        hub.pay_runs.move_lines(connection, [LineChange(line, LineState.CANCELLED) for line in open_lines])
        hub.runs.decide(connection, head, "cancel", person, why)
        hub.runs.change(connection, run_id, RunState.REJECTED, verdict="held")
        hub.crash_point("cancelling")
    delete_files(hub, void)
    hub.crash_point("cancelled")
    return len(open_lines)


def _require_current(hub: Hub, connection: sa.Connection, run: PayRun, head: Run, seen: str = "") -> None:
    """Nobody signs for, or releases, what would not be built like this now: people, waivers and checks, all of it."""
    files = hub.pay_runs.files(connection, run.run_id)
    if not files:
        raise ApprovalError(
            f"{run.run_id} has no file yet", code="not_built", remedy=f"baton pay build {run.run_id}, after its checks"
        )
    if not files_digest(files).startswith(seen):
        raise ApprovalError(
            f"{run.run_id} has other files than those that were shown",
            code="other_files",
            remedy="somebody has built it anew since: look at it again",
        )
    people = everybody(hub, connection)
    if not standing(hub, connection, run, people):
        raise ApprovalError(
            f"somebody in {run.run_id} has left, changed or got another account since it was checked",
            code="people_changed",
            remedy=f"check it again: baton pay check {run.run_id}",
        )
    cleared = judge(hub, connection, run, head, considered(hub, connection, run), people)
    if cleared.digest != run.report_digest or head.plan_hash != binding(run, files):
        raise ApprovalError(
            f"{run.run_id} is no longer what was checked and built (a waiver has lapsed, another run claims the same, "
            "or the day has passed)",
            code="changed",
            remedy=f"check it again: baton pay check {run.run_id}",
        )


def reach(hub: Hub, connection: sa.Connection, run: PayRun, head: Run) -> Signed:
    """How far the signatures of a run that is not released reach now. Reads only, and locks nothing."""
    signed = _counted(hub, connection, run, head)
    return replace(signed, stale=stale(hub, connection, run, signed.files))


def _counted(hub: Hub, connection: sa.Connection, run: PayRun, head: Run) -> Signed:
    """The same of a run that is known to be current: HR is not asked again."""
    files = hub.pay_runs.files(connection, run.run_id)
    rows = hub.pay_decisions.signatures(connection, run.run_id)
    restored = hub.restores.latest(connection)
    subject = Subject(
        file_sha256=files_digest(files),
        hr_version=run.people_digest,
        report_digest=run.report_digest,
        makers=makers(hub, connection, run, head),
        total_minor=sum(file.total_minor for file in files),
        warnings=int(head.counts.get("warnings", 0)),
        set_back_at=None if restored is None else restored.at,
    )
    decision = decide(
        subject, [signature_of(row) for row in rows], policy_of(hub).approvals, holders_of(hub), hub.clock.now()
    )
    return Signed(run, files, decision, stale=False)
