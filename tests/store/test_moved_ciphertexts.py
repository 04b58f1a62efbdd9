"""Whoever can write into the database moves sealed values about: ten thousand of ten thousand do not open."""

from __future__ import annotations

import itertools
from typing import Any

from baton.errors import TamperedError
from baton.hub.keys import SEALED
from baton.store.personal import Keyring

ROWS, VERSIONS = 4, 2
KEYS = Keyring.generate().rotate()


def places() -> list[dict[str, Any]]:
    """Every sealed column there is, each in several rows and versions."""
    return [
        {"table": each.table.name, "column": each.column, "row": f"row-{row}", "version": version}
        for each in SEALED
        for row in range(ROWS)
        for version in range(1, VERSIONS + 1)
    ]


def opens(sealed: bytes, place: dict[str, Any]) -> bool:
    try:
        KEYS.open(sealed, **place)
    except TamperedError:
        return False
    return True


def test_no_value_opens_anywhere_but_in_its_own_place() -> None:
    everywhere = places()
    sealed = [KEYS.seal(b"canary", **place) for place in everywhere]
    moved = list(itertools.islice(itertools.permutations(range(len(everywhere)), 2), 10_000))
    assert len(moved) == 10_000
    assert [pair for pair in moved if opens(sealed[pair[0]], everywhere[pair[1]])] == []
    assert all(opens(value, place) for value, place in zip(sealed, everywhere, strict=True))


def test_a_place_that_were_not_bound_would_be_noticed() -> None:
    """The comparison above can fail: under one and the same place everything opens."""
    place = places()[0]
    assert opens(KEYS.seal(b"canary", **place), dict(place))
    assert not opens(KEYS.seal(b"canary", **place), {**place, "version": 2})
