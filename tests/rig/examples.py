"""How many examples hypothesis tries: a few in the suite, many times as many where ``BATON_EXAMPLES`` says so."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

MANY: Final = int(os.environ.get("BATON_EXAMPLES", "1"))
"""By what the counts of the suite are multiplied (``make proof``: 20)."""


def few(examples: int, steps: int = 50) -> settings:
    """So many examples in the suite, of so many steps where a machine is tried; none is hurried."""
    return settings(
        max_examples=examples * MANY,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
