"""Damage of twelve kinds at source, transform and target: found, placed, named. See `python -m tests.migration`."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from baton.hub.migration.verifying import Proof
from baton.jobs.migration.proof import DIFFERENCE_SCHEMA
from baton.jobs.migration.surplus import Surplus
from baton.records import compare
from tests.migration.damage import KINDS
from tests.migration.faults import campaign, undamaged


def test_every_fault_is_found_at_its_stage_and_field_with_its_cause_and_nothing_else(scratch: Path) -> None:
    figures = campaign(scratch, rows=3000, count=144, seed=20261122)
    assert (figures.found, figures.missed, figures.false_alarms) == (144, [], [])
    assert {kind: figures.planted[kind] for kind in KINDS} == dict.fromkeys(KINDS, 12)
    assert {stage: figures.planted[stage.value] for stage in Proof} == dict.fromkeys(Proof, 48)


def test_without_damage_there_is_nothing_to_find(scratch: Path) -> None:
    looked = undamaged(scratch, 3000)
    assert looked.alike
    assert dict(looked.compared) == dict.fromkeys(Proof, 3000)


def test_a_proof_that_is_blind_to_surplus_records_does_not_pass(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Surplus, "find", lambda *_: pl.DataFrame(schema=DIFFERENCE_SCHEMA))
    figures = campaign(scratch, rows=500, count=36, seed=1)
    assert {(fault.stage, fault.kind) for fault in figures.missed} == {(Proof.RESULT, "extra")}


def test_a_proof_that_names_a_wrong_cause_does_not_pass(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "_swapped", lambda *_: None)
    figures = campaign(scratch, rows=500, count=36, seed=1)
    assert {fault.kind for fault in figures.missed} == {"swapped columns"}
    assert len(figures.false_alarms) == 6
