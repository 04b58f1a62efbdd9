"""One side reads one file of the bank, and says how long that took: ``python -m tests.bench.payments.reading_sides WHAT FILE``.

Also makes the files: as many lines as are wanted, names and accounts invented. CPU seconds of the reading itself, so that
neither side is charged for what it imports.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.banking.reading import messages


def write_report(path: Path, lines: int, in_batch: int) -> None:
    """A pain.002 in which every line is refused."""

    def batches() -> Iterator[str]:
        for first in range(0, lines, in_batch):
            told = (_line(number) for number in range(first, min(first + in_batch, lines)))
            yield messages.batch(f"B{first}", *told, state="PART")

    head, tail = messages.report("\n").split("\n")
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        file.writelines(batches())
        file.write(tail)


def _line(number: int) -> str:
    why = messages.why("AC04", "account closed")
    return messages.line(f"{number:026d}", "RJCT", why, amount=f"{1000 + number}.23", instruction=f"{number:026d}")


def write_statement(path: Path, lines: int, in_booking: int) -> None:
    """A camt.053 in which every line is booked, so many transactions to a booking."""

    def bookings() -> Iterator[str]:
        for first in range(0, lines, in_booking):
            numbers = range(first, min(first + in_booking, lines))
            whole = sum(map(_fen, numbers))
            yield messages.booking(_yuan(whole), *[_transaction(number) for number in numbers])

    head, tail = messages.statements([messages.statement("\n")]).split("\n")
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        file.writelines(bookings())
        file.write(tail)


def _transaction(number: int) -> str:
    refs = f"<AcctSvcrRef>A{number}</AcctSvcrRef><PmtInfId>B1</PmtInfId><InstrId>{number:026d}</InstrId>"
    inside = (
        f"<RltdPties><Cdtr><Pty><Nm>测试{number}</Nm></Pty></Cdtr></RltdPties>"
        "<RmtInf><Ustrd>salary 2026-11</Ustrd></RmtInf>"
    )
    return messages.transaction(refs + messages.end_to_end(f"{number:026d}"), _yuan(_fen(number)), "DBIT", inside)


def _fen(number: int) -> int:
    return 800_000 + number * 7 % 1_000_000


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _report(path: Path) -> Iterator[int]:
    from baton.banking.reading.leniency import Tolerant
    from baton.banking.reading.report import read_report
    from baton.model.bank_answers import AnswerLevel

    with path.open("rb") as stream:
        answers = read_report(stream, path.name, Tolerant())
        yield 0
        yield sum(1 for answer in answers if answer.level is AnswerLevel.LINE)


def _statement(path: Path) -> Iterator[int]:
    from baton.banking.reading.leniency import Tolerant
    from baton.banking.reading.statement import read_statements

    with path.open("rb") as stream:
        statements = read_statements(stream, path.name, Tolerant())
        yield 0
        yield sum(1 for each in statements for _ in each.entries)


def _pain001_report(path: Path) -> Iterator[int]:
    from pain001.pain002 import parse_pain002_report

    yield -1
    yield sum("transaction_status" in each for each in parse_pain002_report(str(path))["payment_statuses"])


def _pain001_statement(path: Path) -> Iterator[int]:
    from pain001.camt053 import parse_camt053_statement

    yield -1
    yield len(parse_camt053_statement(str(path))["entries"])


SIDES: dict[str, Callable[[Path], Iterator[int]]] = {
    "report": _report,
    "statement": _statement,
    "pain001-report": _pain001_report,
    "pain001-statement": _pain001_statement,
}


def main() -> None:
    """Both sides in two steps: up to the check of the whole file against its schema (only ours has one), and the reading."""
    side = SIDES[sys.argv[1]](Path(sys.argv[2]))
    started = time.process_time()
    checks = next(side) == 0
    checked = time.process_time()
    read = next(side)
    ended = time.process_time()
    figures = {"read": read, "check_s": checked - started if checks else 0.0, "read_s": ended - checked}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
