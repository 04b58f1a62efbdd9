"""PostgreSQL killed under load, and a disk that is full. At length: ``python -m tests.crash --only database --only disk``."""

from __future__ import annotations

import pytest

from tests.crash import database, disk
from tests.servers.unprivileged import NoServerError


@pytest.mark.server
def test_killed_postgresql_loses_nothing_it_has_acknowledged() -> None:
    try:
        figures = database.campaign(seconds=1.0, every_s=0.6)
    except NoServerError as error:
        pytest.skip(f"SERVER NOT AVAILABLE: PostgreSQL: {error}")
    assert figures.kills >= 1
    assert figures.acknowledged > 0
    assert figures.effects > 0


@pytest.mark.parametrize(("fill", "sizes_kb"), [(disk.database, (64,)), (disk.payments, (4,))])
def test_what_finds_no_room_is_not_done_and_goes_on_when_there_is_some(fill, sizes_kb) -> None:  # type: ignore[no-untyped-def]
    figures = fill(sizes_kb)
    if not figures.sizes:
        pytest.skip("SERVER NOT AVAILABLE: a small file system: mounting one needs root")
    assert figures.ended == {"no room": 1}
