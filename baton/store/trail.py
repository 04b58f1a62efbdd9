"""The hub's audit log, bound to its tables: an action and its entry commit or roll back together."""

from __future__ import annotations

from baton.audit.log import AuditLog, Entry
from baton.store.tables import audit

log = AuditLog(audit)
append = log.append

__all__ = ["Entry", "append", "log"]
