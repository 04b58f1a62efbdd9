"""The tables of pay runs: what is to be paid, in which files, and what the bank has said about it."""

from __future__ import annotations

import sqlalchemy as sa

from baton.store.schema import BigId, Instant, metadata, sealed_column

pay_runs = sa.Table(
    "pay_runs",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("component", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("execution_day", sa.Date, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("report_digest", sa.Text, nullable=False),
    sa.Column("people_digest", sa.Text, nullable=False),
    sa.Column("asked", sa.Text, index=True, unique=True),  # digest of what asked for it: asked again, it is that run
    sa.Column("version", sa.Integer, nullable=False),
    sealed_column(),
)
pay_lines = sa.Table(
    "pay_lines",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("pay_runs.run_id"), nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("claim", sa.Text, unique=True),  # the reference while the line claims its payable; empty afterwards
    sa.Column("reference", sa.Text, nullable=False, index=True),
    sa.Column("number", sa.Text, nullable=False, index=True),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("component", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sealed_column(),
    sa.UniqueConstraint("run_id", "line"),
)
sa.Index("ix_pay_lines_message", pay_lines.c.message_id, pay_lines.c.state)
pay_files = sa.Table(
    "pay_files",
    metadata,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("pay_runs.run_id"), nullable=False, index=True),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("plain_digest", sa.Text, nullable=False),
    sa.Column("sealed_digest", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("effect_key", sa.Text, nullable=False),
    sa.Column("people_digest", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sealed_column(),
)
pay_waivers = sa.Table(
    "pay_waivers",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("pay_runs.run_id"), nullable=False, index=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("finding", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("until", Instant, nullable=False),
    sa.Column("at", Instant, nullable=False),
)
pay_signatures = sa.Table(
    "pay_signatures",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("pay_runs.run_id"), nullable=False, index=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("people", sa.Text, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
)
bank_files = sa.Table(
    "bank_files",
    metadata,
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("taken_at", Instant, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
)
bank_events = sa.Table(
    "bank_events",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("system", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False, index=True),
    sa.Column("reference", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sealed_column(),
    sa.ForeignKeyConstraint(["system", "name"], ["bank_files.system", "bank_files.name"]),
    sa.UniqueConstraint("system", "name", "position"),
)
recovery_cases = sa.Table(
    "recovery_cases",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, nullable=False, index=True),
    sa.Column("reference", sa.Text, nullable=False, unique=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sealed_column(),
)
recovery_claims = sa.Table(
    "recovery_claims",
    metadata,
    sa.Column("case_id", sa.Text, sa.ForeignKey("recovery_cases.id"), primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True, index=True),
)
recovery_entries = sa.Table(
    "recovery_entries",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Text, sa.ForeignKey("recovery_cases.id"), nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("money", sa.Text, unique=True),  # the evidence where it is of money: the same never counts twice
    sa.Column("version", sa.Integer, nullable=False),
    sealed_column(),
    sa.UniqueConstraint("case_id", "place"),
)
settlements = sa.Table(
    "settlements",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, nullable=False, index=True),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("pack_version", sa.Text, nullable=False),
    sa.Column("pack_digest", sa.Text, nullable=False),
    sa.Column("prepared_by", sa.Text, nullable=False),
    sa.Column("prepared_at", Instant, nullable=False),
    sa.Column("reviewed_by", sa.Text, nullable=False),
    sa.Column("reviewed_as", sa.Text, nullable=False),
    sa.Column("reviewed_at", Instant),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sealed_column(),
)
