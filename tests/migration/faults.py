"""Planted faults against the second look: what was found, what was missed, and what was found that nobody planted.

A cause is told from two values alone. Where they show two things at once, the milder one is named: a last digit cut
from ``12.50`` is a scale, a blank cut from the end is padding. The damage here is made so that its cause can be told.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

from baton.engine.settle import Verdict
from baton.hub.migration import planning
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.running import carry_on
from baton.hub.migration.verifying import Proof, Verified, verify
from baton.jobs.migration.transform import Transformed
from tests.migration.damage import Fault, faults
from tests.migration.planting import Finding, in_records, in_source, in_target
from tests.migration.warehouse import FIRST_ROW, warehouse
from tests.simulation.invariants import BrokenInvariantError


@dataclass
class Figures:
    """What a campaign came to."""

    rows: int
    planted: Counter[str] = field(default_factory=Counter)
    """Kind -> how many; stages under their own names."""
    found: int = 0
    missed: list[Fault] = field(default_factory=list)
    """Not found at all, or not with exactly the right stage, fields and cause."""
    false_alarms: list[Finding] = field(default_factory=list)
    seconds: float = 0.0


def campaign(folder: Path, rows: int, count: int, seed: int) -> Figures:
    """Migrate so many rows, with so many faults planted at source, transform and target; then look again."""
    began = time.perf_counter()
    chance = random.Random(seed)
    figures = Figures(rows)
    chosen = faults(count, rows, chance)
    at = {stage: [fault for fault in chosen if fault.stage is stage] for stage in Proof}
    site = warehouse(folder, rows)
    expected: dict[Fault, frozenset[Finding]] = {}
    with site.open() as hub:
        with _damaging_the_plan(at[Proof.TRANSFORM], rows, expected):
            plan = plan_migration(hub, site.request())
        done = carry_on(hub, plan.run.id)
        if done.verdict is not Verdict.CLEAN:
            raise BrokenInvariantError(f"the target holds what was planned, and the verdict is: {done.reasons}")
        source, target = in_source(site.rows, at[Proof.SOURCE]), in_target(site.shelf.rows, at[Proof.RESULT])
        expected |= {**source.expected, **target.expected}
        site.rows, site.shelf.rows = source.rows, target.rows
        _judge(figures, expected, verify(hub, plan.run.id))
    figures.seconds = time.perf_counter() - began
    return figures


@contextmanager
def _damaging_the_plan(chosen: list[Fault], rows: int, expected: dict[Fault, frozenset[Finding]]) -> Iterator[None]:
    """While it lasts, records are damaged between the mapping and the plan, unseen by the planning itself."""
    honest = planning.transform

    def damaging(*given: object) -> Transformed:
        done = honest(*given)
        planted = in_records(done.records, chosen, FIRST_ROW + rows)
        expected.update(planted.expected)
        return replace(done, records=planted.rows)

    # Rows that get lost or doubled are refused while planning; what is to be found here comes about behind that check.
    unseeing = patch.object(planning._Planning, "_used", lambda _self, source, *_: source)
    with patch.object(planning, "transform", damaging), unseeing:
        yield


def _judge(figures: Figures, expected: dict[Fault, frozenset[Finding]], looked: Verified) -> None:
    found = Counter(
        (stage, row, column or (name if row < 0 else ""), cause)
        for stage, frame in looked.differences.items()
        for row, column, cause, name in frame.select("row", "column", "cause", "found").rows()
    )
    for fault, findings in expected.items():
        figures.planted.update([fault.kind, fault.stage.value])
        if all(found[finding] == 1 for finding in findings):
            figures.found += 1
        else:
            figures.missed.append(fault)
    wanted = Counter(finding for findings in expected.values() for finding in findings)
    figures.false_alarms = list((found - wanted).elements())


def undamaged(folder: Path, rows: int) -> Verified:
    """The control: the same way without any fault."""
    site = warehouse(folder, rows)
    with site.open() as hub:
        plan = plan_migration(hub, site.request())
        carry_on(hub, plan.run.id)
        return verify(hub, plan.run.id)
