"""An application that describes itself, and what a campaign has to know of it beside that."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from hypothesis.strategies import SearchStrategy

Call = Mapping[str, Any]
"""Part of one request: ``path`` (its parameters), ``headers``, ``params``; ``data``, ``json`` or ``files``."""


def lines(documents: Sequence[Any]) -> bytes:
    """One JSON document a line."""
    return b"\n".join(json.dumps(each).encode() for each in documents)


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
    calls: Mapping[str, SearchStrategy[Call]] = field(default_factory=dict)
    """Method and path -> what half of the requests are that no description can tell of."""
