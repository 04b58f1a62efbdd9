"""Why a whole file cannot be read, before it becomes a refused feed."""

from __future__ import annotations

from baton.errors import FeedRefusedError, GuardBreach


class FileError(Exception):
    """The file as a whole is unusable: rule (stable), message (with the place), remedy. Never carries cell content."""

    def __init__(self, rule: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.remedy = remedy or "have the export made again and drop the new file"


def refused(fault: FileError, digest: str) -> FeedRefusedError:
    """The same as a refused feed; the rule becomes the guard."""
    error = FeedRefusedError([GuardBreach(fault.rule, fault.message)], feed_digest=digest)
    error.remedy = fault.remedy
    return error
