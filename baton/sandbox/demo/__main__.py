"""``python -m baton.sandbox.demo``: the story (default), ``--keep`` to leave it running, ``--stop`` to end that."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from types import FrameType

import click

from baton.sandbox.demo import keeping
from baton.sandbox.demo.canaries import Marks, marks_of_clients
from baton.sandbox.demo.evidence import final_tables, prove_audit, search_canaries
from baton.sandbox.demo.handover import Handover
from baton.sandbox.demo.hub_cli import Terminal
from baton.sandbox.demo.migration import Migration
from baton.sandbox.demo.narrator import DemoFailedError, Narrator
from baton.sandbox.demo.payday import PayDay
from baton.sandbox.demo.play import Play
from baton.sandbox.demo.scheduler import STORY_SETTINGS
from baton.sandbox.demo.surroundings import Surroundings
from baton.sandbox.demo.workplace import REPOSITORY, SHOWN, Workplace, sole_use
from baton.sandbox.tryton import TrytonServerError


def main() -> int:
    """Run the demo; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m baton.sandbox.demo", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--keep", action="store_true", help="load the company, then leave everything running")
    mode.add_argument("--stop", action="store_true", help="end what --keep left running")
    mode.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=Path, default=REPOSITORY / ".demo", help="where to work")
    chosen = parser.parse_args()
    kept = Workplace(chosen.directory.resolve() / "up")
    if chosen.keep:
        return keeping.keep(kept)
    if chosen.stop:
        return keeping.stop(kept)
    if chosen.serve:
        return _perform(kept, lambda around, narrator: keeping.serve(kept, around, narrator), {})
    return _perform(Workplace(chosen.directory.resolve() / "story"), _whole_story, STORY_SETTINGS)


def _perform(place: Workplace, work: Callable[[Surroundings, Narrator], int], airflow: Mapping[str, str]) -> int:
    """Everything up, the work, everything down, whatever happens in between."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    narrator = Narrator()
    try:
        with sole_use(place.root):
            place.make()
            around = Surroundings(place, narrator, airflow)
            try:
                with narrator.phase("starting the sandbox, Tryton, the bank and Airflow"):
                    around.start()
                    place.describe_systems(around.connections())
                return work(around, narrator)
            finally:
                around.stop()
    except (DemoFailedError, TrytonServerError) as error:
        _explain(error, narrator)
        return 1
    except KeyboardInterrupt:
        narrator.say("interrupted; everything has been stopped")
        return 130


def _whole_story(around: Surroundings, narrator: Narrator) -> int:
    play = Play(around, narrator)
    with narrator.phase("the company begins"):
        play.opening()
    with narrator.phase("the story"):
        play.story_unfolds()
    with narrator.phase("the old client list"), Terminal(around.place) as terminal:
        migration = Migration(around.place, around.tryton, narrator, terminal.baton)
        migration.perform()
    play.failures += migration.failures
    play.figures |= migration.figures
    with narrator.phase("a salesperson hands over"), Terminal(around.place, log=SHOWN) as terminal:
        handover = Handover(play, terminal.baton)
        handover.perform()
    with narrator.phase("pay day"), Terminal(around.place, log=SHOWN) as terminal:
        payday = PayDay(play, terminal.baton)
        payday.perform()
    with narrator.phase("the evidence"), ThreadPoolExecutor(1) as aside:
        audited = aside.submit(prove_audit, play)
        final_tables(play)
        for block in chain(migration.tables(), handover.tables(), payday.tables()):
            narrator.show(block)
        audited.result()
        others = [marks_of_clients(migration.clients.values()), Marks(handover.names()), payday.marks()]
        search_canaries(play, others)
    for failure in play.failures:
        narrator.say(f"WRONG: {failure}")
    verdict = "failed" if play.failures else "ok"
    with narrator.phase("stopping everything"):
        around.stop()
    narrator.say(f"demo {verdict}; what it did is in {around.place.root}")
    outcome = {
        "demo": verdict,
        "seconds": round(narrator.elapsed_s, 1),
        "phases": narrator.phases,
        "dag_runs": len(play.runs),
        **play.figures,
        "failures": len(play.failures),
    }
    click.echo(json.dumps(outcome, ensure_ascii=False))
    return 1 if play.failures else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    if threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt


def _explain(error: Exception, narrator: Narrator) -> None:
    if log := getattr(error, "log", ""):
        narrator.show(log)
    narrator.say(f"the demo failed: {error}")
    if remedy := getattr(error, "remedy", ""):
        narrator.say(f"what to do: {remedy}")


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a start that is still under way in some thread must not keep us: what it would start is gone
