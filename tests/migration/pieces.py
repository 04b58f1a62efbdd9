"""Small pages and segments, so that few records pass every step of the way many times."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest.mock import patch

from baton.hub.migration import extraction, segments


@contextlib.contextmanager
def small_pieces(page_rows: int, segment_rows: int) -> Iterator[None]:
    """While it lasts, plans are cut this finely (a target's batch must not be larger than a segment)."""
    with (
        patch.object(extraction, "PAGE_ROWS", page_rows),
        patch.object(segments, "SMALLEST_SEGMENT", segment_rows),
    ):
        yield
