"""The two tables of the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, MetaData, String, Table, Text


@dataclass(frozen=True, slots=True)
class AuditTables:
    """``entries`` holds the log, ``head`` (one row) its size and frontier."""

    entries: Table
    head: Table


def define(metadata: MetaData) -> AuditTables:
    """Add the tables to ``metadata``, so that the store's migrations cover them. Once per MetaData."""
    entries = Table(
        "audit_entries",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="0, 1, 2 … without a gap"),
        Column("at", String(27), nullable=False, comment="UTC, as text: the very characters that are hashed"),
        Column("kind", String(64), nullable=False, index=True),
        Column("body", Text, nullable=False, comment="canonical JSON; ids and commitments only"),
        Column("leaf", LargeBinary(32), nullable=False),
    )
    head = Table(
        "audit_head",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("size", BigInteger, nullable=False),
        Column("frontier", LargeBinary, nullable=False),
        CheckConstraint("id = 1", name="single_row"),
    )
    return AuditTables(entries, head)
