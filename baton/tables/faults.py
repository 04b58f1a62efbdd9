"""Why a whole file cannot be read, before it becomes a refused feed."""

from __future__ import annotations


class FileError(Exception):
    """The file as a whole is unusable: rule (stable), message (with the place), remedy. Never carries cell content."""

    def __init__(self, rule: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.remedy = remedy or "have the export made again and drop the new file"
