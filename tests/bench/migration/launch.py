"""Runs a command and writes down what the operating system says it took: ``launch.py REPORT COMMAND …``.

A program of its own with nothing loaded: the peak memory that Linux tells of a child is never less than what the parent
had at that moment.
"""

import json
import os
import sys
import time


def main() -> int:
    report, *command = sys.argv[1:]
    started = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    _, status, used = os.wait4(process, 0)
    wall_s = time.perf_counter() - started
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    figures = {"wall_s": wall_s, "cpu_s": used.ru_utime + used.ru_stime, "peak_bytes": peak}
    with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be loaded for nothing
        json.dump(figures, file)
    return os.waitstatus_to_exitcode(status)


sys.exit(main())
