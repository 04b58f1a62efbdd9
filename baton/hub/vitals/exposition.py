"""The figures in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from baton.model.measures import MEASURES, Sample, exported_label

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def exposition(samples: Iterable[Sample]) -> str:
    """All samples, those of one metric together under its help and type. Every one is a gauge: read, not counted."""
    by_measure: dict[str, list[Sample]] = {}
    for sample in samples:
        by_measure.setdefault(sample.measure, []).append(sample)
    lines: list[str] = []
    for name, measure in MEASURES.items():
        found = by_measure.get(name)
        if found:
            lines += [f"# HELP {measure.exported} {measure.about}", f"# TYPE {measure.exported} gauge"]
            lines += [f"{measure.exported}{_labels(sample)} {sample.value:.15g}" for sample in found]
    return "\n".join([*lines, ""])


def _labels(sample: Sample) -> str:
    pairs = ",".join(f'{exported_label(name)}="{value.translate(_ESCAPED)}"' for name, value in sample.labels.items())
    return f"{{{pairs}}}" if pairs else ""
