"""A segment stays claimed while it is worked on, also over a moment in which the database does not answer."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from baton.errors import LeaseLostError
from baton.hub.migration.keeping import kept
from tests.rig.records import Archive


class Claims:
    """Renews as it is told: each saying is an error to raise, or None."""

    def __init__(self, *sayings: Exception | None) -> None:
        self.sayings = list(sayings)
        self.renewed = threading.Event()

    def renew(self, *_: Any) -> None:
        saying = self.sayings.pop(0) if self.sayings else None
        if saying is not None:
            raise saying
        self.renewed.set()


def away() -> Exception:
    return sa.exc.OperationalError("UPDATE", {}, Exception("the server is restarting"))


def working(archive: Archive, claims: Claims) -> Any:
    with archive.open() as hub:
        clock = SimpleNamespace(monotonic=time.monotonic)
        return SimpleNamespace(clock=clock, database=hub.database, leases=claims)


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_database_that_was_away_for_a_moment_is_asked_again(small: Archive) -> None:
    claims = Claims(away())
    with kept(working(small, claims), SimpleNamespace(id=1, number="segment"), 3.0) as still_ours:  # type: ignore[arg-type]
        assert claims.renewed.wait(10), "nobody renews the claim any more"
        still_ours()


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_stays_away_ends_the_work_when_the_claim_has_run_out(small: Archive) -> None:
    claims = Claims(*[away() for _ in range(100)])
    with kept(working(small, claims), SimpleNamespace(id=1, number="segment"), 0.6) as still_ours:  # type: ignore[arg-type]
        time.sleep(0.9)
        with pytest.raises(LeaseLostError, match="has run out"):
            still_ours()
