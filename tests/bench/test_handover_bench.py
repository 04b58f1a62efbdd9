"""The handover bench itself, small: against a real counterpart, with a bare loop that makes the very same calls."""

from __future__ import annotations

from pathlib import Path

from tests.bench.figures import Figure, Verdict
from tests.bench.migration.bars import AtMost
from tests.bench.much import in_vendor
from tests.bench.vendors import Bare, SalesforceOrg

OWNED = 60


def test_everything_is_passed_on_in_the_org_and_the_bare_loop_makes_the_same_calls(tmp_path: Path) -> None:
    org = SalesforceOrg(OWNED, latency_s=0.0)
    reading, passing_on, proving, wall, rest = in_vendor(tmp_path / "org", org, OWNED).lines()
    assert (reading.verdict, proving.verdict) == (Verdict.MET, Verdict.MET)
    assert isinstance(passing_on, AtMost)
    assert isinstance(wall, AtMost)
    assert isinstance(rest, Figure)
    # A look at three kinds is six queries, so two calls, before one collection; the fewest for so few records are two.
    assert passing_on.value == 1.5
    # The same, and one description of the objects that teams are in.
    assert "a bare loop of the same 4 calls, 5 at once" in wall.note
    assert wall.value > 0.5, "the hub cannot be that much faster than the bare loop"


def test_at_best_is_calls_times_latency_over_what_may_be_under_way() -> None:
    assert Bare(calls=100, mean_s=0.5, wall_s=11.0).at_best_s(5) == 10.0
