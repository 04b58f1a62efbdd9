"""``make bench``: every figure a ratio against a named baseline of the same run. Absolute seconds mean nothing elsewhere."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path

from tests.bench import planning, sending


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--employees", type=int, default=100_000)
    parser.add_argument("--sent", type=int, default=2_000)
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, SQLite. Ratios; smaller is better.")
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as place:
        folder = Path(place)
        (folder / "planning").mkdir()
        for figure in planning.figures(folder / "planning", given.employees):
            print(figure.line(), flush=True)
        (folder / "sending").mkdir()
        for figure in sending.figures(folder / "sending", given.sent):
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
