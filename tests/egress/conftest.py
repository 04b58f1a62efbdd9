"""The throw-away certificate authority of the client's own tests."""

from __future__ import annotations

from tests.client.conftest import authority

__all__ = ["authority"]
