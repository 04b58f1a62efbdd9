"""``make bench``: every figure a ratio against a named baseline of the same run. Absolute seconds mean nothing elsewhere."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.figures import Line, Verdict
from tests.bench.report import machine, page

PARTS = (
    *("planning", "growing", "large", "sending", "reaching", "migration", "offboarding"),
    *("payments-checks", "payments-envelopes", "payments-writing", "payments-reading", "payments-hub"),
)
QUICK = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part (may be repeated; default: all)")
    parser.add_argument("--page", type=Path, help="write the report here, too, with the machine's description")
    parser.add_argument("--employees", type=int, default=100_000, help="people whose feed is planned")
    parser.add_argument("--sent", type=int, default=2_000, help="effects that are sent")
    parser.add_argument("--changes", type=int, default=10, help="changes whose way to all targets is timed, each way")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows that are migrated")
    owned = "records that a leaver owns in Salesforce; a tenth of it in Tryton"
    parser.add_argument("--owned", type=int, default=20_000, help=owned)
    parser.add_argument(
        "--payables", type=int, default=100_000, help="payables checked, paid in one file, and answered"
    )
    parser.add_argument(
        "--sealed", type=int, default=2_048, help="MiB that are encrypted (and five times as many once)"
    )
    parser.add_argument("--times", type=int, default=1, help="runs of each migration process; medians are told")
    parser.add_argument("--flat", action=argparse.BooleanOptionalAction, default=True, help="also four times the rows")
    parser.add_argument("--quick", action="store_true", help=f"a {QUICK}th of everything: to try, not to judge by")
    given = parser.parse_args()
    if given.quick:
        for amount in ("employees", "sent", "rows", "owned", "payables", "sealed"):
            setattr(given, amount, getattr(given, amount) // QUICK)
    parts: list[tuple[str, list[Line]]] = []
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as place:
        about = machine(Path(place))
        print(about, flush=True)
        for part in given.only or PARTS:
            parts.append((part, []))
            folder = Path(place) / part
            folder.mkdir()
            print(f"-- {part}", flush=True)
            for figure in figures(part, folder, given):
                print(figure.line(), flush=True)
                parts[-1][1].append(figure)
            shutil.rmtree(folder)
            if given.page is not None:  # a later part may take long, or be interrupted
                given.page.write_text(page(about, parts, _otherwise(sys.argv[1:])), encoding="utf-8")
    verdicts = Counter(line.verdict for _, lines in parts for line in lines)
    print("bars:", ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in Verdict if verdict))


def _otherwise(options: Sequence[str]) -> str:
    """What makes this no plain run: all but where the page goes."""
    at = options.index("--page") if "--page" in options else len(options)
    return " ".join([*options[:at], *options[at + 2 :]])


def figures(part: str, folder: Path, given: argparse.Namespace) -> Iterator[Line]:
    """The lines of one part. What a part needs is loaded with it."""
    if part == "planning":
        from tests.bench import planning

        return planning.figures(folder, given.employees)
    if part == "growing":
        from tests.bench import growing

        return growing.figures(folder, given.employees)
    if part == "large":
        from tests.bench import large

        return large.figures(folder, given.employees)
    if part == "sending":
        from tests.bench import sending

        return sending.figures(folder, given.sent)
    if part == "reaching":
        from tests.bench import reaching

        return reaching.figures(folder, given.changes)
    if part == "offboarding":
        from tests.bench import offboarding

        return offboarding.figures(folder, given.owned)
    if part == "payments-writing":
        from tests.bench.payments import writing

        return writing.figures(given.payables)
    if part == "payments-checks":
        from tests.bench.payments import checks

        return checks.figures(folder, given.payables)
    if part == "payments-envelopes":
        from tests.bench.payments import envelopes

        return envelopes.figures(folder, given.sealed)
    if part == "payments-reading":
        from tests.bench.payments import reading

        return reading.figures(folder, given.payables)
    if part == "payments-hub":
        from tests.bench.payments import hub

        return hub.figures(folder, given.payables)
    from tests.bench.migration.campaign import Wanted
    from tests.bench.migration.campaign import figures as of_migration

    return of_migration(folder, Wanted(given.rows, given.times, given.flat))


if __name__ == "__main__":
    main()
