"""The verdict as a person would put it, and what there is to do next; worked out from the report's data alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

TONES: Final[Mapping[str, str]] = {
    "clean": "good",
    "undone": "good",
    "taken back": "neutral",
    "quarantined": "attention",
    "form": "attention",
    "refused": "attention",
    "open": "attention",
    "held": "attention",
    "undone partly": "attention",
    "different": "bad",
    "totals": "bad",
    "broken": "bad",
    "dry run": "neutral",
    "planned": "neutral",
    "undo planned": "neutral",
    "rejected": "neutral",
}
"""Every headline and how it is coloured."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands: the name of its headline, and the figures that its texts name."""

    name: str
    values: Mapping[str, Any]

    @property
    def tone(self) -> str:
        """``good``, ``attention``, ``bad`` or ``neutral``."""
        return TONES[self.name]


def standing(document: Mapping[str, Any]) -> Standing:
    """How the run of a report stands."""
    counts = Counter(document["counts"])
    names = ("compared", "alike", "different", "refused", "quarantined", "planned", "effects", "taken_back")
    values = {name: counts[name] for name in names}
    if not document["run"]["undoes"]:
        values["different"] += counts["extra"]  # what nobody planned has no record of the plan that could differ
    more = {"target": document["route"]["target"], "until": document["retain_until"][:10]}
    more |= {name: document["run"][name] for name in ("undoes", "undone_by")}
    return Standing(_headline(document, counts), {**values, **more})


def _headline(document: Mapping[str, Any], counts: Counter[str]) -> str:
    run = document["run"]
    if run["undone_by"]:
        return "taken back"
    if run["state"] == "rejected":
        return "rejected"
    if run["verdict"] in ("dry run", "held", "broken"):
        return str(run["verdict"])
    if run["undoes"]:
        return {"clean": "undone", "": "undo planned"}.get(run["verdict"], "undone partly")
    if not run["verdict"]:
        return "open" if counts["compared"] else "planned"
    return "clean" if run["verdict"] == "clean" else _flaw(document, counts)


def _flaw(document: Mapping[str, Any], counts: Counter[str]) -> str:
    """The gravest thing that keeps a migration from being clean."""
    if counts["open"] or counts["unproven"]:
        return "open"
    if _real(document) or counts["extra"]:
        return "different"
    if counts["refused"]:
        return "refused"
    if counts["different"]:
        return "form"
    if document["agreement"].get("result", {}).get("differing"):
        return "totals"
    return "quarantined" if counts["quarantined"] else "different"


def _real(document: Mapping[str, Any]) -> bool:
    return any(not cause["representation"] for cause in document["causes"].values())


def next_steps(document: Mapping[str, Any]) -> list[str]:
    """Names of the texts that say what to do, first things first."""
    now = standing(document).name
    steps = () if now == "taken back" else _steps(document, now)
    return list(steps) or ["next.done"]


def _steps_back(counts: Counter[str], name: str) -> Iterator[str]:
    """Of a rollback."""
    if name == "undone partly" and counts["open"]:
        yield "next.resume"
    elif name == "undone partly" and (counts["refused"] or not counts["different"]):
        yield "next.changed"
    if counts["different"]:
        yield "next.again"
    elif counts["taken_back"]:
        yield "next.earlier"


def _steps(document: Mapping[str, Any], name: str) -> Iterator[str]:
    counts = Counter(document["counts"])
    if name == "broken":
        yield "next.broken"
    if name in ("open", "planned", "undo planned"):
        yield "next.resume"
    if document["run"]["undoes"]:
        yield from _steps_back(counts, name)
        return
    if _real(document) or counts["extra"]:
        yield "next.differences"
    elif counts["different"]:
        yield "next.form"
    if counts["refused"]:
        yield "next.refusals"
    if counts["quarantined"]:
        yield "next.correct"
    if name == "held":
        yield "next.decide"
    last = {"clean": "next.keep", "dry run": "next.start", "planned": "", "broken": ""}.get(name, "next.undo")
    yield from [last] if last else []
