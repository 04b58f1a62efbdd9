"""The command line. Exit codes: 0 clean, 1 finished but incomplete, 2 broken, 3 held for a person."""

from __future__ import annotations

import gc


def main() -> None:
    """Entry point of the ``baton`` command."""
    gc.disable()  # what is loaded stays: to search it for garbage again and again is a tenth of a small command
    from baton.cli.main import run

    gc.enable()
    run()
