"""The report of one run as a page: the machine, the date, every line under its part, and how many bars were met."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.figures import Line, Verdict

HEAD = """# Benchmarks

Written by `make bench`, in one run on one machine. Each figure is a ratio against a baseline that was measured in the
same run: it is what can be compared elsewhere. Seconds stand beside them to be looked at, not to be compared.
`MISSED` is a bar that this run did not reach.
"""
_FSYNCS = 50


def machine(folder: Path) -> str:
    """What ran this: processor, cores, memory, system, Python, and how fast the disk confirms a write."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB of memory; {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}; an fsync takes {_fsync_ms(folder):.1f} ms; "
        f"load before: {os.getloadavg()[0]:.1f}"
    )


def page(about: str, parts: Sequence[tuple[str, Sequence[Line]]], options: str) -> str:
    """The whole page. ``options``: how the run differs from a plain `make bench`; empty where it does not."""
    verdicts: Counter[Verdict] = Counter(line.verdict for _, lines in parts for line in lines)
    told = [f"{verdicts[verdict]} {verdict}" for verdict in Verdict if verdict]
    text = [HEAD, f"{datetime.now(UTC):%Y-%m-%d}, on: {about}."]
    if options:
        text.append(f"Not a plain run: `{options}`.")
    text.append(f"Bars: {', '.join(told)}.\n")
    for part, lines in parts:
        text += [f"## {part}\n", "```", *(line.line().rstrip() for line in lines), "```\n"]
    return "\n".join(text)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _fsync_ms(folder: Path) -> float:
    with tempfile.TemporaryFile(dir=folder) as file:
        started = time.perf_counter()
        for _ in range(_FSYNCS):
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
        return 1000 * (time.perf_counter() - started) / _FSYNCS
