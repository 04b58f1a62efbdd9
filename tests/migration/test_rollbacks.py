"""Taking batches back while others edit. The long campaign: ``python -m tests.migration --only rollback``."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.jobs.migration import exchange
from tests.migration.rollbacks import campaign
from tests.simulation.invariants import BrokenInvariantError


def test_ours_goes_back_exactly_and_theirs_stays_and_is_listed(scratch: Path) -> None:
    figures = campaign(scratch, batches=9, seed=20261122)
    assert figures.edited >= figures.listed > 10
    assert figures.entered > figures.settled > 0
    assert figures.half_done > 0
    assert figures.interruptions.total() > 10


def test_a_rollback_that_takes_everything_for_ours_is_found(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = exchange._judged
    monkeypatch.setattr(
        exchange,
        "_judged",
        lambda **given: judged(**{**given, "is_after": given["is_after"] or not given["is_before"]}),
    )
    with pytest.raises(BrokenInvariantError, match="listed") as failure:
        campaign(scratch, batches=1, seed=1)
    assert "--only rollback --seed 1" in failure.value.__notes__[0]
