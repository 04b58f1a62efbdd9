"""``python -m baton.sandbox.drill [--json] [--directory DIR]``: 0 when nothing was repeated and nothing forgotten."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from baton.sandbox.demo.hub_cli import Terminal
from baton.sandbox.demo.narrator import DemoFailedError, Narrator
from baton.sandbox.demo.workplace import REPOSITORY, Workplace, sole_use
from baton.sandbox.drill.play import Drill
from baton.sandbox.drill.surroundings import around


def main() -> int:
    """Perform the drill and print how long it took."""
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    parser.add_argument("--directory", type=Path, default=REPOSITORY / ".demo", help="where to work")
    chosen = parser.parse_args()
    place, narrator = Workplace(chosen.directory.resolve() / "drill"), Narrator()
    say = narrator.say if not chosen.json else _silent
    try:
        with sole_use(place.root):
            place.make()
            with around(place) as world, Terminal(place) as terminal:
                drill = Drill(world, terminal.baton, say)
                drill.perform()
    except DemoFailedError as error:
        sys.stderr.write(f"{error.log}\nthe drill failed: {error}\n")
        return 1
    _report(drill, narrator.elapsed_s, as_json=chosen.json)
    return 1 if drill.wrong else 0


def _silent(_: str) -> None:
    """Machines get one document."""


def _report(drill: Drill, elapsed_s: float, *, as_json: bool) -> None:
    if as_json:
        outcome = {"ok": not drill.wrong, "wrong": drill.wrong, "seconds": drill.seconds, **drill.figures}
        sys.stdout.write(json.dumps({**outcome, "total_s": round(elapsed_s, 1)}, ensure_ascii=False) + "\n")
        return
    for title, seconds in drill.seconds.items():
        sys.stdout.write(f"  {seconds:6.1f} s  {title}\n")
    back = sum(drill.seconds.get(step, 0.0) for step in ("restore", "read back"))
    figures = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in drill.figures.items())
    sys.stdout.write(f"drill {'failed' if drill.wrong else 'ok'}: back in {back:.1f} s; {figures}\n")


if __name__ == "__main__":
    sys.exit(main())
