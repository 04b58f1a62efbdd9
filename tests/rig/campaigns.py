"""What every ``python -m tests.…`` of long campaigns does: picks some, runs them one after the other, tells figures."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeAlias

Options: TypeAlias = argparse.Namespace
Campaigns: TypeAlias = Mapping[str, Callable[[Options], None]]


def run(parser: argparse.ArgumentParser, campaigns: Campaigns) -> int:
    """Run what is asked for; 0 when nothing broke (what breaks ends it, and says what replays it)."""
    parser.add_argument("--only", choices=campaigns, action="append", help="this one (may be repeated; default: all)")
    given = parser.parse_args()
    logging.getLogger("baton").setLevel(logging.CRITICAL)
    for name in given.only or campaigns:
        campaigns[name](given)
    return 0


def say(text: str) -> None:
    """One line, at once: a campaign takes long."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def listed(counts: Counter[str]) -> str:
    """Figures by name."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
