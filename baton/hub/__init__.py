"""The hub put together: settings, stores, connectors and engine as one object that commands, tasks and pages use."""

from baton.hub.core import Hub

__all__ = ["Hub"]
