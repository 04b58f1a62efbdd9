"""`make drill` from its first to its last step: nobody would notice between two campaigns that the company has moved on."""

import json
import subprocess
import sys
from pathlib import Path


def test_nothing_is_repeated_and_nothing_forgotten(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "baton.sandbox.drill", "--json", "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["ok"], told["wrong"], told["repeated"]) == (True, [], 0)
    assert told["paid"] == told["paid_after_the_backup"] > 0
    assert told["found_since"] > 0
