"""Baton's own command line, used as a person would: other process, JSON answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from baton.sandbox.demo.narrator import DemoFailedError
from baton.sandbox.demo.workplace import Workplace

_LIMIT_S: Final = 120
_LOG: Final = "baton"
"""Where what commands say is kept; it is searched for what must not be said."""
_ONCE: Final = "from baton.cli import main; main()"
# Reads command lines, one JSON list a line; answers each with its exit code and what it said.
_MANY: Final = """
import contextlib, io, json, sys
from baton.cli.main import execute
for line in sys.stdin:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = execute(json.loads(line))
    for said in (out, err):
        said.seek(0)
    print(json.dumps([code, out.read(), err.read()]), flush=True)
"""


def baton(place: Workplace, *arguments: str, expect: int = 0) -> Any:
    """The JSON document that a command prints; `DemoFailedError` when it ends with another exit code than expected.

    All that it says is kept in the demo's logs, where it is searched for what must not be said.
    """
    outcome = subprocess.run(
        [sys.executable, "-c", _ONCE, *arguments, "--json"],
        env=_environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_LIMIT_S,
        check=False,
    )
    out, err = (said.decode("utf-8", "replace") for said in (outcome.stdout, outcome.stderr))
    return _document(place.log(_LOG), arguments, (outcome.returncode, out, err), expect)


class Terminal:
    """One process for many commands in a row: what they import is imported once. It ends with the demo.

    ``log`` names where what they say is kept.
    """

    def __init__(self, place: Workplace, *, log: str = _LOG) -> None:
        self._place = place
        self._log = log
        self._popen = subprocess.Popen(
            [sys.executable, "-c", _MANY],
            env=_environment(place),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def baton(self, *arguments: str, expect: int = 0) -> Any:
        """As `baton`."""
        if self._popen.stdin is None or self._popen.stdout is None:
            raise DemoFailedError("the terminal has no pipes")
        watch = threading.Timer(_LIMIT_S, self._popen.kill)
        watch.start()
        try:
            self._popen.stdin.write(json.dumps([*arguments, "--json"]) + "\n")
            self._popen.stdin.flush()
            answer = self._popen.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            watch.cancel()
        if not answer:
            raise DemoFailedError(
                f"`baton {' '.join(arguments[:3])}` did not end within {_LIMIT_S} s, or its process did"
            )
        code, out, err = json.loads(answer)
        return _document(self._place.log(self._log), arguments, (code, out, err), expect)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._popen.kill()
        self._popen.communicate()


def _environment(place: Workplace) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    return {**variables, "BATON_SYSTEMS": str(place.systems)}


def _document(kept: Path, arguments: tuple[str, ...], ended: tuple[int, str, str], expect: int) -> Any:
    code, out, err = ended
    with kept.open("a", encoding="utf-8") as log:
        log.write(f"{' '.join(arguments)}\n{out}{err}")
    if code != expect:
        message = f"`baton {' '.join(arguments[:3])}` ended with {code} instead of {expect}"
        raise DemoFailedError(message, log=f"{out}{err}"[-3000:])
    return json.loads(out)
