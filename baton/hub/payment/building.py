"""Building a run's files: written, checked against the bank's schema, signed and encrypted in one stream each.

What a bank reads never rests on a disk: it is made anew, byte for byte the same, each time it is looked at.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from baton import telemetry
from baton.banking.catalogue import load_profile
from baton.banking.profile import BankProfile
from baton.banking.splitting import OrderHead, split
from baton.banking.writing import pieces
from baton.banking.xsd import SchemaCheck, schema_names
from baton.envelopes.seam import Label, Sealed, Sealer
from baton.errors import ApprovalError, TamperedError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.checking import considered, judge, open_run
from baton.hub.payment.delivering import channel_of, file_path, payments_folder
from baton.hub.payment.standing import binding, everybody, payees, people_digest, standing
from baton.hub.payment.voiding import delete_files, void_files
from baton.model.effect import Intention, PaymentAction, effect_key
from baton.model.pay_run import JOB, LineState, PayFile, PayLine, PayRun
from baton.model.payable import PaymentOrder
from baton.model.people import Employee
from baton.store.effects import Drafted
from baton.store.pay_runs import LineChange
from baton.store.runs import Run, RunState
from baton.store.staging import told_when_full

_PAGE_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Built:
    """A run with its finished files."""

    run: PayRun
    files: Sequence[PayFile]


@dataclass(frozen=True, slots=True)
class _Plain:
    """What the bank is to read, made anew each time it is iterated."""

    order: PaymentOrder
    profile: BankProfile

    def __iter__(self) -> Iterator[bytes]:
        return pieces(self.order, self.profile)

    def examined(self) -> str:
        """Its SHA-256 (hex), once all of it has passed the schema. Raises `InvalidXmlError`, `OrderRefusedError`."""
        check = SchemaCheck(self.profile.format) if self.profile.format in schema_names() else None
        digest = hashlib.sha256()
        for piece in self:
            digest.update(piece)
            if check is not None:
                check.feed(piece)
        if check is not None:
            check.close()
        return digest.hexdigest()


def build(hub: Hub, run_id: str) -> Built:
    """Make the files of a checked run, and a held effect for each. What was there before, and signed for, is void."""
    with telemetry.span("build", job=JOB, run=run_id) as opened:
        built = _built(hub, run_id)
        telemetry.note(opened, count=len(built.files))
    return built


def _built(hub: Hub, run_id: str) -> Built:
    run, files, homes = _made(hub, run_id)
    hub.crash_point("built")
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        current, head = open_run(hub, connection, run_id)
        if _builds(current) != _builds(run):
            raise ApprovalError(f"{run_id} was built by somebody else just now", code="changed")
        void = void_files(hub, connection, current, why="built_again")
        people = everybody(hub, connection)
        lines = considered(hub, connection, current)
        if judge(hub, connection, current, head, lines, people).digest != run.report_digest:
            raise ApprovalError(
                f"{run_id} has changed while its files were built", code="changed", remedy=f"baton pay check {run_id}"
            )
        del lines  # not held beside those that are filed now
        files = _keep(hub, connection, current, files, homes, people)
        current = hub.pay_runs.note(connection, current, facts={"builds": _builds(run) + 1})
        hub.runs.change(
            connection, run_id, RunState.HELD, plan_hash=binding(current, files), reasons=["not signed yet"]
        )
        hub.crash_point("building")
    delete_files(hub, void)
    return Built(current, files)


def _made(hub: Hub, run_id: str) -> tuple[PayRun, list[PayFile], dict[str, str]]:
    """The run as it is read, its files, and the message id by each line's reference: all that is held of the lines."""
    with hub.database.read() as connection:
        run, head = open_run(hub, connection, run_id)
        _require_checked(run, head)
        run = replace(run, facts={"builds": _builds(run)})  # what the checks have found is long, and not needed here
        lines = hub.pay_runs.lines(connection, run_id, LineState.DRAFT, LineState.FILED)
        orders = _orders(run, lines, load_profile(run.profile, hub.settings.payments.profiles))
    files = _all_finished(hub, run, orders)
    homes = {payable.key.reference: plain.order.message_id for plain in orders for payable in plain.order.lines()}
    return run, files, homes


def _builds(run: PayRun) -> int:
    """How many times it has been built."""
    return int(str(run.facts.get("builds", 0)))


def _require_checked(run: PayRun, head: Run) -> None:
    if not run.report_digest:
        raise ApprovalError(
            f"{run.run_id} has not been checked", code="unchecked", remedy=f"baton pay check {run.run_id}"
        )
    if not head.plan_hash and head.reasons:
        raise ApprovalError(
            f"the checks keep {run.run_id}: {', '.join(head.reasons)}",
            code="kept",
            remedy=f"see the findings, correct them or have them waived: baton pay show {run.run_id}",
        )


def _orders(run: PayRun, lines: Iterable[PayLine], profile: BankProfile) -> list[_Plain]:
    # Built again, a run gets message ids of its own: those of a build that was given up are never used again. The
    # references of its lines stay what they are.
    head = OrderHead(f"{run.run_id}/{_builds(run) + 1}", run.created, run.execution_day, run.payer, run.initiator)
    parts = split((line.payable for line in lines), profile)
    return [_Plain(head.order(part), profile) for part in parts]


def _all_finished(hub: Hub, run: PayRun, orders: Sequence[_Plain]) -> list[PayFile]:
    """Every file of a run, or none: where one cannot be made, those before it would lie there for nobody."""
    files: list[PayFile] = []
    try:
        for part, plain in enumerate(orders, start=1):
            files.append(_finished(hub, run, part, plain))
    except Exception:
        delete_files(hub, files)
        raise
    return files


def _finished(hub: Hub, run: PayRun, part: int, plain: _Plain) -> PayFile:
    """One file, sealed where it will lie. A crash in between leaves a piece under another name."""
    sealing = channel_of(hub, run.system).sealing()
    order, plain_digest = plain.order, plain.examined()
    name = plain.profile.file_name_for(order.message_id, plain_digest) + sealing.sealer.suffix
    label = Label(
        content_type="application/octet-stream",
        name=name,
        sender=sealing.sender,
        recipient=sealing.recipient,
        created=run.created,
        facts={"message_id": order.message_id, "count": str(order.count)},
    )
    sealed = _sealed(hub, name, plain, label, sealing.sealer)
    if sealed.plain_sha256 != plain_digest:
        raise TamperedError(f"the file {name} was written differently the second time: nothing of it is used")
    return PayFile(
        message_id=order.message_id,
        run_id=run.run_id,
        part=part,
        name=name,
        plain_digest=plain_digest,
        sealed_digest=sealed.sha256,
        size_bytes=sealed.size_bytes,
        count=order.count,
        effect_key=effect_key(JOB, run.system, order.message_id, PaymentAction.DELIVER, 1),
        people_digest="",  # told when it is kept, by the same look at HR as the run's
        created=hub.clock.now(),
        total_minor=order.total_minor,
    )


def _sealed(hub: Hub, name: str, plain: _Plain, label: Label, sealer: Sealer) -> Sealed:
    """The file in its place, whole; or nothing there, and `StorageFullError` when there is no room."""
    folder = payments_folder(hub)
    with told_when_full(folder, f"the file {name}", "baton pay build, or run it again"):
        return _sealed_in(hub, folder, name, plain, label, sealer)


def _sealed_in(hub: Hub, folder: Path, name: str, plain: _Plain, label: Label, sealer: Sealer) -> Sealed:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, part = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as out:
            sealed = sealer.seal(plain, out, label)
            out.flush()
            os.fsync(out.fileno())
        hub.crash_point("sealed")
        Path(part).rename(file_path(hub, name, sealed.sha256))
    finally:
        Path(part).unlink(missing_ok=True)
    return sealed


def _keep(
    hub: Hub,
    connection: sa.Connection,
    run: PayRun,
    files: Sequence[PayFile],
    homes: Mapping[str, str],
    people: Mapping[str, Employee],
) -> list[PayFile]:
    """The files, the lines in them, and for each file the one effect that may deliver it."""
    _file_lines(hub, connection, run.run_id, homes)
    files = [
        replace(file, people_digest=people_digest(hub, payees(hub, connection, file.message_id), people))
        for file in files
    ]
    hub.pay_runs.add_files(connection, files)
    now = hub.clock.now()
    drafted = [
        Drafted(
            Intention(
                system=run.system,
                number=file.message_id,
                action=PaymentAction.DELIVER,
                due_at=now,
                fields={"file": file.name, "plain": file.plain_digest, "sealed": file.sealed_digest},
            ),
            version=1,
            mapping_digest="",
            digests={},
        )
        for file in files
    ]
    hub.effects.insert(connection, JOB, run.run_id, drafted)
    hub.effects.hold(connection, run.run_id)
    if not standing(hub, connection, run, people):
        raise ApprovalError(
            f"somebody in {run.run_id} has left, changed or got another account since it was checked",
            code="people_changed",
            remedy=f"check it again: baton pay check {run.run_id}",
        )
    return files


def _file_lines(hub: Hub, connection: sa.Connection, run_id: str, homes: Mapping[str, str]) -> None:
    """Every line goes into its file; `ApprovalError` when the run has others by now than its files."""
    filed = after = 0
    while lines := hub.pay_runs.some_lines(connection, run_id, [LineState.DRAFT], after, _PAGE_ROWS):
        found = [(line, homes.get(line.reference)) for line in lines]
        changes = [LineChange(line, LineState.FILED, {"message_id": home}) for line, home in found if home is not None]
        hub.pay_runs.move_lines(connection, changes)
        if len(changes) < len(lines):
            break
        filed, after = filed + len(lines), lines[-1].line
    if lines or filed != len(homes):
        raise ApprovalError(
            f"the lines of {run_id} have changed while its files were built",
            code="changed",
            remedy=f"baton pay check {run_id}",
        )
