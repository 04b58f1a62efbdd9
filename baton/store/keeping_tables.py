"""The tables of keeping and forgetting: restores of this store, and people who were erased from it."""

from __future__ import annotations

import sqlalchemy as sa

from baton.store.schema import BigId, Instant, metadata

restores = sa.Table(
    "restores",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("backup", sa.Text, nullable=False),  # SHA-256 of the backup's manifest; empty where there was none
    sa.Column("entries", sa.BigInteger, nullable=False),  # audit entries the restored store had
    sa.Column("version_floor", sa.Integer, nullable=False),
)
erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("number", sa.Text, nullable=False, index=True),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("erased_at", Instant),
    sa.Column("kept", sa.JSON, nullable=False),  # what law has us keep for now: [{"what": …, "until": "2036-11-26"}]
)
