"""The command line. Exit codes: 0 clean, 1 finished but incomplete, 2 broken, 3 held for a person."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``baton`` command."""
    from baton.cli.main import run

    run()
