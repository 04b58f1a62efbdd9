"""Everything that can be judged without installing or starting anything: `make check`.

Each check runs even when an earlier one failed, so that one run shows all there is to mend.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
CHECKS = {
    "style": [str(BIN / "ruff"), "check", "--quiet", "."],
    "layout of the code": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "types": [str(BIN / "mypy")],
    "who may import whom": [str(BIN / "lint-imports"), "--no-cache"],
    "lock file": [
        shutil.which("uv", path=f"{BIN}:{os.environ.get('PATH', '')}") or str(BIN / "uv"),
        "lock",
        "--check",
        "--quiet",
    ],
    "documents": [sys.executable, str(ROOT / "tools" / "documents.py")],
    "parsers, fuzzed": [sys.executable, "-m", "tests.fuzz", "--seconds", "{fuzz_seconds}"],
}
TOLD = "fuzz: "
"""How a line begins that is worth telling although all is well: what was tried, or that nothing was."""


def main() -> int:
    """Run them all; 0 when all passed, else 1."""
    parser = argparse.ArgumentParser(prog="tools/check.py", description=__doc__)
    parser.add_argument("--fuzz-seconds", type=int, default=60, help="for each harness")
    given = vars(parser.parse_args())
    verdicts = {}
    for name, parts in CHECKS.items():
        started = time.monotonic()
        command = [part.format_map(given) for part in parts]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            passed, said = done.returncode == 0, done.stdout + done.stderr
        except OSError as error:
            passed, said = False, f"{error}; `make check` prepares what this needs"
        verdicts[name] = "ok" if passed else "FAILED"
        print(f"{verdicts[name]:<7}{name} ({time.monotonic() - started:.1f} s)", flush=True)
        if not passed:
            print(said, flush=True)
        else:
            print(
                "".join(f"       {line}\n" for line in said.splitlines() if line.startswith(TOLD)), end="", flush=True
            )
    failed = [name for name, verdict in verdicts.items() if verdict != "ok"]
    print(f"check: {len(verdicts) - len(failed)} of {len(verdicts)} passed" + (f"; failed: {failed}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
