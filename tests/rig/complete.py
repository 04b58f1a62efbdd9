"""``python -m tests.rig.complete [--without-them]``: whether all that the long campaigns need is here, asked before they begin.

Each of them says aloud what it could not try and goes on; hours later nobody would call that a proof.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.rig.campaigns import say
from tests.rig.disks import small_disk
from tests.servers.postgres import postgres
from tests.servers.unprivileged import NoServerError

_SMALL_KB = 1024


def main() -> int:
    """0 when nothing is missing, or when it is said to go on without; 1 otherwise, with what is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.rig.complete", description=__doc__)
    parser.add_argument("--without-them", action="store_true", help="go on without what is missing")
    given = parser.parse_args()
    found = list(missing())
    for what in found:
        say(f"missing: {what}")
    if found and not given.without_them:
        say("make proof ARGS=--without-them goes on all the same; what it leaves out is then not proved")
        return 1
    say("going on without" if found else "all that the campaigns need is here")
    return 0


def missing() -> Iterator[str]:
    """What is not here, each with what will not be tried for it."""
    try:
        with postgres():
            pass
    except NoServerError as error:
        yield f"PostgreSQL ({error}): nothing is killed, stopped or raced on it"
    if importlib.util.find_spec("atheris") is None:
        yield "atheris, which is not built for this Python: no parser is fuzzed"
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder), _SMALL_KB) as mounted:
        if not mounted:
            yield "leave to mount a small file system (root): no disk fills"


if __name__ == "__main__":
    raise SystemExit(main())
