"""Telling where something unforeseen happened without repeating what it happened to."""

from __future__ import annotations

import traceback
from pathlib import Path


def whereabouts(error: BaseException) -> str:
    """The frames of an error, as files, lines and source text: never its message, which may hold personal data."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


def place(error: BaseException) -> str:
    """The type of an error and where it was raised: ``ValueError at reading.py:12``."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{at}"
