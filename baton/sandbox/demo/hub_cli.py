"""Baton's own command line, used as a person would: other process, JSON answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

from baton.sandbox.demo.narrator import DemoFailedError
from baton.sandbox.demo.workplace import Workplace

_LIMIT_S: Final = 120


def baton(place: Workplace, *arguments: str, expect: int = 0) -> Any:
    """The JSON document that a command prints; `DemoFailedError` when it ends with another exit code than expected.

    All that it says is kept in the demo's logs, where it is searched for what must not be said.
    """
    command = [sys.executable, "-c", "from baton.cli import main; main()", *arguments, "--json"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    outcome = subprocess.run(
        command,
        env={**variables, "BATON_SYSTEMS": str(place.systems)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_LIMIT_S,
        check=False,
    )
    with place.log("baton").open("ab") as log:
        log.write(b" ".join([*(argument.encode() for argument in arguments), b"\n"]) + outcome.stdout + outcome.stderr)
    if outcome.returncode != expect:
        text = (outcome.stdout + outcome.stderr).decode("utf-8", "replace")
        raise DemoFailedError(
            f"`baton {' '.join(arguments[:3])}` ended with {outcome.returncode} instead of {expect}", log=text[-3000:]
        )
    return json.loads(outcome.stdout)
