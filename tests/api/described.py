"""An application that describes itself, and what a campaign has to know of it beside that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from hypothesis.strategies import SearchStrategy


def _all(_path: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Described:
    """One application to try: who asks it, and what there really is."""

    app: FastAPI
    headers: Mapping[str, str]
    real: Mapping[str, Sequence[str]]
    """Path parameters that lead somewhere, each with one or more values; half of the requests use them."""
    below: Callable[[str], bool] = _all
    """Which of its paths are tried."""
    calls: Mapping[str, SearchStrategy[Mapping[str, Any]]] = field(default_factory=dict)
    """Path -> what half of the requests carry that no description can say: ``headers``, ``params``, ``data``."""
