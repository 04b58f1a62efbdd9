"""The engine's hands at a bank: one effect is one finished file, delivered once, the very bytes signed for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from baton.contracts.answers import answered
from baton.contracts.payments import PaymentChannel, PaymentFile
from baton.engine.calls import RetryRule, blamed, patient
from baton.engine.performer import Call, Outcomes, Performer
from baton.engine.report import Report
from baton.errors import ConfigurationError, ConnectorError, Fault, InDoubtError, WithheldError
from baton.hub import execution
from baton.hub.core import Hub
from baton.hub.payment.standing import Withholding, require_day, require_standing
from baton.hub.payment.untold import by_two, told_each_time
from baton.model.account import Outcome, Receipt
from baton.model.effect import Effect, EffectState, PaymentAction
from baton.model.pay_run import SILENT, PayFile
from baton.store import deliveries
from baton.store.claims import Scope
from baton.store.leases import WAITING

SCOPE: Final = Scope(frozenset({PaymentAction.DELIVER.value}))
DIGITS: Final = 16
"""So many of a finished file's digest are in its name on our disk."""
_BLOCK_BYTES: Final = 1024 * 1024


def payments_folder(hub: Hub) -> Path:
    """Where finished files lie."""
    return hub.state_dir / "payments"


def file_path(hub: Hub, name: str, sealed_digest: str) -> Path:
    """Where one lies: encrypted, for the bank's eyes only. Built twice, it lies there twice."""
    return payments_folder(hub) / f"{sealed_digest[:DIGITS]}-{name}"


def payment_file(hub: Hub, file: PayFile) -> PaymentFile:
    """A finished file as a bank's connector knows it."""
    path = file_path(hub, file.name, file.sealed_digest)
    return PaymentFile(file.effect_key, file.name, path, file.sealed_digest, file.size_bytes, file.message_id)


def channel_of(hub: Hub, system: str) -> PaymentChannel:
    """The connector of a bank; `ConfigurationError` when that system takes no payment files."""
    connector = hub.connector(system)
    if not isinstance(connector, PaymentChannel):
        place = hub.settings.system(system).place
        raise ConfigurationError([Fault(place, "capability", f"{system} does not take payment files")])
    return connector


def traced(hub: Hub, system: str, file: PayFile) -> Receipt:
    """What a bank says of one file, asked for by itself: what keeps it from being asked for is a doubt about it alone.

    So is what no connector foresees: one file that cannot be looked at keeps no other from being.
    """
    channel = channel_of(hub, system)
    try:
        (receipt,) = answered(lambda: channel.trace([payment_file(hub, file)]), 1, of=channel)
    except ConnectorError as error:
        return Receipt.in_doubt(error.code, str(error))
    return receipt


def deliver(hub: Hub, system: str) -> Report:
    """Deliver every released file of one bank, and find out about those in doubt.

    Halted where something kept files from going out: what concerns the files of one run keeps no others here.
    """
    settings = hub.settings.system(system)
    report = execution.perform(hub, settings, FilePerformer(hub, system), SCOPE)
    told = [*report.withheld, *_kept_here(hub, system), *told_each_time(hub, system), *_never_delivered(hub, system)]
    if told:
        report.needs_person = report.needs_person or not report.halted
        report.halted = "; ".join(filter(None, (report.halted, *dict.fromkeys(told))))
    return report


def _kept_here(hub: Hub, system: str) -> list[str]:
    """Why files stay here, each time, also where it was not yet time to look at them again."""
    with hub.database.read() as connection:
        keys = deliveries.last_told(connection, system, [each.value for each in Withholding])
        effects = hub.effects.by_key(connection, keys)
    return [str(WithheldError(effects[key].message, remedy=effects[key].remedy)) for key in keys]


def _never_delivered(hub: Hub, system: str) -> list[str]:
    """What is to be said of the files whose delivery has ended without one, each time, until somebody has acted."""
    with hub.database.read() as connection:
        keys = deliveries.released_and_refused(connection, system)
        effects = hub.effects.by_key(connection, keys)
        doubtful = deliveries.doubted(connection, keys) - deliveries.declared_absent(connection, keys)
        heard = deliveries.spoken_of(connection, keys)
    return [_ended(effects[key], arrived=key in doubtful | heard, silent=key not in heard) for key in keys]


def _ended(effect: Effect, *, arrived: bool, silent: bool) -> str:
    """What to do about the people in a file whose delivery has ended.

    Whether it may have ``arrived`` before, and whether the bank is ``silent`` about every payment in it.
    """
    back = f"baton pay withdraw {effect.run_id}"
    what = f"{effect.number} of {effect.run_id} is never delivered: {effect.message or effect.code}; "
    if arrived:
        return (
            f"{what}but the bank may have had it before: ask the bank about each payment in it; "
            f"if it has none of them, and will not: {back} --rest-unpaid; what it has: baton pay recall {effect.run_id}"
            f"{'; ' + by_two(effect.number) if silent else ''}"
        )
    return f"{what}nobody in it is paid: {back}, then have them paid by a run that is sent"


@dataclass
class FilePerformer(Performer):
    """Works on the files of one bank. What a bank has accepted is told by its answers, hours later."""

    hub: Hub
    system: str
    retry: RetryRule = RetryRule()

    awaited = WAITING - {EffectState.ACCEPTED}
    wary = True
    gives_up = False  # several people have signed for it, and everybody in it waits for their pay

    def __post_init__(self) -> None:
        self.batch_limit = 1
        self.channel = channel_of(self.hub, self.system)

    def prepare(self, batch: Sequence[Effect]) -> FileCall:
        """Find the file."""
        (effect,) = batch
        with self.hub.database.read() as connection:
            file = self.hub.pay_runs.file(connection, effect.number)
            if file is None:
                raise Withholding.NO_FILE.error(f"there is no file {effect.number}", "baton audit verify")
        return FileCall(self, effect, file)


@dataclass(frozen=True, slots=True)
class FileCall(Call):
    """One file, ready to go."""

    performer: FilePerformer
    effect: Effect
    file: PayFile

    @property
    def effects(self) -> Sequence[Effect]:  # type: ignore[override]
        """The one effect."""
        return [self.effect]

    def send(self) -> Outcomes:
        """Deliver the file."""
        by = self.performer
        file = self._payment_file()
        by.hub.crash_point("sending")
        pause = by.hub.limiter(by.system).pause
        retrying = patient(by.retry, by.hub.clock, by.hub.chance, pause)
        try:
            receipts = retrying(self._submit, [file])
        except WithheldError as error:
            if retrying.statistics["attempt_number"] == 1:
                raise
            # It was tried before that, and whoever asks whether it ever was must hear so.
            receipts = [blamed(error)]
        by.hub.crash_point("delivered")
        return self._paired(receipts)

    def _submit(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """One try, and the last look at HR and the day before it: a bank that has us wait gives people time to leave.

        A connector that raises instead of answering is in doubt as well, or a file that has arrived would pass for one
        that was never sent.
        """
        by = self.performer
        with by.hub.database.read() as connection:
            require_standing(by.hub, connection, self.file.run_id)
            require_day(by.hub, connection, self.file)
        return answered(lambda: by.channel.submit(files), len(files), of=by.channel)

    def look_up(self) -> Outcomes:
        """Whether it is there, also where ours is gone by now."""
        return self._paired(self.performer.channel.trace([payment_file(self.performer.hub, self.file)]))

    def results(self) -> Outcomes:
        """What the bank's answers have said of the file as a whole, or of a line in it: it has what it speaks of."""
        hub, message_id = self.performer.hub, self.file.message_id
        with hub.database.read() as connection:
            receipt = hub.bank_answers.file_receipt(connection, self.performer.system, message_id)
            if receipt.outcome is Outcome.ACCEPTED:
                # Its answer about the whole may be lost for good; a statement that shows a line is proof enough.
                told = (line.state for line in hub.pay_runs.of_file(connection, message_id))
                if any(state not in SILENT for state in told):
                    receipt = Receipt.done(message_id, proof="lines")
        return [(self.effect, receipt)]

    def _payment_file(self) -> PaymentFile:
        path = file_path(self.performer.hub, self.file.name, self.file.sealed_digest)
        if _digest(path) != self.file.sealed_digest:
            run_id = self.file.run_id
            raise Withholding.FILE_CHANGED.error(
                f"the file {self.file.name} of {run_id} is not the one that was signed for, or not there",
                "it was not sent: find out who can write into state/payments, then take it back and build it anew: "
                f"baton pay withdraw {run_id}",
            )
        return payment_file(self.performer.hub, self.file)

    def _paired(self, receipts: Sequence[Receipt]) -> Outcomes:
        if len(receipts) != 1:
            raise InDoubtError("the connector returned another number of receipts", code="receipts_mismatch")
        return [(self.effect, receipts[0])]


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()
