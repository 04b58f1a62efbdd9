"""Lying targets, changing sources, full disks, lost files, rivals. At length: ``python -m tests.migration --only trouble``."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.hub.migration import performer
from tests.migration import losses, rivals, trouble
from tests.rig.records import OldSystem
from tests.simulation.invariants import BrokenInvariantError


def test_what_a_target_drops_or_trims_is_found_record_by_record(scratch: Path) -> None:
    assert trouble.lying(scratch, rows=5000, seed=20261122) == 100


@pytest.mark.parametrize("kind", [trouble.Changing, trouble.Widening])
def test_a_source_that_changes_while_it_is_read_gives_no_plan(scratch: Path, kind: type[OldSystem]) -> None:
    assert trouble.changing(scratch, 2000, kind) == 2000


def test_a_full_disk_leaves_nothing_half_written_and_the_run_goes_on_when_there_is_room(scratch: Path) -> None:
    assert trouble.full(scratch, rows=120, tries=5) >= 4


def test_a_real_file_system_that_is_too_small(scratch: Path) -> None:
    tried = trouble.really_full(scratch, rows=400, shares=(0.6,))
    if not tried:
        pytest.skip("NO SMALL DISK: mounting a tmpfs needs root; only injected failures were tried")
    assert tried == 1


def test_a_staged_file_that_the_writing_needs_can_be_put_back_after_any_number_of_attempts(scratch: Path) -> None:
    assert losses.before_writing(scratch, rows=200, seed=20261122) == 6


def test_a_second_look_at_files_that_are_not_as_they_were_raises(scratch: Path) -> None:
    assert losses.before_looking(scratch, rows=200, seed=20261122) == 6


def test_two_processes_at_one_run_write_each_record_once(scratch: Path) -> None:
    figures = rivals.campaign(scratch, pairs=2)
    assert figures.records == 2 * 260


def test_a_segment_that_counts_lost_files_as_crashes_is_found(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performer, "HaltError", lambda message, **_: ValueError(message))
    with pytest.raises(BrokenInvariantError):
        losses.before_writing(scratch, rows=200, seed=20261122)
