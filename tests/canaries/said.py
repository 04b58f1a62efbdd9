"""What commands and processes say: each line of a command in this process, what a child answers, what a test lets through.

A child of the fork server writes where this process does, so that pytest captures it with the test's own prints. What a
test reads from a pipe by itself, line by line, is not seen.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
import pytest

from baton.cli.output import Voice

Look = Callable[[str, str, bytes], None]
"""Told what is said, by whom, and the words."""
MEANT: Final[Mapping[str, str]] = {
    "baton offboard open": "whose handover it is, and what is to be handed over",
    "baton offboard show": "the same",
    "baton pay recall": "a letter to the bank, before it is written",
    "baton pay recover notice": "a letter to somebody who was paid too much, before it is sent",
}
"""Commands that show such values to whoever asks at the shell -> what."""
_PYTHON: Final = Path(sys.executable).name
_CAPTURED: Final = ("Captured stdout", "Captured stderr")


class Said:
    """From now on, everything that is said."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def listen(self) -> None:
        """To commands and to children; what pytest captures is handed in."""
        echo, table, ask = click.echo, Voice.table, subprocess.Popen.communicate

        def echoed(message: Any = None, *args: Any, **more: Any) -> None:
            self._hear("" if message is None else message)
            echo(message, *args, **more)

        def tabled(voice: Voice, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
            lines = [list(row) for row in rows]
            self._hear("\n".join(" ".join(map(str, line)) for line in lines))
            table(voice, headings, lines)

        def answered(process: subprocess.Popen[Any], *args: Any, **more: Any) -> tuple[Any, Any]:
            answers = ask(process, *args, **more)
            if _is_ours(process.args):
                for answer in answers:
                    self._look("output", "a child process", _bytes(answer or b""))
            return answers

        click.echo = echoed  # type: ignore[assignment]
        Voice.table = tabled  # type: ignore[method-assign]
        subprocess.Popen.communicate = answered  # type: ignore[method-assign]

    def captured(self, report: pytest.TestReport) -> None:
        """What was printed in this process and by those that share its output."""
        for title, text in report.sections:
            if title.startswith(_CAPTURED) and title.endswith(report.when or ""):
                self._look("output", "captured by pytest", _bytes(text))

    def _hear(self, message: object) -> None:
        context = click.get_current_context(silent=True)
        command = context.command_path if context else "baton"
        if command not in MEANT:
            self._look("output", command, _bytes(message))


def _is_ours(args: Any) -> bool:
    """Whether a child is Python: Baton itself, or a script of a test about it. Others show what they are made to show."""
    first = args if isinstance(args, str) else next(iter(args), "")
    return Path(str(first)).name == _PYTHON


def _bytes(text: object) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "backslashreplace")
