"""``python -m tests.fuzz [NAME …] [--seconds N] [--at-once N]``: the harnesses under atheris, each in its own process.

Exit code 0: nothing was found, or there is no atheris for this Python (said loudly, and counted); 1: something was.
What is found stands in ``.fuzz/<name>`` with the input that does it; ``--input FILE`` feeds one input again.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.harnesses import HARNESSES

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / ".fuzz"
ONE_INPUT_S = 10
MEMORY_MIB = 2048
LONGEST_BYTES = 64 * 1024
MOST_TOLD = 6_000
"""Characters of what a process said that has found something: the exception, where, and the input's file."""


def main() -> int:
    """All harnesses, or those named."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(HARNESSES)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each harness")
    parser.add_argument("--at-once", type=int, default=2, help="how many run beside each other")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--input", type=Path, help="feed this one input to the named harness, and nothing else")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(HARNESSES))
    if unknown:
        parser.error(f"no such harness: {', '.join(unknown)}")
    if asked.input is not None:
        HARNESSES[asked.names[0]].feed(asked.input.read_bytes())
        return 0
    if asked.inside:
        return _inside(asked.inside, asked.seconds)
    names = asked.names or list(HARNESSES)
    if importlib.util.find_spec("atheris") is None:
        python = f"Python {sys.version_info.major}.{sys.version_info.minor} on {sys.platform}"
        print(f"fuzz: NOT RUN: atheris is not built for {python}: {len(names)} harnesses did not run")
        return 0
    with ThreadPoolExecutor(asked.at_once) as pool:
        verdicts = list(pool.map(lambda name: _run(name, asked.seconds), names))
    print(f"fuzz: {sum(verdicts)} of {len(names)} harnesses found nothing")
    return 0 if all(verdicts) else 1


def _run(name: str, seconds: int) -> bool:
    """One harness in a process of its own; True when it found nothing."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.fuzz", "--inside", name, "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    said = done.stdout + done.stderr
    counted = re.search(r"Done (\d+) runs", said)
    inputs = int(counted.group(1)) if counted else 0
    # libFuzzer ends well also when it was kept from trying anything.
    good = done.returncode == 0 and inputs > 0
    print(f"{'ok' if good else 'FOUND':<7}{name}: {inputs} inputs ({time.monotonic() - began:.0f} s)", flush=True)
    if not good:
        print(said[max(said.find(" === Uncaught Python exception"), 0) :][:MOST_TOLD], flush=True)
    return good


def _inside(name: str, seconds: int) -> int:
    """The fuzzing itself; atheris ends the process."""
    import atheris

    from tests.fuzz.instrumented import instrument

    harness = HARNESSES[name]
    instrument(name)
    FOUND.mkdir(exist_ok=True)
    artifacts = FOUND / name
    artifacts.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(harness.seeds()):
            (Path(corpus) / f"seed-{number}").write_bytes(seed)
        options = [
            f"-max_total_time={seconds}",
            f"-timeout={ONE_INPUT_S}",
            f"-rss_limit_mb={MEMORY_MIB}",
            f"-max_len={LONGEST_BYTES}",
            f"-artifact_prefix={artifacts}/",
            "-print_final_stats=1",
        ]
        atheris.Setup([name, *options, corpus], harness.feed, enable_python_coverage=True)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
