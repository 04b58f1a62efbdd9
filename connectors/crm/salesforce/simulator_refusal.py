"""What the simulated org will not take."""

from __future__ import annotations

from typing import Any


class RefusalError(Exception):
    """One row, or one call, the org will not take."""

    def __init__(self, code: str, message: str, *fields: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.fields = list(fields)

    def row(self) -> dict[str, Any]:
        """As an item of a collections result."""
        return {"statusCode": self.code, "message": str(self), "fields": self.fields}
