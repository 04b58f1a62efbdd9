"""The command line. Exit codes: 0 clean, 1 finished but incomplete, 2 broken, 3 held for a person."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Entry point of the ``baton`` command."""
    try:
        _load_and_run()
    except KeyboardInterrupt:  # before the command began: click ends those that come later
        sys.stderr.write("baton: stopped\n")
        sys.exit(2)


def _load_and_run() -> None:
    gc.disable()  # what is loaded stays: to search it for garbage again and again is a tenth of a small command
    from baton.cli.main import run

    gc.enable()
    run()
