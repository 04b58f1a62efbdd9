"""Every manipulation against the hub's verifier and against the auditor's own (``tools``); both must find each."""

from __future__ import annotations

import importlib.util
import io
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from baton.audit.verify import Verdict, verify_export
from tests.audit.manipulations import ATTACKS, SIGNER, Forged, History

SCRIPT = Path(__file__).parents[2] / "tools" / "audit_verify.py"


def _loaded(script: Path) -> ModuleType:
    """A script that is no part of any package, as a module."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


independent = _loaded(SCRIPT)


@dataclass
class Figures:
    """What a campaign came to."""

    entries: int = 0
    tried: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    """``verifier: attack, seed``, for each that was not found."""
    seconds: float = 0.0


def campaign(logs: int, entries: int, manipulations: int, seed: int) -> Figures:
    """So many logs of so many entries each, and so many manipulations over all of them."""
    began, figures = time.perf_counter(), Figures()
    names = list(ATTACKS)
    for number in range(logs):
        history = History(entries)
        figures.entries += entries
        if not _ours(history.export, history.notes) or not _theirs(history.export, history.notes):
            figures.missed.append(f"an honest log of {entries} entries was not proven")
        for place in range(number, manipulations, logs):
            name = names[place % len(names)]
            _try(history, name, f"{seed}/{place}", figures)
    figures.seconds = time.perf_counter() - began
    return figures


def _try(history: History, name: str, seed: str, figures: Figures) -> None:
    forged: Forged = history.attacked(name, random.Random(seed))
    if forged == (history.export, history.notes):
        raise AssertionError(f"{name}, {seed}: nothing was manipulated")
    figures.tried[name] += 1
    for who, accepts in (("ours", _ours), ("independent", _theirs)):
        if accepts(*forged):
            figures.missed.append(f"{who}: {name}, {seed}")


def _ours(export: bytes, notes: list[bytes]) -> bool:
    return verify_export(io.BytesIO(export), SIGNER.verifier, notes).verdict is Verdict.PROVEN


def _theirs(export: bytes, notes: list[bytes]) -> bool:
    try:
        independent.examine(export, str(SIGNER.verifier), notes)
    except independent.NotProvenError:
        return False
    return True
